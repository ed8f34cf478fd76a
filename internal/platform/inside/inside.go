// Package inside is the way to a server in the same process: an http.RoundTripper that calls its handler. Nothing
// listens, and no byte leaves the process. Answers stream: the handler goes on when what it wrote was read.
//
// Who asks over a network is told of a failure what outsiders may know. In the process it gets the failure itself: a
// handler that knows of it hands it to Fail of its http.ResponseWriter, and it comes out as a Failure.
package inside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// Failure is why a handler has no answer, or only a part of one.
type Failure struct{ Err error }

// Error is the failure as the handler knew it.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap gives it.
func (f *Failure) Unwrap() error { return f.Err }

// Transport has requests answered by a handler. Safe for concurrent use if the handler is.
//
// When an answer was closed, or its request has failed, its handler has returned: what it asks may be closed then.
type Transport struct{ Handler http.Handler }

// RoundTrip returns when the answer begins. It fails with a *Failure if the handler fails or panics before it, and with
// the context's error if that ends. A later failure is what reading the answer ends with.
func (t Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	r, w := io.Pipe()
	out := &writer{header: http.Header{}, body: w, begun: make(chan struct{})}
	in := &answer{PipeReader: r, ended: ctx.Err, cancel: cancel}
	in.handler.Go(func() { t.serve(out, received(ctx, req)) })
	select {
	case <-out.begun:
	case <-ctx.Done():
		_ = in.Close()
		return nil, ctx.Err()
	}
	if out.refused != nil {
		_ = in.Close()
		return nil, out.refused
	}
	return &http.Response{
		Status: http.StatusText(out.status), StatusCode: out.status, Header: out.sent, Body: in, ContentLength: -1, Request: req,
	}, nil
}

// received is a request as a server has it.
func received(ctx context.Context, sent *http.Request) *http.Request {
	req := sent.Clone(ctx)
	req.RequestURI = req.URL.RequestURI()
	if req.Body == nil {
		req.Body = http.NoBody
	}
	return req
}

// errBroken is of a handler that ended its answer without a word, as http.ErrAbortHandler asks for.
var errBroken = errors.New("the answer was broken off")

// serve calls the handler, and ends the answer whatever becomes of it.
func (t Transport) serve(w *writer, req *http.Request) {
	why := errBroken // unless it returns
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler { //nolint:errorlint // net/http compares it this way
			why = fmt.Errorf("panic: %v", p)
		}
		w.end(why)
		_ = req.Body.Close() // it was read as far as anybody wanted
	}()
	t.Handler.ServeHTTP(w, req)
	why = nil
}

// answer is the body of an answer.
type answer struct {
	*io.PipeReader

	ended   func() error // why the request is over, if it is
	cancel  context.CancelFunc
	handler sync.WaitGroup
}

// Read reads on until the request is over: a handler that does not look at its context would not end it.
func (a *answer) Read(b []byte) (int, error) {
	if err := a.ended(); err != nil {
		return 0, err
	}
	return a.PipeReader.Read(b)
}

// Close ends the handler, and waits until it has returned. It gives no error.
func (a *answer) Close() error {
	a.cancel()
	err := a.PipeReader.Close()
	a.handler.Wait()
	return err
}

// writer is what the handler answers on, for the handler's goroutine.
type writer struct {
	header http.Header
	body   *io.PipeWriter
	failed error

	begun   chan struct{} // closed when the answer begins; what follows is fixed then
	status  int           // 0 before
	sent    http.Header
	refused *Failure
}

// Header is the headers to be sent.
func (w *writer) Header() http.Header { return w.header }

// Fail says why what is answered is no success, or ends early.
func (w *writer) Fail(err error) { w.failed = err }

// WriteHeader begins the answer.
func (w *writer) WriteHeader(status int) {
	if w.status == 0 {
		w.begin(status, w.failed)
	}
}

func (w *writer) begin(status int, failed error) {
	w.status, w.sent = status, w.header.Clone()
	if failed != nil {
		w.refused = &Failure{failed}
	}
	close(w.begun)
}

// Write returns when what is written was read. It fails once nobody reads any more.
func (w *writer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

// Flush begins the answer: there is nothing else that was held back.
func (w *writer) Flush() { w.WriteHeader(http.StatusOK) }

// end is called when the handler has returned, or broken off. What the handler knows of a failure comes first.
func (w *writer) end(why error) {
	if w.failed != nil {
		why = w.failed
	}
	if w.status == 0 {
		w.begin(http.StatusOK, why)
	}
	if why == nil {
		_ = w.body.Close() // it gives no error
		return
	}
	_ = w.body.CloseWithError(&Failure{why})
}
