package rule

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"maps"
	"net/http"
	"strconv"
)

// maxHeld is how much of one answer is held in memory to be changed. Nearly every page is smaller.
const maxHeld = 16 << 20

// whole holds an answer back, as far as it may be held; the rest is passed over.
type whole struct {
	header http.Header
	status int
	body   []byte
	size   int64 // of the body, with what was passed over
	failed error // why there is no answer, where the handler behind tells it
}

// record has a request answered into memory.
func record(next http.Handler, r *http.Request) *whole {
	w := &whole{header: http.Header{}}
	next.ServeHTTP(w, r)
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w
}

// Header is the headers of the answer.
func (w *whole) Header() http.Header { return w.header }

// WriteHeader sets the status.
func (w *whole) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write holds a part of the body.
func (w *whole) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.size += int64(len(b))
	w.body = append(w.body, b[:min(len(b), maxHeld-len(w.body))]...)
	return len(b), nil
}

// Fail is told why there is no answer, as who asks within the process may know it.
func (w *whole) Fail(err error) { w.failed = err }

// tell tells who asks within the process why there is no answer, if it is they who ask.
func tell(out http.ResponseWriter, err error) {
	if inside, ok := out.(interface{ Fail(err error) }); ok && err != nil {
		inside.Fail(err)
	}
}

// short says whether a part of the body was passed over.
func (w *whole) short() bool { return w.size > int64(len(w.body)) }

// head sends status and headers, with the length of a body, or none if that is negative.
func (w *whole) head(out http.ResponseWriter, length int64) {
	maps.Copy(out.Header(), w.header)
	out.Header().Del("Content-Length")
	if length >= 0 && w.status != http.StatusNoContent {
		out.Header().Set("Content-Length", strconv.FormatInt(length, 10))
	}
	out.WriteHeader(w.status)
}

// send sends a body in place of the one that was held. One that is not whole is broken off.
func (w *whole) send(out http.ResponseWriter, body []byte) {
	tell(out, w.failed)
	if w.short() {
		w.head(out, -1)
		_, _ = out.Write(body) //nolint:gosec // of the handler behind, with its content type
		panic(http.ErrAbortHandler)
	}
	w.head(out, int64(len(body)))
	_, _ = out.Write(body) //nolint:gosec // as above; a client that has gone needs to be told nothing
}

// cutShare ends a body after a part of it.
func (h *Handler) cutShare(w http.ResponseWriter, r *http.Request, c Cut, behind http.Handler) {
	all := record(behind, r)
	part := all.body[:min(int64(*c.Share*float64(all.size)), int64(len(all.body)))]
	if c.Unnoticed || all.size == 0 {
		all.head(w, int64(len(part)))
		_, _ = w.Write(part)
		return
	}
	all.head(w, -1)
	_, _ = w.Write(part)
	_ = http.NewResponseController(w).Flush() // else the client would see nothing of it
	panic(http.ErrAbortHandler)
}

// flip changes one byte in a thousand, and at least one. Where they lie follows from dice.
func (h *Handler) flip(w http.ResponseWriter, r *http.Request, dice [32]byte, behind http.Handler) {
	all := record(behind, r)
	const apart = 1000
	for i := 0; i < len(all.body); i += apart {
		at := i + int(binary.BigEndian.Uint64(dice[:])%uint64(min(apart, len(all.body)-i)))
		all.body[at] ^= 1 << (dice[8] % 8)
	}
	all.send(w, all.body)
}

// breakGzip compresses a body and damages what comes out, from the middle on.
func (h *Handler) breakGzip(w http.ResponseWriter, r *http.Request, behind http.Handler) {
	all := record(behind, plainly(r))
	if all.size == 0 {
		all.send(w, nil)
		return
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(all.body)
	_ = z.Close() // a buffer takes everything
	for i := packed.Len() / 2; i < packed.Len(); i++ {
		packed.Bytes()[i] ^= 0x55
	}
	all.header.Set("Content-Encoding", "gzip")
	all.head(w, int64(packed.Len()))
	_, _ = w.Write(packed.Bytes())
}

// plainly asks for an answer that is not compressed.
func plainly(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	r.Header.Set("Accept-Encoding", "identity")
	return r
}
