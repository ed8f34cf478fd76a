package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/redact"
)

// lists are what a platform has, by kind: entries, or an error.
type lists map[names.Kind]any

func (l lists) List(_ context.Context, k names.Kind) (names.Listing, error) {
	if err, failed := l[k].(error); failed {
		return names.Listing{}, err
	}
	entries, _ := l[k].([]names.Entry)
	return names.Listing{Kind: k, Entries: entries, Whole: true}, nil
}

func namedLake(t *testing.T) *lake.Lake {
	t.Helper()
	l, err := lake.Create(t.Context(), filepath.Join(t.TempDir(), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func refreshed(t *testing.T, l *lake.Lake, n Naming, day int) *names.Outcome {
	t.Helper()
	out, err := n.Refresh(t.Context(), l, "run", time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func bookOf(t *testing.T, l *lake.Lake) (*names.Book, names.History) {
	t.Helper()
	h, err := l.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return names.NewBook(h), h
}

func TestNamesAreReadAgain(t *testing.T) {
	l := namedLake(t)
	first := lists{
		names.Queue: []names.Entry{{ID: "q", Name: "Sales"}}, names.User: []names.Entry{{ID: "u", Name: "Ada", State: "active"}, {ID: "v", Name: "Bob", State: "active"}},
	}
	if out := refreshed(t, l, Naming{From: first}, 1); out.Added != 3 || out.Read() != "2 users, 1 queues, 0 wrap-up codes, 0 divisions, 0 skills, 0 languages" {
		t.Errorf("got %+v", out)
	}
	if out := refreshed(t, l, Naming{From: first, Age: 48 * time.Hour}, 2); out != nil {
		t.Errorf("names of yesterday were read again: %+v", out)
	}
	later := lists{
		names.Queue:      &platform.Refusal{Status: 403},
		names.User:       []names.Entry{{ID: "u", Name: "Ada Byron", State: "deleted"}},
		names.WrapUpCode: fault.New(fault.Corrupt, "a page came twice"),
	}
	out := refreshed(t, l, Naming{From: later, Age: 24 * time.Hour}, 3)
	want := "queues: the client lacks the permission routing:queue:view; wrap-up codes: a page came twice"
	if out.Changed != 1 || out.Gone != 1 || out.NotRead() != want {
		t.Errorf("got %+v, %s", out, out.NotRead())
	}
	book, h := bookOf(t, l)
	if book.Name(names.User, "u") != "Ada Byron" || book.Name(names.User, "v") != "Bob" || book.Name(names.Queue, "q") != "Sales" || len(h) != 5 {
		t.Errorf("got %+v", h)
	}
	d := directoryOf(book)
	states := map[string]directory.State{}
	for _, u := range d.Users {
		states[u.ID] = u.State
	}
	if len(d.Queues) != 1 || states["u"] != directory.Deleted || states["v"] != directory.Deleted {
		t.Errorf("the directory is %+v", d)
	}
}

// A server shows the names that its lake has by now, and none while it has none.
func TestADirectoryFollowsItsLake(t *testing.T) {
	l := namedLake(t)
	source := (&shelf{lake: l}).directory
	now := func() *directory.Directory {
		t.Helper()
		d, err := source(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := now(); d != nil {
		t.Errorf("a lake without names lists %+v", d)
	}
	for day, name := range []string{"Sales", "Sales and Service"} {
		refreshed(t, l, Naming{From: lists{names.Queue: []names.Entry{{ID: "q", Name: name}}}}, day+1)
		if d := now(); d == nil || len(d.Queues) != 1 || d.Queues[0].Name != name {
			t.Errorf("got %+v, want the queue %s", d, name)
		}
	}
	if before, after := now(), now(); before != after {
		t.Error("what has not changed is made again")
	}
}

// When nobody can be reached the other lists are not asked for, and nothing is changed.
func TestNamesOfAPlatformThatIsAway(t *testing.T) {
	l := namedLake(t)
	away := lists{}
	for _, k := range names.Kinds() {
		away[k] = fault.New(fault.Unavailable, "nobody answers")
	}
	out := refreshed(t, l, Naming{From: away}, 1)
	if len(out.Listed) != 0 || len(out.Left) != len(names.Kinds()) || strings.Count(out.NotRead(), "nobody answers") != 1 {
		t.Errorf("got %+v", out)
	}
	if has, err := l.HasNames(t.Context()); has || err != nil {
		t.Errorf("a table of names was made: %v", err)
	}
	if out := refreshed(t, l, Naming{}, 1); out != nil {
		t.Errorf("nobody was asked: %+v", out)
	}
}

func TestNamesOfUsersStayOutOfALakeThatIsRedacted(t *testing.T) {
	l := namedLake(t)
	rules, err := redact.Parse([]byte("rules:\n  - names: all\n    do: drop\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := redact.Remember(t.Context(), l.Control(), rules); err != nil {
		t.Fatal(err)
	}
	out := refreshed(t, l, Naming{From: lists{names.User: []names.Entry{{ID: "u", Name: "Ada"}}, names.Queue: []names.Entry{{ID: "q", Name: "Sales"}}}}, 1)
	book, _ := bookOf(t, l)
	if book.Name(names.User, "u") != "" || book.Name(names.Queue, "q") != "Sales" || !strings.Contains(out.NotRead(), "users: the records of this lake are redacted") {
		t.Errorf("got %+v", out)
	}
}

// Names of users that came before the first redacted record go with the next reading, their history too, even if nothing else is read.
func TestNamesOfUsersLeaveALakeThatIsRedacted(t *testing.T) {
	l := namedLake(t)
	refreshed(t, l, Naming{From: lists{names.User: []names.Entry{{ID: "u", Name: "Ada"}}}}, 1)
	refreshed(t, l, Naming{From: lists{names.User: []names.Entry{{ID: "u", Name: "Ada Byron"}}}}, 2)
	rules, err := redact.Parse([]byte("rules:\n  - names: all\n    do: drop\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := redact.Remember(t.Context(), l.Control(), rules); err != nil {
		t.Fatal(err)
	}
	away := fault.New(fault.Unavailable, "nobody is there")
	refreshed(t, l, Naming{From: lists{names.Queue: away}}, 3)
	if _, h := bookOf(t, l); len(h) != 0 {
		t.Errorf("kept %+v", h)
	}
	refreshed(t, l, Naming{From: lists{names.User: []names.Entry{{ID: "u", Name: "Ada"}}, names.Queue: []names.Entry{{ID: "q", Name: "Sales"}}}}, 4)
	if book, h := bookOf(t, l); len(h) != 1 || book.Name(names.Queue, "q") != "Sales" {
		t.Errorf("afterwards %+v", h)
	}
}

// A writer that is busy leaves the names as they were.
func TestNamesBesideAWriter(t *testing.T) {
	l := namedLake(t)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	_, err = Naming{From: lists{names.Queue: []names.Entry{{ID: "q", Name: "Sales"}}}}.Refresh(t.Context(), l, "run", time.Now())
	if !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
	if _, h := bookOf(t, l); !slices.Equal(h, nil) {
		t.Errorf("got %+v", h)
	}
}

// Statements that need names that are damaged are told so; others are answered.
func TestSQLOverDamagedNames(t *testing.T) {
	l := namedLake(t)
	refreshed(t, l, Naming{From: lists{names.Queue: []names.Entry{{ID: "q", Name: "Sales"}}}}, 1)
	ask := func(statement string) error {
		return SQL(t.Context(), l.String(), statement, func([]string) error { return nil }, func([]any) error { return nil })
	}
	if err := ask("SELECT name FROM queues"); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(l.String(), "warehouse", "parley", "names", "data", "*.parquet"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	for statement, want := range map[string]error{"SELECT name FROM queues": fault.Corrupt, "FROM names": fault.Corrupt, "SELECT count(*) FROM segments": nil} {
		if err := ask(statement); !errors.Is(err, want) {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
