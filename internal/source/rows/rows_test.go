package rows_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/source/rows"
	"github.com/parley-hq/parley/sandboxtest"
	"github.com/parley-hq/parley/test/unraced"
)

// sandbox has four days up to noon of 8 November, the first three of which are complete.
func sandbox(t *testing.T) (*sandboxtest.Sandbox, conversation.Day) {
	t.Helper()
	s := sandboxtest.New(t, sandboxtest.Days(4), sandboxtest.Steady(40), sandboxtest.RateLimit(1_000_000))
	return s, conversation.DayOf(s.Available()) - 3
}

func TestALakeHasTheRowsOfTheServer(t *testing.T) {
	unraced.Test(t)
	s, first := sandbox(t)
	for _, filter := range []string{"", `,"filter":{"type":"and","clauses":[{"type":"field","path":"interaction.type","operator":"eq","value":"voice"}]}`} {
		r := newRig(t, first, 3, ofSandbox(s))
		r.body = strings.TrimSuffix(plain, "}") + filter + "}"
		if filter != "" {
			r.cfg.Tolerance, r.cfg.Parallel, r.cfg.Ahead, r.cfg.Size = 0, 3, true, extract.Size{Page: 7, Job: 1, Commit: 20}
		}
		sum := r.mustRun()
		want := r.truth()
		r.wantRows(want)
		if sum.Days != 3 || len(sum.Drift) > 0 || len(sum.Warnings) > 0 || r.door.Warning() != "" || filter == "" && sum.Counted != 3 {
			t.Errorf("%+v, %s", sum, r.door.Warning())
		}
		if all := len(s.Records(first.Start(), (first + 3).Start())); (filter == "") != (sum.Added == int64(all)) {
			t.Errorf("%d conversations of %d", sum.Added, all)
		}
		if again := r.mustRun(); again.Jobs != 0 {
			t.Errorf("what is whole was read again: %+v", again)
		}
	}
	submitted, deleted := 0, 0
	for _, q := range s.Requests() {
		switch {
		case q.Method == http.MethodPost && q.Status == http.StatusAccepted:
			submitted++
		case q.Method == http.MethodDelete && q.Status == http.StatusNoContent:
			deleted++
		}
	}
	if submitted != deleted || deleted == 0 {
		t.Errorf("%d reports were submitted, %d deleted", submitted, deleted)
	}
}

// media writes conversations of several media, a minute apart and, of each three, at one instant, and gives a sandbox of them.
func media(t *testing.T, n int) (*sandboxtest.Sandbox, conversation.Day) {
	t.Helper()
	var text strings.Builder
	for i := range n {
		at := conversation.FormatTime(day.Start().Add(time.Duration(i/3) * time.Minute))
		var sessions []string
		for m, medium := range []string{"voice", "chat", "email", "callback"}[:1+i%4] {
			sessions = append(sessions, fmt.Sprintf(`{"sessionId":"s%d","mediaType":%q,"metrics":[{"name":"tHandle","value":%d,"emitDate":%q}]}`, m, medium, 100*i+m, at))
		}
		fmt.Fprintf(&text, `{"conversationId":"c-%02d","conversationStart":%q,"conversationEnd":%q,"participants":[{"participantId":"p","purpose":"customer","sessions":[%s]}]}`+"\n",
			i, at, at, strings.Join(sessions, ","))
	}
	path := filepath.Join(t.TempDir(), "records.ndjson")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s := sandboxtest.New(t, sandboxtest.Records(path), sandboxtest.At(time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)), sandboxtest.RateLimit(1_000_000))
	return s, day
}

// Whatever the size of pages, and wherever they are cut, the rows of a conversation come together.
func TestConversationsOverPages(t *testing.T) {
	unraced.Test(t)
	s, first := media(t, 11)
	for size := 1; size <= 5; size++ {
		for _, ahead := range []bool{false, true} {
			r := newRig(t, first, 1, ofSandbox(s))
			r.cfg.Size.Page, r.cfg.Ahead = size, ahead
			sum := r.mustRun()
			r.wantRows(sorted(r.truth()))
			if sum.Added != 11 || sum.Conflicts+sum.Duplicates+sum.Rejected > 0 {
				t.Errorf("pages of %d: %+v", size, sum)
			}
		}
	}
}

