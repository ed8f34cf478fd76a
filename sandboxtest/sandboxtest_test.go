package sandboxtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/sandboxtest"
)

// api asks a sandbox as a client of its own.
type api struct {
	t     *testing.T
	s     *sandboxtest.Sandbox
	token string
}

func client(t *testing.T, s *sandboxtest.Sandbox) *api {
	t.Helper()
	a := &api{t: t, s: s}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {s.ClientID}, "client_secret": {s.ClientSecret}}
	var got struct {
		Token string `json:"access_token"`
	}
	if status := a.ask("POST", "/oauth/token", form.Encode(), &got); status != http.StatusOK || got.Token == "" {
		t.Fatalf("login: %d", status)
	}
	a.token = got.Token
	return a
}

// ask asks, decodes what is answered and gives the status.
func (a *api) ask(method, path, body string, into any) (status int) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.s.URL+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if a.token == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	if into != nil && answer.StatusCode < 300 {
		if err := json.Unmarshal(text, into); err != nil {
			a.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return answer.StatusCode
}

const jobs = "/api/v2/analytics/conversations/details/jobs"

// download runs a job over a day and gives its conversations as they came.
func (a *api) download(day string) (records []json.RawMessage) {
	a.t.Helper()
	var job struct{ JobID, State string }
	start, err := time.Parse(time.DateOnly, day)
	if err != nil {
		a.t.Fatal(err)
	}
	a.ask("POST", jobs, fmt.Sprintf(`{"interval":"%s/%s","startOfDayIntervalMatching":true}`, day, start.AddDate(0, 0, 1).Format(time.DateOnly)), &job)
	for job.State != "FULFILLED" {
		if a.ask("GET", jobs+"/"+job.JobID, "", &job); job.State == "FAILED" {
			a.t.Fatal("the job failed")
		}
	}
	for cursor := ""; ; {
		var page struct {
			Conversations []json.RawMessage
			Cursor        string
		}
		if status := a.ask("GET", jobs+"/"+job.JobID+"/results?pageSize=20&cursor="+url.QueryEscape(cursor), "", &page); status != http.StatusOK {
			continue // what a fault does
		}
		records = append(records, page.Conversations...)
		if cursor = page.Cursor; cursor == "" {
			return records
		}
	}
}

func day(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }

func same(t *testing.T, got, want []json.RawMessage) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("got %d records, want %d", len(got), len(want))
	}
	byText := map[string]bool{}
	for _, r := range got {
		byText[string(r)] = true
	}
	for _, r := range want {
		if !byText[string(r)] {
			t.Fatal("a record is not as it should be")
		}
	}
}

// Whoever downloads a day gets what Records says that there is, whatever goes wrong meanwhile.
func TestADayIsDownloadedThroughFaults(t *testing.T) {
	s := sandboxtest.New(t, sandboxtest.RateLimit(100_000))
	name := s.Fault(sandboxtest.Fault{Route: "results", Every: 2, Times: 3, Answer: &sandboxtest.Answer{Status: 429}})
	same(t, client(t, s).download("2026-11-07"), s.Records(day(7), day(8)))
	if all := s.Faults(); len(all) != 1 || all[0].Fired == 0 {
		t.Errorf("the faults are %+v", all)
	}
	harmed := 0
	for _, r := range s.Requests() {
		if r.Fault == name && r.Status == http.StatusTooManyRequests {
			harmed++
		}
	}
	if harmed == 0 {
		t.Error("no request is told of as harmed")
	}
	if s.Mend(name); len(s.Faults()) > 0 {
		t.Error("the fault is still there")
	}
	s.Fault(sandboxtest.Fault{Route: "any", Times: 1, Close: sandboxtest.Before})
	s.Fault(sandboxtest.Fault{Route: "results", Close: sandboxtest.After})
	if s.Mend(); len(s.Faults()) > 0 {
		t.Error("not all faults are mended")
	}
}

