package sandbox

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sim"
)

// Scenario is how a sandbox begins. With what was done to it since, all that it shows follows from this.
type Scenario struct {
	Seed   uint64    `json:"seed"`
	Days   int       `json:"days"`            // that are simulated at the beginning, the one of Start among them
	PerDay int       `json:"per_day"`         // conversations
	Uneven bool      `json:"uneven"`          // weekday, season and chance decide how many each day has; else it is PerDay
	Start  time.Time `json:"start"`           // where the platform's clock begins
	Speed  float64   `json:"speed"`           // times as fast as the machine's it goes; 0 stands still
	Given  string    `json:"given,omitempty"` // instead of simulated ones: which records were given
	// Lag is how long after its end the figures of a conversation are finished in analytics; until then it looks as it did
	// just before.
	Lag Span `json:"lag"`
	// FailedBatches are the days, as 2026-11-08, on whose morning the nightly batch fails: what it should have moved comes
	// with the next one.
	FailedBatches []string       `json:"failed_batches,omitempty"`
	Events        []Event        `json:"events,omitempty"` // what happens when the clock shows an instant, in order
	Faults        jsontext.Value `json:"faults,omitempty"` // the rules of harm that it begins with; see package rule
}

// Event is what happens at an instant by itself. One member beside At is set.
type Event struct {
	At      time.Time  `json:"at"`
	Batch   *Batch     `json:"batch,omitempty"`
	Drift   *Drift     `json:"drift,omitempty"`
	Rewrite *Rewriting `json:"rewrite,omitempty"`
}

// validate says what is wrong with the events of a scenario.
func (s Scenario) validateEvents() error {
	before := s.Start
	for i, e := range s.Events {
		field := fmt.Sprintf("events[%d].", i)
		switch set := bools(e.Batch != nil) + bools(e.Drift != nil) + bools(e.Rewrite != nil); {
		case set != 1:
			return fault.Field(field+"at", "an event is one of batch, drift and rewrite, at an instant")
		case e.At.Before(before):
			return fault.Field(field+"at", "events come in their order, none before the clock begins: %s is before %s", conversation.FormatTime(e.At), conversation.FormatTime(before))
		}
		if e.Drift != nil {
			if err := e.Drift.validate(); err != nil {
				return within(field+"drift.", err)
			}
		}
		if e.Rewrite != nil {
			if err := e.Rewrite.validate(); err != nil {
				return within(field+"rewrite.", err)
			}
		}
		before = e.At
	}
	return nil
}

func bools(b bool) int {
	if b {
		return 1
	}
	return 0
}

// within is a failure whose field lies in another.
func within(outer string, err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		inner := *f
		inner.Field = outer + f.Field
		return &inner
	}
	return err
}

// Most is how many conversations a sandbox simulates at most: some 4 GiB of memory, and as much in a temporary file.
// docs/performance.md has measured 3.65 million.
const Most = 5_000_000

// validate says what is wrong with a scenario.
func (s Scenario) validate() error {
	switch {
	case s.Given == "" && (s.Days < 1 || s.Days > 20_000):
		return fault.Field("days", "days (--days) must lie between 1 and 20000, not be %d", s.Days)
	case s.PerDay < 0:
		return fault.Field("per_day", "per_day (--per-day) cannot be negative")
	case s.Days*s.PerDay > Most:
		return fault.Field("days", "%d days of %d conversations are more than the %d that a sandbox holds in memory; simulate fewer (--days, --per-day)", s.Days, s.PerDay, Most)
	case s.Lag < 0 || s.Lag > Span(24*time.Hour):
		return fault.Field("lag", "lag (--lag) must lie between 0 and 24 hours, not be %v", time.Duration(s.Lag))
	}
	return s.validateEvents()
}

// name says what the conversations come from: it is the same for the same conversations, on every machine.
func (s Scenario) name() string {
	if s.Given != "" {
		return "sandbox, loaded records"
	}
	about := ""
	if s.Uneven {
		about = "about "
	}
	return fmt.Sprintf("sandbox, seed %d, %s%d conversations a day", s.Seed, about, s.PerDay)
}

// first is the first day that is simulated.
func (s Scenario) first() conversation.Day {
	return conversation.DayOf(s.Start) - conversation.Day(s.Days) + 1
}

func (s Scenario) centre() *sim.Centre {
	return sim.New(sim.Config{Seed: s.Seed, PerDay: s.PerDay, Uneven: s.Uneven})
}

// Differs says in what another scenario differs, by the names of its members; empty if in nothing.
func (s Scenario) Differs(o Scenario) string {
	for _, m := range []struct{ name, a, b string }{
		{"seed", strconv.FormatUint(s.Seed, 10), strconv.FormatUint(o.Seed, 10)},
		{"days", strconv.Itoa(s.Days), strconv.Itoa(o.Days)},
		{"per_day", strconv.Itoa(s.PerDay), strconv.Itoa(o.PerDay)},
		{"uneven", strconv.FormatBool(s.Uneven), strconv.FormatBool(o.Uneven)},
		{"start", conversation.FormatTime(s.Start), conversation.FormatTime(o.Start)},
		{"speed", fmt.Sprint(s.Speed), fmt.Sprint(o.Speed)},
		{"lag", time.Duration(s.Lag).String(), time.Duration(o.Lag).String()},
		{"failed_batches", fmt.Sprint(s.FailedBatches), fmt.Sprint(o.FailedBatches)},
		{"given", s.Given, o.Given},
		{"faults", string(s.Faults), string(o.Faults)},
		{"events", written(s.Events), written(o.Events)},
	} {
		if m.a != m.b {
			return fmt.Sprintf("%s is %s there and %s here", m.name, m.a, m.b)
		}
	}
	return ""
}

// Span is a length of time that is written as 1h30m.
type Span time.Duration

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fault.New(fault.Invalid, "%q is no length of time; write it as 90s or 1h30m", fault.Clip(string(text)))
	}
	*s = Span(d)
	return nil
}

// written is a value as JSON, to be compared.
func written(v any) string {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err.Error()
	}
	return string(text)
}
