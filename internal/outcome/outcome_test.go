package outcome

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

func failed() *Outcome {
	day, _ := conversation.ParseDay("2026-11-03")
	return &Outcome{
		Verdict: Failed, ExitCode: 6, Error: "the platform is away", Organization: "acme", Version: "1", Ended: time.Date(2026, 11, 8, 6, 0, 0, 0, time.UTC),
		Missing: []conversation.Day{day}, Summary: map[string]string{"source": "name-of-somebody"},
	}
}

func TestAFileIsReplacedWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "summary.json")
	o := failed()
	for range 2 {
		if err := o.WriteFile(path); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(path)
	if err != nil || !json.Valid(before) || !strings.Contains(string(before), `"verdict": "failed"`) {
		t.Errorf("got %s, %v", before, err)
	}
	o.Summary = func() {} // cannot be written
	if err := o.WriteFile(path); err == nil {
		t.Error("what cannot be written was")
	}
	o.Summary = nil
	blocked := filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(blocked, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := o.WriteFile(blocked); err == nil {
		t.Error("a folder was replaced")
	}
	after, err := os.ReadFile(path)
	left, _ := filepath.Glob(filepath.Join(dir, "*.tmp"))
	if err != nil || !bytes.Equal(after, before) || len(left) > 0 {
		t.Errorf("got %s, %v; left %v", after, err, left)
	}
	for name, want := range map[string]bool{
		path: true, filepath.Join(dir, "new"): true, blocked: false, filepath.Join(dir, "nowhere", "x"): false, filepath.Join(path, "x"): false,
		os.DevNull: false, filepath.Join(dir, strings.Repeat("x", 300)): false, // longer than any name may be
	} {
		if err := CheckFile("--summary", name); (err == nil) != want || err != nil && !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// answers is a server that answers so, one after the other; 0 is no answer, and -1 one that does not come.
type answers struct {
	statuses []int
	got      []string
	at       []time.Time
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a.got, a.at = append(a.got, string(text)), append(a.at, time.Now())
	status := a.statuses[min(len(a.got), len(a.statuses))-1]
	switch status {
	case 0:
		return nil, errors.New("no route to " + r.URL.String())
	case -1:
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Location": {"https://elsewhere.example.com/"}}, Body: io.NopCloser(strings.NewReader("thanks")), Request: r}, nil
}

func TestAnAlertIsPosted(t *testing.T) {
	for name, c := range map[string]struct {
		statuses []int
		want     int // posts
		took     time.Duration
		says     string
	}{
		"at once":                {[]int{200}, 1, 0, ""},
		"204":                    {[]int{204}, 1, 0, ""},
		"later":                  {[]int{0, 503, 200}, 3, 3 * time.Second, ""},
		"slow down":              {[]int{429, 200}, 2, time.Second, ""},
		"no answer":              {[]int{-1, 200}, 2, 11 * time.Second, ""},
		"never":                  {[]int{0}, 4, 7 * time.Second, "the webhook cannot be reached"},
		"hangs":                  {[]int{-1}, 4, 47 * time.Second, "the webhook cannot be reached"},
		"down":                   {[]int{500}, 4, 7 * time.Second, "the webhook answers 500"},
		"refused":                {[]int{403}, 1, 0, "the webhook answers 403"},
		"redirected":             {[]int{302}, 1, 0, "the webhook answers 302"},
		"gone while it was down": {[]int{500, 404}, 2, time.Second, "the webhook answers 404"},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := &answers{statuses: c.statuses}
			hook, err := NewWebhook("https://hooks.example.com/hunter2", "1", server)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			stop() // the run was told to end
			began := time.Now()
			err = hook.Post(ctx, failed().Alert())
			if took := time.Since(began); len(server.got) != c.want || took != c.took {
				t.Errorf("%s: %d posts in %v", name, len(server.got), took)
			}
			if (err == nil) != (c.says == "") || err != nil && err.Error() != c.says {
				t.Errorf("%s: %v", name, err)
			}
			const want = `{"text":"parley: the extraction of acme failed with exit code 6: the platform is away","verdict":"failed","exit_code":6,` +
				`"error":"the platform is away","organization":"acme","version":"1","ended":"2026-11-08T06:00:00Z","days_missing":["2026-11-03"]}`
			for _, got := range server.got {
				if got != want {
					t.Errorf("%s: posted %s", name, got)
				}
			}
		})
	}
}

func TestAddressesOfWebhooks(t *testing.T) {
	for address, want := range map[string]bool{
		"https://hooks.example.com/hunter2": true, "http://127.0.0.1:1/x": true, "hooks.example.com/hunter2": false, "ftp://hunter2/": false, "https:///hunter2": false, "https://hunter2\x7f/": false, "": false,
	} {
		if _, err := NewWebhook(address, "1", nil); (err == nil) != want || err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestWhatIsAProblem(t *testing.T) {
	for v, want := range map[Verdict]bool{Whole: false, Waiting: false, Incomplete: true, Failed: true, Interrupted: false} {
		if got := (&Outcome{Verdict: v}).IsProblem(); got != want {
			t.Errorf("%s: %v", v, got)
		}
	}
	if got := (&Outcome{Verdict: Incomplete, Error: "x"}).Alert().Text; got != "parley: the extraction is incomplete: x" {
		t.Errorf("got %s", got)
	}
}
