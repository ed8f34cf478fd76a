package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// budget is what a page may take: milliseconds until something is painted, and until the server begins to answer; kB sent. 0: no goal.
type budget struct {
	paint, server       time.Duration
	html, script, style float64
}

// Every page has the same budget for what it loads; that of figures has a library of charts.
const (
	scriptBudget  = 30
	figuresBudget = 55
	styleBudget   = 8
)

// inputBudget is how long a page may take to show what a key does.
const inputBudget = 100 * time.Millisecond

// look is a page that is looked at.
type look struct {
	what, path string
	budget     budget
}

// painted is one load of a page, as the browser tells it.
type painted struct {
	Path   string  `json:"path"`
	Paint  float64 `json:"paint"`  // milliseconds
	Server float64 `json:"server"` // milliseconds
	HTML   float64 `json:"html"`   // bytes, as they are sent
	Whole  float64 `json:"whole"`  // bytes, as they are read
	Script float64 `json:"script"`
	Style  float64 `json:"style"`
	Input  float64 `json:"input"` // milliseconds from a key to what is painted next, the slowest
}

// looking opens pages in a browser, over a lake of usual conversations with some that are out of the ordinary among them, and over one
// of ten million if there is to be one.
func (b *bench) looking() error {
	if out, err := exec.CommandContext(b.ctx, "tools/setup", "browser").CombinedOutput(); err != nil {
		return fmt.Errorf("tools/setup browser: %w: %s", err, out)
	}
	err := b.fresh(func(dir string) error {
		lake := filepath.Join(dir, "lake")
		if err := b.do("generate", "--lake", lake, "--from", first.String(), "--to", (first + 7).String(), "--per-day", "1000", "--steady"); err != nil {
			return err
		}
		odd, err := b.withOdd(dir)
		if err != nil {
			return err
		}
		if err := b.lookAt(lake, usualLooks(b.usual(lake), b.busiest(lake))); err != nil {
			return err
		}
		return errors.Join(b.lookAt(odd, oddLooks()), b.streaming(lake))
	})
	if err != nil || b.tenMillion == "" {
		return err
	}
	if err := b.makeTenMillion(); err != nil {
		return err
	}
	return b.lookAt(b.tenMillion, []look{{"the calendar of ten million conversations", "/ui/calendar/2025", budget{paint: time.Second, server: 50 * time.Millisecond, html: 20, script: scriptBudget, style: styleBudget}}})
}

// usualLooks are pages that people look at every day.
func usualLooks(conversation, queue string) []look {
	all := budget{script: scriptBudget, style: styleBudget}
	usual, week, figures := all, all, all
	usual.paint, usual.html = 300*time.Millisecond, 15
	week.html = 20
	figures.script = figuresBudget
	return []look{
		{"the calendar of a week", "/ui/calendar/2026", week},
		{"a usual conversation", "/ui/conversation/" + conversation, usual},
		{"figures of a week, all queues", "/ui/figures", all},
		{"figures of a month of hours, one queue", "/ui/figures?granularity=hour&from=2026-10-08&to=2026-11-08&queue=" + queue, figures},
	}
}

// Conversations out of the ordinary, by their ids.
const (
	crowdedID = "00000000-0000-4000-8000-000000002000" // 2,000 participants
	largeID   = "00000000-0000-4000-8000-000000000020" // a record of 20 MB
	longID    = "00000000-0000-4000-8000-000000000060" // 60 days in which nothing happens
)

func oddLooks() []look {
	large := budget{paint: time.Second, script: scriptBudget, style: styleBudget}
	quiet := large
	quiet.paint, quiet.html = 300*time.Millisecond, 15
	return []look{
		{"a conversation of 2,000 participants", "/ui/conversation/" + crowdedID, large},
		{"a record of 20 MB", "/ui/conversation/" + largeID, large},
		{"60 days of nothing", "/ui/conversation/" + longID, quiet},
	}
}

func (b *bench) do(args ...string) error {
	if out, err := exec.CommandContext(b.ctx, b.parley, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", args[0], err, out)
	}
	return nil
}

