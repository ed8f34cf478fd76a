// Package organization is who and what the simulated contact centre consists of: divisions, queues, users with their
// schedules, flows, wrap-up codes, campaigns. All of it follows from a seed and a size, and never changes.
//
// Nobody in it exists: telephone numbers are fictional 555-01xx numbers, mail addresses end in example.com.
package organization

import (
	"github.com/parley-hq/parley/internal/sim/chance"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// Entity is something that records name by id.
type Entity struct{ ID, Name string }

// DefaultWrapUpCode is the platform's own code for a wrap-up in which none was chosen.
const DefaultWrapUpCode = "7fb334b0-0e9e-11e4-9191-0800200c9a66"

// Organization is the whole. Safe for concurrent use: it is read only.
type Organization struct {
	Divisions   []Entity
	Skills      []Entity
	Languages   []Entity
	WrapUpCodes []Entity // each queue has some of them; the platform's own is the last
	Groups      []Entity // with a mailbox
	Forms       []Entity // by which calls are evaluated
	Surveys     []Entity // by which customers are asked
	Teams       []*Team
	Queues      []*Queue
	Users       []*User
	Flows       []*Flow
	Bot         *Flow // that speaks with those who write, first
	VoiceBot    *Flow // that asks callers what they want
	Survey      *Flow // that asks callers how a call was
	Secure      *Flow // in which a caller enters a card number, in the middle of a call
	Digital     *Flow // through which messages come
	Campaigns   []*Campaign
	Edges       []string
	Staff       []*User // those of Users who serve no queue
	Supervisors []*User // those of Users who listen to calls
	Host        string  // of the organization's addresses

	seed uint64
}

// Campaign calls people who did not call.
type Campaign struct {
	Entity
	Queue       *Queue
	Division    string
	Predictive  bool // the dialer calls, and an agent gets who answers; otherwise the agent sees the contact first
	ContactList string
	Script      string
}

// edgeCount is how many edges carry the calls.
const edgeCount = 12

// what tells this package's dice from others' of the same seed.
const what = 0x0126

// New makes the organization of a seed that takes some number of conversations a day. Who works there, and how many,
// follows from how many conversations there are to be served.
func New(seed uint64, perDay int) *Organization {
	d := chance.Of(seed, 0, 0, what)
	o := &Organization{seed: seed, Host: "exampleorg"}
	o.Divisions, o.Skills, o.Languages = named(&d, divisionNames), named(&d, skillNames), named(&d, languageNames)
	o.WrapUpCodes = append(named(&d, codeNames), Entity{DefaultWrapUpCode, "Default Wrap-up Code"})
	o.Groups, o.Forms, o.Surveys = named(&d, groupNames), named(&d, formNames), named(&d, surveyNames)
	for range edgeCount {
		o.Edges = append(o.Edges, d.UUID())
	}
	o.addFlows(&d)
	for i := range teams {
		o.addTeam(&d, i, perDay)
	}
	o.addOthers(&d, perDay)
	o.addCampaigns(&d)
	later := chance.Of(seed, 0, 0, what+7) // than all others, which are as they were
	o.Survey = o.newFlow(&later, "Call Survey", "")
	o.Bot = o.newFlow(&later, "Virtual Assistant", "")
	o.VoiceBot = o.newFlow(&later, "Voice Assistant", "")
	return o
}

func named(d *chance.Dice, names []string) []Entity {
	out := make([]Entity, len(names))
	for i, name := range names {
		out[i] = Entity{d.UUID(), name}
	}
	return out
}

func (o *Organization) addCampaigns(d *chance.Dice) {
	for i, name := range campaignNames {
		q := o.Teams[outreach].Queues[0]
		o.Campaigns = append(o.Campaigns, &Campaign{
			Entity: Entity{d.UUID(), name}, Queue: q, Division: q.Division, Predictive: i%2 == 1, ContactList: d.UUID(), Script: d.UUID(),
		})
	}
}

// Span is a stretch of time: from its start up to its end.
type Span struct{ From, Until tick.Instant }
