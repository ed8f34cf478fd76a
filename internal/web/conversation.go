package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/web/drawing"
	"github.com/parley-hq/parley/internal/web/tree"
	"github.com/parley-hq/parley/internal/web/words"
)

// conversationBody is the page of a conversation.
type conversationBody struct {
	ID         conversation.ID
	Sentence   string
	Doubts     []account.Doubt
	MoreDoubts int
	Facts      []fact
	Tab        string
	Tabs       []choice
	Masked     bool
	Day        string
	Size       string

	Scales     []choice
	Drawing    drawing.Timeline
	Steps      stepsPage
	Detail     *detail
	Checks     []drawing.Check
	MoreChecks int
	Attributes attributesPage
	Record     *recordPage
	Compare    *comparePage

	model *drawing.Model
	view  *drawing.View
}

// fact is a figure of a conversation.
type fact struct{ Class, Name, Value, More string }

// part is which of many are shown, and the addresses of those before and behind them.
type part struct {
	From, Until, Of int
	Before, Behind  string
}

// stepsPage is some of the segments in words.
type stepsPage struct {
	part

	List []step
}

// step is a segment in words.
type step struct {
	ID, At, Who, Class, Phase, Lasted, Ended string
	Address                                  string
	Chosen                                   bool
}

// detail is all of a segment that somebody looks at.
type detail struct {
	Title, Path, Address string
	Rows                 []row
}

// row is a member with its value, which may lead somewhere.
type row struct{ Name, Value, Address string }

// attributesPage is some of the attributes.
type attributesPage struct {
	part

	List []drawing.Attribute
}

// accountJSON gives the account of a conversation to programs.
func accountJSON(v *visit) error {
	s, err := v.looked()
	if err != nil {
		return err
	}
	m, err := s.model()
	if err != nil {
		return err
	}
	v.sendJSON(http.StatusOK, m.Account)
	return nil
}

// timelineJSON gives the drawing of a conversation to programs.
func timelineJSON(v *visit) error {
	w, err := drawing.Read(v.r.URL.Query())
	if err != nil {
		return err
	}
	s, err := v.looked()
	if err != nil {
		return err
	}
	m, err := s.model()
	if err != nil {
		return err
	}
	d, err := m.Draw(&w)
	if err != nil {
		return err
	}
	v.sendJSON(http.StatusOK, d)
	return nil
}

// findPage goes to the conversation of an id that somebody gives, or asks for one.
func findPage(v *visit) error {
	if id := strings.TrimSpace(v.r.URL.Query().Get("id")); id != "" {
		return v.redirect(drawing.Address(id))
	}
	return v.show("find", page{Title: "Conversation", Here: "Conversation"})
}

func conversationPage(v *visit) error {
	w, err := drawing.Read(v.r.URL.Query())
	if err != nil {
		return err
	}
	follows, err := v.followingIfLive("conversation/" + v.r.PathValue("id"))
	if err != nil {
		return err
	}
	s, err := v.looked()
	if err != nil {
		return err
	}
	m, err := s.model()
	if err != nil {
		return err
	}
	b := &conversationBody{ID: s.raw.ID, Tab: w.Tab, Masked: v.masked(), Size: words.Size(len(s.raw.JSON)), model: m, view: &w}
	b.head()
	p := page{
		Title: "Conversation " + string(b.ID[:min(8, len(b.ID))]), Here: "Conversation", Body: b, Live: follows,
		JSON: "/parley/v1/conversations/" + url.PathEscape(string(b.ID)) + "/account", Command: commandOn("parley get", string(b.ID), v.where()),
	}
	if err := b.fill(s, &p); err != nil {
		return err
	}
	return v.show("conversation", p)
}

// fill tells what the tab is about.
func (b *conversationBody) fill(s seen, p *page) error {
	switch b.Tab {
	case "attributes":
		p.Command = commandOn("parley get", string(b.ID), " --record"+s.v.where())
		b.attributes()
		return nil
	case "record":
		return b.record(s, p)
	case "compare":
		return b.compare(s, p)
	}
	return b.tell(s)
}

// mostDoubts is how many doubts a page begins with.
const mostDoubts = 12

// head tells what stands over each tab.
func (b *conversationBody) head() {
	a := &b.model.Account
	b.Sentence, b.Doubts, b.Facts = a.Sentence, a.Doubts, factsOf(a)
	if len(b.Doubts) > mostDoubts {
		b.MoreDoubts, b.Doubts = len(b.Doubts)-mostDoubts, b.Doubts[:mostDoubts]
	}
	if !a.Start.IsZero() {
		b.Day = a.Start.UTC().Format("2006-01-02")
	}
	for _, t := range drawing.Tabs {
		name := t
		if n := len(b.model.Attributes); t == "attributes" && n > 0 {
			name += " " + words.Count(int64(n))
		}
		b.Tabs = append(b.Tabs, choice{name, b.view.With("tab", strings.TrimPrefix(t, drawing.Tabs[0])), t == b.Tab})
	}
}

// tell fills in what is read from the account.
func (b *conversationBody) tell(s seen) (err error) {
	for _, name := range drawing.Scales {
		b.Scales = append(b.Scales, choice{name, b.view.With("scale", name) + drawing.Anchor, name == b.view.Scale})
	}
	if b.Drawing, err = b.model.Draw(b.view); err != nil {
		return err
	}
	b.steps()
	b.Checks, b.MoreChecks = b.model.Checks()
	return b.detail(s)
}

