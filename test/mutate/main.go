// Command mutate makes mistakes in a package, one at a time, and says which of them its tests let pass: comparisons and
// logic turned round, constants off by one, arguments swapped, errors ignored, statements forgotten.
//
//	go run ./test/mutate -n 40 -seed 7 ./internal/wire ./internal/stage
//	go run ./test/mutate -only 'page.go:1[0-9]+' ./internal/wire      # mistakes of some lines, all of them
//	go run ./test/mutate -with ./internal/extract ./internal/stage    # ask other tests too
//
// A survivor is a test that is missing, or a mistake that changes nothing anybody can see. The second sort is explained
// in accepted.txt, and does not count.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

type options struct {
	n        int
	seed     uint64
	only     string
	with     string
	least    float64
	list     bool
	packages []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var o options
	flag.IntVar(&o.n, "n", 40, "mistakes a package; 0 means all")
	flag.Uint64Var(&o.seed, "seed", 1, "chooses the mistakes")
	flag.StringVar(&o.only, "only", "", "make only mistakes whose file:line matches this expression")
	flag.StringVar(&o.with, "with", "", "packages, separated by commas, whose tests are asked about what the package's own let pass")
	flag.Float64Var(&o.least, "least", 0, "share of mistakes that must be caught, as 0.9; fewer is an error")
	flag.BoolVar(&o.list, "list", false, "print the mistakes and make none")
	flag.Parse()
	o.packages = flag.Args()
	err := run(ctx, os.Stdout, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, o options) error {
	if len(o.packages) == 0 {
		return errors.New("say in which packages: ./internal/wire")
	}
	if err := boundMemory(); err != nil {
		return err
	}
	known, err := readAccepted("test/mutate/accepted.txt")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "parley-mutate-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r := &runner{dir: dir}
	if o.with != "" {
		r.with = strings.Split(o.with, ",")
	}
	all := tally{}
	for _, pkg := range o.packages {
		t, err := inPackage(ctx, out, o, r, known, pkg)
		if err != nil {
			return fmt.Errorf("%s: %w", pkg, err)
		}
		all.add(t)
	}
	if all.caught() < o.least {
		return fmt.Errorf("caught %.1f %% of the mistakes, want %.1f %%", 100*all.caught(), 100*o.least)
	}
	return nil
}

// inPackage makes the mistakes of one package, and prints each that survives.
func inPackage(ctx context.Context, out io.Writer, o options, r *runner, known accepted, pkg string) (tally, error) {
	chosen, err := choose(o, pkg)
	if err != nil {
		return nil, err
	}
	if o.list {
		for _, m := range chosen {
			text, err := os.ReadFile(m.file)
			if err != nil {
				return nil, err
			}
			_, _ = fmt.Fprintf(out, "%s: %s\n", m, m.edit(text))
		}
		return tally{}, nil
	}
	begun := time.Now()
	limit, err := r.baseline(ctx, pkg)
	if err != nil {
		return nil, err
	}
	t, made := tally{}, 0
	for _, m := range chosen {
		if made == o.n && o.n > 0 {
			break
		}
		text, err := os.ReadFile(m.file)
		if err != nil {
			return t, err
		}
		if known.has(m, text) {
			t[explained]++
			continue
		}
		f, err := r.try(ctx, m, text, pkg, limit)
		if err != nil {
			return t, err
		}
		t[f]++
		if f != stillborn {
			made++
		}
		if f == survived {
			_, _ = fmt.Fprintf(out, "survived: %v\n%s", m, diff(m, text))
		}
	}
	_, _ = fmt.Fprintf(out, "%s: caught %.1f %%: %v, in %v\n", pkg, 100*t.caught(), t, time.Since(begun).Round(time.Second))
	return t, nil
}

// choose gives the mistakes of a package in an order that follows from the seed.
func choose(o options, pkg string) ([]mutation, error) {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return nil, err
	}
	found, err := find(filepath.Clean(pkg))
	if err != nil {
		return nil, err
	}
	var out []mutation
	for _, m := range found {
		if only.MatchString(fmt.Sprintf("%s:%d", m.file, m.line)) {
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("there is nothing to be mistaken about")
	}
	rand.New(rand.NewPCG(o.seed, 0)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out, nil
}

// diff shows the lines that differ.
func diff(m mutation, text []byte) string {
	from, to := m.lines(text)
	var out strings.Builder
	for line := range strings.Lines(string(text[from:to]) + "\n") {
		out.WriteString("  - " + line)
	}
	for line := range strings.Lines(string(text[from:m.start]) + m.with + string(text[m.end:to]) + "\n") {
		out.WriteString("  + " + line)
	}
	return out.String()
}

// explained is a fate beside those of a run: the mistake is one that accepted.txt explains.
const explained fate = stillborn + 1

// tally counts fates.
type tally map[fate]int

func (t tally) add(other tally) {
	for f, n := range other {
		t[f] += n
	}
}

// caught is the share of mistakes that were noticed, of those that can be.
func (t tally) caught() float64 {
	noticed := t[killed] + t[hung]
	if noticed+t[survived] == 0 {
		return 1
	}
	return float64(noticed) / float64(noticed+t[survived])
}

func (t tally) String() string {
	return fmt.Sprintf("%d failed a test, %d hung, %d survived, %d explained, %d do not compile", t[killed], t[hung], t[survived], t[explained], t[stillborn])
}
