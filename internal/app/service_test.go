package app

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
)

func TestLakesByOrganization(t *testing.T) {
	for text, want := range map[string]Lakes{
		"./lake": {"default": "./lake"}, "acme=./a b=./b": {"acme": "./a", "b": "./b"}, "./lake b=./b": {"default": "./lake", "b": "./b"},
	} {
		if got, err := ParseLakes(strings.Fields(text)); err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"A=./lake": "lower-case", "a/b=./lake": "lower-case", "=./lake": "NAME=DIR", "a=": "NAME=DIR", "./lake ./other": "a name of its own",
		"a=./x a=./y": "a name of its own", "a=./x b=./x/": "the same lake",
	} {
		_, err := ParseLakes(strings.Fields(text))
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Invalid || f.Field != "--lake" || !strings.Contains(f.Message, want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	folder, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(folder, link); err != nil {
		t.Fatal(err)
	}
	if _, err := ParseLakes([]string{"a=" + folder, "b=" + link}); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "the same lake") {
		t.Errorf("a lake and a link to it: %v", err)
	}
	if _, err := (Lakes{"a": "./a", "b": "./b"}).serverDir(t.Context(), ""); !errors.Is(err, fault.Invalid) {
		t.Errorf("several lakes and no folder of the server: got %v", err)
	}
}

// A server of many lakes opens several at a time. If one is not there it says which, and lets go of the others.
func TestOneOfManyLakesIsNotThere(t *testing.T) {
	dir := t.TempDir()
	lakes := Lakes{}
	for n := range 2 * opensAtOnce {
		name := fmt.Sprintf("org%d", n)
		lakes[name] = filepath.Join(dir, name)
		l, err := lake.Create(t.Context(), lakes[name])
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	open := func() error {
		s, err := OpenService(t.Context(), lakes, filepath.Join(dir, "server"), Cluster{})
		if err != nil {
			return err
		}
		if len(s.lakes) != len(lakes) {
			t.Errorf("%d lakes are open", len(s.lakes))
		}
		return s.Close()
	}
	if err := open(); err != nil {
		t.Fatal(err)
	}
	lakes["missing"] = filepath.Join(dir, "missing")
	if err := open(); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), lakes["missing"]) {
		t.Errorf("got %v", err)
	}
	files, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if to, err := os.Readlink(f); err == nil && strings.HasPrefix(to, dir) {
			t.Errorf("%s is still open", to)
		}
	}
}
