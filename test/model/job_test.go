package model_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// states is a set of states in which a job may be, for all that is known.
type states uint8

// The states of a job, and that it is not found any more.
const (
	queued states = 1 << iota
	pending
	fulfilled
	failed
	cancelled
	expired
	gone
)

const open = queued | pending

var stateNames = []string{"QUEUED", "PENDING", "FULFILLED", "FAILED", "CANCELLED", "EXPIRED", "gone"}

func stateOf(name string) states {
	return 1 << max(slices.Index(stateNames, name), 0)
}

func (s states) String() string {
	var names []string
	for i, name := range stateNames {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "|")
}

// span is when something happened: not before one time of the server's clock and not after another.
type span struct{ from, to time.Time }

// status is what the server says of a job, in its status and in lists.
type status struct {
	State          string `json:"state"`
	ErrorMessage   string `json:"errorMessage"`
	ExpirationDate string `json:"expirationDate"`
	SubmissionDate string `json:"submissionDate"`
	CompletionDate string `json:"completionDate"`
}

// listed is a job in a list.
type listed struct {
	JobID       string `json:"jobId"`
	ClientID    string `json:"clientId"`
	Records     int    `json:"records"`
	Bytes       int64  `json:"bytes"`
	StoredBytes int64  `json:"storedBytes"`
	status
}

// asyncJob is the model of a job.
type asyncJob struct {
	n         int // of the run, from 0
	id        string
	client    *client
	question  question
	may       states
	seen      states // when it was last looked at
	open      int    // the start of the server after which it was last seen open
	left      bool   // by a server that was killed, perhaps: its runner queues it again some time after the start
	submitted span
	deleted   span // the first and the last request to delete it that may have had an effect while it was not done
	known     status
	expires   time.Time

	// It was answered from one of the moments that are left: at first those between its submission and its end, and
	// with every page that was read those that the page can be from.
	low       int
	moments   map[int][]*version // nil until it is known to be fulfilled
	available string             // dataAvailabilityDate of the pages read
	cursors   map[int]string     // of pages, by the number of their first record
	sums      map[[2]int][32]byte
}

// drift is the states in which the job may be at a time without anybody's doing.
func (j *asyncJob) drift(at span) states {
	s, now := j.may, at.to
	if j.left && s&pending != 0 {
		s |= queued
	}
	if s&queued != 0 {
		s |= pending
	}
	if s&pending != 0 {
		s |= fulfilled | failed
	}
	if s&fulfilled != 0 && !now.Before(j.earliestExpiry()) {
		s |= expired
	}
	if !j.expires.IsZero() && !at.from.Before(j.expires) {
		s &^= fulfilled
	}
	past := func(t time.Time) bool { return !now.Before(t.Add(keep)) }
	if s&expired != 0 && past(j.earliestExpiry()) || s&cancelled != 0 && past(j.deleted.from) || s&failed != 0 && past(j.earliestEnd()) {
		s |= gone
	}
	return s
}

// earliestEnd is a time before which the job was not done.
func (j *asyncJob) earliestEnd() time.Time {
	if t, err := conversation.ParseTime(j.known.CompletionDate); err == nil {
		return t
	}
	return j.submitted.from
}

func (j *asyncJob) earliestExpiry() time.Time {
	if !j.expires.IsZero() {
		return j.expires
	}
	return j.submitted.from.Add(keep)
}

// forgotten says whether a sweep at a time must forget the job.
func (j *asyncJob) forgotten(now time.Time) bool {
	end, err := conversation.ParseTime(j.known.CompletionDate)
	past := func(t time.Time) bool { return now.After(t.Add(keep + time.Second)) }
	return j.may == gone || j.may == expired && past(j.expires) || j.may == cancelled && past(j.deleted.to) || j.may == failed && err == nil && past(end)
}

// restarted takes note that the server was.
func (j *asyncJob) restarted(at time.Time) { j.left = j.drift(span{at, at})&pending != 0 }

// afterDelete is the states in which a deletion leaves a job that was in one of some states.
func afterDelete(from states) (to states) {
	if from&open != 0 {
		to |= cancelled
	}
	if from&^open != 0 {
		to |= gone
	}
	return to
}

// narrow says that the job is in one of some states at a time; that must be possible.
func (j *asyncJob) narrow(to states, at span) error {
	now := j.drift(at) & to
	if now == 0 {
		return fmt.Errorf("job %d is %v, and was %v before", j.n, to, j.may)
	}
	j.may = now
	return nil
}

