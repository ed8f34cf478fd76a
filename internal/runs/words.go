package runs

import (
	"fmt"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/account"
)

// Told is how a run gets on with the platform in words, each a sentence or two; empty where there is nothing to say. Of a run that has
// ended, or of which nothing is heard, it says what was and not what is.
type Told struct {
	Rate    string // requests of the last minute beside what it keeps to
	Limit   string // where that limit comes from
	Refused string // how often the platform refused because there were too many
	Waits   string // for the budget
	Breaker string
	Counted string // from when on, if that is not the beginning of the run
}

// Told tells how the run gets on with the platform by a moment. It is empty for runs of earlier versions, which did not enter it.
func (r Run) Told(now time.Time) Told {
	if r.Upstream == nil {
		return Told{}
	}
	u := *r.Upstream
	t := Told{Refused: u.refused(), Waits: u.waits()}
	if u.Since.After(r.Begun) {
		t.Counted = "This is since " + clock(u.Since) + ", when the run was taken up again."
	}
	switch r.State(now) {
	case Running:
		t.Rate, t.Limit, t.Waits, t.Breaker = u.rate(), u.limit(), joined(t.Waits, u.pause(now)), u.Breaker.now(now)
	case Silent, Stopped:
		t.Rate, t.Limit, t.Breaker = u.rate()+" before "+clock(r.Seen), u.limit(), u.Breaker.then(r.Seen)
	case Done, Lacks, GivenUp:
		t.Rate, t.Breaker = many(u.Requests, "request was sent", "requests were sent"), u.Breaker.trips()
		if t.Breaker == "" {
			t.Breaker = "The breaker never opened."
		}
	}
	return t
}

func (u Upstream) rate() string {
	if n := u.Limit(); n > 0 {
		return fmt.Sprintf("%d of %d requests in a minute", u.Minute, n)
	}
	return many(int64(u.Minute), "request in a minute", "requests in a minute")
}

func (u Upstream) limit() string {
	switch {
	case u.PerMinute > 0 && u.Allowed > 0:
		return fmt.Sprintf("The budget is %s; the platform allows %d a minute.", u.Share, u.Allowed)
	case u.PerMinute > 0:
		return "The budget is " + u.Share + "; the platform has not said how many it allows."
	case u.Allowed > 0:
		return "There is no budget: that many the platform allows."
	}
	return "There is no budget, and the platform does not say how many it allows."
}

func (u Upstream) refused() string {
	if u.Throttled == 0 {
		return "The platform never answered 429 (too many requests)."
	}
	return fmt.Sprintf("The platform answered 429 (too many requests) to %s of %s; %s had to be waited before these were sent again.",
		strconv.FormatInt(u.Throttled, 10), many(u.Requests, "request", "requests"), length(u.AskedWait))
}

func (u Upstream) waits() string {
	if u.Waited < 1 {
		return ""
	}
	return "Requests waited " + length(u.Waited) + " in all for their turn in the budget."
}

func (u Upstream) pause(now time.Time) string {
	if !u.Paused.After(now) {
		return ""
	}
	return "The budget is used up, by this run or by others: no request is sent until " + clock(u.Paused) + "."
}

// now is where the breaker stands.
func (b Breaker) now(now time.Time) string {
	switch b.State {
	case Open:
		return "The breaker is open since " + clock(b.Since) + ", " + ago(now.Sub(b.Since)) + ": " + b.Why +
			". " + b.next(now)
	case HalfOpen:
		return "The breaker opened at " + clock(b.Since) + ", " + ago(now.Sub(b.Since)) + ": " + b.Why +
			". One request is trying whether the platform answers again; the others wait for it."
	case Closed:
	}
	return joined("The breaker is closed: requests are sent.", b.trips())
}

// next is when it is tried again.
func (b Breaker) next(now time.Time) string {
	if !b.Next.After(now) {
		return "The next request tries whether the platform answers again."
	}
	return "No request is sent until " + clock(b.Next) + "; then one tries whether the platform answers again."
}

// then is where the breaker stood.
func (b Breaker) then(at time.Time) string {
	if b.State == Closed {
		return joined("At "+clock(at)+" the breaker was closed.", b.trips())
	}
	return "At " + clock(at) + " the breaker was open, since " + clock(b.Since) + ": " + b.Why + "."
}

// trips is how often it opened, if it did.
func (b Breaker) trips() string {
	switch b.Trips {
	case 0:
		return ""
	case 1:
		return "The breaker opened once, because the platform did not answer."
	}
	return fmt.Sprintf("The breaker opened %d times, because the platform did not answer.", b.Trips)
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}

// clock is a time of day, as an extraction of a night has it.
func clock(at time.Time) string { return at.UTC().Format("15:04:05") + " UTC" }

// ago is how long ago something was.
func ago(d time.Duration) string {
	if d < time.Second {
		return "just now"
	}
	return length(d.Seconds()) + " ago"
}

// length is so many seconds, in words.
func length(seconds float64) string {
	return account.Length(max(0, time.Duration(seconds*float64(time.Second)))).String()
}

func many(n int64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + more
}
