package lake

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/test/unraced"
)

// orders does to a lake, in any order, all that touches its index of ids, and is killed now and then. What a reader who looks
// for one id finds is held against what reading the whole lake finds.
type orders struct {
	t      *testing.T
	rng    *rand.Rand
	l      *Lake
	at     int
	backup string // of the control database; empty if there is none that fits the files
	ids    []conversation.ID
}

// starts are the days of the records: more than are read without asking the index, and some far away.
func starts() (out []time.Time) {
	for n := range fewFiles + 2 {
		out = append(out, day1.AddDate(0, 0, n))
	}
	return append(out, time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(2100, 12, 30, 12, 0, 0, 0, time.UTC))
}

func (o *orders) some() (out []conversation.Version) {
	days := starts()
	for _, n := range o.rng.Perm(len(o.ids))[:1+o.rng.IntN(len(o.ids)/2)] {
		o.at++
		start := days[n%len(days)]
		if o.rng.IntN(6) == 0 {
			start = days[o.rng.IntN(len(days))]
		}
		v := record(string(o.ids[n]), start.Add(time.Duration(n)*time.Millisecond), strconv.Itoa(o.rng.IntN(3)))
		v.At = v.At.Add(time.Duration(o.at) * time.Second)
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b conversation.Version) int { return conversation.Compare(a.Record, b.Record) })
	return out
}

// writing gives something that a writer does.
func (o *orders) writing() (name string, do func(context.Context, *Writer) error) {
	days := starts()
	day := conversation.DayOf(days[o.rng.IntN(len(days))])
	switch o.rng.IntN(9) {
	case 0:
		return "maintain", func(ctx context.Context, w *Writer) error {
			_, err := w.Maintain(ctx, MaintainOptions{At: day1})
			return err
		}
	case 1:
		return "derive", func(ctx context.Context, w *Writer) error {
			o.at++
			if err := w.SetReasons(ctx, []account.ReasonRule{{Label: strconv.Itoa(o.at), Attribute: "a"}}); err != nil {
				return err
			}
			_, err := w.Derive(ctx, DeriveOptions{At: day1})
			return err
		}
	case 2:
		return "mend", func(ctx context.Context, w *Writer) error {
			_, err := w.Mend(ctx, "m", day1, []conversation.Day{day})
			return err
		}
	case 3:
		return "index", func(ctx context.Context, w *Writer) error {
			_, err := w.Index(ctx, IndexOptions{Again: o.rng.IntN(2) == 0})
			return err
		}
	case 4:
		return "forget", func(ctx context.Context, w *Writer) error {
			o.backup = ""
			meant, err := o.l.Meant(ctx, erasure.Request{Conversation: o.ids[o.rng.IntN(len(o.ids))]})
			if err == nil && o.rng.IntN(2) == 0 {
				err = erasure.Add(ctx, o.l.db, meant.IDs)
			}
			if err == nil {
				_, err = w.Forget(ctx, ForgetOptions{At: day1, Days: meant.Days, Tags: meant.Tags})
			}
			return err
		}
	case 5:
		return "expire", func(ctx context.Context, w *Writer) error {
			o.backup = ""
			_, err := w.Expire(ctx, ExpireOptions{Before: later()})
			return err
		}
	default:
		come := o.some()
		return "commit", func(ctx context.Context, w *Writer) error {
			_, err := w.Commit(ctx, Commit{At: day1, Records: all(come...)})
			return err
		}
	}
}

// killed does it, and leaves it at its n-th point as a process that was killed would. It says where.
func (o *orders) killed(do func(context.Context, *Writer) error, n int) (at string) {
	return o.leave(do, func(string) bool { n--; return n == 0 })
}

// killedAt does the same at a point that has a name.
func (o *orders) killedAt(point string, do func(context.Context, *Writer) error) (at string) {
	return o.leave(do, func(name string) bool { return name == point })
}

func (o *orders) leave(do func(context.Context, *Writer) error, here func(point string) bool) (at string) {
	w, err := o.l.Writer(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	defer w.Close()
	stop := errors.New("stop")
	crashpoint.Watch(func(name string) {
		if name == "commit.day" { // is reached beside the writer
			return
		}
		if here(name) {
			at = name
			panic(stop)
		}
	})
	defer crashpoint.Watch(nil)
	defer func() {
		if r := recover(); r != nil && r != stop { //nolint:errorlint // what was thrown above
			panic(r)
		}
	}()
	if err := do(o.t.Context(), w); err != nil {
		o.t.Fatal(err)
	}
	return "its end"
}

// keep copies the control database.
func (o *orders) keep() {
	o.backup = filepath.Join(o.t.TempDir(), "control.db")
	sqlOf(o.t, o.l, fmt.Sprintf(`VACUUM INTO '%s'`, o.backup))
}

// restore puts the copy in the place of the control database.
func (o *orders) restore() {
	dir := o.l.dir
	if err := o.l.Close(); err != nil {
		o.t.Fatal(err)
	}
	text, err := os.ReadFile(o.backup)
	if err != nil {
		o.t.Fatal(err)
	}
	at := filepath.Join(dir, "control.db")
	if err := errors.Join(os.RemoveAll(at+"-wal"), os.RemoveAll(at+"-shm"), os.WriteFile(at, text, 0o600)); err != nil {
		o.t.Fatal(err)
	}
	if o.l, err = Open(o.t.Context(), dir); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = o.l.Close() })
}

