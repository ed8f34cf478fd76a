package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// splitting measures how fast a page of results is cut into records, against encoding/json on the same page. Both
// check the syntax and copy each record.
func (b *bench) splitting() error {
	const records = 1_000
	page, err := resultPage(records)
	if err != nil {
		return err
	}
	span := 3 * time.Second
	if b.quick {
		span = time.Second
	}
	ours, err := repeat(span, func() error {
		found, err := wire.ReadPage(bytes.NewReader(page), func([]byte) error { return nil })
		return same(found.Records, records, err)
	})
	if err != nil {
		return err
	}
	theirs, err := repeat(span, func() error {
		var found struct {
			Conversations []json.RawMessage `json:"conversations"`
		}
		err := json.Unmarshal(page, &found)
		return same(len(found.Conversations), records, err)
	})
	if err != nil {
		return err
	}
	size := int64(len(page))
	b.add("cut pages into records, one core", megabytes(size, ours), "encoding/json "+megabytes(size, theirs), times(theirs.Seconds(), ours.Seconds()))
	return nil
}

// resultPage is a page of a job's results.
func resultPage(records int) ([]byte, error) {
	page := []byte(`{"conversations":[`)
	for c := range sim.New(sim.Config{Seed: seed, PerDay: records}).Day(first) {
		text, err := wire.Encode(c)
		if err != nil {
			return nil, err
		}
		page = append(append(page, text...), ',')
	}
	return append(page[:len(page)-1], `],"cursor":"c","dataAvailabilityDate":"2026-11-08T00:00:00.000Z"}`...), nil
}

// repeat does something for a while and gives the mean time.
func repeat(span time.Duration, do func() error) (time.Duration, error) {
	begun := time.Now()
	for n := 1; ; n++ {
		if err := do(); err != nil {
			return 0, err
		}
		if took := time.Since(begun); took > span {
			return took / time.Duration(n), nil
		}
	}
}

// same holds an answer to what it must be: a fast wrong one does not count.
func same[T comparable](got, want T, err error) error {
	if err == nil && got != want {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	return err
}
