package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/meter"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

// fakeViews answer from a few records, in order of start, and misbehave on request.
type fakeViews struct {
	records []conversation.Record
	err     error         // if set, comes in place of an answer
	breaks  error         // if set, comes after the records
	panics  bool          // if set, so does a panic
	stuck   chan struct{} // if set, closed when a query is waiting for the end of its context
	takes   time.Duration // how long a count takes
	deaf    chan struct{} // if set, a count ends when it is closed, and not when it is told to
	open    atomic.Int64  // views that were not closed
	mu      sync.Mutex
	asked   []query.Query
}

func (v *fakeViews) Live(context.Context) (engine.Engine, error) {
	if v.panics {
		panic("secret of the engine")
	}
	v.open.Add(1)
	return fakeView{v}, v.err
}

func (v *fakeViews) Settled(ctx context.Context) (engine.Engine, error) { return v.Live(ctx) }

func (v *fakeViews) Available(context.Context) (time.Time, error) {
	return day.Add(18 * time.Hour), nil
}

type fakeView struct{ *fakeViews }

func (v fakeView) Close() error {
	v.open.Add(-1)
	return nil
}

func (v fakeView) Count(ctx context.Context, q query.Query) (int64, error) {
	if err := v.wait(ctx); err != nil {
		return 0, err
	}
	return int64(len(v.matching(q))), nil
}

func (v fakeView) wait(ctx context.Context) error {
	if v.deaf != nil {
		<-v.deaf
	}
	if v.takes > 0 {
		select {
		case <-time.After(v.takes):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return v.stick(ctx)
}

func (v fakeView) stick(ctx context.Context) error {
	if v.stuck == nil {
		return nil
	}
	close(v.stuck)
	<-ctx.Done()
	return fault.Because(fault.Corrupt, ctx.Err(), "an engine's own words")
}

func (v fakeView) matching(q query.Query) []conversation.Record {
	v.mu.Lock()
	v.asked = append(v.asked, q)
	v.mu.Unlock()
	var out []conversation.Record
	for _, r := range v.records {
		if q.Matches(r.Start, r.End) {
			out = append(out, r)
		}
	}
	return out
}

func (v fakeView) Records(ctx context.Context, q query.Query, limit, offset int) iter.Seq2[conversation.Record, error] {
	if err := v.stick(ctx); err != nil {
		return failing(err)
	}
	found := v.matching(q)
	found = found[min(offset, len(found)):]
	if limit > 0 {
		found = found[:min(limit, len(found))]
	}
	if v.breaks != nil {
		return func(yield func(conversation.Record, error) bool) {
			each(found)(yield)
			yield(conversation.Record{}, v.breaks)
		}
	}
	return each(found)
}

// Facets says of every aggregation that its values are a, twice as often as there are records, and "", once.
func (v fakeView) Facets(_ context.Context, q query.Query, aggregations []query.Aggregation) ([]query.Facet, error) {
	n := int64(len(v.matching(q)))
	var out []query.Facet
	for _, a := range aggregations {
		f := query.Facet{Aggregation: a}
		switch {
		case n == 0:
		case a.Type == query.TermFrequency:
			f.Count, f.Entries = 2*n+1, []query.Entry{{Value: "a", Count: 2 * n}, {Value: "", Count: 1}}
		default:
			for _, r := range a.Ranges {
				f.Entries = append(f.Entries, query.Entry{Range: r, Count: n})
				f.Count += n
			}
		}
		out = append(out, f)
	}
	return out, nil
}

func (v fakeView) ByID(ctx context.Context, ids []conversation.ID) iter.Seq2[conversation.Record, error] {
	if err := v.wait(ctx); err != nil {
		return failing(err)
	}
	return each(slices.DeleteFunc(slices.Clone(v.records), func(r conversation.Record) bool { return !slices.Contains(ids, r.ID) }))
}

func failing(err error) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) { yield(conversation.Record{}, err) }
}

func each(records []conversation.Record) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

var day = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// someRecords makes n conversations, one a minute from the beginning of day on, each with an attribute.
func someRecords(n int) []conversation.Record {
	out := make([]conversation.Record, n)
	for i := range out {
		start := day.Add(time.Duration(i) * time.Minute)
		text := fmt.Sprintf(`{"conversationEnd":%q,"conversationId":"c-%04d","conversationStart":%q,"participants":[{"purpose":"acd","attributes":{"k":"v"}}]}`,
			conversation.FormatTime(start.Add(time.Minute)), i, conversation.FormatTime(start))
		r, err := wire.Record([]byte(text))
		if err != nil {
			panic(err)
		}
		out[i] = r
	}
	return out
}

