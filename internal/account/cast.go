package account

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/axis"
)

// Party is a participant, with what it did as a lane to draw: a bar on the axis that all parties share.
type Party struct {
	Label   string   `json:"label"` // Caller, Agent f331, Queue Sales
	Turn    int      `json:"turn"`  // 1 of the first party of this label, 2 of the next one: one person may have several turns
	Purpose string   `json:"purpose"`
	Media   []string `json:"mediaTypes"`
	UserID  string   `json:"userId,omitempty"`
	States  []State  `json:"states"`
	HungUp  Instant  `json:"hungUp,omitzero"` // when it ended its leg itself
	Errors  int      `json:"errors,omitempty"`
}

// State is a phase of a party, from one instant to another.
type State struct {
	Phase string  `json:"phase"`
	Start Instant `json:"start"`
	End   Instant `json:"end,omitzero"` // zero while it lasts

	// Where in the record the segment is that it was read from: by the places of the session among the party's, and of the segment in it.
	Session int `json:"-"`
	Segment int `json:"-"`
}

// called learns from flows what the queues are called to which they sent the conversation, where nothing else says it.
func (t *teller) called() {
	for _, l := range t.legs {
		if f := l.s.Flow; f != nil && f.TransferTargetName != "" && t.names[f.TransferTargetAddress] == "" {
			t.names[f.TransferTargetAddress] = strings.TrimSpace(f.TransferTargetName)
		}
	}
}

// cast gives each party its name.
func (t *teller) cast() {
	t.Parties = make([]Party, len(t.c.Participants))
	for i := range t.c.Participants {
		p := &t.c.Participants[i]
		t.Parties[i] = Party{Purpose: p.Purpose, UserID: p.UserID, Media: []string{}, States: []State{}}
	}
	third, seen := 0, map[string]int{}
	for _, l := range t.legs {
		party := &t.Parties[l.party]
		if party.Label != "" {
			continue
		}
		party.Label = t.label(l)
		if l.outside() && l.party != t.main {
			third++
			party.Label = fmt.Sprintf("Third party %d", third)
		}
		seen[party.Label]++
		party.Turn = seen[party.Label]
	}
	for i := range t.Parties {
		if t.Parties[i].Label == "" { // without sessions
			t.Parties[i].Label, t.Parties[i].Turn = capital(t.Parties[i].Purpose), 1
		}
	}
}

// mainParty is the first outside party that came in, or was called, by its first segment; those that joined it later are
// third parties. A leg that came from another conversation is not where this one began, if there is any other.
func (t *teller) mainParty() int {
	found := -1
	for _, l := range t.legs {
		switch {
		case !l.outside():
		case !l.merged():
			return l.party
		case found < 0:
			found = l.party
		}
	}
	return found
}

// merged says whether the leg came from another conversation.
func (l *leg) merged() bool {
	return slices.ContainsFunc(l.spans, func(s span) bool { return s.SourceConversationID != "" })
}

// label is what people call the party of a leg.
func (t *teller) label(l *leg) string {
	switch {
	case l.outside():
		return outsider(l)
	case l.p.Purpose == "acd":
		return strings.TrimSpace("Queue " + t.queueName(l.queue(), l.p.ParticipantName))
	case l.handles():
		return strings.TrimSpace(capital(l.p.Purpose) + " " + t.userName(l))
	case l.flow():
		return t.flowLabel(l)
	case l.p.Purpose == "voicemail":
		return "Voicemail"
	}
	return capital(l.p.Purpose)
}

// outsider is what the one is called with whom the conversation is.
func outsider(l *leg) string {
	switch {
	case !l.spoken():
		return "Customer"
	case l.s.Direction == "outbound":
		return "Called party"
	}
	return "Caller"
}

