package sandbox

import (
	"bytes"
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/sandbox/clock"
	"github.com/parley-hq/parley/internal/sandbox/journal"
	"github.com/parley-hq/parley/internal/state"
)

var (
	noon  = time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)
	today = conversation.DayOf(noon)
)

func frozen(perDay int) Scenario { return Scenario{Seed: 7, Days: 5, PerDay: perDay, Start: noon} }

func simulated(t *testing.T, s Scenario) *World {
	t.Helper()
	w, err := Simulate(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// kept is a world whose deeds are kept in a folder.
func kept(t *testing.T, s Scenario, dir string, parts map[string]Part) *World {
	t.Helper()
	w := simulated(t, s)
	if err := w.Keep(t.Context(), journalIn(t, dir), parts); err != nil {
		t.Fatal(err)
	}
	return w
}

func journalIn(t *testing.T, dir string) *journal.Journal {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(dir, "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	j, err := journal.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func do(t *testing.T, w *World, d Deed) {
	t.Helper()
	if err := w.Do(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func advance(t *testing.T, w *World, by time.Duration) {
	t.Helper()
	if err := w.MoveClock(t.Context(), clock.Change{Advance: by}); err != nil {
		t.Fatal(err)
	}
}

// all is what a view holds.
func all(t *testing.T, open func(ctx context.Context) (engine.Engine, error)) (records []conversation.Record) {
	t.Helper()
	view, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range view.Records(t.Context(), everything, 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	if err := view.Close(); err != nil {
		t.Error(err)
	}
	return records
}

func TestABatchThatFailsLeavesTheDateWhereItWas(t *testing.T) {
	for name, c := range map[string]struct {
		failed []conversation.Day
		want   conversation.Day // whose batch is the last
	}{
		"none": {nil, today}, "an older one": {[]conversation.Day{today - 1}, today},
		"the last": {[]conversation.Day{today}, today - 1}, "two": {[]conversation.Day{today - 1, today}, today - 2},
	} {
		s := frozen(10)
		for _, day := range c.failed {
			s.FailedBatches = append(s.FailedBatches, day.String())
		}
		w := simulated(t, s)
		at, err := w.Available(t.Context())
		if read := at.Sub(c.want.Start()); err != nil || read < earliest || read >= earliest+begins {
			t.Errorf("%s: got %v, %v, want the morning of %v", name, at, err, c.want)
		}
		// A job beyond the date finds what there is.
		n := 0
		for _, r := range all(t, w.Settled) {
			if !r.Start.Before(at) {
				t.Errorf("%s: %v began after the date", name, r.Start)
			}
			if r.Day() == c.want-1 {
				n++
			}
		}
		if n != 10 {
			t.Errorf("%s: got %d conversations of the last day", name, n)
		}
	}
}

func TestWhatBeganIsInTheLakeOnceTheBatchHasEnded(t *testing.T) {
	w := simulated(t, frozen(10))
	before, _ := w.Available(t.Context())
	next, known, _ := w.NextBatch(t.Context())
	if !known || next.Before((today + 1).Start().Add(earliest)) || next.After((today + 1).Start().Add(Latest)) {
		t.Fatalf("the next batch ends at %v, %v", next, known)
	}
	advance(t, w, next.Sub(noon)-time.Millisecond)
	if at, _ := w.Available(t.Context()); !at.Equal(before) {
		t.Errorf("before its end the date is %v, not %v", at, before)
	}
	advance(t, w, time.Millisecond)
	if at, _ := w.Available(t.Context()); conversation.DayOf(at) != today+1 || !at.Before(next) {
		t.Errorf("at its end the date is %v", at)
	}
}

func TestBatchesAreHaltedAndTheDateGoesBack(t *testing.T) {
	w := simulated(t, frozen(1))
	next, _, _ := w.NextBatch(t.Context())
	advance(t, w, next.Sub(noon)) // what ends at this very instant has ended
	first, _ := w.Available(t.Context())
	do(t, w, Deed{Batch: &Batch{Halt: new(true)}})
	advance(t, w, 48*time.Hour)
	if at, _ := w.Available(t.Context()); !at.Equal(first) {
		t.Errorf("halted, the date is %v, not %v", at, first)
	}
	if at, known, _ := w.NextBatch(t.Context()); known {
		t.Errorf("halted, the next batch ends at %v", at)
	}
	do(t, w, Deed{Batch: &Batch{Halt: new(false)}})
	advance(t, w, 24*time.Hour)
	later, _ := w.Available(t.Context())
	if conversation.DayOf(later) != today+4 && conversation.DayOf(later) != today+3 {
		t.Errorf("afterwards the date is %v", later)
	}
	gone := later.Add(-30 * time.Hour)
	do(t, w, Deed{Batch: &Batch{Back: &gone}})
	if at, _ := w.Available(t.Context()); !at.Equal(gone) {
		t.Errorf("gone back, the date is %v, not %v", at, gone)
	}
	advance(t, w, 24*time.Hour)
	if at, _ := w.Available(t.Context()); !at.After(later) {
		t.Errorf("after the next batch the date is %v", at)
	}
}

func TestAnAttributeIsSeenInAnalytics(t *testing.T) {
	w := simulated(t, frozen(20))
	r := all(t, w.Settled)[3]
	participant := participantOf(t, r)
	values := jsontext.Value(`{"Reason":"billing","Odd key ü":"line\nbreak"}`)
	do(t, w, Deed{Attributes: &Attributes{r.ID, participant, values}})
	written := `"Odd key ü":"line\nbreak"`
	now, err := w.Conversation(t.Context(), r.ID)
	if err != nil || !strings.Contains(string(now.JSON), written) {
		t.Errorf("the conversation has no such attribute: %v", err)
	}
	if got := byID(t, w.Live, r.ID); !strings.Contains(string(got.JSON), written) {
		t.Error("the synchronous query does not see it")
	}
	if got := byID(t, w.Settled, r.ID); !bytes.Equal(got.JSON, r.JSON) {
		t.Error("the batch that read before saw it")
	}
	advance(t, w, 24*time.Hour)
	if got := byID(t, w.Settled, r.ID); !strings.Contains(string(got.JSON), written) {
		t.Error("the next batch did not see it")
	}
}

func participantOf(t *testing.T, r conversation.Record) string {
	t.Helper()
	_, after, found := strings.Cut(string(r.JSON), `"participantId":"`)
	if !found {
		t.Fatal("no participant")
	}
	id, _, _ := strings.Cut(after, `"`)
	return id
}

func byID(t *testing.T, open func(ctx context.Context) (engine.Engine, error), id conversation.ID) conversation.Record {
	t.Helper()
	for _, r := range all(t, open) {
		if r.ID == id {
			return r
		}
	}
	t.Fatalf("no conversation %s", id)
	return conversation.Record{}
}

func TestARecordIsRewrittenFromNowOn(t *testing.T) {
	w := simulated(t, frozen(20))
	r := all(t, w.Settled)[3]
	do(t, w, Deed{Rewrite: []Rewrite{{r.ID, jsontext.Value(`{"externalTag":"first"}`)}}})
	advance(t, w, 24*time.Hour)
	do(t, w, Deed{Rewrite: []Rewrite{{r.ID, jsontext.Value(`{"externalTag":"second"}`)}}})
	if got := byID(t, w.Settled, r.ID); !strings.Contains(string(got.JSON), `"externalTag":"first"`) {
		t.Error("the batch does not see the version of then")
	}
	if got := byID(t, w.Live, r.ID); !strings.Contains(string(got.JSON), `"externalTag":"second"`) {
		t.Error("the query does not see the last version")
	}
}

// The last that began are meant, whatever was done on others since.
func TestTheLastThatBeganAreRewritten(t *testing.T) {
	w := simulated(t, frozen(40))
	began := all(t, w.Live)
	began = slices.DeleteFunc(began, func(r conversation.Record) bool { return !r.Start.Before(noon.Add(-24 * time.Hour)) })
	slices.SortFunc(began, func(a, b conversation.Record) int { return b.Start.Compare(a.Start) })
	got, err := w.Rewrite(t.Context(), Rewriting{Older: Span(24 * time.Hour), Count: 3})
	if err != nil {
		t.Fatal(err)
	}
	if want := []conversation.ID{began[0].ID, began[1].ID, began[2].ID}; !slices.Equal(got, want) {
		t.Errorf("rewritten are %v, want %v", got, want)
	}
}

func TestRecordsThatBeginLaterDrift(t *testing.T) {
	w := simulated(t, frozen(100))
	do(t, w, Deed{Drift: &Drift{Pointer: "/participants/0/sessions/0/mediaType", Value: jsontext.Value(`"hologram"`), Every: 3}})
	advance(t, w, 36*time.Hour)
	n, others := 0, 0
	for _, r := range all(t, w.Live) {
		switch drifted := strings.Contains(string(r.JSON), "hologram"); {
		case drifted && r.Start.Before(noon):
			t.Errorf("%s began at %v and drifted", r.ID, r.Start)
		case drifted:
			n++
		case !r.Start.Before(noon):
			others++
		}
	}
	if n == 0 || n*2 < others/2 || n > others {
		t.Errorf("%d drifted, %d did not", n, others)
	}
}

// A day that is made before it begins is the day that would have been made then, whatever drifts in between.
func TestADayIsMadeAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := frozen(100)
		s.Start = today.End().Add(-30 * time.Second)
		drift := Deed{Drift: &Drift{Pointer: "/surprise", Value: jsontext.Value(`7`)}}
		still := simulated(t, s)
		s.Speed = 1
		moving := simulated(t, s)
		all(t, moving.Live)
		synctest.Wait()
		if !moving.past().has(today+1) || still.past().has(today+1) {
			t.Fatal("the next day is made, or not, without need")
		}
		do(t, moving, drift)
		do(t, still, drift)
		time.Sleep(12 * time.Hour)
		advance(t, still, 12*time.Hour)
		got, want := all(t, moving.Live), all(t, still.Live)
		if len(got) != len(want) {
			t.Fatalf("got %d conversations, want %d", len(got), len(want))
		}
		drifted := 0
		for i, r := range got {
			if !bytes.Equal(r.JSON, want[i].JSON) {
				t.Fatalf("%s is another", r.ID)
			}
			if bytes.Contains(r.JSON, []byte(`"surprise":7`)) {
				drifted++
			}
		}
		if drifted == 0 {
			t.Error("nothing drifts")
		}
	})
}

func TestFiguresAreFinishedAfterTheLag(t *testing.T) {
	s := frozen(200)
	s.Lag = Span(10 * time.Minute)
	w := simulated(t, s)
	lagging := 0
	for _, r := range all(t, w.Live) {
		now, err := w.Conversation(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if now.End.IsZero() == r.End.IsZero() {
			continue
		}
		if lagging++; !r.End.IsZero() || noon.Sub(now.End) >= time.Duration(s.Lag) {
			t.Errorf("%s ended at %v, in analytics at %v", r.ID, now.End, r.End)
		}
	}
	if lagging == 0 {
		t.Error("no conversation has ended within the lag")
	}
}

// shown is all that a world shows.
func shown(t *testing.T, w *World) string {
	t.Helper()
	var out strings.Builder
	for _, open := range []func(context.Context) (engine.Engine, error){w.Live, w.Settled} {
		for _, r := range all(t, open) {
			out.Write(r.JSON)
		}
	}
	at, _ := w.Available(t.Context())
	return out.String() + at.String() + w.Clock().String()
}

// The same deeds at the same instants give the same bytes: in a process that was killed, in one to which the state was
// carried, and not after a reset.
func TestAWorldFollowsFromItsJournal(t *testing.T) {
	dir := t.TempDir()
	w := kept(t, frozen(40), dir, nil)
	beginning := shown(t, w)
	r := all(t, w.Settled)[3]
	do(t, w, Deed{Drift: &Drift{Pointer: "/surprise", Value: jsontext.Value(`[1.50]`)}})
	do(t, w, Deed{Attributes: &Attributes{r.ID, participantOf(t, r), jsontext.Value(`{"k":"v"}`)}})
	advance(t, w, 20*time.Hour)
	do(t, w, Deed{Batch: &Batch{Fail: []string{(today + 2).String()}}})
	do(t, w, Deed{Rewrite: []Rewrite{{r.ID, jsontext.Value(`{"externalTag":"x"}`)}}})
	advance(t, w, 30*time.Hour)
	want := shown(t, w)
	saved, err := w.Save(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := shown(t, kept(t, frozen(40), dir, nil)); got != want {
		t.Error("after a restart it shows something else")
	}
	other := kept(t, frozen(40), t.TempDir(), nil)
	if err := other.Load(t.Context(), saved); err != nil || shown(t, other) != want {
		t.Errorf("where it was loaded it shows something else, %v", err)
	}
	if err := w.Reset(t.Context()); err != nil || shown(t, w) != beginning {
		t.Errorf("after a reset it shows something else than in the beginning, %v", err)
	}
	if got := shown(t, kept(t, frozen(40), dir, nil)); got != beginning {
		t.Error("after a reset and a restart it shows something else than in the beginning")
	}
}

// What a scenario says happens when the clock comes to it, between the deeds before and after, in another process too, and
// again after a reset.
func TestEventsOfTheScenarioHappen(t *testing.T) {
	s := frozen(40)
	s.Events = []Event{
		{At: noon.Add(time.Hour), Rewrite: &Rewriting{Older: Span(24 * time.Hour), Count: 2, Patch: jsontext.Value(`{"externalTag":"by the scenario"}`)}},
		{At: noon.Add(2 * time.Hour), Drift: &Drift{Pointer: "/surprise", Value: jsontext.Value(`7`)}},
		{At: noon.Add(20 * time.Hour), Batch: &Batch{Halt: new(true)}},
	}
	dir := t.TempDir()
	w := kept(t, s, dir, nil)
	count := func() int { return strings.Count(shown(t, w), `"externalTag":"by the scenario"`) }
	if n := count(); n != 0 {
		t.Errorf("%d records were rewritten before their time", n)
	}
	advance(t, w, 90*time.Minute)
	if n := count(); n != 2 {
		t.Errorf("%d records were rewritten in the live view", n)
	}
	old := all(t, w.Live)[0]
	do(t, w, Deed{Rewrite: []Rewrite{{old.ID, jsontext.Value(`{"externalTag":"by hand"}`)}}})
	advance(t, w, 48*time.Hour)
	if _, known, _ := w.NextBatch(t.Context()); known {
		t.Error("batches are not halted")
	}
	want := shown(t, w)
	if !strings.Contains(want, `"surprise":7`) || !strings.Contains(want, "by hand") {
		t.Error("an event or a deed is missing")
	}
	if got := shown(t, kept(t, s, dir, nil)); got != want {
		t.Error("after a restart it shows something else")
	}
	if err := w.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	advance(t, w, 90*time.Minute)
	if n := count(); n != 2 {
		t.Errorf("after a reset %d records were rewritten", n)
	}
}

func TestAScenarioThatMakesNoSenseIsRefused(t *testing.T) {
	for field, change := range map[string]func(*Scenario){
		"days":           func(s *Scenario) { s.Days = 0 },
		"per_day":        func(s *Scenario) { s.PerDay = -1 },
		"lag":            func(s *Scenario) { s.Lag = Span(48 * time.Hour) },
		"speed":          func(s *Scenario) { s.Speed = clock.MaxSpeed + 1 },
		"failed_batches": func(s *Scenario) { s.FailedBatches = []string{"soon"} },
		"events[0].at":   func(s *Scenario) { s.Events = []Event{{At: noon.Add(-time.Hour), Batch: &Batch{}}} },
		"events[1].at": func(s *Scenario) {
			s.Events = []Event{{At: noon.Add(time.Hour), Batch: &Batch{}}, {At: noon, Batch: &Batch{}}}
		},
		"events[0].rewrite.older": func(s *Scenario) { s.Events = []Event{{At: noon, Rewrite: &Rewriting{}}} },
		"events[0].drift.pointer": func(s *Scenario) { s.Events = []Event{{At: noon, Drift: &Drift{Value: jsontext.Value("1")}}} },
	} {
		s := frozen(1)
		change(&s)
		_, err := Simulate(t.Context(), s, nil)
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func TestAJournalBelongsToItsScenario(t *testing.T) {
	dir := t.TempDir()
	kept(t, frozen(1), dir, nil)
	w := simulated(t, frozen(2))
	if err := w.Keep(t.Context(), journalIn(t, dir), nil); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "per_day is 1 there and 2 here") {
		t.Errorf("got %v", err)
	}
	saved, err := kept(t, frozen(1), t.TempDir(), nil).Save(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := kept(t, frozen(2), t.TempDir(), nil).Load(t.Context(), saved); !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}

// A state of which something cannot be done again leaves all as it was, what parts were told too.
func TestAStateThatCannotBeLoadedChangesNothing(t *testing.T) {
	p := &part{}
	w := kept(t, frozen(10), t.TempDir(), map[string]Part{"p": p})
	note := func(text string) {
		t.Helper()
		if err := w.Note(t.Context(), "p", jsontext.Value(text)); err != nil {
			t.Fatal(err)
		}
		p.deeds = append(p.deeds, text)
	}
	note(`1`)
	saved, err := w.Save(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	note(`2`)
	advance(t, w, time.Hour)
	saved.Entries = append(saved.Entries, SavedEntry{noon, jsontext.Value(`{"rewrite":[{"conversation":"gone","patch":{}}]}`)})
	before := shown(t, w)
	if err := w.Load(t.Context(), saved); err == nil {
		t.Fatal("a deed that cannot be done is done")
	}
	if shown(t, w) != before || !slices.Equal(p.deeds, []string{`1`, `2`}) {
		t.Errorf("something has changed; the part was told %v", p.deeds)
	}
}

// What the clock refuses cannot be loaded either.
func TestAStateBeyondWhatASandboxHoldsIsRefused(t *testing.T) {
	w := kept(t, frozen(10), t.TempDir(), nil)
	saved, err := w.Save(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	far := time.Date(2190, 1, 1, 0, 0, 0, 0, time.UTC)
	late := append(slices.Clone(saved.Entries), SavedEntry{far.AddDate(3000, 0, 0), jsontext.Value(`{}`)})
	for field, change := range map[string]func(*State){
		"speed": func(s *State) { s.Speed = 1e300 }, "speed ": func(s *State) { s.Speed = math.NaN() }, "speed  ": func(s *State) { s.Speed = -1 },
		"now": func(s *State) { s.Now = far.AddDate(100, 0, 0) }, "entries[": func(s *State) { s.Entries = late },
	} {
		s := saved
		change(&s)
		var told *fault.Error
		if err := w.Load(t.Context(), s); !errors.As(err, &told) || told.Kind != fault.Invalid || !strings.HasPrefix(told.Field, strings.TrimSpace(field)) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if !w.Clock().Equal(saved.Now) {
		t.Errorf("the clock shows %v", w.Clock())
	}
	if err := w.Load(t.Context(), saved); err != nil {
		t.Error(err)
	}
}

// So much is taken of changes, and no more: each is done again whenever its conversation is looked at.
func TestChangesAreBounded(t *testing.T) {
	w := simulated(t, frozen(10))
	r := all(t, w.Settled)[0]
	for range maxEdits {
		do(t, w, Deed{Rewrite: []Rewrite{{r.ID, jsontext.Value(`{"externalTag":"x"}`)}}})
	}
	if err := w.Do(t.Context(), Deed{Rewrite: []Rewrite{{r.ID, jsontext.Value(`{}`)}}}); !errors.Is(err, fault.Conflict) {
		t.Errorf("one more: %v", err)
	}
	w.past().history.size = maxEdited - 1
	other := all(t, w.Settled)[1]
	if err := w.Do(t.Context(), Deed{Rewrite: []Rewrite{{other.ID, jsontext.Value(`{}`)}}}); !errors.Is(err, fault.Conflict) {
		t.Errorf("more than there is room for: %v", err)
	}
}

func TestWhatCannotBeDoneIsRefused(t *testing.T) {
	dir := t.TempDir()
	w := kept(t, frozen(10), dir, nil)
	r := all(t, w.Settled)[0]
	late := noon.Add(time.Hour)
	before := w.journal.Len()
	for name, c := range map[string]struct {
		deed Deed
		kind error
	}{
		"nothing":                   {Deed{}, fault.Invalid},
		"a batch that has ended":    {Deed{Batch: &Batch{Fail: []string{today.String()}}}, fault.Invalid},
		"no day":                    {Deed{Batch: &Batch{Fail: []string{"tomorrow"}}}, fault.Invalid},
		"a date that goes ahead":    {Deed{Batch: &Batch{Back: &late}}, fault.Invalid},
		"an unknown conversation":   {Deed{Rewrite: []Rewrite{{"none", jsontext.Value(`{}`)}}}, fault.NotFound},
		"another id":                {Deed{Rewrite: []Rewrite{{r.ID, jsontext.Value(`{"conversationId":"x"}`)}}}, fault.Invalid},
		"no patch":                  {Deed{Rewrite: []Rewrite{{r.ID, jsontext.Value(`[]`)}}}, fault.Invalid},
		"an unknown participant":    {Deed{Attributes: &Attributes{r.ID, "none", jsontext.Value(`{}`)}}, fault.NotFound},
		"attributes that are none":  {Deed{Attributes: &Attributes{r.ID, participantOf(t, r), jsontext.Value(`7`)}}, fault.Invalid},
		"a drift of the id":         {Deed{Drift: &Drift{Pointer: "/conversationId", Value: jsontext.Value(`"x"`)}}, fault.Invalid},
		"a drift without a pointer": {Deed{Drift: &Drift{Pointer: "mediaType", Value: jsontext.Value(`"x"`)}}, fault.Invalid},
		"a drift without a value":   {Deed{Drift: &Drift{Pointer: "/mediaType"}}, fault.Invalid},
	} {
		if err := w.Do(t.Context(), c.deed); !errors.Is(err, c.kind) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := w.MoveClock(t.Context(), clock.Change{Advance: -time.Hour}); !errors.Is(err, fault.Invalid) {
		t.Errorf("a clock that goes back: %v", err)
	}
	if err := w.MoveClock(t.Context(), clock.Change{Set: time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Errorf("far ahead, of few conversations: %v", err)
	}
	if n := w.journal.Len(); n != before+1 {
		t.Errorf("the journal has %d entries more", n-before)
	}
}

// part is a part of a world that counts.
type part struct{ deeds []string }

func (p *part) Redo(deed jsontext.Value) error { p.deeds = append(p.deeds, string(deed)); return nil }
func (p *part) Begin(Scenario) error           { p.deeds = nil; return nil }

func TestAPartDoesAgainWhatItDid(t *testing.T) {
	dir := t.TempDir()
	first := &part{}
	w := kept(t, frozen(1), dir, map[string]Part{"p": first})
	for _, deed := range []string{`{"n":1}`, `{"n":2}`} {
		if err := w.Note(t.Context(), "p", jsontext.Value(deed)); err != nil {
			t.Fatal(err)
		}
	}
	second := &part{}
	w = kept(t, frozen(1), dir, map[string]Part{"p": second})
	if want := []string{`{"n":1}`, `{"n":2}`}; !slices.Equal(second.deeds, want) {
		t.Errorf("got %v", second.deeds)
	}
	if err := w.Reset(t.Context()); err != nil || len(second.deeds) != 0 {
		t.Errorf("after a reset: %v, %v", second.deeds, err)
	}
}

// The sandbox over given records grows as one over a simulated centre does when a day is made.
func TestWorldIsViews(t *testing.T) {
	enginetest.RunViews(t, func(t *testing.T, now time.Time) enginetest.Grows {
		t.Helper()
		w, err := newWorld(Scenario{Start: now, Speed: 1, Given: "test"})
		if err != nil {
			t.Fatal(err)
		}
		return enginetest.Grows{Views: w, Add: func(t *testing.T, records ...conversation.Record) {
			t.Helper()
			if _, err := w.past().store.Add(records...); err != nil {
				t.Fatal(err)
			}
		}}
	})
}

// What is done while events of the scenario happen takes nothing from them, nor they from it.
func TestDeedsAndEventsLoseNothingOfOneAnother(t *testing.T) {
	const events = 2000
	s := frozen(0)
	s.Speed = 10_000
	for i := range events {
		s.Events = append(s.Events, Event{At: noon.Add(time.Duration(i) * time.Second), Batch: &Batch{Fail: []string{(today + 10 + conversation.Day(i)).String()}}})
	}
	w := simulated(t, s)
	over := func() bool { return !w.Clock().Before(noon.Add(events * time.Second)) }
	deeds := 0
	var all sync.WaitGroup
	all.Go(func() {
		for ; !over(); deeds++ {
			do(t, w, Deed{Batch: &Batch{Fail: []string{(today + 10_000 + conversation.Day(deeds)).String()}}})
		}
	})
	all.Go(func() {
		for !over() {
			if _, err := w.Available(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	if _, err := w.Available(t.Context()); err != nil {
		t.Error(err)
	}
	if n := len(w.past().nightly.failed); n != events+deeds {
		t.Errorf("%d batches fail, want %d", n, events+deeds)
	}
}

// One conversation is rewritten by its id, the last ones by how long ago they began.
func TestWhichRecordsAreRewritten(t *testing.T) {
	w := simulated(t, frozen(10))
	r := all(t, w.Settled)[3]
	if ids, err := w.Rewrite(t.Context(), Rewriting{Conversation: r.ID}); err != nil || !slices.Equal(ids, []conversation.ID{r.ID}) {
		t.Errorf("by its id: %v, %v", ids, err)
	}
	if got := byID(t, w.Live, r.ID); !strings.Contains(string(got.JSON), `"externalTag":"rewritten 2026-11-08T12:00:00.000Z"`) {
		t.Errorf("got %s", got.JSON)
	}
	if ids, err := w.Rewrite(t.Context(), Rewriting{Older: Span(24 * time.Hour)}); err != nil || len(ids) != 1 || ids[0] == r.ID {
		t.Errorf("by its age: %v, %v", ids, err)
	}
}

// Who asks by a filter sees what was done to conversations that go on: that is in their text alone.
func TestFiltersSeeWhatWasDone(t *testing.T) {
	w := simulated(t, frozen(200))
	ids, err := w.GoingOn(t.Context())
	if err != nil || len(ids) < 3 {
		t.Fatalf("%d conversations go on, %v", len(ids), err)
	}
	tagged := func() int64 {
		t.Helper()
		q, err := query.DecodeJob([]byte(`{"interval":"2026-11-01/2026-11-10","conversationFilters":[{"type":"and","predicates":[{"dimension":"externalTag","value":"mine"},{"dimension":"conversationEnd","operator":"notExists"}]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		view, err := w.Live(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n, err := view.Count(t.Context(), q.Query)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := tagged(); n != 0 {
		t.Errorf("%d before anything was done", n)
	}
	for _, id := range ids[:2] {
		do(t, w, Deed{Rewrite: []Rewrite{{id, jsontext.Value(`{"externalTag":"mine"}`)}}})
	}
	if n := tagged(); n != 2 {
		t.Errorf("%d were rewritten, want 2", n)
	}
	do(t, w, Deed{Drift: &Drift{Pointer: "/externalTag", Value: jsontext.Value(`"mine"`)}})
	advance(t, w, 6*time.Hour)
	if ids, err = w.GoingOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := int64(0)
	for _, id := range ids {
		if strings.Contains(string(byID(t, w.Live, id).JSON), `"externalTag":"mine"`) {
			want++
		}
	}
	if n := tagged(); n != want || want == 0 {
		t.Errorf("%d have the tag, want %d of %d", n, want, len(ids))
	}
}
