package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/export"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/runs"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/web/question"
	"github.com/parley-hq/parley/internal/web/session"
	"github.com/parley-hq/parley/internal/wire"
)

// fake is the data of one organization.
type fake struct {
	days    Days
	record  string
	more    map[string]func() ([]byte, error) // by "METHOD /path", what else the API answers
	runs    []runs.Run
	changes []Change
	day     DayMore

	counted  atomic.Int64  // how often a day was counted
	counting chan struct{} // nil: nothing waits
	free     chan struct{}
	sums     string // what the API answers of figures
	err      error
	api      http.HandlerFunc // in place of what is below; nil: that
}

func (*fake) Name(string) string { return "./lake" }

func (f *fake) Days(context.Context, string) (Days, error) { return f.days, f.err }

// ask is the API, which has the record alone, and is told who asks.
func (f *fake) ask(who access.Client) http.Handler {
	if f.api != nil {
		return f.api
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == wire.PathAggregates && f.err == nil {
			f.figures(w, r, who)
			return
		}
		if r.URL.Path == queryPath && f.err == nil {
			f.answer(w, r)
			return
		}
		record, err := wire.Record([]byte(f.record))
		if more := f.more[r.Method+" "+r.URL.Path]; more != nil {
			record.JSON, err = more()
			if err != nil {
				w.(interface{ Fail(err error) }).Fail(err)
				return
			}
			_, _ = w.Write(record.JSON)
			return
		}
		switch {
		case f.err != nil:
			err = f.err
		case err == nil && r.URL.Path != "/api/v2/analytics/conversations/"+string(record.ID)+"/details":
			err = fault.New(fault.NotFound, "There is no conversation of this id")
		}
		if err == nil {
			err = who.Require(access.ViewDetails)
		}
		if err != nil {
			w.(interface{ Fail(err error) }).Fail(err)
			return
		}
		_, _ = w.Write(record.JSON)
	})
}

func (f *fake) Runs(context.Context, string) ([]runs.Run, error) { return f.runs, f.err }

func (f *fake) Day(_ context.Context, _ string, _ conversation.Day, most int) (DayMore, error) {
	f.counted.Add(1)
	if f.counting != nil {
		f.counting <- struct{}{}
		<-f.free
	}
	more := f.day
	more.Changed = more.Changed[:min(most, len(more.Changed))]
	return more, f.err
}

func (f *fake) Changes(_ context.Context, _ string, _ conversation.Record, most int) (Changes, error) {
	return Changes{"./lake", "", slices.Clone(f.changes[:min(most, len(f.changes))]), len(f.changes) > most}, f.err
}

// answer answers a question: the record matches all that the language takes.
func (f *fake) answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var q query.Detail
	if err == nil {
		q, err = query.DecodeDetail(body, query.PlatformLimits())
	}
	if err != nil {
		w.(interface{ Fail(err error) }).Fail(err)
		return
	}
	out := found{Conversations: []jsontext.Value{jsontext.Value(f.record)}, TotalHits: 1204}
	for _, a := range q.Aggregations {
		value := "<i>" + a.Dimension.Name
		if a.Dimension.Name == "queueId" {
			value = "queue-1"
		}
		out.Aggregations = append(out.Aggregations, query.AggregationResult{Type: a.Type, Dimension: a.Dimension.Name, Count: 9, Results: []query.AggregationEntry{{Value: &value, Count: 7}}})
	}
	_ = json.MarshalWrite(w, out, lenient)
}

func (f *fake) Names(context.Context, string, map[names.Kind][]string) (*names.Book, error) {
	return names.BookOf(map[names.Kind][]names.Entry{names.User: {{ID: "user-1", Name: "Planted Agent"}}, names.Queue: {{ID: "queue-1", Name: "Sales"}}}), nil
}

func (f *fake) Book(context.Context, string) (*names.Book, error) {
	return names.BookOf(map[names.Kind][]names.Entry{
		names.User: {{ID: "user-1", Name: "Planted Agent"}}, names.Queue: {{ID: "queue-1", Name: "Sales"}, {ID: "queue-2", Name: "Support"}, {ID: "queue-3", Name: "support"}},
	}), nil
}

const id = "2a15eea6-a458-4a9a-8000-000000000001"

