package lake

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// Wanted says which changes are asked for; the zero value means all.
type Wanted struct {
	Days  conversation.Days // on which the conversations started; all if it has none
	ID    conversation.ID   // of one conversation
	Since time.Time         // found at this time or later
}

// Changes yields the differences between versions that commits have found: day by day, each day's in the order in which
// they were found, those of one commit by conversation and path. It holds some rows of one file at a time. A Change is good
// until the next one is asked for.
func (s *Snapshot) Changes(ctx context.Context, w Wanted) iter.Seq2[tables.Change, error] {
	return func(yield func(tables.Change, error) bool) {
		files, err := s.filesOfChanges(ctx, w)
		if err != nil {
			yield(tables.Change{}, err)
			return
		}
		for _, f := range files {
			for rows, err := range datafile.Rows(ctx, f, changeColumns...) {
				if err != nil {
					yield(tables.Change{}, err)
					return
				}
				for i := range int(rows.NumRows()) {
					if c := changeAt(rows, i); w.has(c) && !yield(c, nil) {
						return
					}
				}
			}
		}
	}
}

// changeColumns is what a Change is read from.
var changeColumns = []string{"conversation_id", "conversation_start", "path", "before", "after", "run_id", "found_at"}

func changeAt(rows arrow.RecordBatch, i int) tables.Change {
	return tables.Change{
		ID: conversation.ID(datafile.TextAt(rows, 0, i)), Start: datafile.TimeAt(rows, 1, i),
		Path: datafile.TextAt(rows, 2, i), Before: datafile.TextAt(rows, 3, i), After: datafile.TextAt(rows, 4, i),
		Run: datafile.TextAt(rows, 5, i), FoundAt: datafile.TimeAt(rows, 6, i),
	}
}

func (w Wanted) has(c tables.Change) bool {
	return (w.ID == "" || w.ID == c.ID) && !c.FoundAt.Before(w.Since)
}

// filesOfChanges are the files that have something that is wanted, in the order in which they are to be read. What is wanted
// is looked up in small columns first: a row may have whole records in it.
func (s *Snapshot) filesOfChanges(ctx context.Context, w Wanted) ([]datafile.File, error) {
	type found struct {
		file datafile.File
		at   time.Time
	}
	var all []found
	for _, f := range s.Files(tables.Changes) {
		if w.Days.Len() > 0 && !w.Days.Has(f.Day) {
			continue
		}
		at, has, err := w.in(ctx, f)
		if err != nil {
			return nil, err
		}
		if has {
			all = append(all, found{f, at})
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.file.Day, b.file.Day), a.at.Compare(b.at), cmp.Compare(a.file.Path, b.file.Path))
	})
	files := make([]datafile.File, len(all))
	for i, f := range all {
		files[i] = f.file
	}
	return files, nil
}

// in says whether a file has something that is wanted, and when the first of it was found.
func (w Wanted) in(ctx context.Context, f datafile.File) (at time.Time, has bool, err error) {
	for rows, err := range datafile.Rows(ctx, f, "conversation_id", "found_at") {
		if err != nil {
			return at, false, err
		}
		for i := range int(rows.NumRows()) {
			c := tables.Change{ID: conversation.ID(datafile.TextAt(rows, 0, i)), FoundAt: datafile.TimeAt(rows, 1, i)}
			if w.has(c) {
				return c.FoundAt, true, nil
			}
		}
	}
	return at, false, nil
}
