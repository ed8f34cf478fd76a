// Command bench measures Parley, where there is one against a goal or a peer, and prints a table: make bench.
//
// Times depend on the machine and on what else runs on it; ratios, taken in one run, are what counts.
// docs/performance.md says what was measured, and what each peer does and does not do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// bench is one run.
type bench struct {
	ctx        context.Context //nolint:containedctx // one program, one run
	dir        string          // for everything that is made, removed at the end
	parley     string          // the binary
	quick      bool
	large      bool
	huge       bool
	million    string // folder of a lake of a million conversations; empty leaves its questions out
	tenMillion string // folder of a lake of ten million conversations; empty leaves out its calendar
	only       string // names of steps; empty means all
	load       loadTest
	soaks      soakTime
	idlers     int // organizations in which nothing happens
	slopes     bool
	workers    bool
	cores      float64 // of each worker

	ndjson file // written by the first step that needs it
	rows   []row
}

// row is one line of the table.
type row struct{ what, parley, against, ratio string }

func (b *bench) add(what, parley, against, ratio string) {
	b.rows = append(b.rows, row{what, parley, against, ratio})
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	if len(os.Args) == 3 && os.Args[1] == statementCommand {
		return statement(ctx, os.Args[2], os.Stdin, os.Stdout)
	}
	b := &bench{ctx: ctx}
	flag.StringVar(&b.parley, "parley", filepath.Join("bin", "parley"), "the binary to measure")
	flag.BoolVar(&b.quick, "quick", false, "less of everything: a look, not a measurement")
	flag.BoolVar(&b.large, "large", false, "extract 25,000 conversations a day as well")
	flag.BoolVar(&b.huge, "huge", false, "extract 25,000 conversations a day and one day of 250,000 as well")
	flag.StringVar(&b.million, "million", "", "ask a lake of a million conversations in this folder filtered questions, and have jobs answered and paged; made if it is not there (1.5 GB, some minutes)")
	flag.StringVar(&b.tenMillion, "ten-million", "", "look at the calendar of a lake of ten million conversations in this folder; made if it is not there (2 GB, a quarter of an hour on two idle cores)")
	flag.StringVar(&b.only, "only", "", "steps to take, with commas between: "+strings.Join(b.names(), ","))
	flag.BoolVar(&b.load.wanted, "load", false, "put a server under load instead, and hold it to its limits")
	flag.IntVar(&b.load.seconds, "seconds", 60, "how long --load lasts")
	flag.IntVar(&b.load.clients, "clients", 50, "how many clients --load has")
	flag.IntVar(&b.idlers, "idle", 0, "measure instead what so many organizations cost while nothing happens, as 1000 (some minutes a hundred)")
	flag.Var(&b.soaks, "soak", "extract from a hostile platform into a lake that is served under load instead, for ten minutes; --soak=2m for two")
	flag.BoolVar(&b.slopes, "sizing", false, "measure instead what each conversation, day and organization adds to a lake in a bucket with its control database in a Postgres")
	flag.BoolVar(&b.workers, "workers", false, "measure instead what one, two and three Trino workers do in the same time (root, for control groups; tools/setup trino)")
	flag.Float64Var(&b.cores, "worker-cores", 0.5, "cores that each of the --workers is held to, so that all of them fit onto a small machine beside what serves them")
	flag.Parse()
	if err := b.known(); err != nil {
		return err
	}
	if b.load.wanted && (b.load.seconds < 1 || b.load.clients < 1) {
		return errors.New("--seconds and --clients must be positive")
	}
	if _, err := os.Stat(b.parley); err != nil {
		return fmt.Errorf("%s is not there; run make build first", b.parley)
	}
	if b.dir, err = os.MkdirTemp("", "parley-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	begun := time.Now()
	for _, step := range b.steps() {
		if !b.wants(step.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "bench: %s …\n", step.name)
		if failed := step.do(); failed != nil {
			err = fmt.Errorf("%s: %w", step.name, failed)
			break
		}
	}
	return errors.Join(err, b.print(time.Since(begun)))
}

// step is one part of a run.
type step struct {
	name string
	do   func() error
}

// steps come in this order because a process is charged with the memory that the one that starts it has at that moment:
// this one must be small while it starts others that it measures.
func (b *bench) steps() []step {
	switch {
	case b.idlers > 0:
		return []step{{"idle", b.idle}}
	case b.soaks > 0:
		return []step{{"soak", b.soak}}
	case b.load.wanted:
		return []step{{"load", b.underLoad}}
	case b.workers:
		return []step{{"workers", b.byWorkers}}
	case b.slopes:
		return []step{{"sizing", b.sizing}, {"days", b.sizingDays}, {"organizations", b.sizingOrganizations}}
	}
	return []step{
		{"extraction", b.extraction}, {"night", b.night}, {"years", b.years}, {"unattended", b.unattended}, {"loops", b.loops},
		{"committing", b.committing}, {"exporting", b.exporting}, {"reporting", b.reporting}, {"filters", b.filters}, {"jobs", b.jobs},
		{"questions", b.questions}, {"live", b.live}, {"generation", b.generation}, {"deriving", b.deriving}, {"splitting", b.splitting}, {"postgres", b.postgres}, {"bucket", b.bucket}, {"looking", b.looking},
	}
}

// rounds is how often things that are compared are done, in turn; the middle one counts.
func (b *bench) rounds() int {
	if b.quick {
		return 1
	}
	return 3
}

// fresh does something in a folder that is empty, and removes it.
func (b *bench) fresh(do func(dir string) error) error {
	dir, err := os.MkdirTemp(b.dir, "fresh-")
	if err != nil {
		return err
	}
	return errors.Join(do(dir), os.RemoveAll(dir))
}

func (b *bench) names() (names []string) {
	for _, s := range b.steps() {
		names = append(names, s.name)
	}
	return names
}

func (b *bench) wants(name string) bool {
	return b.only == "" || slices.Contains(strings.Split(b.only, ","), name)
}

// known fails for the name of a step that there is not: it would pass for one that found nothing wrong.
func (b *bench) known() error {
	for name := range strings.SplitSeq(b.only, ",") {
		if name != "" && !slices.Contains(b.names(), name) {
			return fmt.Errorf("there is no step %s; there are %s", name, strings.Join(b.names(), ", "))
		}
	}
	return nil
}

func (b *bench) print(took time.Duration) error {
	fmt.Printf("%s, %d cores, %s; %s in all\n\n", processor(), runtime.NumCPU(), runtime.Version(), took.Round(time.Second))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, r := range slices.Concat([]row{{"MEASURED", "PARLEY", "AGAINST", "RATIO"}}, b.rows) {
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.what, r.parley, r.against, r.ratio); err != nil {
			return err
		}
	}
	return w.Flush()
}

// processor is what the kernel calls the processor.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // another system has none
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// rate writes a speed.
func rate(n int64, took time.Duration) string {
	return thousands(int64(float64(n)/took.Seconds())) + " /s"
}

// megabytes writes a speed in bytes.
func megabytes(n int64, took time.Duration) string {
	return fmt.Sprintf("%.0f MB/s", float64(n)/1e6/took.Seconds())
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// times writes how many times as good a is: both are speeds, or both are durations swapped by the caller.
func times(a, b float64) string { return fmt.Sprintf("%.1fx", a/b) }