func (t *teller) flowLabel(l *leg) string {
	kind := map[string]string{"botflow": "Bot", "voicesurveyflow": "Survey"}[l.p.Purpose]
	if kind == "" {
		kind = "Flow"
	}
	name := l.p.ParticipantName
	if l.s.Flow != nil && l.s.Flow.FlowName != "" {
		name = l.s.Flow.FlowName
	}
	if strings.Contains(strings.ToLower(name), strings.ToLower(kind)) {
		return name
	}
	return strings.TrimSpace(kind + " " + name)
}

// userName is the name of the user of a leg, or the beginning of the id.
func (t *teller) userName(l *leg) string {
	if l.p.ParticipantName != "" {
		return l.p.ParticipantName
	}
	return t.name(User, l.p.UserID)
}

func (t *teller) queueName(id, said string) string {
	if t.brief {
		return ""
	}
	if said != "" {
		return said
	}
	return t.name(Queue, id)
}

// name is what an id is called: by the record, by whoever is asked, or else by its own first digits.
func (t *teller) name(of Noun, id string) string {
	if name := t.names[id]; name != "" && id != "" {
		return name
	}
	if t.Names != nil && id != "" {
		if name := t.Names(of, id); name != "" {
			return name
		}
	}
	return short(id)
}

// short cuts a UUID to its first digits, which tell it from the others of one conversation; other ids stay as they are.
func short(id string) string {
	if len(id) == 36 && id[8] == '-' {
		return id[:8]
	}
	return id
}

func capital(word string) string {
	if word == "" {
		return "Party"
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

// resting are the phases in which nobody is at work, whoever is there.
func resting(phase string) bool { return phase == Parked || phase == Scheduled }

// works says whether somebody or something of ours is at work in a span.
func (l *leg) works(s span) bool {
	return (l.handles() || l.flow() || l.p.Purpose == "voicemail" || l.p.Purpose == "fax") && !resting(s.phase)
}

// use is that a party used a medium.
type use struct {
	party  int
	medium string
}

// draw puts the parties on the axis.
func (t *teller) draw() {
	used := map[use]bool{}
	for _, l := range t.legs {
		party := &t.Parties[l.party]
		if u := (use{l.party, l.s.MediaType}); u.medium != "" && !used[u] {
			used[u] = true
			party.Media = append(party.Media, l.s.MediaType)
		}
		for _, s := range l.spans {
			party.States = append(party.States, State{s.phase, Instant{s.start}, Instant{s.end}, l.place, s.place})
			if s.ErrorCode != "" {
				party.Errors++
			}
		}
		if hungUp(l.how()) && !l.ended().IsZero() {
			party.HungUp = Instant{latest(party.HungUp.Time, l.ended())}
		}
	}
	for i := range t.Parties {
		slices.SortStableFunc(t.Parties[i].States, func(a, b State) int { return a.Start.Compare(b.Start.Time) })
	}
	t.Axis = t.axis()
}

// axis is the one that all parties share.
func (t *teller) axis() axis.Axis {
	var spans []axis.Span
	var marks []time.Time
	open := false
	for _, l := range t.legs {
		for _, s := range l.spans {
			spans, open = append(spans, axis.Span{Start: s.start, End: s.end, Works: l.works(s), Outside: l.outside()}), open || s.open()
		}
		for _, m := range l.s.Metrics {
			marks = append(marks, instant(m.EmitDate))
		}
	}
	if open {
		marks = append(marks, t.AsOf)
	}
	return axis.Of(spans, marks)
}

// who is what the party of a leg is called.
func (t *teller) who(l *leg) string {
	if t.brief {
		return ""
	}
	return t.Parties[l.party].Label
}

// the is what a sentence calls a party: the caller, the queue Sales, Agent f331.
func (t *teller) the(party int) string {
	if t.brief {
		return ""
	}
	label := t.Parties[party].Label
	switch {
	case handling(t.Parties[party].Purpose):
		return label
	case strings.HasPrefix(label, "Third"):
		return "t" + label[1:]
	case flowing(t.Parties[party].Purpose):
		return "the flow " + strings.TrimPrefix(label, "Flow ")
	}
	return "the " + strings.ToLower(label[:1]) + label[1:]
}