// step does something, and says what.
func (o *orders) step() string {
	switch n := o.rng.IntN(20); {
	case n == 0:
		return (&tale{t: o.t, rng: o.rng, l: o.l}).damage()
	case n == 1:
		sqlOf(o.t, o.l, `DELETE FROM id_files WHERE random() % 2 = 0`)
		return "files were not covered any more"
	case n == 2:
		o.keep()
		return "a copy of the control database"
	case n == 3 && o.backup != "":
		o.restore()
		return "an old control database"
	case n < 11:
		name, do := o.writing()
		return name + " killed at " + o.killed(do, 1+o.rng.IntN(20))
	default:
		name, do := o.writing()
		return name + " to " + o.killed(do, 0)
	}
}

// idsIn are the ids in some files.
func (o *orders) idsIn(files []datafile.File, known map[string][]conversation.ID) (out []conversation.ID) {
	o.t.Helper()
	for _, f := range files {
		if known[f.Path] == nil {
			for rows, err := range datafile.Rows(o.t.Context(), f, "conversation_id") {
				if err != nil {
					o.t.Fatal(err)
				}
				for i := range int(rows.NumRows()) {
					known[f.Path] = append(known[f.Path], conversation.ID(datafile.TextAt(rows, 0, i)))
				}
			}
		}
		out = append(out, known[f.Path]...)
	}
	return out
}

// compare looks for every id in both ways.
func (o *orders) compare(did []string) {
	o.t.Helper()
	fresh, err := Open(o.t.Context(), o.l.dir)
	if err != nil {
		o.t.Fatal(err)
	}
	defer fresh.Close()
	known := map[string][]conversation.ID{}
	full, err := o.l.Snapshot(o.t.Context())
	if err != nil {
		o.t.Fatalf("%v: %v", did, err)
	}
	defer full.Close()
	there := o.idsIn(full.Files(tables.Conversations), known)
	for _, id := range o.ids {
		want := slices.Contains(there, id)
		s, err := fresh.SnapshotHolding(o.t.Context(), []conversation.ID{id})
		if err != nil {
			o.t.Fatal(err)
		}
		for name, of := range map[string]*Snapshot{"the snapshot for it": s, "the whole snapshot": full} {
			files, err := of.Holding(o.t.Context(), []conversation.ID{id})
			if err != nil {
				o.t.Fatal(err)
			}
			if got := slices.Contains(o.idsIn(files, known), id); got != want {
				o.t.Errorf("after %q: %s by %s: found %t, want %t", did, id, name, got, want)
			}
		}
		if err := s.Close(); err != nil {
			o.t.Fatal(err)
		}
	}
	if o.t.Failed() {
		o.t.FailNow()
	}
}

// Whatever is done to a lake in whatever order, and wherever it is killed, who looks for an id finds it if the lake has it.
func TestHoldingAgainstAFullScan(t *testing.T) {
	unraced.Test(t)
	smallGather(t, 5)
	useDisk(t, hastyDisk{})
	const steps = 15
	seed := seedOf(t)
	o := &orders{t: t, rng: rand.New(rand.NewPCG(seed, 0)), l: newLake(t)}
	for n := range 30 {
		o.ids = append(o.ids, conversation.ID(fmt.Sprintf("id-%02d", n)))
	}
	var did []string
	for range steps {
		did = append(did, o.step())
		o.compare(did)
	}
}

// Of a lake that was empty the index has nothing, and a commit that was killed before it was entered brings nothing into it.
func TestHoldingAfterAnIndexOfNothing(t *testing.T) {
	l := newLake(t)
	(&tale{t: t, l: l}).index(IndexOptions{})
	o := &orders{t: t, l: l, ids: []conversation.ID{"a"}}
	at := o.killedAt("commit.unsettled", func(ctx context.Context, w *Writer) error {
		_, err := w.Commit(ctx, Commit{At: day1, Records: all(record("a", day1, ""))})
		return err
	})
	o.compare([]string{at})
	w, err := l.Writer(t.Context())
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	o.compare([]string{at, "settled"})
}

// A conversation has moved, and the run that says where is damaged: the day that it has left is not all that is looked at.
func TestHoldingWithADamagedRun(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	before, after := record("a", day1, ""), record("a", day1.Add(oneDay), "")
	after.At = after.At.Add(time.Second)
	commit(t, l, Commit{Records: all(before, record("stays", day1, ""))})
	known := namesOf(indexOf(t, l).runs)
	commit(t, l, Commit{Records: all(after)})
	for _, r := range indexOf(t, l).runs {
		if slices.Contains(known, r.name) {
			continue
		}
		path := pathOf(l, runAt(r.name))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text[0] ^= 1 // in its page, which is read when an id is looked for
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	(&orders{t: t, l: l, ids: []conversation.ID{"a", "stays"}}).compare([]string{"moved", "damaged"})
}
