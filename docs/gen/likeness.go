package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// measure is something that is counted of a record.
type measure struct {
	name string
	of   func(c *conversation.Conversation, raw []byte) int64
}

// measures are those of the picture.
var measures = []measure{
	{"participants", func(c *conversation.Conversation, _ []byte) int64 { return int64(len(c.Participants)) }},
	{"sessions", func(c *conversation.Conversation, _ []byte) (n int64) {
		for range sessions(c) {
			n++
		}
		return n
	}},
	{"segments", func(c *conversation.Conversation, _ []byte) (n int64) {
		for s := range sessions(c) {
			n += int64(len(s.Segments))
		}
		return n
	}},
	{"metrics", func(c *conversation.Conversation, _ []byte) (n int64) {
		for s := range sessions(c) {
			n += int64(len(s.Metrics))
		}
		return n
	}},
	{"bytes", func(_ *conversation.Conversation, raw []byte) int64 { return int64(len(raw)) }},
	{"duration", func(c *conversation.Conversation, _ []byte) int64 {
		start, _ := conversation.ParseTime(c.ConversationStart)
		end, _ := conversation.ParseTime(c.ConversationEnd)
		return end.Sub(start).Milliseconds()
	}},
}

func sessions(c *conversation.Conversation) func(func(*conversation.Session) bool) {
	return func(yield func(*conversation.Session) bool) {
		for i := range c.Participants {
			for j := range c.Participants[i].Sessions {
				if !yield(&c.Participants[i].Sessions[j]) {
					return
				}
			}
		}
	}
}

// medium is the one that a record counts as: that of the first outside session, of internal calls that of the first one.
func medium(c *conversation.Conversation) (first string) {
	for i := range c.Participants {
		p := &c.Participants[i]
		for j := range p.Sessions {
			if conversation.Outside(p.Purpose) {
				return p.Sessions[j].MediaType
			}
			if first == "" {
				first = p.Sessions[j].MediaType
			}
		}
	}
	return first
}

// likeness is what some records are like, and no more: it can be published.
type likeness struct {
	Records   int                           `json:"records"`
	Media     map[string]int                `json:"media"`     // records by medium, of those that are measured
	Quantiles map[string]map[string][]int64 `json:"quantiles"` // by medium and measure: from the least to the greatest
	Traits    map[string]int                `json:"traits"`    // records by key, and by value of keys whose values are listed
	steps     int
	values    map[string]map[string][]int64 // every value, sorted when it is closed
	enums     map[string]bool               // the keys whose values are listed
}

// In how many parts quantiles divide the records: the hundred samples, and what is simulated.
const (
	stepsOfSamples   = 40
	stepsOfSimulated = 200
)

func newLikeness(enums map[string]bool, steps int) *likeness {
	return &likeness{
		steps: steps,
		Media: map[string]int{}, Quantiles: map[string]map[string][]int64{}, Traits: map[string]int{},
		values: map[string]map[string][]int64{}, enums: enums,
	}
}

// add counts a record, in compact JSON. One that is not whole is not measured: it has no end, or no metrics, as records had
// before 2018.
func (l *likeness) add(c *conversation.Conversation, raw []byte, whole bool) error {
	l.Records++
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return err
	}
	found := map[string]bool{}
	l.walk(found, "", tree)
	for trait := range found {
		l.Traits[trait]++
	}
	if !whole {
		return nil
	}
	of := medium(c)
	l.Media[of]++
	if l.values[of] == nil {
		l.values[of] = map[string][]int64{}
	}
	for _, m := range measures {
		l.values[of][m.name] = append(l.values[of][m.name], m.of(c, raw))
	}
	return nil
}

// walk finds the keys of a record, and the values of those that have listed ones. What attributes are called is the
// customer's own affair.
func (l *likeness) walk(found map[string]bool, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			to := strings.TrimPrefix(path+"."+key, ".")
			found[to] = true
			if key != "attributes" {
				l.walk(found, to, value)
			}
		}
	case []any:
		for _, value := range v {
			l.walk(found, path, value)
		}
	case string:
		if l.enums[path] {
			found[path+"="+v] = true
		}
	}
}

// close makes the quantiles.
func (l *likeness) close() *likeness {
	for of, all := range l.values {
		l.Quantiles[of] = map[string][]int64{}
		for name, values := range all {
			slices.Sort(values)
			for k := range l.steps + 1 {
				l.Quantiles[of][name] = append(l.Quantiles[of][name], values[(k*(len(values)-1)+l.steps/2)/l.steps])
			}
		}
	}
	return l
}

// What is simulated for the page: a week of a centre.
const (
	simulatedSeed   = 1
	simulatedPerDay = 1500
	simulatedDays   = 7
)

// simulated is what simulated records are like.
func simulated(enums map[string]bool) (*likeness, error) {
	first, err := conversation.ParseDay("2026-11-02")
	if err != nil {
		return nil, err
	}
	l, centre := newLikeness(enums, stepsOfSimulated), sim.New(sim.Config{Seed: simulatedSeed, PerDay: simulatedPerDay})
	for day := range conversation.Day(simulatedDays) {
		for c := range centre.Day(first + day) {
			raw, err := wire.Encode(c)
			if err != nil {
				return nil, err
			}
			if err := l.add(c, raw, c.ConversationEnd != ""); err != nil {
				return nil, err
			}
		}
	}
	return l.close(), nil
}

// sides are what the page lays beside one another.
type sides struct {
	sim  *likeness
	real *realSide
}

// theSides are made once, as it takes seconds.
var theSides = sync.OnceValues(func() (out sides, err error) {
	if out.real, err = theReal(); err != nil {
		return out, err
	}
	out.sim, err = simulated(out.real.enums)
	return out, err
})

//go:embed real.json
var realText []byte

// real is what the samples of real records are like, and which keys have listed values in the platform's schema.
type realSide struct {
	likeness
	Exceptions map[string]int `json:"exceptions"`               // known ones to the rules of package arithmetic
	Cut        int            `json:"findings_of_what_was_cut"` // in the example of the documentation
	Keys       int            `json:"schema_keys"`              // of a conversation in the platform's schema, nested ones too
	Listed     map[string]int `json:"schema_values"`            // how many values the schema lists for a key; 0 where values matter and it lists none
}

// theReal reads the summary of the samples, which a test holds to them where they are at hand.
func theReal() (*realSide, error) {
	var r realSide
	if err := json.Unmarshal(realText, &r); err != nil {
		return nil, fmt.Errorf("docs/gen/real.json: %w", err)
	}
	r.enums = make(map[string]bool)
	for key := range r.Listed {
		r.enums[key] = true
	}
	return &r, nil
}

// compact is a record without insignificant white space.
func compact(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	err := json.Compact(&b, raw)
	return b.Bytes(), err
}
