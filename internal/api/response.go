package api

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// compressFrom is the size in bytes from which on a body is compressed. Up to it, a body also waits here until it is
// complete, so that an error can still take its place.
const compressFrom = 1024

// response writes an answer: a small one as it is, with its length; a large one in chunks, with gzip if the client
// takes it. For one goroutine.
type response struct {
	w       http.ResponseWriter
	wire    counter
	status  int
	held    []byte       // the beginning of the body
	started bool         // status and headers are on their way
	takes   bool         // the client takes gzip
	pool    *sync.Pool   // of *gzip.Writer
	gzip    *gzip.Writer // not nil once the body is being compressed
}

// counter counts what goes out.
type counter struct {
	w    io.Writer
	sent int64 // bytes of the body
}

func (w *counter) Write(b []byte) (int, error) {
	n, err := w.w.Write(b)
	w.sent += int64(n)
	return n, err
}

func newResponse(w http.ResponseWriter, r *http.Request, pool *sync.Pool) *response {
	takes := r.Method != http.MethodHead && takesGzip(r.Header.Values("Accept-Encoding"))
	return &response{w: w, wire: counter{w: w}, status: http.StatusOK, takes: takes, pool: pool}
}

// takesGzip says whether an Accept-Encoding has gzip, and not with q=0.
func takesGzip(accept []string) bool {
	for coding := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, params, _ := strings.Cut(coding, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			_, weight, given := strings.Cut(params, "=")
			q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
			return !given || err == nil && q > 0
		}
	}
	return false
}

// Header is the headers to be sent.
func (o *response) Header() http.Header { return o.w.Header() }

// WriteHeader sets the status. It is sent with the first bytes of a large body, or at the end.
func (o *response) WriteHeader(status int) { o.status = status }

// Write sends a part of the body.
func (o *response) Write(b []byte) (int, error) {
	if !o.started && len(o.held)+len(b) <= compressFrom {
		o.held = append(o.held, b...)
		return len(b), nil
	}
	if err := o.start(); err != nil {
		return 0, err
	}
	if o.gzip != nil {
		return o.gzip.Write(b)
	}
	return o.wire.Write(b)
}

// start sends the headers and what was held back of a body that is large, or of unknown length.
func (o *response) start() error {
	if o.started {
		return nil
	}
	o.started = true
	o.Header().Add("Vary", "Accept-Encoding")
	var body io.Writer = &o.wire
	if o.takes {
		o.Header().Set("Content-Encoding", "gzip")
		o.gzip = o.pool.Get().(*gzip.Writer)
		o.gzip.Reset(&o.wire)
		body = o.gzip
	}
	o.w.WriteHeader(o.status)
	_, err := body.Write(o.held)
	return err
}

// Flush sends on what was written so far.
func (o *response) Flush() {
	if o.start() != nil {
		return // the next Write says so too
	}
	if o.gzip != nil {
		_ = o.gzip.Flush()
	}
	_ = http.NewResponseController(o.w).Flush()
}

// reset takes back an answer of which nothing was sent; it says whether that was so.
func (o *response) reset() bool {
	o.held = nil
	return !o.started
}

// close ends the answer. Nobody is left to be told of an error by then.
func (o *response) close() {
	if o.started {
		o.closeGzip()
		return
	}
	o.started = true
	if o.status != http.StatusNoContent {
		o.Header().Set("Content-Length", strconv.Itoa(len(o.held)))
	}
	o.w.WriteHeader(o.status)
	if len(o.held) > 0 {
		_, _ = o.wire.Write(o.held)
	}
}

func (o *response) closeGzip() {
	if o.gzip != nil {
		_ = o.gzip.Close()
		o.pool.Put(o.gzip)
		o.gzip = nil
	}
}
