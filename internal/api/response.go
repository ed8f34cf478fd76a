package api

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// compressFrom is the size in bytes from which on a body is compressed. Up to it, a body also waits here until it is
// complete, so that an error can still take its place.
const compressFrom = 1024

// response writes an answer: a small one as it is, with its length; a large one in chunks, compressed if the client
// takes that. For one goroutine.
type response struct {
	w        http.ResponseWriter
	wire     counter
	status   int
	held     []byte // the beginning of the body
	started  bool   // status and headers are on their way
	encoders encoders
	coding   coding  // that the client likes best; empty for none
	ready    bool    // what is written is in that coding already
	encoder  encoder // not nil once the body is being compressed
}

// A client that takes nothing for this long is given up: it holds a page open, and a page its results. A piece is what
// it has to take in that time.
const (
	patience = 30 * time.Second
	piece    = 64 << 10
)

// counter counts what goes out, and gives up on clients that take nothing any more.
type counter struct {
	w    http.ResponseWriter
	sent int64 // bytes of the body
}

func (c *counter) Write(b []byte) (written int, err error) {
	deadline := http.NewResponseController(c.w)
	for len(b) > 0 && err == nil {
		_ = deadline.SetWriteDeadline(time.Now().Add(patience)) // tests have no connection
		var n int
		n, err = c.w.Write(b[:min(piece, len(b))]) //nolint:gosec // JSON, and said to be
		b, written = b[n:], written+n
	}
	c.sent += int64(written)
	return written, err
}

func newResponse(w http.ResponseWriter, r *http.Request, e encoders) *response {
	o := &response{w: w, wire: counter{w: w}, status: http.StatusOK, encoders: e}
	if r.Method != http.MethodHead {
		o.coding = preferred(r.Header.Values("Accept-Encoding"))
	}
	return o
}

// preferred is the coding of ours to which an Accept-Encoding gives the greatest weight; of equals, zstd.
func preferred(accept []string) (best coding) {
	most := 0.0
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, params, _ := strings.Cut(item, ";")
		c := coding(strings.ToLower(strings.TrimSpace(name)))
		if q := weight(params); (c == zstdCoding || c == gzipCoding) && q > 0 && (q > most || q == most && c == zstdCoding) {
			best, most = c, q
		}
	}
	return best
}

// weight reads q=; what cannot be read counts as a refusal.
func weight(params string) float64 {
	_, text, given := strings.Cut(params, "=")
	if !given {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return 0
	}
	return q
}

// packed says whether the client takes zstd; if so, what is written from now on must be.
func (o *response) packed() bool {
	o.ready = o.coding == zstdCoding
	return o.ready
}

// Header is the headers to be sent.
func (o *response) Header() http.Header { return o.w.Header() }

// Unwrap lets the connection be taken over.
func (o *response) Unwrap() http.ResponseWriter { return o.w }

// WriteHeader sets the status. It is sent with the first bytes of a large body, or at the end; at once, if with it the
// connection becomes another's.
func (o *response) WriteHeader(status int) {
	o.status = status
	if status == http.StatusSwitchingProtocols {
		o.started = true
		o.w.WriteHeader(status)
	}
}

// Write sends a part of the body.
func (o *response) Write(b []byte) (int, error) {
	if !o.started && len(o.held)+len(b) <= compressFrom {
		o.held = append(o.held, b...)
		return len(b), nil
	}
	if err := o.start(); err != nil {
		return 0, err
	}
	return o.body().Write(b)
}

func (o *response) body() io.Writer {
	if o.encoder != nil {
		return o.encoder
	}
	return &o.wire
}

// start sends the headers and what was held back of a body that is large, or of unknown length.
func (o *response) start() error {
	if o.started {
		return nil
	}
	o.started = true
	o.Header().Add("Vary", "Accept-Encoding")
	if o.coding != "" && o.Header().Get("Content-Encoding") == "" {
		o.Header().Set("Content-Encoding", string(o.coding))
		if !o.ready {
			o.encoder = o.encoders.take(o.coding, &o.wire)
		}
	}
	o.w.WriteHeader(o.status)
	_, err := o.body().Write(o.held)
	return err
}

// Flush sends on what was written so far.
func (o *response) Flush() {
	if o.start() != nil {
		return // the next Write says so too
	}
	if o.encoder != nil {
		_ = o.encoder.Flush()
	}
	_ = http.NewResponseController(o.w).Flush()
}

// reset takes back an answer of which nothing was sent; it says whether that was so.
func (o *response) reset() bool {
	o.held, o.ready = nil, false
	return !o.started
}

// close ends the answer. Nobody is left to be told of an error by then.
func (o *response) close() {
	if o.started {
		o.closeEncoder()
		return
	}
	o.started = true
	if o.ready {
		o.Header().Set("Content-Encoding", string(o.coding))
	}
	if o.status != http.StatusNoContent && o.status != http.StatusNotModified {
		o.Header().Set("Content-Length", strconv.Itoa(len(o.held)))
	}
	o.w.WriteHeader(o.status)
	if len(o.held) > 0 {
		_, _ = o.wire.Write(o.held)
	}
}

func (o *response) closeEncoder() {
	if o.encoder != nil {
		_ = o.encoder.Close()
		o.encoders.give(o.coding, o.encoder)
		o.encoder = nil
	}
}
