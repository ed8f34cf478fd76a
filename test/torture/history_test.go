package torture_test

import (
	"sync"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// history is every version that the platform has had of each record, by the night. Safe for concurrent use.
type history struct {
	*sync.Mutex
	texts map[conversation.ID]map[string]bool
	days  map[conversation.Day]map[conversation.ID]bool // which conversations began on it
	bare  map[string]bool                               // id and text without attributes
}

func newHistory() history {
	return history{&sync.Mutex{}, map[conversation.ID]map[string]bool{}, map[conversation.Day]map[conversation.ID]bool{}, map[string]bool{}}
}

func (h history) add(r conversation.Record) {
	h.Lock()
	defer h.Unlock()
	day := conversation.DayOf(r.Start)
	if h.days[day] == nil {
		h.days[day] = map[conversation.ID]bool{}
	}
	if h.texts[r.ID] == nil {
		h.texts[r.ID] = map[string]bool{}
	}
	h.days[day][r.ID], h.texts[r.ID][string(r.JSON)] = true, true
	h.bare[string(r.ID)+string(wire.StripAttributes(r.JSON))] = true
}

// versions is how many there were of a record.
func (h history) versions(id conversation.ID) int {
	h.Lock()
	defer h.Unlock()
	return len(h.texts[id])
}

// had says whether there was this version of a record, as it is or, as synchronous queries have it, without attributes.
func (h history) had(id conversation.ID, text []byte) bool {
	h.Lock()
	defer h.Unlock()
	return h.texts[id][string(text)] || h.bare[string(id)+string(text)]
}

// on is how many conversations began on a day.
func (h history) on(day conversation.Day) int {
	h.Lock()
	defer h.Unlock()
	return len(h.days[day])
}