// planted is a record with secrets wherever personal data is, and with names that are markup.
const planted = `{"conversationId":"` + id + `","conversationStart":"2026-07-14T10:00:00.000Z","conversationEnd":"2026-07-14T10:05:00.000Z","originatingDirection":"inbound","participants":[
{"participantId":"p1","purpose":"customer","participantName":"Planted Caller","attributes":{"card":"planted-card-4711","<b>key</b>":"planted-value"},"sessions":[{"sessionId":"s1","mediaType":"voice","direction":"inbound","ani":"tel:+4915112345678","dnis":"tel:+4989987654321","remote":"Planted Remote","segments":[
 {"segmentType":"interact","segmentStart":"2026-07-14T10:00:00.000Z","segmentEnd":"2026-07-14T10:05:00.000Z","disconnectType":"endpoint"}]}]},
{"participantId":"p2","purpose":"acd","participantName":"<script>alert(1)</script>","sessions":[{"sessionId":"s2","mediaType":"voice","direction":"inbound","segments":[
 {"segmentType":"interact","queueId":"queue-1","segmentStart":"2026-07-14T10:00:05.000Z","segmentEnd":"2026-07-14T10:00:20.000Z","disconnectType":"transfer"}]}]},
{"participantId":"p3","purpose":"agent","userId":"user-1","participantName":"Planted Agent","sessions":[{"sessionId":"s3","mediaType":"voice","direction":"inbound","metrics":[{"name":"tTalkComplete","value":200000,"emitDate":"2026-07-14T10:04:00.000Z"}],"segments":[
 {"segmentType":"interact","queueId":"queue-1","segmentStart":"2026-07-14T10:00:20.000Z","segmentEnd":"2026-07-14T10:04:00.000Z","disconnectType":"client","errorCode":"error.odd"},
 {"segmentType":"wrapup","segmentStart":"2026-07-14T10:04:00.000Z","segmentEnd":"2026-07-14T10:04:30.000Z","wrapUpCode":"code","wrapUpNote":"planted note about Planted Caller","wrapUpTags":["planted-tag"]}]}]}]}`

// secrets are what of the record nobody may see in a masked session.
var secrets = []string{"Planted", "planted", "card-4711", "15112345678", "89987654321"}

