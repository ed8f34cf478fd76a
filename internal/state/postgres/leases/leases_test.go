package leases_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres/leases"
	"github.com/parley-hq/parley/internal/state/statetest"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/storetest"
)

var server *postgrestest.Server

func TestMain(m *testing.M) { postgrestest.Main(m, &server) }

func locksOf(t *testing.T, db *state.DB) *leases.Locks {
	t.Helper()
	l, err := leases.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func lease(t *testing.T, l *leases.Locks) *leases.Lease {
	t.Helper()
	lock, err := l.Lock(t.Context(), "writer.lock", store.LockOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return lock.(*leases.Lease)
}

// runOut lets the time of all leases pass, as it does while their holders sleep.
func runOut(t *testing.T, db *state.DB) {
	t.Helper()
	if _, err := db.Exec(t.Context(), `UPDATE leases SET expires = since - interval '1 hour' WHERE expires > '-infinity'`); err != nil {
		t.Fatal(err)
	}
}

func TestLocks(t *testing.T) {
	storetest.RunLeases(t, storetest.Locks{
		New:  func(t *testing.T) string { t.Helper(); return server.Database(t) },
		Open: func(at string) store.Locks { return locksOf(t, statetest.Open(t, at)) },
	})
}

// Who holds a lock is told by process, machine and time.
func TestHolderIsTold(t *testing.T) {
	l := locksOf(t, statetest.Open(t, server.Database(t)))
	defer lease(t, l).Close()
	_, err := l.Lock(t.Context(), "writer.lock", store.LockOptions{})
	host, hostErr := os.Hostname()
	if held, is := errors.AsType[*store.Held](err); !is || hostErr != nil || !strings.HasPrefix(held.By, fmt.Sprintf("process %d on %s, since 2", os.Getpid(), host)) {
		t.Errorf("got %v, %v", err, hostErr)
	}
}

// A holder that slept for too long finds that another has its lock: asked, in a transaction, by its context. It takes nothing from the other.
func TestSleeperLosesItsLease(t *testing.T) {
	db := statetest.Open(t, server.Database(t))
	a, b := locksOf(t, db), locksOf(t, db)
	slept := lease(t, a)
	ctx, cancel := slept.Context(t.Context())
	defer cancel()
	runOut(t, db)
	if err := slept.Check(t.Context()); err != nil {
		t.Errorf("nobody has taken it: %v", err)
	}
	next := lease(t, b)
	if next.Epoch() <= slept.Epoch() {
		t.Errorf("epoch %d came after %d", next.Epoch(), slept.Epoch())
	}
	if err := a.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if !errors.Is(context.Cause(ctx), fault.Conflict) {
		t.Errorf("the context: %v", context.Cause(ctx))
	}
	for what, err := range map[string]error{
		"asked":          slept.Check(t.Context()),
		"in transaction": db.Fenced(slept.Hold).Tx(t.Context(), func(*state.Tx) error { t.Error("it went on"); return nil }),
	} {
		if !errors.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := errors.Join(slept.Close(), slept.Forget(), next.Check(t.Context()), next.Close()); err != nil {
		t.Error(err)
	}
}

// A lease that ran out and that nobody has taken is renewed as if nothing had been.
func TestLeaseThatNobodyTookGoesOn(t *testing.T) {
	db := statetest.Open(t, server.Database(t))
	a, b := locksOf(t, db), locksOf(t, db)
	slept := lease(t, a)
	runOut(t, db)
	if err := a.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Lock(t.Context(), "writer.lock", store.LockOptions{}); !errors.Is(err, fault.Conflict) {
		t.Errorf("taken by another: %v", err)
	}
	if err := errors.Join(slept.Check(t.Context()), slept.Close()); err != nil {
		t.Error(err)
	}
}

// Whoever is in the middle of a transaction keeps its lease until that is over, even one that has run out: who wants it waits.
func TestTransactionKeepsItsLease(t *testing.T) {
	db := statetest.Open(t, server.Database(t))
	if err := db.Migrate(t.Context(), state.Schema{Owner: "test", Steps: []string{`CREATE TABLE x (epoch {integer} NOT NULL)`}}); err != nil {
		t.Fatal(err)
	}
	a, b := locksOf(t, db), locksOf(t, db)
	first := lease(t, a)
	runOut(t, db)
	taken := make(chan *leases.Lease, 1)
	err := db.Fenced(first.Hold).Tx(t.Context(), func(tx *state.Tx) error {
		go func() {
			lock, err := b.Lock(context.WithoutCancel(t.Context()), "writer.lock", store.LockOptions{})
			if err != nil {
				t.Error(err)
			}
			next, _ := lock.(*leases.Lease)
			taken <- next
		}()
		_, err := tx.Exec(t.Context(), `INSERT INTO x VALUES (?)`, first.Epoch())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	next := <-taken
	if next == nil {
		return
	}
	var n int
	if err := db.Row(t.Context(), `SELECT count(*) FROM x`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
}

// Processes that take a lock, sleep, wake, die and write, in any order: each write carries the epoch of its writer, and no write comes after
// one of a later epoch. Every one that was told to be in is in, and no other.
func TestNoTwoHoldersCommit(t *testing.T) {
	db := statetest.Open(t, server.Database(t))
	if err := db.Migrate(t.Context(), state.Schema{Owner: "test", Steps: []string{`CREATE TABLE x (seq {number}, epoch {integer} NOT NULL, mark {text} NOT NULL)`}}); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Log("seed", seed)
	var all sync.WaitGroup
	var mu sync.Mutex
	told := map[string]bool{}
	for p := range 4 {
		all.Go(func() {
			dice := rand.New(rand.NewPCG(seed, uint64(p)))
			l := locksOf(t, db)
			var mine *leases.Lease
			for n := range 60 {
				switch dice.IntN(6) {
				case 0, 1: // take it, if it is free
					if lock, err := l.Lock(t.Context(), "writer.lock", store.LockOptions{}); err == nil {
						mine = lock.(*leases.Lease)
					} else if !errors.Is(err, fault.Conflict) {
						t.Error(err)
					}
				case 2: // everybody sleeps for too long
					if _, err := db.Exec(t.Context(), `UPDATE leases SET expires = since - interval '1 hour' WHERE expires > '-infinity'`); err != nil {
						t.Error(err)
					}
				case 3: // give it back, or die
					if mine != nil && dice.IntN(2) == 0 {
						if err := mine.Close(); err != nil {
							t.Error(err)
						}
					}
				default:
					if mine == nil {
						continue
					}
					mark := fmt.Sprint(p, "-", n)
					_, err := db.Fenced(mine.Hold).Exec(t.Context(), `INSERT INTO x (epoch, mark) VALUES (?, ?)`, mine.Epoch(), mark)
					if err != nil && !errors.Is(err, fault.Conflict) {
						t.Error(err)
					}
					mu.Lock()
					told[mark] = err == nil
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	last, in := int64(0), 0
	for row, err := range db.Rows(t.Context(), `SELECT epoch, mark FROM x ORDER BY seq`) {
		var epoch int64
		var mark string
		if err == nil {
			err = row.Scan(&epoch, &mark)
		}
		if err != nil {
			t.Fatal(err)
		}
		if epoch < last {
			t.Errorf("%s of epoch %d was written after one of %d", mark, epoch, last)
		}
		if !told[mark] {
			t.Errorf("%s is in, and its writer was told that it is not", mark)
		}
		delete(told, mark)
		last = epoch
		in++
	}
	for mark, yes := range told {
		if yes {
			t.Errorf("%s is not in, and its writer was told that it is", mark)
		}
	}
	if in == 0 {
		t.Error("nobody wrote")
	}
}
