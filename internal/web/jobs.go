package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/web/form"
	"github.com/parley-hq/parley/internal/web/words"
	"github.com/parley-hq/parley/internal/wire"
)

// jobsBody is the page of all jobs.
type jobsBody struct {
	Sentence string
	States   []choice
	Rows     []jobRow
	More     string // address of those that follow
}

// jobRow is a job in the list.
type jobRow struct {
	ID, Short, State, Client, Submitted, Age, Records, Size, Expires string
	Address                                                          string
}

// mostJobs is how many jobs are on a page.
const mostJobs = 100

func (v *visit) jobs() (list wire.JobList, err error) {
	return list, v.askFor(http.MethodGet, wire.PathList, nil, &list)
}

func jobsPage(v *visit) error {
	follows, err := v.following("jobs")
	if err != nil {
		return err
	}
	list, err := v.jobs()
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	body, err := jobsOf(list.Jobs, wire.JobState(q.Get("state")), q.Get("after"), v.web.cfg.Now())
	if err != nil {
		return err
	}
	return v.show("jobs", page{Title: "Jobs", Here: "Jobs", Body: body, Live: follows, JSON: wire.PathList, Command: "parley jobs list" + v.where()})
}

// jobsOf makes the page of the jobs in a state, from after one of them on.
func jobsOf(all []wire.ListedJob, state wire.JobState, after string, now time.Time) (b jobsBody, err error) {
	if state != "" && !slices.Contains(wire.JobStates(), state) {
		return b, fault.Field("state", "there is no state %s", fault.Clip(string(state)))
	}
	counts := map[wire.JobState]int{}
	for _, j := range all {
		counts[j.State]++
	}
	b.Sentence = jobsSentence(counts, len(all))
	b.States = append(b.States, choice{"all " + words.Count(int64(len(all))), "/ui/jobs", state == ""})
	for _, s := range wire.JobStates() {
		if counts[s] > 0 || s == state {
			b.States = append(b.States, choice{stateWord(s) + " " + words.Count(int64(counts[s])), "/ui/jobs?state=" + string(s), s == state})
		}
	}
	shown := slices.DeleteFunc(slices.Clone(all), func(j wire.ListedJob) bool { return state != "" && j.State != state })
	if i := slices.IndexFunc(shown, func(j wire.ListedJob) bool { return string(j.ID) == after }); i >= 0 {
		shown = shown[i+1:]
	}
	if len(shown) > mostJobs {
		shown = shown[:mostJobs]
		b.More = "/ui/jobs?" + url.Values{"state": {string(state)}, "after": {string(shown[mostJobs-1].ID)}}.Encode()
	}
	for _, j := range shown {
		b.Rows = append(b.Rows, rowOf(j, now))
	}
	return b, nil
}

// jobsSentence says what there is to know of all jobs.
func jobsSentence(counts map[wire.JobState]int, all int) string {
	if all == 0 {
		return "There are no jobs."
	}
	text := "No job is waiting or being answered."
	if waiting, running := counts[wire.Queued], counts[wire.Pending]; waiting+running > 0 {
		text = fmt.Sprintf("%s, and %s.", words.Amount(running, "job is being answered", "jobs are being answered"), words.Amount(waiting, "waits", "wait"))
	}
	if n := counts[wire.Fulfilled]; n == 0 {
		text += " None has results."
	} else {
		text += " " + words.Amount(n, "has results", "have results") + "."
	}
	if n := counts[wire.Failed]; n > 0 {
		text += " " + words.Amount(n, "has failed", "have failed") + "."
	}
	return text
}

func rowOf(j wire.ListedJob, now time.Time) jobRow {
	r := jobRow{
		ID: string(j.ID), Short: words.Short(string(j.ID)), State: stateWord(j.State), Client: j.Client, Submitted: moment(j.SubmissionDate), Age: age(j.SubmissionDate, now),
		Expires: moment(j.ExpirationDate), Address: "/ui/jobs/" + url.PathEscape(string(j.ID)),
	}
	if j.Records != nil {
		r.Records = words.Count(*j.Records)
	}
	if j.Bytes != nil {
		r.Size = words.Size(int(*j.Bytes))
	}
	return r
}

