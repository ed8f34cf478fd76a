package platform_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

// A request that we end is told as ended, wherever in the answer it was and whatever broke because of it: another
// error would send people looking for what is wrong.
func TestAnEndThatWasAskedFor(t *testing.T) {
	const page = `{"conversations":[{"conversationId":"a", "x": [1,2 , {}]}, {"b":"\"é"} ],"new":{"deep":[null]},"cursor":"c","dataAvailabilityDate":"2026-11-08T00:00:00Z"} `
	f := platformtest.New(t, platformtest.Config{})
	for _, zipped := range []bool{false, true} {
		for at := range len(page) + 1 {
			ctx, cancel := context.WithCancel(t.Context())
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasSuffix(r.URL.Path, "/results") {
					f.ServeHTTP(w, r)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				if zipped {
					w.Header().Set("Content-Encoding", "gzip")
					z := gzip.NewWriter(w)
					_, _ = io.WriteString(z, page[:at])
					_ = z.Flush()
				} else {
					_, _ = io.WriteString(w, page[:at])
				}
				w.(http.Flusher).Flush()
				cancel() // while the client reads, or is about to
				<-r.Context().Done()
			}))
			cfg := f.ClientConfig()
			cfg.API, cfg.Login, cfg.Transport = server.URL, server.URL, nil
			_, err := platform.New(cfg).Page(ctx, "job", "", 10)
			if !errors.Is(err, context.Canceled) || fault.ExitCode(err) != 130 {
				t.Errorf("after %d bytes, gzip %v: %v", at, zipped, err)
			}
			cancel()
			server.Close()
		}
	}
}

// The same, when what breaks is something else: an answer that is refused, a body that is no JSON, a connection that
// is reset, a caller that cannot take a record.
func TestWhatBreaksBecauseOfAnEnd(t *testing.T) {
	for name, misdeed := range map[string]platformtest.Misdeed{
		"refused": platformtest.Refuse(500, "internal.server.error", ""), "not found": platformtest.Refuse(404, "not.found", ""), "no JSON": platformtest.Say("<html>"),
		"no page": platformtest.Say("{}"), "hung up": platformtest.HangUp, "cut": platformtest.Cut, "another status": platformtest.Answer(202, jsonType, "{}"),
		"no login": platformtest.Refuse(401, "bad.credentials", ""),
	} {
		for _, route := range []platformtest.Route{platformtest.Token, platformtest.Results} {
			ctx, cancel := context.WithCancel(t.Context())
			f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{{
				Route: route, First: 1, Last: platformtest.Always,
				Do: func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
					cancel()
					misdeed(w, r, usual)
				},
			}}})
			_, err := f.Client().Page(ctx, "job", "", 10)
			if fault.ExitCode(err) != 130 || f.Calls(route) != 1 {
				t.Errorf("%s on %s: %v after %d calls", name, route, err, f.Calls(route))
			}
		}
	}
	cause := errors.New("theirs")
	ctx, cancel := context.WithCancelCause(t.Context())
	f := fulfilled(t)
	_, err := f.Client().ReadPage(ctx, "job-1", "", 10, func() func([]byte) error {
		return func([]byte) error { cancel(cause); return fmt.Errorf("stopped: %w", context.Cause(ctx)) }
	})
	if !errors.Is(err, cause) {
		t.Errorf("the caller's own error: %v", err)
	}
}