// see compares what the server says of the job with what is known of it. Ended and begun are the commits to its lake
// that had ended before the server was asked, and begun before its answer was there.
func (j *asyncJob) see(s status, at span, ended, begun int) error {
	if err := j.dates(s, at); err != nil {
		return err
	}
	state := stateOf(s.State)
	if err := j.narrow(state, at); err != nil {
		return err
	}
	if state == queued {
		j.low, j.left = max(j.low, ended), false // it is answered later
	}
	if state&(fulfilled|failed|expired) != 0 {
		if j.moments == nil {
			j.found(begun)
		}
		j.keep(func(found []*version, _ int) bool { return (bytesOf(found) > limits.Bytes) == (state == failed) })
	}
	if j.moments != nil && len(j.moments) == 0 {
		return fmt.Errorf("job %d is %v: by the limit on bytes it should not be", j.n, state)
	}
	return nil
}

// found takes note that the job has found its results, with no more commits begun than these.
func (j *asyncJob) found(begun int) {
	j.moments = map[int][]*version{}
	for n := j.low; n <= begun; n++ {
		j.moments[n] = j.question.answer(j.client.org.corpus.moments[n])
	}
}

// keep leaves those moments that something is true of: of the answer then, and their number.
func (j *asyncJob) keep(is func(found []*version, n int) bool) {
	for n, found := range j.moments {
		if !is(found, n) {
			delete(j.moments, n)
		}
	}
}

// dates checks the dates of a status, which are there with certain states and never change.
func (j *asyncJob) dates(s status, at span) error {
	wrong := func(what string) error {
		return fmt.Errorf("job %d: %s: %+v; known before: %+v", j.n, what, s, j.known)
	}
	state := stateOf(s.State)
	submitted, err := conversation.ParseTime(s.SubmissionDate)
	if err != nil || submitted.Before(j.submitted.from.Truncate(time.Millisecond)) || submitted.After(j.submitted.to) {
		return wrong("its submissionDate is not when it was submitted")
	}
	if (s.CompletionDate != "") != (state&(fulfilled|failed|expired) != 0) {
		return wrong("completionDate is there, or is not")
	}
	if (s.ExpirationDate != "") != (state&(fulfilled|expired) != 0) {
		return wrong("expirationDate is there, or is not")
	}
	if (s.ErrorMessage != "") != (state == failed) {
		return wrong("errorMessage is there, or is not")
	}
	if state == failed && !strings.Contains(s.ErrorMessage, "absolute.request.bytes.max") {
		return wrong("it failed, and not because of the limit on bytes")
	}
	if s.CompletionDate != "" {
		completed, err := conversation.ParseTime(s.CompletionDate)
		if err != nil || completed.Before(submitted) || completed.After(at.to) {
			return wrong("completionDate lies before the submission or in the future")
		}
		if err := j.expiry(s, completed, at); err != nil {
			return wrong(err.Error())
		}
	}
	same := func(before, now string) bool { return before == "" || before == now }
	if !same(j.known.SubmissionDate, s.SubmissionDate) || !same(j.known.CompletionDate, s.CompletionDate) || !same(j.known.ExpirationDate, s.ExpirationDate) {
		return wrong("a date changed")
	}
	j.known = s
	return nil
}

// expiry checks that results expire at the first midnight at which they were kept long enough, and not before.
func (j *asyncJob) expiry(s status, completed time.Time, at span) error {
	if s.ExpirationDate == "" {
		return nil
	}
	expires, err := conversation.ParseTime(s.ExpirationDate)
	last := completed.Add(keep)
	before := last.Truncate(24 * time.Hour)
	// What is written as midnight may be it, or up to a millisecond later.
	right := expires.Equal(before.Add(24*time.Hour)) || expires.Equal(last) && expires.Equal(before)
	if err != nil || !right {
		return fmt.Errorf("expirationDate is not the midnight after it was kept for %v", keep)
	}
	if s.State == "EXPIRED" && at.to.Before(expires) {
		return fmt.Errorf("expired before its date")
	}
	if s.State == "FULFILLED" && !at.from.Before(expires) {
		return fmt.Errorf("not expired at its date")
	}
	j.expires = expires
	return nil
}

// sized compares the size that a list says with what was found.
func (j *asyncJob) sized(l listed) error {
	if stateOf(l.State)&(fulfilled|expired) == 0 {
		if l.Records+int(l.Bytes)+int(l.StoredBytes) != 0 {
			return fmt.Errorf("job %d is %s and has results: %+v", j.n, l.State, l)
		}
		return nil
	}
	j.keep(func(found []*version, _ int) bool { return len(found) == l.Records && bytesOf(found) == l.Bytes })
	if len(j.moments) == 0 {
		return fmt.Errorf("job %d: no moment has %d records of %d bytes", j.n, l.Records, l.Bytes)
	}
	if l.State == "FULFILLED" && l.StoredBytes == 0 {
		return fmt.Errorf("job %d: its results take no room", j.n)
	}
	return nil
}