// factsOf are the figures that people ask for first.
func factsOf(a *account.Account) []fact {
	out := []fact{{Name: "Direction", Value: cmp.Or(a.Direction.Value, "unknown")}}
	if !a.Start.IsZero() {
		out = append(out, fact{Name: "Began", Value: a.Start.UTC().Format("15:04:05"), More: a.Start.UTC().Format("2 Jan 2006")})
	}
	for _, p := range a.Phases {
		more := ""
		if p.Times > 1 {
			more = "in " + strconv.Itoa(p.Times)
		}
		out = append(out, fact{drawing.KindOf(p.Name), p.Name, p.Lasted.String(), more})
	}
	return out
}

// pageOf is how many segments or attributes are listed at once.
const pageOf = 500

// pageAt is the page of so many things that begins behind some of them.
func pageAt(w *drawing.View, after, of int, anchor string) part {
	after = min(after, of)
	p := part{From: after + 1, Until: min(after+pageOf, of), Of: of}
	at := func(after int) string {
		return w.With("tab", strings.TrimPrefix(w.Tab, drawing.Tabs[0]), "after", strings.TrimPrefix(strconv.Itoa(after), "0")) + anchor
	}
	if after > 0 {
		p.Before = at(max(after-pageOf, 0))
	}
	if p.Until < of {
		p.Behind = at(p.Until)
	}
	return p
}

// steps lists segments in the order of time: those that the address says, or else those around the one that is looked at.
func (b *conversationBody) steps() {
	m, after := b.model, b.view.After
	if !b.view.HasAfter {
		for n, s := range m.Steps {
			if drawing.SegmentOf(s.Party, m.State(s)) == b.view.Segment {
				after = n / pageOf * pageOf
			}
		}
	}
	b.Steps.part = pageAt(b.view, after, len(m.Steps), "#steps")
	for _, s := range m.Steps[b.Steps.From-1 : b.Steps.Until] {
		b.Steps.List = append(b.Steps.List, b.step(s))
	}
}

func (b *conversationBody) step(s drawing.Step) step {
	m := b.model
	st := m.State(s)
	id := drawing.SegmentOf(s.Party, st).String()
	out := step{
		ID: id, At: "+" + account.Length(st.Start.Sub(m.Account.Axis[0].Start)).String(), Who: m.Name(s.Party), Class: drawing.KindOf(st.Phase), Phase: st.Phase,
		Ended: m.Ended(s), Address: b.view.With("seg", id) + "#s" + id, Chosen: drawing.SegmentOf(s.Party, st) == b.view.Segment, Lasted: "lasts",
	}
	if !st.End.IsZero() {
		out.Lasted = account.Length(st.End.Sub(st.Start.Time)).String()
	}
	return out
}

// detail tells all of the segment that is looked at, if there is one.
func (b *conversationBody) detail(s seen) error {
	m := b.model
	for _, at := range m.Steps {
		st := m.State(at)
		if drawing.SegmentOf(at.Party, st) != b.view.Segment {
			continue
		}
		r, err := s.record()
		if err != nil {
			return err
		}
		pointer := fmt.Sprintf("/participants/%d/sessions/%d/segments/%d", at.Party, st.Session, st.Segment)
		g, err := tree.Read(r.JSON, pointer, 0, branchOf)
		if err != nil {
			return err
		}
		b.Detail = &detail{
			Title: st.Phase + " · " + m.Name(at.Party), Path: fmt.Sprintf("participants[%d].sessions[%d].segments[%d]", at.Party, st.Session, st.Segment),
			Address: b.view.With("tab", "record", "path", pointer),
		}
		if !st.End.IsZero() {
			b.Detail.Rows = append(b.Detail.Rows, row{"lasted", account.Length(st.End.Sub(st.Start.Time)).String(), ""})
		}
		for _, x := range m.Tied(at) {
			b.Detail.Rows = append(b.Detail.Rows, row{x.What, x.Who, ""})
		}
		for _, member := range g.Members {
			b.Detail.Rows = append(b.Detail.Rows, b.rowOf(member))
		}
	}
	return nil
}

// rowOf is a member in words. Other conversations, and what has members itself, are links.
func (b *conversationBody) rowOf(m tree.Member) row {
	out := row{Name: m.Name, Value: plain(m.Text)}
	switch {
	case m.Branches():
		out.Value, out.Address = strconv.Itoa(m.Size)+" in it", b.view.With("tab", "record", "path", m.Path)
	case m.Name == "sourceConversationId" || m.Name == "destinationConversationId":
		out.Address = drawing.Address(out.Value)
	}
	return out
}

// plain is a JSON text without the marks of a string.
func plain(text string) string {
	if unquoted, err := jsontext.AppendUnquote(nil, text); err == nil {
		return string(unquoted)
	}
	return strings.TrimPrefix(text, `"`)
}

// attributes lists those of all participants, by name.
func (b *conversationBody) attributes() {
	all := b.model.Attributes
	b.Attributes.part = pageAt(b.view, b.view.After, len(all), "")
	b.Attributes.List = all[b.Attributes.From-1 : b.Attributes.Until]
}
