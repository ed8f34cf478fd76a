package platformtest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/wire"
)

// job is a job with its results, which do not change while they are paged.
type job struct {
	states  []platform.State // yet to be shown; the last one stays
	shown   platform.State
	records []conversation.Record
}

// Page is a page of results.
type Page struct {
	Conversations []string
	Cursor        string
	Available     time.Time // zero leaves the member out
	Missing       string    // the header Parley-Missing-Days; empty leaves it out
}

func (p Page) text() string {
	out := `{"conversations":[` + strings.Join(p.Conversations, ",") + "]"
	if p.Cursor != "" {
		out += fmt.Sprintf(`,"cursor":%q`, p.Cursor)
	}
	if !p.Available.IsZero() {
		out += fmt.Sprintf(`,"dataAvailabilityDate":%q`, conversation.FormatTime(p.Available))
	}
	return out + "}"
}

func (f *Fake) login(w http.ResponseWriter, r *http.Request, n int) {
	if id, secret, _ := r.BasicAuth(); id != ClientID || secret != ClientSecret || r.FormValue("grant_type") != "client_credentials" {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"invalid_client","description":"authentication failed","error_description":"authentication failed"}`)
		return
	}
	token := fmt.Sprintf("token-%d", n)
	f.mu.Lock()
	f.tokens[token], f.expires[token] = 0, time.Now().Add(f.cfg.TokenTime)
	f.mu.Unlock()
	_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":%d}`, token, int64(cmp.Or(f.cfg.TokenTime, 86_399*time.Second)/time.Second))
}

// admit says whether the request bears a token that is good; if not, it has been answered.
func (f *Fake) admit(w http.ResponseWriter, r *http.Request) bool {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	f.mu.Lock()
	used, known := f.tokens[token]
	good := known && (f.cfg.TokenCalls == 0 || used < f.cfg.TokenCalls) && (f.cfg.TokenTime == 0 || time.Now().Before(f.expires[token]))
	if good {
		f.tokens[token]++
	}
	f.mu.Unlock()
	if !good {
		refuse(w, http.StatusUnauthorized, "bad.credentials", "Invalid login credentials.")
	}
	return good
}