func day(text string) conversation.Day {
	d, err := conversation.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

func someDays() Days {
	delta := int64(7)
	return Days{Name: "./lake", Available: time.Date(2026, 7, 16, 0, 0, 0, 0, time.UTC), Days: []ledger.Day{
		{Day: day("2025-12-31"), Verdict: ledger.Settled, Records: 3},
		{Day: day("2026-07-12"), Verdict: ledger.Settled, Records: 1000},
		{Day: day("2026-07-13"), Verdict: ledger.Gap, Reason: "it has not been extracted"},
		{Day: day("2026-07-14"), Verdict: ledger.Gap, Reason: "it has not been extracted"},
		{Day: day("2026-07-15"), Verdict: ledger.Provisional, Records: 500, Delta: &delta, Open: 2, Changed: 3},
	}}
}

// browser is somebody before the pages.
type browser struct {
	t      testing.TB
	url    string
	client *http.Client
	data   *fake
	site   *fixture
	web    *Web
}

type fixture struct {
	clients   *access.Store
	sessions  *session.Store
	questions *question.Store
	now       time.Time
	db        *state.DB
}

func newBrowser(t testing.TB, permissions ...access.Permission) *browser {
	t.Helper()
	site := &fixture{now: time.Date(2026, 7, 16, 8, 0, 0, 0, time.UTC)}
	now := func() time.Time { return site.now }
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	site.db = db
	if site.clients, err = access.Open(t.Context(), db, now); err != nil {
		t.Fatal(err)
	}
	if err := site.clients.Fix(access.Client{ID: "me", Organization: "acme", Permissions: append(access.Usual(), permissions...)}, "hush"); err != nil {
		t.Fatal(err)
	}
	if site.sessions, err = session.Open(t.Context(), db, site.clients, now); err != nil {
		t.Fatal(err)
	}
	if site.questions, err = question.Open(t.Context(), db, now); err != nil {
		t.Fatal(err)
	}
	data := &fake{days: someDays(), record: planted, sums: someSums}
	pages, err := New(Config{
		Data: data, Ask: data.ask, Rate: limit.New(100_000), Access: site.clients, Sessions: site.sessions, Questions: site.questions, Limits: query.PlatformLimits(), Now: now, Machine: now, Log: slog.New(slog.DiscardHandler),
		CSV: func(to io.Writer, columns []column.Selected) (Sheet, error) {
			return export.NewCSV(to, columns, export.CSVOptions{Times: export.ISO, Safe: true})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, server.URL, &http.Client{Jar: jar}, data, site, pages}
}

// ask sends a request as a browser does, which comes from a page of this server unless headers say otherwise.
func (b *browser) ask(method, path, form string, header ...string) (int, string, http.Header) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(form))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for pair := range slices.Chunk(header, 2) {
		r.Header.Set(pair[0], pair[1])
		if pair[0] == "Host" {
			r.Host = pair[1]
		}
	}
	answer, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Header
}

func cookies(h http.Header) []*http.Cookie {
	var out []*http.Cookie
	for _, line := range h.Values("Set-Cookie") {
		if c, err := http.ParseSetCookie(line); err == nil {
			out = append(out, c)
		}
	}
	return out
}

// get gives the text of a page that is there.
func (b *browser) get(path string) string {
	b.t.Helper()
	status, text, _ := b.ask("GET", path, "")
	if status != http.StatusOK {
		b.t.Fatalf("%s: %d %s", path, status, text)
	}
	return text
}

func (b *browser) signIn() {
	b.t.Helper()
	if status, text, _ := b.ask("POST", "/ui/sign-in", "client_id=me&client_secret=hush"); status != http.StatusOK {
		b.t.Fatalf("%d %s", status, text)
	}
}

// everyPage are the addresses of all that somebody who is signed in can look at.
var everyPage = []string{
	"/", "/ui/", "/ui/calendar", "/ui/calendar/2026", "/ui/calendar/2026?show=delta", "/ui/calendar/2026?show=open", "/ui/calendar/2026?show=changes", "/ui/calendar/2026?show=read", "/ui/calendar/1999", "/ui/day/2026-07-14",
	"/ui/day/2026-07-15", "/ui/explore", "/ui/explore?from=2026-07-12&to=2026-07-16", "/parley/v1/dimensions", "/parley/v1/dimensions/queueId/values", "/ui/conversation", "/ui/conversation/" + id, "/ui/conversation/" + id + "?scale=true&seg=2.0.1", "/ui/conversation/" + id + "?scale=steps&open=1&from=2026-07-14T10:00:01Z",
	"/ui/conversation/" + id + "?tab=attributes", "/ui/conversation/" + id + "?tab=record", "/ui/conversation/" + id + "?tab=record&path=/participants/0", "/ui/conversation/" + id + "?tab=record&find=agent",
	"/ui/conversation/" + id + "?tab=compare", "/ui/figures", "/ui/figures?queue=queue-1&figure=offered", "/parley/v1/figures", "/ui/sign-in", "/ui/link/any",
	"/parley/v1/days", "/parley/v1/days/2026-07-15", "/parley/v1/conversations/" + id + "/account", "/parley/v1/conversations/" + id + "/record",
	"/parley/v1/conversations/" + id + "/record?path=/participants/0/attributes", "/parley/v1/conversations/" + id + "/record?find=interact", "/parley/v1/conversations/" + id + "/timeline",
	"/parley/v1/conversations/" + id + "/compare",
}

func TestNothingIsShownToWhoIsNotSignedIn(t *testing.T) {
	b := newBrowser(t)
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, path := range everyPage {
		status, text, h := b.ask("GET", path, "")
		switch to := h.Get("Location"); {
		case strings.HasPrefix(path, "/parley/"):
			if status != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", path, status, text)
			}
		case path == "/ui/sign-in" || path == "/ui/link/any":
		case path == "/" || path == "/ui/":
			if to != "/ui/calendar" {
				t.Errorf("%s leads to %s", path, to)
			}
		case status != http.StatusSeeOther || !strings.HasPrefix(to, "/ui/sign-in?next="+url.QueryEscape(strings.ReplaceAll(path, "&find=agent", ""))):
			t.Errorf("%s: %d, to %s", path, status, to)
		}
	}
}

