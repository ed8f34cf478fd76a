package main

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// goal is how many conversations a second a sandbox should make.
const goal = 10_000

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
	b.add("make conversations, one core", rate(made, took), "goal 10,000 /s", times(float64(made)/took.Seconds(), goal))
	size := int64(0)
	made, took, err = generate(span, func(c *conversation.Conversation) error {
		text, err := wire.Encode(c)
		size += int64(len(text))
		return err
	})
	if err != nil {
		return err
	}
	b.add("make and write them as JSON, one core", rate(made, took)+", "+megabytes(size, took), "goal 10,000 /s",
		times(float64(made)/took.Seconds(), goal))
	return nil
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

// export writes the records of days as NDJSON.
func (b *bench) export(days, perDay int) (path string, size int64, err error) {
	path = filepath.Join(b.dir, "records.ndjson")
	f, err := os.Create(path)
	if err != nil {
		return path, 0, err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	centre := sim.New(sim.Config{Seed: seed, PerDay: perDay})
	for n := range days {
		for c := range centre.Day(first + conversation.Day(n)) {
			text, err := wire.Encode(c)
			if err != nil {
				return path, size, errors.Join(err, f.Close())
			}
			w.Write(text)
			w.WriteByte('\n')
			size += int64(len(text))
		}
	}
	return path, size, errors.Join(w.Flush(), f.Close())
}
