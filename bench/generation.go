package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/mem"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// goal is how many conversations a second a sandbox should make on a core.
const goal = 15_000

// seed and first are what the benchmarks simulate.
const seed = 7

var first = conversation.DayOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))

// generation measures how fast conversations are made, on one goroutine: as Go values, and as JSON.
func (b *bench) generation() error {
	span := 4 * time.Second
	if b.quick {
		span = time.Second
	}
	made, took, err := generate(span, func(*conversation.Conversation) error { return nil })
	if err != nil {
		return err
	}
	b.add("make conversations, one core", rate(made, took), "goal 15,000 /s", times(float64(made)/took.Seconds(), goal))
	size := int64(0)
	made, took, err = generate(span, func(c *conversation.Conversation) error {
		text, err := wire.Encode(c)
		size += int64(len(text))
		return err
	})
	if err != nil {
		return err
	}
	b.add("make and write them as JSON, one core", rate(made, took)+", "+megabytes(size, took), "goal 15,000 /s",
		times(float64(made)/took.Seconds(), goal))
	made, took, err = remember(span)
	if err != nil {
		return err
	}
	b.add("make them as the records of a sandbox, one core", rate(made, took), "goal 15,000 /s", times(float64(made)/took.Seconds(), goal))
	return nil
}

// remember makes conversations and keeps them as a sandbox does, a day at a time, for a while.
func remember(span time.Duration) (made int64, took time.Duration, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // the collector takes its part of the one core
	centre, store, begun := sim.New(sim.Config{Seed: seed, PerDay: 2_000}), mem.New(sim.History{}), time.Now()
	for day := first; time.Since(begun) < span; day++ {
		var records []conversation.Record
		for c := range centre.Day(day) {
			r, err := wire.RecordOf(c)
			if err != nil {
				return made, 0, err
			}
			records = append(records, r)
		}
		if _, err := store.Add(records...); err != nil {
			return made, 0, err
		}
		made += int64(len(records))
	}
	return made, time.Since(begun), nil
}

// generate makes conversations for a while.
func generate(span time.Duration, each func(*conversation.Conversation) error) (made int64, took time.Duration, err error) {
	centre, begun := sim.New(sim.Config{Seed: seed, PerDay: 2_000}), time.Now()
	for day := first; time.Since(begun) < span; day++ {
		for c := range centre.Day(day) {
			if err := each(c); err != nil {
				return made, 0, err
			}
			made++
		}
	}
	return made, time.Since(begun), nil
}

// file is a file of records, as NDJSON.
type file struct {
	path          string
	size, records int64
}

// speed writes how fast it was read.
func (f file) speed(took time.Duration) string {
	return seconds(took) + ", " + rate(f.records, took) + ", " + megabytes(f.size, took)
}

// each is the processor time for one of its records.
func (f file) each(cpu time.Duration) string {
	return fmt.Sprintf("%d us a record", (cpu / time.Duration(f.records)).Microseconds())
}

// week writes the records of seven days, once for all steps.
func (b *bench) week() (_ file, err error) {
	perDay := 5_000
	if b.quick {
		perDay = 1_000
	}
	if b.ndjson.path == "" {
		b.ndjson, err = b.export(extractDays, perDay)
	}
	return b.ndjson, err
}

func (b *bench) export(days, perDay int) (f file, err error) {
	f = file{path: filepath.Join(b.dir, "records.ndjson"), records: int64(days * perDay)}
	out, err := os.Create(f.path)
	if err != nil {
		return f, err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	centre := sim.New(sim.Config{Seed: seed, PerDay: perDay})
	for n := range days {
		for c := range centre.Day(first + conversation.Day(n)) {
			text, err := wire.Encode(c)
			if err != nil {
				return f, errors.Join(err, out.Close())
			}
			w.Write(text)
			w.WriteByte('\n')
			f.size += int64(len(text))
		}
	}
	return f, errors.Join(w.Flush(), out.Close())
}
