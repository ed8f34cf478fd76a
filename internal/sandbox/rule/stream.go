package rule

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// patience is how long a client may take nothing of what is sent to it before it is given up.
const patience = 30 * time.Second

// stream passes an answer on while it is written: late, slowly, or up to a point.
type stream struct {
	http.ResponseWriter

	h     *Handler
	ctx   context.Context //nolint:containedctx // that of the one request that it answers
	late  time.Duration   // before the first byte
	drip  *Drip
	cut   bool
	left  int64 // bytes of the body that may still be sent, if it is cut
	quiet bool  // a cut is not to be noticed
	begun bool
}

func (h *Handler) stream(ctx context.Context, w http.ResponseWriter, by Rule) *stream {
	s := &stream{ResponseWriter: w, h: h, ctx: ctx, late: time.Duration(by.FirstByte), drip: by.Drip}
	if by.Cut != nil {
		s.cut, s.left, s.quiet = true, *by.Cut.Bytes, by.Cut.Unnoticed
	}
	return s
}

// Unwrap lets what was written be flushed.
func (s *stream) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// SetWriteDeadline is for whoever writes without knowing that it takes time: the stream sets deadlines of its own.
func (s *stream) SetWriteDeadline(time.Time) error { return nil }

// WriteHeader sends the headers, late.
func (s *stream) WriteHeader(status int) {
	if !s.begun {
		s.begun = true
		if s.late > 0 {
			s.h.pass(s.ctx, s.late)
		}
		if s.cut && s.quiet {
			s.shorten()
		}
	}
	s.ResponseWriter.WriteHeader(status)
}

// shorten has the headers of a longer body tell of what will be sent of it.
func (s *stream) shorten() {
	if length, err := strconv.ParseInt(s.Header().Get("Content-Length"), 10, 64); err == nil && length > s.left {
		s.Header().Set("Content-Length", strconv.FormatInt(s.left, 10))
	}
}

// Write sends a part of the body.
func (s *stream) Write(b []byte) (written int, err error) {
	if !s.begun {
		s.WriteHeader(http.StatusOK)
	}
	if s.cut {
		return s.upTo(b)
	}
	if s.drip == nil {
		return s.send(b)
	}
	for piece := max(s.drip.Bytes, 1); len(b) > 0 && err == nil; {
		s.h.pass(s.ctx, time.Duration(s.drip.Every))
		var n int
		n, err = s.send(b[:min(piece, len(b))])
		b, written = b[n:], written+n
		_ = http.NewResponseController(s.ResponseWriter).Flush() // what cannot be flushed comes later
	}
	return written, err
}

// upTo sends what may still be sent. What is over is passed over, or breaks the answer off.
func (s *stream) upTo(b []byte) (int, error) {
	part := b[:min(int64(len(b)), s.left)]
	s.left -= int64(len(part))
	if n, err := s.send(part); err != nil || len(part) == len(b) {
		return n, err
	}
	if s.quiet {
		return len(b), nil
	}
	_ = http.NewResponseController(s.ResponseWriter).Flush() // else the client would not see even this part
	panic(http.ErrAbortHandler)
}

func (s *stream) send(b []byte) (int, error) {
	_ = http.NewResponseController(s.ResponseWriter).SetWriteDeadline(time.Now().Add(patience)) // tests have no connection
	return s.ResponseWriter.Write(b)
}

// nobody takes an answer that is not sent.
type nobody struct{ header http.Header }

// Header is where headers are set.
func (n nobody) Header() http.Header { return n.header }

// WriteHeader does nothing.
func (nobody) WriteHeader(int) {}

// Write takes everything.
func (nobody) Write(b []byte) (int, error) { return len(b), nil }
