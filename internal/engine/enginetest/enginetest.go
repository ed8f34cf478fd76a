// Package enginetest is the suite that every engine must pass: any question over any records gives the same records,
// in the same order, byte for byte, as the naive evaluation of this package, which filters, sorts and slices a list.
//
// What the contract leaves open is settled here as follows: ties are broken by id from the smallest on, in descending
// order too; order "unordered" is answered as "asc"; a time that is missing (the end of a conversation that goes on,
// the segments of a record that has none) sorts as the last.
//
// Records and questions are made by chance. A failure prints the seed; PARLEY_SEED=<seed> repeats it.
package enginetest

import (
	"context"
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
func Run(t *testing.T, open func(t *testing.T, records []conversation.Record) engine.Engine) {
	seed := chooseSeed(t)
	for _, set := range sets {
		t.Run(set.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, uint64(len(set.name))))
			records := set.make(t, r)
			r.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
			s := &suite{rand: r, records: give(t, records), engine: open(t, records)}
			defer func() {
				if t.Failed() {
					t.Logf("repeat with PARLEY_SEED=%d", seed)
				}
			}()
			s.run(t)
		})
	}
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
	rand    *rand.Rand
	records []given
	engine  engine.Engine
}

func (s *suite) run(t *testing.T) {
	t.Run("questions", s.questions)
	t.Run("by id", s.byID)
	if len(s.records) > 1 {
		t.Run("early break", s.earlyBreak)
		t.Run("cancellation", s.cancellation)
		t.Run("concurrent use", s.concurrentUse)
	}
}

// questions asks by chance.
func (s *suite) questions(t *testing.T) {
	for range questions {
		s.check(t, s.question())
	}
}

// check asks one question and compares with the naive answer.
func (s *suite) check(t *testing.T, q question) {
	t.Helper()
	ctx := context.Background()
	all := q.answer(s.records)
	n, err := s.engine.Count(ctx, q.Query)
	if err != nil || n != int64(len(all)) {
		t.Errorf("%v: count %d, %v; want %d", q, n, err, len(all))
	}
	got, err := collect(s.engine.Records(ctx, q.Query, q.limit, q.offset))
	if err != nil {
		t.Errorf("%v: %v", q, err)
		return
	}
	compare(t, q.String(), got, q.slice(all))
}

// byID asks for known and unknown ids, some of them twice.
func (s *suite) byID(t *testing.T) {
	for _, n := range []int{0, 1, 3, len(s.records)} {
		ids := []conversation.ID{"unknown", "", "UNKNOWN"}
		var want []given
		for _, i := range s.rand.Perm(len(s.records))[:min(n, len(s.records))] {
			ids = append(ids, s.records[i].ID)
			want = append(want, s.records[i])
		}
		ids = append(ids, ids[len(ids)/2:]...)
		s.rand.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		got, err := collect(s.engine.ByID(t.Context(), ids))
		if err != nil {
			t.Errorf("by %d ids: %v", len(ids), err)
			continue
		}
		compare(t, "by id", got, everything().answer(want))
	}
	if got, err := collect(s.engine.ByID(t.Context(), nil)); len(got) > 0 || err != nil {
		t.Errorf("by no id: got %d records, %v", len(got), err)
	}
}