// fixture is a server over fake views, its service of jobs, and a token for the first of its two clients.
type fixture struct {
	t       *testing.T
	views   *fakeViews
	server  *Server
	handler http.Handler
	token   string
	log     *lockedBuffer
	dir     string // of results
	access  *access.Store
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// test runs f in a bubble of fake time, with a fixture over n records; change may be nil.
func test(t *testing.T, n int, change func(*Config), f func(*fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x := newFixture(t, n, change)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- x.server.cfg.Jobs.Run(ctx) }()
		f(x)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func newFixture(t *testing.T, n int, change func(*Config)) *fixture {
	t.Helper()
	x := &fixture{t: t, views: &fakeViews{records: someRecords(n)}, log: &lockedBuffer{}, dir: t.TempDir(), access: access.InMemory(time.Now)}
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	views, meter := map[string]engine.Views{"org-1": x.views, "org-2": x.views}, meter.New()
	jobs, err := job.New(t.Context(), job.Config{
		DB: db, Views: views, Home: job.InFolder(x.dir), Now: time.Now, Limits: job.Limits{Open: 3}, Meter: meter,
	})
	if err != nil {
		t.Fatal(err)
	}
	x.client(access.Client{ID: "client-1", Organization: "org-1"}, "secret-1")
	x.client(access.Client{ID: "client-2", Organization: "org-2", TokenLifetime: 5 * time.Minute}, "secret-2")
	c := Config{Views: views, Jobs: jobs, Access: x.access, Now: time.Now, Meter: meter, Log: slog.New(slog.NewJSONHandler(x.log, nil))}
	if change != nil {
		change(&c)
	}
	if x.server, err = New(c); err != nil {
		t.Fatal(err)
	}
	x.handler = x.server.Handler()
	x.token = x.login("client-1", "secret-1")
	return x
}

// client makes a client known.
func (x *fixture) client(c access.Client, secret string) {
	x.t.Helper()
	c.Name = "a test"
	if err := x.access.Fix(c, secret); err != nil {
		x.t.Fatal(err)
	}
}

// request makes a request with the fixture's token and, if there is a body, the content type of JSON.
func (x *fixture) request(method, target, body string) *http.Request {
	r := httptest.NewRequestWithContext(x.t.Context(), method, target, strings.NewReader(body))
	if x.token != "" {
		r.Header.Set("Authorization", "Bearer "+x.token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func (x *fixture) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	x.handler.ServeHTTP(w, r)
	return w
}

// ask sends a request and wants a status.
func (x *fixture) ask(status int, method, target, body string) string {
	x.t.Helper()
	w := x.do(x.request(method, target, body))
	if w.Code != status {
		x.t.Fatalf("%s %s: got %d, want %d: %s", method, target, w.Code, status, w.Body)
	}
	return w.Body.String()
}

func (x *fixture) login(id, secret string) string {
	x.t.Helper()
	r := httptest.NewRequest("POST", "/oauth/token", strings.NewReader("grant_type=client_credentials"))
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(id+":"+secret)))
	w := x.do(r)
	var body struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != http.StatusOK || body.Token == "" {
		x.t.Fatalf("login: got %d, %v", w.Code, err)
	}
	return body.Token
}

const (
	details  = "/api/v2/analytics/conversations/details"
	wholeDay = `{"interval":"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z"}`
)

// submit submits a job for the whole day.
func (x *fixture) submit() job.ID {
	x.t.Helper()
	var body wire.Submitted
	if err := json.Unmarshal([]byte(x.ask(http.StatusAccepted, "POST", details+"/jobs", wholeDay)), &body); err != nil {
		x.t.Fatal(err)
	}
	return body.JobID
}

// fulfilled submits a job and waits until it is done.
func (x *fixture) fulfilled() string {
	x.t.Helper()
	path := details + "/jobs/" + string(x.submit())
	synctest.Wait()
	if got := x.ask(http.StatusOK, "GET", path, ""); !strings.Contains(got, `"FULFILLED"`) {
		x.t.Fatalf("job: got %s", got)
	}
	return path
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