// available is the dataAvailabilityDate; the caller holds the lock.
func (f *Fake) available() time.Time {
	if f.cfg.Available.IsZero() {
		return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return f.cfg.Available
}

func (f *Fake) availability(w http.ResponseWriter, _ *http.Request, _ int) {
	f.mu.Lock()
	at := f.available()
	f.mu.Unlock()
	_, _ = fmt.Fprintf(w, `{"dataAvailabilityDate":%q}`, conversation.FormatTime(at))
}

func (f *Fake) submit(w http.ResponseWriter, r *http.Request, _ int) {
	text, _ := io.ReadAll(r.Body)
	var body struct { // all that is looked at: the rest may be anything
		Interval   string `json:"interval"`
		StartOfDay bool   `json:"startOfDayIntervalMatching"`
	}
	err := json.Unmarshal(text, &body)
	iv, bad := conversation.ParseInterval(body.Interval)
	if err != nil || bad != nil || r.Header.Get("Content-Type") != "application/json" {
		refuse(w, http.StatusBadRequest, "bad.request", "The request could not be understood by the server due to malformed syntax.")
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := Submission{N: len(f.submissions) + 1, Interval: iv, StartDay: body.StartOfDay, Body: string(text)}
	f.submissions = append(f.submissions, s)
	j := &job{states: []platform.State{platform.Fulfilled}, records: f.matching(iv, body.StartOfDay && !f.cfg.IgnoreStartDay)}
	if f.cfg.States != nil {
		j.states = f.cfg.States(s)
	}
	id := fmt.Sprintf("job-%d", s.N)
	f.jobs[id] = j
	w.WriteHeader(http.StatusAccepted)
	_, _ = fmt.Fprintf(w, `{"jobId":%q}`, id)
}

// matching gives the records of an interval, as the platform documents it for jobs: those whose lifetime overlaps it;
// with startDay, only those that started on its first day or later.
func (f *Fake) matching(iv conversation.Interval, startDay bool) []conversation.Record {
	var out []conversation.Record
	for _, r := range f.records {
		early := startDay && r.Start.Before(conversation.DayOf(iv.Start).Start())
		if iv.Overlaps(r.Start, r.End) && !early {
			out = append(out, r)
		}
	}
	return out
}

func (f *Fake) status(w http.ResponseWriter, r *http.Request, _ int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	j := f.jobs[r.PathValue("id")]
	if j == nil {
		notFound(w)
		return
	}
	j.shown = j.states[0]
	if len(j.states) > 1 {
		j.states = j.states[1:]
	}
	extra := `,"expirationDate":"2199-01-01T00:00:00.000Z"`
	switch j.shown {
	case platform.Queued, platform.Pending:
		w.WriteHeader(http.StatusAccepted)
		extra = ""
	case platform.Failed:
		extra = `,"errorMessage":"the volume is too large"`
	default:
	}
	_, _ = fmt.Fprintf(w, `{"state":%q,"submissionDate":"2026-11-01T00:00:00.000Z"%s}`, j.shown, extra)
}

func notFound(w http.ResponseWriter) {
	refuse(w, http.StatusNotFound, "not.found", "The requested resource was not found.")
}

func (f *Fake) results(w http.ResponseWriter, r *http.Request, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := r.PathValue("id")
	j := f.jobs[id]
	if j == nil || j.shown != platform.Fulfilled {
		notFound(w)
		return
	}
	size, err := strconv.Atoi(cmp.Or(r.FormValue("pageSize"), "1000"))
	from, ok := offset(id, r.FormValue("cursor"))
	if err != nil || !ok || from > len(j.records) || size < 1 || size > 10_000 {
		refuse(w, http.StatusBadRequest, "bad.request", "The cursor or the pageSize is not valid.")
		return
	}
	if f.cfg.PageSize > 0 {
		size = min(size, f.cfg.PageSize)
	}
	page := Page{Available: f.available()}
	end := min(from+size, len(j.records))
	for _, rec := range j.records[from:end] {
		page.Conversations = append(page.Conversations, string(rec.JSON))
	}
	if end < len(j.records) {
		page.Cursor = cursor(id, end)
	}
	for _, rule := range f.cfg.Rules {
		if rule.Edit != nil && rule.applies(Results, n) {
			rule.Edit(&page)
		}
	}
	if page.Missing != "" {
		w.Header().Set("Parley-Missing-Days", page.Missing)
	}
	_, _ = io.WriteString(w, page.text())
}

// cursor is opaque, and holds what must be escaped in a URL: + / and =.
func cursor(job string, at int) string {
	return "+/" + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s %d", job, at)) + "="
}

// offset is where a cursor of the job points to.
func offset(job, mark string) (int, bool) {
	if mark == "" {
		return 0, true
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(strings.TrimPrefix(mark, "+/"), "="))
	of, at, _ := strings.Cut(string(text), " ")
	n, bad := strconv.Atoi(at)
	return n, err == nil && bad == nil && of == job && mark == cursor(job, n)
}

func (f *Fake) delete(w http.ResponseWriter, r *http.Request, _ int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.jobs[r.PathValue("id")] == nil {
		notFound(w)
		return
	}
	delete(f.jobs, r.PathValue("id"))
	w.WriteHeader(http.StatusNoContent)
}

// query answers the synchronous query: conversations that started on a day touched by the interval and were going on
// in it, by start, or by end downwards.
func (f *Fake) query(w http.ResponseWriter, r *http.Request, _ int) {
	body := wire.Request{Paging: &wire.Paging{}}
	err := json.UnmarshalRead(r.Body, &body)
	iv, bad := conversation.ParseInterval(body.Interval)
	if size := body.Paging.PageSize; err != nil || bad != nil || size < 1 || size > 100 || body.Paging.PageNumber < 1 {
		refuse(w, http.StatusBadRequest, "bad.request", "The request could not be understood by the server due to malformed syntax.")
		return
	}
	f.mu.Lock()
	found := f.matching(iv, true)
	f.mu.Unlock()
	if body.OrderBy == "conversationEnd" {
		slices.SortStableFunc(found, func(a, b conversation.Record) int { return b.End.Compare(a.End) })
	}
	var texts []string
	begin := min((body.Paging.PageNumber-1)*body.Paging.PageSize, len(found))
	for _, rec := range found[begin:min(begin+body.Paging.PageSize, len(found))] {
		texts = append(texts, string(rec.JSON))
	}
	if len(texts) == 0 {
		_, _ = fmt.Fprintf(w, `{"totalHits":%d}`, len(found)) // upstream leaves the empty list out
		return
	}
	_, _ = fmt.Fprintf(w, `{"conversations":[%s],"totalHits":%d}`, strings.Join(texts, ","), len(found))
}