// usual is the conversation of a day whose record is the middle one by its size.
func (b *bench) usual(lake string) (id string) {
	out, _ := exec.CommandContext(b.ctx, b.parley, "export", "--lake", lake, "--from", first.String(), "--to", (first + 1).String(), "--format", "ndjson").Output()
	records := slices.SortedFunc(strings.Lines(string(out)), func(x, y string) int { return len(x) - len(y) })
	var r struct {
		ID string `json:"conversationId"`
	}
	if len(records) > 0 && json.Unmarshal([]byte(records[len(records)/2]), &r) == nil {
		id = r.ID
	}
	return id // without one the page is that which asks for an id, which has no such title and fails
}

// busiest is the first queue of a report.
func (b *bench) busiest(lake string) string {
	out, _ := exec.CommandContext(b.ctx, b.parley, "report", "--lake", lake, "--from", first.String(), "--to", (first + 7).String(), "--by", "queue", "--json").Output()
	line, _, _ := strings.Cut(string(out), "\n")
	var l struct {
		Queue string `json:"queueId"`
	}
	_ = json.Unmarshal([]byte(line), &l) // without one the page is that of all queues, and loads no charts
	return l.Queue
}

// lookAt loads pages of a lake, and adds the middle of what each took.
func (b *bench) lookAt(lake string, looks []look) (err error) {
	s, stop, err := b.serve(lake, "--page", "--client-id", client, "--client-secret", client, "--rate-limit", "1000000")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	paths := make([]string, len(looks))
	for i, l := range looks {
		paths[i] = l.path
	}
	list, err := json.Marshal(paths)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(b.ctx, "node", filepath.Join("test", "page", "js", "paint.js"))
	cmd.Env = append(os.Environ(), "PARLEY_URL="+s.url, "PARLEY_ID="+client, "PARLEY_SECRET="+client, "PARLEY_PATHS="+string(list), "PARLEY_LOADS="+strconv.Itoa(2*b.rounds()+1))
	var wrong bytes.Buffer
	cmd.Stderr = &wrong
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("the browser: %w: %s", err, wrong.Bytes())
	}
	var loads []painted
	if err := json.Unmarshal(text, &loads); err != nil {
		return err
	}
	for _, l := range looks {
		b.tell(l, slices.DeleteFunc(slices.Clone(loads), func(p painted) bool { return p.Path != l.path }))
	}
	return nil
}

// tell adds what loads of a page took: the middle of each, and what is sent, which is the same every time.
func (b *bench) tell(l look, loads []painted) {
	of := func(get func(painted) float64) float64 {
		var list []float64
		for _, p := range loads {
			list = append(list, get(p))
		}
		return medianOf(list)
	}
	b.addTime(l.what+", first paint", of(func(p painted) float64 { return p.Paint }), l.budget.paint)
	b.addTime("  until the server begins to answer", of(func(p painted) float64 { return p.Server }), l.budget.server)
	b.addTime("  from a key to what is painted next, at most", of(func(p painted) float64 { return p.Input }), inputBudget)
	b.addSize(fmt.Sprintf("  its HTML, %.0f kB", loads[0].Whole/1000), loads[0].HTML, l.budget.html)
	b.addSize("  its script", loads[0].Script, l.budget.script)
	b.addSize("  its style sheets", loads[0].Style, l.budget.style)
}

func (b *bench) addTime(what string, ms float64, goal time.Duration) {
	took := time.Duration(ms * float64(time.Millisecond))
	against, ratio := "", ""
	if goal > 0 {
		against, ratio = "goal "+seconds(goal), times(goal.Seconds(), took.Seconds())
	}
	b.add(what, milliseconds(took), against, ratio)
}

func (b *bench) addSize(what string, bytes, goal float64) {
	against, ratio := "", ""
	if goal > 0 {
		against, ratio = fmt.Sprintf("goal %.0f kB", goal), times(goal*1000, bytes)
	}
	b.add(what, fmt.Sprintf("%.1f kB sent", bytes/1000), against, ratio)
}

// withOdd makes a lake of conversations that are out of the ordinary.
func (b *bench) withOdd(dir string) (lake string, err error) {
	path, lake := filepath.Join(dir, "odd.ndjson"), filepath.Join(dir, "odd")
	text := strings.Join([]string{crowded(), large(), long()}, "\n") + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return lake, err
	}
	return lake, b.do("import", "--lake", lake, path)
}