// stateWords are the states of jobs in words.
var stateWords = map[wire.JobState]string{
	wire.Queued: "waiting", wire.Pending: "being answered", wire.Fulfilled: "fulfilled", wire.Failed: "failed", wire.Cancelled: "cancelled", wire.Expired: "expired",
}

func stateWord(s wire.JobState) string { return stateWords[s] }

// moment writes an instant of the wire for people.
func moment(text string) string {
	at, err := conversation.ParseTime(text)
	if err != nil {
		return ""
	}
	return at.UTC().Format("2 Jan 15:04:05")
}

// age is how long ago an instant of the wire was; empty if it is none.
func age(text string, now time.Time) string {
	at, err := conversation.ParseTime(text)
	if err != nil {
		return ""
	}
	return words.Since(at, now) + " ago"
}

// jobBody is the page of one job.
type jobBody struct {
	ID       string
	Sentence string
	Why      string // it failed
	States   []jobStep
	Facts    []fact
	Query    string
	Rows     []foundRow
	Next     string // address of the results that follow
	Masked   bool   // who looks may not see personal data
	Take     string // address of all results as a file; empty: who looks may not take them
	Gone     bool   // there were results, and they have expired
	Cancel   string // address of the page to cancel or remove it
	Done     bool
}

// jobStep is a state in the drawing of a job's life.
type jobStep struct {
	Name, At string
	Now      bool
	Past     bool
}

func (v *visit) job() (j wire.AskedJob, err error) {
	err = v.askFor(http.MethodGet, wire.PathList+"/"+url.PathEscape(v.r.PathValue("id")), nil, &j)
	if !v.who.Has(access.ViewPersonalData) {
		j.Query = nil // it may name people
	}
	return j, err
}

func jobPage(v *visit) error {
	follows, err := v.following("job/" + v.r.PathValue("id"))
	if err != nil {
		return v.noJob(err)
	}
	j, err := v.job()
	if err != nil {
		return v.noJob(err)
	}
	b := jobBodyOf(j, v.web.cfg.Now())
	if j.State == wire.Fulfilled {
		if b.Rows, b.Next, err = v.results(j.ID); err != nil {
			return err
		}
		b.Masked = v.masked()
		if !b.Masked && len(b.Rows) > 0 {
			b.Take = "/ui/jobs/" + url.PathEscape(b.ID) + "/results.ndjson"
		}
	}
	return v.show("job", page{
		Title: "Job " + words.Short(b.ID), Here: "Jobs", Body: b, Live: follows, JSON: wire.PathList + "/" + b.ID, Command: commandOn("parley jobs status", b.ID, v.where()),
	})
}

func jobBodyOf(j wire.AskedJob, now time.Time) jobBody {
	b := jobBody{ID: string(j.ID), Sentence: jobSentence(j, now), Why: j.ErrorMessage, States: stepsOf(j), Cancel: jobAddress(j.ID) + "/cancel", Done: j.State.Done(), Gone: j.State == wire.Expired}
	if b.Done {
		b.Cancel = jobAddress(j.ID) + "/remove"
	}
	if j.Query != nil {
		var text bytes.Buffer
		v := slices.Clone(j.Query)
		if err := (&v).Indent(jsontext.WithIndent("  ")); err == nil {
			text.Write(v)
		}
		b.Query = text.String()
	}
	add := func(name, value, more string) {
		if value != "" {
			b.Facts = append(b.Facts, fact{Name: name, Value: value, More: more})
		}
	}
	add("state", stateWord(j.State), "")
	add("submitted", moment(j.SubmissionDate), age(j.SubmissionDate, now))
	add("took", took(j), "")
	if j.Records != nil {
		add("conversations", words.Count(*j.Records), "")
	}
	if j.Bytes != nil {
		add("size", words.Size(int(*j.Bytes)), "as JSON")
	}
	add("results until", moment(j.ExpirationDate), "")
	add("client", j.Client, "")
	return b
}

// took is from the submission of a job to its end; empty by a clock that stands still.
func took(j wire.AskedJob) string {
	from, err := conversation.ParseTime(j.SubmissionDate)
	to, bad := conversation.ParseTime(j.CompletionDate)
	if err != nil || bad != nil || !to.After(from) {
		return ""
	}
	return account.Length(to.Sub(from)).String()
}

