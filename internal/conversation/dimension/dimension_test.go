package dimension

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

var kinds = []Kind{Conversation, Segment, Evaluation, Survey, Resolution}

// bare is an item of which nothing is said.
func bare() *Item {
	return &Item{
		Conversation: &conversation.Conversation{}, Participant: &conversation.Participant{}, Session: &conversation.Session{}, Flow: &conversation.Flow{},
		Segment: &conversation.Segment{}, Evaluation: &conversation.Evaluation{}, Survey: &conversation.Survey{}, Resolution: &conversation.Resolution{},
	}
}

const sample = "2026-11-01T12:00:00.000Z" // a text, and a time

// saying is an item that says nothing but what a path leads to.
func saying(t *testing.T, path string) *Item {
	t.Helper()
	it := bare()
	names := strings.Split(path, ".")
	at := map[string]reflect.Value{
		"conversation": reflect.ValueOf(it.Conversation), "participant": reflect.ValueOf(it.Participant), "session": reflect.ValueOf(it.Session),
		"segment": reflect.ValueOf(it.Segment), "evaluation": reflect.ValueOf(it.Evaluation), "survey": reflect.ValueOf(it.Survey), "resolution": reflect.ValueOf(it.Resolution),
	}[names[0]]
	for _, name := range names[1:] {
		name, each := strings.CutSuffix(name, "[]")
		if at = reflect.Indirect(at); !at.IsValid() {
			t.Fatalf("%s leads nowhere", path)
		}
		i := slices.IndexFunc(reflect.VisibleFields(at.Type()), func(f reflect.StructField) bool {
			tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			return tag == name
		})
		if i < 0 {
			t.Fatalf("%s: a record has no %s there", path, name)
		}
		if at = at.Field(i); each != (at.Kind() == reflect.Slice) {
			t.Fatalf("%s: is %s a list? %v", path, name, at.Kind())
		}
		switch at.Kind() {
		case reflect.Slice:
			at.Set(reflect.MakeSlice(at.Type(), 1, 1))
			at = at.Index(0)
		case reflect.Pointer:
			at.Set(reflect.New(at.Type().Elem()))
		default:
		}
	}
	switch at = reflect.Indirect(at); at.Kind() {
	case reflect.String:
		at.SetString(sample)
	case reflect.Int64:
		at.SetInt(7)
	default: // false and zero are said as well
	}
	it.Flow = FlowOf(it.Session)
	return it
}

// says tells whether an item has a value.
func says(it *Item, get Getter) bool {
	switch get := get.(type) {
	case TextOf:
		return get(it) == sample
	case TextsOf:
		return slices.Equal(get(it), []string{sample})
	case TruthOf:
		return get(it) != nil
	case NumberOf:
		return get(it) != nil && *get(it) == 7
	case NumbersOf:
		return slices.Equal(get(it), []int64{7})
	case DecimalOf:
		return get(it) != nil
	case InstantOf:
		return get(it) == sample
	case TimeOf:
		return !get(it).IsZero()
	default:
		return false
	}
}

// Each line reads the member of the record that it says it comes from. What it says in more words is tested below.
func TestGettersReadWhatTheyAreFrom(t *testing.T) {
	for _, kind := range kinds {
		for _, d := range Of(kind) {
			path, _, _ := strings.Cut(d.From, ";")
			_, emitted := d.Get.(Emitted)
			if says(bare(), d.Get) {
				t.Errorf("%s %s: says something of an item that says nothing", kind, d.From)
			}
			if emitted || strings.Contains(path, " ") || slices.Contains([]string{"conversationId", "conversationStart", "conversationEnd"}, d.Name) {
				continue
			}
			if !says(saying(t, path), d.Get) {
				t.Errorf("%s: the getter of %q reads something else", kind, d.From)
			}
			if ofKind := strings.HasPrefix(path, string(kind)+"."); ofKind == d.OfSession() || kind != Segment && !ofKind {
				t.Errorf("%s %s: is it said by the session? %v", kind, d.From, d.OfSession())
			}
		}
	}
}

