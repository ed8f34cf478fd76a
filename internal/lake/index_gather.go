package lake

import (
	"bufio"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ids"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
)

// gatherMost is how many entries are held to be sorted: 16 MiB. Tests make it small.
var gatherMost = 1 << 20

// gatherer makes runs of entries that come in any order. What it has written nobody names until it is entered.
type gatherer struct {
	write   func(runFile, func(*ids.Writer) error) (runFile, error)
	entries []ids.Entry
	runs    []runFile
}

func (l *Lake) gatherer(ctx context.Context) gatherer {
	return gatherer{write: func(r runFile, fill func(*ids.Writer) error) (runFile, error) { return l.writeRun(ctx, r, fill) }}
}

func (g *gatherer) add(k key, day conversation.Day) error {
	g.entries = append(g.entries, ids.Entry{Key: k.prefix(), Day: day})
	if len(g.entries) < gatherMost {
		return nil
	}
	return g.spill()
}

// spill writes what is held as a run.
func (g *gatherer) spill() error {
	if len(g.entries) == 0 {
		return nil
	}
	slices.SortFunc(g.entries, ids.Compare)
	r := runFile{first: g.entries[0].Day, last: g.entries[0].Day}
	for _, e := range g.entries {
		r.first, r.last = min(r.first, e.Day), max(r.last, e.Day)
	}
	r, err := g.write(r, func(w *ids.Writer) error {
		for _, e := range g.entries {
			if err := w.Add(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	g.entries, g.runs = g.entries[:0], append(g.runs, r)
	return nil
}

// take spills the rest and gives the runs.
func (g *gatherer) take() ([]runFile, error) {
	err := g.spill()
	runs := g.runs
	g.runs = nil
	return runs, err
}

// writeRun writes a run of a name that is new for ever: a run of an earlier time must not be taken for it when an old
// control database is put beside it. It is durable when it is given.
func (l *Lake) writeRun(ctx context.Context, r runFile, fill func(*ids.Writer) error) (_ runFile, err error) {
	r.name = uuid.Must(uuid.NewV7()).String()
	f, err := l.Store().Create(ctx, runAt(r.name), store.New)
	if err != nil {
		return r, fault.Because(diskFault(err), err, "a file of the index of ids cannot be made")
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buf := bufio.NewWriterSize(f, 256<<10)
	w := ids.NewWriter(buf)
	if err := errors.Join(fill(w), w.Close(), buf.Flush()); err != nil {
		return r, unwritten(err)
	}
	if err := f.Commit(); err != nil {
		return r, unwritten(err)
	}
	r.entries = w.Entries()
	crashpoint.Reach("ids.written")
	return r, nil
}

// unwritten is the fault of a run that was not written: of the disk, unless what it is made of is damaged or the writer
// was told to stop.
func unwritten(err error) error {
	if errors.As(err, new(*ids.Damaged)) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fault.Because(diskFault(err), err, "a file of the index of ids cannot be written")
}

// reading makes the index of files that it does not cover, while they are read. What is read is entered now and then, so
// that it is not read again when what it is read for fails.
type reading struct {
	x      *index
	gather gatherer
	files  map[string]conversation.Day // read since the last entry
}

func (x *index) reading(ctx context.Context) *reading {
	return &reading{x: x, gather: x.lake.gatherer(ctx), files: map[string]conversation.Day{}}
}

// read enters a file whose ids were added.
func (r *reading) read(ctx context.Context, f datafile.File) error {
	r.files[r.x.lake.within(f.Path)] = f.Day
	if len(r.gather.runs) == 0 && len(r.gather.entries) < gatherMost/2 {
		return nil
	}
	return r.enter(ctx)
}

// enter enters what was read to its end.
func (r *reading) enter(ctx context.Context) error {
	if len(r.files) == 0 {
		return nil
	}
	runs, err := r.gather.take()
	if err != nil {
		return err
	}
	if err := r.x.enter(ctx, indexed{runs: runs, files: r.files}); err != nil {
		return err
	}
	r.files = map[string]conversation.Day{}
	crashpoint.Reach("ids.covered")
	return nil
}

// brought gives what a commit brings into the index: its keys, and the new files of the days of which every file was
// covered. Those that it replaces go, and those that were replaced before without its being told here.
func (x *index) brought(m *merge, days []writtenDay) (indexed, error) {
	runs, err := m.came.take()
	if err != nil {
		return indexed{}, err
	}
	n := indexed{runs: runs, files: map[string]conversation.Day{}, whole: true}
	there := map[string]bool{}
	for _, files := range m.files {
		for _, f := range files {
			there[x.lake.within(f.Path)] = true
		}
	}
	for _, d := range days {
		covered := true
		for _, f := range m.files[d.day] {
			covered = covered && x.covers(f)
			delete(there, x.lake.within(f.Path))
		}
		if !covered {
			n.whole = false
			continue
		}
		for _, at := range d.files[tables.Conversations] {
			n.files[strings.TrimPrefix(string(at), string(warehouse)+"/")] = d.day
		}
	}
	for path := range there {
		if _, ok := x.covered[path]; !ok {
			n.whole = false
		}
	}
	for path := range x.covered {
		if !there[path] {
			n.gone = append(n.gone, path)
		}
	}
	return n, nil
}
