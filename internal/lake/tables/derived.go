package tables

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
)

// Derived lists the companions whose rows are an account of a conversation: they follow from the records by rules that change, and
// are derived anew when they do.
func Derived() []Table { return []Table{Summaries, Legs} }

// IsDerived says whether a table is one of Derived.
func (t Table) IsDerived() bool { return t == Summaries || t == Legs }

// Deriving is the rules by which the derived tables are made: those of this program, and those that an organization adds.
type Deriving struct {
	Reasons []account.ReasonRule

	none bool
}

// Underived is for those who want no rows of the derived tables: a benchmark that compares.
func Underived() Deriving { return Deriving{none: true} }

// Version stands for the rules: the number of those of this program, and the checksum of the organization's. It is short enough
// for the bounds that a catalog keeps of a column.
func (d Deriving) Version() string {
	v := strconv.Itoa(account.RulesVersion)
	if len(d.Reasons) == 0 {
		return v
	}
	text, err := json.Marshal(d.Reasons)
	if err != nil {
		return v // texts always have JSON
	}
	sum := sha256.Sum256(text)
	return v + "-" + hex.EncodeToString(sum[:5])
}

// summaryRow is the account of a conversation as a row.
type summaryRow struct {
	id      conversation.ID
	start   time.Time
	version string
	*account.SummaryRow
}

// legRow is one leg of it.
type legRow struct {
	id      conversation.ID
	start   time.Time
	version string
	*account.LegRow
}

// maybe is a whole number that may be unknown.
func maybe[R any](name, doc string, get func(*R) account.Maybe) column[R] {
	return number(name, doc, func(r *R) *int64 {
		n := get(r)
		if !n.Known {
			return nil
		}
		return &n.N
	})
}

// length is how long something took, which is always known.
func length[R any](name, doc string, get func(*R) time.Duration) column[R] {
	return count(name, doc, func(r *R) int64 { return get(r).Milliseconds() })
}

// sure is a truth value that is always there.
func sure[R any](name, doc string, get func(*R) bool) column[R] {
	return need(flag(name, doc, func(r *R) *bool {
		b := get(r)
		return &b
	}))
}

