package jobscmd

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/generate"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/served"
	"github.com/parley-hq/parley/internal/server"
)

// run runs a command line of "parley jobs".
func run(t *testing.T, in string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := New(&ui.Streams{In: strings.NewReader(in), Out: &out, Err: &errs}, "test")
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), errs.String(), err
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, err := run(t, "", args...)
	if err != nil {
		t.Fatalf("parley jobs %s: %v", strings.Join(args, " "), err)
	}
	if stderr != "" {
		t.Errorf("parley jobs %s says %s", strings.Join(args, " "), stderr)
	}
	return stdout
}

const perDay = 150

// simulated generates a lake of two days, that of the sandbox's seed.
func simulated(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "lake")
	err := generate.Run(t.Context(), &generate.Options{
		Streams: &ui.Streams{Out: io.Discard, Err: io.Discard}, Lake: dir, From: "2026-11-05", To: "2026-11-07", PerDay: perDay, Steady: true, Seed: 7,
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// credentials are those of this process's environment.
func credentials(t *testing.T, id, secret string) server.Credentials {
	t.Helper()
	t.Setenv("GENESYS_CLIENT_ID", id)
	t.Setenv("GENESYS_CLIENT_SECRET", secret)
	t.Setenv("GENESYS_ENVIRONMENT", "")
	return server.Credentials{ID: id, Secret: secret}
}

func listen(t *testing.T) server.Listen {
	t.Helper()
	return server.Listen{Addr: "127.0.0.1:0", Client: credentials(t, "id", "secret"), RateLimit: 100_000, Log: slog.New(slog.DiscardHandler)}
}

// started runs a server until the test ends, and gives its base URL.
func started(t *testing.T, s *server.Server) (base string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended, urls := make(chan error, 1), make(chan string, 1)
	go func() { ended <- s.Run(ctx, func(url string) error { urls <- url; return nil }) }()
	t.Cleanup(stop)
	select {
	case base = <-urls:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return base
}

// served serves the lake of an organization.
func answering(t *testing.T, dir string, limits job.Limits) (base string) {
	t.Helper()
	service, err := app.OpenService(t.Context(), app.ServiceOptions{Lakes: app.Lakes{server.DefaultOrganization: dir}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := service.Close(); err != nil {
			t.Error(err)
		}
	})
	at := listen(t)
	at.Jobs = limits
	return started(t, service.Serve(at, time.Now))
}

func pretended(t *testing.T) string {
	t.Helper()
	now := time.Date(2026, 11, 7, 12, 0, 0, 0, time.UTC) // when the lake was made, as it were
	w, err := sandbox.Simulate(t.Context(), sandbox.Scenario{Speed: 1, Seed: 7, Days: 4, PerDay: perDay, Start: now}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return started(t, served.New(listen(t), w))
}

// fake is a platform that misbehaves.
func fake(t *testing.T, cfg platformtest.Config) string {
	t.Helper()
	credentials(t, platformtest.ClientID, platformtest.ClientSecret)
	s := httptest.NewServer(platformtest.New(t, cfg))
	t.Cleanup(s.Close)
	return s.URL
}

var days = []string{"--from", "2026-11-05", "--to", "2026-11-07", "--start-of-day"}

// submitted submits a job for all that a lake has, and waits for it.
func submitted(t *testing.T, where ...string) (id string) {
	t.Helper()
	return strings.TrimSpace(must(t, slices.Concat([]string{"submit", "--wait", "--poll", "5ms..50ms"}, days, where)...))
}

func TestEveryWayGivesTheSame(t *testing.T) {
	lake := simulated(t)
	folder := []string{"--lake", lake}
	first := submitted(t, folder...) // answered by the command itself
	want := must(t, append(folder, "results", first, "--page-size", "7")...)
	if n := strings.Count(want, "\n"); n != 2*perDay || !strings.HasPrefix(want, `{"conversation`) {
		t.Fatalf("%d records: %.100s", n, want)
	}
	base := answering(t, lake, job.Limits{})
	server := []string{"--base-url", base}
	for name, c := range map[string]struct{ submit, read []string }{
		"by the server":                     {server, server},
		"submitted beside it":               {folder, folder},
		"submitted beside it, read from it": {folder, server},
	} {
		id := submitted(t, c.submit...)
		if got := must(t, append(c.read, "results", id, "--page-size", "101")...); got != want {
			t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
		}
	}
	if got := must(t, append(server, "results", first)...); got != want {
		t.Error("a job of the time before the server gives something else")
	}
	base = pretended(t)
	if got := must(t, "results", submitted(t, "--base-url", base), "--base-url", base); got != want {
		t.Errorf("the sandbox: %d bytes, want %d", len(got), len(want))
	}
}

// cutting is a proxy before a server that sends half of some pages of results and hangs up. Pages are counted from 1.
func cutting(t *testing.T, base string, cut func(page int) bool) string {
	t.Helper()
	target, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	var pages atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/results") || !cut(int(pages.Add(1))) {
			proxy.ServeHTTP(w, r)
			return
		}
		r.Header.Del("Accept-Encoding")
		whole := httptest.NewRecorder()
		proxy.ServeHTTP(whole, r)
		w.Header().Set("Content-Type", whole.Header().Get("Content-Type"))
		_, _ = w.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(s.Close)
	return s.URL
}

var resumes = regexp.MustCompile(`; ([0-9,]+) records were written; to go on from there, give --cursor (\S+)$`)

// cutAt reads results that are cut after a number of pages, and gives the cursor that the error says.
func cutAt(t *testing.T, base string, pages int, args ...string) (out, cursor string) {
	t.Helper()
	broken := cutting(t, base, func(page int) bool { return page > pages })
	out, stderr, err := run(t, "", append([]string{"results", "--base-url", broken, "--retries", "0"}, args...)...)
	if err == nil || stderr != "" {
		t.Fatalf("cut after %d pages: %v, says %q", pages, err, stderr)
	}
	found := resumes.FindStringSubmatch(err.Error())
	if pages == 0 {
		if found != nil || out != "" {
			t.Errorf("nothing was read: %v", err)
		}
		return out, ""
	}
	if found == nil {
		t.Fatalf("cut after %d pages: %v", pages, err)
	}
	return out, found[2]
}

func TestResumedResultsAreTheWhole(t *testing.T) {
	base := answering(t, simulated(t), job.Limits{})
	id := submitted(t, "--base-url", base)
	want := must(t, "results", "--base-url", base, id)
	const size = 70 // five pages
	for pages := range 5 {
		size := []string{id, "--page-size", strconv.Itoa(size)}
		first, cursor := cutAt(t, base, pages, size...)
		rest := must(t, append([]string{"results", "--base-url", base, "--cursor", cursor}, size...)...)
		if strings.Count(first, "\n") != 70*pages || first+rest != want {
			t.Errorf("cut after %d pages: %d and %d records", pages, strings.Count(first, "\n"), strings.Count(rest, "\n"))
		}
	}
	// A page that is cut once is read again.
	once := cutting(t, base, func(page int) bool { return page == 2 })
	if got, says, err := run(t, "", "results", "--base-url", once, id, "--page-size", strconv.Itoa(size)); got != want || err != nil || strings.Count(says, "\n") != 1 {
		t.Errorf("cut once: %d bytes, want %d, %v; says %s", len(got), len(want), err, says)
	}
}

func TestResumedFilesAreTheWhole(t *testing.T) {
	lake := simulated(t)
	base := answering(t, lake, job.Limits{})
	id := submitted(t, "--base-url", base)
	want := must(t, "results", "--base-url", base, id)
	for _, name := range []string{"all.ndjson", "all.ndjson.gz"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		size := []string{id, "--page-size", "70", "--out", path}
		if _, _ = cutAt(t, base, 0, size...); contents(t, path) != "old" {
			t.Errorf("%s: nothing was read, and the file was changed", name)
		}
		_, cursor := cutAt(t, base, 2, size...)
		_, cursor = cutAt(t, base, 1, append(size, "--cursor", cursor)...)
		out := must(t, append([]string{"results", "--lake", lake, "--cursor", cursor, "--json"}, size...)...)
		if out != `{"records":90,"output":"`+path+`"}`+"\n" {
			t.Errorf("%s: says %s", name, out)
		}
		if got := contents(t, path); got != want {
			t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
		}
	}
}

// contents reads a file; a name in .gz says that it is compressed, unless it is not yet.
func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := gzip.NewReader(bytes.NewReader(text)); err == nil {
		if text, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return string(text)
}

func TestALifeOfJobs(t *testing.T) {
	lake := simulated(t)
	base := answering(t, lake, job.Limits{})
	server, folder := []string{"--base-url", base}, []string{"--lake", lake}
	ofServer, ofFolder := submitted(t, server...), submitted(t, folder...)
	for _, where := range [][]string{server, folder} {
		var ids, clients []string
		for line := range strings.Lines(must(t, append(where, "list", "--json")...)) {
			var j platform.Listed
			if err := json.Unmarshal([]byte(line), &j); err != nil || j.State != platform.Fulfilled || j.Records == nil || *j.Records != 2*perDay || *j.Bytes < 1000 || j.SubmissionDate == "" || j.ExpirationDate == "" {
				t.Errorf("%v lists %s, %v", where, line, err)
			}
			ids, clients = append(ids, string(j.ID)), append(clients, j.Client)
		}
		if !slices.Equal(ids, []string{ofFolder, ofServer}) || !slices.Equal(clients, []string{clientName, "id"}) {
			t.Errorf("%v lists %q of %q", where, ids, clients)
		}
		if out := must(t, append(where, "list", "--in-state", "fulfilled")...); strings.Count(out, "\n") != 2 || strings.Count(out, "\t") != 14 || !strings.Contains(out, "\tcommand line\tFULFILLED\t20") {
			t.Errorf("%v lists %s", where, out)
		}
		if out, says, err := run(t, "", append(where, "list", "--in-state", "FAILED")...); out != "" || err != nil || !strings.Contains(says, "no such jobs") {
			t.Errorf("%v lists %s, %s, %v", where, out, says, err)
		}
	}
	a, b := must(t, append(server, "status", ofServer, "--json")...), must(t, append(folder, "status", ofServer, "--json")...)
	var members map[string]string
	if err := json.Unmarshal([]byte(a), &members); err != nil || a != b {
		t.Errorf("the status is %s and %s, %v", a, b, err)
	}
	if got := slices.Sorted(maps.Keys(members)); !slices.Equal(got, []string{"completionDate", "expirationDate", "state", "submissionDate"}) {
		t.Errorf("a status has %q", got)
	}
	if out := must(t, append(folder, "status", ofServer)...); !strings.Contains(out, "state") || !strings.Contains(out, "FULFILLED") {
		t.Errorf("status: %s", out)
	}
	for where, id := range map[*[]string]string{&server: ofFolder, &folder: ofServer} {
		if out := must(t, append(*where, "cancel", id, "--dry-run")...); out != "Job "+id+", which was FULFILLED, would be removed, with the results if it has any.\n" {
			t.Errorf("dry run: %s", out)
		}
		if out := must(t, append(*where, "cancel", id, "--json")...); out != `{"jobId":"`+id+`","state":"FULFILLED","dryRun":false}`+"\n" {
			t.Errorf("cancel: %s", out)
		}
		for _, verb := range []string{"status", "wait", "results", "cancel"} {
			if out, _, err := run(t, "", append(*where, verb, id)...); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "job "+id) || out != "" {
				t.Errorf("%s of a job that is gone: %v", verb, err)
			}
		}
	}
	for _, where := range [][]string{server, folder} {
		if _, _, err := run(t, "", append(where, "results", submitted(t, where...), "--cursor", "bm8=")...); !errors.Is(err, fault.Invalid) {
			t.Errorf("a cursor of nothing: %v", err)
		}
	}
}

func TestAJobThatWaits(t *testing.T) {
	lake := simulated(t)
	folder := []string{"--lake", lake}
	id := strings.TrimSpace(must(t, slices.Concat([]string{"submit"}, days, folder)...))
	if _, _, err := run(t, "", append(folder, "results", id)...); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "QUEUED") {
		t.Errorf("results of a job that waits: %v", err)
	}
	if out := must(t, append(folder, "cancel", id, "--dry-run")...); out != "Job "+id+", which was QUEUED, would be cancelled.\n" {
		t.Errorf("dry run: %s", out)
	}
	if out := must(t, append(folder, "cancel", id)...); out != "Job "+id+", which was QUEUED, was cancelled.\n" {
		t.Errorf("cancel: %s", out)
	}
	if out, _, err := run(t, "", append(folder, "wait", id, "--json")...); !errors.Is(err, fault.NotFound) || fault.ExitCode(err) != 5 || !strings.HasPrefix(out, `{"state":"CANCELLED"`) {
		t.Errorf("wait for a cancelled job: %s, %v", out, err)
	}
}

// A folder may have the jobs of organizations whose lakes are elsewhere: whoever answered them here would fail them.
func TestJobsOfOthersAreNotFailed(t *testing.T) {
	lake := simulated(t)
	others := strings.TrimSpace(must(t, append([]string{"submit", "--lake", lake, "--organization", "acme"}, days...)...))
	id := strings.TrimSpace(must(t, append([]string{"submit", "--lake", lake}, days...)...))
	_, says, err := run(t, "", "--state", filepath.Join(lake, "server"), "wait", id, "--timeout", "150ms")
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "QUEUED after 150ms (--timeout)") || !strings.Contains(says, "give the lake by --lake") {
		t.Errorf("without the lake: %v, says %s", err, says)
	}
	must(t, "wait", id, "--lake", lake)
	if _, _, err := run(t, "", "status", "--lake", lake, others); !errors.Is(err, fault.NotFound) {
		t.Errorf("another organization sees a job: %v", err)
	}
	if out := must(t, "status", "--lake", lake, "--organization", "acme", others); !strings.Contains(out, "QUEUED") {
		t.Errorf("the job of the other organization: %s", out)
	}
}

