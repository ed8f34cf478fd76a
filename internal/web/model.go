package web

import (
	"cmp"
	"crypto/sha256"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/shelf"
	"github.com/parley-hq/parley/internal/wire"
)

// model is what the pages of a conversation are made of, as some visitors may see it. It never changes, so that who zooms into a
// record of 20 MB does not have it decoded again. Nothing of the text is in it.
type model struct {
	account    account.Account
	parties    []partyMore // beside those of the account
	steps      []stepAt    // segments, in order of time
	attributes []attribute
	until      time.Time // to when what has no end is drawn
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

// stepAt is a segment: a state of a party.
type stepAt struct{ party, state int }

// modelKey tells models apart: no visitor is given one that was made for others, who may see more, or of another record.
type modelKey struct {
	organization string
	id           conversation.ID
	sum          [sha256.Size]byte
	masked       bool
	names        int64 // since when names have not been looked up again; 0 where there are none
}

// Models take 40 MiB, masked records 24 MiB: together they are the 64 MiB that pages may keep.
const (
	modelBytes = 40 << 20
	textBytes  = 24 << 20
)

// weight is the room that the model of a record is given. Models of large records were measured to take 0.7 to 1.4 times as much as
// their records: TestModelsAreCountedForWhatTheyTake.
func weight(record []byte) int64 { return int64(len(record)) * 3 / 2 }

// namesLast is how long names that were looked up are shown before they are looked up again.
const namesLast = 5 * time.Minute

// models are those that were used last, and the texts of records that were masked.
type models struct {
	made  *shelf.Shelf[modelKey, *model]
	texts *shelf.Shelf[modelKey, conversation.Record]
}

func newModels() models {
	return models{shelf.New[modelKey, *model](modelBytes), shelf.New[modelKey, conversation.Record](textBytes)}
}

// seen is the conversation of the address as its visitor may see it.
type seen struct {
	v   *visit
	raw conversation.Record
	key modelKey
}

// looked finds the conversation of the address. Whether somebody may see it is asked each time, whatever is kept.
func (v *visit) looked() (seen, error) {
	text, err := v.ask(http.MethodGet, "/api/v2/analytics/conversations/"+url.PathEscape(v.r.PathValue("id"))+"/details", nil)
	if err != nil {
		return seen{}, err
	}
	raw, err := wire.Record(text)
	return seen{v, raw, modelKey{organization: v.who.Organization, id: raw.ID, sum: raw.Sum(), masked: v.masked()}}, err
}

// masked says whether personal data is masked for the visitor.
func (v *visit) masked() bool { return !v.who.Has(access.ViewPersonalData) }

// record is the record, masked if need be.
func (s seen) record() (conversation.Record, error) {
	if !s.key.masked {
		return s.raw, nil
	}
	return s.v.web.models.texts.Get(s.key, func() (conversation.Record, int64, error) {
		r, err := s.v.web.masks.of(s.v.who, s.raw)
		return r, int64(len(r.JSON)), err
	})
}

// model is the model of the record. Names may have changed since it was made, so one that is old is made again.
func (s seen) model() (*model, error) {
	key := s.key
	key.names = s.v.web.cfg.Now().Truncate(namesLast).Unix()
	return s.v.web.models.made.Get(key, func() (*model, int64, error) {
		m, err := s.make()
		return m, weight(s.raw.JSON), err
	})
}

func (s seen) make() (*model, error) {
	r, err := s.record()
	if err != nil {
		return nil, err
	}
	c, _ := wire.Decode(r.JSON)
	if s.key.masked {
		if err := nameThings(c, s.raw.JSON); err != nil {
			return nil, err
		}
	}
	book, err := s.names(c)
	if err != nil {
		return nil, err
	}
	return modelOf(c, func(of account.Noun, id string) string {
		if !s.v.mayName(of) {
			return ""
		}
		return book.Label(names.Kind(of), id)
	}), nil
}

// names looks up what the record names by id.
func (s seen) names(c *conversation.Conversation) (*names.Book, error) {
	ids := map[names.Kind][]string{}
	for of, named := range account.Named(c) {
		if s.v.mayName(of) {
			ids[names.Kind(of)] = named
		}
	}
	return s.v.web.cfg.Data.Names(s.v.ctx(), s.v.who.Organization, ids)
}

// mayName says whether names of something may be seen: those of people are personal data.
func (v *visit) mayName(of account.Noun) bool { return of != account.User || !v.masked() }

func modelOf(c *conversation.Conversation, called account.Names) *model {
	m := &model{account: account.Of(c, account.Options{Names: called}), parties: make([]partyMore, len(c.Participants))}
	texts := owner{}
	if n := len(m.account.Axis); n > 0 {
		m.until = m.account.Axis[n-1].End
	}
	for p := range c.Participants {
		m.parties[p] = partyOf(&c.Participants[p], m.account.Parties[p].States, texts)
		m.parties[p].to = slices.DeleteFunc(m.parties[p].to, func(id string) bool { return id == string(c.ConversationID) })
		for i := range m.account.Parties[p].States {
			m.steps = append(m.steps, stepAt{p, i})
		}
	}
	slices.SortStableFunc(m.steps, func(x, y stepAt) int { return m.state(x).Start.Compare(m.state(y).Start.Time) })
	m.attributes = attributesOf(c)
	for _, has := range []any{&m.account, &m.attributes} {
		texts.all(reflect.ValueOf(has).Elem())
	}
	return m
}

// state is what a step tells.
func (m *model) state(s stepAt) account.State { return m.account.Parties[s.party].States[s.state] }

// end is when a state ended, or until when it is drawn.
func (m *model) end(st account.State) time.Time {
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

type attribute struct{ Key, Value string }

// attributesOf lists those of all participants, by name.
func attributesOf(c *conversation.Conversation) (out []attribute) {
	for _, p := range c.Participants {
		for key, value := range p.Attributes {
			out = append(out, attribute{key, value})
		}
	}
	slices.SortFunc(out, func(x, y attribute) int {
		return cmp.Or(strings.Compare(x.Key, y.Key), strings.Compare(x.Value, y.Value))
	})
	return slices.Compact(out)
}