func summaryColumns() []column[summaryRow] {
	type R = summaryRow
	return []column[R]{
		need(text("conversation_id", "conversationId", func(r *R) string { return string(r.id) })),
		need(moment("conversation_start", "conversationStart", func(r *R) time.Time { return r.start })),
		need(text(RulesColumn, "by which the row was derived; rows of other rules are derived anew by parley lake derive", func(r *R) string { return r.version })),
		moment("conversation_end", "conversationEnd, else the end of the last segment; null while it goes on", func(r *R) time.Time { return r.End }),
		text("end_state", "ended, provisional (no conversationEnd, and every segment has ended), going on, unknown", func(r *R) string { return r.EndState }),
		moment("customer_end", "when the party with which it was had gone: what people call the end of a call", func(r *R) time.Time { return r.Left }),
		maybe("duration_ms", "from conversation_start to conversation_end: after-call work and legs that nobody closed count", func(r *R) account.Maybe { return r.Duration }),
		maybe("customer_ms", "from conversation_start to customer_end", func(r *R) account.Maybe { return r.Stay }),
		text("direction", "inbound, outbound, inbound / outbound (outside parties came and were called), internal (users only)", func(r *R) string { return r.Direction }),
		text("media_type", "medium of the party with which it was", func(r *R) string { return r.MediaType }),
		texts("media_types", "all media, by first appearance", func(r *R) []string { return r.Media }),
		text("from_address", "where it came from: the number or address of who began", func(r *R) string { return r.From.Address }),
		text("from_kind", "what from_address is of: phone, sip, email, other", func(r *R) string { return r.From.Kind }),
		text("from_user_id", "the agent or user who began, if one of ours did", func(r *R) string { return r.From.User }),
		text("to_address", "the number or address that was called or written to", func(r *R) string { return r.To.Address }),
		text("to_kind", "what to_address is of: phone, sip, email, other", func(r *R) string { return r.To.Kind }),
		text("to_user_id", "the user who was called, of an internal call", func(r *R) string { return r.To.User }),
		text("answered_by_user_id", "the first agent or user who answered: whose session has an interact and did not begin by calling", func(r *R) string { return r.AnsweredBy }),
		text("placed_by_user_id", "the first agent or user who called: whose session begins with contacting or dialing", func(r *R) string { return r.PlacedBy }),
		text("first_queue_id", "queue of the first visit; without visits that of the first agent's session, as of calls on behalf of a queue", func(r *R) string { return r.FirstQueue }),
		text("last_queue_id", "queue of the last visit; without visits first_queue_id", func(r *R) string { return r.LastQueue }),
		text("first_flow_id", "the first flow or bot that ran", func(r *R) string { return r.FirstFlow }),
		text("chosen_target", "where the first flow that sent the conversation on sent it: id of a queue, flow or user, or a number", func(r *R) string { return r.Chosen }),
		texts("reason_labels", "why they called, by the organization's rules: what each value is called", func(r *R) []string { return r.ReasonLabels }),
		texts("reason_values", "the values, in the order of reason_labels", func(r *R) []string { return r.ReasonValues }),
		length("flow_ms", "in flows and bots: ivr segments, and interact of digital flows", func(r *R) time.Duration { return r.InFlows }),
		length("queue_ms", "waiting in queues: interact of acd", func(r *R) time.Duration { return r.InQueues }),
		length("ring_ms", "ringing at agents and users, answered or not: alert", func(r *R) time.Duration { return r.Rang }),
		length("dial_ms", "dialling: contacting and dialing of agents and users", func(r *R) time.Duration { return r.Dialled }),
		length("talk_ms", "talk: interact of agents and users", func(r *R) time.Duration { return r.Talked }),
		length("hold_ms", "hold: of a chat or message, when the agent worked on another", func(r *R) time.Duration { return r.Held }),
		length("wrap_up_ms", "after-call work: wrapup", func(r *R) time.Duration { return r.WrappedUp }),
		length("voicemail_ms", "recording in mailboxes", func(r *R) time.Duration { return r.Recorded }),
		count("queue_visits", "stays in queues: rows of legs with the kind queue visit", func(r *R) int64 { return r.Visits }),
		count("queue_answered", "of these, answered by an agent", func(r *R) int64 { return r.VisitsAnswered }),
		count("queue_abandoned", "of these, abandoned: tAbandon; without metrics, when no agent follows and the other side ended it", func(r *R) int64 { return r.VisitsAbandoned }),
		count("queue_left", "of these, left without answer or abandon: tFlowOut", func(r *R) int64 { return r.VisitsLeft }),
		count("offers", "sessions of agents and users that were offered it: rows of legs with the kind offer", func(r *R) int64 { return r.Offers }),
		count("offers_answered", "of these, answered", func(r *R) int64 { return r.OffersAnswered }),
		count("offers_missed", "of these, not answered: declined, not answered, given up, taken by another", func(r *R) int64 { return r.OffersMissed }),
		count("blind_transfers", "nBlindTransferred; without counts, sessions that ended by transfer", func(r *R) int64 { return r.Blind }),
		count("consult_transfers", "nConsultTransferred", func(r *R) int64 { return r.Warm }),
		count("consults", "nConsult of sessions whose handler kept the conversation", func(r *R) int64 { return r.Consults }),
		count("forwards", "offers that were forwarded unanswered: alert ended by noAnswerTransfer, notAvailableTransfer or forwardTransfer", func(r *R) int64 { return r.Forwarded }),
		count("third_parties", "outside parties that joined later, or to whom a flow connected", func(r *R) int64 { return r.ThirdParties }),
		count("holds", "number of hold segments of agents and users", func(r *R) int64 { return r.Holds }),
		count("handlers", "different agents and users, by userId", func(r *R) int64 { return r.People }),
		count("participant_count", "number of participants", func(r *R) int64 { return r.Parties }),
		sure("conference", "conferenceStart, or a segment of a conference", func(r *R) bool { return r.Conference }),
		sure("abandoned", "a queue visit was abandoned, and no agent talked after that", func(r *R) bool { return r.Abandoned }),
		sure("left_in_flow", "it reached no queue, and the other side hung up on a flow", func(r *R) bool { return r.LeftInFlow }),
		maybe("abandon_wait_ms", "wait of the last abandoned visit", func(r *R) account.Maybe { return r.AbandonWait }),
		count("short_abandons", "abandoned visits below the platform's threshold: tShortAbandon", func(r *R) int64 { return r.ShortAbandons }),
		text("ended_by", "purpose of the party that ended it, or platform, flow, voicemail, another party, line (it failed), timeout, passed on, unknown; null while it goes on", func(r *R) string { return r.EndedBy }),
		text("ended_how", "disconnectType of the session that says so", func(r *R) string { return r.EndedHow }),
		text("last_wrap_up_code", "wrap-up code of the last wrapup that has one", func(r *R) string { return r.LastCode }),
		texts("doubts", "what the record misleads about, by kind", func(r *R) []string { return r.Doubts }),
		count("mismatches", "metrics that differ from the segments that they measure, where no known exception says why", func(r *R) int64 { return r.Mismatches }),
		sure("measured", "some session has metrics; records before 2018 have none", func(r *R) bool { return r.Measured }),
	}
}