// sorted brings the rows of each conversation in order of their ids, which is that of media and not of first appearance.
func sorted(rows []string) []string {
	type keyed struct{ at, conversation, interaction, text string }
	var all []keyed
	for _, text := range rows {
		var members map[string]any
		_ = json.Unmarshal([]byte(text), &members)
		all = append(all, keyed{members["timestamp"].(string), members["conversation.id"].(string), members["interaction.id"].(string), text})
	}
	slices.SortFunc(all, func(a, b keyed) int {
		return strings.Compare(a.at+a.conversation+a.interaction, b.at+b.conversation+b.interaction)
	})
	out := make([]string, len(all))
	for i, k := range all {
		out[i] = k.text
	}
	return out
}

// stopping ends a context when so many pages were asked for: the process is killed there.
type stopping struct {
	http.RoundTripper

	pages int
	kill  context.CancelFunc
	asked int
}

// RoundTrip implements http.RoundTripper.
func (s *stopping) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/results") {
		if s.asked++; s.asked > s.pages {
			s.kill()
			return nil, context.Canceled
		}
	}
	return s.RoundTripper.RoundTrip(r)
}

// Killed after any page and begun again, the lake is that of a run that was not; the report is gone on with, at the page before.
func TestKilledAtAPage(t *testing.T) {
	unraced.Test(t)
	s, first := media(t, 7)
	whole := newRig(t, first, 1, ofSandbox(s))
	whole.mustRun()
	want := whole.rows()
	for _, size := range []int{1, 3} {
		for pages := range (len(want) + size - 1) / size {
			r := newRig(t, first, 1, ofSandbox(s))
			r.cfg.Size.Page = size
			ctx, kill := context.WithCancel(t.Context())
			stop := &stopping{RoundTripper: http.DefaultTransport, pages: pages, kill: kill}
			r.client.Transport = stop
			if _, err := r.run(ctx); err == nil {
				t.Fatalf("pages of %d, after %d: it was not killed", size, pages)
			}
			rest := &stopping{RoundTripper: http.DefaultTransport, pages: 1000}
			r.client.Transport = rest
			sum := r.mustRun()
			r.wantRows(want)
			if !sum.Resumed || sum.Jobs != 1 || sum.Conflicts+sum.Rejected > 0 {
				t.Errorf("pages of %d, killed after %d: %+v", size, pages, sum)
			}
			// What was staged is not read again, but for the pages of what was held: three conversations of up to four rows.
			if most := (len(want)+size-1)/size - pages + 12/size + 2; rest.asked > most {
				t.Errorf("pages of %d, killed after %d: %d pages were read, want %d at most", size, pages, rest.asked, most)
			}
			kill()
		}
	}
}

