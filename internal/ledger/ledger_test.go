package ledger

import (
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// first is the day of most tests, morning the time at which its data was complete first.
var (
	first   = conversation.DayOf(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC))
	morning = first.End().Add(4 * time.Hour)
)

func after(days float64) time.Time {
	return first.End().Add(time.Duration(days * 24 * float64(time.Hour)))
}

func TestPolicy(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"1,3,7", "1,3,7"}, {"7, 3,3 ,1", "1,3,7"}, {"none", "none"}, {"60", "60"}, {DefaultPolicy().String(), "1,3,7,14,21,28,35,60"},
	} {
		if p, err := ParsePolicy(c.text); err != nil || p.String() != c.want {
			t.Errorf("%q: %v, %v", c.text, p, err)
		}
	}
	for _, bad := range []string{"", "0", "-1", "1;3", "a", "1,", "9999", "1.5"} {
		if p, err := ParsePolicy(bad); err == nil {
			t.Errorf("%q: %v", bad, p)
		}
	}
}

// A day is due when the platform's data has come to an age since the day was read; a date that stands still makes none due.
func TestDue(t *testing.T) {
	p := Policy{1, 3, 7}
	for _, c := range []struct {
		read, now float64 // days after the end of the day, of the platform's date
		want      bool
	}{
		{0.2, 0.2, false},
		{0.2, 0.99, false},
		{0.2, 1, true},
		{0.2, 40, true}, // an outage of forty days costs one reading
		{1, 2.9, false},
		{1, 3.2, true},
		{3.2, 6, false},
		{6.9, 7, true},
		{7, 100, false},
		{40, 100, false},
	} {
		if got := p.Due(first, after(c.read), after(c.now)); got != c.want {
			t.Errorf("read at %v, now %v: %v", c.read, c.now, got)
		}
	}
	if (Policy{}).Due(first, after(0), after(1000)) {
		t.Error("without a policy nothing is due")
	}
}

