// Package model_test holds a server to a simple model of what its clients must see: jobs that are submitted, cancelled,
// read page by page and expire, while its lakes are written to and it is killed again and again.
//
// The test binary starts itself as the server, with a clock that the test sets, speaks HTTP with it as clients do, and
// kills it with SIGKILL at any moment. What the lakes hold after each commit the test knows by itself; what a job finds
// it works out by itself. Of a request that was not answered it does not know the outcome, and takes either.
//
// What is done follows from a seed, which a failure prints: PARLEY_SEED repeats it, as far as it does not depend on how
// fast the machine is. PARLEY_STEPS is the number of steps.
//
// Not checked is what nobody outside can decide: the limits on submissions a minute, which a server that is started
// again counts anew, and on the room of a client's results, which are cleared away by the minute.
package model_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/store/folder"
)

// keep is how long the server keeps results.
const keep = 24 * time.Hour

// days is how many days each lake has at first.
const days = 5

// limits are so low that a run meets them: that on bytes by what the larger lake has at first, or soon after, a
// conversation being some 5.3 kB.
var limits = job.Limits{Running: 2, Open: 7, Queued: 12, PerMinute: 1e9, Bytes: 5400 * perDay * days}

// run is one run of the test.
type run struct {
	t        *testing.T
	settings settings
	offset   time.Duration // of the server's clock
	server   *process
	starts   int // how often it was started again
	http     *http.Client
	orgs     []*organization
	jobs     []*asyncJob
	lost     *asyncJob        // a submission without an answer
	cursors  map[string]place // that each cursor stands for
	given    []string         // the cursors, in the order in which they were met
	last     []string         // the last steps
	counts   map[string]int   // what happened, and how often
}

// TestModel takes some thousand random steps.
func TestModel(t *testing.T) {
	seed, steps := fromEnv(t, "PARLEY_SEED", rand.Uint64()), int(fromEnv(t, "PARLEY_STEPS", standardSteps))
	r := newRun(t, seed)
	begun := time.Now()
	defer func() {
		t.Logf("%d steps in %v; %v", steps, time.Since(begun).Round(time.Second), r.counts)
		if t.Failed() {
			t.Logf("the last steps:\n%s", strings.Join(r.last, "\n"))
			t.Logf("the server said:\n%s", tail(r.server.stderr.String(), 4000))
		}
		t.Logf("repeat with PARLEY_SEED=%d PARLEY_STEPS=%d", seed, steps)
	}()
	kills := killSteps(rand.New(rand.NewPCG(seed, 1)), steps)
	for n := range steps {
		dice := rand.New(rand.NewPCG(seed, uint64(n)+2)) // so that a step does not depend on what those before it met
		if kills[n] {
			r.server.killAfter(time.Duration(dice.IntN(60)) * time.Millisecond)
		}
		r.step(n, dice)
	}
	r.finish()
	if r.counts["killed"] < len(kills) {
		t.Errorf("%d kills, want %d", r.counts["killed"], len(kills))
	}
	r.covered(steps)
}

func fromEnv(t *testing.T, name string, standard uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return standard
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// killSteps are the steps at which the server is killed: about every hundredth, but 15 at least.
func killSteps(r *rand.Rand, steps int) map[int]bool {
	n := min(max(17, steps/100), steps/2)
	out := map[int]bool{}
	for i := range n {
		out[i*steps/n+r.IntN(steps/n)] = true
	}
	return out
}

func newRun(t *testing.T, seed uint64) *run {
	t.Helper()
	dir := t.TempDir()
	r := &run{
		t: t, cursors: map[string]place{}, counts: map[string]int{},
		http: &http.Client{Transport: &http.Transport{DisableCompression: true}, Timeout: 2 * time.Minute},
		settings: settings{
			Lakes: app.Lakes{"acme": filepath.Join(dir, "acme"), "beta": filepath.Join(dir, "beta")},
			State: filepath.Join(dir, "server"), Clock: filepath.Join(dir, "clock"),
		},
	}
	r.orgs = []*organization{
		{name: "acme", corpus: newCorpus(t, r.settings.Lakes["acme"], seed, perDay, days)},
		{name: "beta", corpus: newCorpus(t, r.settings.Lakes["beta"], seed+1, perDay/4, days)},
	}
	r.makeClients()
	if err := setClock(r.settings.Clock, 0); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.server, err = start(r.settings, -1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.server.kill() })
	return r
}

