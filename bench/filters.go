package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// The lake of a million conversations over 31 days that filtered questions are asked of.
const (
	millionFrom   = "2026-10-01"
	millionTo     = "2026-11-01"
	millionPerDay = "32259"
)

// inFlight is how many questions are asked at once: of one client, as many may wait.
const inFlight = 50

// filters asks filtered questions of a million conversations over HTTP.
func (b *bench) filters() (err error) {
	if b.million == "" {
		return nil
	}
	if err := b.makeMillion(); err != nil {
		return err
	}
	s, stop, err := b.serve(b.million, "--rate-limit", "1000000", "--client-id", client, "--client-secret", client)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := s.login(b.ctx, client, client); err != nil {
		return err
	}
	if err := b.askMillion(s); err != nil {
		return err
	}
	peak, err := s.memory("VmHWM")
	b.add("  the server's peak memory", mebibytes(peak), "goal 2048 MiB", times(2048, peak))
	return err
}

// makeMillion makes the lake if --million names a folder without one, which takes some minutes.
func (b *bench) makeMillion() error {
	if _, err := os.Stat(filepath.Join(b.million, "lake.json")); err == nil {
		return nil
	}
	cmd := exec.CommandContext(b.ctx, b.parley, "generate", "--lake", b.million, "--from", millionFrom, "--to", millionTo, "--per-day", millionPerDay, "--steady", "--seed", "7")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	return nil
}

func (b *bench) askMillion(s *served) error {
	queues, err := s.queues(b.ctx)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(7, 0))
	day := func() string { return filtered(r, queues, 1+r.IntN(30), 1, "") }
	month := func() string {
		return filtered(r, queues, 1, 31, `,"aggregations":[{"type":"termFrequency","dimension":"wrapUpCode","size":10}]`)
	}
	if err := b.turn(s, queues); err != nil {
		return err
	}
	if err := b.figures(s); err != nil {
		return err
	}
	if err := b.latency(s, "a day, three predicates, page of 100", day, 60, 150*time.Millisecond, 500*time.Millisecond); err != nil {
		return err
	}
	if err := b.latency(s, "31 days, totalHits and termFrequency", month, 15, 1500*time.Millisecond, 0); err != nil {
		return err
	}
	bodies := make([]string, 100)
	for i := range bodies {
		if bodies[i] = day(); i%10 == 0 {
			bodies[i] = month()
		}
	}
	begun := time.Now()
	group, ctx := errgroup.WithContext(b.ctx)
	group.SetLimit(inFlight)
	for _, body := range bodies {
		group.Go(func() error {
			_, err := s.query(ctx, body)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("%d questions in flight: %w", inFlight, err)
	}
	b.add(fmt.Sprintf("%d questions, %d in flight, one in ten over 31 days", len(bodies), inFlight), fmt.Sprintf("%.1f s for all", time.Since(begun).Seconds()), "goal: none fails", "")
	return nil
}

// latency asks questions one after another and compares the median, and the 99th percentile if it has a goal.
func (b *bench) latency(s *served, what string, body func() string, n int, p50, p99 time.Duration) error {
	took := make([]time.Duration, n)
	for i := range took {
		begun := time.Now()
		if _, err := s.query(b.ctx, body()); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		took[i] = time.Since(begun)
	}
	slices.Sort(took)
	half, last := took[n/2], took[n*99/100]
	b.add(what+", of a million", fmt.Sprintf("p50 %d ms", half.Milliseconds()), fmt.Sprintf("goal %v", p50), times(p50.Seconds(), half.Seconds()))
	if p99 > 0 {
		b.add("  its 99th percentile", fmt.Sprintf("%d ms", last.Milliseconds()), fmt.Sprintf("goal %v", p99), times(p99.Seconds(), last.Seconds()))
	}
	return nil
}

// filtered asks for the first page of a random queue.
func filtered(r *rand.Rand, queues []string, day, days int, more string) string {
	return pageOf(queues[r.IntN(len(queues))], day, days, 1, more)
}

// answer is what is read of a page.
type answer struct {
	TotalHits    int `json:"totalHits"`
	Aggregations []struct {
		Results []struct {
			Value string `json:"value"`
		} `json:"results"`
	} `json:"aggregations"`
}

func (s *served) query(ctx context.Context, body string) (a answer, err error) {
	err = s.post(ctx, queryPath, "application/json", body, &a)
	return a, err
}

// queues gives the queues of a day.
func (s *served) queues(ctx context.Context) (list []string, err error) {
	a, err := s.query(ctx, `{"interval":"2026-10-05T00:00:00Z/2026-10-06T00:00:00Z","paging":{"pageSize":1,"pageNumber":1},"aggregations":[{"dimension":"queueId","size":100}]}`)
	if err != nil || len(a.Aggregations) != 1 || len(a.Aggregations[0].Results) == 0 {
		return nil, errors.Join(err, errors.New("the lake names no queues"))
	}
	for _, r := range a.Aggregations[0].Results {
		list = append(list, r.Value)
	}
	return list, nil
}
