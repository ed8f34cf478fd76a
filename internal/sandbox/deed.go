package sandbox

import (
	"context"
	"hash/fnv"
	"iter"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/edit"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/sandbox/clock"
	"github.com/parley-hq/parley/internal/sandbox/journal"
	"github.com/parley-hq/parley/internal/wire"
)

// Journal keeps deeds.
type Journal interface {
	Append(ctx context.Context, e journal.Entry) error
	Entries(ctx context.Context) iter.Seq2[journal.Entry, error]
	Replace(ctx context.Context, entries []journal.Entry) error
	Len() int64
}

// Part is something else that belongs to a sandbox and to which things are done, as its rules of faults.
type Part interface {
	// Begin undoes all that was done: it begins as the scenario says.
	Begin(s Scenario) error
	// Redo does again what was done.
	Redo(deed jsontext.Value) error
}

// Deed is one thing that is done to a sandbox. One member is set.
type Deed struct {
	Scenario   *Scenario      `json:"scenario,omitempty"` // always the first: how it begins
	Clock      *clock.Setting `json:"clock,omitempty"`
	Batch      *Batch         `json:"batch,omitempty"`
	Drift      *Drift         `json:"drift,omitempty"`
	Attributes *Attributes    `json:"attributes,omitempty"`
	Rewrite    []Rewrite      `json:"rewrite,omitempty"`
	Part       string         `json:"part,omitempty"` // whose the deed is
	Deed       jsontext.Value `json:"deed,omitempty"`
}

// Batch is what is done to the nightly batch.
type Batch struct {
	Fail []string   `json:"fail,omitempty"` // days, as 2026-11-08, on whose morning it fails
	Halt *bool      `json:"halt,omitempty"` // from now on no batch comes to its end; false ends that
	Back *time.Time `json:"back,omitempty"` // the dataAvailabilityDate goes back to this until the next batch has ended
}

// Drift is what the platform writes into records of conversations that begin from now on: a member, or a value, that nobody
// has seen.
type Drift struct {
	Pointer jsontext.Pointer `json:"pointer"`         // where, as /participants/0/sessions/0/mediaType (RFC 6901)
	Value   jsontext.Value   `json:"value"`           // what
	Every   int              `json:"every,omitempty"` // in one in so many; 0 means all

	from time.Time
}

// Attributes are written to a participant: they take the place of those of the same name, and null removes.
type Attributes struct {
	Conversation conversation.ID `json:"conversation"`
	Participant  string          `json:"participant"`
	Values       jsontext.Value  `json:"values"`
}

// Rewrite changes the record of a conversation from now on, as the platform does when it goes over one again. Id and start
// stay.
type Rewrite struct {
	Conversation conversation.ID `json:"conversation"`
	Patch        jsontext.Value  `json:"patch"` // merged into the record (RFC 7396)
}

// Do does something now. When it returns nil, it is done for good: it is in the journal.
func (w *World) Do(ctx context.Context, d Deed) error {
	w.doing.Lock()
	defer w.doing.Unlock()
	return w.do(ctx, d)
}

// do is Do for whoever holds the lock.
func (w *World) do(ctx context.Context, d Deed) error {
	p, whole := w.past(), context.WithoutCancel(ctx)
	p.happening.Lock()
	defer p.happening.Unlock()
	at := w.Clock().Truncate(time.Microsecond)
	if err := p.comeTo(whole, at); err != nil {
		return err
	}
	if d.Drift != nil {
		if err := p.hold(whole, at); err != nil {
			return err
		}
		defer p.extending.Unlock()
	}
	do, err := w.prepare(whole, p, d, at)
	if err != nil {
		return err
	}
	if err := w.note(ctx, d, at); err != nil {
		return err
	}
	do()
	w.deeds.ring()
	return nil
}

// Deeds is how often something was done since this process began: by it programs see that something was.
func (w *World) Deeds() int64 { return w.deeds.rung() }

// Note keeps a deed of a part, which the part does itself.
func (w *World) Note(ctx context.Context, part string, deed jsontext.Value) error {
	return w.note(ctx, Deed{Part: part, Deed: deed}, w.Clock())
}