// makeClients makes two clients of one organization and one of the other, as "parley client add" does.
func (r *run) makeClients() {
	folder, err := server.OpenFolder(r.t.Context(), r.settings.State)
	if err != nil {
		r.t.Fatal(err)
	}
	defer folder.Close()
	store, err := access.Open(r.t.Context(), folder.DB, time.Now)
	if err != nil {
		r.t.Fatal(err)
	}
	for id, org := range map[string]*organization{"first": r.orgs[0], "second": r.orgs[0], "stranger": r.orgs[1]} {
		_, secret, err := store.Add(r.t.Context(), access.Client{ID: access.ClientID(id), Name: id, Organization: org.name, TokenLifetime: 48 * time.Hour})
		if err != nil {
			r.t.Fatal(err)
		}
		org.clients = append(org.clients, &client{id: id, secret: secret, org: org})
	}
	slices.SortFunc(r.orgs[0].clients, func(a, b *client) int { return strings.Compare(a.id, b.id) })
}

// now is the server's clock.
func (r *run) now() time.Time { return time.Now().Add(r.offset).Round(0) }

// step takes one step, and sees to it that the server runs afterwards.
func (r *run) step(n int, dice *rand.Rand) {
	r.t.Helper()
	kind := choose(dice)
	if r.server.dying() && dice.IntN(2) == 0 {
		kind = burst // something is then under way when it happens
	}
	r.note("%d %s", n, kind.name)
	r.counts["step "+kind.name]++
	r.check(kind.take(r, dice))
	if r.server.dead() {
		r.check(errDown)
	}
}

// note adds a line to what a failure prints: ids and kinds, no content.
func (r *run) note(format string, args ...any) {
	r.last = append(r.last, fmt.Sprintf(format, args...))
	r.last = r.last[max(0, len(r.last)-30):]
}

// more adds to the last line.
func (r *run) more(format string, args ...any) {
	if len(r.last) > 0 {
		r.last[len(r.last)-1] += " " + fmt.Sprintf(format, args...)
	}
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

// check fails the test with what is wrong. A server that was killed is started again.
func (r *run) check(err error) {
	r.t.Helper()
	switch {
	case err == nil:
	case !errors.Is(err, errDown):
		r.t.Fatal(err)
	default:
		r.revive(err)
	}
}

// covered says what a run of standard length must have met; without it the run proves less than it seems to. What only
// a server that is slower, or faster, than this test lets it meet is said, and no failure.
func (r *run) covered(steps int) {
	if steps < 1000 {
		return
	}
	for _, what := range []string{"fulfilled", "cancelled", "expired", "gone", "killed", "page"} {
		if r.counts[what] == 0 {
			r.t.Errorf("the run did not meet: %s", what)
		}
	}
	for _, what := range []string{
		"failed", "refused: open", "refused: queued", "killed while jobs were open", "read after a restart", "expired cursor", "commit while jobs were open",
	} {
		if r.counts[what] == 0 {
			r.t.Logf("this time, the run did not meet: %s", what)
		}
	}
}

// finish waits for all jobs, and looks at what is left when the server was killed once more.
func (r *run) finish() {
	r.t.Helper()
	for _, o := range r.orgs {
		if err := o.corpus.wait(); err != nil {
			r.t.Fatal(err)
		}
	}
	r.note("finish")
	r.steady()
	r.drain()
	if err := r.server.kill(); err != nil {
		r.t.Fatal(err)
	}
	r.steady()
	r.drain()
	for _, j := range r.jobs {
		if j.may == fulfilled {
			r.check(r.walk(j, rand.New(rand.NewPCG(uint64(j.n), 0))))
		}
	}
	r.files(true)
	if err := r.server.kill(); err != nil {
		r.t.Fatal(err)
	}
	r.sound()
}

// steady sees to it that the server runs and is not about to be killed.
func (r *run) steady() {
	r.t.Helper()
	for r.server.dying() {
		r.revive(errDown)
	}
}

// drain waits until every job has come to an end.
func (r *run) drain() {
	r.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		waiting := 0
		for _, o := range r.orgs {
			r.check(r.list(o.clients[0]))
			for _, j := range o.jobs {
				if j.may&open != 0 {
					waiting++
				}
			}
		}
		if waiting == 0 {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%d jobs do not come to an end", waiting)
		}
	}
}

