package account

import "github.com/parley-hq/parley/internal/conversation"

// Named are the ids in a record whose names an account may ask for, each once, in the order in which they stand there.
func Named(c *conversation.Conversation) map[Noun][]string {
	n := ids{map[Noun][]string{}, map[namedID]bool{}}
	for i := range c.Participants {
		p := &c.Participants[i]
		n.add(User, p.UserID)
		for j := range p.Sessions {
			n.session(&p.Sessions[j])
		}
	}
	for i := range c.Evaluations {
		n.add(User, c.Evaluations[i].UserID)
	}
	return n.found
}

type namedID struct {
	of Noun
	id string
}

type ids struct {
	found map[Noun][]string
	met   map[namedID]bool
}

func (n *ids) add(of Noun, id string) {
	if at := (namedID{of, id}); id != "" && !n.met[at] {
		n.met[at] = true
		n.found[of] = append(n.found[of], id)
	}
}

func (n *ids) session(s *conversation.Session) {
	for i := range s.Segments {
		n.add(Queue, s.Segments[i].QueueID)
		n.add(WrapUpCode, s.Segments[i].WrapUpCode)
	}
	if s.Flow == nil {
		return
	}
	for i := range s.Flow.Outcomes {
		n.add(Outcome, s.Flow.Outcomes[i].FlowOutcomeID)
	}
}
