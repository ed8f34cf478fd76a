package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/bench/ledger"
	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/wait"
	"github.com/parley-hq/parley/internal/wire"
)

// loadTest is what --load is told.
type loadTest struct {
	wanted           bool
	seconds, clients int
}

// The server has the platform's limit of requests, and limits of jobs that are small enough to be hit.
var loadLimits = ledger.Limits{Requests: 300, PerMinute: 30, Open: 3}

// From so many seconds on, clients wait until their window ends, to see that they pass again, and memory is judged.
const longLoad = 30

// underLoad has many clients ask one server at once, some of them more than they may, and holds every answer to what the
// server promises: no failure, and a refusal exactly when a limit says so.
func (b *bench) underLoad() (err error) {
	dir := filepath.Join(b.dir, "lake")
	days, err := b.loadLake(dir)
	if err != nil {
		return err
	}
	credentials, err := b.loadClients()
	if err != nil {
		return err
	}
	s, stop, err := b.serve(dir, "--rate-limit", strconv.Itoa(loadLimits.Requests),
		"--jobs-per-minute", strconv.Itoa(loadLimits.PerMinute), "--jobs-per-client", strconv.Itoa(loadLimits.Open))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	callers, err := b.loadLogins(s, credentials, first, days)
	if err != nil {
		return err
	}
	return b.putUnderLoad(s, callers)
}

// loadLake makes 20,000 conversations, or 2,000 for a short load.
func (b *bench) loadLake(dir string) (days int, err error) {
	days, perDay := 4, 5_000
	if b.load.seconds < longLoad {
		perDay = 500
	}
	cmd := exec.CommandContext(b.ctx, b.parley, "generate", "--lake", dir, "--from", first.String(), "--to", (first + 4).String(),
		"--per-day", strconv.Itoa(perDay), "--steady", "--seed", strconv.Itoa(seed))
	if text, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("generate: %w\n%s", err, text)
	}
	return days, nil
}

// loadClients makes the clients in the control database of the server that is to start.
func (b *bench) loadClients() (list []server.Credentials, err error) {
	folder, err := server.OpenFolder(b.ctx, filepath.Join(b.dir, "server"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	store, err := access.Open(b.ctx, folder.DB, time.Now)
	if err != nil {
		return nil, err
	}
	for n := range b.load.clients {
		c, secret, err := store.Add(b.ctx, access.Client{ID: access.ClientID(fmt.Sprintf("load-%d", n)), Name: "load", Organization: server.DefaultOrganization})
		if err != nil {
			return nil, err
		}
		list = append(list, server.Credentials{ID: string(c.ID), Secret: secret})
	}
	return list, nil
}

func (b *bench) loadLogins(s *served, credentials []server.Credentials, from conversation.Day, days int) ([]*caller, error) {
	known := &answers{first: map[string]string{}}
	var callers []*caller
	var took []time.Duration
	for n, c := range credentials {
		caller := &caller{
			served: served{process: s.process, http: s.http, url: s.url},
			manner: manners[n%len(manners)], rand: rand.New(rand.NewPCG(seed, uint64(n))), from: from, days: days, known: known,
		}
		begun := time.Now()
		if err := caller.login(b.ctx, c.ID, c.Secret); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begun))
		callers = append(callers, caller)
	}
	b.add(fmt.Sprintf("%d logins, one after another", len(took)), halfAndLast(percentiles(took)), "", "")
	return callers, nil
}

func (b *bench) putUnderLoad(s *served, callers []*caller) error {
	before, err := s.open(b.ctx)
	if err != nil {
		return err
	}
	watch := watchMemory(b.ctx, s.process)
	took, err := s.spends(func() error {
		end := time.Now().Add(time.Duration(b.load.seconds) * time.Second)
		group, ctx := errgroup.WithContext(b.ctx)
		for _, c := range callers {
			group.Go(func() error { return c.until(ctx, end) })
		}
		return group.Wait()
	})
	samples := watch()
	if err != nil {
		return err
	}
	wrong, err := b.afterwards(callers)
	if err != nil {
		return err
	}
	if err := b.drained(callers); err != nil {
		return err
	}
	b.tabulate(callers, took)
	wrong = slices.Concat(wrong, found(callers), b.memory(s, samples))
	leaked, err := b.leaks(s, before)
	if err != nil {
		return err
	}
	if wrong = append(wrong, leaked...); len(wrong) > 0 {
		return fmt.Errorf("the server does not keep what it promises:\n  %s", strings.Join(ledger.Tellings(wrong), "\n  "))
	}
	return nil
}

// found is all that is wrong with what clients were told.
func found(callers []*caller) (wrong []string) {
	for _, c := range callers {
		wrong = slices.Concat(wrong, c.broken, c.log.Check(loadLimits))
	}
	return wrong
}

// afterwards has clients that were refused come again when their window has ended, and asks when their jobs were done.
func (b *bench) afterwards(callers []*caller) (wrong []string, err error) {
	if b.load.seconds < longLoad {
		return nil, nil
	}
	again := 0
	for _, c := range callers {
		n := len(c.log.Replies)
		if n == 0 || !c.log.Replies[n-1].Refused() {
			continue
		}
		last := c.log.Replies[n-1]
		if err := wait.For(b.ctx, time.Until(last.Ended.Add(time.Duration(last.RetryAfter)*time.Second))); err != nil {
			return nil, err
		}
		again++
		r, err := c.do(b.ctx, "query", "GET", jobsPath+"/availability", "", into(new(any)))
		if err != nil {
			return nil, err
		}
		if r.Status != 200 || r.Count != 1 {
			wrong = append(wrong, fmt.Sprintf("after the reset: status %d, count %d", r.Status, r.Count))
		}
	}
	b.add("clients that passed again after the reset", fmt.Sprintf("%d of %d refused at the end", again-len(wrong), again), "", "")
	return wrong, nil
}