// sound checks the databases and the lakes.
func (r *run) sound() {
	r.t.Helper()
	ctx := r.t.Context()
	folder, err := server.OpenFolder(ctx, r.settings.State)
	if err != nil {
		r.t.Fatal(err)
	}
	defer folder.Close()
	var integrity string
	if err := folder.DB.Row(ctx, `PRAGMA integrity_check`).Scan(&integrity); err != nil || integrity != "ok" {
		r.t.Errorf("the control database: %s, %v", integrity, err)
	}
	for _, o := range r.orgs {
		r.soundLake(ctx, o)
	}
}

func (r *run) soundLake(ctx context.Context, o *organization) {
	r.t.Helper()
	if err := o.corpus.writer.Close(); err != nil {
		r.t.Error(err)
	}
	report, err := lake.Check(ctx, o.corpus.lake, nil)
	if err != nil || report.Unsettled > 0 {
		r.t.Errorf("the lake of %s: %v, %d commits unsettled, %v", o.name, err, report.Unsettled, report.Damage)
	}
	if same, err := o.corpus.contents(ctx); err != nil || !same {
		r.t.Errorf("the lake of %s does not hold what was committed to it: %v", o.name, err)
	}
}

// files compares the folder of results with the jobs: no file without a job that is fulfilled, and none missing. While
// the server runs, it may be about to remove some; exact says that no job may be open.
func (r *run) files(exact bool) {
	r.t.Helper()
	var wrong []string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if wrong = r.wrongFiles(exact); len(wrong) == 0 {
			return
		}
	}
	r.t.Fatalf("files of results: %s", strings.Join(wrong, "; "))
}

func (r *run) wrongFiles(exact bool) (wrong []string) {
	entries, err := os.ReadDir(filepath.Join(r.settings.State, "results"))
	if err != nil {
		return []string{err.Error()}
	}
	have := map[string]bool{}
	for _, e := range entries {
		name, part := folder.Temporary(e.Name())
		if !part {
			name = e.Name()
		}
		id, rest, _ := strings.Cut(name, ".") // rest has the attempt
		i := slices.IndexFunc(r.jobs, func(j *asyncJob) bool { return j.id == id })
		switch {
		case name == "runner.lock":
		case i < 0:
			wrong = append(wrong, name+" belongs to no job")
		case part && !exact && r.jobs[i].may&(open|fulfilled) != 0:
		case !part && !have[id] && r.jobs[i].drift(span{r.now(), r.now()})&fulfilled != 0:
			have[id] = true
		default:
			wrong = append(wrong, fmt.Sprintf("%s: job %d is %v", rest, i, r.jobs[i].may))
		}
	}
	for _, j := range r.jobs {
		if j.drift(span{r.now(), r.now()}) == fulfilled && !have[j.id] {
			wrong = append(wrong, fmt.Sprintf("job %d is fulfilled and has no file", j.n))
		}
	}
	return wrong
}
