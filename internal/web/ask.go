package web

import (
	"bytes"
	"context"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/web/words"
)

// mostAnswer is how many bytes of an answer of the API a page takes.
const mostAnswer = 64 << 20

// ask has the API answer as it answers who is signed in, by the same rules and in the same turn. A refusal is the API's own error.
func (v *visit) ask(method, path string, body []byte) ([]byte, error) {
	if err := v.enter(); err != nil {
		return nil, err
	}
	return v.web.askAs(v.ctx(), v.who, method, path, body)
}

// lenient reads answers that have records in them: the API gives these as the platform wrote them, with names that come twice and halves of
// characters.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// askFor asks for something, and reads it.
func (v *visit) askFor(method, path string, body []byte, into any) error {
	text, err := v.ask(method, path, body)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into, lenient)
}

func (w *Web) askAs(ctx context.Context, who access.Client, method, path string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.RequestURI = r.URL.RequestURI()
	r.Header.Set("Content-Type", "application/json")
	a := &answered{header: http.Header{}}
	if err := a.from(w.cfg.Ask(who), r); err != nil {
		return nil, err
	}
	return a.body.Bytes(), ctx.Err()
}

// answered is what the API answers, held. It learns of a failure as it is, and not as outsiders are told of it: the page says
// what may be said.
type answered struct {
	header http.Header
	body   bytes.Buffer
	failed error
	large  bool
}

func (a *answered) from(h http.Handler, r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler { //nolint:errorlint // net/http compares it this way
			panic(p)
		}
		switch {
		case a.failed != nil:
			err = a.failed
		case a.large:
			err = fault.New(fault.TooLarge, "The answer has more than %s, which is too much for a page; ask for fewer conversations at a time, or ask the API", words.Size(mostAnswer))
		}
	}()
	h.ServeHTTP(a, r)
	return nil
}

// Header implements http.ResponseWriter.
func (a *answered) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter. What is no success is told to Fail.
func (a *answered) WriteHeader(int) {}

// Fail is told why there is no answer.
func (a *answered) Fail(err error) { a.failed = err }

// Write implements io.Writer.
func (a *answered) Write(b []byte) (int, error) {
	if a.body.Len()+len(b) > mostAnswer {
		a.large = true
		return 0, http.ErrBodyNotAllowed
	}
	return a.body.Write(b)
}
