// Package why explains a figure that differs from ours: somebody else has 812 where we have 800, and the question is by which
// rule one gets 812. It counts in many ways at once and says which of them give the other number, and in which conversations
// they differ from ours. Words:
//
//	figure   what is counted: offered, answered, handle time
//	reading  one way of counting it
//	rule     what a reading does otherwise than ours, which is that of aggregates
//	facet    what rules are about; two of one facet cannot hold together
//	class    emissions that no rule tells apart, as a number
//	profile  the classes of a conversation
//
// All readings are made of one pass over the emissions: the lake's engine counts emissions by class, and conversations by profile, of
// which there are few; what each reading gives of them is added up here. The package writes the statements and runs none.
package why

import (
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Question is which figure is asked about, of what.
type Question struct {
	Figure   Figure
	Interval conversation.Interval // as it is meant by the clocks of Zone
	Zone     *time.Location
	Queues   []string // ids; the figure is of all of them together. Nil means of everything
	Agents   []string // likewise, of users
	Media    []string // likewise, of media types
	Short    int      // seconds under which an abandoned wait is a short one, if that is known; 0 searches for it
}
