package storetest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// Locks is an implementation of locks that is tested.
type Locks struct {
	New  func(t *testing.T) (place string) // makes an empty place
	Open func(place string) store.Locks    // in another process too
}

// RunLocks holds locks to their contract. As Run, it belongs at the top of a test.
func RunLocks(t *testing.T, impl Locks) {
	if doomed() {
		holdLock(t, impl)
		return
	}
	for name, test := range map[string]func(*testing.T, Locks){
		"excluded": excluded, "existing": existing, "forgotten": forgotten, "many at once": manyAtOnce, "held by a process that is killed": holderKilled,
	} {
		t.Run(name, func(t *testing.T) { test(t, impl) })
	}
}

// RunLeases is RunLocks for locks that are over some time after the process that holds them, and not with it.
func RunLeases(t *testing.T, impl Locks) {
	for name, test := range map[string]func(*testing.T, Locks){
		"excluded": excluded, "existing": existing, "forgotten": forgotten, "many at once": manyAtOnce,
	} {
		t.Run(name, func(t *testing.T) { test(t, impl) })
	}
}

// Who takes a lock alone excludes everybody, who takes it shared those who want it alone, until it is given back.
func excluded(t *testing.T, impl Locks) {
	for _, anyone := range []bool{false, true} {
		at := impl.New(t)
		for _, c := range []struct{ first, second, free bool }{{false, false, false}, {false, true, false}, {true, false, false}, {true, true, true}} {
			name := store.Location(fmt.Sprintf("of %v/locks/%v %v", anyone, c.first, c.second)) // which there is nothing of yet
			if !anyone {
				name = store.Location(name.Name())
			}
			first, err := impl.Open(at).Lock(t.Context(), name, store.LockOptions{Shared: c.first, Anyone: anyone})
			if err != nil {
				t.Fatal(err)
			}
			second, err := impl.Open(at).Lock(t.Context(), name, store.LockOptions{Shared: c.second, Anyone: anyone})
			if held, is := errors.AsType[*store.Held](err); c.free && err != nil || !c.free && (!is || held.By == "" || !errors.Is(err, fault.Conflict)) {
				t.Errorf("first shared %v, second shared %v: %v", c.first, c.second, err)
			}
			if err == nil {
				if err := second.Close(); err != nil {
					t.Error(err)
				}
			}
			if err := errors.Join(first.Close(), first.Close()); err != nil {
				t.Error(err)
			}
			again, err := impl.Open(at).Lock(t.Context(), name, store.LockOptions{Anyone: anyone})
			if err != nil {
				t.Fatalf("it was given back: %v", err)
			}
			if err := again.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// locked lists the locks under a location, in order.
func locked(t *testing.T, l store.Locks, under store.Location) (names []store.Location) {
	t.Helper()
	for at, err := range l.Locked(t.Context(), under) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, at)
	}
	slices.Sort(names)
	return names
}

// Who wants a lock only if it was taken before makes none.
func existing(t *testing.T, impl Locks) {
	l := impl.Open(impl.New(t))
	for range 2 {
		if _, err := l.Lock(t.Context(), "pins/1", store.LockOptions{Anyone: true, Existing: true}); !errors.Is(err, fault.NotFound) {
			t.Errorf("got %v", err)
		}
	}
	if got := locked(t, l, "pins"); len(got) > 0 {
		t.Errorf("made %q", got)
	}
	pin, err := l.Lock(t.Context(), "pins/1", store.LockOptions{Anyone: true, Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Lock(t.Context(), "pins/1", store.LockOptions{Anyone: true, Existing: true}); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
	if err := pin.Close(); err != nil {
		t.Error(err)
	}
	if pin, err = l.Lock(t.Context(), "pins/1", store.LockOptions{Anyone: true, Existing: true}); err != nil {
		t.Fatal(err)
	}
	if err := pin.Close(); err != nil {
		t.Error(err)
	}
	if _, err := l.Lock(t.Context(), "../pins", store.LockOptions{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}

// Of a lock that is forgotten nothing is left, and the others stay.
func forgotten(t *testing.T, impl Locks) {
	l := impl.Open(impl.New(t))
	var pins []store.Lock
	for _, name := range []store.Location{"pins/1", "pins/2"} {
		pin, err := l.Lock(t.Context(), name, store.LockOptions{Anyone: true})
		if err != nil {
			t.Fatal(err)
		}
		pins = append(pins, pin)
	}
	if got := locked(t, l, "pins"); !slices.Equal(got, []store.Location{"pins/1", "pins/2"}) {
		t.Errorf("got %q", got)
	}
	if err := errors.Join(pins[0].Forget(), pins[0].Close(), pins[1].Close()); err != nil {
		t.Error(err)
	}
	if got := locked(t, l, "pins"); !slices.Equal(got, []store.Location{"pins/2"}) {
		t.Errorf("got %q", got)
	}
}

// Of many who want a lock alone at once one has it.
func manyAtOnce(t *testing.T, impl Locks) {
	at := impl.New(t)
	for round := range 20 {
		const many = 5
		tried := make(chan error)
		all := make(chan struct{}) // have tried
		var trying sync.WaitGroup
		for range many {
			trying.Go(func() {
				lock, err := impl.Open(at).Lock(t.Context(), store.Location(fmt.Sprint("pins/", round)), store.LockOptions{Anyone: true})
				tried <- err
				<-all
				if err == nil {
					err = lock.Close()
				}
				if err != nil && !errors.Is(err, fault.Conflict) {
					t.Error(err)
				}
			})
		}
		won := 0
		for range many {
			if <-tried == nil {
				won++
			}
		}
		close(all)
		trying.Wait()
		if won != 1 {
			t.Errorf("%d have the lock at once", won)
		}
	}
}

// holdLock takes a lock, says so, and waits to be killed.
func holdLock(t *testing.T, impl Locks) {
	if _, err := impl.Open(os.Getenv(placeVariable)).Lock(t.Context(), "writer.lock", store.LockOptions{}); err != nil {
		t.Fatal(err)
	}
	fmt.Println("\nwaiting")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// A lock ends with the process that holds it.
func holderKilled(t *testing.T, impl Locks) {
	at := impl.New(t)
	if lock, err := impl.Open(at).Lock(t.Context(), "writer.lock", store.LockOptions{}); err != nil || lock.Close() != nil {
		t.Fatal(err)
	}
	test, _, _ := strings.Cut(t.Name(), "/")
	child := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.count=1")
	child.Env = append(os.Environ(), placeVariable+"="+at)
	kill(t, child, func() {
		_, err := impl.Open(at).Lock(t.Context(), "writer.lock", store.LockOptions{})
		if held, is := errors.AsType[*store.Held](err); !is || held.By != fmt.Sprint("process ", child.Process.Pid) {
			t.Errorf("while process %d holds it: %v", child.Process.Pid, err)
		}
	})
	lock, err := impl.Open(at).Lock(t.Context(), "writer.lock", store.LockOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
}
