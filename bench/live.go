package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"time"
)

// A sandbox whose clock runs a thousand times as fast as the machine's: on a day of so many conversations, 200 begin each
// second of the machine.
const (
	livePerDay = 200 * 24 * 60 * 60 / liveSpeed
	liveSpeed  = 1000
	liveGoal   = 200 * time.Millisecond
)

// live measures how fast questions are answered about conversations that begin and end meanwhile, through a working day and
// over a midnight, when the sandbox needs another day.
func (b *bench) live() (err error) {
	span := 70 * time.Second // less than a token is good for, which is a day
	if b.quick {
		span = 15 * time.Second
	}
	s, stop, err := start(exec.CommandContext(b.ctx, b.parley, "sandbox", "--addr", "127.0.0.1:0", "--json", "--days", "2", "--per-day", strconv.Itoa(livePerDay), "--steady",
		"--now", "2026-11-10T09:00:00Z", "--speed", strconv.Itoa(liveSpeed), "--rate-limit", "100000000", "--client-id", "me", "--client-secret", "hush", "--log-level", "warn"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := s.login(b.ctx, "me", "hush"); err != nil {
		return err
	}
	before, err := s.begun(b.ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	took, err := following(b.ctx, s, span)
	if err != nil {
		return err
	}
	passed := time.Since(begun)
	after, err := s.begun(b.ctx)
	if err != nil {
		return err
	}
	peak, err := s.memory("VmHWM")
	b.add("conversations that begin in a sandbox", rate(after-before, passed), "goal 200 /s", times(float64(after-before)/passed.Seconds(), 200))
	for _, kind := range []string{"newest, by id, live object", "of the last hour, by two predicates"} {
		half, last := percentiles(took[kind])
		b.add("  "+kind+", "+thousands(int64(len(took[kind])))+" of them", halfAndLast(half, last)+", longest "+milliseconds(slices.Max(took[kind])), "goal p99 200 ms", times(liveGoal.Seconds(), last.Seconds()))
	}
	b.add("  its peak memory", fmt.Sprintf("%.0f MiB", peak), "", "")
	return err
}

// clock is what the sandbox's shows.
func (s *served) clock(ctx context.Context) (time.Time, error) {
	var clock struct{ Now time.Time }
	err := s.ask(ctx, http.MethodGet, "/_sandbox/clock", "", "", &clock)
	return clock.Now, err
}

// begun counts the conversations that have begun.
func (s *served) begun(ctx context.Context) (int64, error) {
	var answer struct{ TotalHits int64 }
	err := s.post(ctx, queryPath, "application/json", newestFirst(time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 14, 0, 0, 0, 0, time.UTC), 1, ""), &answer)
	return answer.TotalHits, err
}

func newestFirst(from, to time.Time, size int, more string) string {
	return fmt.Sprintf(`{"interval":"%s/%s","order":"desc","paging":{"pageSize":%d,"pageNumber":1}%s}`, from.Format(time.RFC3339), to.Format(time.RFC3339), size, more)
}

// following are four clients that each ask one thing after another, twenty a second at most. It gives how long each answer
// took, by kind of question.
func following(ctx context.Context, s *served, span time.Duration) (map[string][]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, span+time.Minute)
	defer cancel()
	all, failed := map[string][]time.Duration{}, error(nil)
	var mu sync.Mutex
	var asking sync.WaitGroup
	for n := range uint64(4) {
		asking.Go(func() {
			err := followed(ctx, s, rand.New(rand.NewPCG(seed, n)), time.Now().Add(span), func(kind string, took time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				all[kind] = append(all[kind], took)
			})
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
		})
	}
	asking.Wait()
	return all, failed
}

// followed asks for the newest conversations, for those of the last hour by a filter, and for one of them as it is now and by
// its record, until a time.
func followed(ctx context.Context, s *served, dice *rand.Rand, until time.Time, told func(string, time.Duration)) error {
	id := ""
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	for time.Now().Before(until) {
		now, err := s.clock(ctx)
		if err != nil {
			return err
		}
		begun, kind := time.Now(), "newest, by id, live object"
		switch which := dice.IntN(4); {
		case which == 0 && id != "":
			err = s.ask(ctx, http.MethodGet, "/api/v2/conversations/"+url.PathEscape(id), "", "", nil)
		case which == 1 && id != "":
			err = s.ask(ctx, http.MethodGet, "/api/v2/analytics/conversations/"+url.PathEscape(id)+"/details", "", "", nil)
		case which == 2:
			kind = "of the last hour, by two predicates"
			err = s.post(ctx, queryPath, "application/json", newestFirst(now.Add(-time.Hour), now, 25,
				`,"segmentFilters":[{"type":"and","predicates":[{"dimension":"mediaType","value":"voice"},{"dimension":"purpose","value":"agent"}]}]`), nil)
		default:
			id, err = s.newest(ctx, now)
		}
		if err != nil {
			return err
		}
		told(kind, time.Since(begun))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
		}
	}
	return nil
}

// newest is the id of the conversation that began last.
func (s *served) newest(ctx context.Context, now time.Time) (string, error) {
	var answer struct{ Conversations []json.RawMessage }
	if err := s.post(ctx, queryPath, "application/json", newestFirst(now.Add(-24*time.Hour), now, 25, ""), &answer); err != nil || len(answer.Conversations) == 0 {
		return "", err
	}
	var c struct {
		ID string `json:"conversationId"`
	}
	err := json.Unmarshal(answer.Conversations[0], &c)
	return c.ID, err
}