func legColumns() []column[legRow] {
	type R = legRow
	return []column[R]{
		need(text("conversation_id", "conversationId", func(r *R) string { return string(r.id) })),
		need(moment("conversation_start", "conversationStart", func(r *R) time.Time { return r.start })),
		need(text(RulesColumn, "by which the row was derived", func(r *R) string { return r.version })),
		count("leg_index", "position among the legs of the conversation, from 0, by their start", func(r *R) int64 { return r.Index }),
		need(text("kind", "queue visit, offer, placed call, supervision, reply (to an email, in a session of its own), other share", func(r *R) string { return r.Kind })),
		maybe("visit_index", "which queue visit of the conversation it is, from 0, or to which an offer belongs", func(r *R) account.Maybe { return r.Visit }),
		text("queue_id", "queue of the session: of its first segment that has one", func(r *R) string { return r.Queue }),
		text("user_id", "userId", func(r *R) string { return r.User }),
		text("participant_id", "participantId: with session_id it joins segments and metrics", func(r *R) string { return r.Participant }),
		text("session_id", "sessionId", func(r *R) string { return r.Session }),
		text("purpose", "acd, agent or user", func(r *R) string { return r.Purpose }),
		text("media_type", "mediaType", func(r *R) string { return r.Media }),
		text("direction", "direction of this session, seen from the contact centre", func(r *R) string { return r.Direction }),
		moment("started_at", "start of the first segment", func(r *R) time.Time { return r.Start }),
		moment("offered_at", "when the wait in the queue, or the ringing at the person, began", func(r *R) time.Time { return r.Offered }),
		moment("answered_at", "when the person began to talk; of a visit, the agent who answered it", func(r *R) time.Time { return r.Answered }),
		moment("ended_at", "end of the last segment, wrap-up apart; null while it lasts", func(r *R) time.Time { return r.Ended }),
		need(text("outcome", "of a visit: answered, abandoned, left the queue, closed by the platform, waiting, unknown; of an offer: answered, declined, not answered, given up, taken by another, waiting; of a placed call: reached, not reached, waiting; else done", func(r *R) string { return r.Outcome })),
		maybe("wait_ms", "of a visit: interact of acd; of an offer: tAnswered, else that of the visit that it answered", func(r *R) account.Maybe { return r.Wait }),
		maybe("ring_ms", "alert", func(r *R) account.Maybe { return r.Ring }),
		maybe("dial_ms", "contacting and dialing", func(r *R) account.Maybe { return r.Dial }),
		maybe("talk_ms", "interact of the person; null of a reply, whose time is that of the email", func(r *R) account.Maybe { return r.Talk }),
		maybe("hold_ms", "hold", func(r *R) account.Maybe { return r.Hold }),
		count("holds", "number of hold segments", func(r *R) int64 { return r.Holds }),
		maybe("wrap_up_ms", "wrapup", func(r *R) account.Maybe { return r.WrapUp }),
		count("offers", "of a visit: offers to people that belong to it", func(r *R) int64 { return r.LegRow.Offers }),
		count("offers_missed", "of these, not answered", func(r *R) int64 { return r.Missed }),
		text("came_by", "how it came: queue (an offer of a visit, or a visit that another queue let go), flow, consult, blind transfer, transfer after a consult, forwarded, transfer (the record says no more), or the flowInType", func(r *R) string { return r.CameBy }),
		text("came_from_user_id", "who passed it on, or asked", func(r *R) string { return r.CameFrom }),
		text("handed_on", "how the person handed it on: blind transfer, transfer after a consult, forwarded; of a visit flow out, where another queue got it", func(r *R) string { return r.HandedOn }),
		text("to_purpose", "purpose of the party that got it first", func(r *R) string { return r.ToPurpose }),
		text("to_queue_id", "queue that it was handed on to, or from which it was answered then", func(r *R) string { return r.ToQueue }),
		text("to_user_id", "agent or user who got it first", func(r *R) string { return r.ToUser }),
		text("reached_user_id", "agent or user who talked then", func(r *R) string { return r.LegRow.Reached }),
		count("consults", "nConsult that was no transfer", func(r *R) int64 { return r.LegRow.Consults }),
		count("third_parties", "outside parties whom the person brought in", func(r *R) int64 { return r.LegRow.ThirdParties }),
		text("wrap_up_code", "code of the last wrapup of the session that has one", func(r *R) string { return r.Code }),
		text("wrap_up_note", "note of the last wrapup of the session that has one", func(r *R) string { return r.Note }),
		text("disconnect_type", "disconnectType with which it ended, wrap-up apart", func(r *R) string { return r.Disconnect }),
		sure("over_sla", "nOverSla: the wait was longer than the queue's target", func(r *R) bool { return r.OverSLA }),
		sure("short_abandon", "tShortAbandon", func(r *R) bool { return r.LegRow.ShortAbandon }),
		sure("conference", "a segment of it is of a conference", func(r *R) bool { return r.LegRow.Conference }),
		text("source_conversation_id", "conversation from which the session came", func(r *R) string { return r.SourceID }),
		sure("measured", "the session has metrics", func(r *R) bool { return r.LegRow.Measured }),
	}
}

