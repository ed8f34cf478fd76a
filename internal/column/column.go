// Package column is the one language of columns: what a flat row can say of a conversation, behind exports and reports.
//
// A column has a name, and other names by which reports know it; a type and a unit; what it means, for people; where it
// comes from. A row is a conversation, or an interaction: one medium of one conversation, with what its sessions say. A
// measure is a column that can be summed over rows.
//
// The same list is read twice: package sqltext makes SQL of where a column comes from, over the tables of a lake, and Of
// reads a row from a record in memory, which is what the SQL is held to. How values are written is left to whoever writes
// them.
package column

import (
	"github.com/parley-hq/parley/internal/conversation"
)

// Type is that of a column's values. Absent is nil, whatever the type.
type Type string

// The types, each with the Go type of its values.
const (
	Text    Type = "text"              // string
	Truth   Type = "boolean"           // bool
	Number  Type = "number"            // int64
	Decimal Type = "decimal"           // float64
	Instant Type = "time"              // time.Time, UTC, to the microsecond
	Texts   Type = "list of text"      // []string, never empty
	Numbers Type = "list of number"    // []int64, never empty
	Map     Type = "map of text"       // map[string]string, never empty
	none    Type = "to be spelled out" // of AllAttributes, which is no column yet
)

// Per says what a row is.
type Per string

// What rows can be of. A session without a media type is in no interaction.
const (
	Conversation Per = "conversation"
	Interaction  Per = "interaction"
)

// Column is a line of the list.
type Column struct {
	Name    string
	Aliases []string // by which it can be selected too
	Type    Type
	Unit    string // of numbers: "ms", "s", "count", "bytes"; empty where there is none
	Measure bool   // can be summed over rows
	Only    Per    // rows that have it; empty: all
	Doc     string
	Source  Source

	read func(*Item) any // from a record in memory, in the type of the column or nil
	made func(any) any   // of what Source gives; nil: that itself
}

// Source is where the values of a column are in a lake.
//
//sumtype:decl
type Source interface{ source() }

type (
	// Stored is a column of the table conversations.
	Stored string
	// Sum is the sum of what sessions emitted of a metric, absent where nothing was.
	Sum string
	// Count is how often sessions emitted a metric, 0 where they did not.
	Count string
	// Medium is the media type: of an interaction its own, of a conversation that of its first outside session.
	Medium struct{}
	// InteractionID is the medium, a hyphen, and the id of the conversation.
	InteractionID struct{}
	// LastWrapUp is the wrap-up code of the segment that began last, of those that have one.
	LastWrapUp struct{}
	// FirstAnswer is when an agent first began to interact.
	FirstAnswer struct{}
	// Attributes are those of all participants. Of a key that several have, the first in the record counts.
	Attributes struct{}
	// Attribute is the value of one key among them.
	Attribute string
	// AllAttributes stands for an Attribute for each key that there is.
	AllAttributes struct{}
)

func (Stored) source()        {}
func (Sum) source()           {}
func (Count) source()         {}
func (Medium) source()        {}
func (InteractionID) source() {}
func (LastWrapUp) source()    {}
func (FirstAnswer) source()   {}
func (Attributes) source()    {}
func (Attribute) source()     {}
func (AllAttributes) source() {}

// All lists the columns, in the order in which people read them. An attribute is a column by its key: attributes.KEY. The list
// must not be changed.
func All() []Column { return list }

// Value is the value of a column made of what its source gives.
func (c Column) Value(stored any) any {
	if c.made == nil {
		return stored
	}
	return c.made(stored)
}

// Has says whether rows of a kind have the column.
func (c Column) Has(per Per) bool { return c.Only == "" || c.Only == per }

// Item is what a row is read from in memory.
type Item struct {
	conversation.Version

	Conversation *conversation.Conversation
	Summary      conversation.Summary
	Medium       string // of an interaction; empty for a conversation

	attributes map[string]string // once they were asked for
}

// Items gives what the rows of a record are read from: one of a conversation, and one for each medium of its interactions.
func Items(v conversation.Version, c *conversation.Conversation, per Per) []Item {
	whole := Item{Version: v, Conversation: c, Summary: conversation.Summarize(c)}
	if per == Conversation {
		return []Item{whole}
	}
	var items []Item
	for _, medium := range whole.Summary.MediaTypes {
		one := whole
		one.Medium = medium
		items = append(items, one)
	}
	return items
}

// sessions visits those that a row is about.
func (it *Item) sessions(visit func(*conversation.Participant, *conversation.Session)) {
	for i := range it.Conversation.Participants {
		p := &it.Conversation.Participants[i]
		for k := range p.Sessions {
			if s := &p.Sessions[k]; it.Medium == "" || s.MediaType == it.Medium {
				visit(p, s)
			}
		}
	}
}
