package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/wire"
)

// conversationBody is the page of a conversation.
type conversationBody struct {
	ID         conversation.ID
	Sentence   string
	Doubts     []account.Doubt
	Facts      []fact
	Scale      string
	Scales     []choice
	Drawing    drawing
	Steps      []step
	Detail     *detail
	Checks     []check
	Attributes []attribute
	More       int // attributes that are not listed
	Masked     bool
	Day        string
	Size       string

	account account.Account
	record  *conversation.Conversation
	until   time.Time // to when what has no end is drawn
	query   url.Values
}

// fact is a figure of a conversation.
type fact struct{ Class, Name, Value, More string }

// step is a segment in words.
type step struct {
	ID, At, Who, Class, Phase, Lasted, Ended string
	Address                                  string
	Chosen                                   bool
	start                                    time.Time
}

// detail is all of a segment that somebody looks at.
type detail struct {
	Title string
	Path  string
	Rows  [][2]string
}

// check is a metric beside its segments.
type check struct {
	Text   string
	Agrees bool
}

type attribute struct{ Key, Value string }

// scales are how time can be drawn.
var scales = []string{"folded", "true"}

// told is the account of the conversation of the address, as its visitor may see it.
func (v *visit) told() (account.Account, *conversation.Conversation, conversation.Record, error) {
	raw, r, err := v.records()
	if err != nil {
		return account.Account{}, nil, r, err
	}
	c, _ := wire.Decode(r.JSON)
	whole, _ := wire.Decode(raw.JSON)
	nameThings(c, whole)
	ids := map[names.Kind][]string{}
	account.Of(c, account.Options{Names: func(of account.Noun, id string) string {
		if k := names.Kind(of); v.mayName(of) && !slices.Contains(ids[k], id) {
			ids[k] = append(ids[k], id)
		}
		return ""
	}})
	book, err := v.web.cfg.Data.Names(v.ctx(), v.who.Organization, ids)
	if err != nil {
		return account.Account{}, nil, r, err
	}
	called := func(of account.Noun, id string) string {
		if !v.mayName(of) {
			return ""
		}
		return book.Label(names.Kind(of), id)
	}
	return account.Of(c, account.Options{Names: called}), c, r, nil
}

// mayName says whether names of something may be seen: those of people are personal data.
func (v *visit) mayName(of account.Noun) bool {
	return of != account.User || v.who.Has(access.ViewPersonalData)
}

// records are the conversation of the address as it is, and masked if need be.
func (v *visit) records() (raw, shown conversation.Record, err error) {
	text, err := v.ask(http.MethodGet, "/api/v2/analytics/conversations/"+url.PathEscape(v.r.PathValue("id"))+"/details", nil)
	if err != nil {
		return raw, shown, err
	}
	if raw, err = wire.Record(text); err != nil {
		return raw, shown, err
	}
	shown, err = v.web.masks.of(v.who, raw)
	return raw, shown, err
}

func accountJSON(v *visit) error {
	a, _, _, err := v.told()
	if err != nil {
		return err
	}
	v.sendJSON(http.StatusOK, a)
	return nil
}

func recordJSON(v *visit) error {
	_, r, err := v.records()
	if err != nil {
		return err
	}
	v.sendText(http.StatusOK, r.JSON)
	return nil
}

// findPage goes to the conversation of an id that somebody gives, or asks for one.
func findPage(v *visit) error {
	if id := strings.TrimSpace(v.r.URL.Query().Get("id")); id != "" {
		return v.redirect("/ui/conversation/" + url.PathEscape(id))
	}
	return v.show("find", page{Title: "Conversation", Here: "Conversation"})
}

