package job

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/test/unraced"
)

// modelled is three nodes over one home to which anything happens, in any order. What is told of each job is checked against what was
// asked.
type modelled struct {
	*cluster

	rnd    *rand.Rand
	nodes  []*runnerNode
	limits map[ID]int  // records that each job asks for
	over   map[ID]bool // deleted before they were done, or after
	ends   map[ID]int  // how often the end of a job was entered
	owners []Owner
}

// runnerNode is one of them, and what it has in hand. It may sleep, and lose its slot, without knowing.
type runnerNode struct {
	*Manager

	slot slot // without a lock if it has none
	hand []held
}

type held struct {
	e       entry
	written bool
}

func TestNodesModel(t *testing.T) {
	unraced.Test(t)
	onEach(t, func(c *cluster) {
		for seed := range uint64(4) {
			x := &modelled{
				cluster: c, rnd: rand.New(rand.NewPCG(seed, 17)), limits: map[ID]int{}, over: map[ID]bool{}, ends: map[ID]int{},
				owners: []Owner{me, {Organization: org, Client: "client-2"}, {Organization: org, Client: "client-3"}},
			}
			for range 3 {
				x.nodes = append(x.nodes, &runnerNode{Manager: c.node()})
			}
			for range 150 {
				x.step()
			}
			x.settle()
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
	})
}

func (x *modelled) must(what string, err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatalf("%s: %v", what, err)
	}
}

// step has something happen at one node.
func (x *modelled) step() {
	n := x.nodes[x.rnd.IntN(len(x.nodes))]
	switch x.rnd.IntN(12) {
	case 0, 1, 2:
		limit := 1 + x.rnd.IntN(len(x.records))
		x.limits[submitAs(x.t, n.Manager, x.owners[min(x.rnd.IntN(6), 2)], limit)] = limit
	case 3, 4, 5:
		x.take(n)
	case 6, 7:
		x.goOn(n)
	case 8:
		x.delete(n)
	case 9:
		x.lose(n)
	case 10:
		n.hand = nil // it is killed, and another process comes in its place
		x.lose(n)
		n.slot = slot{}
	case 11:
		if n.slot.lock != nil && x.shared {
			if err := n.rescueNext(x.t.Context(), n.slot); err != nil {
				x.must("rescue", err)
			}
		}
	}
}

// lose has a node lose its slot. In a folder none can without its end.
func (x *modelled) lose(n *runnerNode) {
	if n.slot.lock == nil {
		return
	}
	x.cluster.lose(n.Manager, n.slot)
	if !x.shared {
		n.hand, n.slot = nil, slot{}
	}
}

// take has a node take a job, in a slot that it has or takes. One that has lost its slot is told so.
func (x *modelled) take(n *runnerNode) {
	ctx := x.t.Context()
	if n.slot.lock == nil {
		s, err := n.takeFree(ctx)
		if errors.Is(err, fault.Conflict) {
			return // another one answers
		}
		x.must("slot", err)
		x.must("take over", n.takeOver(ctx, s))
		n.slot = s
	}
	next := x.fair(n.Manager)
	e, ok, err := n.slot.jobs.take(ctx, n.slot.number, n.turns())
	switch {
	case n.slot.lost(err):
		n.slot = slot{}
	case err != nil:
		x.must("take", err)
	case ok && !slices.Contains(next, e.owner.Client):
		x.t.Errorf("it was the turn of %v, and %s was taken", next, e.owner.Client)
	case ok:
		n.hand = append(n.hand, held{e: e})
	case len(next) > 0:
		x.t.Errorf("it was the turn of %v, and nothing was taken", next)
	}
}

// fair are the clients of which it may be the turn: of those that have jobs waiting the ones with the fewest running.
func (x *modelled) fair(m *Manager) (clients []string) {
	jobs, err := m.List(x.t.Context(), me)
	x.must("list", err)
	running, waiting := map[string]int{}, map[string]bool{}
	for _, j := range jobs {
		switch j.Status.State {
		case Pending:
			running[j.Client]++
		case Queued:
			waiting[j.Client] = true
		case Fulfilled, Failed, Cancelled, Expired:
		}
	}
	for client := range waiting {
		switch {
		case len(clients) == 0 || running[client] == running[clients[0]]:
			clients = append(clients, client)
		case running[client] < running[clients[0]]:
			clients = []string{client}
		}
	}
	return clients
}

// goOn has a node go on with something that it has in hand: it writes the results, enters the end, or gives the job back.
func (x *modelled) goOn(n *runnerNode) {
	if len(n.hand) == 0 {
		return
	}
	i := x.rnd.IntN(len(n.hand))
	h := &n.hand[i]
	switch {
	case x.rnd.IntN(8) == 0:
		n.giveBack(x.t.Context(), h.e)
		x.must("remove", n.files.remove(x.t.Context(), h.e))
	case !h.written:
		x.must("answer", n.answer(x.t.Context(), &h.e))
		h.written = true
		return
	default:
		n.expires(&h.e)
		ok, err := n.finish(x.t.Context(), h.e)
		x.must("finish", err)
		if ok {
			x.ends[h.e.id]++
		} else {
			x.must("remove", n.files.remove(x.t.Context(), h.e))
		}
	}
	n.hand = slices.Delete(n.hand, i, i+1)
}

// delete deletes a job, whatever its state.
func (x *modelled) delete(n *runnerNode) {
	for id := range x.limits {
		if !x.over[id] {
			x.must("delete", n.Delete(x.t.Context(), me, id))
			x.over[id] = true
			return
		}
	}
}

// settle lets all that is left come to its end, and looks at what has become of everything.
func (x *modelled) settle() {
	last := x.nodes[0]
	for _, n := range x.nodes {
		x.lose(n)
		n.hand, n.slot = nil, slot{}
	}
	for len(x.fair(last.Manager)) > 0 || x.pending(last.Manager) {
		x.take(last)
		if x.shared {
			x.must("rescue", last.rescueNext(x.t.Context(), last.slot))
		}
		for len(last.hand) > 0 {
			x.goOn(last)
		}
	}
	x.must("given back", last.slot.lock.Close())
	x.now = x.now.Add(2 * listingOfNodes)
	x.must("clear", last.clear(x.t.Context()))
	var files []string
	for id, limit := range x.limits {
		e, ok, err := last.jobs.get(x.t.Context(), id)
		x.must("get", err)
		switch {
		case x.over[id]:
			if ok && e.status.State != Cancelled || x.ends[id] > 1 {
				x.t.Errorf("job %s was deleted, is %s and ended %d times", id, e.status.State, x.ends[id])
			}
			continue
		case e.status.State == Failed: // its runners were killed each time
			continue
		case e.status.State != Fulfilled || x.ends[id] != 1:
			x.t.Errorf("job %s is %s and ended %d times", id, e.status.State, x.ends[id])
			continue
		}
		files = append(files, e.named().file())
		if _, records, _ := read(x.t, last.Manager, id, "", 1000); !slices.Equal(records, x.records[:limit]) {
			x.t.Errorf("job %s has %d results, want %d", id, len(records), limit)
		}
	}
	slices.Sort(files)
	if got := x.files(last.Manager); !slices.Equal(got, files) {
		x.t.Errorf("files:\n got %v\nwant %v", got, files)
	}
	for id := range x.limits { // the next run begins with an empty home
		if !x.over[id] {
			x.must("delete", last.Delete(x.t.Context(), me, id))
		}
	}
}

func (x *modelled) pending(m *Manager) bool {
	pending, err := m.jobs.pending(x.t.Context())
	x.must("pending", err)
	return len(pending) > 0
}
