// Package enginetest is the suite that every engine must pass: any question over any records gives the same records,
// in the same order, byte for byte, as the naive evaluation of this package, which filters, sorts and slices a list.
//
// What the contract leaves open is settled here as follows: ties are broken by id from the smallest on, in descending
// order too; order "unordered" is answered as "asc"; a time that is missing (the end of a conversation that goes on,
// the segments of a record that has none) sorts as the last.
//
// What filters and aggregations mean, beside what package query says of them:
//   - Empty text is absent, null and empty lists too, and so is an empty text in a list: a list exists if one of its
//     texts is not empty. A time that cannot be read is absent.
//   - Texts compare in lower case, times in milliseconds to the microsecond.
//   - A duration is in whole milliseconds, and absent while there is no end.
//   - A metric of conversations exists if it was emitted; of t* and n* the sum counts, of o* any value.
//   - A custom property exists by name and type; one whose value cannot be read as its type matches nothing.
//   - A value that does not fit the schema is as good as absent: a member is not there, an element is not in its list.
//     A metric whose name or value does not fit was not emitted. Everything else of the record counts.
//   - A facet counts every element of a list and every emission of an o* metric. Instants are the same value if they
//     are written the same.
//
// Records and questions are made by chance. A failure prints the seed; PARLEY_SEED=<seed> repeats it. A filtered
// question that fails is made smaller, and asked over fewer records, for as long as it fails.
package enginetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
)

// questions is how many questions are asked about each set of records.
const questions = 80

// Run runs the suite. Open gives an engine over exactly these records, whose ids are distinct; what it opens it closes
// by t.Cleanup.
//
// Most of it asks one question after the other, where the race detector finds nothing and makes each ten times as slow: with it,
// RunTogether is the part to run.
func Run(t *testing.T, open func(t *testing.T, records []conversation.Record) engine.Engine) {
	t.Helper()
	Share(1).Run(t, open)
}

// Share is the part of the questions by chance that a suite asks: one in so many, for engines that take long for each.
type Share int

// Run runs the suite as the function Run does.
func (share Share) Run(t *testing.T, open func(t *testing.T, records []conversation.Record) engine.Engine) {
	t.Helper()
	t.Run("every dimension by its own value", func(t *testing.T) { runDimensions(t, open) })
	t.Run("fixed questions", func(t *testing.T) { fixedFilters(t, open) })
	seed := chooseSeed(t)
	for _, set := range sets {
		t.Run(set.name, func(t *testing.T) {
			s := newSuite(t, seed, set, open)
			s.share = share
			s.run(t)
		})
	}
}

// RunTogether runs the part of the suite in which several ask at once, leave early, or close.
func RunTogether(t *testing.T, open func(t *testing.T, records []conversation.Record) engine.Engine) {
	t.Helper()
	newSuite(t, chooseSeed(t), set{"a few records", 50, func(t *testing.T, r *rand.Rand) []conversation.Record { return random(t, r, 12) }}, open).manners(t)
}

// RunOrders runs the part of the suite that is about the order of records: what is found by an interval alone, sorted in every way. It
// is for engines that sort in ways of their own.
func (share Share) RunOrders(t *testing.T, open func(t *testing.T, records []conversation.Record) engine.Engine) {
	t.Helper()
	seed := chooseSeed(t)
	for _, set := range sets {
		t.Run(set.name, func(t *testing.T) {
			s := newSuite(t, seed, set, open)
			s.share = share
			s.questions(t)
		})
	}
}

// newSuite opens an engine over a set of records. A failure says how to repeat it.
func newSuite(t *testing.T, seed uint64, of set, open opener) *suite {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, uint64(len(of.name))))
	records := of.make(t, r)
	r.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	s := &suite{rand: r, filtered: of.filtered, records: give(t, records), open: open, engine: open(t, records)}
	s.byIDs = s.records
	repeatable(t, seed)
	return s
}

// part is how many of so many questions by chance are asked: one at least, if there are any.
func (s *suite) part(questions int) int {
	n := max(1, int(s.share))
	return (questions + n - 1) / n
}

// repeatable has a failure of the test say how to repeat it.
func repeatable(t *testing.T, seed uint64) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with PARLEY_SEED=%d", seed)
		}
	})
}

