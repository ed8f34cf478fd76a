// Package ledger is the half of the load test that is about right and wrong: what a client under load was told, held
// to what a server promises of its limits. How long it took is the other half's business.
package ledger

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Limits as they are named in answers of status 429.
const (
	KeyRequests  = "client.credentials.token.rate.per.minute"
	KeyPerMinute = "details.jobs.rate.per.minute"
	KeyOpen      = "details.jobs.concurrent.access.max"
)

// minute is the window in which requests and submissions are counted. It begins with the first after the last has ended.
const minute = time.Minute

// Reply is one counted request of a client, and what it was told.
type Reply struct {
	Kind                  string // submit, status, page, query, delete
	Begun, Ended          time.Time
	Status                int
	Key                   string // of the limit, if Status is 429
	Count, Allowed, Reset int    // headers inin-ratelimit-*
	RetryAfter            int    // seconds; 0 is none
}

// Refused says whether the limit of requests refused it.
func (r Reply) Refused() bool { return r.Key == KeyRequests }

// Job is one job of a client, and when it may have been open: from the submission until an answer showed that it was
// done, or it was deleted.
type Job struct {
	ID             string
	Begun, Ended   time.Time // the submission
	SeenDone       time.Time // end of the first answer that showed it; zero if none did
	Deleting, Gone time.Time // begin and end of the deletion; zero if there was none
	Completed      time.Time // when it was fulfilled, as the server says; zero if it does not
}

// Ledger is all that one client asked and was told. Its checks give what is wrong with that, knowing only that the
// server looked at its clock at some moment between the begin and the end of each request.
type Ledger struct {
	Replies []Reply
	Jobs    []*Job
}

// Limits are those that the server was told.
type Limits struct{ Requests, PerMinute, Open int }

// Check gives what is wrong, one line for each; none if all is well.
func (l *Ledger) Check(most Limits) (wrong []string) {
	return slices.Concat(l.plain(), l.checkRequests(most.Requests), l.checkPerMinute(most.PerMinute), l.checkOpen(most.Open))
}

// plain holds every single answer to what it must be whatever came before.
func (l *Ledger) plain() (wrong []string) {
	for _, r := range l.Replies {
		switch limited := r.Status == http.StatusTooManyRequests; {
		case r.Status >= http.StatusInternalServerError:
			wrong = append(wrong, fmt.Sprintf("%s: status %d", r.Kind, r.Status))
		case limited && r.RetryAfter < 1:
			wrong = append(wrong, r.Kind+": 429 without Retry-After")
		case limited && r.Key != KeyRequests && r.Key != KeyPerMinute && r.Key != KeyOpen:
			wrong = append(wrong, fmt.Sprintf("%s: 429 with the limit %q", r.Kind, r.Key))
		case limited && r.Key != KeyRequests && r.Kind != "submit":
			wrong = append(wrong, fmt.Sprintf("%s: 429 with a limit of jobs, %s", r.Kind, r.Key))
		case !limited && (r.Key != "" || r.RetryAfter != 0):
			wrong = append(wrong, fmt.Sprintf("%s: status %d with a limit or Retry-After", r.Kind, r.Status))
		}
	}
	return wrong
}

// span is when something happened, at the earliest and at the latest.
type span struct{ from, to time.Time }

func (s span) and(o span) span {
	if o.from.After(s.from) {
		s.from = o.from
	}
	if o.to.Before(s.to) {
		s.to = o.to
	}
	return s
}

func (s span) empty() bool { return s.from.After(s.to) }

// start is when the window of a request began, by what its header says of the end.
func (r Reply) start() span {
	left := time.Duration(r.Reset) * time.Second // rounded up
	return span{r.Begun.Add(left - time.Second - minute), r.Ended.Add(left - minute)}
}

// windows sorts the replies into the windows that their headers tell of. Two windows begin a minute apart at least.
func (l *Ledger) windows() (out [][]Reply) {
	sorted := slices.SortedFunc(slices.Values(l.Replies), func(a, b Reply) int { return a.start().from.Compare(b.start().from) })
	for i, r := range sorted {
		if i == 0 || r.start().from.Sub(sorted[i-1].start().from) > minute/2 {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], r)
	}
	return out
}

// checkRequests holds the windows to the limit: the requests that passed are counted from 1 on without a gap, up to what
// is allowed; a request is refused only when so many have passed, and then always; the headers tell of one window that
// lasts a minute and begins with the first request.
func (l *Ledger) checkRequests(allowed int) (wrong []string) {
	before := span{}
	for _, w := range l.windows() {
		start, problems := window(w, allowed)
		wrong = append(wrong, problems...)
		if !before.from.IsZero() && start.to.Before(before.from.Add(minute)) {
			wrong = append(wrong, fmt.Sprintf("a window of requests begins %v after the one before", start.to.Sub(before.from)))
		}
		before = start
	}
	return wrong
}

