package extract

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

func TestSplit(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		length time.Duration
		want   []time.Duration
	}{
		{9 * 365 * day, []time.Duration{1642 * day, 1643 * day}},
		{4 * day, []time.Duration{2 * day, 2 * day}},
		{3 * day, []time.Duration{day, 2 * day}},
		{2 * day, []time.Duration{day, day}},
		{day, slices.Repeat([]time.Duration{6 * time.Hour}, 4)},
		{6 * time.Hour, slices.Repeat([]time.Duration{time.Hour}, 6)},
		{time.Hour, slices.Repeat([]time.Duration{15 * time.Minute}, 4)},
		{15 * time.Minute, []time.Duration{15 * time.Minute}},
	} {
		var got []time.Duration
		at := first.Start()
		for _, p := range split(newPart(at, at.Add(c.length))) {
			if !p.start.Equal(at) || !p.frontier.Equal(p.start) || !p.ordered {
				t.Errorf("%v: piece %+v does not follow %v", c.length, p, at)
			}
			got = append(got, p.end.Sub(p.start))
			at = p.end
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("split of %v: got %v, want %v", c.length, got, c.want)
		}
	}
}

// stuckPlatform has a job that is never done, and notes that it was deleted.
type stuckPlatform struct {
	Platform

	deleted []platform.JobID
}

func (*stuckPlatform) Status(context.Context, platform.JobID) (platform.Status, error) {
	return platform.Status{State: platform.Pending}, nil
}

func (s *stuckPlatform) Delete(_ context.Context, id platform.JobID) error {
	s.deleted = append(s.deleted, id)
	return nil
}

// A job that takes a day is deleted, and its part asked for in pieces.
func TestStuckJobIsTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := &stuckPlatform{}
		e := New(Config{Platform: asked, Poll: platform.DefaultPoll(), Rand: rand.New(rand.NewPCG(1, 1))})
		e.turn.Lock()
		err := e.await(t.Context(), "job-7")
		if !errors.Is(err, errTooMuch) || fmt.Sprint(asked.deleted) != "[job-7]" {
			t.Errorf("got %v, deleted %v", err, asked.deleted)
		}
	})
}

// Other parts take the place of those that are stored, all of them.
func TestPartsThatAreReplacedAreStored(t *testing.T) {
	r := newRig(t, 2, platformtest.Config{})
	s := store{r.lake.Control()}
	if err := s.migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	of := run{id: "run", source: "source", first: first, end: first + 2, begun: r.clock}
	if err := s.begin(t.Context(), of, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.addPart(t.Context(), &of, newPart(first.Start(), (first+2).Start())); err != nil {
		t.Fatal(err)
	}
	pieces := []part{newPart(first.Start(), first.End()), newPart((first + 1).Start(), (first + 1).End())}
	if err := s.replaceParts(t.Context(), &of, pieces); err != nil {
		t.Fatal(err)
	}
	if got, err := s.openRun(t.Context()); err != nil || !reflect.DeepEqual(got.parts, pieces) || !reflect.DeepEqual(of.parts, pieces) {
		t.Errorf("got %+v, %v, want %+v", got.parts, err, pieces)
	}
}
