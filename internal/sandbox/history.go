package sandbox

import (
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/mem"
)

// history tells how conversations looked: as they were simulated or given, but for what was done to them.
type history struct {
	simulated mem.History // nil for records that were given
	lag       time.Duration

	mu     sync.RWMutex
	edited map[conversation.ID]*versions
}

// versions are those of a conversation to which something was done, each as it will be in the end.
type versions struct {
	first conversation.Record
	later []version // in order
}

// version is what a conversation is from an instant on.
type version struct {
	from   time.Time
	record conversation.Record
}

func (v *versions) at(at time.Time) conversation.Record {
	out := v.first
	for _, l := range v.later {
		if l.from.After(at) {
			break
		}
		out = l.record
	}
	return out
}

// edit makes a record the one from an instant on that a conversation is.
func (h *history) edit(before, after conversation.Record, from time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.edited[before.ID] == nil {
		h.edited[before.ID] = &versions{first: before}
	}
	v := h.edited[before.ID]
	v.later = append(v.later, version{from, after})
}

// At implements mem.History. Of a conversation that has ended a moment ago, analytics know what was so just before.
func (h *history) At(r conversation.Record, at time.Time) (conversation.Record, error) {
	r = h.version(r, at)
	if h.simulated == nil {
		return r, nil
	}
	if !r.End.IsZero() && !at.Before(r.End) && at.Before(r.End.Add(h.lag)) {
		at = r.End.Add(-time.Millisecond)
		if at.Before(r.Start) {
			at = r.Start
		}
	}
	return h.simulated.At(r, at)
}

// now is a record as it looked, without the lag of analytics.
func (h *history) now(r conversation.Record, at time.Time) (conversation.Record, error) {
	r = h.version(r, at)
	if h.simulated == nil {
		return r, nil
	}
	return h.simulated.At(r, at)
}

func (h *history) version(r conversation.Record, at time.Time) conversation.Record {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if v := h.edited[r.ID]; v != nil {
		return v.at(at)
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
	if v := h.edited[r.ID]; v != nil && v.later[len(v.later)-1].from.After(settled) {
		settled = v.later[len(v.later)-1].from
	}
	if ended.After(settled) {
		settled = ended
	}
	return ended, settled
}
