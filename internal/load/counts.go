package load

import (
	"maps"

	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/wire"
)

// Counts say what became of the records that a run brought.
type Counts struct {
	Duplicates int64 `json:"duplicates"` // records and rejected values that came again, to the byte
	Conflicts  int64 `json:"conflicts"`  // that came again with another content; the one received later counts
	Rejected   int64 `json:"rejected"`   // without a usable id or start, too large or nested too deep: kept aside
	Commits    int64 `json:"commits"`
	Added      int64 `json:"added"`              // conversations that were not in the lake
	Replaced   int64 `json:"replaced"`           // conversations of which the lake had another version
	Unchanged  int64 `json:"unchanged"`          // conversations that the lake had already, to the byte
	Stale      int64 `json:"stale"`              // conversations of which the lake had a newer version
	Unfit      int64 `json:"unfit"`              // records with values that do not fit the schema: kept whole, the tables leave these out
	Forgotten  int64 `json:"forgotten,omitzero"` // records of conversations that were erased on request, which stay out
	Bytes      int64 `json:"bytes"`              // JSON written to the lake

	Misfits wire.Misfits `json:"misfits,omitempty"` // the values that do not fit, by path
}

// Staged counts what became of records as they were staged.
func (c *Counts) Staged(s stage.Counts) {
	c.Duplicates += s.Duplicates
	c.Conflicts += s.Conflicts
	c.Rejected += s.Rejected
	c.Forgotten += s.Forgotten
}

// Committed counts what a commit did.
func (c *Counts) Committed(out lake.Outcome) {
	c.Commits++
	c.Added += out.Added
	c.Replaced += out.Replaced
	c.Unchanged += out.Unchanged
	c.Stale += out.Stale
	c.Unfit += out.Unfit
	c.Forgotten += out.Forgotten
	c.Bytes += out.Bytes
	c.Misfits = maps.Clone(c.Misfits).Add(out.Misfits) // a copy keeps its own
}