// RulesColumn names the column that says by which rules a row was derived: Deriving.Version.
const RulesColumn = "rules_version"

// DerivedShredder turns versions into rows of the derived tables alone.
type DerivedShredder struct{ deriver }

// NewDerivedShredder makes one, as NewShredder does.
func NewDerivedShredder(mem memory.Allocator, by Deriving, give func(Table, arrow.RecordBatch)) *DerivedShredder {
	to := func(t Table) func(arrow.RecordBatch) { return func(rows arrow.RecordBatch) { give(t, rows) } }
	return &DerivedShredder{*newDeriver(mem, by, RowsAtOnce, companionsAtOnce, to)}
}

// AddDecoded derives the rows of a version of which c is known.
func (s *DerivedShredder) AddDecoded(v conversation.Version, c *conversation.Conversation) {
	s.add(v, c)
}

// Flush hands on the rows gathered so far.
func (s *DerivedShredder) Flush() { s.flush() }

// deriver shreds the derived tables.
type deriver struct {
	rows      *account.Deriver
	version   string
	summaries *rows[summaryRow]
	legs      *rows[legRow]
}

// newDeriver is nil when nothing is to be derived.
func newDeriver(mem memory.Allocator, by Deriving, versions, legs int, to func(Table) func(arrow.RecordBatch)) *deriver {
	if by.none {
		return nil
	}
	return &deriver{
		account.NewDeriver(by.Reasons), by.Version(),
		newRows(mem, summaryColumns(), versions, to(Summaries)), newRows(mem, legColumns(), legs, to(Legs)),
	}
}

// add derives the rows of a conversation.
func (d *deriver) add(v conversation.Version, c *conversation.Conversation) {
	if d == nil {
		return
	}
	s, legs := d.rows.Of(c)
	d.summaries.add(&summaryRow{v.ID, v.Start, d.version, s})
	row := legRow{id: v.ID, start: v.Start, version: d.version}
	d.legs.addRun(len(legs), 0, func(i int) *legRow {
		row.LegRow = &legs[i]
		return &row
	})
}

func (d *deriver) flush() {
	if d == nil {
		return
	}
	d.summaries.flush()
	d.legs.flush()
}
