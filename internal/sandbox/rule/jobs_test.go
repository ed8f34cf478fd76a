package rule_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/mem"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/sandbox/rule"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

// source has eight conversations, one an hour, whose records hold what the end of a page looks like.
type source struct{ store *mem.Store }

var day = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

const conversations = 8

func newSource(t *testing.T) source {
	t.Helper()
	s := source{mem.New(nil)}
	for i := range conversations {
		at := conversation.FormatTime(day.Add(time.Duration(i) * time.Hour))
		r, err := wire.Record(fmt.Appendf(nil, `{"conversationId":"c-%d","conversationStart":%q,"conversationEnd":%q,"x":[],"cursor":"AAAA","dataAvailabilityDate":"2020"}`, i, at, at))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.store.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s source) Available(context.Context) (time.Time, error) { return day.AddDate(0, 0, 1), nil }

func (s source) Live(context.Context) (engine.Engine, error) {
	return s.store.View(day.AddDate(0, 0, 2), day.AddDate(0, 0, 2)), nil
}

func (s source) Settled(ctx context.Context) (engine.Engine, error) { return s.Live(ctx) }

// platform is a real server with rules before it, and a client of it.
type platform struct {
	t     *testing.T
	set   *rule.Set
	http  http.Handler
	bare  http.Handler // without rules
	inner http.Handler // as pages of the server ask for the client
	token string
}

// withPlatform does something with a server in a bubble of fake time.
func withPlatform(t *testing.T, c rule.Config, do func(*platform)) {
	t.Helper()
	// Made out here: compressors are the process's, and must not belong to a bubble.
	conversations := newSource(t)
	synctest.Test(t, func(t *testing.T) {
		db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		sources := map[string]engine.Views{"org": conversations}
		jobs, err := job.New(t.Context(), job.Config{DB: db, Views: sources, Home: job.InFolder(t.TempDir()), Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		clients := access.InMemory(time.Now)
		if err := clients.Fix(access.Client{ID: "me", Organization: "org"}, "hush"); err != nil {
			t.Fatal(err)
		}
		server, err := api.New(api.Config{Views: sources, Jobs: jobs, Access: clients, Now: time.Now, RateLimit: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		c.Routes = api.Routes()
		p := &platform{t: t, set: rule.New(c)}
		p.bare = server.Handler()
		p.http = p.set.Wrap(p.bare)
		me := access.Client{ID: "me", Organization: "org", Permissions: access.Usual()}
		p.inner = p.set.Inside(server.As(me), string(me.ID))
		token, err := clients.Login(t.Context(), "me", "hush")
		if err != nil {
			t.Fatal(err)
		}
		p.token = token.Text
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- jobs.Run(ctx) }()
		do(p)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func (p *platform) ask(method, path string) answer {
	return p.send(method, path, "")
}

func (p *platform) send(method, path, body string) answer {
	r := httptest.NewRequestWithContext(p.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	p.http.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String(), nil}
}

// submit submits a job and lets it run.
func (p *platform) submit() string {
	p.t.Helper()
	var job wire.Submitted
	a := p.send("POST", wire.PathJobs, `{"interval":"2026-11-01/2026-11-02"}`)
	if err := json.Unmarshal([]byte(a.body), &job); err != nil || a.status != http.StatusAccepted {
		p.t.Fatalf("submit: %d %s, %v", a.status, a.body, err)
	}
	return wire.PathJobs + "/" + string(job.JobID)
}

// state is what is said of a job: the status of the answer, the state and the members that there are.
func (p *platform) state(job string) string {
	p.t.Helper()
	a := p.ask("GET", job)
	var s map[string]string
	if err := json.Unmarshal([]byte(a.body), &s); err != nil {
		return fmt.Sprint(a.status)
	}
	out := fmt.Sprint(a.status, " ", s["state"])
	for _, member := range []string{"errorMessage", "completionDate", "expirationDate"} {
		if s[member] != "" {
			out += " " + member
		}
	}
	return out
}

// pages reads the pages of a job, three conversations a page: each as the numbers of its conversations, - where there is
// no list; in the end the status of a refusal and what it says.
func (p *platform) pages(job string) string {
	p.t.Helper()
	var out []string
	cursor := ""
	for range 10 {
		a := p.ask("GET", job+"/results?pageSize=3&cursor="+url.QueryEscape(cursor))
		var page struct {
			Message                      string
			Conversations                []struct{ ConversationID string }
			Cursor, DataAvailabilityDate string
		}
		if err := json.Unmarshal([]byte(a.body), &page, json.MatchCaseInsensitiveNames(true)); err != nil {
			p.t.Fatalf("%s: %v", a.body, err)
		}
		if a.status != http.StatusOK {
			return strings.Join(append(out, fmt.Sprint(a.status), page.Message), " ")
		}
		if page.DataAvailabilityDate != "2026-11-02T00:00:00.000Z" {
			p.t.Errorf("the page says %q", page.DataAvailabilityDate)
		}
		text := ""
		for _, c := range page.Conversations {
			text += strings.TrimPrefix(c.ConversationID, "c-")
		}
		if page.Conversations == nil {
			text = "-"
		}
		if cursor != "" && page.Cursor == cursor {
			p.t.Errorf("the cursor does not advance")
		}
		out = append(out, "["+text+"]")
		if cursor = page.Cursor; cursor == "" {
			break
		}
	}
	return strings.Join(out, " ")
}

func TestJobs(t *testing.T) {
	const refused = "400 The cursor is not one of this job; start again without a cursor. In a URL, a cursor must be URL-encoded"
	for name, c := range map[string]struct {
		job          string
		before       string // the state as long as the job is not run
		state, pages string
		then         string // the state after that
		list         string // what the list of jobs says then
		deleted      string // the state after it was deleted; empty means that it is gone
	}{
		"none":                  {"", "202 QUEUED", "200 FULFILLED completionDate expirationDate", "[012] [345] [67]", "200 FULFILLED completionDate expirationDate", "FULFILLED 8", ""},
		"stuck in QUEUED":       {`"fault":"stuck-queued"`, "202 QUEUED", "202 QUEUED", "404 The job is QUEUED; its results can be read once it is FULFILLED", "202 QUEUED", "QUEUED", "200 CANCELLED"},
		"stuck in PENDING":      {`"fault":"stuck-pending"`, "202 QUEUED", "202 PENDING", "404 The job is PENDING; its results can be read once it is FULFILLED", "202 PENDING", "PENDING", "200 CANCELLED"},
		"failed":                {`"fault":"failed","message":"too much"`, "202 QUEUED", "200 FAILED errorMessage completionDate", "404 The job is FAILED and has no results; submit the query again", "200 FAILED errorMessage completionDate", "FAILED", ""},
		"expired at once":       {`"fault":"expired"`, "202 QUEUED", "200 FULFILLED completionDate expirationDate", "404 The results of the job have expired; submit the query again", "200 EXPIRED completionDate expirationDate", "EXPIRED 8", ""},
		"expired between pages": {`"fault":"expired","page":3`, "202 QUEUED", "200 FULFILLED completionDate expirationDate", "[012] [345] 400 The cursor has expired, and the results of its job with it; submit the query again", "200 EXPIRED completionDate expirationDate", "EXPIRED 8", ""},
		"a cursor refused":      {`"fault":"cursor-refused"`, "202 QUEUED", "200 FULFILLED completionDate expirationDate", "[012] " + refused, "200 FULFILLED completionDate expirationDate", "FULFILLED 8", ""},
		"a later one refused":   {`"fault":"cursor-refused","page":3`, "202 QUEUED", "200 FULFILLED completionDate expirationDate", "[012] [345] " + refused, "200 FULFILLED completionDate expirationDate", "FULFILLED 8", ""},
		"an empty page":         {`"fault":"empty-page"`, "202 QUEUED", "200 FULFILLED completionDate expirationDate", "[012] [] [345] [67]", "200 FULFILLED completionDate expirationDate", "FULFILLED 8", ""},
		"an empty first page":   {`"fault":"empty-page","page":1,"absent":true`, "202 QUEUED", "200 FULFILLED completionDate expirationDate", "[-] [012] [345] [67]", "200 FULFILLED completionDate expirationDate", "FULFILLED 8", ""},
		"a page twice":          {`"fault":"page-twice"`, "202 QUEUED", "200 FULFILLED completionDate expirationDate", "[012] [012] [345] [67]", "200 FULFILLED completionDate expirationDate", "FULFILLED 8", ""},
		"the last page twice":   {`"fault":"page-twice","page":3`, "202 QUEUED", "200 FULFILLED completionDate expirationDate", "[012] [345] [67] [67]", "200 FULFILLED completionDate expirationDate", "FULFILLED 8", ""},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			withPlatform(t, rule.Config{}, func(p *platform) {
				if c.job != "" {
					mustAdd(t, p.set, `{"name":"a","nth":2,"times":1,"job":{`+c.job+`}}`)
				}
				first, held := p.submit(), p.submit()
				if got := p.state(held); got != c.before && got != strings.Replace(c.before, "QUEUED", "PENDING", 1) && got != c.state {
					t.Errorf("as long as it is not run, it is %s, want %s", got, c.before)
				}
				synctest.Wait()
				for _, s := range []struct{ what, got, want string }{
					{"state", p.state(held), c.state},
					{"pages", p.pages(held), c.pages},
					{"pages again", p.pages(held), againAfter(c.job, c.pages)},
					{"state then", p.state(held), c.then},
					{"list", p.listed(held), c.list},
					{"asked for by itself", p.asked(held), c.list},
					{"another job", p.pages(first), "[012] [345] [67]"},
					{"DELETE", fmt.Sprint(p.ask("DELETE", held).status), "204"},
					{"state after DELETE", strings.TrimPrefix(p.state(held), "404"), c.deleted},
					{"DELETE of another", fmt.Sprint(p.ask("DELETE", first).status), "204"},
				} {
					if s.got != s.want {
						t.Errorf("%s: got  %s\nwant %s", s.what, s.got, s.want)
					}
				}
				if c.deleted == "" {
					return
				}
				if got := p.pages(held); got != "404 The job is CANCELLED and has no results; submit the query again" {
					t.Errorf("pages of a cancelled job: %s", got)
				}
				if got := fmt.Sprint(p.ask("DELETE", held).status) + p.state(held); got != "204404" {
					t.Errorf("a second DELETE: %s", got)
				}
			})
		})
	}
}

// againAfter is what reading the pages once more gives.
func againAfter(job, pages string) string {
	if strings.Contains(job, "expired") {
		return "404 The results of the job have expired; submit the query again"
	}
	return pages
}

// listed is what the list of jobs says of one.
func (p *platform) listed(job string) string {
	p.t.Helper()
	var list wire.JobList
	if err := json.Unmarshal([]byte(p.ask("GET", wire.PathList).body), &list); err != nil {
		p.t.Fatal(err)
	}
	i := slices.IndexFunc(list.Jobs, func(j wire.ListedJob) bool { return strings.HasSuffix(job, string(j.ID)) })
	if i < 0 {
		return "is not there"
	}
	return told(list.Jobs[i])
}

// asked is what is said of a job that is asked for with its query.
func (p *platform) asked(job string) string {
	p.t.Helper()
	var asked wire.AskedJob
	if err := json.Unmarshal([]byte(p.ask("GET", wire.PathList+strings.TrimPrefix(job, wire.PathJobs)).body), &asked); err != nil {
		p.t.Fatal(err)
	}
	return told(asked.ListedJob)
}

func told(j wire.ListedJob) string {
	if j.Records == nil {
		return string(j.State)
	}
	return fmt.Sprint(j.State, " ", *j.Records)
}

// asPage asks as a page of the server does.
type asPage struct {
	*httptest.ResponseRecorder

	failed error
}

func (w *asPage) Fail(err error) { w.failed = err }

func (p *platform) look(method, path string) (*asPage, string) {
	r := httptest.NewRequestWithContext(p.t.Context(), method, path, http.NoBody)
	w := &asPage{httptest.NewRecorder(), nil}
	p.inner.ServeHTTP(w, r)
	return w, w.Body.String()
}

// Pages see of a job what programs see, and what they submit is held too. No other fault is for them.
func TestPagesSeeHeldJobs(t *testing.T) {
	for of, want := range map[string][]string{
		"stuck-queued":   {"QUEUED", "404 The job is QUEUED; its results can be read once it is FULFILLED", "CANCELLED"},
		"stuck-pending":  {"PENDING", "404 The job is PENDING; its results can be read once it is FULFILLED", "CANCELLED"},
		"failed":         {"FAILED", "404 The job is FAILED and has no results; submit the query again", ""},
		"expired":        {"FULFILLED 8", "200", ""}, // until a program asks for results
		"cursor-refused": {"FULFILLED 8", "200", ""},
		"empty-page":     {"FULFILLED 8", "200", ""},
	} {
		withPlatform(t, rule.Config{}, func(p *platform) {
			mustAdd(t, p.set, `{"name":"a","client":"me","job":{"fault":"`+of+`"},"nth":2}`, `{"name":"b","route":"any","answer":{"status":429}}`)
			p.http = p.inner // what the helpers ask
			p.submit()
			held := p.submit()
			synctest.Wait()
			w, body := p.look("GET", held+"/results?pageSize=8")
			results := fmt.Sprint(w.Code)
			if w.Code != http.StatusOK {
				results += " " + fmt.Sprint(w.failed)
			}
			if w.Code == http.StatusOK && strings.Count(body, "conversationId") != conversations {
				t.Errorf("%s: the results are %s", of, body)
			}
			state := p.asked(held)
			p.look("DELETE", held)
			got := []string{state, results, strings.TrimPrefix(strings.TrimPrefix(p.state(held), "200 "), "404")}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", of, got, want)
			}
		})
	}
}

// What a held job is asked goes by the rights of whoever asks.
func TestHeldJobsAndRights(t *testing.T) {
	for _, fault := range []string{"stuck-queued", "stuck-pending", "failed", "expired", "cursor-refused", "empty-page", "page-twice"} {
		withPlatform(t, rule.Config{}, func(p *platform) {
			mustAdd(t, p.set, `{"job":{"fault":"`+fault+`"}}`)
			job := p.submit()
			synctest.Wait()
			p.token = "another"
			for _, method := range []string{"GET", "DELETE"} {
				if a := p.ask(method, job); a.status != http.StatusUnauthorized || !strings.Contains(a.body, "bad.credentials") {
					t.Errorf("%s %s: %d %s", fault, method, a.status, a.body)
				}
			}
			if a := p.ask("GET", wire.PathList); a.status != http.StatusUnauthorized {
				t.Errorf("%s: the list: %d %s", fault, a.status, a.body)
			}
			for _, query := range []string{"", "?cursor=AAAA"} {
				if a := p.ask("GET", job+"/results"+query); a.status != http.StatusUnauthorized {
					t.Errorf("%s: a page: %d %s", fault, a.status, a.body)
				}
			}
		})
	}
}

// A job that is let go between two pages is read to its end, and cursors that nobody gave are refused.
func TestJobsThatAreLetGo(t *testing.T) {
	withPlatform(t, rule.Config{}, func(p *platform) {
		mustAdd(t, p.set, `{"name":"a","job":{"fault":"empty-page"}}`)
		job := p.submit()
		synctest.Wait()
		var page struct{ Cursor string }
		if err := json.Unmarshal([]byte(p.ask("GET", job+"/results?pageSize=3").body), &page, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatal(err)
		}
		if a := p.ask("GET", job+"/results?cursor="+url.QueryEscape(page.Cursor[:16]+"AAAA")); a.status != http.StatusBadRequest {
			t.Errorf("a forged cursor: %d %s", a.status, a.body)
		}
		if l := p.set.List(); l[0].Jobs != 1 || l[0].Fired != 1 {
			t.Errorf("the rule holds %+v", l)
		}
		if err := p.set.Remove("a"); err != nil {
			t.Fatal(err)
		}
		a := p.ask("GET", job+"/results?pageSize=3&cursor="+url.QueryEscape(page.Cursor))
		if !strings.Contains(a.body, `"c-3"`) || a.status != http.StatusOK {
			t.Errorf("the second page: %d %s", a.status, a.body)
		}
		if got := p.pages(job); got != "[012] [345] [67]" {
			t.Errorf("from the start: %s", got)
		}
	})
}

// What cannot be noted of a job does not become of it.
func TestWhatCannotBeNotedOfJobs(t *testing.T) {
	full := false
	note := func(rule.Event) error {
		if full {
			return errors.New("the disk is full")
		}
		return nil
	}
	withPlatform(t, rule.Config{Note: note}, func(p *platform) {
		mustAdd(t, p.set, `{"job":{"fault":"stuck-queued"},"times":1}`, `{"job":{"fault":"expired"},"times":1}`, `{"job":{"fault":"failed"}}`)
		stuck, expired, failed := p.submit(), p.submit(), p.submit()
		synctest.Wait()
		full = true
		for _, ask := range [][3]string{
			{"POST", wire.PathJobs, `{"interval":"2026-11-01/2026-11-02"}`}, {"DELETE", stuck}, {"GET", expired + "/results"}, {"DELETE", failed},
		} {
			if a := p.send(ask[0], ask[1], ask[2]); a.status != http.StatusInternalServerError || !strings.Contains(a.body, "the disk is full") {
				t.Errorf("%s %s: %d %s", ask[0], ask[1], a.status, a.body)
			}
		}
		if got := p.state(stuck) + ", " + p.state(expired); got != "202 QUEUED, 200 FULFILLED completionDate expirationDate" {
			t.Errorf("the jobs are %s", got)
		}
		w := httptest.NewRecorder()
		p.set.Surface().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "DELETE", rule.Path, http.NoBody))
		if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "the disk is full") {
			t.Errorf("to remove them: %d %s", w.Code, w.Body)
		}
	})
}

// A set to which the events of another are replayed goes on as that one would have.
func TestReplay(t *testing.T) {
	var events []rule.Event
	note := func(e rule.Event) error {
		text, err := json.Marshal(e) // as a journal keeps it
		if err != nil {
			return err
		}
		var kept rule.Event
		events = append(events, kept)
		return json.Unmarshal(text, &events[len(events)-1])
	}
	withPlatform(t, rule.Config{Seed: 7, Note: note}, func(p *platform) {
		mustAdd(t, p.set,
			`{"name":"chance","route":"me","probability":0.5,"answer":{"status":500}}`, `{"name":"gone","route":"any","nth":1000,"close":"before"}`,
			`{"name":"some","route":"me","nth":3,"every":2,"times":3,"answer":{"status":418}}`, `{"name":"token","route":"organization","nth":2,"times":1,"expireToken":true}`,
			`{"name":"late","job":{"fault":"expired","page":2},"nth":2,"times":1}`, `{"name":"stuck","job":{"fault":"stuck-queued"},"times":1}`)
		if err := p.set.Remove("gone"); err != nil {
			t.Fatal(err)
		}
		stuck, late := p.submit(), p.submit()
		synctest.Wait()
		p.ask("DELETE", stuck)
		p.pages(late)
		for range 5 {
			p.ask("GET", "/api/v2/users/me")
		}
		p.ask("GET", "/api/v2/organizations/me")

		again := rule.New(rule.Config{Seed: 7, Routes: api.Routes()})
		for _, e := range events {
			if err := again.Replay(e); err != nil {
				t.Fatalf("%+v: %v", e, err)
			}
		}
		if got, want := again.List(), p.set.List(); !reflect.DeepEqual(got, want) {
			t.Errorf("the rules are\n%+v, want\n%+v", got, want)
		}
		one, other := p.http, again.Wrap(p.bare)
		for i, ask := range []string{
			stuck, late, late + "/results", "/api/v2/users/me", "/api/v2/users/me", "/api/v2/users/me", "/api/v2/users/me", "/api/v2/users/me",
			"/api/v2/organizations/me", "/api/v2/organizations/me", stuck,
		} {
			p.http = one
			want := p.ask("GET", ask)
			p.http = other
			got := p.ask("GET", ask)
			if fmt.Sprint(got.status, plain(got.body)) != fmt.Sprint(want.status, plain(want.body)) {
				t.Errorf("%d: GET %s: got %d %s, want %d %s", i, ask, got.status, got.body, want.status, want.body)
			}
		}
	})
	for name, e := range map[string]rule.Event{
		"an unknown rule": {Kind: rule.Called, Matched: []string{"x"}}, "an unknown job": {Kind: rule.Moved, Job: "x"},
		"no rule": {Kind: rule.Added}, "an unknown kind": {Kind: "x"}, "removed": {Kind: rule.Removed, Name: "x"},
		"a bad rule": {Kind: rule.Added, Rule: &rule.Rule{Route: "any"}},
	} {
		if err := newSet().Replay(e); err == nil {
			t.Errorf("%s is replayed", name)
		}
	}
}

// plain is a body without the id of its request.
func plain(body string) string {
	before, after, found := strings.Cut(body, `"contextId":"`)
	if !found {
		return body
	}
	return before + after[36:]
}
