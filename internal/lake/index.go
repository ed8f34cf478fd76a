package lake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"syscall"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ids"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
)

// The index says in which days an id can be, so that a commit need not read every id of the lake: see decision 0040. It is
// runs (package ids) in ids/, and two tables of the control database: which runs there are, and which files of
// conversations are covered. Of a covered file every id is in the runs, with the day of the file. What the runs say beyond
// that, of rows that have been replaced, costs a look and is harmless. What is missing or damaged is made again from the
// tables: a file that is not covered is read.

// runFile is a run in ids/.
type runFile struct {
	name        string
	entries     int64
	first, last conversation.Day // every entry is of these days or of one between
}

const runSuffix = ".run"

// idsAt is where the runs are.
const idsAt store.Location = "ids"

func runAt(name string) store.Location { return idsAt.Join(name + runSuffix) }

// within is the path of a data file in the warehouse, which stays when the lake is moved.
func (l *Lake) within(path string) string { return strings.TrimPrefix(path, l.place.real+"/") }

// index is the index as one writer knows it. It changes with the control database. Not for concurrent use.
type index struct {
	lake    *Lake
	log     *slog.Logger
	runs    []runFile
	covered map[string]conversation.Day // files of conversations, by their paths in the warehouse
	whole   string                      // the commit whose files of conversations are just those; empty if that is not known
}

// index reads what the control database says of the index. One statement reads all tables, and so sees them at one
// moment. A lake that an earlier version made and that may only be read lacks some of them.
func (l *Lake) index(ctx context.Context, log *slog.Logger) (*index, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	x := &index{lake: l, log: log}
	return x, l.db.View(ctx, func(db *state.DB) error {
		x.runs, x.covered, x.whole = nil, map[string]conversation.Day{}, ""
		if there, err := db.Has(ctx, "id_files"); err != nil || !there { // the last that its step makes
			return err
		}
		whole, err := db.Has(ctx, "id_whole")
		if err != nil {
			return err
		}
		return x.load(ctx, db, whole)
	})
}

// What a row is that load reads, in place of its entries.
const (
	isFile  = -1
	isWhole = -2
)

func (x *index) load(ctx context.Context, db *state.DB, whole bool) error {
	statement := fmt.Sprintf(`SELECT name, entries, first_day, last_day FROM id_runs UNION ALL SELECT path, %d, day, day FROM id_files`, isFile)
	if whole {
		statement += fmt.Sprintf(` UNION ALL SELECT commit_id, %d, 0, 0 FROM id_whole`, isWhole)
	}
	for row, err := range db.Rows(ctx, statement+` ORDER BY 1`) {
		if err != nil {
			return err
		}
		var r runFile
		if err := row.Scan(&r.name, &r.entries, &r.first, &r.last); err != nil {
			return err
		}
		switch r.entries {
		case isFile:
			x.covered[r.name] = r.first
		case isWhole:
			x.whole = r.name
		default:
			x.runs = append(x.runs, r)
		}
	}
	return nil
}

func (x *index) covers(f datafile.File) bool {
	_, ok := x.covered[x.lake.within(f.Path)]
	return ok
}

// indexed is what comes into the index at once: runs, and the files that are covered with them. gone are runs and files
// that leave it.
type indexed struct {
	runs  []runFile
	files map[string]conversation.Day
	gone  []string

	whole  bool   // every file of conversations is covered once the commit is in, and no other
	sameAs string // or: the commit before, which had the files that this one has; empty if it is not known or had others
}

// wholeAt enters of which commit every file is covered. What is known of an earlier one stays: that one is the newest no more,
// and nobody asks for it.
func (n indexed) wholeAt(ctx context.Context, tx *state.Tx, commit string) error {
	if !n.whole && n.sameAs == "" {
		return nil
	}
	if !n.whole {
		_, err := tx.Exec(ctx, `UPDATE id_whole SET commit_id = ? WHERE commit_id = ?`, commit, n.sameAs)
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM id_whole`); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO id_whole VALUES (?)`, commit)
	return err
}

// enter enters it in the control database. The runs are on disk. Where a file is not covered any more, not all of them are.
func (n indexed) enter(ctx context.Context, tx *state.Tx) error {
	for _, name := range n.gone {
		if _, err := tx.Exec(ctx, `DELETE FROM id_runs WHERE name = ?`, name); err != nil {
			return err
		}
		was, err := tx.Exec(ctx, `DELETE FROM id_files WHERE path = ?`, name)
		if err == nil && was > 0 {
			_, err = tx.Exec(ctx, `DELETE FROM id_whole`)
		}
		if err != nil {
			return err
		}
	}
	for _, r := range n.runs {
		if _, err := tx.Exec(ctx, `INSERT INTO id_runs VALUES (?, ?, ?, ?)`, r.name, r.entries, int(r.first), int(r.last)); err != nil {
			return err
		}
	}
	for path, day := range n.files {
		if _, err := tx.Exec(ctx, `INSERT INTO id_files VALUES (?, ?) ON CONFLICT DO NOTHING`, path, int(day)); err != nil {
			return err
		}
	}
	return nil
}

