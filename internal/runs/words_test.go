package runs

import (
	"encoding/json"
	"testing"
	"time"
)

func TestTold(t *testing.T) {
	now := time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)
	closed := Breaker{State: Closed}
	open := Breaker{State: Open, Trips: 2, Since: now.Add(-12 * time.Second), Next: now.Add(8 * time.Second), Why: "api.x answers with 503"}
	trying := open
	trying.State = HalfOpen
	const never = "The platform never answered 429 (too many requests)."
	for name, q := range map[string]struct {
		seen, ended time.Time
		upstream    *Upstream
		want        Told
	}{
		"older": {seen: now},
		"fine": {seen: now, upstream: &Upstream{Minute: 142, PerMinute: 180, Share: "60%", Allowed: 300, Requests: 500, Breaker: closed}, want: Told{
			"142 of 180 requests in a minute", "The budget is 60%; the platform allows 300 a minute.", never, "", "The breaker is closed: requests are sent.", "",
		}},
		"not said": {seen: now, upstream: &Upstream{Minute: 1, PerMinute: 120, Share: "120", Requests: 1, Breaker: closed}, want: Told{
			"1 of 120 requests in a minute", "The budget is 120; the platform has not said how many it allows.", never, "", "The breaker is closed: requests are sent.", "",
		}},
		"no budget": {seen: now, upstream: &Upstream{Minute: 7, Allowed: 300, Breaker: closed}, want: Told{
			"7 of 300 requests in a minute", "There is no budget: that many the platform allows.", never, "", "The breaker is closed: requests are sent.", "",
		}},
		"nothing known": {seen: now, upstream: &Upstream{Minute: 1, Breaker: closed}, want: Told{
			"1 request in a minute", "There is no budget, and the platform does not say how many it allows.", never, "", "The breaker is closed: requests are sent.", "",
		}},
		"throttled": {seen: now, upstream: &Upstream{Minute: 180, PerMinute: 180, Share: "60%", Allowed: 300, Requests: 500, Throttled: 3, AskedWait: 21, Waited: 90, Paused: now.Add(5 * time.Second), Breaker: closed}, want: Told{
			"180 of 180 requests in a minute", "The budget is 60%; the platform allows 300 a minute.",
			"The platform answered 429 (too many requests) to 3 of 500 requests; 21 s had to be waited before these were sent again.",
			"Requests waited 1:30 in all for their turn in the budget. The budget is used up, by this run or by others: no request is sent until 12:00:05 UTC.",
			"The breaker is closed: requests are sent.", "",
		}},
		"open": {seen: now, upstream: &Upstream{Allowed: 300, Breaker: open}, want: Told{
			"0 of 300 requests in a minute", "There is no budget: that many the platform allows.", never, "",
			"The breaker is open since 11:59:48 UTC, 12 s ago: api.x answers with 503. No request is sent until 12:00:08 UTC; then one tries whether the platform answers again.", "",
		}},
		"due": {seen: now, upstream: &Upstream{Allowed: 300, Breaker: Breaker{State: Open, Since: now, Next: now, Why: "x"}}, want: Told{
			"0 of 300 requests in a minute", "There is no budget: that many the platform allows.", never, "",
			"The breaker is open since 12:00:00 UTC, just now: x. The next request tries whether the platform answers again.", "",
		}},
		"half-open": {seen: now, upstream: &Upstream{Allowed: 300, Breaker: trying}, want: Told{
			"0 of 300 requests in a minute", "There is no budget: that many the platform allows.", never, "",
			"The breaker opened at 11:59:48 UTC, 12 s ago: api.x answers with 503. One request is trying whether the platform answers again; the others wait for it.", "",
		}},
		"closed again": {seen: now, upstream: &Upstream{Allowed: 300, Breaker: Breaker{State: Closed, Trips: 1}}, want: Told{
			"0 of 300 requests in a minute", "There is no budget: that many the platform allows.", never, "",
			"The breaker is closed: requests are sent. The breaker opened once, because the platform did not answer.", "",
		}},
		"silent": {seen: now.Add(-time.Hour), upstream: &Upstream{Minute: 9, Allowed: 300, Paused: now.Add(time.Minute), Breaker: open}, want: Told{
			"9 of 300 requests in a minute before 11:00:00 UTC", "There is no budget: that many the platform allows.", never, "",
			"At 11:00:00 UTC the breaker was open, since 11:59:48 UTC: api.x answers with 503.", "",
		}},
		"ended": {seen: now, ended: now, upstream: &Upstream{Minute: 9, Allowed: 300, Requests: 1, Breaker: closed}, want: Told{
			Rate: "1 request was sent", Refused: never, Breaker: "The breaker never opened.",
		}},
		"taken up again": {seen: now, ended: now, upstream: &Upstream{Since: now.Add(-time.Second), Requests: 2, Breaker: closed}, want: Told{
			Rate: "2 requests were sent", Refused: never, Breaker: "The breaker never opened.", Counted: "This is since 11:59:59 UTC, when the run was taken up again.",
		}},
		"ended after trouble": {seen: now, ended: now, upstream: &Upstream{Requests: 1200, Breaker: Breaker{State: Closed, Trips: 2}}, want: Told{
			Rate: "1200 requests were sent", Refused: never, Breaker: "The breaker opened 2 times, because the platform did not answer.",
		}},
	} {
		if got := (Run{Begun: now.Add(-time.Minute), Seen: q.seen, Ended: q.ended, Upstream: q.upstream}).Told(now); got != q.want {
			t.Errorf("%s: got  %+v\nwant %+v", name, got, q.want)
		}
	}
}

// A run of an earlier version did not tell of itself while it waited: it is silent later.
func TestWhenARunIsSilent(t *testing.T) {
	now := time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)
	for _, q := range []struct {
		entered string
		ago     time.Duration
		want    State
	}{
		{`{"run":"a","from":"2026-11-01","to":"2026-11-02","days":"r"}`, 5 * time.Minute, Running},
		{`{"run":"a","from":"2026-11-01","to":"2026-11-02","days":"r"}`, 5*time.Minute + 1, Silent},
		{`{"run":"a","from":"2026-11-01","to":"2026-11-02","days":"r","upstream":{"since":"2026-11-08T11:00:00Z","breaker":{"state":"closed"}}}`, time.Minute, Running},
		{`{"run":"a","from":"2026-11-01","to":"2026-11-02","days":"r","upstream":{"since":"2026-11-08T11:00:00Z","breaker":{"state":"closed"}}}`, time.Minute + 1, Silent},
	} {
		var r Run
		if err := json.Unmarshal([]byte(q.entered), &r); err != nil {
			t.Fatal(err)
		}
		r.Seen = now.Add(-q.ago)
		if got := r.State(now); got != q.want {
			t.Errorf("%s, %v ago: %s, want %s", q.entered, q.ago, got, q.want)
		}
	}
}
