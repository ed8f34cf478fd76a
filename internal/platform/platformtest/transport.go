package platformtest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// RoundTrip answers a request without a connection, but otherwise as one would: the body comes while it is written, a
// handler that aborts cuts it, and whoever gives the request up sees nothing more of it.
func (f *Fake) RoundTrip(r *http.Request) (*http.Response, error) {
	body, write := io.Pipe()
	w := &writer{header: http.Header{}, body: write, begun: make(chan struct{})}
	failed := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				if p != http.ErrAbortHandler { //nolint:errorlint // panics with this very value
					panic(p)
				}
				failed <- errors.New("connection reset by peer")
				_ = write.CloseWithError(io.ErrUnexpectedEOF)
				return
			}
			w.WriteHeader(http.StatusOK)
			_ = write.Close()
		}()
		f.ServeHTTP(w, r)
	}()
	select {
	case <-w.begun:
	case err := <-failed:
		return nil, err
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	context.AfterFunc(r.Context(), func() { _ = body.CloseWithError(r.Context().Err()) })
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: body, ContentLength: -1, Request: r,
	}, nil
}

// writer is the answering side of a RoundTrip.
type writer struct {
	header http.Header
	body   *io.PipeWriter
	once   sync.Once
	begun  chan struct{}
	status int
}

func (w *writer) Header() http.Header { return w.header }
func (w *writer) Flush()              {}

func (w *writer) WriteHeader(status int) {
	w.once.Do(func() {
		w.status = status
		close(w.begun)
	})
}

func (w *writer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}