// drained waits until all jobs are done, and enters when that was.
func (b *bench) drained(callers []*caller) error {
	begun := time.Now()
	for {
		list, err := b.list(callers)
		if err != nil {
			return err
		}
		completed, open := map[string]time.Time{}, 0
		for _, j := range list {
			if completed[string(j.ID)], _ = conversation.ParseTime(j.CompletionDate); !j.Done() {
				open++
			}
		}
		if open == 0 {
			b.add("all jobs done after", seconds(time.Since(begun)), "", "")
			complete(callers, completed)
			return nil
		}
		if err := wait.For(b.ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}

// list asks for all jobs, which all clients see, by one that is not at its limit.
func (b *bench) list(callers []*caller) (jobs []wire.ListedJob, err error) {
	for _, c := range callers {
		if jobs, err = c.jobList(b.ctx); err == nil {
			return jobs, nil
		}
	}
	return nil, err
}

func complete(callers []*caller, when map[string]time.Time) {
	for _, c := range callers {
		for _, j := range c.log.Jobs {
			if j.Completed.IsZero() {
				j.Completed = when[j.ID]
			}
		}
	}
}

// tabulate adds what was asked, how long it took and what was refused.
func (b *bench) tabulate(callers []*caller, took spent) {
	times := map[string][]time.Duration{}
	refusals, all, failures := map[string]int{}, 0, 0
	for _, c := range callers {
		for _, r := range c.log.Replies {
			all++
			if r.Status >= 500 {
				failures++
			}
			if r.Status == 429 {
				refusals[r.Key]++
				times["429"] = append(times["429"], r.Ended.Sub(r.Begun))
				continue
			}
			times[r.Kind] = append(times[r.Kind], r.Ended.Sub(r.Begun))
		}
	}
	b.add(fmt.Sprintf("%s requests of %d clients in %d s", thousands(int64(all)), len(callers), int(took.wall.Seconds())),
		rate(int64(all), took.wall)+fmt.Sprintf(", server's CPU %.0f s", took.cpu.Seconds()), "", "")
	for _, kind := range []string{"submit", "status", "page", "delete", "query", "429"} {
		b.add(fmt.Sprintf("  %s, %s of them", kind, thousands(int64(len(times[kind])))), halfAndLast(percentiles(times[kind])), "", "")
	}
	for _, key := range []string{ledger.KeyRequests, ledger.KeyPerMinute, ledger.KeyOpen} {
		b.add("  refused by "+key, thousands(int64(refusals[key])), "", "")
	}
	b.add("  status 500 and above", thousands(int64(failures)), "goal 0", "")
}

// watchMemory looks at what a process holds every second until it is told to stop.
func watchMemory(ctx context.Context, p process) (stop func() []float64) {
	ctx, cancel := context.WithCancel(ctx)
	out := make(chan []float64, 1)
	go func() {
		var samples []float64
		for wait.For(ctx, time.Second) == nil {
			if held, err := p.memory("VmRSS"); err == nil {
				samples = append(samples, held)
			}
		}
		out <- samples
	}()
	return func() []float64 {
		cancel()
		return <-out
	}
}

// flat is how much more than in the middle third a process may hold in the last third of a load.
const flat = 1.25

// memory adds what the server held, and says so if it went on growing.
func (b *bench) memory(s *served, samples []float64) (wrong []string) {
	third := len(samples) / 3
	if third == 0 {
		return nil
	}
	middle, last := medianOf(samples[third:2*third]), medianOf(samples[2*third:])
	b.add("memory, median of the last third of the time", mebibytes(last), "of the middle third "+mebibytes(middle), times(last, middle))
	if peak, err := s.process.memory("VmHWM"); err == nil {
		b.add("  its peak", mebibytes(peak), "goal 1024 MiB", times(1024, peak))
	}
	if b.load.seconds >= longLoad && last > flat*middle {
		wrong = append(wrong, fmt.Sprintf("memory grows: %s in the middle, %s at the end", mebibytes(middle), mebibytes(last)))
	}
	return wrong
}

func medianOf(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// What a server has open, by the names that Prometheus knows.
const (
	goroutines = "go_goroutines"
	openFiles  = "process_open_fds"
)

func (s *served) open(ctx context.Context) (map[string]float64, error) {
	s.http.CloseIdleConnections()
	if err := wait.For(ctx, time.Second); err != nil { // the server sees it a moment later
		return nil, err
	}
	return s.metrics(ctx, goroutines, openFiles)
}

// slack is how many more goroutines or files a server may have open after the load than before, and one for each client:
// what its database opens for requests at the same time it keeps. A leak would show with each of thousands of requests.
const slack = 20

func (b *bench) leaks(s *served, before map[string]float64) (wrong []string, err error) {
	after, err := s.open(b.ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{goroutines, openFiles} {
		b.add(name+" afterwards", fmt.Sprint(after[name]), fmt.Sprintf("before %v", before[name]), "")
		if after[name] > before[name]+slack+float64(b.load.clients) {
			wrong = append(wrong, fmt.Sprintf("%s: %v before, %v after; files: %v", name, before[name], after[name], s.files()))
		}
	}
	return wrong, nil
}
