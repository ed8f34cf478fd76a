package enginetest

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/query"
)

// RunConfined runs the suite for an engine that shows the conversations of one user: over records of which that user took
// part in some, it must answer as if there were no others. Open gives an engine over exactly these records, confined to
// user; what it opens it closes by t.Cleanup.
func RunConfined(t *testing.T, open func(t *testing.T, records []conversation.Record, user string) engine.Engine) {
	t.Helper()
	seed := chooseSeed(t)
	for _, set := range sets {
		r := rand.New(rand.NewPCG(seed, uint64(len(set.name))))
		all := give(t, set.make(t, r))
		user := mostInvolved(all)
		if user == "" {
			continue
		}
		t.Run(set.name, func(t *testing.T) {
			s := &suite{rand: r, filtered: set.filtered, open: func(t *testing.T, records []conversation.Record) engine.Engine {
				t.Helper()
				return open(t, records, strings.ToUpper(user))
			}}
			s.engine = s.open(t, recordsOf(all))
			for _, g := range all {
				if slices.Contains(g.users(), user) {
					s.records = append(s.records, g)
				}
				if g.has(user) {
					s.byIDs = append(s.byIDs, g)
				} else {
					s.hidden = append(s.hidden, g.ID)
				}
			}
			if len(s.records) == 0 || len(s.hidden) == 0 {
				t.Fatalf("%d of %d records are shown", len(s.records), len(all))
			}
			repeatable(t, seed)
			s.run(t)
		})
	}
}

// mostInvolved is the user with segments in the most records, but for one who is in all of them; empty if there is none.
func mostInvolved(all []given) string {
	records := map[string]int{}
	for _, g := range all {
		for _, user := range g.users() {
			records[user]++
		}
	}
	maps.DeleteFunc(records, func(_ string, n int) bool { return n == len(all) })
	if len(records) == 0 {
		return ""
	}
	return slices.MaxFunc(slices.Sorted(maps.Keys(records)), func(a, b string) int { return cmp.Compare(records[a], records[b]) })
}

// users are those that a segment of the record is of, in lower case, each once.
func (g given) users() (out []string) {
	for _, it := range g.items[query.OfSegment] {
		for _, user := range walk(it.parts, "participant", "userId") {
			if text, ok := user.(string); ok {
				out = append(out, strings.ToLower(text))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// has says whether a user is a participant of the record.
func (g given) has(user string) bool {
	for _, it := range g.items[query.OfConversation] {
		for _, id := range walk(it.parts, "conversation", "participants[]", "userId") {
			if text, ok := id.(string); ok && strings.EqualFold(text, user) {
				return true
			}
		}
	}
	return false
}
