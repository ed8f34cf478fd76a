package organization

import (
	"github.com/parley-hq/parley/internal/sim/chance"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// Queue is where conversations wait for those who serve it.
type Queue struct {
	Entity
	Division string
	Skills   []string     // ids of the skills that it asks for
	Codes    []string     // ids of the wrap-up codes that may be chosen
	Target   tick.Instant // an answer after more than this is over the service level
	Short    tick.Instant // an abandon before this is a short one
	Talk     tick.Instant // the median length of a talk
	After    tick.Instant // the median length of the work after it
	Auto     bool         // agents' phones answer by themselves
	Bullseye bool         // looks for agents ring by ring
	InQueue  *Flow        // the flow that plays while waiting; nil for none
	Team     *Team
	Special  bool // served by some of the team only
	Share    int  // how many of a hundred calls to any queue come here
}

// LongestAfter is how long the work after a talk may take, at every queue.
const LongestAfter = 20 * tick.Minute

// Team is who serves some queues, in the same hours.
type Team struct {
	Entity
	Division string
	Queues   []*Queue
	Members  []*User
	Medium   string  // voice, or digital for chat, message and email
	Hours    [7]Span // when its queues take conversations, by weekday from Sunday; after midnight UTC counts as more than 24 hours
}

// Quiet is when the centre's day begins, and ends a day later. At that hour nobody works and no conversation is served:
// every queue has been emptied, every call has ended. So a day can be simulated without the day before it.
const Quiet = 3 * tick.Hour

// Open says whether the team's queues take conversations at an instant.
func (t *Team) Open(at tick.Instant) bool {
	day := DayOf(at)
	hours := t.Hours[Weekday(day)]
	since := at - tick.Instant(day)*tick.Day
	return since >= hours.From && since < hours.Until
}

// Closes is when the queues close on the centre's day that holds an instant.
func (t *Team) Closes(at tick.Instant) tick.Instant {
	day := DayOf(at)
	return tick.Instant(day)*tick.Day + t.Hours[Weekday(day)].Until
}

// Weekday is the weekday of a day since 1970, Sunday being 0.
func Weekday(day int64) int { return int((day%7 + 7 + 4) % 7) }

// The teams of the centre, by what they do.
const (
	outreach = 2 // sells, and calls by campaign
	digital  = 4
)

// plan is a team before it is made: who they are, how many conversations of a million a member can take a day.
type plan struct {
	name             string
	medium           string
	open, close      tick.Instant
	saturday, sunday bool
	least            int // members, however few conversations there are
	perMember        int // conversations a day of the whole centre for each member
	queues           []queuePlan
}

type queuePlan struct {
	name        string
	share       int
	talk, after tick.Instant
	skills      []int
	special     bool
}

var teams = []plan{
	{"Member Services", "voice", 7 * tick.Hour, 20 * tick.Hour, true, true, 10, 230, []queuePlan{
		{"Member Services | General | English", 28, 280 * tick.Second, 22 * tick.Second, []int{0}, false},
		{"Member Services | General | Spanish", 8, 300 * tick.Second, 22 * tick.Second, []int{1}, true},
		{"Billing and Payments", 16, 240 * tick.Second, 25 * tick.Second, []int{0, 2}, false},
	}},
	{"Claims", "voice", 7 * tick.Hour, 18 * tick.Hour, false, false, 8, 420, []queuePlan{
		{"Claims | New", 9, 420 * tick.Second, 45 * tick.Second, []int{3}, false},
		{"Claims | Existing", 10, 300 * tick.Second, 30 * tick.Second, []int{3, 0}, false},
		{"Provider Relations", 4, 360 * tick.Second, 40 * tick.Second, []int{4}, true},
	}},
	{"Sales", "voice", 8 * tick.Hour, 19 * tick.Hour, true, false, 8, 560, []queuePlan{
		{"Sales | Individual Plans", 7, 480 * tick.Second, 60 * tick.Second, []int{7}, false},
		{"Sales | Employer Groups", 2, 540 * tick.Second, 70 * tick.Second, []int{7, 4}, true},
		{"Retention", 3, 400 * tick.Second, 40 * tick.Second, []int{6}, false},
	}},
	{"Care", "voice", 5 * tick.Hour, 26 * tick.Hour, true, true, 12, 420, []queuePlan{
		{"Pharmacy Support", 9, 260 * tick.Second, 25 * tick.Second, []int{5}, false},
		{"Nurse Line", 3, 520 * tick.Second, 60 * tick.Second, []int{5, 4}, true},
		{"Escalations", 1, 700 * tick.Second, 90 * tick.Second, []int{4}, false},
	}},
	{"Web Support", "digital", 6 * tick.Hour, 22 * tick.Hour, true, true, 8, 1000, []queuePlan{
		{"Web Support | Chat", 0, 420 * tick.Second, 20 * tick.Second, []int{8}, false},
		{"Web Support | Messaging", 0, 600 * tick.Second, 20 * tick.Second, []int{8}, false},
		{"Web Support | Email", 0, 330 * tick.Second, 15 * tick.Second, []int{8, 4}, false},
	}},
}

// Which of the digital team's queues serves which medium.
const (
	ChatQueue = iota
	MessageQueue
	EmailQueue
)

// DigitalTeam serves chats, messages and emails.
func (o *Organization) DigitalTeam() *Team { return o.Teams[digital] }

func (o *Organization) addTeam(d *chance.Dice, i, perDay int) {
	p := teams[i]
	who := chance.Of(o.seed, 0, i, what+6) // dice of its own: teams got ids after everybody else
	t := &Team{Entity: Entity{who.UUID(), p.name}, Division: o.Divisions[i%len(o.Divisions)].ID, Medium: p.medium, Hours: p.hours()}
	for j := range p.queues {
		t.Queues = append(t.Queues, o.newQueue(d, t, i*3+j, p.queues[j]))
	}
	o.Teams, o.Queues = append(o.Teams, t), append(o.Queues, t.Queues...)
	for n := range p.least + perDay/p.perMember {
		t.Members = append(t.Members, o.newMember(d, t, n))
	}
}

// hours are the team's, shorter at weekends; a day on which it does not work has none.
func (p *plan) hours() (out [7]Span) {
	for w := 1; w < 6; w++ {
		out[w] = Span{p.open, p.close}
	}
	weekend := Span{p.open + tick.Hour, min(p.close, max(p.close-3*tick.Hour, 24*tick.Hour))}
	if p.saturday {
		out[6] = weekend
	}
	if p.sunday {
		out[0] = weekend
	}
	return out
}

func (o *Organization) newQueue(d *chance.Dice, t *Team, i int, p queuePlan) *Queue {
	q := &Queue{
		Entity: Entity{d.UUID(), p.name}, Division: t.Division, Team: t, Special: p.special, Share: p.share, Talk: p.talk, After: p.after,
		Target: chance.Pick(d, []tick.Instant{20 * tick.Second, 30 * tick.Second, 40 * tick.Second}),
		Short:  chance.Pick(d, []tick.Instant{5 * tick.Second, 10 * tick.Second}),
		Auto:   i%3 == 0, Bullseye: i%7 == 5,
	}
	for _, s := range p.skills {
		q.Skills = append(q.Skills, o.Skills[s].ID)
	}
	for n := range 6 + i%3 {
		q.Codes = append(q.Codes, o.WrapUpCodes[(i*4+n)%(len(o.WrapUpCodes)-1)].ID)
	}
	if d.Percent(60) && t.Medium == "voice" {
		q.InQueue = &Flow{Entity: Entity{d.UUID(), "InQueue " + q.Name}, Version: "2.0", Language: "en-us"}
	}
	return q
}