const recordOf = `{"conversationId":%q,"conversationStart":"2026-11-01T09:00:00.000Z","conversationEnd":%q,"originatingDirection":"inbound","participants":[%s]}`

// participant is one party with one session of one segment.
func participant(n int, from, to time.Time, more string) string {
	at := func(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z") }
	return fmt.Sprintf(`{"participantId":"p%d","purpose":"agent","userId":"user-%d"%s,"sessions":[{"sessionId":"s%d","mediaType":"voice","direction":"inbound","segments":[{"segmentType":"interact","queueId":"queue-1","segmentStart":%q,"segmentEnd":%q,"disconnectType":"client"}]}]}`,
		n, n, more, n, at(from), at(to))
}

var began = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

func crowded() string {
	var parties []string
	for n := range 2000 {
		from := began.Add(time.Duration(n) * time.Second)
		parties = append(parties, participant(n, from, from.Add(90*time.Second), ""))
	}
	return fmt.Sprintf(recordOf, crowdedID, "2026-11-01T09:35:00.000Z", strings.Join(parties, ","))
}

// large has 20 MB, most of it in attributes.
func large() string {
	value := strings.Repeat("a text that a flow has written down; ", 250)
	var attributes []string
	for n := 0; len(attributes)*len(value) < 20_000_000; n++ {
		attributes = append(attributes, fmt.Sprintf(`"key%d":%q`, n, value))
	}
	return fmt.Sprintf(recordOf, largeID, "2026-11-01T09:05:00.000Z", participant(1, began, began.Add(5*time.Minute), `,"attributes":{`+strings.Join(attributes, ",")+`}`))
}

func long() string {
	end := began.AddDate(0, 0, 60)
	return fmt.Sprintf(recordOf, longID, end.Add(time.Minute).Format("2006-01-02T15:04:05.000Z"),
		participant(1, began, began.Add(5*time.Minute), "")+","+participant(2, end, end.Add(time.Minute), ""))
}

// A year of ten million.
const (
	yearDays   = 365
	yearPerDay = 27_400
	yearFiles  = 12
)

// makeTenMillion makes the lake if there is none. Its records are small, and come from files: to simulate as many usual ones takes an hour,
// and the calendar reads none of them. Every one of its days is told as missing, as days are that were never extracted.
func (b *bench) makeTenMillion() error {
	made := b.tenMillion + ".made" // says that it is whole: an import that is interrupted leaves a lake too
	if _, err := os.Stat(made); err == nil {
		return nil
	}
	err := b.fresh(func(dir string) error {
		for n := range yearFiles {
			path := filepath.Join(dir, fmt.Sprintf("%02d.ndjson", n))
			if err := writeSmall(path, n*yearDays/yearFiles, (n+1)*yearDays/yearFiles); err != nil {
				return err
			}
			if err := errors.Join(b.do("import", "--lake", b.tenMillion, path), os.Remove(path)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return os.WriteFile(made, nil, 0o600)
}

// writeSmall writes the records of the days from one up to another one of the year.
func writeSmall(path string, from, to int) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	w, r := bufio.NewWriterSize(out, 1<<20), rand.New(rand.NewPCG(uint64(from), 7))
	for day := from; day < to; day++ {
		for range yearPerDay {
			at := time.Date(2025, 1, 1, 0, 0, r.IntN(86_000), 0, time.UTC).AddDate(0, 0, day)
			text := at.Format("2006-01-02T15:04:05.000Z")
			if _, err := fmt.Fprintf(w, `{"conversationId":"%08x-%04x-4%03x-8%03x-%012x","conversationStart":%q,"conversationEnd":%q,"originatingDirection":"inbound","participants":[{"participantId":"p","purpose":"customer","sessions":[{"sessionId":"s","mediaType":"voice","direction":"inbound","segments":[{"segmentType":"interact","segmentStart":%q,"segmentEnd":%q,"disconnectType":"peer"}]}]}]}`+"\n",
				r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48), text, text, text, text); err != nil {
				return errors.Join(err, out.Close())
			}
		}
	}
	return errors.Join(w.Flush(), out.Close())
}
