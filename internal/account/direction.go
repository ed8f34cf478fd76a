package account

import (
	"slices"
	"strings"
)

// Address is one end of a conversation. Of a party of ours it is the name, and the address that it showed.
type Address struct {
	Address string `json:"address,omitempty"` // as the record has it: tel:+1…, sip:…, an address of mail or messages
	Name    string `json:"name,omitempty"`
	Party   string `json:"party,omitempty"` // whose it is, by label
	Why     string `json:"why"`

	leg *leg // of our side; nil if it is nobody's
}

// Directions that no session has.
const (
	BothWays = "inbound / outbound"
	Internal = "internal"
)

// direct derives the direction. The platform's own pages show "Inbound / Outbound" where the contact went both ways; its staff
// have said only in general words when, so the rule for that is ours.
func (t *teller) direct() {
	found := make([]string, 0, 2)
	for _, l := range t.legs {
		if l.outside() && l.s.Direction != "" && len(found) < 2 && !slices.Contains(found, l.s.Direction) {
			found = append(found, l.s.Direction)
		}
	}
	switch {
	case len(found) > 1:
		t.Direction = Fact{BothWays, t.text(func() string {
			return "sessions of outside parties (customer, external) are inbound and outbound; " + t.whichWays()
		})}
	case len(found) == 1:
		t.Direction = Fact{found[0], "every session of an outside party (customer, external) is " + found[0]}
	case t.internal():
		t.Direction = Fact{Internal, "there are users only: no customer, external or acd"}
	case t.c.OriginatingDirection == "" && t.firstDirection() != "":
		t.Direction = Fact{t.firstDirection(), "no session of an outside party says it, and there is no originatingDirection: the direction of the first session that has one"}
	case t.c.OriginatingDirection != "":
		t.Direction = Fact{t.c.OriginatingDirection, "no session of an outside party says it; originatingDirection, the direction of the first session, does"}
	default:
		t.Direction = Fact{"", "no session of an outside party has a direction, nor has the conversation"}
	}
}

// whichWays says of each outside party which way its sessions went.
func (t *teller) whichWays() string {
	var out []string
	seen := map[string]bool{}
	for _, l := range t.legs {
		if text := t.Parties[l.party].Label + " " + l.s.Direction; l.outside() && l.s.Direction != "" && !seen[text] {
			seen[text], out = true, append(out, text)
		}
	}
	const most = 4
	if len(out) > most {
		out = append(out[:most], counted(len(out)-most, "more"))
	}
	return strings.Join(out, ", ")
}

// firstDirection is that of the first session that has one: who began.
func (t *teller) firstDirection() string {
	for _, l := range t.legs {
		if l.s.Direction != "" {
			return l.s.Direction
		}
	}
	return ""
}

// internal says whether only users take part, and their mailboxes. One user alone called somebody whom the record lacks.
func (t *teller) internal() bool {
	users := 0
	for i := range t.c.Participants {
		switch t.c.Participants[i].Purpose {
		case "user":
			users++
		case "voicemail":
		default:
			return false
		}
	}
	return users > 0 && len(t.c.Participants) > 1
}

// address derives who is at both ends.
func (t *teller) address() {
	l := t.mainLeg()
	switch {
	case l == nil:
		t.addressInside()
	case l.s.Direction == "outbound":
		t.To = t.theirs(l, true, "of the first session of an outside party, which is outbound, the address called")
		t.From = t.ours(l)
	default:
		t.From = t.theirs(l, false, "of the first session of an outside party, which is inbound, the address that it came from")
		t.To = Address{Address: to(l), Why: "of the same session, the address that was called or written to"}
	}
}

// mainLeg is the first leg of the party with which the conversation is; nil if nobody is outside.
func (t *teller) mainLeg() *leg {
	for _, l := range t.legs {
		if l.party == t.main {
			return l
		}
	}
	return nil
}

// theirs is the outside end.
func (t *teller) theirs(l *leg, called bool, why string) Address {
	a := Address{Name: l.p.ParticipantName, Party: t.who(l), Address: from(l), Why: why}
	if called {
		a.Address = to(l)
	}
	if a.Address == "" && len(l.s.CallbackNumbers) > 0 {
		a.Address = l.s.CallbackNumbers[0]
	}
	return a
}

// ours is the end of whoever placed a call.
func (t *teller) ours(called *leg) Address {
	a := Address{Address: from(called), Why: "the address that the outside party was shown; nobody of ours placed the call in this record"}
	for _, l := range t.legs {
		if l.handles() && (l.placed() || !called.spoken()) {
			a.Party, a.Name, a.leg = t.who(l), l.p.ParticipantName, l
			a.Why = "the first agent or user whose session begins by calling (contacting, dialing), and the address that the outside party was shown"
			break
		}
	}
	return a
}

// addressInside is for conversations without an outside party: a call from one user to another.
func (t *teller) addressInside() {
	const why = "there is no outside party: the users whose sessions are outbound and inbound"
	internal := t.internal()
	for _, l := range t.legs {
		end := Address{Party: t.who(l), Name: l.p.ParticipantName, Why: why, leg: l}
		switch {
		case !l.handles():
		case (l.placed() || l.s.Direction == "outbound") && t.From.Why == "":
			end.Address = from(l)
			t.From = end
		case l.s.Direction == "inbound" && internal && t.To.Why == "":
			end.Address = to(l)
			t.To = end
		}
	}
	if t.To.Why == "" && t.From.Why != "" {
		t.To = Address{Address: to(t.legs[0]), Why: "the address to which the first session went"}
	}
	if t.From.Why == "" {
		t.From.Why = "no session says who began"
	}
	if t.To.Why == "" {
		t.To.Why = "no session says who was meant"
	}
}

// from is the address from which a leg came; empty if it has none.
func from(l *leg) string {
	if l.s.AddressFrom != "" {
		return l.s.AddressFrom
	}
	return l.s.Ani
}

// to is the address to which it went.
func to(l *leg) string {
	if l.s.AddressTo != "" {
		return l.s.AddressTo
	}
	return l.s.Dnis
}
