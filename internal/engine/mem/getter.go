package mem

import (
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/conversation/dimension"
	"github.com/parley-hq/parley/internal/query"
)

// getter says whether an item has a value that is meant. It has none when the record does not say, several of a list; what
// comes after the first that is meant is not looked at.
type getter func(it *item, meant func(value) bool) bool

// getters holds one for everything that can be asked of.
var getters = func() map[query.Kind]map[string]getter {
	all := make(map[query.Kind]map[string]getter)
	for _, kind := range append(query.Kinds(), query.OfEmission) {
		all[kind] = make(map[string]getter)
		for _, d := range dimension.Of(kind.Items()) {
			if d.Name != "" {
				all[kind][d.Name] = getterOf(d)
			}
		}
	}
	return all
}()

func getterOf(d dimension.Dimension) getter {
	switch get := d.Get.(type) {
	case dimension.TextOf:
		return func(it *item, meant func(value) bool) bool { return isText(get(it), meant) }
	case dimension.TextsOf:
		return texts(get)
	case dimension.TruthOf:
		return truth(get)
	case dimension.NumberOf:
		return number(get)
	case dimension.NumbersOf:
		return numbers(get)
	case dimension.DecimalOf:
		return number(get)
	case dimension.InstantOf:
		return moment(func(it *item) time.Time { return parsed(get(it)) })
	case dimension.TimeOf:
		return moment(get)
	case dimension.Emitted:
		if d.List() {
			return emissions(string(get))
		}
		return sum(string(get))
	}
	panic("nothing reads " + d.Name) // the linter knows of every way to read
}

// isText says whether a text is meant; an empty one is absent, as it is in the lake, where it is null.
func isText(s string, meant func(value) bool) bool { return s != "" && meant(value{text: s}) }

func texts(get dimension.TextsOf) getter {
	return func(it *item, meant func(value) bool) bool {
		for _, s := range get(it) {
			if isText(s, meant) {
				return true
			}
		}
		return false
	}
}

func truth(get dimension.TruthOf) getter {
	return func(it *item, meant func(value) bool) bool {
		b := get(it)
		return b != nil && meant(value{truth: *b})
	}
}

func number[N int64 | float64](get func(*item) *N) getter {
	return func(it *item, meant func(value) bool) bool {
		n := get(it)
		return n != nil && meant(value{number: float64(*n)})
	}
}

func numbers(get dimension.NumbersOf) getter {
	return func(it *item, meant func(value) bool) bool {
		for _, n := range get(it) {
			if meant(value{number: float64(n)}) {
				return true
			}
		}
		return false
	}
}

// moment is a time; the zero time is absent.
func moment(get func(*item) time.Time) getter {
	return func(it *item, meant func(value) bool) bool {
		t := get(it)
		return !t.IsZero() && meant(valueOf(t))
	}
}

// emissions are the values that the sessions of a conversation emitted under a name. Which they are, and that those of
// t* and n* are summed, is said in docs/query.md.
func emissions(name string) getter {
	return func(it *item, meant func(value) bool) bool {
		return emitted(it.Conversation, name, func(v int64) bool { return meant(value{number: float64(v)}) })
	}
}

// sum is the sum of them; absent when there are none.
func sum(name string) getter {
	return func(it *item, meant func(value) bool) bool {
		sum, found := 0.0, false
		emitted(it.Conversation, name, func(v int64) bool {
			sum, found = sum+float64(v), true
			return false
		})
		return found && meant(value{number: sum})
	}
}

// emitted says whether a value was emitted under a name that is meant.
func emitted(c *conversation.Conversation, name string, meant func(int64) bool) bool {
	for i := range c.Participants {
		for j := range c.Participants[i].Sessions {
			for _, m := range c.Participants[i].Sessions[j].Metrics {
				if m.Name == name && meant(m.Value) {
					return true
				}
			}
		}
	}
	return false
}

func parsed(text string) time.Time {
	t, _ := conversation.ParseTime(text)
	return t
}
