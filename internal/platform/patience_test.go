package platform_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

// trickled is a platform whose pages come in pieces, and a client that tries once.
func trickled(t *testing.T, pageBytes, piece int, pause time.Duration) *platform.Client {
	t.Helper()
	body := `{"conversations":["` + strings.Repeat("x", pageBytes-len(`{"conversations":[""]}`)) + `"]}`
	whole := platformtest.Answer(http.StatusOK, "application/json", body)
	f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{{
		Route: platformtest.Results, First: 1, Last: platformtest.Always,
		Do: func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
			platformtest.Trickle(piece, pause)(w, r, func(w http.ResponseWriter, r *http.Request) { whole(w, r, usual) })
		},
	}}})
	cfg := f.ClientConfig()
	cfg.Retry.Attempts = 1
	return platform.New(cfg)
}

func TestSlowAnswers(t *testing.T) {
	const k = 1 << 10
	for name, c := range map[string]struct {
		bytes, piece int
		pause        time.Duration
		says         string // empty if it is not too slow
		after        time.Duration
	}{
		"just fast enough":              {100 * k, 8 * k, 50 * time.Second, "", 650 * time.Second},
		"too slow":                      {100 * k, 7 * k, 50 * time.Second, "only 14336 bytes came in 2m0s", 2 * time.Minute},
		"slow, but short":               {15 * k, 5 * k, 39 * time.Second, "", 117 * time.Second},
		"a byte a second":               {100 * k, 1, time.Second, "only 119 bytes came in 2m0s", 2 * time.Minute},
		"silent in the middle":          {100 * k, 16 * k, 121 * time.Second, "nothing came for 2m0s", 2 * time.Minute},
		"fast enough, but for too long": {400 * k, 16 * k, 40 * time.Second, "the answer took longer than 15m0s", 15 * time.Minute},
		"just short enough":             {352 * k, 16 * k, 40 * time.Second, "", 880 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			p, err := trickled(t, c.bytes, c.piece, c.pause).Page(t.Context(), "job", "", 10)
			if c.says == "" && (err != nil || len(p.Records) != 1) {
				t.Errorf("%s: %v", name, err)
			}
			if c.says != "" && (!errors.Is(err, fault.Unavailable) || errors.Is(err, context.Canceled) || !strings.Contains(fmt.Sprint(err), c.says)) {
				t.Errorf("%s: %v", name, err)
			}
			if took := time.Since(begun).Round(time.Second); took != c.after {
				t.Errorf("%s: it took %v, want %v", name, took, c.after)
			}
		})
	}
}

// Whoever reads a page may take any time: a pipe may be read by a person.
func TestTheReadersOwnTimeDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := platformtest.New(t, platformtest.Config{Records: records(300)})
		c := f.Client()
		if _, err := fetch(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		n := 0
		_, err := c.ReadPage(t.Context(), "job-1", "", 1000, func() func([]byte) error {
			return func([]byte) error {
				n++
				time.Sleep(time.Minute)
				return nil
			}
		})
		if err != nil || n != 300 {
			t.Errorf("got %d records, %v", n, err)
		}
	})
}
