package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	one "github.com/parley-hq/parley/internal/engine/answers"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/engine/trino"
	"github.com/parley-hq/parley/internal/engine/trino/trinotest"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/store/s3"
	"github.com/parley-hq/parley/internal/wait"
)

const (
	mostWorkers = 3
	workersGoal = 0.85 // of what one does, for each that is added
)

// smallTasks has Trino cut work that is tried again into tasks of some megabytes, as many as a large lake has of its usual ones. Else the lake of
// this measurement would be one task, and there were nothing to share.
var smallTasks = []string{
	"fault-tolerant-execution-arbitrary-distribution-compute-task-target-size-min=8MB", "fault-tolerant-execution-arbitrary-distribution-compute-task-target-size-max=8MB",
	"fault-tolerant-execution-arbitrary-distribution-write-task-target-size-min=16MB", "fault-tolerant-execution-arbitrary-distribution-write-task-target-size-max=16MB",
	"fault-tolerant-execution-standard-split-size=4MB",
}

// workersAt is a cluster whose workers are held to a share of a core, and a lake that it reads.
type workersAt struct {
	*bench

	running *trinotest.Cluster
	cluster *trino.Cluster
	lake    *lake.Lake
	days    int
	groups  []string // of control, one for each worker
}

// byWorkers measures what fewer and fewer workers do, of which each has its own share of a core.
func (b *bench) byWorkers() (err error) {
	w := workersAt{bench: b, days: 36}
	if b.quick {
		w.days = 12
	}
	if w.running, err = trinotest.Run(trinotest.Options{Workers: mostWorkers, Buckets: true, Settings: smallTasks}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.running.Stop(), w.ungroup()) }()
	if w.cluster, err = trino.Open(trino.Config{URL: w.running.URL, Catalog: trinotest.Catalog, Results: trinotest.Results}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.cluster.Close()) }()
	if err := w.generate(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.lake.Close()) }()
	return w.measure()
}

// perDayOfWorkers is the number of conversations of a day.
const perDayOfWorkers = 3000

