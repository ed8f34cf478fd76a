package platform_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/inside"
)

// within makes a client of a handler in this process.
func within(handler http.HandlerFunc) *platform.Client {
	return platform.New(platform.Config{
		API: "http://folder", NoLogin: true, Transport: inside.Transport{Handler: handler}, Retry: platform.Retry{Attempts: 1},
	})
}

func TestAServerInThisProcessIsAskedWithoutALogin(t *testing.T) {
	var asked []string
	c := within(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, fmt.Sprintf("%s %s %q", r.Method, r.URL.Path, r.Header.Values("Authorization")))
		_, _ = io.WriteString(w, `{"state":"PENDING"}`)
	})
	if s, err := c.Status(t.Context(), "j"); err != nil || s.State != platform.Pending {
		t.Errorf("got %v, %v", s, err)
	}
	if got, want := strings.Join(asked, "\n"), `GET /api/v2/analytics/conversations/details/jobs/j []`; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

// What the server knows of a failure is what the client fails with, and nothing that is made of it for outsiders.
func TestFailuresOfAServerInThisProcess(t *testing.T) {
	cause := fault.Because(fault.Corrupt, io.ErrUnexpectedEOF, "a file is damaged")
	for name, handler := range map[string]http.HandlerFunc{
		"at once": func(w http.ResponseWriter, _ *http.Request) {
			w.(interface{ Fail(err error) }).Fail(cause)
			w.WriteHeader(http.StatusNotFound)
		},
		"in the middle": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"conversations":[{"a":1},`)
			w.(interface{ Fail(err error) }).Fail(cause)
			panic(http.ErrAbortHandler)
		},
	} {
		_, err := within(handler).Query(t.Context(), []byte(`{}`))
		if f, ok := errors.AsType[*fault.Error](err); !ok || f != cause || err.Error() != cause.Error() {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// An answer of any length is handed on as it comes, and ends when nobody wants more of it.
func TestALongAnswerIsNotHeld(t *testing.T) {
	enough := errors.New("enough")
	sent := 0
	c := within(func(w http.ResponseWriter, _ *http.Request) {
		_, err := io.WriteString(w, `{"conversations":[{}`)
		for ; err == nil; sent++ {
			_, err = fmt.Fprintf(w, `,{"n":%d}`, sent)
		}
	})
	got := 0
	_, err := c.ReadQuery(t.Context(), []byte(`{}`), func() func([]byte) error {
		return func([]byte) error {
			if got++; got == 10_000 {
				return enough
			}
			return nil
		}
	})
	// A read takes 64 KiB at once, some 6,000 of these records.
	if !errors.Is(err, enough) || got != 10_000 || sent > 20_000 {
		t.Errorf("read %d of %d records: %v", got, sent, err)
	}
}