func conversationPage(v *visit) error {
	q := v.r.URL.Query()
	scale := cmp.Or(q.Get("scale"), scales[0])
	if !slices.Contains(scales, scale) {
		return fault.Field("scale", "scale is one of %s", strings.Join(scales, ", "))
	}
	var follows live
	if v.web.cfg.Live {
		of, err := v.following("conversation/" + v.r.PathValue("id"))
		if err != nil {
			return err
		}
		follows = of
	}
	a, c, r, err := v.told()
	if err != nil {
		return err
	}
	b := &conversationBody{
		ID: a.ID, Sentence: a.Sentence, Doubts: a.Doubts, Scale: scale, Masked: !v.who.Has(access.ViewPersonalData), Size: size(len(r.JSON)),
		account: a, record: c, query: q,
	}
	if n := len(a.Axis); n > 0 {
		b.until = a.Axis[n-1].End
	}
	if !a.Start.IsZero() {
		b.Day = a.Start.UTC().Format("2006-01-02")
	}
	for _, s := range scales {
		b.Scales = append(b.Scales, choice{s, b.address(map[string]string{"scale": s}), s == scale})
	}
	b.tell(q.Get("seg"))
	return v.show("conversation", page{
		Title: "Conversation " + string(a.ID[:min(8, len(a.ID))]), Here: "Conversation", Body: b, Live: follows,
		JSON: "/parley/v1/conversations/" + string(a.ID) + "/account", Command: "parley get " + string(a.ID),
	})
}

// address is that of the same page with something changed.
func (b *conversationBody) address(change map[string]string) string {
	q := url.Values{}
	for _, key := range []string{"scale", "seg"} {
		if value := cmp.Or(change[key], b.query.Get(key)); value != "" {
			q.Set(key, value)
		}
	}
	return "/ui/conversation/" + string(b.ID) + "?" + q.Encode()
}

