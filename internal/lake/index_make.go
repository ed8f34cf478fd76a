package lake

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"

	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/ids"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/state"
)

// IndexOptions say how the index of ids is made.
type IndexOptions struct {
	Again bool                      // of every file, whatever there is of it
	Done  func(conversations int64) // told how many were read; may be nil
	Log   *slog.Logger              // told of damage; nil for nobody
}

// IndexSize is what there is of the index of ids.
type IndexSize struct {
	Covered int   `json:"files_covered"` // data files of conversations whose ids are in the index
	Runs    int   `json:"runs"`          // files that the index is made of
	Entries int64 `json:"entries"`       // ids in them; those of conversations that have moved count twice
	Bytes   int64 `json:"bytes"`         // of the files
}

// Indexed is what there is of the index of ids, and what making it reads.
type Indexed struct {
	IndexSize

	Files         int   `json:"files_read"`         // data files of conversations whose ids were read, or would be
	Conversations int64 `json:"conversations_read"` // in them
	// Unreadable are files of the index that are missing or cannot be opened: the ids of their days are read again.
	Unreadable int `json:"unreadable,omitzero"`
}

func (n *IndexSize) count(x *index, files []datafile.File) {
	n.Covered, n.Runs, n.Entries, n.Bytes = 0, len(x.runs), entriesOf(x.runs), 0
	for _, f := range files {
		if x.covers(f) {
			n.Covered++
		}
	}
	for _, r := range x.runs {
		n.Bytes += ids.Bytes(r.entries)
	}
}

// PlanIndex says what the index of ids is made of now, and what Writer.Index would read. It changes nothing, and opens the
// files of the index, but does not read them: damage within one is found by who does.
func (l *Lake) PlanIndex(ctx context.Context, o IndexOptions) (out Indexed, err error) {
	s, err := l.Snapshot(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	look, err := l.indexLook(ctx)
	if err != nil {
		return out, err
	}
	defer look.close()
	x := look.index
	out.Unreadable = look.found.Unreadable
	out.count(x, s.files[tables.Conversations])
	for _, f := range s.files[tables.Conversations] {
		if o.Again || !x.covers(f) {
			out.Files++
			out.Conversations += f.Rows
		}
	}
	return out, nil
}

// Index makes the index of ids whole: it reads the ids of the files that are not covered, and makes one run of all. A
// commit does the first by itself. Stopped at any point, it goes on from there when it is called again.
func (w *Writer) Index(ctx context.Context, o IndexOptions) (out Indexed, err error) {
	if o.Done == nil {
		o.Done = func(int64) {}
	}
	s, err := w.lake.Snapshot(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	x, err := w.lake.index(ctx, o.Log)
	if err != nil {
		return out, err
	}
	if o.Again {
		if err := x.forget(ctx); err != nil {
			return out, err
		}
	}
	for whole := false; !whole; {
		if err := x.cover(ctx, s.files[tables.Conversations], o.Done, &out); err != nil {
			return out, err
		}
		if whole, err = x.mergeAll(ctx); err != nil {
			return out, err
		}
	}
	out.count(x, s.files[tables.Conversations])
	return out, x.enterWhole(ctx, s)
}

// enterWhole enters that the index has all files of the newest snapshot, if it has just these. The empty lake is of no commit, and
// there is nothing to enter of it.
func (x *index) enterWhole(ctx context.Context, s *Snapshot) error {
	files := s.files[tables.Conversations]
	if s.commit == "" || len(files) != len(x.covered) || slices.ContainsFunc(files, func(f datafile.File) bool { return !x.covers(f) }) {
		return nil
	}
	return x.lake.db.Tx(ctx, func(tx *state.Tx) error { return indexed{whole: true}.wholeAt(ctx, tx, s.commit) })
}

// forget empties the index.
func (x *index) forget(ctx context.Context) error {
	var n indexed
	for _, r := range x.runs {
		n.gone = append(n.gone, r.name)
	}
	for path := range x.covered {
		n.gone = append(n.gone, path)
	}
	if err := x.enter(ctx, n); err != nil {
		return err
	}
	crashpoint.Reach("ids.forgotten")
	return x.lake.strays(ctx)
}

// cover reads the ids of the files that are not covered.
func (x *index) cover(ctx context.Context, files []datafile.File, done func(int64), out *Indexed) error {
	reading := x.reading(ctx)
	for _, f := range files {
		if x.covers(f) {
			continue
		}
		for rows, err := range datafile.Rows(ctx, f, "conversation_id") {
			if err != nil {
				return err
			}
			for i := range int(rows.NumRows()) {
				if err := reading.gather.add(keyAt(rows, i), f.Day); err != nil {
					return err
				}
			}
			out.Conversations += rows.NumRows()
			done(out.Conversations)
		}
		out.Files++
		if err := reading.read(ctx, f); err != nil {
			return err
		}
	}
	return reading.enter(ctx)
}

// mergeAll makes one run of all, and says whether none was lost on the way. A single one is read to its end.
func (x *index) mergeAll(ctx context.Context) (whole bool, err error) {
	covered := len(x.covered)
	for len(x.runs) > 1 {
		if err := x.merge(ctx, slices.Clone(x.runs[:min(len(x.runs), indexMerge)])); err != nil {
			return false, err
		}
		if len(x.covered) < covered {
			return false, nil
		}
	}
	for _, r := range slices.Clone(x.runs) {
		damaged, err := x.lake.use(ctx, []runFile{r}, func(open []*ids.Run) error { return ids.Merge(ctx, ids.NewWriter(io.Discard), open...) })
		if damaged != nil {
			err = x.lose(ctx, r, err)
		}
		if err != nil {
			return false, err
		}
	}
	return len(x.covered) == covered, nil
}
