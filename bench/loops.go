package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// What is asked of the sandbox that has its records ready: all of them, by pages of as many as parley extract asks for.
const (
	loopInterval = "2026-11-01T00:00:00Z/2026-11-08T00:00:00Z"
	loopJob      = `{"interval":"` + loopInterval + `"}`
	loopPage     = 1_000
)

// pythonReads is how many of the records the Python loop reads, because it is slow: rates are compared.
const pythonReads = 2_000

// loop is what it took to read the records once.
type loop struct {
	ran

	records int64
	server  spent   // by the sandbox meanwhile
	busy    float64 // share of all cores that were busy meanwhile, whoever with
}

// rate is the records a second.
func (l loop) rate() float64 { return float64(l.records) / l.wall.Seconds() }

// ours is the share of so many cores that reader and sandbox took.
func (l loop) ours(cores int) float64 {
	return (l.cpu + l.server.cpu).Seconds() / (l.server.wall.Seconds() * float64(cores))
}

// reader is one way to read the records of a platform into an empty folder.
type reader struct {
	name string
	goal string // of an extraction beside it, if there is one
	read func(s *served, dir string) (loop, error)
}

// loops measures an extraction beside what people do without one, from the same sandbox on the same cores, in turn.
func (b *bench) loops() (err error) {
	f, err := b.week()
	if err != nil {
		return err
	}
	s, stop, err := b.sandbox("--load", f.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := s.login(b.ctx, client, client); err != nil {
		return err
	}
	readers := b.readers(f)
	took := make([][]loop, len(readers))
	for range b.rounds() {
		for i, r := range readers {
			l, err := b.once(s, r)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			took[i] = append(took[i], l)
		}
	}
	ours := middle(took[0])
	b.tabulateExtraction(f, ours)
	for i, r := range readers[1:] {
		b.tabulateReader(r, ours, middle(took[i+1]))
	}
	return nil
}

// readers begin with the extraction. The loops of the official clients are left out, and said to be, if they cannot be
// installed.
func (b *bench) readers(f file) []reader {
	list := []reader{
		{"extract", "", func(s *served, dir string) (loop, error) {
			e, err := b.extractFrom(s, dir, sized{extractDays, int(f.records) / extractDays})
			return loop{ran: e.ran, records: f.records}, err
		}},
		{"pages as they come", "", func(s *served, dir string) (loop, error) { return b.plain(s, f, dir, "identity") }},
		{"pages as gzip", "", func(s *served, dir string) (loop, error) { return b.plain(s, f, dir, "gzip") }},
	}
	if err := b.setUpClients(); err != nil {
		b.add("loops of the official clients", "", "left out: "+err.Error(), "")
		return list
	}
	return append(list,
		reader{"JavaScript loop", "goal 1.6x", func(s *served, dir string) (loop, error) { return b.javaScript(s, f, dir) }},
		reader{"Python loop", "goal 20x", b.python})
}

// setUpClients installs the official clients, as make clients does.
func (b *bench) setUpClients() error {
	cmd := exec.CommandContext(b.ctx, filepath.Join("tools", "setup"), "clients")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("tools/setup clients: %w", err)
	}
	return nil
}

// once reads the records once.
func (b *bench) once(s *served, r reader) (l loop, err error) {
	err = b.fresh(func(dir string) error {
		before, err := readCores()
		if err != nil {
			return err
		}
		server, err := s.spends(func() (err error) { l, err = r.read(s, dir); return err })
		if err != nil {
			return err
		}
		after, err := readCores()
		l.server, l.busy = server, after.since(before)
		fmt.Fprintf(os.Stderr, "bench:   %s: %s, of the cores %s, and others %s\n", r.name, seconds(l.wall), percent(l.ours(runtime.NumCPU())),
			percent(l.busy-l.ours(runtime.NumCPU())))
		return err
	})
	return l, err
}

// plain reads the pages of a job into a file, as curl would: it looks at nothing but the cursor.
func (b *bench) plain(s *served, f file, dir, coding string) (l loop, err error) {
	out, err := os.Create(filepath.Join(dir, "pages"))
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	bytes := int64(0)
	l.spent, err = self().spends(func() error {
		id, err := s.run(b.ctx, loopJob)
		for cursor, more := "", err == nil; more && err == nil; more = cursor != "" {
			page := &tally{}
			err = s.unpack(b.ctx, pagePath(id, cursor, loopPage), coding, io.MultiWriter(out, page))
			cursor, bytes = page.cursor(), bytes+page.bytes
		}
		return err
	})
	if err == nil && bytes < f.size {
		err = fmt.Errorf("%d bytes came, of records that have %d", bytes, f.size)
	}
	l.records = f.records
	return l, err
}

