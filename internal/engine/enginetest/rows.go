package enginetest

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// RunRows is the suite for engines that make rows: rows of any selection of columns, of what any question selects, are
// those that column.Selection reads from the records.
func RunRows(t *testing.T, open func(t *testing.T, records []conversation.Record) engine.Engine) {
	t.Helper()
	Share(1).RunRows(t, open)
}

// RunRows runs the suite as the function RunRows does.
func (share Share) RunRows(t *testing.T, open func(t *testing.T, records []conversation.Record) engine.Engine) {
	t.Helper()
	seed := chooseSeed(t)
	for _, set := range sets {
		t.Run(set.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, uint64(len(set.name))))
			records := set.make(t, r)
			s := &suite{rand: r, share: share, records: give(t, records), open: open, engine: open(t, records)}
			repeatable(t, seed)
			s.rows(t, set.filtered > 0)
		})
	}
}

func (s *suite) rows(t *testing.T, filters bool) {
	for i := range max(2, s.part(12)) {
		q := s.question()
		if filters && i%2 == 1 {
			q = s.filteredQuestion()
		}
		if i == 0 {
			q = everything()
		}
		s.checkRows(t, q, s.selection(t, i < 3))
	}
}

// lakeOnly are the columns of which records say nothing.
var lakeOnly = []string{"runId", "extractedAt"}

// selection is some columns, or all of them, with attributes that records have and one that none has.
func (s *suite) selection(t *testing.T, all bool) column.Selection {
	t.Helper()
	per := pick(s, column.Conversation, column.Interaction)
	names := []string{"attributes.nobody has this"}
	for _, key := range s.keys() {
		if s.rand.IntN(3) == 0 {
			names = append(names, "attributes."+key)
		}
	}
	for _, c := range column.All() {
		if c.Has(per) && !slices.Contains(lakeOnly, c.Name) && (all || s.rand.IntN(12) == 0) {
			names = append(names, c.Name)
		}
	}
	s.rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	sel, err := column.Parse("select", per, names)
	if err != nil {
		t.Fatal(err)
	}
	return sel
}

// keys are those of the attributes in the records, but for the empty one, which is no column.
func (s *suite) keys() []string {
	var keys []string
	for _, r := range s.records {
		c, _ := wire.Decode(r.JSON)
		for _, p := range c.Participants {
			for key := range p.Attributes {
				if name := "attributes." + key; key != "" && key != "*" && name == strings.TrimSpace(name) && !strings.HasPrefix(key, "custom") {
					keys = append(keys, key)
				}
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (s *suite) checkRows(t *testing.T, q question, sel column.Selection) {
	t.Helper()
	var want [][]any
	keys := map[string]bool{}
	for _, r := range (question{Query: ascending(q.Query)}).answer(s.records) {
		c, _ := wire.Decode(r.JSON)
		items := column.Items(conversation.Version{Record: r.Record}, c, sel.Per)
		slices.SortFunc(items, func(a, b column.Item) int { return strings.Compare(a.Medium, b.Medium) })
		for i := range items {
			want = append(want, sel.Row(&items[i]))
		}
		for _, p := range c.Participants {
			for key := range p.Attributes {
				keys[key] = true
			}
		}
	}
	e := s.engine.(engine.Tabular)
	i := 0
	for row, err := range e.Rows(t.Context(), q.Query, sel) {
		if err != nil {
			t.Fatalf("%v: %v", q, err)
		}
		if i >= len(want) {
			t.Fatalf("%v: more than %d rows", q, len(want))
		}
		if what := rowsDiffer(sel, row, want[i]); what != "" {
			t.Fatalf("%v: row %d of %ss: %s", q, i, sel.Per, what)
		}
		i++
	}
	if i < len(want) {
		t.Errorf("%v: %d rows of %ss, want %d", q, i, sel.Per, len(want))
	}
	if got, err := e.AttributeKeys(t.Context(), q.Query, len(keys)+1); err != nil || len(got) != len(keys) || !slices.IsSorted(got) {
		t.Errorf("%v: %d keys, %v; want %d", q, len(got), err, len(keys))
	}
}

func ascending(q query.Query) query.Query {
	q.Order, q.OrderBy = query.Ascending, query.ByConversationStart
	return q
}

func rowsDiffer(sel column.Selection, got, want []any) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d values, want %d", len(got), len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			return fmt.Sprintf("%s is %#v, want %#v", sel.Columns[i].Name, got[i], want[i])
		}
	}
	return ""
}