// runDimensions asks an engine for every dimension by values that no other one has.
func runDimensions(t *testing.T, open func(t *testing.T, records []conversation.Record) engine.Engine) {
	t.Helper()
	records := everyMemberDistinct(t)
	s := &suite{rand: rand.New(rand.NewPCG(1, 2)), records: give(t, records), open: open, engine: open(t, records)}
	s.ownValues(t)
}

func chooseSeed(t *testing.T) uint64 {
	text := os.Getenv("PARLEY_SEED")
	if text == "" {
		return rand.Uint64()
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("PARLEY_SEED: %v", err)
	}
	return seed
}

// suite is one set of records and the engine that answers over it.
type suite struct {
	rand     *rand.Rand
	share    Share
	filtered int // questions with filters
	records  []given
	byIDs    []given           // that are found by their ids: those of records, but of a confined engine
	hidden   []conversation.ID // of records that a confined engine must not show
	open     opener
	engine   engine.Engine
}

func (s *suite) run(t *testing.T) {
	t.Run("questions", s.questions)
	if s.filtered > 0 {
		t.Run("every dimension", s.eachDimension)
		t.Run("filters", s.filters)
	}
	t.Run("by id", s.byID)
	s.manners(t)
}

// manners are what holds beside right answers.
func (s *suite) manners(t *testing.T) {
	if len(s.records) > 1 {
		t.Run("early break", s.earlyBreak)
		t.Run("cancellation", s.cancellation)
		t.Run("deadline", s.deadline)
		t.Run("concurrent use", s.concurrentUse)
		t.Run("closing", s.closing)
	}
}

// questions asks by chance.
func (s *suite) questions(t *testing.T) {
	for range s.part(questions) {
		s.check(t, s.question())
	}
}

// check asks one question and compares with the naive answer.
func (s *suite) check(t *testing.T, q question) {
	t.Helper()
	if what := s.wrong(q); what != "" {
		t.Errorf("%v\n%s", q, what)
	}
}

// wrong says how the engine's answers to a question differ from the naive ones; empty if they do not.
func (s *suite) wrong(q question) string {
	ctx := context.Background()
	all := q.answer(s.records)
	if n, err := s.engine.Count(ctx, q.Query); err != nil || n != int64(len(all)) {
		return fmt.Sprintf("count %d, %v; want %d", n, err, len(all))
	}
	got, err := collect(s.engine.Records(ctx, q.Query, q.limit, q.offset))
	if err != nil {
		return err.Error()
	}
	if what := difference(got, q.slice(all)); what != "" || len(q.aggregations) == 0 {
		return what
	}
	facets, err := s.engine.Facets(ctx, q.Query, q.aggregations)
	if err != nil || len(facets) != len(q.aggregations) {
		return fmt.Sprintf("%d facets, %v; want %d", len(facets), err, len(q.aggregations))
	}
	for i, a := range q.aggregations {
		if got, want := facetText(facets[i]), facetText(facet(a, all)); got != want {
			return fmt.Sprintf("facet %s\n want %s", got, want)
		}
	}
	return ""
}

// byID asks for known and unknown ids, some of them twice.
func (s *suite) byID(t *testing.T) {
	for _, n := range []int{0, 1, 3, len(s.byIDs)} {
		ids := append([]conversation.ID{"unknown", "", "UNKNOWN"}, s.hidden...)
		var want []given
		for _, i := range s.rand.Perm(len(s.byIDs))[:min(n, len(s.byIDs))] {
			ids = append(ids, s.byIDs[i].ID)
			want = append(want, s.byIDs[i])
		}
		ids = append(ids, ids[len(ids)/2:]...)
		s.rand.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		got, err := collect(s.engine.ByID(t.Context(), ids))
		if err != nil {
			t.Errorf("by %d ids: %v", len(ids), err)
			continue
		}
		if what := difference(got, everything().answer(want)); what != "" {
			t.Errorf("by id: %s", what)
		}
	}
	if got, err := collect(s.engine.ByID(t.Context(), nil)); len(got) > 0 || err != nil {
		t.Errorf("by no id: got %d records, %v", len(got), err)
	}
}