func TestSigningIn(t *testing.T) {
	b := newBrowser(t)
	status, text, h := b.ask("POST", "/ui/sign-in", "client_id=me&client_secret=wrong&next=/ui/day/2026-07-15")
	if status != http.StatusUnauthorized || !strings.Contains(text, "no client of this id with this secret") || strings.Contains(text, "wrong") || len(cookies(h)) > 0 {
		t.Errorf("with a wrong secret: %d %s", status, text)
	}
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for next, want := range map[string]string{
		"/ui/day/2026-07-15": "/ui/day/2026-07-15", "https://elsewhere.example/ui/": "/ui/", "//elsewhere.example/ui/": "/ui/", `/ui/\\elsewhere.example`: "/ui/", "/api/v2/x": "/ui/", "": "/ui/",
	} {
		_, _, h := b.ask("POST", "/ui/sign-in", url.Values{"client_id": {"me"}, "client_secret": {"hush"}, "next": {next}}.Encode())
		if to := h.Get("Location"); to != want {
			t.Errorf("%q leads to %q", next, to)
		}
		c := cookies(h)[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || len(c.Value) < 40 || c.MaxAge != 12*3600 {
			t.Errorf("the cookie is %+v", c)
		}
	}
	b.client.CheckRedirect = nil
	b.get("/ui/day/2026-07-15")
	b.ask("POST", "/ui/sign-out", "")
	if status, _, _ := b.ask("GET", "/parley/v1/days", ""); status != http.StatusUnauthorized {
		t.Errorf("after signing out: %d", status)
	}
}

// Looking at a link does not use it; the button does, once.
func TestALink(t *testing.T) {
	b := newBrowser(t)
	link, err := b.site.sessions.Link(t.Context(), "acme", access.Usual(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		b.get("/ui/link/" + link)
	}
	if status, text, _ := b.ask("POST", "/ui/link/"+link, ""); status != http.StatusOK || !strings.Contains(text, "<h1>") {
		t.Errorf("the button: %d %s", status, text)
	}
	b.get("/ui/day/2026-07-15")
	if status, text, _ := b.ask("POST", "/ui/link/"+link, ""); status != http.StatusUnauthorized || !strings.Contains(text, "used already") {
		t.Errorf("again: %d %s", status, text)
	}
}

// Every answer, whatever it is, has the policy, and is kept by nobody unless it never changes.
func TestEveryAnswerIsGuarded(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	for _, path := range append(everyPage, "/ui/nowhere", "/ui/conversation/none", "/ui/calendar/x", "/ui/static/none.js") {
		_, text, h := b.ask("GET", path, "")
		if h.Get("Content-Security-Policy") != policy || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, h)
		}
		for _, inline := range []string{" style=", "<style", "onclick", "javascript:", "http://", "https://"} {
			if strings.Contains(text, inline) {
				t.Errorf("%s has %q", path, inline)
			}
		}
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	b := newBrowser(t)
	if status, _, _ := b.ask("POST", "/ui/sign-in", "client_id=me&client_secret=hush", "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
		t.Errorf("a form of another site: %d", status)
	}
	if status, _, _ := b.ask("POST", "/ui/sign-in", "client_id=me&client_secret=hush", "Sec-Fetch-Site", "", "Origin", "https://elsewhere.example"); status != http.StatusForbidden {
		t.Errorf("a form of another origin: %d", status)
	}
	b.signIn()
	if status, text, _ := b.ask("GET", "/ui/day/2026-07-15", "", "Host", "rebound.example"); status != http.StatusForbidden || !strings.Contains(text, "localhost") {
		t.Errorf("by another name: %d %s", status, text)
	}
}

func TestPersonalDataIsMasked(t *testing.T) {
	for name, permissions := range map[string][]access.Permission{"masked": nil, "unmasked": {access.ViewPersonalData}} {
		b := newBrowser(t, permissions...)
		b.signIn()
		seen := ""
		for _, path := range everyPage {
			seen += b.get(path)
		}
		for _, secret := range secrets {
			if got := strings.Contains(seen, secret); got != (permissions != nil) {
				t.Errorf("%s: %q is shown: %v", name, secret, got)
			}
		}
		if permissions == nil && !strings.Contains(seen, "**78") {
			t.Errorf("%s: the last two digits are not shown", name)
		}
	}
}

// Whatever a record has for a name is text.
func TestNamesAreText(t *testing.T) {
	b := newBrowser(t, access.ViewPersonalData)
	b.signIn()
	text := b.get("/ui/conversation/" + id)
	if strings.Contains(text, "<script>alert") || strings.Contains(text, "<b>key") || !strings.Contains(text, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("a name is markup")
	}
}

func TestTheCalendarSaysWhatIsMissing(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	text := b.get("/ui/calendar")
	for _, want := range []string{
		"2 days are missing.", "1 is settled and 1 provisional: 1,500 conversations", "13 to 14 July", "it has not been extracted", "parley extract --lake ./lake --from 2026-07-13 --to 2026-07-15",
		`class="gap"`, `class="provisional l3 changed"`, `class="settled l5"`, `class="notdue"`, `class="before"`, `href="/ui/calendar/2025"`, "complete to 2026-07-16 00:00 UTC",
		"Wednesday 15 July: provisional, 500 records, 7 more on the platform, 3 places changed since, 2 without an end", "2 missing",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not there", want)
		}
	}
	if n := strings.Count(text, `<td class=`); n != 365 {
		t.Errorf("the year has %d days", n)
	}
	b.data.days = Days{Name: "./lake"}
	if text := b.get("/ui/calendar/2026"); !strings.Contains(text, "There are no days yet.") || !strings.Contains(text, "parley extract --lake ./lake") {
		t.Error("an empty lake does not say what to do")
	}
}

