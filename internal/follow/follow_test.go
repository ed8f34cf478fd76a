package follow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
)

var begun = time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC)

// told notes what happens, with how long after the beginning.
type told struct {
	from  time.Time
	lines []string
}

func (o *told) note(format string, args ...any) {
	since := time.Since(o.from).Round(time.Minute)
	o.lines = append(o.lines, fmt.Sprintf("%v %s", since, strings.TrimSpace(fmt.Sprintf(format, args...))))
}

// follow follows for so long what the runs give one after the other; the last one again and again.
func follow(t *testing.T, long time.Duration, await func(context.Context, time.Duration) error, runs ...error) ([]string, error) {
	t.Helper()
	var err error
	o := &told{from: time.Now()}
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	n := 0
	f := &Follower{
		Extract: func(context.Context) (extract.Summary, error) {
			err := runs[min(n, len(runs)-1)]
			n++
			return extract.Summary{Available: conversation.FormatTime(begun)}, err
		},
		Await: func(ctx context.Context, now time.Time, most time.Duration) error {
			if !now.Equal(begun) || most != 6*time.Hour {
				t.Errorf("waits for what is after %v, for %v", now, most)
			}
			return await(ctx, most)
		},
		Every: 6 * time.Hour, First: time.Minute, Most: 10 * time.Minute,
		Told: func(_ extract.Summary, err error) { o.note("run %v", err) },
		Note: func(string, ...any) {},
	}
	err = f.Run(ctx)
	return o.lines, err
}

// tells is a platform that tells of something new after so long.
func tells(after time.Duration) func(context.Context, time.Duration) error {
	return func(ctx context.Context, most time.Duration) error {
		select {
		case <-time.After(min(after, most)):
		case <-ctx.Done():
			return ctx.Err()
		}
		if after > most {
			return fault.Unavailable
		}
		return nil
	}
}

func TestFollow(t *testing.T) {
	for name, c := range map[string]struct {
		long  time.Duration
		await func(context.Context, time.Duration) error
		runs  []error
		want  string
		err   error
	}{
		"as it is told":        {7 * time.Hour, tells(2 * time.Hour), []error{nil}, "0s run <nil>, 2h0m0s run <nil>, 4h0m0s run <nil>, 6h0m0s run <nil>", nil},
		"now and then":         {13 * time.Hour, tells(100 * time.Hour), []error{nil}, "0s run <nil>, 6h0m0s run <nil>, 12h0m0s run <nil>", nil},
		"incomplete is no end": {3 * time.Hour, tells(2 * time.Hour), []error{fault.Incomplete}, "0s run incomplete, 2h0m0s run incomplete", nil},
		"what never helps":     {time.Hour, tells(time.Minute), []error{fault.Unauthorized}, "0s run not authorized", fault.Unauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lines, err := follow(t, c.long, c.await, c.runs...)
				if got := strings.Join(lines, ", "); got != c.want || !errors.Is(err, c.err) {
					t.Errorf("%s; %v", got, err)
				}
			})
		})
	}
}

// A platform that is out of order is tried later and later, up to a longest pause, and as soon as ever when it is well.
func TestFollowThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := fault.Unavailable
		lines, err := follow(t, 2*time.Hour, tells(time.Hour), down, down, down, down, down, down, nil, down, nil)
		if err != nil || len(lines) < 8 {
			t.Fatalf("%q, %v", lines, err)
		}
		var last time.Duration
		for i, minutes := range []int{0, 1, 2, 4, 8, 10, 10} {
			least := time.Duration(minutes) * time.Minute
			at, _, _ := strings.Cut(lines[i], " ")
			now, err := time.ParseDuration(at)
			if pause := now - last; err != nil || pause < least || pause > least*5/4+time.Minute {
				t.Errorf("run %d is %v after the one before, %v", i, pause, err)
			}
			last = now
		}
	})
}

// Upkeep comes after the runs that came to their end, and its failure stops nothing.
func TestUpkeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs, kept := 0, 0
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Minute)
		defer cancel()
		f := &Follower{
			Extract: func(context.Context) (extract.Summary, error) { runs++; return extract.Summary{}, nil },
			Upkeep:  func(context.Context) error { kept++; return errors.New("the disk is slow") },
			Every:   time.Hour, First: time.Minute, Most: time.Hour,
			Told: func(extract.Summary, error) {}, Note: func(string, ...any) {},
		}
		if err := f.Run(ctx); err != nil || runs != 3 || kept != runs {
			t.Errorf("%d runs, %d times of upkeep, %v", runs, kept, err)
		}
	})
}
