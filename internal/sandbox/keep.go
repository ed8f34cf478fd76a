package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox/clock"
	"github.com/parley-hq/parley/internal/sandbox/journal"
)

// Begun reads from a journal how its sandbox began; nil if nothing is in it.
func Begun(ctx context.Context, j Journal) (*Scenario, error) {
	for e, err := range j.Entries(ctx) {
		d, err := decode(e, err)
		if err == nil && d.Scenario == nil {
			err = fault.New(fault.Corrupt, "the sandbox's journal does not begin with its scenario: start the sandbox with another folder")
		}
		return d.Scenario, err
	}
	return nil, nil //nolint:nilnil // it is new
}

func decode(e journal.Entry, err error) (d Deed, _ error) {
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(e.Deed, &d); err != nil {
		return d, fault.Because(fault.Corrupt, err, "an entry of the sandbox's journal cannot be read: start the sandbox with another folder")
	}
	return d, nil
}

// Keep does again what the journal holds, and has it hold all that is done from now on. It is called once, before anybody
// asks, with all parts by their names. A journal of another scenario is fault.Conflict.
func (w *World) Keep(ctx context.Context, j Journal, parts map[string]Part) error {
	w.doing.Lock()
	defer w.doing.Unlock()
	begun, err := Begun(ctx, j)
	if err != nil {
		return err
	}
	w.journal, w.parts = j, parts
	if err := w.beginParts(); err != nil {
		return err
	}
	if begun == nil {
		return w.rewrite(ctx, w.beginning(w.clock.Setting()))
	}
	if differs := begun.Differs(w.scenario); differs != "" {
		return fault.New(fault.Conflict, "another sandbox is kept there: %s. Start that one without flags that say how it begins, or give another folder", differs)
	}
	var entries []journal.Entry
	for e, err := range j.Entries(ctx) {
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	stands, err := w.redo(ctx, w.past(), entries)
	if err == nil && stands != nil {
		w.clock.Set(*stands)
	}
	return err
}

// beginning is the journal of a world to which nothing was done since its clock began to go.
func (w *World) beginning(setting clock.Setting) []journal.Entry {
	return []journal.Entry{w.entry(Deed{Scenario: &w.scenario}, setting.At), w.entry(Deed{Clock: &setting}, setting.At)}
}

// rewrite has the journal hold these entries alone.
func (w *World) rewrite(ctx context.Context, entries []journal.Entry) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	return w.journal.Replace(ctx, entries)
}

// entry is a deed of our own, which can be written.
func (w *World) entry(d Deed, at time.Time) journal.Entry {
	text, err := json.Marshal(d)
	if err != nil {
		panic(err) // our own types, with nothing in them that could not be written
	}
	return journal.Entry{At: at, Deed: text}
}

// redo does the deeds of a journal in a past in which nothing was done, and gives by what the clock went last: nobody is to
// see it jump meanwhile.
func (w *World) redo(ctx context.Context, p *past, entries []journal.Entry) (stands *clock.Setting, err error) {
	for i, e := range entries {
		d, err := decode(e, nil)
		if err != nil {
			return nil, err
		}
		if d.Scenario != nil {
			continue
		}
		if d.Clock != nil {
			stands = d.Clock
			continue
		}
		if err := w.redoOne(ctx, p, d, e.At); err != nil {
			return nil, fault.Because(fault.Corrupt, err, "entry %d of the sandbox's journal cannot be done again: start the sandbox with another folder", i+1)
		}
	}
	return stands, nil
}

func (w *World) redoOne(ctx context.Context, p *past, d Deed, at time.Time) error {
	if d.Part != "" {
		if w.parts[d.Part] == nil {
			return fault.New(fault.Invalid, "there is no part %q", d.Part)
		}
		return w.parts[d.Part].Redo(d.Deed)
	}
	if err := p.catchUp(ctx, at); err != nil {
		return err
	}
	do, err := w.prepare(ctx, p, d, at)
	if err == nil {
		do()
	}
	return err
}

// Reset undoes all that was done: the clock stands where the scenario began.
func (w *World) Reset(ctx context.Context) error {
	w.doing.Lock()
	defer w.doing.Unlock()
	p, err := w.again(ctx)
	if err != nil {
		return err
	}
	setting := clock.Setting{At: w.scenario.Start, Since: time.Now(), Speed: w.scenario.Speed}
	if w.journal != nil {
		if err := w.rewrite(ctx, w.beginning(setting)); err != nil {
			return err
		}
	}
	w.current.Store(p)
	w.clock.Set(setting)
	w.deeds.ring()
	return w.beginParts()
}

