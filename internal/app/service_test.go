package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
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
		s, err := OpenService(t.Context(), ServiceOptions{Lakes: lakes, State: filepath.Join(dir, "server")})
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

// A lake that is not there yet, or away, keeps nobody from the others. It is taken in when somebody asks for it.
func TestALakeThatIsThereLater(t *testing.T) {
	dir := t.TempDir()
	lakes := Lakes{"acme": filepath.Join(dir, "acme"), "beta": filepath.Join(dir, "beta")}
	made := func(name string) {
		t.Helper()
		l, err := lake.Create(t.Context(), lakes[name])
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	made("acme")
	s, err := OpenService(t.Context(), ServiceOptions{Lakes: lakes, State: filepath.Join(dir, "server"), Late: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if late := s.Late(); len(late) != 1 || !errors.Is(late["beta"], fault.NotFound) || !strings.Contains(late["beta"].Error(), lakes["beta"]) {
		t.Errorf("late: %v", late)
	}
	beta := s.lakes["beta"]
	live := func() error {
		view, err := beta.Live(t.Context())
		if err != nil {
			return err
		}
		return view.Close()
	}
	_, organization := s.organization(t.Context(), "beta")
	_, tables := beta.At(t.Context(), "")
	_, lists := beta.directory(t.Context())
	_, settled := beta.Settled(t.Context())
	_, available := beta.Available(t.Context())
	for name, err := range map[string]error{"live": live(), "organization": organization, "tables": tables, "lists": lists, "settled": settled, "available": available} {
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Unavailable || strings.Contains(f.Message, dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
	made("beta")
	if err := live(); !errors.Is(err, fault.Unavailable) {
		t.Errorf("it is tried again at once: %v", err)
	}
	beta.tried = beta.tried.Add(-triesEvery)
	if err := live(); err != nil {
		t.Error(err)
	}
	if late := s.Late(); len(late) != 0 {
		t.Errorf("late: %v", late)
	}
	if o, err := s.organization(t.Context(), "beta"); err != nil || o.ID == "" || o.Name != "beta" {
		t.Errorf("got %v, %v", o, err)
	}
}

// Who asks for a lake while somebody tries to open it, which may take long, is told at once what came of the last try.
func TestNobodyWaitsForALakeThatIsAway(t *testing.T) {
	h := &hosted{name: "acme", dir: filepath.Join(t.TempDir(), "missing"), engines: &answering{}, within: at.As(t.Context())}
	if _, err := h.get(t.Context()); !errors.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	h.tried = time.Time{}
	h.opening.Lock()
	if _, err := h.get(t.Context()); !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	h.opening.Unlock()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := h.get(ctx); !errors.Is(err, context.Canceled) || !h.tried.IsZero() {
		t.Errorf("whoever asked has left: %v", err)
	}
}
