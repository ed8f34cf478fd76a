package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/difference"
)

// node is an object of a record, or of a live object in the words of a record: a conversation, participant, session,
// segment, metric and so on.
type node struct {
	label  string                    // for people: what it is, and the beginning of its id or its time
	fields map[string]jsontext.Value // members that hold no objects
	lists  map[string]*list

	longNames []string // of attributes, as they are cut, that were longer

	// A source may tell of some members only. That it has no other says nothing.
	tells func(member string) bool
}

// list is objects of one kind, each by what it is found again in other sources: an id, a time, a name, never its place.
type list struct {
	order []string // keys, as they come
	nodes map[string]*node
}

// lenient reads what others may have written: texts that are not quite UTF-8, members that come twice.
var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

func everything(string) bool { return true }

func newNode() *node {
	return &node{fields: map[string]jsontext.Value{}, lists: map[string]*list{}, tells: everything}
}

func (n *node) list(name string) *list {
	if n.lists[name] == nil {
		n.lists[name] = &list{nodes: map[string]*node{}}
	}
	return n.lists[name]
}

// add adds an object. Of several with one key, the second is that key with #2.
func (l *list) add(key string, n *node) {
	unique := key
	for i := 2; l.nodes[unique] != nil; i++ {
		unique = fmt.Sprintf("%s #%d", key, i)
	}
	l.order, l.nodes[unique] = append(l.order, unique), n
}

// nouns are what one object of a list is called, before its key, where the key does not say it.
var nouns = map[string]string{
	"participants": "participant", "sessions": "session", "evaluations": "evaluation", "surveys": "survey",
	"resolutions": "resolution", "outcomes": "outcome", "mediaEndpointStats": "mediaEndpointStats", "agentGroups": "agentGroup",
	"proposedAgents": "proposedAgent", "scoredAgents": "scoredAgent", "properties": "property",
}

// isList says whether a member is a list of objects that are found again. Any other list is compared as one value.
func isList(name string) bool {
	_, ok := difference.IdentityOf(name)
	return ok
}

// single are the members that hold one object, which is looked into.
var single = map[string]bool{"attributes": true, "flow": true}

// record reads a record of analytics. It knows no schema beyond the lists: a member that is new is compared too.
func record(text jsontext.Value) (*node, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(text, &members, lenient); err != nil {
		return nil, err
	}
	n := newNode()
	for name, value := range members {
		switch {
		case value.Kind() == 'n':
			// Null is an absent member.
		case single[name] && value.Kind() == '{':
			one, err := record(value)
			if err != nil {
				return nil, err
			}
			if name == "attributes" {
				one.cutNames()
			}
			n.list(name).add("", one)
		case value.Kind() == '[' && isList(name) && n.elements(name, value):
			// They are in a list of their own.
		default:
			n.fields[name] = value
		}
	}
	return n, nil
}

// elements reads a list of objects, if it is one.
func (n *node) elements(name string, value jsontext.Value) bool {
	var all []jsontext.Value
	if json.Unmarshal(value, &all, lenient) != nil {
		return false
	}
	// Elements with one key are told apart by their text, wherever they stand.
	if name != "participants" && name != "sessions" && name != "segments" {
		slices.SortStableFunc(all, func(a, b jsontext.Value) int { return cmp.Compare(string(a), string(b)) })
	}
	var read []*node
	for _, v := range all {
		one, err := record(v)
		if err != nil {
			return false
		}
		read = append(read, one)
	}
	l := n.list(name)
	for _, one := range read {
		key := keyOf(name, one)
		one.label = one.called(name, key)
		l.add(key, one)
	}
	return true
}

// keyOf is by what an object of a list is found again.
func keyOf(list string, n *node) string {
	by, _ := difference.IdentityOf(list)
	key := n.joined(by.Members)
	if key == "" {
		key = n.joined(by.Else)
	}
	return key
}

func (n *node) joined(members []string) string {
	var out []string
	for _, m := range members {
		if text := n.text(m); text != "" {
			out = append(out, text)
		}
	}
	return strings.Join(out, " ")
}

// text is a member as text, a time in the form of all times; empty if there is none.
func (n *node) text(member string) string { return difference.Text(n.fields[member]) }

// called is what people call an object of a list.
func (n *node) called(list, key string) string {
	switch list {
	case "participants":
		return strings.TrimSpace(cmp.Or(n.text("purpose"), "participant") + " " + short(n.text("participantId")))
	case "sessions":
		return strings.TrimSpace(cmp.Or(n.text("mediaType"), "session") + " " + short(n.text("sessionId")))
	case "segments":
		return strings.TrimSpace(n.text("segmentType") + " " + clock(n.text("segmentStart")))
	case "metrics":
		return strings.TrimSpace(n.text("name") + " " + clock(n.text("emitDate")))
	}
	return strings.TrimSpace(nouns[list] + " " + short(key))
}

// short is the beginning of a UUID; other texts stay as they are.
func short(id string) string {
	if len(id) == 36 && id[8] == '-' {
		return id[:8]
	}
	return id
}

// clock is the time of day of an instant.
func clock(text string) string {
	at, err := conversation.ParseTime(text)
	if err != nil {
		return text
	}
	return at.Format("15:04:05.000")
}

// cutNames has attributes lie by the beginnings of their names, as jobs have them, so that a long one is found again. What
// was cut from a name is kept, and makes a difference.
func (n *node) cutNames() {
	for name, value := range n.fields {
		if r := []rune(name); len(r) > conversation.MaxAttributeLength {
			delete(n.fields, name)
			n.fields[string(r[:conversation.MaxAttributeLength])] = value
			n.longNames = append(n.longNames, string(r[:conversation.MaxAttributeLength]))
		}
	}
}