// tell fills in what is read from the account.
func (b *conversationBody) tell(chosen string) {
	b.Facts = factsOf(b.account)
	b.Drawing = b.draw(chosen)
	b.steps(chosen)
	for _, c := range b.account.Checks {
		if c.Exception == "" {
			b.Checks = append(b.Checks, check{fmt.Sprintf("%s of %s is %v; its segments are %v", c.Metric, b.account.Parties[c.Party].Label, c.Measured, c.Segments), c.Agrees})
		}
	}
	slices.SortStableFunc(b.Checks, func(x, y check) int { return boolInt(x.Agrees) - boolInt(y.Agrees) })
	b.attributes()
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// factsOf are the figures that people ask for first.
func factsOf(a account.Account) []fact {
	out := []fact{{Name: "Direction", Value: cmp.Or(a.Direction.Value, "unknown")}}
	if !a.Start.IsZero() {
		out = append(out, fact{Name: "Began", Value: a.Start.UTC().Format("15:04:05"), More: a.Start.UTC().Format("2 Jan 2006")})
	}
	for _, p := range a.Phases {
		more := ""
		if p.Times > 1 {
			more = "in " + strconv.Itoa(p.Times)
		}
		out = append(out, fact{kindOf(p.Name), p.Name, p.Lasted.String(), more})
	}
	return out
}

// mostSteps is how many segments are listed.
const mostSteps = 500

// steps lists the segments in order of time.
func (b *conversationBody) steps(chosen string) {
	var first time.Time
	if len(b.account.Axis) > 0 {
		first = b.account.Axis[0].Start
	}
	for p, party := range b.account.Parties {
		for _, st := range party.States {
			s := b.step(p, party.Label, st, first)
			s.Chosen = s.ID == chosen
			if s.Chosen {
				b.Detail = b.detail(p, party.Label, st)
			}
			b.Steps = append(b.Steps, s)
		}
	}
	slices.SortStableFunc(b.Steps, func(x, y step) int { return x.start.Compare(y.start) })
	if len(b.Steps) > mostSteps {
		b.Steps = b.Steps[:mostSteps]
	}
}

func (b *conversationBody) step(party int, who string, st account.State, first time.Time) step {
	g, id := b.segment(party, st), place(party, st)
	out := step{
		ID: id, At: "+" + account.Length(st.Start.Sub(first)).String(), Who: who, Class: kindOf(st.Phase), Phase: st.Phase,
		Ended: ended[g.DisconnectType], Address: b.address(map[string]string{"seg": id}) + "#s" + id, start: st.Start.Time,
	}
	switch {
	case st.End.IsZero():
		out.Lasted = "lasts"
	default:
		out.Lasted = account.Length(st.End.Sub(st.Start.Time)).String()
	}
	if g.ErrorCode != "" {
		out.Ended = strings.TrimPrefix(out.Ended+", "+g.ErrorCode, ", ")
	}
	return out
}

// ended says in words how a segment ended, by its disconnectType.
var ended = map[string]string{
	"peer": "the other side left", "client": "left in the client", "endpoint": "hung up", "transfer": "passed on", "system": "ended by the platform",
	"timeout": "timed out", "error": "failed", "conferenceTransfer": "passed on to a conference", "consultTransfer": "passed on after a consult", "forwardTransfer": "forwarded",
	"noAnswerTransfer": "passed on, nobody answered", "notAvailableTransfer": "passed on, nobody was there", "spam": "taken for spam", "transportFailure": "the line failed",
	"uncallable": "not to be called",
}

// segment is the one that a state was read from.
func (b *conversationBody) segment(party int, st account.State) *conversation.Segment {
	return &b.record.Participants[party].Sessions[st.Session].Segments[st.Segment]
}

// detail tells all of a segment.
func (b *conversationBody) detail(party int, who string, st account.State) *detail {
	g := b.segment(party, st)
	d := &detail{Title: st.Phase + " · " + who, Path: fmt.Sprintf("participants[%d].sessions[%d].segments[%d]", party, st.Session, st.Segment)}
	add := func(name, value string) {
		if value != "" {
			d.Rows = append(d.Rows, [2]string{name, value})
		}
	}
	add("from", g.SegmentStart)
	add("to", g.SegmentEnd)
	if !st.End.IsZero() {
		add("lasted", account.Length(st.End.Sub(st.Start.Time)).String())
	}
	add("segmentType", g.SegmentType)
	add("disconnectType", g.DisconnectType)
	add("errorCode", g.ErrorCode)
	add("queueId", g.QueueID)
	add("wrapUpCode", g.WrapUpCode)
	add("wrapUpNote", g.WrapUpNote)
	add("sourceConversationId", g.SourceConversationID)
	add("destinationConversationId", g.DestinationConversationID)
	add("subject", g.Subject)
	return d
}

// marks are when the metrics of a party were emitted.
func (b *conversationBody) marks(party int, s scaling) (out []float64) {
	for _, session := range b.record.Participants[party].Sessions {
		for _, m := range session.Metrics {
			if at, err := conversation.ParseTime(m.EmitDate); err == nil {
				out = append(out, s.scale.At(at))
			}
		}
	}
	return out
}

// mostAttributes is how many attributes are listed.
const mostAttributes = 40

// attributes lists those of all participants, by name.
func (b *conversationBody) attributes() {
	for _, p := range b.record.Participants {
		for key, value := range p.Attributes {
			b.Attributes = append(b.Attributes, attribute{key, value})
		}
	}
	slices.SortFunc(b.Attributes, func(x, y attribute) int {
		return cmp.Or(strings.Compare(x.Key, y.Key), strings.Compare(x.Value, y.Value))
	})
	b.Attributes = slices.Compact(b.Attributes)
	if len(b.Attributes) > mostAttributes {
		b.More, b.Attributes = len(b.Attributes)-mostAttributes, b.Attributes[:mostAttributes]
	}
}

// size writes a number of bytes for people.
func size(n int) string {
	switch {
	case n < 1000:
		return strconv.Itoa(n) + " bytes"
	case n < 1_000_000:
		return strconv.FormatFloat(float64(n)/1000, 'f', 1, 64) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1_000_000, 'f', 1, 64) + " MB"
}