// again is a past in which nothing was done. Given records are those of before.
func (w *World) again(ctx context.Context) (*past, error) {
	p, err := newPast(w.scenario)
	if err != nil {
		return nil, err
	}
	if w.scenario.Given == "" {
		return p, p.extend(ctx, conversation.DayOf(w.scenario.Start), nil)
	}
	return p, w.past().copyGiven(ctx, p)
}

// beginParts has all parts begin as the scenario says.
func (w *World) beginParts() error {
	for _, part := range w.parts {
		if err := part.Begin(w.scenario); err != nil {
			return err
		}
	}
	return nil
}

// copyGiven puts the records that were given into another past, each as it was given.
func (p *past) copyGiven(ctx context.Context, to *past) error {
	var records []conversation.Record
	view := p.store.View(endOfTime, endOfTime)
	for r, err := range view.Records(ctx, everything, 0, 0) {
		if err != nil {
			return errors.Join(err, view.Close())
		}
		if records = append(records, p.history.given(r)); len(records) == loadAtOnce {
			if _, err := to.store.Add(records...); err != nil {
				return err
			}
			records = records[:0]
		}
	}
	_, err := to.store.Add(records...)
	return errors.Join(err, view.Close())
}

// State is all that a sandbox is: what was done to it, and what its clock shows.
type State struct {
	Version int          `json:"version"`
	Now     time.Time    `json:"now"`
	Speed   float64      `json:"speed"`
	Entries []SavedEntry `json:"entries"`
}

// SavedEntry is an entry of a saved journal.
type SavedEntry struct {
	At   time.Time      `json:"at"`
	Deed jsontext.Value `json:"deed"`
}

// stateVersion is the form of a saved state.
const stateVersion = 1

// Save gives the whole state. Whoever loads it goes on from here.
func (w *World) Save(ctx context.Context) (s State, err error) {
	w.doing.Lock()
	defer w.doing.Unlock()
	if w.journal == nil {
		return s, fault.New(fault.Unavailable, "the sandbox keeps no journal")
	}
	s = State{Now: w.Clock(), Speed: w.clock.Setting().Speed, Version: stateVersion}
	for e, err := range w.journal.Entries(ctx) {
		if err != nil {
			return s, err
		}
		s.Entries = append(s.Entries, SavedEntry{e.At, e.Deed})
	}
	return s, nil
}

// Load takes the place of all that was done with a state that was saved of a sandbox of the same scenario. When it fails,
// nothing has changed.
func (w *World) Load(ctx context.Context, s State) error {
	entries, err := w.loadable(s)
	if err != nil {
		return err
	}
	w.doing.Lock()
	defer w.doing.Unlock()
	p, err := w.again(ctx)
	if err != nil {
		return err
	}
	setting := clock.Setting{At: s.Now, Since: time.Now(), Speed: s.Speed}
	if err := w.beginParts(); err != nil {
		return err
	}
	if _, err = w.redo(ctx, p, entries); err == nil {
		err = w.rewrite(ctx, append(entries, w.entry(Deed{Clock: &setting}, s.Now)))
	}
	if err != nil {
		return errors.Join(err, w.redoParts(ctx))
	}
	w.current.Store(p)
	w.clock.Set(setting)
	w.deeds.ring()
	return nil
}

// redoParts has all parts be as the journal says.
func (w *World) redoParts(ctx context.Context) error {
	if err := w.beginParts(); err != nil {
		return err
	}
	for e, err := range w.journal.Entries(ctx) {
		d, err := decode(e, err)
		if err == nil && d.Part != "" {
			err = w.redoOne(ctx, w.past(), d, e.At)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// loadable are the entries of a saved state that can be done here.
func (w *World) loadable(s State) (entries []journal.Entry, err error) {
	if s.Version != stateVersion || len(s.Entries) == 0 {
		return nil, fault.Field("version", "this is no saved state of a sandbox that this version reads")
	}
	setting := clock.Setting{At: s.Now, Speed: s.Speed}
	if err := setting.Check(); err != nil {
		return nil, err
	}
	if err := w.holds("now", s.Now); err != nil {
		return nil, err
	}
	for i, e := range s.Entries {
		if err := w.holds(fmt.Sprintf("entries[%d].at", i), e.At); err != nil {
			return nil, err
		}
		entries = append(entries, journal.Entry{At: e.At, Deed: e.Deed})
	}
	first, err := decode(entries[0], nil)
	if err != nil || first.Scenario == nil {
		return nil, fault.Field("entries", "the first entry of a saved state is its scenario")
	}
	if differs := first.Scenario.Differs(w.scenario); differs != "" {
		return nil, fault.Field("entries", "the state is that of another scenario: %s", differs)
	}
	return entries, nil
}
