package control

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/journal"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

var noon = time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)

// client is who controls a sandbox.
type client struct{ url string }

// do sends a control, and reads its answer. What is refused is of the kind of its status.
func (c client) do(t *testing.T, method, path string, body, answer any) error {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, c.url+Prefix+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err = io.ReadAll(response.Body); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		p, known := wire.ReadProblem(text)
		if !known {
			t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, text)
		}
		return fault.New(map[int]error{http.StatusBadRequest: fault.Invalid, http.StatusNotFound: fault.NotFound}[response.StatusCode], "%s", p.Message)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// started is a sandbox with its clock frozen at noon, and who controls it.
func started(t *testing.T) (client, *Handler) {
	t.Helper()
	w, err := sandbox.Simulate(t.Context(), sandbox.Scenario{Seed: 7, Days: 4, PerDay: 30, Start: noon}, nil)
	if err != nil {
		t.Fatal(err)
	}
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	j, err := journal.Open(t.Context(), db)
	if err == nil {
		err = w.Keep(t.Context(), j, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	h := New(Config{World: w, Log: slog.New(slog.DiscardHandler)})
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return client{server.URL}, h
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheClockIsControlled(t *testing.T) {
	c, _ := started(t)
	var got Clock
	ok(t, c.do(t, "GET", "clock", nil, &got))
	if got.Now != "2026-11-08T12:00:00.000Z" || got.Speed != 0 || !strings.HasPrefix(got.Available, "2026-11-08T04:") || !strings.HasPrefix(got.NextBatch, "2026-11-09T04:") {
		t.Errorf("got %+v", got)
	}
	ok(t, c.do(t, "POST", "clock", ClockChange{Advance: sandbox.Span(90 * time.Minute)}, &got))
	if got.Now != "2026-11-08T13:30:00.000Z" {
		t.Errorf("got %+v", got)
	}
	ok(t, c.do(t, "POST", "clock", ClockChange{Until: "batch"}, &got))
	if !strings.HasPrefix(got.Available, "2026-11-09T04:") {
		t.Errorf("got %+v", got)
	}
	ok(t, c.do(t, "POST", "clock", ClockChange{Set: "2026-11-10", Speed: new(10000.0)}, &got))
	if !strings.HasPrefix(got.Now, "2026-11-10T0") || got.Speed != 10000 {
		t.Errorf("got %+v", got)
	}
}

func TestRecordsAreRewritten(t *testing.T) {
	c, h := started(t)
	var got Rewritten
	ok(t, c.do(t, "POST", "rewrite", sandbox.Rewriting{Older: sandbox.Span(48 * time.Hour), Count: 3}, &got))
	if len(got.Conversations) != 3 {
		t.Fatalf("got %v", got)
	}
	for _, id := range got.Conversations {
		r, err := h.World.Conversation(t.Context(), id)
		if err != nil || noon.Sub(r.Start) < 48*time.Hour || !strings.Contains(string(r.JSON), `"externalTag":"rewritten 2026-11-08T12:00:00.000Z"`) {
			t.Errorf("%s of %v was not, %v", id, r.Start, err)
		}
	}
	ok(t, c.do(t, "POST", "rewrite", sandbox.Rewriting{Conversation: got.Conversations[0], Patch: jsontext.Value(`{"externalTag":null,"x":1.0}`)}, &got))
	r, err := h.World.Conversation(t.Context(), got.Conversations[0])
	if err != nil || strings.Contains(string(r.JSON), "externalTag") || !strings.HasSuffix(string(r.JSON), `,"x":1.0}`) {
		t.Errorf("got %s, %v", r.JSON, err)
	}
}

func TestConversationsThatGoOnAreListed(t *testing.T) {
	c, h := started(t)
	var got Rewritten
	ok(t, c.do(t, "GET", "conversations", nil, &got))
	if len(got.Conversations) == 0 {
		t.Error("none goes on")
	}
	for _, id := range got.Conversations {
		if r, err := h.World.Conversation(t.Context(), id); err != nil || !r.End.IsZero() {
			t.Errorf("%s ended at %v, %v", id, r.End, err)
		}
	}
}

func TestTheStateIsSavedAndLoaded(t *testing.T) {
	c, h := started(t)
	ok(t, c.do(t, "POST", "batch", sandbox.Batch{Fail: []string{"2026-11-09"}}, nil))
	ok(t, c.do(t, "POST", "drift", sandbox.Drift{Pointer: "/x", Value: jsontext.Value("7")}, nil))
	ok(t, c.do(t, "POST", "clock", ClockChange{Advance: sandbox.Span(24 * time.Hour)}, nil))
	var saved sandbox.State
	ok(t, c.do(t, "GET", "state", nil, &saved))
	if len(saved.Entries) != 5 {
		t.Errorf("saved %d entries", len(saved.Entries))
	}
	ok(t, c.do(t, "POST", "reset", nil, nil))
	if !h.World.Clock().Equal(noon) {
		t.Errorf("after a reset it is %v", h.World.Clock())
	}
	var got Clock
	ok(t, c.do(t, "PUT", "state", saved, &got))
	if got.Now != "2026-11-09T12:00:00.000Z" || !strings.HasPrefix(got.Available, "2026-11-08T04:") {
		t.Errorf("loaded, got %+v", got)
	}
}

func TestWhatCannotBeDoneIsSaid(t *testing.T) {
	c, _ := started(t)
	for name, q := range map[string]struct {
		method, path string
		body         any
		kind         error
		says         string
	}{
		"an unknown control":  {"GET", "wheather", nil, fault.NotFound, "there is no GET /_sandbox/wheather"},
		"an unknown member":   {"POST", "clock", map[string]any{"advence": "1h"}, fault.Invalid, `"advence"`},
		"no length of time":   {"POST", "clock", map[string]any{"advance": "soon"}, fault.Invalid, `"soon" is no length of time`},
		"no instant":          {"POST", "clock", ClockChange{Set: "soon"}, fault.Invalid, "set: "},
		"a clock put back":    {"POST", "clock", ClockChange{Set: "2026-11-01"}, fault.Invalid, "cannot go back"},
		"an unknown event":    {"POST", "clock", ClockChange{Until: "dawn"}, fault.Invalid, `"batch"`},
		"set until a batch":   {"POST", "clock", ClockChange{Set: "2026-11-20", Until: "batch"}, fault.Invalid, "not both at once"},
		"moved until a batch": {"POST", "clock", ClockChange{Advance: sandbox.Span(time.Hour), Until: "batch"}, fault.Invalid, "not both at once"},
		"one, and so many":    {"POST", "rewrite", sandbox.Rewriting{Conversation: "a", Count: 1}, fault.Invalid, "give one conversation"},
		"one, and older":      {"POST", "rewrite", sandbox.Rewriting{Conversation: "a", Older: 1}, fault.Invalid, "give one conversation"},
		"nothing":             {"POST", "clock", ClockChange{}, fault.Invalid, "nothing to do"},
		"nobody in question":  {"POST", "rewrite", sandbox.Rewriting{}, fault.Invalid, "conversation, or older"},
		"too many":            {"POST", "rewrite", sandbox.Rewriting{Older: 1, Count: 1e6}, fault.Invalid, "count"},
		"nobody so old":       {"POST", "rewrite", sandbox.Rewriting{Older: sandbox.Span(1000 * time.Hour)}, fault.Invalid, "no conversation began"},
		"no saved state":      {"PUT", "state", map[string]any{"version": 7}, fault.Invalid, "no saved state"},
		"an unknown deed":     {"PUT", "state", map[string]any{"version": 1, "entries": []any{map[string]any{"at": noon, "deed": map[string]any{}}}}, fault.Invalid, "scenario"},
		"a method of another": {"DELETE", "clock", nil, fault.NotFound, "there is no DELETE"},
	} {
		if err := c.do(t, q.method, q.path, q.body, nil); !errors.Is(err, q.kind) || !strings.Contains(err.Error(), q.says) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Programs of this machine are answered, and nobody whom a browser or the network brings.
func TestControlsAreForThisMachine(t *testing.T) {
	_, h := started(t)
	for name, c := range map[string]struct {
		from, host, origin, kind string
		want                     int
	}{
		"this machine":       {"127.0.0.1:5", "127.0.0.1:8080", "", "application/json", 200},
		"by its name":        {"[::1]:5", "localhost:8080", "", "application/json; charset=utf-8", 200},
		"another machine":    {"10.0.0.7:5", "127.0.0.1:8080", "", "application/json", 403},
		"another name":       {"127.0.0.1:5", "evil.example:8080", "", "application/json", 403},
		"a page from there":  {"127.0.0.1:5", "127.0.0.1:8080", "https://evil.example", "application/json", 403},
		"a form":             {"127.0.0.1:5", "127.0.0.1:8080", "", "text/plain", 415},
		"a page of our own":  {"127.0.0.1:5", "127.0.0.1:8080", "http://127.0.0.1:8080", "application/json", 200},
		"somebody by a name": {"127.0.0.1:5", "localhost.evil.example", "", "application/json", 403},
	} {
		r := httptest.NewRequest(http.MethodPost, "/_sandbox/clock", strings.NewReader(`{"advance":"1s"}`))
		r.RemoteAddr, r.Host = c.from, c.host
		r.Header.Set("Content-Type", c.kind)
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != c.want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d %v %s", name, w.Code, w.Header(), w.Body)
		}
	}
	h.Anyone = true
	r := httptest.NewRequest(http.MethodGet, "http://sandbox.example/_sandbox/clock", nil)
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusOK {
		t.Errorf("anyone: got %d %s", w.Code, w.Body)
	}
}