// enter enters it here and in the control database.
func (x *index) enter(ctx context.Context, n indexed) error {
	if err := x.lake.db.Tx(ctx, func(tx *state.Tx) error { return n.enter(ctx, tx) }); err != nil {
		return err
	}
	x.runs = slices.DeleteFunc(x.runs, func(r runFile) bool { return slices.Contains(n.gone, r.name) })
	x.runs = append(x.runs, n.runs...)
	for _, name := range n.gone {
		delete(x.covered, name)
	}
	maps.Copy(x.covered, n.files)
	return nil
}

// lose takes a run out of the index that is missing or damaged. The files of its days are not covered any more, and are
// read again: an id of theirs may have been in this run alone.
func (x *index) lose(ctx context.Context, r runFile, cause error) error {
	x.log.WarnContext(ctx, "a file of the index of ids is missing or damaged; the ids of its days are read again", "file", runAt(r.name), "err", cause)
	if err := x.enter(ctx, indexed{gone: x.with(r)}); err != nil {
		return err
	}
	crashpoint.Reach("ids.lost")
	return x.lake.removeRun(ctx, r.name)
}

// with gives the name of a run and the files whose coverage needs it.
func (x *index) with(r runFile) []string {
	gone := []string{r.name}
	for path, day := range x.covered {
		if day >= r.first && day <= r.last {
			gone = append(gone, path)
		}
	}
	return gone
}

// use lends open runs. One that cannot be opened or read comes as damage, but not when it is this process that can open no
// more files.
func (l *Lake) use(ctx context.Context, runs []runFile, do func([]*ids.Run) error) (damaged *runFile, err error) {
	var open []*ids.Run
	for i := range runs {
		f, err := l.Store().Open(ctx, runAt(runs[i].name))
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
			return nil, err
		}
		if err != nil {
			return &runs[i], err
		}
		defer f.Close()
		r, err := openRun(f, runs[i])
		if err != nil {
			return &runs[i], err
		}
		open = append(open, r)
	}
	err = do(open)
	if d, ok := errors.AsType[*ids.Damaged](err); ok {
		return &runs[slices.Index(open, d.Run)], d.Err
	}
	return nil, err
}

// openRun opens a run, which must have as many entries as the control database says.
func openRun(f store.Object, of runFile) (*ids.Run, error) {
	r, err := ids.Open(f, f.Size())
	if err == nil && r.Entries() != of.entries {
		err = fault.New(fault.Corrupt, "it has %d entries, and should have %d", r.Entries(), of.entries)
	}
	return r, err
}

// elsewhere gives the days, other than their own, in which incoming records can be by what the index says. A run that is
// lost on the way counts as one that never was.
func (x *index) elsewhere(ctx context.Context, news map[key]newcomer) (map[conversation.Day]bool, error) {
	wanted := make([]ids.Entry, 0, len(news))
	for k, n := range news {
		wanted = append(wanted, ids.Entry{Key: k.prefix(), Day: conversation.DayOf(n.start)})
	}
	slices.SortFunc(wanted, ids.Compare)
	keys := make([]uint64, len(wanted))
	for i, e := range wanted {
		keys[i] = e.Key
	}
	days := map[conversation.Day]bool{}
	for _, r := range slices.Clone(x.runs) {
		damaged, err := x.lake.use(ctx, []runFile{r}, func(open []*ids.Run) error {
			err := open[0].Find(keys, func(i int, day conversation.Day) {
				if day != wanted[i].Day {
					days[day] = true
				}
			})
			if err != nil {
				return &ids.Damaged{Run: open[0], Err: err}
			}
			return ctx.Err()
		})
		if damaged != nil {
			err = x.lose(ctx, r, err)
		}
		if err != nil {
			return nil, err
		}
	}
	return days, nil
}

// strays removes the runs that the control database does not name: commits and merges that were cut short leave them.
func (l *Lake) strays(ctx context.Context) error {
	x, err := l.index(ctx, nil)
	if err != nil {
		return err
	}
	var stray []string
	for info, listing := range l.Store().List(ctx, idsAt) {
		if listing != nil {
			return listing
		}
		name, run := strings.CutSuffix(info.At.Name(), runSuffix)
		if run && !slices.ContainsFunc(x.runs, func(r runFile) bool { return r.name == name }) {
			stray = append(stray, name)
		}
	}
	if err := l.still(ctx); err != nil {
		return err
	}
	err = l.Store().Sweep(ctx, idsAt, func(store.Location) bool { return true })
	for _, name := range stray {
		err = errors.Join(err, l.removeRun(ctx, name))
	}
	return err
}

func (l *Lake) removeRun(ctx context.Context, name string) error {
	return gone(l.Store().Remove(ctx, runAt(name)))
}