func TestServersThatMisbehave(t *testing.T) {
	unraced.Test(t)
	s, first := sandbox(t)
	for name, f := range map[string]sandboxtest.Fault{
		"429":                   {Route: "report-results", Nth: 3, Times: 2, Answer: &sandboxtest.Answer{Status: 429}},
		"503":                   {Route: "report-results", Every: 4, Answer: &sandboxtest.Answer{Status: 503}},
		"a page that is cut":    {Route: "report-results", Nth: 2, Times: 2, Cut: &sandboxtest.Cut{Share: 0.5}},
		"a token that expires":  {Route: "report-results", Nth: 4, Times: 1, ExpireToken: true},
		"a report that is gone": {Route: "report-status", Nth: 1, Times: 1, Answer: &sandboxtest.Answer{Status: 404}},
		"a token of no page":    {Route: "report-results", Nth: 5, Times: 1, Answer: &sandboxtest.Answer{Status: 400}},
		"one that failed":       {Route: "report-status", Nth: 1, Times: 1, Answer: &sandboxtest.Answer{Status: 200, Body: `{"status":"failed","error":"no"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, first, 3, ofSandbox(s))
			r.cfg.Size.Page = 10
			want := r.truth()
			s.Fault(f)
			defer s.Mend()
			sum := r.mustRun()
			r.wantRows(want)
			if sum.Conflicts+sum.Rejected > 0 || s.Faults()[0].Fired == 0 {
				t.Errorf("%+v, %+v", sum, s.Faults())
			}
		})
	}
}

// A report of which the server could not read a part is asked for again in pieces of six hours; the rest is taken, the day is not
// whole, and comes when it can be read.
func TestPartialReports(t *testing.T) {
	unraced.Test(t)
	s, first := sandbox(t)
	r := newRig(t, first, 3, ofSandbox(s))
	want := r.truth()
	s.Fault(sandboxtest.Fault{Route: "query", Unreadable: (first + 1).String()})
	sum, err := r.run(t.Context())
	if !errors.Is(err, fault.Incomplete) || !slices.Equal(sum.Missing, []conversation.Day{first + 1}) || sum.Days != 2 {
		t.Errorf("%v, %+v", err, sum)
	}
	if len(sum.Warnings) != 1 || !strings.Contains(sum.Warnings[0], "could not read all data of "+(first+1).String()+"T00:00:00.000Z/"+(first+1).String()+"T06:00:00.000Z") {
		t.Errorf("warnings %q", sum.Warnings)
	}
	s.Mend()
	sum = r.mustRun()
	r.wantRows(want)
	if sum.Days != 1 {
		t.Errorf("%+v", sum)
	}
}

// What changes in a row is replaced, and the place of it noted.
func TestAChangedRowIsNoted(t *testing.T) {
	unraced.Test(t)
	s, first := sandbox(t)
	r := newRig(t, first, 3, ofSandbox(s))
	r.mustRun()
	ids := s.Rewrite(sandboxtest.Rewriting{Older: 60 * time.Hour, Count: 1, Patch: json.RawMessage(`{"participants":[{"participantId":"p","purpose":"customer",
		"attributes":{"segment":"enterprise"},"sessions":[{"sessionId":"s","mediaType":"voice"}]}]}`)})
	s.NextBatch()
	r.cfg.Again = conversation.Days{First: first, End: first + 3}
	if sum := r.mustRun(); sum.Replaced != 1 {
		t.Errorf("%+v", sum)
	}
	r.wantRows(r.truth())
	snapshot, err := r.lake.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	noted := 0
	for c, err := range snapshot.Changes(t.Context(), lake.Wanted{Days: conversation.Days{First: first, End: first + 3}}) {
		if err != nil {
			t.Fatal(err)
		}
		if noted++; string(c.ID) != ids[0] || !strings.HasPrefix(c.Path, "/rows/[interaction.id=") {
			t.Errorf("of %s: %s", c.ID, c.Path)
		}
	}
	if noted == 0 {
		t.Error("no change is noted")
	}
}

// A day without a row is whole when nothing happened, which the query says, or, where there is a filter, another report.
func TestEmptyDays(t *testing.T) {
	filter := strings.TrimSuffix(plain, "}") + `,"filter":{"type":"field","path":"interaction.type","operator":"eq","value":"fax"}}`
	for name, c := range map[string]struct {
		body  string
		count int64
		whole bool
	}{
		"nothing happened": {plain, 0, true},
		"something did":    {plain, 3, false},
		"with a filter":    {filter, 3, true},
	} {
		t.Run(name, func(t *testing.T) {
			r, f := newFake(t, []string{})
			r.body, f.count = c.body, c.count
			sum, err := r.run(t.Context())
			if (err == nil) != c.whole || (len(sum.Empty) == 1) != c.whole || f.undeleted() > 0 {
				t.Errorf("%v, %+v; %d reports are left", err, sum, f.undeleted())
			}
		})
	}
}

// A filter of rows is of the lake, as that of conversations is.
func TestALakeHasOneBody(t *testing.T) {
	r, _ := newFake(t, []string{row("voice", "a", "12:00")})
	r.mustRun()
	known, err := extract.Known(t.Context(), r.lake.Control())
	body, parsing := rows.ParseBody([]byte(plain))
	if err := errors.Join(err, parsing); err != nil || known.Report != body.Fingerprint() {
		t.Errorf("the lake knows %+v, %v", known, err)
	}
	r.body = `{"select":["interaction.type"]}`
	if _, err := r.run(t.Context()); !errors.Is(err, fault.Invalid) || !strings.Contains(said(err), "--rows gives another one") {
		t.Errorf("another body: %v", err)
	}
	if err := extract.MayImport(t.Context(), r.lake.Control(), r.cfg.Name); !errors.Is(err, fault.Invalid) || !strings.Contains(said(err), "import them into a lake of their own") {
		t.Errorf("an import: %v", err)
	}
}
