package called

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
)

func TestIDsOfNames(t *testing.T) {
	var says bytes.Buffer
	s := &ui.Streams{Err: &says}
	book := names.BookOf(map[names.Kind][]names.Entry{names.Queue: {
		{ID: "1", Name: "Sales"}, {ID: "2", Name: "Claims"}, {ID: "3", Name: "claims"}, {ID: "Sales", Name: "Odd"},
	}})
	got, err := IDs(s, "--queue", names.Queue, []string{"odd", "1", "unknown", "Sales"}, book)
	if err != nil || !slices.Equal(got, []string{"Sales", "1", "unknown", "Sales"}) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := IDs(s, "--queue", names.Queue, []string{"Claims"}, book); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "several queues; give the id of one: 2, 3") {
		t.Errorf("got %v", err)
	}
	if got, err := IDs(s, "--queue", names.Queue, []string{"x"}, nil); err != nil || !slices.Equal(got, []string{"x"}) {
		t.Errorf("without names: %v, %v", got, err)
	}
	if _, err := IDs(s, "--queue", names.Queue, []string{"5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11"}, book); err != nil {
		t.Error(err)
	}
	const want = "--queue unknown is the name of none of the queues that are known, and is taken for an id.\n"
	if says.String() != want {
		t.Errorf("said %q, want %q", says.String(), want)
	}
}

func TestTheMessageListsFewIDs(t *testing.T) {
	var many []names.Entry
	for id := range strings.FieldsSeq("a b c d e f g") {
		many = append(many, names.Entry{ID: id, Name: "Same"})
	}
	_, err := IDs(&ui.Streams{}, "--agent", names.User, []string{"same"}, names.BookOf(map[names.Kind][]names.Entry{names.User: many}))
	if err == nil || !strings.HasSuffix(err.Error(), "a, b, c, d, e, …") {
		t.Errorf("got %v", err)
	}
}

func TestWhatMayBeAName(t *testing.T) {
	if !Named([]string{"0123abcd-0000-4000-8000-000000000000", "Sales"}) || Named([]string{"0123abcd-0000-4000-8000-000000000000", ""}) || Named(nil) {
		t.Error("a UUID is an id, and everything else may be a name")
	}
}
