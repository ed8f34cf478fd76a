package sim

import "strconv"

// flow is an Architect flow with what it tells about its callers.
type flow struct {
	Entity
	division string
	number   string // the number that reaches it
	version  string
	language string
	outcomes []string // ids of outcomes that it records, in order
	told     []attribute
}

// profiles says how many attributes each flow sets, how often callers reach it and how many outcomes it records. The
// counts are those of the flows of one measured site: 23 in the median, 55 at the 95th percentile.
var profiles = [flowCount]struct{ attributes, share, outcomes int }{
	{53, 24, 0}, {55, 15, 0}, {23, 20, 0}, {23, 10, 0}, {15, 9, 0}, {3, 7, 0}, {11, 8, 2}, {40, 7, 1},
}

func newFlow(d *dice, i int, division string) *flow {
	f := &flow{
		Entity:   Entity{d.uuid(), flowNames[i]},
		division: division,
		number:   "tel:+1800555010" + strconv.Itoa(i),
		version:  d.digits(1) + "4.0",
		language: "en-us",
		told:     newAttributes(d, profiles[i].attributes),
	}
	for range profiles[i].outcomes {
		f.outcomes = append(f.outcomes, d.uuid())
	}
	return f
}

// reached is the flow that a caller reaches, as often as its share says.
func (c *catalogue) reached(d *dice) *flow {
	at := d.below(100)
	for i, p := range profiles {
		if at -= p.share; at < 0 {
			return c.flows[i]
		}
	}
	return c.flows[0]
}
