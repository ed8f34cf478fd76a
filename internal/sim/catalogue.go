package sim

import "strings"

// Sizes of the centre.
const (
	divisionCount = 3
	skillCount    = 9
	queueCount    = 12
	agentCount    = 120
	flowCount     = 8
	codeCount     = 20
	edgeCount     = 12
)

// DefaultWrapUpCode is the platform's own code for a wrap-up in which none was chosen.
const DefaultWrapUpCode = "7fb334b0-0e9e-11e4-9191-0800200c9a66"

// Entity is something of the centre that records name by id.
type Entity struct{ ID, Name string }

// catalogue is what the centre consists of. It follows from the seed and never changes.
type catalogue struct {
	divisions, skills, codes []Entity
	queues                   []*queue
	agents                   []*agent
	flows                    []*flow
	edges                    []string
}

// queue is where conversations wait.
type queue struct {
	Entity
	division string
	skills   []string // ids of the skills it asks for
	target   instant  // an answer after more than this is over the service level
	short    instant  // an abandon before this is a short one
	inQueue  *flow    // the flow that plays while waiting; nil for none
}

// agent is a person who takes and places calls.
type agent struct {
	Entity
	division           string
	address, extension string // of the station
	mail               string // address without host, by which routing and mailbox know the person
	edge, line         string // the station's edge and its standing connection
}

// newCatalogue throws the dice for the centre itself: day 0, conversation -1, which no conversation uses.
func newCatalogue(seed uint64) catalogue {
	d := newDice()
	d.seed(seed, 0, -1)
	c := catalogue{divisions: named(d, divisionNames[:]), skills: named(d, skillNames[:])}
	c.codes = append(named(d, codeNames[:]), Entity{DefaultWrapUpCode, "Default Wrap-up Code"})
	for range edgeCount {
		c.edges = append(c.edges, d.uuid())
	}
	for i := range flowCount {
		c.flows = append(c.flows, newFlow(d, i, pick(d, c.divisions).ID))
	}
	for i := range queueCount {
		c.queues = append(c.queues, c.newQueue(d, i))
	}
	for i := range agentCount {
		c.agents = append(c.agents, c.newAgent(d, i))
	}
	return c
}

func named(d *dice, names []string) []Entity {
	out := make([]Entity, len(names))
	for i, name := range names {
		out[i] = Entity{d.uuid(), name}
	}
	return out
}

func (c *catalogue) newQueue(d *dice, i int) *queue {
	q := &queue{
		Entity:   Entity{d.uuid(), queueNames[i]},
		division: c.divisions[i%divisionCount].ID,
		target:   pick(d, []instant{10 * second, 20 * second, 30 * second}),
		short:    pick(d, []instant{5 * second, 10 * second}),
	}
	for range 1 + i%2 {
		q.skills = append(q.skills, c.skills[(i+len(q.skills)*4)%skillCount].ID)
	}
	if d.percent(50) {
		q.inQueue = &flow{Entity: Entity{d.uuid(), "InQueue " + q.Name}, version: "2.0", language: "en-us"}
	}
	return q
}

func (c *catalogue) newAgent(d *dice, i int) *agent {
	first, last := firstNames[i%len(firstNames)], lastNames[(i*7+i/len(firstNames))%len(lastNames)]
	address := "sip:" + d.hex(24) + "+exampleorg.orgspan.com"
	if d.percent(60) {
		address += ";tgrp=" + d.uuid() + ";trunk-context=exampleorg"
	}
	return &agent{
		Entity:    Entity{d.uuid(), first + " " + last},
		division:  c.divisions[i%divisionCount].ID,
		address:   address + "@localhost",
		extension: "tel:13" + d.digits(5),
		mail:      "sip:" + strings.ToLower(first+"."+last) + "%40example.com",
		edge:      pick(d, c.edges),
		line:      d.uuid(),
	}
}