func window(w []Reply, allowed int) (start span, wrong []string) {
	start = w[0].start()
	var counts []int
	refused := 0
	for _, r := range w {
		start = start.and(r.start())
		if r.Allowed != allowed {
			wrong = append(wrong, fmt.Sprintf("inin-ratelimit-allowed is %d", r.Allowed))
		}
		if r.Count == 1 {
			start = start.and(span{r.Begun, r.Ended})
		}
		if !r.Refused() {
			counts = append(counts, r.Count)
			continue
		}
		refused++
		if r.Count != allowed || r.RetryAfter != r.Reset {
			wrong = append(wrong, fmt.Sprintf("refused at count %d of %d, Retry-After %d, reset %d", r.Count, allowed, r.RetryAfter, r.Reset))
		}
	}
	if start.empty() {
		wrong = append(wrong, fmt.Sprintf("inin-ratelimit-reset tells of no one window: it begins %v before it begins", start.from.Sub(start.to)))
	}
	slices.Sort(counts)
	for i, n := range counts {
		if n != i+1 || n > allowed {
			return start, append(wrong, fmt.Sprintf("of %d requests that passed, number %d has count %d", len(counts), i+1, n))
		}
	}
	if refused > 0 && len(counts) != allowed {
		wrong = append(wrong, fmt.Sprintf("%d refused though %d of %d had passed", refused, len(counts), allowed))
	}
	return start, wrong
}

// counted gives the submissions that count against those of a minute: all that no limit refused.
func (l *Ledger) counted() (out []Reply) {
	for _, r := range l.Replies {
		if r.Kind == "submit" && r.Key == "" {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Reply) int { return a.Begun.Compare(b.Begun) })
	return out
}

// checkPerMinute: a submission is refused only when so many were counted in the minute before, and no more are counted in
// a window, for clients that submit one at a time.
func (l *Ledger) checkPerMinute(most int) (wrong []string) {
	counted := l.counted()
	var first Reply // of the window
	n := 0
	for _, r := range counted {
		switch {
		case n > 0 && r.Ended.Before(first.Begun.Add(minute)):
			n++
		case n == 0 || !r.Begun.Before(first.Ended.Add(minute)):
			first, n = r, 1
		default: // the window ended just then: the request may belong to either
			first, n = r, 0
		}
		if n > most {
			wrong = append(wrong, fmt.Sprintf("%d submissions passed within a minute", n))
		}
	}
	for _, r := range l.Replies {
		if r.Key != KeyPerMinute {
			continue
		}
		within := 0
		for _, c := range counted {
			if c.Begun.Before(r.Ended) && c.Ended.After(r.Begun.Add(-minute)) {
				within++
			}
		}
		if within < most {
			wrong = append(wrong, fmt.Sprintf("a submission was refused after %d within a minute", within))
		}
	}
	return wrong
}

// late is how much later than its completionDate a job may count as open: its end is entered after the date is taken.
const late = 2 * time.Second

// checkOpen: a submission is refused only when so many jobs may have been open, and passes only when not so many must
// have been.
func (l *Ledger) checkOpen(most int) (wrong []string) {
	for _, r := range l.Replies {
		if r.Kind != "submit" {
			continue
		}
		may, must := 0, 0
		for _, j := range l.Jobs {
			if j.mayBeOpen(r) {
				may++
			}
			if j.mustBeOpen(r) {
				must++
			}
		}
		if r.Key == KeyOpen && may < most {
			wrong = append(wrong, fmt.Sprintf("a submission was refused while at most %d jobs were open", may))
		}
		if r.Status == http.StatusAccepted && must >= most {
			wrong = append(wrong, fmt.Sprintf("a submission passed while %d jobs were open", must))
		}
	}
	return wrong
}

func (j *Job) mayBeOpen(at Reply) bool {
	return j.Begun.Before(at.Ended) && !past(j.SeenDone, at.Begun) && !past(j.Gone, at.Begun) &&
		(j.Completed.IsZero() || j.Completed.Add(late).After(at.Begun))
}

// mustBeOpen needs the server's own date: without it nobody knows when the job was done. Dates are cut to milliseconds.
func (j *Job) mustBeOpen(at Reply) bool {
	return j.Ended.Before(at.Begun) && j.Completed.After(at.Ended) && (j.Deleting.IsZero() || j.Deleting.After(at.Ended))
}

// past says whether something that may never have happened was over by then.
func past(t, now time.Time) bool { return !t.IsZero() && t.Before(now) }

// Tellings counts what is said several times.
func Tellings(wrong []string) (out []string) {
	n := map[string]int{}
	for _, w := range wrong {
		n[w]++
	}
	for w, times := range n {
		out = append(out, fmt.Sprintf("%d times: %s", times, w))
	}
	slices.SortFunc(out, cmp.Compare)
	return out
}
