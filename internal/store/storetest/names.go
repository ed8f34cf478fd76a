package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// A name is any text, and stays as it is.
func oddNames(t *testing.T, impl Implementation) {
	p := open(t, impl)
	var all []store.Location
	for _, name := range []string{
		"a b", " a", "a ", "a+b", "a%2Fb", "a%b", "day=2026-11-01", "a'b", `a"b`, `a\b`, "a?b", "a#b", "a&b", "a:b", "a*b", "[a]", "{a}", "$a", "~", "-a", "a\nb",
		"a\tb", "é", "e\u0301", "\u65e5\u672c\u8a9e", "😀", ".hidden", "..a", "a..", "...", "A", strings.Repeat("x", 227), strings.Repeat("é", 100), ".A.a", "a.tmp", "file:", "nul",
	} {
		all = append(all, store.Location("of/"+name), store.Location("in").Join(name, "object"))
	}
	for _, at := range all {
		p.put(at, store.New, "content of "+string(at))
	}
	for _, at := range all {
		p.want(at, "content of "+string(at))
	}
	slices.Sort(all)
	p.wantNames(all...)
	for _, at := range all {
		if err := p.Remove(t.Context(), at); err != nil {
			t.Errorf("%q: %v", at, err)
		}
	}
	p.wantNames()
}

// What is no location is refused by all that take one.
func badLocations(t *testing.T, impl Implementation) {
	p := open(t, impl)
	for _, at := range []store.Location{"", ".", "..", "/", "/a", "a/", "a//b", "../a", "a/../b", "a/..", "./a", "a/./b", "a\x00b", "a\xff", store.Location(strings.Repeat("x", 228)), store.Location("a/" + strings.Repeat("x", 228) + "/b")} {
		for name, do := range map[string]func() error{
			"create": func() error {
				_, err := p.Create(t.Context(), at, store.Replace)
				return err
			},
			"open": func() error {
				_, err := p.Open(t.Context(), at)
				return err
			},
			"stat": func() error {
				_, err := p.Stat(t.Context(), at)
				return err
			},
			"remove": func() error { return p.Remove(t.Context(), at) },
			"clear":  func() error { return p.Clear(t.Context(), at) },
		} {
			if err := do(); !errors.Is(err, fault.Invalid) {
				t.Errorf("%s %q: %v", name, at, err)
			}
		}
	}
	p.wantNames()
}

// Objects are listed by the names they lie under, and not by how these begin.
func listed(t *testing.T, impl Implementation) {
	p := open(t, impl)
	if got := p.names("nothing/here"); len(got) > 0 {
		t.Errorf("listed %q", got)
	}
	for _, at := range []store.Location{"a", "b/a", "b/b", "b/c/d/e", "bc/a", "b-/a"} {
		p.put(at, store.New, string(at))
	}
	for under, want := range map[store.Location][]store.Location{
		"":      {"a", "b-/a", "b/a", "b/b", "b/c/d/e", "bc/a"},
		"b":     {"b/a", "b/b", "b/c/d/e"},
		"b/c":   {"b/c/d/e"},
		"b/c/d": {"b/c/d/e"},
		"bc":    {"bc/a"},
		"c":     nil,
	} {
		if got := p.names(under); !slices.Equal(got, want) {
			t.Errorf("under %q: got %q, want %q", under, got, want)
		}
	}
	for info, err := range p.List(t.Context(), "") {
		if err != nil || info.Bytes != int64(len(info.At)) {
			t.Errorf("%+v, %v", info, err)
		}
	}
	for _, err := range p.List(t.Context(), "") {
		if err != nil {
			t.Error(err)
		}
		break // whoever wants no more gets no more
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range p.List(ctx, "") {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	}
}

// What stays while others come and go is listed once.
func listedWhileWritten(t *testing.T, impl Implementation) {
	p := open(t, impl)
	const stay = 1500 // more than are read at a time
	for i := range stay {
		p.put(store.Location(fmt.Sprintf("folder/%d/%d", i%2, i)), store.New, "")
	}
	end := meanwhile(t, func(ctx context.Context, i int) error {
		at := store.Location(fmt.Sprintf("folder/%d/guest %d", i%2, i%10))
		w, err := p.Create(ctx, at, store.Replace)
		if err != nil {
			return err
		}
		return errors.Join(w.Commit(), w.Close(), p.Remove(ctx, at))
	})
	for range 5 {
		seen := map[store.Location]int{}
		for info, err := range p.List(t.Context(), "folder") {
			if err != nil {
				t.Error(err)
			}
			seen[info.At]++
		}
		for i := range stay {
			if at := store.Location(fmt.Sprintf("folder/%d/%d", i%2, i)); seen[at] != 1 {
				t.Errorf("%q was listed %d times", at, seen[at])
			}
		}
	}
	end()
	if got := p.names(""); len(got) != stay {
		t.Errorf("%d objects are there in the end, want %d", len(got), stay)
	}
}

// The folders of a location are those directly under it.
func folders(t *testing.T, impl Implementation) {
	p := open(t, impl)
	list := func(under store.Location) (out []store.Location) {
		for at, err := range p.Folders(t.Context(), under) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, at)
		}
		slices.Sort(out)
		return out
	}
	if got := list("data"); len(got) > 0 {
		t.Errorf("in nothing: %q", got)
	}
	for _, at := range []store.Location{"data/object", "data/b/x", "data/b/y", "data/a/deep/x", "other/x"} {
		p.put(at, store.New, "")
	}
	for under, want := range map[store.Location][]store.Location{"": {"data", "other"}, "data": {"data/a", "data/b"}, "data/a": {"data/a/deep"}, "data/b": nil} {
		if got := list(under); !slices.Equal(got, want) {
			t.Errorf("under %q: got %q, want %q", under, got, want)
		}
	}
	for _, err := range p.Folders(t.Context(), "data") {
		if err != nil {
			t.Error(err)
		}
		break
	}
}