func TestTheClockMoves(t *testing.T) {
	s := sandboxtest.New(t, sandboxtest.Steady(20), sandboxtest.RateLimit(100_000))
	a, before := client(t, s), s.Available()
	if !before.After(day(8)) || s.Now() != day(8).Add(12*time.Hour) {
		t.Fatalf("at %v available to %v", s.Now(), before)
	}
	if some := len(s.Records(day(8), day(9))); some == 20 {
		t.Errorf("%d records of a day that has not ended", some)
	}
	if after := s.NextBatch(); !after.After(day(9)) || s.Now().Before(after) {
		t.Fatalf("at %v available to %v", s.Now(), after)
	}
	same(t, a.download("2026-11-08"), s.Records(day(8), day(9)))
	s.Batch(sandboxtest.Batch{Fail: []string{"2026-11-10"}})
	s.SetClock(day(10).Add(6 * time.Hour))
	if s.Available().After(day(10)) {
		t.Error("a batch that fails moves the date")
	}
	s.Advance(24 * time.Hour)
	if !s.Available().After(day(11)) {
		t.Error("the next batch does not move the date")
	}
	if s.Reset(); s.Now() != day(8).Add(12*time.Hour) {
		t.Errorf("after a reset the clock shows %v", s.Now())
	}
}

// What changes later is seen by whoever reads a day again.
func TestRecordsChangeLater(t *testing.T) {
	s := sandboxtest.New(t, sandboxtest.RateLimit(100_000))
	a := client(t, s)
	before := a.download("2026-11-07")
	ids := s.Rewrite(sandboxtest.Rewriting{Older: 12 * 3600e9, Count: 3, Patch: []byte(`{"externalTag":"changed"}`)})
	if len(ids) != 3 {
		t.Fatalf("changed %v", ids)
	}
	s.Drift(sandboxtest.Drift{Pointer: "/participants/0/mood", Value: []byte(`"cheerful"`)})
	same(t, a.download("2026-11-07"), before)
	s.NextBatch()
	after := a.download("2026-11-07")
	same(t, after, s.Records(day(7), day(8)))
	changed := 0
	for _, r := range after {
		if bytes.Contains(r, []byte(`"externalTag":"changed"`)) {
			changed++
		}
	}
	if changed != 3 {
		t.Errorf("%d records have changed, want 3", changed)
	}
	drifted := s.Records(day(8), day(9))
	if len(drifted) == 0 || !bytes.Contains(bytes.Join([][]byte{drifted[len(drifted)-1]}, nil), []byte(`"mood":"cheerful"`)) {
		t.Error("nothing drifts")
	}
}

