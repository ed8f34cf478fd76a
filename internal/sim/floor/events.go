package floor

import "github.com/parley-hq/parley/internal/sim/tick"

// event is something that will happen.
type event struct {
	at  tick.Instant
	seq int // events of one instant happen in the order in which they were thought of
	do  func()
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

// events is what will happen, the next first: a heap.
type events struct {
	heap []event
	seq  int
}

// at has something happen at an instant.
func (e *events) at(t tick.Instant, do func()) {
	e.seq++
	e.heap = append(e.heap, event{t, e.seq, do})
	for i := len(e.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !e.heap[i].before(&e.heap[up]) {
			return
		}
		e.heap[i], e.heap[up] = e.heap[up], e.heap[i]
		i = up
	}
}

// next takes the next event out.
func (e *events) next() event {
	out, last := e.heap[0], len(e.heap)-1
	e.heap[0] = e.heap[last]
	e.heap[last] = event{}
	e.heap = e.heap[:last]
	for i := 0; ; {
		least := 2*i + 1
		if least >= last {
			return out
		}
		if right := least + 1; right < last && e.heap[right].before(&e.heap[least]) {
			least = right
		}
		if !e.heap[least].before(&e.heap[i]) {
			return out
		}
		e.heap[i], e.heap[least] = e.heap[least], e.heap[i]
		i = least
	}
}