func TestWhatHeadsSay(t *testing.T) {
	start := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	it := bare()
	it.ID, it.Start, it.End = "the id", start, start.Add(90*time.Second)
	it.Segment.SegmentStart, it.Segment.SegmentEnd = sample, "2026-11-01T12:00:00.250Z"
	open := bare()
	open.ID, open.Start, open.Segment.SegmentStart = "the id", start, sample
	value := func(it *Item, kind Kind, name string) any {
		i := slices.IndexFunc(Of(kind), func(d Dimension) bool { return d.Name == name })
		switch get := Of(kind)[i].Get.(type) {
		case TextOf:
			return get(it)
		case TimeOf:
			return get(it)
		case NumberOf:
			if n := get(it); n != nil {
				return *n
			}
		default:
			t.Errorf("%s is read by a %T", name, get)
		}
		return nil
	}
	for _, c := range []struct {
		kind       Kind
		name       string
		want, open any
	}{
		{Conversation, "conversationId", "the id", "the id"},
		{Conversation, "conversationStart", start, start},
		{Conversation, "conversationEnd", start.Add(90 * time.Second), time.Time{}},
		{Conversation, "tConversationDuration", int64(90_000), nil},
		{Segment, "tSegmentDuration", int64(250), nil},
	} {
		if got := value(it, c.kind, c.name); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		if got := value(open, c.kind, c.name); got != c.open {
			t.Errorf("%s, not over: got %v, want %v", c.name, got, c.open)
		}
	}
}

func TestLines(t *testing.T) {
	for _, kind := range kinds {
		names := map[string]bool{}
		for _, d := range Of(kind) {
			_, emitted := d.Get.(Emitted)
			if d.From == "" || d.Type == "" || d.Get == nil || emitted != (d.Column == "") || emitted != (d.Doc == "") {
				t.Errorf("%s %s is not whole: %+v", kind, d.Name, d)
			}
			if d.Name != "" && names[d.Name] {
				t.Errorf("%s has %s twice", kind, d.Name)
			}
			names[d.Name] = true
		}
		columns := map[string]bool{}
		for d := range Columns(kind) {
			if columns[d.Column] {
				t.Errorf("%s has the column %s twice", kind, d.Column)
			}
			columns[d.Column] = true
		}
		for _, d := range Of(kind) {
			if d.Column != "" && !columns[d.Column] {
				t.Errorf("%s has no column %s", kind, d.Column)
			}
		}
	}
}

// What a line leaves out follows from the rest.
func TestLinesAreCompleted(t *testing.T) {
	text := TextsOf(func(*Item) []string { return nil })
	for _, c := range []struct{ line, want Dimension }{
		{Dimension{From: "session.flow.entryType", Get: text}, Dimension{Type: Text, Column: "entry_type", Doc: "flow.entryType"}},
		{Dimension{From: "session.callbackNumbers[]", Type: Phone, Get: text}, Dimension{Type: Phone, Column: "callback_numbers", Doc: "callbackNumbers"}},
		{Dimension{From: "segment.scoredAgents[].scoredAgentId", Get: text}, Dimension{Type: Text, Column: "scored_agent_id", Doc: "scoredAgents[].scoredAgentId"}},
		{Dimension{From: "participant.aBZ; or so", Column: "c", Doc: "d", Get: text}, Dimension{Type: Text, Column: "c", Doc: "d"}},
		{Dimension{From: "participant.aBZ; or so", Get: TruthOf(nil)}, Dimension{Type: Truth, Column: "a_b_z", Doc: "aBZ"}},
		{Dimension{From: "sum of all", Get: Emitted("tTalk")}, Dimension{Type: Number}},
		{Dimension{From: "a.b", Get: TimeOf(nil)}, Dimension{Type: Instant, Column: "b", Doc: "b"}},
		{Dimension{From: "a.b", Get: InstantOf(nil)}, Dimension{Type: Instant, Column: "b", Doc: "b"}},
		{Dimension{From: "a.b", Get: NumbersOf(nil)}, Dimension{Type: Number, Column: "b", Doc: "b"}},
		{Dimension{From: "a.b", Get: NumberOf(nil)}, Dimension{Type: Number, Column: "b", Doc: "b"}},
		{Dimension{From: "a.b", Get: DecimalOf(nil)}, Dimension{Type: Number, Column: "b", Doc: "b"}},
		{Dimension{From: "a.b", Get: TextOf(nil)}, Dimension{Type: Text, Column: "b", Doc: "b"}},
	} {
		got := complete([]Dimension{c.line})[0]
		if got.Type != c.want.Type || got.Column != c.want.Column || got.Doc != c.want.Doc || got.From != c.line.From {
			t.Errorf("%s: got %+v, want %+v", c.line.From, got, c.want)
		}
	}
}

func TestWhatIsAList(t *testing.T) {
	for _, c := range []struct {
		get  Getter
		want bool
	}{
		{TextsOf(nil), true},
		{NumbersOf(nil), true},
		{Emitted("oMediaCount"), true},
		{Emitted("tTalk"), false},
		{Emitted("nOffered"), false},
		{TextOf(nil), false},
		{NumberOf(nil), false},
	} {
		if got := (Dimension{Get: c.get}).List(); got != c.want {
			t.Errorf("%T %v: got %v", c.get, c.get, got)
		}
	}
}