// A job has the records in the order of Records, and Sleep leaves no job unanswered: one poll is enough.
func TestAJobIsDoneAfterASleepAndHasTheOrderOfRecords(t *testing.T) {
	s := sandboxtest.New(t, sandboxtest.PerDay(200))
	a, before := client(t, s), s.Now()
	var job struct{ JobID, State string }
	a.ask("POST", jobs, `{"interval":"2026-11-07/2026-11-08","startOfDayIntervalMatching":true}`, &job)
	if err := s.Sleep(t.Context(), 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if a.ask("GET", jobs+"/"+job.JobID, "", &job); job.State != "FULFILLED" {
		t.Errorf("the job is %s", job.State)
	}
	if got := s.Now().Sub(before); got != 5*time.Second {
		t.Errorf("%v have passed", got)
	}
	var page struct{ Conversations []json.RawMessage }
	a.ask("GET", jobs+"/"+job.JobID+"/results", "", &page)
	want := s.Records(day(7), day(8))
	if len(want) == 0 || !slices.EqualFunc(page.Conversations, want, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
		t.Errorf("the job has %d records, and Records %d, not in the same order", len(page.Conversations), len(want))
	}
}

// A job that a fault has stuck is no reason for Sleep to wait, and a test that ends ends it.
func TestASleepEnds(t *testing.T) {
	s := sandboxtest.New(t)
	s.Fault(sandboxtest.Fault{Job: &sandboxtest.Job{Fault: sandboxtest.StuckQueued}})
	if client(t, s).ask("POST", jobs, `{"interval":"2026-11-07/2026-11-08"}`, nil) != http.StatusAccepted {
		t.Fatal("no job is submitted")
	}
	if err := s.Sleep(t.Context(), time.Minute); err != nil {
		t.Error(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := s.Sleep(ended, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

// Who is over the rate is so until the platform's clock has gone on by a minute.
func TestASleepEndsA429(t *testing.T) {
	s := sandboxtest.New(t, sandboxtest.RateLimit(2))
	a := client(t, s)
	status := func() int { return a.ask("GET", jobs+"/availability", "", nil) }
	if got := []int{status(), status(), status()}; !slices.Equal(got, []int{200, 200, 429}) {
		t.Fatalf("answers %v", got)
	}
	if err := s.Sleep(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := status(); got != http.StatusOK {
		t.Errorf("a minute later it is %d", got)
	}
}

// A body is sent as it is, be it JSON or not, and one conversation that is known by its id can be rewritten.
func TestWhatTheMembersSay(t *testing.T) {
	s := sandboxtest.New(t)
	a := client(t, s)
	s.Fault(sandboxtest.Fault{Route: "organization", Times: 1, Answer: &sandboxtest.Answer{Status: 200, Body: `{"name":"a \" body"}`}})
	s.Fault(sandboxtest.Fault{Route: "organization", Times: 1, Answer: &sandboxtest.Answer{Status: 502, Body: "<html>"}})
	var got struct{ Name string }
	if a.ask("GET", "/api/v2/organizations/me", "", &got); got.Name != `a " body` {
		t.Errorf("the name is %q", got.Name)
	}
	if status := a.ask("GET", "/api/v2/organizations/me", "", nil); status != http.StatusBadGateway {
		t.Errorf("the second answer is %d", status)
	}
	var first struct {
		ConversationID string `json:"conversationId"`
	}
	if err := json.Unmarshal(s.Records(day(7), day(8))[0], &first); err != nil {
		t.Fatal(err)
	}
	ids := s.Rewrite(sandboxtest.Rewriting{Conversation: first.ConversationID, Patch: []byte(`{"externalTag":"changed"}`)})
	if !slices.Equal(ids, []string{first.ConversationID}) {
		t.Errorf("rewritten are %v", ids)
	}
	back := day(6)
	s.Batch(sandboxtest.Batch{Back: back})
	if got := s.Available(); !got.Equal(back) {
		t.Errorf("available to %v", got)
	}
}

// The same seed, days and clock give the same conversations, in two sandboxes at once.
func TestTheSameTwice(t *testing.T) {
	of := func(o ...sandboxtest.Option) string {
		s := sandboxtest.New(t, o...)
		return fmt.Sprintf("%s", s.Records(day(1), day(9)))
	}
	first := of()
	if of() != first {
		t.Error("two sandboxes differ")
	}
	if of(sandboxtest.Seed(2)) == first {
		t.Error("another seed gives the same")
	}
}

func TestWhatNobodySaysIsAsDocumented(t *testing.T) {
	texts := func(s *sandboxtest.Sandbox) string { return fmt.Sprintf("%s", s.Records(day(1), day(9))) }
	said := sandboxtest.New(t, sandboxtest.Days(2), sandboxtest.PerDay(50), sandboxtest.Seed(1), sandboxtest.At(day(8).Add(12*time.Hour)))
	s := sandboxtest.New(t)
	if texts(s) != texts(said) {
		t.Error("without options it has other conversations than two days of fifty")
	}
	answer, err := http.Get(s.URL + jobs + "/availability")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if got := answer.Header.Get("inin-ratelimit-allowed"); got != "300" {
		t.Errorf("%s requests a minute are allowed", got)
	}
}

// With a lag, what has just ended is still open in a query.
func TestFiguresLag(t *testing.T) {
	open := func(o ...sandboxtest.Option) (n int) {
		var answer struct {
			Conversations []struct{ ConversationEnd string }
		}
		a := client(t, sandboxtest.New(t, append(o, sandboxtest.PerDay(200))...))
		a.ask("POST", "/api/v2/analytics/conversations/details/query", `{"interval":"2026-11-08/2026-11-09","paging":{"pageSize":100}}`, &answer)
		for _, c := range answer.Conversations {
			if c.ConversationEnd == "" {
				n++
			}
		}
		return n
	}
	if now, later := open(), open(sandboxtest.Lag(6*time.Hour)); now >= later {
		t.Errorf("%d conversations are open, and %d with a lag", now, later)
	}
}

func TestAnEmptySandbox(t *testing.T) {
	s := sandboxtest.New(t, sandboxtest.PerDay(0), sandboxtest.Days(1), sandboxtest.At(day(3)), sandboxtest.Speed(2), sandboxtest.Lag(time.Minute))
	if got := s.Records(day(1), day(4)); len(got) > 0 {
		t.Errorf("%d records", len(got))
	}
	if client(t, s).ask("GET", "/api/v2/organizations/me", "", nil) != http.StatusOK {
		t.Error("it does not answer")
	}
	s.SetSpeed(0)
	if at := s.Now(); at.Before(day(3)) || s.Now() != at {
		t.Errorf("the clock shows %v", at)
	}
}

func TestScenariosAndRecordsOfFiles(t *testing.T) {
	dir := t.TempDir()
	scenario, records := filepath.Join(dir, "scenario.yaml"), filepath.Join(dir, "records.ndjson")
	for path, text := range map[string]string{
		scenario: "days: 3\nper_day: 7\nuneven: false\nstart: 2026-11-05T12:00:00Z\n",
		records:  `{"conversationId":"6f1d2c9e-8f14-4d2a-9a53-1f0b7c3f5e11","conversationStart":"2026-11-07T09:00:00.000Z","participants":[]}`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(sandboxtest.New(t, sandboxtest.Scenario(scenario)).Records(day(3), day(5))); n != 14 {
		t.Errorf("the scenario has %d conversations in two days, want 14", n)
	}
	if n := len(sandboxtest.New(t, sandboxtest.Records(records)).Records(day(7), day(8))); n != 1 {
		t.Errorf("got %d records of the file, want 1", n)
	}
}

// fails runs a test in place of a real one, and gives what it said before it ended.
type fails struct {
	testing.TB

	said string
}

func (f *fails) Helper()                        {}
func (f *fails) Fatalf(format string, a ...any) { f.said = fmt.Sprintf(format, a...); panic(f) }

func TestWhatMakesNoSenseEndsTheTest(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "gone.yaml")
	typo, nothing := filepath.Join(t.TempDir(), "typo.yaml"), filepath.Join(t.TempDir(), "nothing.yaml")
	for path, text := range map[string]string{
		typo:    "per_day: 1\nfaults:\n  - {route: query, delay: 1s}\n  - {route: resutls, delay: 1s}\n",
		nothing: "per_day: 1\nfaults:\n  - {route: query, delay: 1s}\n  - {route: results}\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for want, do := range map[string]func(testing.TB){
		"days (--days) must lie between": func(t testing.TB) { sandboxtest.New(t, sandboxtest.Days(0)) },
		"gone.yaml":                      func(t testing.TB) { sandboxtest.New(t, sandboxtest.Scenario(missing)) },
		"typo.yaml:4:6: rule 2: route: there is no route resutls. Did you mean results?": func(t testing.TB) { sandboxtest.New(t, sandboxtest.Scenario(typo)) },
		"nothing.yaml:4:5: rule 2: the rule does nothing":                                func(t testing.TB) { sandboxtest.New(t, sandboxtest.Scenario(nothing)) },
		"cannot go back": func(t testing.TB) { sandboxtest.New(t).Advance(-time.Hour) },
		"result": func(t testing.TB) {
			sandboxtest.New(t).Fault(sandboxtest.Fault{Route: "resluts", Close: sandboxtest.Before})
		},
	} {
		f := &fails{TB: t}
		func() {
			defer func() { _ = recover() }()
			do(f)
		}()
		if !strings.Contains(f.said, want) {
			t.Errorf("it says %q, want %q", f.said, want)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		sandboxtest.New(b)
	}
}