// unpack reads a page in this coding, and writes it decompressed.
func (s *served) unpack(ctx context.Context, path, coding string, to io.Writer) (err error) {
	resp, err := s.send(ctx, http.MethodGet, path, http.Header{"Accept-Encoding": {coding}}, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	body, done, err := unpacked(resp)
	if err != nil {
		return err
	}
	defer done()
	_, err = io.Copy(to, body)
	return err
}

// javaScript runs loop.js, which reads all the records.
func (b *bench) javaScript(s *served, f file, dir string) (l loop, err error) {
	modules, err := filepath.Abs(filepath.Join("test", "clients", "js", "node_modules"))
	if err != nil {
		return l, err
	}
	cmd := exec.CommandContext(b.ctx, "node", filepath.Join("bench", "loop.js"))
	l, _, err = runLoop(cmd, s, dir, "NODE_PATH="+modules)
	return l, same(l.records, f.records, err)
}

// python runs loop.py, which reads some of the records. What it takes to start, which would weigh more the fewer they are,
// is left out of its time.
func (b *bench) python(s *served, dir string) (l loop, err error) {
	cmd := exec.CommandContext(b.ctx, filepath.Join(".cache", "python", "bin", "python3"), "-B", filepath.Join("bench", "loop.py"))
	l, l.wall, err = runLoop(cmd, s, dir, "PARLEY_ENOUGH="+strconv.Itoa(pythonReads))
	return l, same(l.records, pythonReads, err)
}

// runLoop runs a script that reads records into a file. Its home is empty: no one's configuration is read.
func runLoop(cmd *exec.Cmd, s *served, dir string, more ...string) (l loop, reading time.Duration, err error) {
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "PARLEY_URL=" + s.url, "PARLEY_CLIENT_ID=" + client, "PARLEY_CLIENT_SECRET=" + client,
		"PARLEY_INTERVAL=" + loopInterval, "PARLEY_OUT=" + filepath.Join(dir, "records.ndjson"),
	}, more...)
	text, took, err := finish(cmd)
	if err != nil {
		return l, 0, err
	}
	var did struct {
		Records int64   `json:"records"`
		Seconds float64 `json:"seconds"`
	}
	err = json.Unmarshal(text, &did)
	return loop{ran: took, records: did.Records}, time.Duration(did.Seconds * float64(time.Second)), err
}

// What an extraction of records that are ready should reach.
const (
	extractGoal = 9_000 // records a second
	busyGoal    = 0.85
)

func (b *bench) tabulateExtraction(f file, l loop) {
	b.add(fmt.Sprintf("extract %s records that a sandbox has ready", thousands(f.records)), f.speed(l.wall),
		"goal "+thousands(extractGoal)+" /s", times(l.rate(), extractGoal))
	b.add("  its processor time", f.each(l.cpu), "the sandbox's "+f.each(l.server.cpu), "")
	b.add("  its peak memory", mebibytes(l.peak), fmt.Sprintf("goal %d MiB", memoryGoal), times(memoryGoal, l.peak))
	ours := l.ours(runtime.NumCPU())
	b.add("  cores busy with it and the sandbox", percent(ours), fmt.Sprintf("with everything %s; goal %s", percent(l.busy), percent(busyGoal)),
		times(ours, busyGoal))
}

// tabulateReader compares rates.
func (b *bench) tabulateReader(r reader, ours, theirs loop) {
	against := fmt.Sprintf("%s, %s records, CPU %d us a record", rate(theirs.records, theirs.wall), thousands(theirs.records),
		(theirs.cpu / time.Duration(theirs.records)).Microseconds())
	if theirs.peak > 0 {
		against += ", peak " + mebibytes(theirs.peak)
	}
	if r.goal != "" {
		against += "; " + r.goal
	}
	b.add("  against: "+r.name, rate(ours.records, ours.wall), against, times(ours.rate(), theirs.rate()))
}