func (w *World) note(ctx context.Context, d Deed, at time.Time) error {
	if w.journal == nil {
		return nil
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	w.writing.Lock()
	defer w.writing.Unlock()
	return w.journal.Append(ctx, journal.Entry{At: at, Deed: text})
}

// prepare gives what does a deed in a past, and cannot fail.
func (w *World) prepare(ctx context.Context, p *past, d Deed, at time.Time) (do func(), err error) {
	switch {
	case d.Clock != nil:
		return func() { w.clock.Set(*d.Clock) }, nil
	case d.Batch != nil:
		return p.batchDeed(*d.Batch, at)
	case d.Drift != nil:
		return p.driftDeed(ctx, *d.Drift, at)
	case d.Attributes != nil:
		return p.attributesDeed(ctx, *d.Attributes, at)
	case d.Rewrite != nil:
		return p.rewriteDeed(ctx, d.Rewrite, at)
	}
	return nil, fault.New(fault.Invalid, "there is nothing to do: give clock, batch, drift, attributes or rewrite")
}

// MoveClock changes the platform's clock. Of several who do so at once each begins where the one before has left it.
func (w *World) MoveClock(ctx context.Context, c clock.Change) error {
	w.doing.Lock()
	defer w.doing.Unlock()
	return w.moveClock(ctx, c)
}

func (w *World) moveClock(ctx context.Context, c clock.Change) error {
	s, err := w.clock.After(c)
	if err != nil {
		return err
	}
	if err := w.holds("advance", s.At); err != nil {
		return err
	}
	return w.do(ctx, Deed{Clock: &s})
}

// holds says whether memory holds what there is of an instant that a field has.
func (w *World) holds(field string, at time.Time) error {
	days := int64(conversation.DayOf(at)-w.scenario.first()) + 1
	if w.scenario.Given != "" || days*int64(w.scenario.PerDay) <= Most {
		return nil
	}
	return fault.Field(field, "until then %d days would have to be simulated, which are more than the %d conversations that a sandbox holds in memory", days, Most)
}

// ClockSetting is by what the platform's clock goes.
func (w *World) ClockSetting() clock.Setting { return w.clock.Setting() }

// NextBatch is when the next nightly batch ends well, if one will and no event keeps it from that.
func (w *World) NextBatch(ctx context.Context) (at time.Time, known bool, err error) {
	p, now, err := w.caught(ctx)
	if err != nil {
		return at, false, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	at, known = p.nightly.next(now)
	return at, known, nil
}

// PassBatch moves the clock to the end of the next nightly batch that ends well, and has it go at a speed from then on,
// unless that is nil.
func (w *World) PassBatch(ctx context.Context, speed *float64) error {
	w.doing.Lock()
	defer w.doing.Unlock()
	next, known, err := w.NextBatch(ctx)
	if err != nil {
		return err
	}
	if !known {
		return fault.Field("until", "no batch will end while batches are halted")
	}
	return w.moveClock(ctx, clock.Change{Set: next, Speed: speed})
}

func (p *past) batchDeed(b Batch, at time.Time) (func(), error) {
	p.mu.RLock()
	n := p.nightly
	p.mu.RUnlock()
	n.failed, n.halts, n.back = slices.Clone(n.failed), slices.Clone(n.halts), slices.Clone(n.back)
	for _, text := range b.Fail {
		day, err := conversation.ParseDay(text)
		if err != nil {
			return nil, fault.Field("fail", "fail: %v", err)
		}
		if !n.ends(day).After(at) {
			return nil, fault.Field("fail", "the batch of %s ended at %s; only one to come can fail", day, conversation.FormatTime(n.ends(day)))
		}
		n.failed = append(n.failed, day)
	}
	if b.Halt != nil {
		n.halt(*b.Halt, at)
	}
	if b.Back != nil {
		if !b.Back.Before(n.available(at)) {
			return nil, fault.Field("back", "the dataAvailabilityDate is %s and can only go back, not to %s", conversation.FormatTime(n.available(at)), conversation.FormatTime(*b.Back))
		}
		n.back = append(n.back, back{at, b.Back.UTC()})
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.nightly = n
	}, nil
}

// halt keeps batches from ending, or lets them.
func (n *nightly) halt(yes bool, at time.Time) {
	last := len(n.halts) - 1
	halted := last >= 0 && n.halts[last].until.IsZero()
	switch {
	case yes && !halted:
		n.halts = append(n.halts, halt{from: at})
	case !yes && halted:
		n.halts[last].until = at
	}
}

// maxAttributes is how many bytes the attributes of a participant may have, with their names: as many as a request.
const maxAttributes = 512_000

// SetAttributes writes attributes to a participant, in place of those of the same name; nil removes. It is fault.NotFound
// when there is no such participant now.
func (w *World) SetAttributes(ctx context.Context, id conversation.ID, participant string, values map[string]*string) error {
	text, err := json.Marshal(values, json.Deterministic(true))
	if err != nil {
		return err
	}
	return w.Do(ctx, Deed{Attributes: &Attributes{Conversation: id, Participant: participant, Values: text}})
}

func (p *past) attributesDeed(ctx context.Context, a Attributes, at time.Time) (func(), error) {
	if a.Values.Kind() != '{' {
		return nil, fault.Field("attributes", "attributes is an object of texts")
	}
	now, there, err := p.find(ctx, a.Conversation, at)
	if err == nil && there {
		if now, err = p.history.now(now, at); err == nil {
			there, err = a.fits(jsontext.Value(now.JSON))
		}
	}
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, &fault.Error{Kind: fault.NotFound, Field: "participantId", Message: "The conversation has no such participant."}
	}
	return p.edit(ctx, a.Conversation, at, len(a.Values), func(text jsontext.Value) (jsontext.Value, error) {
		out, _, err := a.on(text)
		return out, err
	})
}

// fits says whether a record has the participant, and fails if that would have too many attributes.
func (a Attributes) fits(text jsontext.Value) (there bool, err error) {
	after, there, err := a.on(text)
	if err != nil || !there {
		return there, err
	}
	c, _ := wire.Decode(after)
	for _, p := range c.Participants {
		size := 0
		for name, value := range p.Attributes {
			size += len(name) + len(value)
		}
		if p.ParticipantID == a.Participant && size > maxAttributes {
			return true, fault.Field("attributes", "the participant would have %d bytes of attributes; at most %d are kept", size, maxAttributes)
		}
	}
	return true, nil
}

// on is a record with the attributes, if it has the participant.
func (a Attributes) on(text jsontext.Value) (_ jsontext.Value, there bool, err error) {
	patch := slices.Concat([]byte(`{"attributes":`), a.Values, []byte{'}'})
	return edit.Element(text, "participants", "participantId", a.Participant, func(v jsontext.Value) (jsontext.Value, error) {
		return edit.Merge(v, patch)
	})
}

func (p *past) rewriteDeed(ctx context.Context, all []Rewrite, at time.Time) (func(), error) {
	var do []func()
	size := 0
	for _, r := range all {
		size += len(r.Patch)
		if err := p.history.room(r.Conversation, size); err != nil {
			return nil, err
		}
		one, err := p.edit(ctx, r.Conversation, at, len(r.Patch), func(text jsontext.Value) (jsontext.Value, error) {
			out, err := edit.Merge(text, r.Patch)
			if err != nil {
				return nil, fault.Field("patch", "patch is an object that is merged into the record: %v", err)
			}
			return out, nil
		})
		if err != nil {
			return nil, err
		}
		do = append(do, one)
	}
	return func() {
		for _, one := range do {
			one()
		}
	}, nil
}

// edit prepares another record of a conversation, from an instant on, by a change that takes so many bytes to keep.
func (p *past) edit(ctx context.Context, id conversation.ID, at time.Time, size int, change func(jsontext.Value) (jsontext.Value, error)) (func(), error) {
	before, there, err := p.find(ctx, id, at)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, &fault.Error{Kind: fault.NotFound, Field: "conversationId", Message: "The conversation does not exist."}
	}
	if err := p.history.room(id, size); err != nil {
		return nil, err
	}
	text, err := change(jsontext.Value(before.JSON))
	if err != nil {
		return nil, err
	}
	after, err := wire.Record(text)
	if err != nil || after.ID != before.ID || !after.Start.Equal(before.Start) {
		return nil, fault.Field("patch", "a record keeps its conversationId and conversationStart")
	}
	return func() {
		p.history.edit(before, size, edited{at, change})
		_, _ = p.store.Add(after) // has id and start, and fails for nothing else
	}, nil
}

