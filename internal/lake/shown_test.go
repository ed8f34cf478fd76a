package lake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/iceberg-go/table"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/test/unraced"
)

// shown is what an engine sees of a table, read as it would read it.
type shown struct {
	table.Metadata

	Location string
}

// show shows the tables by a name, to be closed when the test ends.
func show(t *testing.T, l *Lake, name string) *Shown {
	t.Helper()
	s, err := l.Show(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func see(t *testing.T, s *Shown, of tables.Table, named bool) shown {
	t.Helper()
	out, err := s.Table(t.Context(), of, named)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := table.ParseMetadataBytes(out.Metadata)
	if err != nil {
		t.Fatalf("%s: %v", of, err)
	}
	return shown{meta, out.Location}
}

// current is the newest snapshot of a table, 0 if it has none.
func (s shown) current() int64 {
	if at := s.CurrentSnapshot(); at != nil {
		return at.SnapshotID
	}
	return 0
}

func (s shown) ids() (ids []int64) {
	for _, at := range s.Snapshots() {
		ids = append(ids, at.SnapshotID)
	}
	return ids
}

// logOf gives what was the newest snapshot of a table, in order.
func (s shown) logOf() (ids []int64) {
	for entry := range s.SnapshotLogs() {
		ids = append(ids, entry.SnapshotID)
	}
	return ids
}

func (s shown) tagged(name string) int64 {
	for ref, at := range s.Refs() {
		if ref == name {
			return at.SnapshotID
		}
	}
	return 0
}

func tag(t *testing.T, l *Lake, name string) {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Tag(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

func TestTablesAreShownAsOneCommitLeftThem(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, "x"))})
	first := snapshot(t, l)
	before, _ := history(t, l, tables.Segments)
	// A commit that fails with its last table leaves companions ahead, in a snapshot that conversations do not name.
	allow := refuse(t, l, tables.Conversations, 0)
	if err := tryCommit(t, l, record("b", day1, "y")); err == nil {
		t.Fatal("the commit is in")
	}
	allow()
	if now, _ := history(t, l, tables.Segments); len(now) <= len(before) {
		t.Fatalf("segments are not ahead: %v, before %v", now, before)
	}
	segments := see(t, show(t, l, ""), tables.Segments, false)
	if !slices.Equal(segments.ids(), before) || segments.current() != before[0] || !slices.Equal(segments.logOf(), before) {
		t.Errorf("segments are shown with %v at %d, want %v", segments.ids(), segments.current(), before)
	}
	tag(t, l, "then")
	commit(t, l, Commit{Records: all(record("c", day1, "z"))})
	for _, of := range tables.All() {
		newest, then, byID := see(t, show(t, l, ""), of, false), see(t, show(t, l, "then"), of, false), see(t, show(t, l, formatID(int64(first.ID))), of, false)
		was := then.current()
		if was == 0 || byID.current() != was || newest.tagged("then") != was || then.tagged("main") != was || !slices.Contains(newest.ids(), was) {
			t.Errorf("%s: at the tag %d, by id %d, tagged %d, of %v", of, was, byID.current(), newest.tagged("then"), newest.ids())
		}
		if of == tables.Segments && (newest.current() == was || !slices.Equal(newest.logOf(), []int64{was, newest.current()}) || !slices.Equal(then.logOf(), []int64{was})) {
			t.Errorf("segments were %v, and %v at the tag", newest.logOf(), then.logOf())
		}
	}
}

func TestOnlySnapshotsWithANameAreShown(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	rewritten(t, l, 0, 2)
	tag(t, l, "second")
	rewritten(t, l, 2, 2)
	s := show(t, l, "")
	for _, of := range []tables.Table{tables.Conversations, tables.Segments} {
		all, named := see(t, s, of, false), see(t, s, of, true)
		if want := []int64{all.ids()[1], all.ids()[3]}; len(all.ids()) != 4 || !slices.Equal(named.ids(), want) || !slices.Equal(named.logOf(), all.logOf()) {
			t.Errorf("%s: %v of %v, with the log %v", of, named.ids(), all.ids(), named.logOf())
		}
	}
}