func TestAJobThatAServerFails(t *testing.T) {
	lake := simulated(t)
	answering(t, lake, job.Limits{Bytes: 10})
	out, _, err := run(t, "", append([]string{"submit", "--wait", "--lake", lake}, days...)...)
	id := strings.TrimSpace(out)
	if fault.ExitCode(err) != 6 || !strings.Contains(err.Error(), "job "+id+" has failed: The results are over the limit") {
		t.Errorf("got %v", err)
	}
	if out := must(t, "list", "--lake", lake, "--in-state", "FAILED"); !strings.HasPrefix(out, id+"\t") {
		t.Errorf("listed: %s", out)
	}
	out, _, err = run(t, "", "wait", "--lake", lake, id)
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(out, "FAILED") || !strings.Contains(out, "absolute.request.bytes.max") {
		t.Errorf("wait: %s%v", out, err)
	}
	if _, _, err := run(t, "", "results", "--lake", lake, id); !errors.Is(err, fault.NotFound) {
		t.Errorf("results: %v", err)
	}
}

func TestWaitSaysHowAJobEnded(t *testing.T) {
	for _, c := range []struct {
		states []platform.State
		code   int
		says   string
	}{
		{[]platform.State{platform.Queued, platform.Pending, platform.Fulfilled}, 0, ""},
		{[]platform.State{platform.Pending, platform.Failed}, 6, "job job-1 has failed: the volume is too large"},
		{[]platform.State{platform.Cancelled}, 5, "job job-1 was cancelled"},
		{[]platform.State{platform.Queued, platform.Expired}, 5, "have expired"},
		{[]platform.State{"FROZEN"}, 6, `the state "FROZEN"`},
	} {
		last := c.states[len(c.states)-1]
		base := fake(t, platformtest.Config{States: func(platformtest.Submission) []platform.State { return slices.Clone(c.states) }})
		must(t, "submit", "--base-url", base, "--interval", "2026-11-05/P1D")
		out, _, err := run(t, "", "wait", "--base-url", base, "job-1", "--poll", "1ms..2ms", "--json")
		if fault.ExitCode(err) != c.code || c.code != 0 && !strings.Contains(err.Error(), c.says) || !strings.Contains(out, `{"state":"`+string(last)+`"`) {
			t.Errorf("%v: %s%v", c.states, out, err)
		}
		out, _, err = run(t, "", "submit", "--base-url", base, "--interval", "2026-11-05/P1D", "--wait", "--poll", "1ms..2ms", "--json")
		if fault.ExitCode(err) != c.code || out != `{"jobId":"job-2"}`+"\n" {
			t.Errorf("submit --wait, %v: %s%v", c.states, out, err)
		}
	}
}