func (p *past) driftDeed(ctx context.Context, d Drift, at time.Time) (func(), error) {
	if err := d.validate(); err != nil {
		return nil, err
	}
	d.from = at
	if err := p.extend(ctx, conversation.DayOf(at), nil); err != nil {
		return nil, err
	}
	var changed []conversation.Record
	rest := query.Query{Interval: conversation.Interval{Start: at, End: endOfTime}, Matching: query.StartOfDay}
	view := p.store.View(endOfTime, endOfTime)
	for r, err := range view.Records(ctx, rest, 0, 0) {
		if err == nil {
			r, err = d.on(r)
		}
		if err != nil {
			return nil, err
		}
		changed = append(changed, r)
	}
	return func() {
		p.history.drift(d)
		_, _ = p.store.Add(changed...) // each has id and start
	}, view.Close()
}

// on is a record as it drifted.
func (d Drift) on(r conversation.Record) (conversation.Record, error) {
	if r.Start.Before(d.from) || d.Every > 1 && hashed(r.ID)%uint64(d.Every) != 0 {
		return r, nil
	}
	text, err := edit.Put(jsontext.Value(r.JSON), d.Pointer, d.Value)
	if err != nil {
		return r, err
	}
	return wire.Record(text)
}

func (d Drift) validate() error {
	switch {
	case !d.Pointer.IsValid() || d.Pointer == "":
		return fault.Field("pointer", "pointer says where in a record the value comes, as /participants/0/sessions/0/mediaType")
	case d.Pointer == "/conversationId" || d.Pointer == "/conversationStart" || d.Pointer == "/conversationEnd":
		return fault.Field("pointer", "a record keeps its conversationId, conversationStart and conversationEnd")
	case !d.Value.IsValid():
		return fault.Field("value", "value is any JSON value")
	case d.Every < 0:
		return fault.Field("every", "every is how many records have one that drifts, 1 or more")
	}
	return nil
}

// hashed is a number that follows from an id.
func hashed(id conversation.ID) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return h.Sum64()
}
