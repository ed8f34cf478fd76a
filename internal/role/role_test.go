package role

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A diary is what services did, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// writes makes a service that notes what is done with it.
func (d *diary) writes(name string, needs ...string) Service {
	return Service{
		Needs: needs,
		Open:  func(context.Context) error { d.note("open %s", name); return nil },
		Run:   func(ctx context.Context) error { <-ctx.Done(); d.note("end %s", name); return nil },
		Close: func() error { d.note("close %s", name); return nil },
	}
}

// made is a role with a, and b that needs it, and c that needs both.
func (d *diary) made() Services {
	return Services{"c": d.writes("c", "a", "b"), "b": d.writes("b", "a"), "a": d.writes("a", "the caller's")}
}

func TestServicesOpenAfterWhatTheyNeedAndCloseBeforeIt(t *testing.T) {
	var d diary
	err := d.made().During(t.Context(), func(context.Context) error { d.note("do"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	d.lines = slices.DeleteFunc(d.lines, func(l string) bool { return strings.HasPrefix(l, "end") }) // all at once
	want := "open a,open b,open c,do,close c,close b,close a"
	if got := strings.Join(d.lines, ","); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestARoleThatFails(t *testing.T) {
	broken := errors.New("broken")
	fails := func(context.Context) error { return broken }
	for name, c := range map[string]struct {
		change func(s *Service) // of b
		do     func(context.Context) error
		want   string
	}{
		"opening": {func(s *Service) { s.Open = fails }, nil, "open a,close a"},
		"running": {func(s *Service) { s.Run = fails }, nil, "open a,open b,open c,do,end a,end c,close c,close b,close a"},
		"doing":   {func(*Service) {}, fails, "open a,open b,open c,end a,end b,end c,close c,close b,close a"},
		"closing": {func(s *Service) { s.Close = func() error { return broken } }, func(context.Context) error { return nil }, "open a,open b,open c,end a,end b,end c,close c,close a"},
	} {
		var d diary
		r := d.made()
		b := r["b"]
		c.change(&b)
		r["b"] = b
		if c.do == nil {
			c.do = func(ctx context.Context) error { <-ctx.Done(); d.note("do"); return ctx.Err() }
		}
		if err := r.During(t.Context(), c.do); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		// What runs ends in any order.
		rank := func(l string) int { return slices.Index([]string{"open", "do", "end", "close"}, strings.Fields(l)[0]) }
		slices.SortStableFunc(d.lines, func(x, y string) int {
			if rank(x) != rank(y) || rank(x) != 2 {
				return rank(x) - rank(y)
			}
			return strings.Compare(x, y)
		})
		if got := strings.Join(d.lines, ","); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	if err := (Services{"a": {Needs: []string{"b"}}, "b": {Needs: []string{"a"}}}).During(t.Context(), fails); err == nil || errors.Is(err, broken) {
		t.Errorf("services that need one another: %v", err)
	}
}
