package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// leastCompressed is how many bytes an answer has at least that is compressed: fewer fit into one packet anyhow.
const leastCompressed = 1_000

// send writes an answer, compressed if whoever asks takes that.
//
// Text that an attacker chooses, compressed together with a secret, tells of the secret by its length. No page has a secret: there are no
// tokens in forms, as what other sites send is refused by where it comes from, and the session is in a cookie alone. The page of a link
// has the link; pages of who is not signed in are small, and are sent as they are.
func (v *visit) send(status int, kind string, text []byte) {
	if len(text) > largeAnswer {
		if err := v.takes(); err != nil {
			v.web.fail(v, err)
			return
		}
	}
	h := v.out.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Encoding")
	if v.who.ID != "" && len(text) >= leastCompressed && takesGzip(v.r) {
		h.Set("Content-Encoding", "gzip")
		text = compressed(text)
	}
	v.leave()
	v.out.WriteHeader(status)
	_, _ = v.out.Write(text) // whoever asked has left
}

// takesGzip says whether an answer may be compressed. A quality of 0 refuses.
func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, quality, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(quality), "q="), 64)
			return err != nil || q > 0
		}
	}
	return false
}

// compressors each hold most of a megabyte.
var compressors = sync.Pool{New: func() any { return gzip.NewWriter(io.Discard) }}

func compressed(text []byte) []byte {
	w, _ := compressors.Get().(*gzip.Writer)
	defer compressors.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	if _, err := w.Write(text); err != nil {
		panic(err) // into memory
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// smaller are the files that pages load, compressed when the first of them is asked for: a program that shows no page does without.
var smaller = sync.OnceValue(func() map[string][]byte {
	out := map[string][]byte{}
	for name, text := range files {
		if len(text) >= leastCompressed {
			out[name] = compressed(text)
		}
	}
	return out
})
