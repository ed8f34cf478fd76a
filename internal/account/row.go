package account

import (
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// RulesVersion numbers the rules by which rows are derived from records. It rises when the same record gives other rows than
// before, so that rows of before can be told and derived anew.
const RulesVersion = 1

// Maybe is a number that nobody may know.
type Maybe struct {
	N     int64
	Known bool
}

// known is a length as a number of milliseconds.
func known(d time.Duration) Maybe { return Maybe{d.Milliseconds(), true} }

// SummaryRow is the values of an account as numbers, ids and words that never change: of one conversation one row. It has no
// names, and no text that a person would read as a sentence. Times that nobody knows are zero, texts empty.
//
// It is derived as the record stands: what goes on lasts until the latest time in the record, so that the same record gives the
// same row whenever it is derived.
type SummaryRow struct {
	ID         conversation.ID
	Start, End time.Time
	EndState   string // Ended, Provisional, GoingOn, NoTimes
	Left       time.Time
	Duration   Maybe // from start to end
	Stay       Maybe // from start until the party had left

	Direction string
	MediaType string // of the party with which it was
	Media     []string

	From, To EndRow

	AnsweredBy, PlacedBy string // ids of users
	FirstQueue           string
	LastQueue            string
	FirstFlow            string
	Chosen               string // id or number to which the first flow sent it

	ReasonLabels, ReasonValues []string

	InFlows, InQueues, Rang, Dialled, Talked, Held, WrappedUp, Recorded time.Duration

	Visits, VisitsAnswered, VisitsAbandoned, VisitsLeft int64
	Offers, OffersAnswered, OffersMissed                int64
	Blind, Warm, Consults, Forwarded, ThirdParties      int64
	Holds, People, Parties                              int64

	Conference    bool
	Abandoned     bool // it left a queue, and nobody answered after that
	LeftInFlow    bool // it reached no queue, and left while a flow ran
	AbandonWait   Maybe
	ShortAbandons int64

	EndedBy  string // purpose of a party, or one of Platform, Flows and so on
	EndedHow string // disconnectType of the session that says so
	LastCode string // of a wrap-up

	Doubts     []string
	Mismatches int64 // metrics that differ from their segments, where no known exception says why
	Measured   bool  // some session has metrics
}

// EndRow is one end of a conversation.
type EndRow struct{ Address, Kind, User string }

// The kinds of addresses.
const (
	Phone = "phone"
	SIP   = "sip"
	Mail  = "email"
	Other = "other"
)

// kindOf tells what an address is of by how it is written.
func kindOf(address string) string {
	switch {
	case address == "":
		return ""
	case strings.HasPrefix(address, "tel:"), strings.Trim(address, "+0123456789") == "":
		return Phone
	case strings.HasPrefix(address, "sip:"), strings.HasPrefix(address, "sips:"):
		return SIP
	case strings.Contains(address, "@"):
		return Mail
	}
	return Other
}

// Deriver derives rows. It uses its memory again, so what it gives is good until it derives the next ones. Not for concurrent
// use.
type Deriver struct {
	rules  []ReasonRule
	t      teller
	sum    SummaryRow
	legs   []LegRow
	place  map[*leg]int // of the row of a leg
	visits []int        // the rows of visits
	doubt  []string
}

// NewDeriver makes one that finds reasons by some rules.
func NewDeriver(rules []ReasonRule) *Deriver { return &Deriver{rules: rules, place: map[*leg]int{}} }

// Of derives the rows of a conversation: one for the whole, and one for each visit to a queue and each session of a handler, in
// order of time.
func (d *Deriver) Of(c *conversation.Conversation) (*SummaryRow, []LegRow) {
	t := d.fresh(c)
	t.readLegs()
	t.find()
	if len(t.ReasonRules) > 0 {
		t.ruledReasons()
	}
	t.doubts()
	d.summarize()
	d.legRows()
	for i := range d.legs {
		d.sum.count(&d.legs[i])
	}
	return &d.sum, d.legs
}

// mostKept is of how many segments memory is kept for the next conversation.
const mostKept = 4096

// fresh is a teller with the memory of the one before, unless that was an unusual one.
func (d *Deriver) fresh(c *conversation.Conversation) *teller {
	if max(cap(d.t.spans), cap(d.t.made)) > mostKept {
		*d = *NewDeriver(d.rules)
	}
	b := &d.t
	d.t = teller{
		Options: Options{ReasonRules: d.rules}, c: c, brief: true, legs: b.legs, made: b.made, spans: b.spans,
		Account: Account{
			ID: c.ConversationID, Media: b.Media[:0], Visits: b.Visits[:0], Handlers: b.Handlers[:0], Flows: b.Flows[:0],
			Phases: b.Phases[:0], Passes: b.Passes[:0], Doubts: b.Doubts[:0], Reasons: b.Reasons[:0],
		},
	}
	return &d.t
}

// summarize fills the row of the conversation.
func (d *Deriver) summarize() {
	t := &d.t
	d.sum = SummaryRow{
		ID: t.ID, Start: t.Start.Time, End: t.End.Time, EndState: t.EndFact.Value, Left: t.Left.Time, Direction: t.Direction.Value,
		Media: t.Media, From: endRow(t.From), To: endRow(t.To), Parties: int64(len(t.c.Participants)),
		Mismatches: int64(t.wrong), EndedBy: t.closed.by, ReasonLabels: d.sum.ReasonLabels[:0], ReasonValues: d.sum.ReasonValues[:0],
		Doubts: d.doubt[:0],
	}
	s := &d.sum
	if t.closed.leg != nil {
		s.EndedHow = t.closed.leg.how()
	}
	s.times()
	t.whichMedium(s)
	t.sumPhases(s)
	t.countVisits(s)
	t.countHandlers(s)
	t.countPasses(s)
	t.readFlows(s)
	t.readSegments(s)
	for _, r := range t.Reasons {
		s.ReasonLabels, s.ReasonValues = append(s.ReasonLabels, r.Label), append(s.ReasonValues, r.Value)
	}
	for _, x := range t.Doubts {
		if !slices.Contains(s.Doubts, x.Kind) {
			s.Doubts = append(s.Doubts, x.Kind)
		}
	}
	d.doubt = s.Doubts
}

// count counts a leg that was offered to somebody.
func (s *SummaryRow) count(r *LegRow) {
	switch {
	case r.Kind != Offer:
		return
	case r.Outcome == Answered:
		s.OffersAnswered++
	case r.Outcome != Waiting:
		s.OffersMissed++
	}
	s.Offers++
}

func endRow(a Address) EndRow {
	e := EndRow{Address: a.Address, Kind: kindOf(a.Address)}
	if a.leg != nil {
		e.User = a.leg.p.UserID
	}
	return e
}

func (s *SummaryRow) times() {
	if !s.Start.IsZero() && !s.End.IsZero() {
		s.Duration = known(s.End.Sub(s.Start))
	}
	if !s.Start.IsZero() && !s.Left.IsZero() {
		s.Stay = known(s.Left.Sub(s.Start))
	}
}

func (t *teller) whichMedium(s *SummaryRow) {
	if l := t.mainLeg(); l != nil {
		s.MediaType = l.s.MediaType
	}
	if s.MediaType == "" && len(t.Media) > 0 {
		s.MediaType = t.Media[0]
	}
}

// sumPhases takes the sums over from the phases.
func (t *teller) sumPhases(s *SummaryRow) {
	for i := range t.Phases {
		p := &t.Phases[i]
		switch long := time.Duration(p.Lasted); p.Name {
		case IVR, FlowPhase:
			s.InFlows += long
		case QueuePhase:
			s.InQueues = long
		case Ringing:
			s.Rang = long
		case Dialling:
			s.Dialled = long
		case Talk:
			s.Talked = long
		case Hold:
			s.Held, s.Holds = long, int64(p.Times)
		case WrapUpPhase:
			s.WrappedUp = long
		case Voicemail:
			s.Recorded = long
		}
	}
}

func (t *teller) countVisits(s *SummaryRow) {
	s.Visits = int64(len(t.Visits))
	var gaveUp time.Time
	for i := range t.Visits {
		v := &t.Visits[i]
		if v.QueueID != "" {
			if s.FirstQueue == "" {
				s.FirstQueue = v.QueueID
			}
			s.LastQueue = v.QueueID
		}
		switch v.Became {
		case Answered:
			s.VisitsAnswered++
		case LeftQueue:
			s.VisitsLeft++
		case Abandoned:
			s.VisitsAbandoned++
			gaveUp, s.AbandonWait = latest(gaveUp, v.leg.ended()), known(time.Duration(v.Waited))
			if v.leg.has("tShortAbandon") {
				s.ShortAbandons++
			}
		}
	}
	s.Abandoned = s.VisitsAbandoned > 0 && !t.answeredAfter(gaveUp)
}

// answeredAfter says whether an agent came to a talk after an instant.
func (t *teller) answeredAfter(at time.Time) bool {
	return slices.ContainsFunc(t.legs, func(l *leg) bool {
		talk := l.first(Talk)
		return l.p.Purpose == "agent" && talk != nil && !l.reply() && talk.start.After(at)
	})
}

func (t *teller) countHandlers(s *SummaryRow) {
	for i := range t.Handlers {
		h := &t.Handlers[i]
		if s.AnsweredBy == "" && (h.Did == DidAnswer || h.Did == DidBoth) {
			s.AnsweredBy = h.UserID
		}
		if s.PlacedBy == "" && (h.Did == DidPlace || h.Did == DidBoth) {
			s.PlacedBy = h.UserID
		}
		if t.firstTurn(i) {
			s.People++
		}
	}
	for _, l := range t.legs {
		if s.FirstQueue == "" && l.p.Purpose == "agent" {
			s.FirstQueue = l.queue()
		}
	}
	if s.LastQueue == "" {
		s.LastQueue = s.FirstQueue
	}
}

func (t *teller) countPasses(s *SummaryRow) {
	for i := range t.Passes {
		switch t.Passes[i].Kind {
		case Blind:
			s.Blind++
		case Warm:
			s.Warm++
		case Consult:
			s.Consults++
		case Forwarded:
			s.Forwarded++
		case Joined, Connected:
			s.ThirdParties++
		}
	}
}

func (t *teller) readFlows(s *SummaryRow) {
	for i := range t.Flows {
		f := &t.Flows[i]
		if s.FirstFlow == "" {
			s.FirstFlow = f.FlowID
		}
		if f.leg.s.Flow == nil {
			continue
		}
		if s.Chosen == "" {
			s.Chosen = f.leg.s.Flow.TransferTargetAddress
		}
		s.LeftInFlow = s.LeftInFlow || s.Visits == 0 && f.leg.s.Flow.ExitReason == "DISCONNECT"
	}
}

// readSegments takes what single segments say.
func (t *teller) readSegments(s *SummaryRow) {
	var last time.Time
	s.Conference = t.c.ConferenceStart != ""
	for _, l := range t.legs {
		s.Measured = s.Measured || len(l.s.Metrics) > 0
		for i := range l.spans {
			sp := &l.spans[i]
			s.Conference = s.Conference || sp.Conference != nil && *sp.Conference
			if sp.WrapUpCode != "" && !sp.start.Before(last) {
				last, s.LastCode = sp.start, sp.WrapUpCode
			}
		}
	}
}