func TestAddressesThatLeadNowhere(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	for path, want := range map[string]string{
		"/ui/calendar/x": "write it as 2026", "/ui/day/yesterday": "write it as 2026-07-14", "/ui/day/2020-01-01": "never asked for", "/ui/conversation/none": "no conversation of this id",
		"/ui/nowhere": "no such page", "/ui/static/none.js": "no such file",
	} {
		if status, text, _ := b.ask("GET", path, ""); status != http.StatusNotFound || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	for path, want := range map[string]string{"/ui/calendar/2026?show=all": "show is one of", "/ui/conversation/" + id + "?scale=odd": "scale is one of",
		"/ui/conversation/" + id + "?tab=odd": "tab is one of", "/ui/conversation/" + id + "?from=noon": "from ", "/ui/conversation/" + id + "?from=2026-07-14T11:00:00Z&to=2026-07-14T10:00:00Z": "to must lie after from",
		"/ui/conversation/" + id + "?from=2027-07-14T11:00:00Z": "nothing of the conversation lies between", "/ui/conversation/" + id + "?open=a": "numbers of folds", "/ui/conversation/" + id + "?lane=-1": "lane is a number",
		"/ui/conversation/" + id + "?tab=record&path=participants": "path begins with a slash", "/ui/conversation/" + id + "?width=1": "width is a number"} {
		if status, text, _ := b.ask("GET", path, ""); status != http.StatusBadRequest || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	b.data.err = fault.Because(fault.Unavailable, io.ErrUnexpectedEOF, "The data of this organization cannot be opened now")
	if status, text, _ := b.ask("GET", "/ui/calendar/2026", ""); status != http.StatusServiceUnavailable || !strings.Contains(text, "cannot be opened now") || !strings.Contains(text, "try again") || strings.Contains(text, "EOF") {
		t.Errorf("while the data is away: %d %s", status, text)
	}
	b.data.err = io.ErrUnexpectedEOF
	if status, text, _ := b.ask("GET", "/parley/v1/days", ""); status != http.StatusInternalServerError || strings.Contains(text, "EOF") {
		t.Errorf("of our own failures: %d %s", status, text)
	}
}

// A program asks for JSON with its token; a token opens no page.
func TestTokens(t *testing.T) {
	b := newBrowser(t)
	token, err := b.site.clients.Login(t.Context(), "me", "hush")
	if err != nil {
		t.Fatal(err)
	}
	if status, text, _ := b.ask("GET", "/parley/v1/days?from=2026-01-01&to=2026-07-14", "", "Authorization", "Bearer "+token.Text); status != http.StatusOK || strings.Count(text, `"day"`) != 2 {
		t.Errorf("days: %d %s", status, text)
	}
	if _, text, _ := b.ask("GET", "/ui/calendar/2026", "", "Authorization", "Bearer "+token.Text); !strings.Contains(text, "client secret") {
		t.Errorf("a page: %s", text)
	}
}

// Each segment is drawn, listed, and told of when it is chosen.
func TestTheConversation(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	text := b.get("/ui/conversation/" + id + "?seg=2.0.0")
	for _, want := range []string{
		`class="bar talk chosen"`, `class="bar waiting"`, `class="bar wrap-up"`, `class="bar outside"`, `id="s2.0.1"`, "participants[2].sessions[0].segments[0]", "error.odd", "hung up", "tTalkComplete",
		"Personal data is masked", `href="/ui/day/2026-07-14"`, "parley get " + id,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not there", want)
		}
	}
	if n := strings.Count(text, `class="bar `); n != 4 {
		t.Errorf("%d bars are drawn", n)
	}
}

// A page is in the colours that its visitor has chosen, if there are such colours.
func TestPagesAreInTheChosenColours(t *testing.T) {
	b := newBrowser(t)
	for value, want := range map[string]string{"dark": `<html lang="en" data-scheme="dark">`, "light": `<html lang="en" data-scheme="light">`, `"><script>`: `<html lang="en">`, "": `<html lang="en">`} {
		r, err := http.NewRequest(http.MethodGet, b.url+"/ui/sign-in", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", schemeCookie+"="+value)
		answer, err := b.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		if err = errors.Join(err, answer.Body.Close()); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, %.80s", value, err, text)
		}
	}
}
