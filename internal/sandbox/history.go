package sandbox

import (
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/mem"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// history tells how conversations looked: as they were simulated or given, but for what was done to them.
type history struct {
	simulated mem.History // nil for records that were given
	lag       time.Duration

	mu     sync.RWMutex
	edited map[conversation.ID]*edits
	size   int // bytes of all that was written
	drifts []Drift
}

// What was written to conversations is kept, and done again whenever one is looked at as it was: so it is bounded.
const (
	maxEdits  = 1000      // of one conversation
	maxEdited = 256 << 20 // bytes, of all
)

// room is fault.Conflict when no more can be written to a conversation, or to any.
func (h *history) room(id conversation.ID, size int) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if e := h.edited[id]; e != nil && len(e.later) >= maxEdits {
		return fault.New(fault.Conflict, "a sandbox takes %d changes of one conversation; reset it, or use another conversation", maxEdits)
	}
	if h.size+size > maxEdited {
		return fault.New(fault.Conflict, "a sandbox takes %d MiB of changes of its conversations; reset it", maxEdited>>20)
	}
	return nil
}

// edits are what was done to a conversation, in order.
type edits struct {
	first conversation.Record // before
	later []edited
}

// edited is what is so from an instant on.
type edited struct {
	from   time.Time
	change func(jsontext.Value) (jsontext.Value, error)
}

// edit changes a conversation from an instant on.
func (h *history) edit(before conversation.Record, size int, e edited) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.edited[before.ID] == nil {
		h.edited[before.ID] = &edits{first: before}
	}
	h.size += size
	h.edited[before.ID].later = append(h.edited[before.ID].later, e)
}

// drift has records drift, for good.
func (h *history) drift(d Drift) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drifts = append(h.drifts, d)
}

// drifted is a record as it drifted.
func (h *history) drifted(r conversation.Record) (_ conversation.Record, err error) {
	h.mu.RLock()
	all := h.drifts
	h.mu.RUnlock()
	for _, d := range all {
		if r, err = d.on(r); err != nil {
			return r, err
		}
	}
	return r, nil
}

// At implements mem.History. Of a conversation that has ended a moment ago, analytics know what was so just before.
func (h *history) At(r conversation.Record, at time.Time) (conversation.Record, error) {
	return h.looked(r, h.finished(r, at), at)
}

// Tell implements mem.Teller. What drifted or was written is in the text alone.
func (h *history) Tell(r conversation.Record, at time.Time) (*conversation.Conversation, bool, error) {
	teller, can := h.simulated.(mem.Teller)
	h.mu.RLock()
	untouched := h.edited[r.ID] == nil && len(h.drifts) == 0
	h.mu.RUnlock()
	if !can || !untouched {
		return nil, false, nil
	}
	return teller.Tell(r, h.finished(r, at))
}

// finished is up to when analytics know what happened in a conversation.
func (h *history) finished(r conversation.Record, at time.Time) (then time.Time) {
	then = at
	if h.simulated != nil && !r.End.IsZero() && !at.Before(r.End) && at.Before(r.End.Add(h.lag)) {
		if then = r.End.Add(-time.Millisecond); then.Before(r.Start) {
			then = r.Start
		}
	}
	return then
}

// now is a record as it looked, without the lag of analytics.
func (h *history) now(r conversation.Record, at time.Time) (conversation.Record, error) {
	return h.looked(r, at, at)
}

// looked is what had happened in a conversation at an instant, with what was done to it until another. A cut knows the
// members of the schema alone, so that what drifted or was written comes last.
func (h *history) looked(r conversation.Record, happened, done time.Time) (_ conversation.Record, err error) {
	h.mu.RLock()
	e := h.edited[r.ID]
	var later []edited
	if e != nil {
		r, later = e.first, e.later
	}
	h.mu.RUnlock()
	if h.simulated != nil {
		if r, err = h.simulated.At(r, happened); err != nil {
			return r, err
		}
		if r, err = h.drifted(r); err != nil {
			return r, err
		}
	}
	for _, l := range later {
		if l.from.After(done) {
			break
		}
		if r, err = changed(r, l.change); err != nil {
			return r, err
		}
	}
	return r, nil
}

// changed is a record with another text.
func changed(r conversation.Record, change func(jsontext.Value) (jsontext.Value, error)) (conversation.Record, error) {
	text, err := change(jsontext.Value(r.JSON))
	if err != nil {
		return r, err
	}
	return wire.Record(text)
}

// given is a record before anything was done to it.
func (h *history) given(r conversation.Record) conversation.Record {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if e := h.edited[r.ID]; e != nil {
		return e.first
	}
	return r
}

// Bounds implements mem.History.
func (h *history) Bounds(r conversation.Record) (ended, settled time.Time) {
	if h.simulated != nil {
		if ended, settled = h.simulated.Bounds(r); !ended.IsZero() {
			ended = ended.Add(h.lag)
		}
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	if e := h.edited[r.ID]; e != nil && e.later[len(e.later)-1].from.After(settled) {
		settled = e.later[len(e.later)-1].from
	}
	if ended.After(settled) {
		settled = ended
	}
	return ended, settled
}