func jobSentence(j wire.AskedJob, now time.Time) string {
	switch j.State {
	case wire.Queued:
		return "The job waits for its turn; it was submitted " + age(j.SubmissionDate, now) + "."
	case wire.Pending:
		return "The job is being answered; it was submitted " + age(j.SubmissionDate, now) + "."
	case wire.Fulfilled:
		text := "The job has found " + words.Amount(int(*j.Records), "conversation", "conversations")
		if t := took(j); t != "" {
			text += " within " + t
		}
		return text + "."
	case wire.Failed:
		return "The job has failed."
	case wire.Cancelled:
		return "The job was cancelled before it was done."
	case wire.Expired:
		return "The results of the job have expired; submit the query again to have them."
	}
	return "The job is " + string(j.State) + "."
}

// stepsOf draws the life of a job: the states that it goes through, or the one that ended it.
func stepsOf(j wire.AskedJob) (out []jobStep) {
	path := []wire.JobState{wire.Queued, wire.Pending, wire.Fulfilled, wire.Expired}
	if j.State == wire.Failed || j.State == wire.Cancelled {
		path = []wire.JobState{wire.Queued, wire.Pending, j.State}
	}
	now := slices.Index(path, j.State)
	at := map[wire.JobState]string{wire.Queued: j.SubmissionDate, wire.Fulfilled: j.CompletionDate, wire.Failed: j.CompletionDate, wire.Expired: j.ExpirationDate}
	for i, s := range path {
		out = append(out, jobStep{Name: stateWord(s), At: moment(at[s]), Now: i == now, Past: i < now})
	}
	return out
}

// resultsShown is how many results of a job are on a page.
const resultsShown = 25

// resultsPage are some results of a job as the API gives them.
type resultsPage struct {
	Conversations []jsontext.Value `json:"conversations"`
	Cursor        string           `json:"cursor"` // of those that follow; empty: there are none
}

// resultsFrom asks for so many results of a job, from a cursor on.
func (v *visit) resultsFrom(id wire.JobID, cursor string, most int) (p resultsPage, err error) {
	q := url.Values{"pageSize": {strconv.Itoa(most)}}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	return p, v.askFor(http.MethodGet, wire.PathJobs+"/"+url.PathEscape(string(id))+"/results?"+q.Encode(), nil, &p)
}

// results are some of a job, from the cursor of the address on.
func (v *visit) results(id wire.JobID) (rows []foundRow, next string, err error) {
	found, err := v.resultsFrom(id, v.r.URL.Query().Get("cursor"), resultsShown)
	if err != nil {
		return nil, "", err
	}
	items, err := v.itemsOf(found.Conversations)
	if err != nil {
		return nil, "", err
	}
	if rows, err = v.rowsOf(items); err != nil {
		return nil, "", err
	}
	if found.Cursor != "" {
		next = "/ui/jobs/" + url.PathEscape(string(id)) + "?" + url.Values{"cursor": {found.Cursor}}.Encode()
	}
	return rows, next, nil
}

// resultsAtOnce is how many results of a job are in memory while all are sent.
const resultsAtOnce = 100

// someResults are the next results of a job: as many as are sent at once, or one where these are too large.
func (v *visit) someResults(id wire.JobID, cursor string) (resultsPage, error) {
	p, err := v.resultsFrom(id, cursor, resultsAtOnce)
	if errors.Is(err, fault.TooLarge) {
		return v.resultsFrom(id, cursor, 1)
	}
	return p, err
}

