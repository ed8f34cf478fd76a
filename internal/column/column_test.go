package column

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

// A name leads to one column, and every column says what it is.
func TestTheListIsSound(t *testing.T) {
	seen := map[string]string{}
	for _, c := range All() {
		for _, name := range append([]string{c.Name}, c.Aliases...) {
			if other, taken := seen[name]; taken {
				t.Errorf("%s is a name of %s and of %s", name, other, c.Name)
			}
			seen[name] = c.Name
		}
		if c.Doc == "" || c.Source == nil || c.Type == "" {
			t.Errorf("%s: what it is, where from, or its type is not said", c.Name)
		}
		if _, stored := c.Source.(Stored); stored && c.read == nil {
			t.Errorf("%s cannot be read from a record", c.Name)
		}
		if c.Measure && c.Type != Number && c.Type != Decimal {
			t.Errorf("%s cannot be summed: it is %s", c.Name, c.Type)
		}
	}
}

// What reports ask for by their own names is there.
func TestNamesOfReports(t *testing.T) {
	for per, names := range map[Per]string{
		Interaction:  "interaction.id interaction.type conversation.id timestamp attributes.custom.* attributes.custom.segment metrics.queuetime.ms metrics.handledtime.ms",
		Conversation: "conversationId mediaType wrapUpCode totalHandleTime talkTime holdTime holdCount startTime endTime",
	} {
		sel, err := Parse("select", per, strings.Fields(names))
		if err != nil || len(sel.Columns) != len(strings.Fields(names)) {
			t.Errorf("%v, %v", sel, err)
		}
	}
	if _, err := Parse("select", Conversation, strings.Fields("id type state created_time answered_time ended_time duration_seconds")); err != nil {
		t.Error(err)
	}
}

func TestNamesThatAreWrong(t *testing.T) {
	for name, says := range map[string]string{
		"talktime": "talkTime", "holdtim": "holdTime", "queue": "queueIds", "wrapupcode": "wrapUpCode", "conversation": "conversationId", "qqqqqq": "there is no column qqqqqq; parley columns",
		"interaction.id": "rows of a conversation have no column interaction.id", "attributes.": "there is no column",
	} {
		_, err := Parse("--select", Conversation, []string{"startTime", name})
		if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, names := range [][]string{nil, {"startTime", "startTime"}, {"*", "startTime"}} {
		if _, err := Parse("--select", Conversation, names); !errors.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", names, err)
		}
	}
}

// A column for each key stands where it was asked for, without those asked for by themselves, and there is a bound.
func TestAColumnForEachKey(t *testing.T) {
	sel, err := Parse("--select", Conversation, []string{"attributes.b", "attributes.*", "startTime"})
	if err != nil || !sel.AsksKeys() {
		t.Fatal(err)
	}
	keys := []string{"a", "b", "c"}
	sel, err = sel.WithKeys("--select", keys)
	var names []string
	for _, c := range sel.Columns {
		names = append(names, c.Name)
	}
	if want := []string{"attributes.b", "attributes.a", "attributes.c", "startTime"}; err != nil || !slices.Equal(names, want) || sel.AsksKeys() {
		t.Errorf("got %v, %v", names, err)
	}
	every, err := Parse("--select", Conversation, []string{"attributes.*"})
	if err != nil {
		t.Fatal(err)
	}
	for n, fits := range map[int]bool{MaxSelected: true, MaxSelected + 1: false} {
		many := make([]string, n)
		for i := range many {
			many[i] = strings.Repeat("k", i+1)
		}
		if _, err := every.WithKeys("--select", many); (err == nil) != fits {
			t.Errorf("%d keys: %v", n, err)
		}
	}
}

// A key is selected as it is: with the blank at its end, and with custom. at its beginning behind another custom.
func TestKeysOfAttributesAsTheyAre(t *testing.T) {
	for name, want := range map[string]Attribute{
		" attributes.Reason": "Reason", "attributes.ANI ": "ANI ", "attributes.custom.x": "x", "attributes.custom.custom.x": "custom.x",
	} {
		s, err := Parse("--select", Conversation, []string{name})
		if err != nil || s.Columns[0].Source != want {
			t.Errorf("%q: %v, %v, want %q", name, s.Columns, err, want)
		}
	}
	s, err := Parse("--select", Conversation, []string{"attributes.custom.x", "attributes.*"})
	if err != nil {
		t.Fatal(err)
	}
	s, err = s.WithKeys("--select", []string{"custom.x", "x", "y"})
	var names []string
	for _, c := range s.Columns {
		names = append(names, c.Name)
	}
	if want := []string{"attributes.custom.x", "attributes.custom.custom.x", "attributes.y"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%v, got %v, want %v", err, names, want)
	}
}
