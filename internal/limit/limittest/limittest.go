// Package limittest holds every limit.Rate to the same rules.
package limittest

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/limit"
)

// Rig is one limit, as each of three processes has it.
type Rig struct {
	Nodes []limit.Rate
	Now   func() time.Time    // the clock of all of them
	Pass  func(time.Duration) // lets time pass
}

// New makes a limit that allows so much a window to each client, and remembers most clients; 0 means all.
type New func(t *testing.T, allowed, most int) Rig

// Run runs the suite.
func Run(t *testing.T, open New) {
	t.Helper()
	for name, part := range map[string]func(*testing.T, New){
		"a window begins with the first": window, "at once": atOnce, "each client by itself": each, "looking counts nothing": looking, "bounded": bounded, "long after": longAfter,
	} {
		t.Run(name, func(t *testing.T) { part(t, open) })
	}
}

// take counts once at a node.
func (r Rig) take(t *testing.T, node int, client string) limit.Usage {
	t.Helper()
	return r.Nodes[node%len(r.Nodes)].Take(t.Context(), client, r.Now())
}

func expect(t *testing.T, what string, got limit.Usage, count, seconds int, over bool) {
	t.Helper()
	if got.Count != count || got.Seconds() != seconds || got.Over != over {
		t.Errorf("%s: got %+v, want %d, %d seconds left, over %t", what, got, count, seconds, over)
	}
}

// What is refused is not counted, and neither makes the window longer nor the next one smaller.
func window(t *testing.T, open New) {
	r := open(t, 2, 0)
	if u := r.Nodes[0].Unused(); u.Allowed != 2 || u.Count != 0 || u.Reset != limit.Window || u.Over {
		t.Errorf("unused: %+v", u)
	}
	for i, c := range []struct {
		pass           time.Duration
		count, seconds int
		over           bool
	}{
		{0, 1, 60, false},
		{10500 * time.Millisecond, 2, 50, false},
		{10 * time.Second, 2, 40, true},
		{10 * time.Second, 2, 30, true},
		{29 * time.Second, 2, 1, true},
		{time.Second, 1, 60, false},
		{0, 2, 60, false},
		{limit.Window, 1, 60, false},
	} {
		r.Pass(c.pass)
		got := r.take(t, i, "a")
		expect(t, "time "+strconv.Itoa(i), got, c.count, c.seconds, c.over)
		if got.Allowed != 2 {
			t.Errorf("time %d: %d are allowed", i, got.Allowed)
		}
	}
}

// Of many at once, at all nodes, as many pass as are allowed, and each of them is told another count.
func atOnce(t *testing.T, open New) {
	const allowed, asked = 20, 90
	r := open(t, allowed, 0)
	var all sync.WaitGroup
	var passed atomic.Int64
	var counts [allowed + 1]atomic.Int64
	for i := range asked {
		all.Go(func() {
			if u := r.take(t, i, "a"); !u.Over {
				passed.Add(1)
				counts[min(u.Count, allowed)].Add(1)
			}
		})
	}
	all.Wait()
	if passed.Load() != allowed {
		t.Errorf("%d of %d passed, want %d", passed.Load(), asked, allowed)
	}
	for count := 1; count <= allowed; count++ {
		if n := counts[count].Load(); n != 1 {
			t.Errorf("%d were told that they are the %dth", n, count)
		}
	}
	expect(t, "the next one", r.take(t, 0, "a"), allowed, 60, true)
}

func each(t *testing.T, open New) {
	r := open(t, 1, 0)
	r.take(t, 0, "a")
	expect(t, "another client", r.take(t, 0, "b"), 1, 60, false)
	expect(t, "the first one, elsewhere", r.take(t, 1, "a"), 1, 60, true)
}

func looking(t *testing.T, open New) {
	r := open(t, 2, 0)
	look := func(node int) limit.Usage { return r.Nodes[node].Look(t.Context(), "a", r.Now()) }
	expect(t, "of one that is not known", look(0), 0, 60, false)
	r.take(t, 0, "a")
	expect(t, "of one", look(1), 1, 60, false)
	expect(t, "once more", look(1), 1, 60, false)
	r.take(t, 2, "a")
	expect(t, "of one that has used all", look(1), 2, 60, true)
	r.Pass(limit.Window)
	expect(t, "after its window", look(1), 0, 60, false)
}

// Whoever comes last is remembered, and who came first is forgotten.
func bounded(t *testing.T, open New) {
	r := open(t, 1, 3)
	for i := range 7 {
		r.take(t, i, fmt.Sprint("c", i))
		r.Pass(time.Second)
	}
	for i, known := range []bool{false, false, false, false, true, true, true} {
		if u := r.Nodes[0].Look(t.Context(), fmt.Sprint("c", i), r.Now()); u.Over != known {
			t.Errorf("client %d: %+v", i, u)
		}
	}
}

// Who comes again after a long time begins anew, though it was refused before.
func longAfter(t *testing.T, open New) {
	r := open(t, 1, 0)
	r.take(t, 0, "a")
	expect(t, "refused", r.take(t, 0, "a"), 1, 60, true)
	r.Pass(24 * time.Hour)
	expect(t, "a day later", r.take(t, 0, "a"), 1, 60, false)
}
