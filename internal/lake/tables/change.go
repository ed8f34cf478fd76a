package tables

import (
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/difference"
)

// Change is one difference between two versions of a record.
type Change struct {
	ID            conversation.ID
	Start         time.Time
	Path          string // as package difference writes it; in rows of before 22 November 2026 a JSON pointer
	Before, After string // JSON text; empty when there is nothing
	Run           string
	FoundAt       time.Time
}

// Diff lists the differences between two versions of a record, by path.
func Diff(before, after conversation.Version) (out []Change) {
	for _, d := range difference.Of(before.JSON, after.JSON) {
		out = append(out, Change{ID: after.ID, Start: after.Start, Path: d.Path, Before: d.Before, After: d.After, Run: after.Run, FoundAt: after.At})
	}
	return out
}