// generate makes the lake: a file of each table for each day, and so many more pieces of work than workers.
func (w *workersAt) generate() error {
	place, err := w.running.Place()
	if err != nil {
		return err
	}
	first := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	cmd := exec.CommandContext(w.ctx, w.parley, "generate", "--lake", place.Name, "--from", first.Format(time.DateOnly), "--to", first.AddDate(0, 0, w.days).Format(time.DateOnly),
		"--per-day", strconv.Itoa(perDayOfWorkers), "--steady", "--seed", strconv.Itoa(seed))
	cmd.Env = append(os.Environ(), "PARLEY_STATE="+place.Control, "AWS_ENDPOINT_URL_S3="+place.Endpoint, "PARLEY_CACHE_DIR="+filepath.Join(w.dir, "cache"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("generate: %w: %s", err, out)
	}
	ctx := at.With(w.ctx, func() at.Settings {
		return at.Settings{State: place.Control, CacheDir: filepath.Join(w.dir, "cache"), S3: s3.Config{Endpoint: place.Endpoint}}
	})
	w.lake, err = at.Open(ctx, place.Name)
	return err
}

// measure measures with all workers first, and kills one after the other.
func (w *workersAt) measure() error {
	works := []work{{"read and hash every record", w.hash}, {"write all records for a job, and merge them", w.job}}
	for _, k := range works { // compiled code, and what is kept of the catalog
		if err := k.do(); err != nil {
			return fmt.Errorf("%s: %w", k.what, err)
		}
	}
	for n := 1; n <= mostWorkers; n++ {
		if err := w.hold(n); err != nil {
			return err
		}
	}
	if err := self().forgetPeak(); err != nil {
		return err
	}
	took := make([][mostWorkers + 1]time.Duration, len(works))
	for n := mostWorkers; n > 0; n-- {
		if err := w.only(n); err != nil {
			return err
		}
		before, err := readCores()
		if err != nil {
			return err
		}
		for i, k := range works {
			if took[i][n], err = w.time(k); err != nil {
				return fmt.Errorf("%s, workers %d: %w", k.what, n, err)
			}
			fmt.Fprintf(os.Stderr, "bench: %s, workers %d: %s\n", k.what, n, seconds(took[i][n]))
		}
		after, err := readCores()
		if err != nil {
			return err
		}
		w.add(fmt.Sprintf("workers %d: the machine was busy", n), percent(after.since(before)), "", "")
	}
	for i, k := range works {
		w.tell(k.what, took[i])
	}
	peak, err := self().memory("VmHWM")
	w.add(fmt.Sprintf("most memory of this process, which merges %s records", thousands(w.records())), mebibytes(peak), "", "")
	return err
}

// records is how many the lake has.
func (w *workersAt) records() int64 { return int64(w.days * perDayOfWorkers) }

// work is something that the workers share.
type work struct {
	what string
	do   func() error
}

// time does something some times, and gives the time in the middle.
func (w *workersAt) time(k work) (time.Duration, error) {
	var all []spent
	for range w.rounds() {
		begun := time.Now()
		if err := k.do(); err != nil {
			return 0, err
		}
		all = append(all, spent{wall: time.Since(begun)})
	}
	return middle(all).wall, nil
}

// tell says what each number of workers did in the time of one.
func (w *workersAt) tell(what string, took [mostWorkers + 1]time.Duration) {
	records := w.records()
	w.add(fmt.Sprintf("%s, one worker of %.2f cores", what, w.cores), rate(records, took[1]), seconds(took[1]), "")
	for n := 2; n <= mostWorkers; n++ {
		each := took[1].Seconds() / took[n].Seconds() / float64(n)
		w.add(fmt.Sprintf("  %d workers, each against one alone", n), rate(records, took[n]), fmt.Sprintf("%s; goal %.2f", seconds(took[n]), workersGoal), fmt.Sprintf("%.2f", each))
	}
}

// hash reads and hashes every record.
func (w *workersAt) hash() error {
	var sum any
	return one.One(w.ctx, w.cluster, sqltext.Of(`SELECT checksum(sha512(to_utf8(record))) FROM "`+trinotest.Catalog+`"."`+w.lake.Namespace()+`".conversations`), &sum)
}

// job asks for every record in order, as a job does.
func (w *workersAt) job() (err error) {
	e, err := trino.Views{Cluster: w.cluster, Lake: w.lake}.Settled(w.ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	q := query.Query{
		Interval: conversation.Interval{Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
		Matching: query.StartOfDay, Order: query.Ascending, OrderBy: query.ByConversationStart,
	}
	n := int64(0)
	for _, err := range e.Records(w.ctx, q, 0, 0) {
		if err != nil {
			return err
		}
		n++
	}
	if want := w.records(); n != want {
		return fmt.Errorf("%d records, want %d", n, want)
	}
	return nil
}

// only waits until so many workers are left, of which it ends the others.
func (w *workersAt) only(n int) error {
	if n < mostWorkers {
		if err := syscall.Kill(w.running.Process(n+1), syscall.SIGKILL); err != nil {
			return err
		}
	}
	for {
		var there int
		err := one.One(w.ctx, w.cluster, sqltext.Of("SELECT count(*) FROM system.runtime.nodes WHERE state = 'active' AND NOT coordinator"), &there)
		switch {
		case err == nil && there == n:
			return nil
		case err != nil && !errors.Is(err, fault.Unavailable): // which it is of a worker that has just been killed
			return err
		}
		if err := wait.For(w.ctx, time.Second); err != nil {
			return err
		}
	}
}

// hold holds a worker to its share of a core, by a control group of its own. Beside others it comes before them, until it has had its share.
func (w *workersAt) hold(worker int) error {
	const period = 100 * time.Millisecond
	quota := time.Duration(w.cores * float64(period)).Microseconds()
	dir, limits := filepath.Join("/sys/fs/cgroup/cpu", fmt.Sprintf("parley-bench-%d-%d", os.Getpid(), worker)), map[string]string{
		"cpu.cfs_period_us": strconv.FormatInt(period.Microseconds(), 10), "cpu.cfs_quota_us": strconv.FormatInt(quota, 10), "cpu.shares": "10240",
	}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil { // the second version of control groups has one tree
		dir = filepath.Join("/sys/fs/cgroup", filepath.Base(dir))
		limits = map[string]string{"cpu.max": fmt.Sprintf("%d %d", quota, period.Microseconds()), "cpu.weight": "1000"}
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("a worker is held to its share of a core by a control group, which takes root: %w", err)
	}
	w.groups = append(w.groups, dir)
	limits["cgroup.procs"] = strconv.Itoa(w.running.Process(worker))
	for name, text := range limits {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// ungroup removes the control groups. The kernel needs a moment to empty them.
func (w *workersAt) ungroup() (err error) {
	for _, dir := range w.groups {
		failed := os.Remove(dir)
		for range 50 {
			if failed == nil {
				break
			}
			_ = wait.For(context.WithoutCancel(w.ctx), 100*time.Millisecond)
			failed = os.Remove(dir)
		}
		err = errors.Join(err, failed)
	}
	return err
}
