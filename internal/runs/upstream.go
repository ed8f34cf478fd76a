package runs

import "time"

// Upstream is how a run gets on with the platform, when it was heard of last. What it counts begins with the process that has the run.
type Upstream struct {
	Since     time.Time `json:"since"`                           // when this process took up the run
	Minute    int       `json:"requests_last_minute"`            // requests that it has sent
	PerMinute int       `json:"budget_per_minute,omitzero"`      // requests that its budget lets through; 0 if it has none
	Share     string    `json:"budget,omitzero"`                 // as --budget says it
	Allowed   int       `json:"allowed_per_minute,omitzero"`     // requests that the platform allows; 0 if it does not say
	Paused    time.Time `json:"paused_until,omitzero"`           // until when the budget lets nothing through
	Requests  int64     `json:"requests"`                        // sent
	Failed    int64     `json:"failed"`                          // without an answer, or with a status of 500 and above
	Throttled int64     `json:"throttled"`                       // answered with 429
	AskedWait float64   `json:"throttled_wait_seconds,omitzero"` // before requests were sent again that were answered so
	Waited    float64   `json:"budget_wait_seconds,omitzero"`    // of requests, for their turn in the budget
	Breaker   Breaker   `json:"breaker"`
}

// Breaker is where the circuit breaker of a run stands: it spares a platform that does not answer.
type Breaker struct {
	State BreakerState `json:"state"`
	Trips int64        `json:"trips"`          // how often it opened
	Since time.Time    `json:"since,omitzero"` // when it opened; zero while it is closed, as are the next two
	Next  time.Time    `json:"next,omitzero"`  // when a request tries whether the platform answers again
	Why   string       `json:"why,omitzero"`
}

// BreakerState is closed, open or half-open.
type BreakerState string

// The states of a breaker.
const (
	Closed   BreakerState = "closed"    // requests are sent
	Open     BreakerState = "open"      // none is sent until Next
	HalfOpen BreakerState = "half-open" // one is sent, to see whether it is answered
)

// Limit is how many requests a minute the run keeps to: its budget, else what the platform allows; 0 if neither is known.
func (u Upstream) Limit() int {
	if u.PerMinute > 0 {
		return u.PerMinute
	}
	return u.Allowed
}