// jobResults gives all results of a job as a file, one a line, page by page as the API gives them. They are not masked, so that it is only
// for those who may see them so. What fails after the first page breaks the connection, so that nobody takes a part for the whole.
func jobResults(v *visit) error {
	if err := v.who.Require(access.ViewPersonalData); err != nil {
		return err
	}
	id := wire.JobID(v.r.PathValue("id"))
	found, err := v.someResults(id, "")
	if err != nil {
		return err
	}
	if err := v.attach("application/x-ndjson", "job-"+words.Short(string(id))+".ndjson"); err != nil {
		return err
	}
	out := http.NewResponseController(v.out)
	for {
		_ = out.SetWriteDeadline(time.Now().Add(pageWithin)) // tests have no connection
		for _, record := range found.Conversations {
			_, _ = v.out.Write(append(form.Compact(record), '\n'))
		}
		_ = out.Flush()
		if found.Cursor == "" {
			return nil
		}
		if found, err = v.someResults(id, found.Cursor); err != nil {
			if v.ctx().Err() == nil { // nobody has left
				v.web.cfg.Log.ErrorContext(v.ctx(), "results were cut off", "job", id, "err", err)
			}
			panic(http.ErrAbortHandler)
		}
		v.leave() // whoever takes the file may be slow
	}
}

// cancelBody is the page that asks whether a job shall end, or be removed.
type cancelBody struct{ ID, Sentence, Button, Back string }

// ends says whether the address is that of cancelling a job, or of removing one that is done. They are two: whoever comes back to the one,
// or sends it late, must not do the other.
func (v *visit) ends() bool { return strings.HasSuffix(v.r.URL.Path, "/cancel") }

// endable is the job of the address, for who may end it; due says that it can be done to it what the address says.
func (v *visit) endable() (j wire.AskedJob, due bool, err error) {
	if err := v.who.Require(access.ActOnPages); err != nil {
		return j, false, err
	}
	j, err = v.job()
	return j, j.State.Done() != v.ends(), err
}

// jobAddress is that of the page of a job.
func jobAddress(id wire.JobID) string { return "/ui/jobs/" + url.PathEscape(string(id)) }

// cancelPage names what is lost.
func cancelPage(v *visit) error {
	j, due, err := v.endable()
	if err != nil {
		return v.noJob(err)
	}
	if !due {
		return v.redirect(jobAddress(j.ID))
	}
	b := cancelBody{ID: string(j.ID), Button: "Remove the job", Back: jobAddress(j.ID)}
	switch {
	case v.ends():
		b.Sentence, b.Button = "Cancel this job? It gives no results then; what it has found so far is thrown away.", "Cancel the job"
	case j.Records != nil && j.State == wire.Fulfilled:
		b.Sentence = "Remove this job? Its " + words.Amount(int(*j.Records), "result goes", "results go") + " with it, for everybody; the query would have to be submitted again."
	default:
		b.Sentence = "Remove this job? Nothing is known of it then."
	}
	return v.show("cancel", page{Title: b.Button, Here: "Jobs", Body: b, Command: commandOn("parley jobs cancel", b.ID, v.where())})
}

// cancelJob cancels a job that is not done, which can still be looked at, or removes one that is. One that was done meanwhile stays, with
// its results.
func cancelJob(v *visit) error {
	j, due, err := v.endable()
	if err != nil {
		return v.noJob(err)
	}
	if due {
		if _, err := v.ask(http.MethodDelete, wire.PathJobs+"/"+url.PathEscape(string(j.ID)), nil); err != nil {
			return v.noJob(err)
		}
	}
	if due && !v.ends() {
		return v.redirect("/ui/jobs")
	}
	return v.redirect(jobAddress(j.ID))
}

// noJob shows where the other jobs are to who asks for one that is not there: who removed it comes back to its pages.
func (v *visit) noJob(err error) error {
	if fault.HTTPStatus(err) != http.StatusNotFound || !fault.Outward(err) {
		return err
	}
	return v.write(http.StatusNotFound, "failure", page{Title: "This job is not there", Here: "Jobs", Body: failure{
		Message: "This job is not there.", More: "It was removed, or it never was, or its time is over: jobs are forgotten some days after their results. " + saidOf(err) + ".", To: link{"All jobs", "/ui/jobs"},
	}})
}

func jobsJSON(v *visit) error {
	text, err := v.ask(http.MethodGet, wire.PathList, nil)
	if err != nil {
		return err
	}
	v.sendText(http.StatusOK, text)
	return nil
}

func jobJSON(v *visit) error {
	j, err := v.job()
	if err != nil {
		return err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return err
	}
	v.sendText(http.StatusOK, text)
	return nil
}
