package main

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Limits as they are named in answers of status 429.
const (
	keyRequests  = "client.credentials.token.rate.per.minute"
	keyPerMinute = "details.jobs.rate.per.minute"
	keyOpen      = "details.jobs.concurrent.access.max"
)

// minute is the window in which requests and submissions are counted. It begins with the first after the last has ended.
const minute = time.Minute

// reply is one counted request of a client, and what it was told.
type reply struct {
	kind                  string // submit, status, page, query, delete
	begun, ended          time.Time
	status                int
	key                   string // of the limit, if status is 429
	count, allowed, reset int    // headers inin-ratelimit-*
	retryAfter            int    // seconds; 0 is none
}

func (r reply) refused() bool { return r.key == keyRequests }

// ran is one job of a client, and when it may have been open: from the submission until an answer showed that it was
// done, or it was deleted.
type ran struct {
	id             string
	begun, ended   time.Time // the submission
	seenDone       time.Time // end of the first answer that showed it; zero if none did
	deleting, gone time.Time // begin and end of the deletion; zero if there was none
	completed      time.Time // when it was fulfilled, as the server says; zero if it does not
}

// ledger is all that one client asked and was told. Its checks give what is wrong with that, knowing only that the
// server looked at its clock at some moment between the begin and the end of each request.
type ledger struct {
	replies []reply
	jobs    []*ran
}

// limits are those that the server was told.
type limits struct{ requests, perMinute, open int }

func (l *ledger) check(most limits) (wrong []string) {
	return slices.Concat(l.plain(), l.checkRequests(most.requests), l.checkPerMinute(most.perMinute), l.checkOpen(most.open))
}

// plain holds every single answer to what it must be whatever came before.
func (l *ledger) plain() (wrong []string) {
	for _, r := range l.replies {
		switch limited := r.status == http.StatusTooManyRequests; {
		case r.status >= http.StatusInternalServerError:
			wrong = append(wrong, fmt.Sprintf("%s: status %d", r.kind, r.status))
		case limited && r.retryAfter < 1:
			wrong = append(wrong, r.kind+": 429 without Retry-After")
		case limited && r.key != keyRequests && r.key != keyPerMinute && r.key != keyOpen:
			wrong = append(wrong, fmt.Sprintf("%s: 429 with the limit %q", r.kind, r.key))
		case limited && r.key != keyRequests && r.kind != "submit":
			wrong = append(wrong, fmt.Sprintf("%s: 429 with a limit of jobs, %s", r.kind, r.key))
		case !limited && (r.key != "" || r.retryAfter != 0):
			wrong = append(wrong, fmt.Sprintf("%s: status %d with a limit or Retry-After", r.kind, r.status))
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
func (r reply) start() span {
	left := time.Duration(r.reset) * time.Second // rounded up
	return span{r.begun.Add(left - time.Second - minute), r.ended.Add(left - minute)}
}

// windows sorts the replies into the windows that their headers tell of. Two windows begin a minute apart at least.
func (l *ledger) windows() (out [][]reply) {
	sorted := slices.SortedFunc(slices.Values(l.replies), func(a, b reply) int { return a.start().from.Compare(b.start().from) })
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
func (l *ledger) checkRequests(allowed int) (wrong []string) {
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

func window(w []reply, allowed int) (start span, wrong []string) {
	start = w[0].start()
	var counts []int
	refused := 0
	for _, r := range w {
		start = start.and(r.start())
		if r.allowed != allowed {
			wrong = append(wrong, fmt.Sprintf("inin-ratelimit-allowed is %d", r.allowed))
		}
		if r.count == 1 {
			start = start.and(span{r.begun, r.ended})
		}
		if !r.refused() {
			counts = append(counts, r.count)
			continue
		}
		refused++
		if r.count != allowed || r.retryAfter != r.reset {
			wrong = append(wrong, fmt.Sprintf("refused at count %d of %d, Retry-After %d, reset %d", r.count, allowed, r.retryAfter, r.reset))
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
func (l *ledger) counted() (out []reply) {
	for _, r := range l.replies {
		if r.kind == "submit" && r.key == "" {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b reply) int { return a.begun.Compare(b.begun) })
	return out
}

// checkPerMinute: a submission is refused only when so many were counted in the minute before, and no more are counted in
// a window, for clients that submit one at a time.
func (l *ledger) checkPerMinute(most int) (wrong []string) {
	counted := l.counted()
	var first reply // of the window
	n := 0
	for _, r := range counted {
		switch {
		case n > 0 && r.ended.Before(first.begun.Add(minute)):
			n++
		case n == 0 || !r.begun.Before(first.ended.Add(minute)):
			first, n = r, 1
		default: // the window ended just then: the request may belong to either
			first, n = r, 0
		}
		if n > most {
			wrong = append(wrong, fmt.Sprintf("%d submissions passed within a minute", n))
		}
	}
	for _, r := range l.replies {
		if r.key != keyPerMinute {
			continue
		}
		within := 0
		for _, c := range counted {
			if c.begun.Before(r.ended) && c.ended.After(r.begun.Add(-minute)) {
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
func (l *ledger) checkOpen(most int) (wrong []string) {
	for _, r := range l.replies {
		if r.kind != "submit" {
			continue
		}
		may, must := 0, 0
		for _, j := range l.jobs {
			if j.mayBeOpen(r) {
				may++
			}
			if j.mustBeOpen(r) {
				must++
			}
		}
		if r.key == keyOpen && may < most {
			wrong = append(wrong, fmt.Sprintf("a submission was refused while at most %d jobs were open", may))
		}
		if r.status == http.StatusAccepted && must >= most {
			wrong = append(wrong, fmt.Sprintf("a submission passed while %d jobs were open", must))
		}
	}
	return wrong
}

func (j *ran) mayBeOpen(at reply) bool {
	return j.begun.Before(at.ended) && !past(j.seenDone, at.begun) && !past(j.gone, at.begun) &&
		(j.completed.IsZero() || j.completed.Add(late).After(at.begun))
}

// mustBeOpen needs the server's own date: without it nobody knows when the job was done. Dates are cut to milliseconds.
func (j *ran) mustBeOpen(at reply) bool {
	return j.ended.Before(at.begun) && j.completed.After(at.ended) && (j.deleting.IsZero() || j.deleting.After(at.ended))
}

// past says whether something that may never have happened was over by then.
func past(t, now time.Time) bool { return !t.IsZero() && t.Before(now) }

// tellings counts what is said several times.
func tellings(wrong []string) (out []string) {
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
