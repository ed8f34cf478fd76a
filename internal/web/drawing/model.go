package drawing

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
)

// Model is what the pages of a conversation are made of, as some visitors may see it. It never changes, so that who zooms into a
// record of 20 MB does not have it decoded again. Nothing of the text is in it.
type Model struct {
	Account    account.Account
	Steps      []Step      // segments, in order of time
	Attributes []Attribute // of all participants, by name

	parties []partyMore // beside those of the account
	until   time.Time   // to when what has no end is drawn
}

// partyMore is what of a participant is drawn, and is not in the account.
type partyMore struct {
	states []stateMore
	marks  []time.Time // when its metrics were emitted
	from   []string    // conversations from which it came
	to     []string    // conversations to which it went
}

// stateMore is how a segment ended.
type stateMore struct {
	ended  string
	failed bool
}

// Step is a segment: a state of a party, by the places of both in the account.
type Step struct{ Party, State int }

// Of makes the model of a conversation. Things are called what they are called by called, or else by their ids. What has no end lasts
// until asOf, or, if that is zero, to the latest time in the record.
func Of(c *conversation.Conversation, called account.Names, asOf time.Time) *Model {
	m := &Model{Account: account.Of(c, account.Options{Names: called, AsOf: asOf}), parties: make([]partyMore, len(c.Participants))}
	texts := owner{}
	if n := len(m.Account.Axis); n > 0 {
		m.until = m.Account.Axis[n-1].End
	}
	for p := range c.Participants {
		m.parties[p] = partyOf(&c.Participants[p], m.Account.Parties[p].States, texts)
		m.parties[p].to = slices.DeleteFunc(m.parties[p].to, func(id string) bool { return id == string(c.ConversationID) })
		for i := range m.Account.Parties[p].States {
			m.Steps = append(m.Steps, Step{p, i})
		}
	}
	slices.SortStableFunc(m.Steps, func(x, y Step) int { return m.State(x).Start.Compare(m.State(y).Start.Time) })
	m.Attributes = m.attributesOf(c)
	for _, has := range []any{&m.Account, &m.Attributes} {
		texts.all(reflect.ValueOf(has).Elem())
	}
	return m
}

// State is what a step tells.
func (m *Model) State(s Step) account.State { return m.Account.Parties[s.Party].States[s.State] }

// Ended says in words how a step ended; empty where nobody knows.
func (m *Model) Ended(s Step) string { return m.parties[s.Party].states[s.State].ended }

// end is when a state ended, or until when it is drawn.
func (m *Model) end(st account.State) time.Time {
	if st.End.IsZero() || st.End.Before(st.Start.Time) {
		return m.until
	}
	return st.End.Time
}

func partyOf(p *conversation.Participant, states []account.State, texts owner) partyMore {
	out := partyMore{states: make([]stateMore, len(states))}
	for i, st := range states {
		g := &p.Sessions[st.Session].Segments[st.Segment]
		how := ended[g.DisconnectType]
		if g.ErrorCode != "" {
			how = strings.TrimPrefix(how+", "+g.ErrorCode, ", ")
		}
		out.states[i] = stateMore{texts.text(how), g.ErrorCode != ""}
		out.from, out.to = another(out.from, texts.text(g.SourceConversationID)), another(out.to, texts.text(g.DestinationConversationID))
	}
	for i := range p.Sessions {
		for _, x := range p.Sessions[i].Metrics {
			if at, err := conversation.ParseTime(x.EmitDate); err == nil {
				out.marks = append(out.marks, at)
			}
		}
	}
	slices.SortFunc(out.marks, time.Time.Compare)
	out.marks = slices.CompactFunc(out.marks, time.Time.Equal)
	return out
}

// mostTies is how many other conversations are told of at a lane.
const mostTies = 3

// another adds an id that is not there yet.
func another(ids []string, id string) []string {
	if id == "" || len(ids) == mostTies || slices.Contains(ids, id) {
		return ids
	}
	return append(ids, id)
}

// ended says in words how a segment ended, by its disconnectType.
var ended = map[string]string{
	"peer": "the other side left", "client": "left in the client", "endpoint": "hung up", "transfer": "passed on", "system": "ended by the platform",
	"timeout": "timed out", "error": "failed", "conferenceTransfer": "passed on to a conference", "consultTransfer": "passed on after a consult", "forwardTransfer": "forwarded",
	"noAnswerTransfer": "passed on, nobody answered", "notAvailableTransfer": "passed on, nobody was there", "spam": "taken for spam", "transportFailure": "the line failed",
	"uncallable": "not to be called",
}

// Attribute is one of a participant, with what they are called.
type Attribute struct{ Key, Value, Who string }

// attributesOf lists those of all participants, by name.
func (m *Model) attributesOf(c *conversation.Conversation) (out []Attribute) {
	for n := range c.Participants {
		for key, value := range c.Participants[n].Attributes {
			out = append(out, Attribute{key, value, m.Name(n)})
		}
	}
	slices.SortFunc(out, func(x, y Attribute) int {
		return cmp.Or(strings.Compare(x.Key, y.Key), strings.Compare(x.Who, y.Who), strings.Compare(x.Value, y.Value))
	})
	return out
}
