package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// The lake of a million conversations over 31 days that filtered questions are asked of.
const (
	millionFrom   = "2026-10-01"
	millionTo     = "2026-11-01"
	millionPerDay = "32259"
)

// filters asks filtered questions of a million conversations over HTTP. It makes the lake if --million names a folder
// without one, which takes some minutes.
func (b *bench) filters() (err error) {
	if b.million == "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(b.million, "lake.json")); err != nil {
		cmd := exec.CommandContext(b.ctx, b.parley, "generate", "--lake", b.million, "--from", millionFrom, "--to", millionTo, "--per-day", millionPerDay, "--seed", "7")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("generate: %w", err)
		}
	}
	cmd := exec.CommandContext(b.ctx, b.parley, "serve", "--lake", b.million, "--addr", "127.0.0.1:0", "--json", "--rate-limit", "1000000",
		"--client-id", client, "--client-secret", client)
	url, stop, err := begin(cmd)
	if err != nil {
		return err
	}
	s := &served{url: url}
	if err = s.login(b.ctx); err == nil {
		err = b.askMillion(s)
	}
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		b.add("  the server's peak memory", fmt.Sprintf("%d MiB", usage.Maxrss/1024), "goal 2048 MiB", times(2048*1024, float64(usage.Maxrss)))
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
	for _, body := range bodies {
		group.Go(func() error {
			_, err := s.query(ctx, body)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("100 questions in flight: %w", err)
	}
	b.add("100 questions in flight, one in ten over 31 days", fmt.Sprintf("%.1f s for all", time.Since(begun).Seconds()), "goal: none fails", "")
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

// filtered asks for the segments of agents in one queue that took longer than half a minute.
func filtered(r *rand.Rand, queues []string, day, days int, more string) string {
	from := time.Date(2026, 10, day, 0, 0, 0, 0, time.UTC)
	return fmt.Sprintf(`{"interval":"%s/%s","paging":{"pageSize":100,"pageNumber":1},"segmentFilters":[{"type":"and","predicates":[`+
		`{"dimension":"purpose","value":"agent"},{"dimension":"queueId","value":"%s"},{"metric":"tSegmentDuration","range":{"gt":30000}}]}]%s}`,
		from.Format(time.RFC3339), from.AddDate(0, 0, days).Format(time.RFC3339), queues[r.IntN(len(queues))], more)
}

// served is a server with a token.
type served struct{ url, token string }

func (s *served) login(ctx context.Context) error {
	var answer struct {
		Token string `json:"access_token"`
	}
	err := s.post(ctx, "/oauth/token", "application/x-www-form-urlencoded", "grant_type=client_credentials&client_id="+client+"&client_secret="+client, &answer)
	s.token = answer.Token
	return err
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
	err = s.post(ctx, "/api/v2/analytics/conversations/details/query", "application/json", body, &a)
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

func (s *served) post(ctx context.Context, path, kind, body string, to any) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", resp.Status, bytes.TrimSpace(text))
	}
	return json.Unmarshal(text, to)
}