// read compares a page of results with what was found, and enters its cursor. The size is that in effect.
func (j *asyncJob) read(from, size int, body []byte) (to int, err error) {
	sum := sha256.Sum256(body)
	if before, again := j.sums[[2]int{from, size}]; again && before != sum {
		return 0, fmt.Errorf("job %d: the page of %d results from %d on differs from what it was", j.n, size, from)
	}
	j.sums[[2]int{from, size}] = sum
	var tail struct {
		Cursor               string `json:"cursor"`
		DataAvailabilityDate string `json:"dataAvailabilityDate"`
	}
	var differences []string
	j.keep(func(found []*version, n int) bool {
		to = min(from+size, len(found))
		if from > len(found) {
			differences = append(differences, fmt.Sprintf("moment %d has %d records", n, len(found)))
			return false
		}
		rest, ok := pageOf(body, found[from:to])
		if ok {
			decoder := json.NewDecoder(bytes.NewReader(rest))
			decoder.DisallowUnknownFields()
			ok = decoder.Decode(&tail) == nil && (tail.Cursor != "") == (to < len(found))
		}
		available, err := conversation.ParseTime(tail.DataAvailabilityDate)
		if ok && (err != nil || available.After(j.client.org.corpus.moments[n].whole)) {
			ok = false
			differences = append(differences, fmt.Sprintf("moment %d is complete up to %v only, and the page says %q", n, j.client.org.corpus.moments[n].whole, tail.DataAvailabilityDate))
		}
		if !ok {
			differences = append(differences, fmt.Sprintf("moment %d: %s", n, difference(body, found[from:to], to < len(found))))
		}
		return ok
	})
	if len(j.moments) == 0 {
		return 0, fmt.Errorf("job %d: the page of %d results from %d on is from none of the moments that the job may have been answered from:\n%s",
			j.n, size, from, strings.Join(differences, "\n"))
	}
	for _, found := range j.moments { // of those that are left all have the page; they may differ behind it
		to = min(from+size, len(found))
		break
	}
	return to, j.enter(to, tail.Cursor, tail.DataAvailabilityDate)
}

// enter enters what a page says beside its records.
func (j *asyncJob) enter(to int, cursor, available string) error {
	if j.available != "" && j.available != available {
		return fmt.Errorf("job %d: dataAvailabilityDate %q on one page and %q on another", j.n, j.available, available)
	}
	j.available = available
	if before, known := j.cursors[to]; cursor != "" && known && before != cursor {
		return fmt.Errorf("job %d: two cursors for the place %d", j.n, to)
	}
	if cursor != "" {
		j.cursors[to] = cursor
	}
	return nil
}

// pageOf says whether a body begins as a page with these records; if so, it gives the rest as a JSON object.
func pageOf(body []byte, want []*version) (rest []byte, ok bool) {
	rest, ok = bytes.CutPrefix(body, []byte(`{"conversations":[`))
	for i, v := range want {
		if i > 0 && ok {
			rest, ok = bytes.CutPrefix(rest, []byte(","))
		}
		if ok {
			rest, ok = bytes.CutPrefix(rest, v.JSON)
		}
	}
	if ok {
		rest, ok = bytes.CutPrefix(rest, []byte("],"))
	}
	return append([]byte("{"), rest...), ok
}

// difference says in what a page differs from what it should be; ids only.
func difference(body []byte, want []*version, more bool) string {
	var page struct {
		Conversations []json.RawMessage `json:"conversations"`
		Cursor        string            `json:"cursor"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return fmt.Sprintf("the page of %d bytes is no JSON: %v", len(body), err)
	}
	for i, text := range page.Conversations {
		if i >= len(want) {
			break
		}
		var record struct {
			ID conversation.ID `json:"conversationId"`
		}
		_ = json.Unmarshal(text, &record) // without an id it differs anyhow
		switch {
		case record.ID != want[i].ID:
			return fmt.Sprintf("record %d of the page is %s, want %s", i, record.ID, want[i].ID)
		case !bytes.Equal(text, want[i].JSON):
			return fmt.Sprintf("record %d of the page, %s, is another version", i, want[i].ID)
		}
	}
	return fmt.Sprintf("the page has %d records and a cursor of %d characters; want %d, and a cursor: %v", len(page.Conversations), len(page.Cursor), len(want), more)
}
