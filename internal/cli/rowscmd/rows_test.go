package rowscmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/mem"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/server/servertest"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// views are those of conversations in memory, one a minute of the first of November.
type views struct{ store *mem.Store }

var later = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

func (v views) Live(context.Context) (engine.Engine, error)        { return v.store.View(later, later), nil }
func (v views) Settled(ctx context.Context) (engine.Engine, error) { return v.Live(ctx) }
func (v views) Available(context.Context) (time.Time, error)       { return later, nil }

// rig is a server, and a proxy before it that may fail.
type rig struct {
	t     *testing.T
	proxy *httptest.Server
	login server.Credentials
	pages atomic.Int64 // that may be read before all else fails; negative: all
	asked atomic.Int64 // submissions
}

func newRig(t *testing.T, n int) *rig {
	t.Helper()
	store := mem.New(nil)
	for i := range n {
		at := time.Date(2026, 11, 1, 0, i, 0, 0, time.UTC).Format("2006-01-02T15:04:05.000Z")
		r, err := wire.Record(fmt.Appendf(nil, `{"conversationId":"c-%03d","conversationStart":%q,"conversationEnd":%q,"participants":[{"purpose":"customer","attributes":{"note":"=1,\"x\""},"sessions":[{"mediaType":"voice"}]}]}`, i, at, at))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	x := &rig{t: t, login: server.NewCredentials()}
	who := func(context.Context) (api.Organization, error) { return api.Organization{}, nil }
	s := server.New(server.Listen{Addr: "127.0.0.1:0", Client: x.login, RateLimit: 100_000, Log: slog.New(slog.DiscardHandler)}, server.One(views{store}, time.Now, who))
	at, stop, ended := servertest.Running(t, s)
	to, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(to)
	x.pages.Store(-1)
	x.proxy = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == wire.PathQuery {
			x.asked.Add(1)
		}
		if strings.HasSuffix(r.URL.Path, "/results") && x.pages.Load() >= 0 && x.pages.Add(-1) < 0 {
			x.pages.Store(0)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		x.proxy.Close()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return x
}

// run runs the command, and gives what it prints.
func (x *rig) run(change func(*Options)) (string, error) {
	x.t.Helper()
	var out, errs bytes.Buffer
	s := &ui.Streams{Out: &out, Err: &errs, In: strings.NewReader("")}
	o := &Options{Streams: s, Version: "test", BaseURL: x.proxy.URL, PageSize: 4, Poll: "1ms..2ms", Timeout: time.Hour, From: "2026-11-01", Times: "iso"}
	o.Getenv = func(name string) string {
		return map[string]string{"GENESYS_CLIENT_ID": x.login.ID, "GENESYS_CLIENT_SECRET": x.login.Secret}[name]
	}
	o.Select = []string{"conversation.id", "timestamp", "attributes.custom.note", "metrics.queuetime.ms", "participantCount"}
	if change != nil {
		change(o)
	}
	err := Run(x.t.Context(), o)
	return out.String(), err
}

const csvHead = "conversation.id,timestamp,attributes.custom,metrics.queuetime.ms,participantCount\r\n"

func csvRow(i int) string {
	return fmt.Sprintf("c-%03d,2026-11-01T00:%02d:00.000Z,\"{\"\"note\"\":\"\"=1,\\\"\"x\\\"\"\"\"}\",,1\r\n", i, i)
}

func TestRowsOnAStream(t *testing.T) {
	unraced.Test(t)
	x := newRig(t, 10)
	got, err := x.run(func(o *Options) { o.Format = "csv" })
	want := csvHead
	for i := range 10 {
		want += csvRow(i)
	}
	if err != nil || got != want {
		t.Errorf("%v\ngot\n%s\nwant\n%s", err, got, want)
	}
	got, err = x.run(func(o *Options) { o.Select = []string{"conversation.id"} })
	if err != nil || strings.Count(got, "\n") != 10 || !strings.HasPrefix(got, `{"conversation.id":"c-000"}`+"\n") {
		t.Errorf("%v\n%s", err, got)
	}
	got, err = x.run(func(o *Options) { o.Select, o.Group = []string{"participantCount"}, []string{"interaction.type"} })
	if err != nil || got != `{"interaction.type":"voice","count":10,"participantCount":10}`+"\n" {
		t.Errorf("%v\n%s", err, got)
	}
	if got, err := x.run(func(o *Options) { o.From, o.Format = "2026-11-02", "csv" }); err != nil || got != csvHead {
		t.Errorf("no rows: %q, %v", got, err)
	}
}

// Cut off after any page and run again, the file is the same as that of a run that was not.
func TestRowsGoOn(t *testing.T) {
	unraced.Test(t)
	x := newRig(t, 10) // three pages
	for _, name := range []string{"rows.csv", "rows.ndjson"} {
		whole := filepath.Join(t.TempDir(), name)
		if _, err := x.run(func(o *Options) { o.Out = whole }); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(whole)
		if err != nil {
			t.Fatal(err)
		}
		for cut := range int64(3) {
			out := filepath.Join(t.TempDir(), name)
			x.pages.Store(cut)
			if _, err := x.run(func(o *Options) { o.Out = out }); err == nil {
				t.Fatal("the proxy has failed, and the command has not")
			}
			if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("cut after %d pages: the file is there, %v", cut, err)
			}
			spoilt(t, out+".part") // as a power cut leaves what was not noted
			x.pages.Store(-1)
			before := x.asked.Load()
			said, err := x.run(func(o *Options) { o.Out, o.JSON = out, true })
			got, failed := os.ReadFile(out)
			if err != nil || failed != nil || !bytes.Equal(got, want) || x.asked.Load() != before || !strings.Contains(said, `"rows":10`) {
				t.Errorf("cut after %d pages: %v, %v, %d submissions more, said %s, got\n%s", cut, err, failed, x.asked.Load()-before, said, got)
			}
			left, err := os.ReadDir(filepath.Dir(out))
			if err != nil || len(left) != 1 {
				t.Errorf("left: %v, %v", left, err)
			}
		}
	}
}

func spoilt(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("half a ro")
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// Another request begins anew, and so does one whose report is gone.
func TestRowsBeginAnew(t *testing.T) {
	unraced.Test(t)
	x := newRig(t, 10)
	out := filepath.Join(t.TempDir(), "rows.ndjson")
	fail := func() {
		t.Helper()
		x.pages.Store(1)
		if _, err := x.run(func(o *Options) { o.Out = out }); err == nil {
			t.Fatal("the proxy has failed, and the command has not")
		}
		x.pages.Store(-1)
	}
	fail()
	if _, err := x.run(func(o *Options) { o.Out, o.Select = out, []string{"timestamp"} }); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil || strings.Count(string(text), `{"timestamp":`) != 10 || strings.Contains(string(text), "c-000") {
		t.Errorf("%v\n%s", err, text)
	}
	fail()
	note, err := os.ReadFile(out + ".part.json")
	if err != nil {
		t.Fatal(err)
	}
	_, id, _ := strings.Cut(string(note), `"queryId":"`)
	gone := strings.Replace(string(note), id[:36], "00000000-0000-4000-8000-000000000000", 1)
	if err := os.WriteFile(out+".part.json", []byte(gone), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := x.run(func(o *Options) { o.Out = out }); !errors.Is(err, fault.Expired) {
		t.Errorf("the report is gone: %v", err)
	}
	if _, err := x.run(func(o *Options) { o.Out = out }); err != nil {
		t.Errorf("and then: %v", err)
	}
}

func TestRowsThatAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "body.json")
	if err := os.WriteFile(file, []byte(`{"filter":"c-1","interval":"2026-11-01T00:00:00Z/P1D"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	known := func(name string) string {
		return map[string]string{"GENESYS_CLIENT_ID": "me", "GENESYS_CLIENT_SECRET": "x", "GENESYS_ENVIRONMENT": "nowhere.example"}[name]
	}
	for want, change := range map[string]func(*Options){
		"did you mean metrics.queuetime.ms":        func(o *Options) { o.Select = []string{"metrics.quetime.ms"} },
		"parley rows takes an asynchronous":        func(o *Options) { o.File, o.From, o.Select = file, "", nil },
		"there is no file":                         func(o *Options) { o.File, o.From, o.Select = file+"x", "", nil },
		"cannot be given beside it":                func(o *Options) { o.File = file },
		"say which rows":                           func(o *Options) { o.Select = nil },
		"--from: \"soon\" is not a day":            func(o *Options) { o.From = "soon" },
		"--to: \"soon\" is not a day":              func(o *Options) { o.To = "soon" },
		"end must lie after start":                 func(o *Options) { o.To = o.From },
		"ndjson or csv, and not as xml":            func(o *Options) { o.Format = "xml" },
		"and not as parquet":                       func(o *Options) { o.Out = "rows.parquet" },
		"is a folder; --out names a file":          func(o *Options) { o.Out = os.TempDir() },
		"--bom and --safe are about CSV":           func(o *Options) { o.Safe = true },
		"--page-size must lie between 1 and 10000": func(o *Options) { o.PageSize = 10_001 },
		"--timeout must be positive":               func(o *Options) { o.Timeout = 0 },
		"--poll must look like":                    func(o *Options) { o.Poll = "often" },
		"group has nothing to sum":                 func(o *Options) { o.Select, o.Group = []string{"interaction.type"}, []string{"interaction.type"} },
		"set GENESYS_CLIENT_ID":                    func(o *Options) { o.Getenv = func(string) string { return "" } },
	} {
		o := &Options{Streams: &ui.Streams{Out: io.Discard, Err: io.Discard}, From: "2026-11-01", Select: []string{"timestamp"}, PageSize: 1, Poll: "1s..2s", Timeout: time.Hour, Times: "iso", Getenv: known}
		change(o)
		if err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