func TestAPlatformWithoutAList(t *testing.T) {
	base := fake(t, platformtest.Config{})
	_, _, err := run(t, "", "list", "--base-url", base)
	if fault.ExitCode(err) != 5 || !strings.Contains(err.Error(), "note the ids that parley jobs submit prints") {
		t.Errorf("got %v", err)
	}
}

func TestAPlatformThatIsBusy(t *testing.T) {
	records := [][]byte{platformtest.Record("c1", time.Date(2026, 11, 5, 1, 0, 0, 0, time.UTC), time.Minute, "")}
	base := fake(t, platformtest.Config{Records: records, Rules: []platformtest.Rule{
		{Route: platformtest.Results, First: 1, Do: platformtest.Throttle("Retry-After", 0)},
		{Route: platformtest.Results, First: 2, Do: platformtest.Refuse(503, "service.unavailable", "later", "Retry-After", "0")},
	}})
	must(t, "submit", "--base-url", base, "--interval", "2026-11-05/P1D", "--wait")
	out, says, err := run(t, "", "results", "--base-url", base, "job-1", "--retries", "2")
	if err != nil || out != string(records[0])+"\n" || strings.Count(says, "level=WARN") != 2 {
		t.Errorf("got %s, %v, says %s", out, err, says)
	}
}

