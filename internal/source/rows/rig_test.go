package rows_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/recordschema"
	"github.com/parley-hq/parley/internal/source/rows"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/sandboxtest"
)

const plain = `{"select":["interaction.type","attributes.custom.*","metrics.handledtime.ms"]}`

// rig is a server of rows and a lake, and an extraction from the one into the other.
type rig struct {
	t      *testing.T
	lake   *lake.Lake
	client client.Config
	body   string
	schema *recordschema.Schema // nil for the one that is built in
	strict bool
	door   *recordschema.Door // of the last run
	from   *rows.Reports
	cfg    extract.Config
}

// newRig prepares an extraction of some days.
func newRig(t *testing.T, first conversation.Day, days int, from client.Config) *rig {
	t.Helper()
	l, err := lake.Create(t.Context(), filepath.Join(t.TempDir(), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	from.RequestsPerMinute, from.Attempts, from.First, from.Most, from.PollFirst = -1, 3, time.Microsecond, time.Microsecond, time.Microsecond
	from.PollMost = from.PollFirst
	r := &rig{t: t, lake: l, client: from, body: plain}
	r.cfg = extract.Config{
		Name: "https://api.rows.test", Lake: l, Control: l.Control(), First: first, End: first + conversation.Day(days), Tolerance: 0.05,
		Poll: platform.Poll{First: time.Microsecond, Most: time.Microsecond}, Size: extract.Size{Page: 1000, Job: 100_000, Commit: 50_000},
		Rand: rand.New(rand.NewPCG(1, 2)), Now: func() time.Time { return time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC) },
	}
	return r
}

// ofSandbox says how a sandbox is reached.
func ofSandbox(s *sandboxtest.Sandbox) client.Config {
	return client.Config{BaseURL: s.URL, ClientID: s.ClientID, ClientSecret: s.ClientSecret}
}

func (r *rig) asking() *client.Client {
	r.t.Helper()
	c, err := client.New(r.client)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// run extracts as a process that has just been started does, and checks the lake after it.
func (r *rig) run(ctx context.Context) (extract.Summary, error) {
	r.t.Helper()
	body, err := rows.ParseBody([]byte(r.body))
	if err != nil {
		r.t.Fatal(err)
	}
	r.from = rows.New(r.asking(), body, r.cfg.Poll, slog.New(slog.DiscardHandler))
	schema := r.schema
	if schema == nil {
		schema = body.Schema()
	}
	r.door = recordschema.NewRowDoor(schema, r.strict)
	cfg := r.cfg
	cfg.Platform, cfg.RowReport, cfg.Noticed, cfg.Door = r.from, body.Fingerprint(), r.from.Warnings, rows.NewDoor(r.door).Record
	s, err := extract.New(cfg).Run(ctx)
	if report, damage := lake.Check(r.t.Context(), r.lake, nil); damage != nil || report.Unsettled > 0 {
		r.t.Errorf("the lake after %v: %v, %+v", err, damage, report)
	}
	return s, err
}

func (r *rig) mustRun() extract.Summary {
	r.t.Helper()
	s, err := r.run(r.t.Context())
	if err != nil {
		r.t.Fatalf("%v\n%+v", err, s)
	}
	return s
}

// records gives the records of the lake, in order.
func (r *rig) records() (out [][]byte) {
	r.t.Helper()
	s, err := r.lake.Snapshot(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	defer s.Close()
	for _, f := range s.Files(tables.Conversations) {
		for v, err := range datafile.Versions(r.t.Context(), f) {
			if err != nil {
				r.t.Fatal(err)
			}
			out = append(out, bytes.Clone(v.JSON))
		}
	}
	return out
}

// rows gives the rows of the lake, in order.
func (r *rig) rows() (out []string) {
	r.t.Helper()
	for _, record := range r.records() {
		all, is := wire.RowsOf(record)
		if !is || len(all) == 0 {
			r.t.Errorf("a record without rows: %.200s", record)
		}
		for _, row := range all {
			out = append(out, string(row))
		}
	}
	return out
}

// truth gives the rows that the server has of the days, asked for in one report.
func (r *rig) truth() (out []string) {
	r.t.Helper()
	body, err := rows.ParseBody([]byte(r.body))
	if err != nil {
		r.t.Fatal(err)
	}
	request, err := json.Marshal(map[string]any{
		"start": conversation.FormatTime(r.cfg.First.Start()), "end": conversation.FormatTime(r.cfg.End.Start()), "select": body.Select, "filter": body.Filter,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	for row, err := range r.asking().Rows(r.t.Context(), request) {
		if err != nil {
			r.t.Fatal(err)
		}
		out = append(out, string(row))
	}
	return out
}

// wantRows compares the rows of the lake with others.
func (r *rig) wantRows(want []string) {
	r.t.Helper()
	if got := r.rows(); !slices.Equal(got, want) || len(want) == 0 {
		r.t.Errorf("the lake has %d rows, want %d:\n%s\nwant\n%s", len(got), len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// report is one that a fake server was asked for.
type report struct {
	id         int
	start, end time.Time
	filtered   bool
	deleted    bool
}

// fake is a server of row reports whose every answer the test gives. It has one page of rows for each list of pages, those
// that lie in a report's time.
type fake struct {
	t     *testing.T
	pages func(report) [][]string // of a report: rows
	state func(report) string     // the status of a report; nil for one that is completed
	takes bool                    // its reports take in what starts at their end
	count int64                   // of the synchronous query; -1: it fails

	mu      sync.Mutex
	reports []report
	fetched []string // report and page
}

func (f *fake) config() client.Config {
	return client.Config{BaseURL: "http://127.0.0.1:1", ClientID: "me", ClientSecret: "hush", Transport: f}
}

// RoundTrip implements http.RoundTripper.
func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	status, text := f.answer(r, body)
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(text)), Request: r,
	}, nil
}

func (f *fake) answer(r *http.Request, body []byte) (int, string) {
	rest, isReport := strings.CutPrefix(r.URL.Path, wire.PathReports+"/")
	switch {
	case strings.HasSuffix(r.URL.Path, "/oauth/token"):
		return 200, `{"access_token":"t","token_type":"bearer","expires_in":86400}`
	case strings.HasSuffix(r.URL.Path, "/availability"):
		return 200, `{"dataAvailabilityDate":"2026-11-19T00:00:00.000Z"}`
	case isReport:
		return f.ofReport(r, rest)
	case r.URL.Path == wire.PathQuery:
		return f.query(body)
	}
	return 404, `{"message":"no"}`
}

func (f *fake) query(body []byte) (int, string) {
	var asked struct {
		Start  time.Time       `json:"start"`
		End    time.Time       `json:"end"`
		Select []string        `json:"select"`
		Filter json.RawMessage `json:"filter"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		f.t.Error(err)
	}
	if asked.Select == nil {
		if f.count < 0 {
			return 403, `{"message":"no"}`
		}
		return 200, fmt.Sprintf(`{"totalHits":%d}`, f.count)
	}
	f.reports = append(f.reports, report{len(f.reports) + 1, asked.Start, asked.End, asked.Filter != nil, false})
	return 202, fmt.Sprintf(`{"queryId":"q%d","status":"pending"}`, len(f.reports))
}

func (f *fake) ofReport(r *http.Request, rest string) (int, string) {
	name, _, _ := strings.Cut(rest, "/")
	n, err := strconv.Atoi(strings.TrimPrefix(name, "q"))
	if err != nil || n < 1 || n > len(f.reports) || f.reports[n-1].deleted {
		return 404, `{"message":"no such report"}`
	}
	switch {
	case r.Method == http.MethodDelete:
		f.reports[n-1].deleted = true
		return 204, ""
	case strings.HasSuffix(rest, "/results"):
		return f.page(f.reports[n-1], r.URL.Query().Get("pageToken"))
	case f.state != nil:
		return 200, f.state(f.reports[n-1])
	}
	return 200, fmt.Sprintf(`{"status":"completed","progress":0.1,"count":%d}`, len(slices.Concat(f.own(f.reports[n-1])...)))
}

// own are the rows of a report, page by page.
func (f *fake) own(r report) (pages [][]string) {
	for _, page := range f.pages(r) {
		mine := slices.DeleteFunc(slices.Clone(page), func(text string) bool {
			var row struct {
				Timestamp time.Time `json:"timestamp"`
			}
			if json.Unmarshal([]byte(text), &row) != nil || row.Timestamp.IsZero() {
				return false
			}
			return row.Timestamp.Before(r.start) || row.Timestamp.After(r.end) || row.Timestamp.Equal(r.end) && !f.takes
		})
		pages = append(pages, mine)
	}
	return pages
}

func (f *fake) page(r report, token string) (int, string) {
	n := 0
	if token != "" {
		n, _ = strconv.Atoi(strings.TrimPrefix(token, "p"))
	}
	f.fetched = append(f.fetched, fmt.Sprintf("%d/%d", r.id, n))
	pages, next := f.own(r), "null"
	if n < len(pages)-1 {
		next = fmt.Sprintf(`"p%d"`, n+1)
	}
	return 200, `{"data":[` + strings.Join(pages[n], ",") + `],"nextPageToken":` + next + `}`
}

// started gives the hours that reports were over, such as "01T00+24h", those of counts with "?".
func (f *fake) started() (out []string) {
	for _, r := range f.reports {
		out = append(out, r.start.Format("02T15")+"+"+strings.TrimSuffix(r.end.Sub(r.start).String(), "0m0s"))
	}
	return out
}

// undeleted counts the reports that are left.
func (f *fake) undeleted() (n int) {
	for _, r := range f.reports {
		if !r.deleted {
			n++
		}
	}
	return n
}

var day = conversation.DayOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))

// row makes a row of a conversation that starts at an hour of the first day, "12:30".
func row(medium, id, at string) string {
	if !strings.Contains(at, "T") {
		at = "2026-11-01T" + at
	}
	return fmt.Sprintf(`{"interaction.id":"%s-%s","conversation.id":%q,"timestamp":"%s:00.000Z","interaction.type":%q,"attributes.custom":null,"metrics.handledtime.ms":7}`, medium, id, id, at, medium)
}

// newFake prepares an extraction of a day from a fake server.
func newFake(t *testing.T, pages ...[]string) (*rig, *fake) {
	t.Helper()
	f := &fake{t: t, pages: func(report) [][]string { return pages }}
	for _, p := range pages {
		f.count += int64(len(p))
	}
	r := newRig(t, day, 1, f.config())
	r.cfg.Tolerance = 0
	return r, f
}

// said is an error's text, or nothing.
func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// unbounded is a fake server that gives all of its rows, whatever is asked for.
type unbounded struct{ *fake }

// RoundTrip implements http.RoundTripper.
func (u unbounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/results") {
		return u.fake.RoundTrip(r)
	}
	text := `{"data":[` + strings.Join(u.pages(report{})[0], ",") + `],"nextPageToken":null}`
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}