func TestAnEmptyLakeIsShown(t *testing.T) {
	l := newLake(t)
	s := show(t, l, "")
	for _, of := range tables.All() {
		if at := see(t, s, of, false); s.ID != 0 || at.current() != 0 || len(at.ids())+len(at.logOf()) != 0 || at.CurrentSchema().NumFields() == 0 {
			t.Errorf("%s: %v at %d", of, at.ids(), at.current())
		}
	}
	if _, err := l.Show(t.Context(), "then"); !errors.Is(err, fault.NotFound) {
		t.Errorf("a tag that is not there: %v", err)
	}
}

// Earlier versions named snapshot 0 of a companion that had no row yet.
func TestATableThatHasNoSnapshotIsShownWithNone(t *testing.T) {
	h := past{names: map[string]int64{}}
	text, err := h.shape([]byte(`{"current-snapshot-id":7,"snapshots":[{"snapshot-id":7,"timestamp-ms":1}],"last-updated-ms":5,"refs":{"main":{"snapshot-id":7,"type":"branch"}},"x":12345678901234567890}`), false)
	if want := `{"last-updated-ms":5,"refs":{},"snapshot-log":[],"snapshots":[],"x":12345678901234567890}`; err != nil || string(text) != want {
		t.Errorf("got %s, %v", text, err)
	}
	for _, broken := range []string{``, `[]`, `{"last-updated-ms":5,"snapshots":{}}`, `{"last-updated-ms":5,"snapshots":[3]}`, `{"last-updated-ms":"x"}`, `{}`} {
		if text, err := h.shape([]byte(broken), false); !errors.Is(err, fault.Corrupt) {
			t.Errorf("%s: %s, %v", broken, text, err)
		}
	}
}

func TestATableChangesItsVersionWithWhatIsShown(t *testing.T) {
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, "x"))})
	version := func(name string) string {
		v, err := show(t, l, name).Version(t.Context(), tables.Segments)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	seen := []string{version("")}
	if version("") != seen[0] {
		t.Error("another version of the same")
	}
	tag(t, l, "one")
	seen = append(seen, version(""))
	commit(t, l, Commit{Records: all(record("b", day1, "x"))})
	seen = append(seen, version(""), version("one"))
	slices.Sort(seen)
	if len(slices.Compact(seen)) != 4 {
		t.Errorf("versions are taken twice: %q", seen)
	}
}

// A writer commits and expires while engines look: each sees a commit whole, and finds its files.
func TestShownBesideAWriter(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	rewritten(t, l, 0, 1)
	lender := &Lender{Lake: l, Keep: time.Hour}
	defer lender.Close()
	ctx, stop := context.WithCancel(t.Context())
	var looking sync.WaitGroup
	seen := map[SnapshotID]bool{}
	var mu sync.Mutex
	for range 2 {
		looking.Go(func() {
			for ctx.Err() == nil {
				id, err := lookAt(t.Context(), lender)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[id] = true
				mu.Unlock()
			}
		})
	}
	for i := range 12 {
		rewritten(t, l, i+1, 1)
		if i%4 == 3 {
			expire(t, l, ExpireOptions{Before: later(), Strays: time.Now().Add(-time.Hour)})
		}
	}
	stop()
	looking.Wait()
	if len(seen) < 3 {
		t.Errorf("only %d commits were seen", len(seen))
	}
}