// An object that is removed is gone for whoever comes, and not for whoever has it open.
func removed(t *testing.T, impl Implementation) {
	p := open(t, impl)
	if err := p.Remove(t.Context(), "folder/object"); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
	p.put("folder/object", store.New, "content")
	p.put("folder/other", store.New, "")
	o, err := p.Open(t.Context(), "folder/object")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if err := p.Remove(t.Context(), "folder/object"); err != nil {
		t.Fatal(err)
	}
	p.absent("folder/object")
	buf := make([]byte, 7)
	if _, err := o.ReadAt(buf, 0); err != nil || string(buf) != "content" {
		t.Errorf("%q, %v", buf, err)
	}
	if err := p.Remove(t.Context(), "folder/object"); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
	p.wantNames("folder/other")
	p.put("folder/object", store.New, "again")
	p.want("folder/object", "again")
}

// Clearing takes what is under a location, and nothing else.
func cleared(t *testing.T, impl Implementation) {
	p := open(t, impl)
	for _, at := range []store.Location{"a/b/x", "a/b/c/y", "a/bc", "b"} {
		p.put(at, store.New, "")
	}
	w := p.begun("a/b/unfinished", store.New)
	for range 2 {
		if err := p.Clear(t.Context(), "a/b"); err != nil {
			t.Error(err)
		}
		p.wantNames("a/bc", "b")
	}
	if err := w.Commit(); err == nil {
		t.Error("what was written under it was published after")
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	p.wantNames("a/bc", "b")
}

// Sweeping takes what was neither published nor given up, of the locations that it is told of.
func swept(t *testing.T, impl Implementation) {
	p := open(t, impl)
	p.put("a/whole", store.New, "whole")
	lost, at, work := p.begun("a/lost", store.New), p.begun("a/whole", store.Replace), p.begun("a/at work", store.New)
	other := p.begun("b/lost", store.New)
	if n := len(p.left()); n != 4 {
		t.Errorf("%d are being written, want 4", n)
	}
	if err := p.Sweep(t.Context(), "a", func(at store.Location) bool { return at != "a/at work" }); err != nil {
		t.Fatal(err)
	}
	if n := len(p.left()); n != 2 {
		t.Errorf("%d are being written still, want 2", n)
	}
	for _, w := range []store.Writer{lost, at} {
		if err := w.Publish(); err == nil {
			t.Error("published after it was swept away")
		}
	}
	if err := errors.Join(work.Commit(), other.Commit(), lost.Close(), at.Close(), work.Close(), other.Close(),
		p.Sweep(t.Context(), "nothing", func(store.Location) bool { return true })); err != nil {
		t.Error(err)
	}
	p.want("a/whole", "whole")
	p.wantNames("a/at work", "a/whole", "b/lost")
}

// A place that is prepared holds nothing, and objects can be put there.
func prepared(t *testing.T, impl Implementation) {
	p := open(t, impl)
	for range 2 {
		if err := errors.Join(p.Prepare(t.Context(), ""), p.Prepare(t.Context(), "some/folder")); err != nil {
			t.Error(err)
		}
	}
	p.wantNames()
	p.put("some/folder/object", store.New, "x")
	if err := p.Prepare(t.Context(), "some/folder"); err != nil {
		t.Error(err)
	}
	p.want("some/folder/object", "x")
	if err := p.Prepare(t.Context(), "a/../b"); !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}