func TestBodies(t *testing.T) {
	file := filepath.Join(t.TempDir(), "body.json")
	if err := os.WriteFile(file, []byte("{\n \"interval\": \"2026-11-05/P1D\",\n \"limit\": 3 }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"--interval 2026-11-05/P1D --limit 5 --start-of-day --order desc --order-by conversationEnd": `{"interval":"2026-11-05/P1D","order":"desc","orderBy":"conversationEnd","limit":5,"startOfDayIntervalMatching":true}`,
		"--from 2026-11-05 --media voice": `{"interval":"2026-11-05T00:00:00.000Z/2026-11-06T00:00:00.000Z","segmentFilters":[{"type":"or","predicates":[{"dimension":"mediaType","value":"voice"}]}]}`,
		file:                              `{"interval":"2026-11-05/P1D","limit":3}`,
		"-":                               `{"interval":"2026-11-06/P1D"}`,
	} {
		args := append([]string{"submit", "--dry-run"}, strings.Fields(line)...)
		out, says, err := run(t, ` {"interval" : "2026-11-06/P1D"}`, append(args, "--json")...)
		if err != nil || out != want+"\n" || says != "" {
			t.Errorf("%s: %s, %v%s", line, out, err, says)
		}
		pretty, _, err := run(t, ` {"interval" : "2026-11-06/P1D"}`, args...)
		if err != nil || !strings.HasPrefix(pretty, "{\n  \"interval\": \"2026-11-0") {
			t.Errorf("%s: %s, %v", line, pretty, err)
		}
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	base := fake(t, platformtest.Config{})
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.json")
	if err := os.WriteFile(bad, []byte("{\n  \"interval\": \"2026-11-05/P1D\",\n  \"paging\": 1, \"order\": \"up\", \"limit\": 0 }"), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]struct {
		code int
		says string
	}{
		"submit":                               {2, "--interval"},
		"submit a b":                           {2, "give one FILE"},
		"submit nowhere.json":                  {5, "there is no file nowhere.json"},
		"submit " + bad:                        {2, bad + ":3:"},
		"submit --from 2026-11-05 " + bad:      {2, "--from cannot be given beside it"},
		"submit - ":                            {2, "-:1:1: The request has no body"},
		"submit --from x":                      {2, "--from"},
		"submit --interval x":                  {2, `--interval: "x" is not an interval`},
		"submit --from 2026-11-05 --order up":  {2, "--order: Value [up]"},
		"submit --from 2026-11-05 --limit -1":  {2, "--limit"},
		"submit --from 2026-11-05":             {2, "GENESYS_ENVIRONMENT"},
		"submit --from 2026-11-05 --lake L":    {5, "is no lake"},
		"submit --from 2026-11-05 --timeout 0": {2, "--timeout"},
		"submit --from 2026-11-05 --poll 5s --base-url " + base:       {2, "--poll"},
		"list --lake L --base-url http://h":                           {2, "--base-url"},
		"list --organization acme --base-url http://h":                {2, "--organization"},
		"list --retries -1 --base-url http://h":                       {2, "--retries"},
		"list --base-url ftp://h":                                     {2, "--base-url"},
		"list --in-state DONE --lake L":                               {2, "--in-state DONE: write QUEUED, "},
		"list --state " + filepath.Join(dir, "nowhere"):               {5, "there is no folder"},
		"status --lake L":                                             {2, "give the id of one job"},
		"wait --lake L --timeout -1s x":                               {2, "--timeout"},
		"wait --base-url " + base + " x":                              {5, "job x"},
		"wait --lake L --poll 2s..1s x":                               {2, "--poll"},
		"results --lake L x y":                                        {2, "give the id of one job"},
		"results --lake L x --page-size 0":                            {2, "--page-size"},
		"results --lake L x --page-size 10001":                        {2, "--page-size"},
		"results --base-url " + base + " x":                           {5, "job x"},
		"results --base-url " + base + " x --out " + dir:              {2, "cannot be written"},
		"results --base-url " + base + " x --out " + dir + "/no/file": {2, "cannot be written"},
		"cancel --base-url " + base + " x":                            {5, "job x"},
	} {
		args := strings.Fields(strings.ReplaceAll(line, "--lake L", "--lake "+dir))
		out, says, err := run(t, "", args...)
		if line == "submit --from 2026-11-05 --timeout 0" && err != nil && strings.Contains(err.Error(), want.says) {
			continue // the flag's own complaint: a duration has a unit
		}
		if fault.ExitCode(err) != want.code || !strings.Contains(err.Error(), want.says) || out+says != "" {
			t.Errorf("parley jobs %s: got %v, want %q; prints %s%s", line, err, want.says, out, says)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 1 {
		t.Errorf("left %q, %v", left, err)
	}
}

func TestHelpAndCompletion(t *testing.T) {
	cmd := New(&ui.Streams{Out: io.Discard, Err: io.Discard}, "test")
	if len(cmd.Commands()) != 7 || cmd.Example == "" {
		t.Fatalf("%d commands", len(cmd.Commands()))
	}
	for _, c := range cmd.Commands() {
		if c.Example == "" || c.Long == "" {
			t.Errorf("%s has no example, or no description", c.Name())
		}
	}
	for flag, want := range map[string]string{"list --in-state": "EXPIRED", "submit --order-by": "segmentEnd", "submit --direction": "inbound"} {
		out, _, err := run(t, "", append(append([]string{"__complete"}, strings.Fields(flag)...), "")...)
		if err != nil || !strings.Contains(out, want+"\n") {
			t.Errorf("%s: %s, %v", flag, out, err)
		}
	}
}

// A disk that is too small for the results, and then is not.
func TestAFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=200k"); err != nil {
		t.Skipf("a small disk cannot be made here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	lake, dir := simulated(t), filepath.Join(disk, "server")
	submit := append([]string{"submit", "--wait", "--lake", lake, "--state", dir}, days...)
	_, _, err := run(t, "", submit...)
	if err == nil || !strings.Contains(err.Error(), "no room left for the results") {
		t.Fatalf("got %v, want a job that failed for want of room", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "results", "*"))
	if err != nil || len(files) != 1 || filepath.Base(files[0]) != "runner.lock" {
		t.Errorf("files left: %v, %v", files, err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=8m"); err != nil {
		t.Fatal(err)
	}
	id := strings.TrimSpace(must(t, submit...))
	if lines := strings.Count(must(t, "results", "--lake", lake, "--state", dir, id), "\n"); lines < 2*perDay {
		t.Errorf("records with room: got %d, want all", lines)
	}
}
