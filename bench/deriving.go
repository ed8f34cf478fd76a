package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// derivedGoal is of how many conversations a second a core should derive both rows; derivedCost how many times as much processor time a
// commit may take with the derived tables as without.
const (
	derivedGoal = 20_000
	derivedCost = 1.15
)

// deriving measures what the derived tables cost: their rows alone, a commit with and without them in turn, and a lake that gets them
// afterwards.
func (b *bench) deriving() error {
	if err := b.derivedRows(); err != nil {
		return err
	}
	f, err := b.week()
	if err != nil {
		return err
	}
	var whole, without, after []time.Duration
	for range b.rounds() {
		for _, derived := range []bool{true, false} {
			cpu, later, err := b.commitDerived(f, derived)
			if err != nil {
				return err
			}
			if derived {
				whole = append(whole, cpu)
			} else {
				without, after = append(without, cpu), append(after, later)
			}
		}
	}
	with, bare, later := median(whole), median(without), median(after)
	b.add(fmt.Sprintf("a commit of %s records with the derived tables, processor time", thousands(f.records)), f.each(with),
		fmt.Sprintf("without them %s; goal %.2f times", f.each(bare), derivedCost), times(derivedCost*bare.Seconds(), with.Seconds()))
	b.add("  parley lake derive for a lake without them", seconds(later)+", "+rate(f.records, later), "", "")
	return nil
}

// derivedRows derives rows of conversations that are decoded, and decodes them, on one core each.
func (b *bench) derivedRows() error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // the collector takes its part of the one core
	all := slices.Collect(sim.New(sim.Config{Seed: seed, PerDay: 2_000}).Day(first))
	var records []conversation.Record
	for _, c := range all {
		r, err := wire.RecordOf(c)
		if err != nil {
			return err
		}
		records = append(records, r)
	}
	span := 4 * time.Second
	if b.quick {
		span = time.Second
	}
	d := account.NewDeriver(nil)
	made, took := repeatedly(span, len(all), func(i int) { d.Of(all[i]) })
	read, decoding := repeatedly(span, len(records), func(i int) { wire.Decode(records[i].JSON) })
	b.add("derive the rows of summaries and legs, one core", rate(made, took), fmt.Sprintf("goal %s /s; to decode their records %s", thousands(derivedGoal), rate(read, decoding)),
		times(float64(made)/took.Seconds(), derivedGoal))
	return nil
}

// repeatedly does something with each of n things, over and over, for a while. It took processor time: others may have had the core.
func repeatedly(span time.Duration, n int, do func(i int)) (done int64, took time.Duration) {
	begun, before := time.Now(), ownCPU()
	for time.Since(begun) < span {
		for i := range n {
			do(i)
		}
		done += int64(n)
	}
	return done, ownCPU() - before
}

// commitDerived reads the file into a lake, in one commit, and says what processor time that took; where the derived tables were left
// out, how long it takes to derive them afterwards.
func (b *bench) commitDerived(f file, derived bool) (cpu, later time.Duration, err error) {
	err = b.fresh(func(dir string) (err error) {
		l, err := lake.Create(b.ctx, dir)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, l.Close()) }()
		w, err := l.Writer(b.ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, w.Close()) }()
		if !derived {
			w.LeaveUnderived()
		}
		before := ownCPU()
		out, err := w.Commit(b.ctx, lake.Commit{Run: "bench", At: time.Now(), Records: versions(b.ctx, f.path, time.Now())})
		cpu = ownCPU() - before
		if err := same(out.Added, f.records, err); err != nil || derived {
			return err
		}
		if err := w.SetReasons(b.ctx, nil); err != nil { // it derives again
			return err
		}
		begun := time.Now()
		n, err := w.Derive(b.ctx, lake.DeriveOptions{Run: "bench", At: begun})
		later = time.Since(begun)
		return same(n.Records, f.records, err)
	})
	return cpu, later, err
}

// ownCPU is the processor time that this process has taken.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