// lookAt looks at all tables as an engine does, conversations last, and fails when they are not of one commit.
func lookAt(ctx context.Context, lender *Lender) (SnapshotID, error) {
	s, err := lender.Show(ctx, "")
	if err != nil {
		return 0, err
	}
	if err := s.Close(); err != nil { // as after an answer: the files are still read
		return 0, err
	}
	at := map[tables.Table]int64{}
	for _, of := range tables.All() {
		out, err := s.Table(ctx, of, false)
		if err != nil {
			return 0, err
		}
		meta, err := table.ParseMetadataBytes(out.Metadata)
		if err != nil {
			return 0, err
		}
		current := meta.CurrentSnapshot()
		at[of] = current.SnapshotID
		tbl := table.New(identifier(of), meta, out.Location, place{}.files, nil)
		files, err := planned(ctx, tbl, of, current.SnapshotID)
		if err != nil {
			return 0, err
		}
		for _, f := range files {
			if !exists(f.Path) {
				return 0, fmt.Errorf("%s names %s, which is gone", of, f.Path)
			}
		}
		if of == tables.Conversations {
			for companion := range at {
				if id, err := named(current, companion); err != nil || id != at[companion] {
					return 0, fmt.Errorf("%s was shown at %d, and the commit names %d: %w", companion, at[companion], id, err)
				}
			}
		}
	}
	return s.ID, nil
}

func TestWhatWasLentDoesNotExpire(t *testing.T) {
	l := newLake(t)
	rewritten(t, l, 0, 1)
	lender := &Lender{Lake: l, Keep: time.Hour}
	for range 2 { // a loan of the same is one loan
		s, err := lender.Show(t.Context(), "")
		if err != nil || s.Close() != nil {
			t.Fatal(err)
		}
	}
	rewritten(t, l, 1, 1)
	if out := expire(t, l, ExpireOptions{Before: later()}); out.Snapshots != 0 || out.Pinned != 1 {
		t.Errorf("while it is lent: %+v", out)
	}
	if err := lender.Close(); err != nil {
		t.Fatal(err)
	}
	if out := expire(t, l, ExpireOptions{Before: later()}); out.Snapshots != 1 || out.Pinned != 0 {
		t.Errorf("after that: %+v", out)
	}
}

// releases are the snapshots whose locks were released.
type releases struct {
	mu   sync.Mutex
	gone []SnapshotID
}

// add says that a lock was released.
func (r *releases) add(id SnapshotID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = append(r.gone, id)
}

// take gives those since it was last asked.
func (r *releases) take() []SnapshotID {
	r.mu.Lock()
	defer r.mu.Unlock()
	gone := r.gone
	r.gone = nil
	return gone
}

// released is a lock that says when it was released.
type released struct {
	store.Lock

	to *releases
	id SnapshotID
}

// Close implements store.Lock.
func (r released) Close() error {
	r.to.add(r.id)
	return nil
}

func TestLoansEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all releases
		lender := &Lender{Keep: time.Hour}
		lend := func(id SnapshotID) { lender.lend(&Shown{ID: id, pin: released{to: &all, id: id}}) }
		after := func(d time.Duration, want ...SnapshotID) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if gone := all.take(); !slices.Equal(gone, want) {
				t.Errorf("%v are gone, want %v", gone, want)
			}
		}
		lend(1)
		lend(2)
		after(40 * time.Minute)
		lend(1) // again: the earlier lock goes, the snapshot stays
		after(19*time.Minute, 1)
		after(2*time.Minute, 2)
		after(40*time.Minute, 1)
		for id := range SnapshotID(loansMost + 2) {
			lend(id + 10)
		}
		after(time.Minute, 10, 11)
		err := lender.Close()
		if gone := all.take(); err != nil || len(gone) != loansMost {
			t.Errorf("closed: %d are gone, %v", len(gone), err)
		}
	})
}

func TestAMovedLakeIsNotShown(t *testing.T) {
	unraced.Test(t)
	dir, _ := wandering(t)
	moved := dir + " moved"
	relocate(t, dir, moved)
	if _, err := mustOpen(t, moved).Show(t.Context(), ""); !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "parley lake move") {
		t.Errorf("got %v", err)
	}
}