func TestTolerance(t *testing.T) {
	for text, want := range map[string]float64{"5%": 0.05, "off": 0, "0.1%": 0.001, "100%": 1} {
		if got, err := ParseTolerance(text); err != nil || got < want-1e-9 || got > want+1e-9 {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "5", "0%", "-1%", "101%", "NaN%", "Inf%", "x%"} {
		if got, err := ParseTolerance(bad); err == nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
	r := Rules{Tolerance: 0.05}
	for _, c := range []struct {
		hits, kept, erased, records int64
		delta                       int64
		differs                     bool
	}{
		{100, 0, 0, 100, 0, false},
		{100, 0, 0, 95, 5, false},
		{100, 0, 0, 94, 6, true},
		{95, 0, 0, 100, -5, false},
		{94, 0, 0, 100, -6, true},
		{0, 0, 0, 0, 0, false},
		{0, 0, 0, 1, -1, true},
		{1, 0, 0, 0, 1, true},
		{100, 50, 0, 150, 0, false}, // the platform does not give, nor count, what is kept
		{100, 0, 50, 50, 0, false},  // it goes on counting what was erased here
		{50, 0, 50, 50, 0, false},   // it has erased it too
		{70, 0, 50, 50, 0, false},   // it has erased a part
		{110, 0, 50, 50, 10, true},
		{40, 0, 50, 50, -10, true},
	} {
		e := Entry{Hits: c.hits, Kept: c.kept, Erased: c.erased}
		if delta, differs := e.Delta(c.records), r.Differs(e, c.records); delta != c.delta || differs != c.differs {
			t.Errorf("%+v: by %d, %v", c, delta, differs)
		}
	}
}

func TestVerdicts(t *testing.T) {
	r := Rules{Policy: Policy{1, 3}, Tolerance: 0.05}
	read := func(age float64) Entry {
		return Entry{Day: first, Readings: 1, ReadAt: morning, Available: after(age), Hits: Unknown}
	}
	counted := func(e Entry, hits, kept int64, narrowed bool) Entry {
		e.Hits, e.CountedAt, e.Kept, e.Narrowed = hits, morning, kept, narrowed
		return e
	}
	for name, c := range map[string]struct {
		held   Held
		entry  Entry
		want   Verdict
		reason string
	}{
		"nothing":            {Held{}, Entry{}, Gap, "it has not been extracted"},
		"imported":           {Held{Records: 7}, Entry{}, Gap, "it has not been extracted whole"},
		"fresh":              {Held{Whole: true, Records: 7}, read(0.2), Provisional, "it is read again when the platform's data is complete up to 2026-10-03T00:00:00.000Z"},
		"old":                {Held{Whole: true, Records: 7}, read(3), Settled, ""},
		"empty":              {Held{Whole: true}, counted(read(9), 0, 0, false), Settled, ""},
		"counts agree":       {Held{Whole: true, Records: 100}, counted(read(9), 105, 0, false), Settled, ""},
		"kept ones":          {Held{Whole: true, Records: 120}, counted(read(9), 100, 20, false), Settled, ""},
		"counts more":        {Held{Whole: true, Records: 90}, counted(read(9), 100, 0, false), Gap, "the platform counts 10 more than the lake has"},
		"counts fewer":       {Held{Whole: true, Records: 100}, counted(read(0.5), 50, 0, true), Gap, "the platform counts 50 fewer than the lake has, also after it was read again in parts of six hours"},
		"set aside":          {Held{Whole: true, Records: 100, Aside: 2}, counted(read(9), 102, 0, false), Gap, "values that came in place of records are set aside: 2; parley quarantine list shows them"},
		"it does not answer": {Held{Whole: true, Records: 100}, counted(read(9), Unknown, 0, false), Settled, ""},
	} {
		d := r.Judge(first, c.held, c.entry)
		if d.Verdict != c.want || d.Reason != c.reason {
			t.Errorf("%s: %s, %q", name, d.Verdict, d.Reason)
		}
	}
}

func open(t *testing.T) (Ledger, *state.DB) {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	l := In(db)
	if err := l.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l, db
}

func TestReadings(t *testing.T) {
	l, db := open(t)
	ctx := t.Context()
	read := func(at time.Time, received map[conversation.Day]int64) {
		t.Helper()
		if err := db.Tx(ctx, func(tx *state.Tx) error { return Read(ctx, tx, "run", at, morning, received) }); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want ...Entry) {
		t.Helper()
		got, err := l.Entries(ctx, first, first+10)
		for _, w := range want {
			if !reflect.DeepEqual(got[w.Day], w) {
				t.Errorf("got %+v, want %+v", got[w.Day], w)
			}
		}
		if err != nil || len(got) != len(want) {
			t.Errorf("got %v, %v", got, err)
		}
	}
	keep := func(at time.Time, id conversation.ID) {
		t.Helper()
		if err := l.Keep(ctx, at, first, id); err != nil {
			t.Fatal(err)
		}
	}
	check()
	read(morning, map[conversation.Day]int64{first: 7, first + 1: 0})
	second := Entry{Day: first + 1, Run: "run", ReadAt: morning, Available: morning, Readings: 1, Hits: Unknown}
	check(Entry{Day: first, Run: "run", ReadAt: morning, Available: morning, Readings: 1, Received: 7, Hits: Unknown}, second)
	if err := l.Count(ctx, first, 8, after(1)); err != nil {
		t.Fatal(err)
	}
	if err := l.Narrow(ctx, []conversation.Day{first}); err != nil {
		t.Fatal(err)
	}
	// Marks are those of the last reading that came to its end: of one that did not, they go with the next.
	keep(after(1), "a")
	keep(after(1), "b")
	check(Entry{Day: first, Run: "run", ReadAt: morning, Available: morning, Readings: 1, Received: 7, Hits: 8, CountedAt: after(1), Narrowed: true, Kept: 2}, second)
	keep(after(2), "b")
	read(after(2), map[conversation.Day]int64{first: 6})
	check(Entry{Day: first, Run: "run", ReadAt: after(2), Available: morning, Readings: 2, Received: 6, Hits: Unknown, Kept: 1}, second)
	var kept []conversation.ID
	for id, err := range l.Kept(ctx, first, first+1) {
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, id)
	}
	if !slices.Equal(kept, []conversation.ID{"b"}) {
		t.Errorf("kept %v", kept)
	}
}

// The platform's date is remembered as the latest that it told, with when it told of it first.
func TestSaw(t *testing.T) {
	l, _ := open(t)
	saw := func(day conversation.Day, available, at float64) Platform {
		t.Helper()
		before, err := l.Saw(t.Context(), day, after(available), after(at))
		if err != nil {
			t.Fatal(err)
		}
		return before
	}
	if before := saw(first+3, 1, 1.5); before != (Platform{}) {
		t.Errorf("%+v", before)
	}
	saw(first+1, 1, 2)
	if before := saw(first+2, 0.5, 3); before != (Platform{First: first + 1, Available: after(1), Since: after(1.5)}) {
		t.Errorf("%+v", before)
	}
	now, err := l.Platform(t.Context())
	if err != nil || now != (Platform{First: first + 1, Available: after(1), Since: after(1.5)}) {
		t.Errorf("a date that moves back is none: %+v, %v", now, err)
	}
	if _, stalled := now.Stalled(after(2.9), 36*time.Hour); stalled {
		t.Error("a date may stand still for so long")
	}
	if still, stalled := now.Stalled(after(3.5), 36*time.Hour); !stalled || still != 48*time.Hour {
		t.Errorf("%v, %v", still, stalled)
	}
}

// Who may only read a lake that has no ledger yet finds none in it.
func TestNoLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	db, err := state.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	reader := state.OpenToRead(path, fault.ReadOnly)
	got, err := In(reader).Entries(t.Context(), first, first+9)
	known, err2 := In(reader).Platform(t.Context())
	if err != nil || err2 != nil || len(got) > 0 || known != (Platform{}) {
		t.Errorf("%v, %v, %v, %v", got, known, err, err2)
	}
	if err := reader.Close(); err != nil {
		t.Error(err)
	}
}
