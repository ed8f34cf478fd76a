package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/control"
	"github.com/parley-hq/parley/internal/sandbox/journal"
	"github.com/parley-hq/parley/internal/sandbox/requests"
	"github.com/parley-hq/parley/internal/sandbox/rule"
	"github.com/parley-hq/parley/internal/state"
)

// controlled makes the server of a browser that of a sandbox, with a real world behind the controls.
func (b *browser) controlled() (*sandbox.World, *rule.Set) {
	b.t.Helper()
	return b.controlledWith(sandbox.Scenario{Seed: 7, Days: 4, PerDay: 10, Start: time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)})
}

func (b *browser) controlledWith(s sandbox.Scenario) (*sandbox.World, *rule.Set) {
	b.t.Helper()
	w, err := sandbox.Simulate(b.t.Context(), s, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	db, err := state.Open(b.t.Context(), filepath.Join(b.t.TempDir(), "control.db"))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = db.Close() })
	j, err := journal.Open(b.t.Context(), db)
	if err == nil {
		err = w.Keep(b.t.Context(), j, nil)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	faults := rule.New(rule.Config{Seed: 7, Routes: api.Routes()})
	asked := requests.New(requests.Config{Now: w.Clock})
	h := control.New(control.Config{World: w, Log: slog.New(slog.DiscardHandler)})
	h.Mount(rule.Path, faults.Surface())
	h.Mount(requests.Path, asked.Surface())
	b.web.cfg.Control = h
	return w, faults
}

func TestASandboxIsControlled(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	w, faults := b.controlled()
	if page := b.get("/ui/sandbox"); !strings.Contains(page, "The platform&#39;s clock stands still at 8 November 2026, 12:00:00 UTC. Everything is answered as it should be.") {
		t.Errorf("at first: %s", page)
	}
	do := func(deed, form, says string) {
		t.Helper()
		if status, page, _ := b.ask("POST", "/ui/sandbox/"+deed, form); status != http.StatusOK || !strings.Contains(page, says) {
			t.Errorf("%s %s: %d, and no %q in %s", deed, form, status, says, page)
		}
	}
	do("clock", "advance=90m", "stands still at 8 November 2026, 13:30:00 UTC")
	do("clock", "until=batch", "stands still at 9 November 2026, 04:")
	do("clock", "speed=1000", "goes 1000 times as fast as ours")
	do("clock", "speed=1", "clock goes as fast as ours.")
	do("clock", "speed=1", " UTC, as fast as ours</li>")
	do("clock", "speed=0", "stands still at 9 November 2026, 04:")
	do("batch", "fail=2026-11-10,+2026-11-11", "next batch ends</dt><dd>12 November 2026")
	do("rewrite", "older=24h&count=2", `<p class="said" role="status"><time>9 Nov 2026 04:`)
	do("rewrite", "older=24h&count=2", `2 records were rewritten: <a class="mono" href="/ui/conversation/`)
	do("rewrite", "older=24h&count=12", " and 2 more</p>")
	do("drift", url.Values{"pointer": {"/x"}, "value": {`{"a":[1]}`}, "every": {"3"}}.Encode(), "one in 3 records of a conversation that begins from then on has {&#34;a&#34;:[1]} at /x</p>")
	do("fault", url.Values{"rule": {`{"name":"f-1","route":"results","answer":{"status":429,"message":"<b>"}}`}}.Encode(), "1 fault is set.")
	if list := faults.List(); len(list) != 1 || list[0].Answer.Status != 429 {
		t.Errorf("the rules are %+v", list)
	}
	if page := b.get("/ui/sandbox"); !strings.Contains(page, `f-1`) || !strings.Contains(page, `{&#34;answer&#34;:{&#34;status&#34;:429,&#34;message&#34;:&#34;&lt;b&gt;&#34;},&#34;route&#34;:&#34;results&#34;}`) || !strings.Contains(page, "no request that it is for has come yet") {
		t.Errorf("a fault: %s", page)
	}
	do("remove", "name=f-1", "Everything is answered as it should be.")
	do("fault", url.Values{"rule": {`{"route":"results","answer":{"status":429}}`}}.Encode(), "1 fault is set.")
	do("clear", "", "Everything is answered as it should be.")
	asks := b.get("/ui/sandbox/reset")
	for _, want := range []string{"to 8 November 2026, 12:00:00 UTC", "deeds are undone", "jobs with their results", `<form method="post" action="/ui/sandbox/reset"`} {
		if !strings.Contains(asks, want) {
			t.Errorf("before a reset: no %q in %s", want, asks)
		}
	}
	if strings.Contains(asks, "fault") {
		t.Errorf("no fault is set: %s", asks)
	}
	do("fault", url.Values{"rule": {`{"route":"results","answer":{"status":429}}`}}.Encode(), "1 fault is set.")
	if asks := b.get("/ui/sandbox/reset"); !strings.Contains(asks, "1 fault is removed") {
		t.Errorf("before a reset: %s", asks)
	}
	do("reset", "", "Everything was undone")
	if !w.Clock().Equal(time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("it is %v", w.Clock())
	}
}

// What is refused is said beside the controls, and what somebody wrote stays.
func TestWhatASandboxRefusesIsSaid(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	b.controlled()
	for form, says := range map[string]string{
		"clock?advance=soon":            "advance",
		"clock?speed=fast":              "speed is a number, and not fast",
		"clock?speed=NaN":               "speed is a number, and not NaN",
		"clock?speed=Inf":               "speed is a number, and not Inf",
		"clock?":                        "there is nothing to do",
		"drift?pointer=/a&value=":       "value",
		"drift?value=unquoted":          "value is a value of JSON, and unquoted is none",
		"fault?rule=%7B%22rout%22:1%7D": "rout",
	} {
		deed, text, _ := strings.Cut(form, "?")
		status, page, _ := b.ask("POST", "/ui/sandbox/"+deed, text)
		if status != http.StatusBadRequest || !strings.Contains(page, `role="alert"`) || !strings.Contains(page, says) {
			t.Errorf("%s: %d, and no %q in %s", form, status, says, page)
		}
		if deed == "fault" && !strings.Contains(page, `{&#34;rout&#34;:1}</textarea>`) {
			t.Errorf("what was written is gone: %s", page)
		}
	}
	if status, _, _ := b.ask("POST", "/ui/sandbox/odd", ""); status != http.StatusNotFound {
		t.Errorf("an odd control: %d", status)
	}
	if status, page, _ := b.ask("POST", "/ui/sandbox/fault", "rule="+strings.Repeat("a", mostRule)); status < 400 || strings.Contains(page, "aaaa") {
		t.Errorf("a monstrous form: %d", status)
	}
}

func TestASandboxIsControlledByWhoMayAct(t *testing.T) {
	b := newBrowser(t)
	b.controlled()
	link, err := b.site.sessions.Link(t.Context(), "acme", []access.Permission{access.ViewDetails}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b.ask("POST", "/ui/link/"+link, "")
	if page := b.get("/ui/sandbox"); strings.Contains(page, `action="/ui/sandbox/`) {
		t.Error("whoever may only read is shown controls")
	}
	if status, page, _ := b.ask("POST", "/ui/sandbox/clock", "advance=1h"); status != http.StatusForbidden || !strings.Contains(page, "parley:page:act") {
		t.Errorf("by who may only read: %d %s", status, page)
	}
}

func TestAServerOverALakeHasNoControls(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	if status, page, _ := b.ask("GET", "/ui/sandbox", ""); status != http.StatusNotFound || strings.Contains(page, `href="/ui/sandbox"`) {
		t.Errorf("got %d %s", status, page)
	}
}

// The faults that the page offers are such as a sandbox takes.
func TestReadyFaultsAreTaken(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	_, faults := b.controlled()
	for _, r := range readyFaults {
		if status, page, _ := b.ask("POST", "/ui/sandbox/fault", url.Values{"rule": {r.Rule}}.Encode()); status != http.StatusOK {
			_, said, _ := strings.Cut(page, `role="alert">`)
			t.Errorf("%s: %d %s", r.Name, status, said[:min(200, len(said))])
		}
	}
	if n := len(faults.List()); n != len(readyFaults) {
		t.Errorf("%d of %d are there", n, len(readyFaults))
	}
}

// A clock that goes is the same at every look, until somebody moves it.
func TestAClockThatGoesHasOneBeginning(t *testing.T) {
	at, now := time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC), time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC)
	for _, speed := range []float64{1, 10, 1000} {
		first := beginning(at, now, speed)
		later := beginning(at.Add(time.Duration(float64(time.Minute)*speed)), now.Add(time.Minute), speed)
		if later != first {
			t.Errorf("at speed %v: %s, and %s a minute later", speed, first, later)
		}
		if moved := beginning(at.Add(time.Duration(float64(90*time.Minute)*speed)), now, speed); moved == first {
			t.Errorf("at speed %v it was advanced, and that is not seen", speed)
		}
	}
}

// What happens by itself is told with when it did, or when it will; a saved state is loaded from the browser, and a scenario starts again by
// the command that is shown.
func TestTheScenarioOfASandbox(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	start := time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)
	back := start.Add(-24 * time.Hour)
	w, _ := b.controlledWith(sandbox.Scenario{
		Seed: 7, Days: 4, PerDay: 10, Uneven: true, Start: start, Speed: 0, Lag: sandbox.Span(5 * time.Minute), FailedBatches: []string{"2026-11-10"},
		Events: []sandbox.Event{
			{At: start.Add(time.Hour), Rewrite: &sandbox.Rewriting{Older: sandbox.Span(48 * time.Hour), Count: 3}},
			{At: start.Add(2 * time.Hour), Drift: &sandbox.Drift{Pointer: "/x", Value: []byte(`"<b>"`), Every: 10}},
			{At: start.Add(3 * time.Hour), Batch: &sandbox.Batch{Back: &back}},
		},
	})
	page := b.get("/ui/sandbox")
	for _, want := range []string{
		"simulated from seed 7: 4 days with about 10 conversations each", "8 November 2026, 12:00:00 UTC, standing still", "5:00 after the end of a conversation", "on the mornings of 2026-11-10",
		`<span class="state next">next</span> <small class="dim">in 1 h</small> <time>8 Nov 2026 13:00:00</time> the last 3 conversations that began longer ago than 2 d are rewritten`,
		`<span class="state later">later</span> <small class="dim">in 2 h</small> <time>8 Nov 2026 14:00:00</time> one in 10 records of a conversation that begins from then on has &#34;&lt;b&gt;&#34; at /x`,
		"dataAvailabilityDate goes back to 7 November 2026, 12:00:00 UTC", `name="set" value="2026-11-08T13:00:00.000Z"`, "parley sandbox --scenario scenario.yaml", `href="/_sandbox/scenario"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in %s", want, page)
		}
	}
	_, page, _ = b.ask("POST", "/ui/sandbox/clock", "set=2026-11-08T13:00:00.000Z")
	for _, want := range []string{`<span class="state happened">happened</span> <time>8 Nov 2026 13:00:00`, `<span class="state next">next</span> <small class="dim">in 1 h</small> <time>8 Nov 2026 14:00:00`, `the clock stands still at 8 November 2026, 13:00:00 UTC`} {
		if !strings.Contains(page, want) {
			t.Errorf("after an event: no %q in %s", want, page)
		}
	}
	saved, err := w.Save(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(saved)
	if err != nil {
		t.Fatal(err)
	}
	if _, page, _ := b.ask("POST", "/ui/sandbox/reset", ""); !strings.Contains(page, "stands still at 8 November 2026, 12:00:00 UTC") {
		t.Errorf("after a reset: %s", page)
	}
	if status, page := b.upload("/ui/sandbox/load", "state", text); status != http.StatusOK || !strings.Contains(page, "goes on from the state that was saved") || !strings.Contains(page, "stands still at 8 November 2026, 13:00:00 UTC") {
		t.Errorf("loaded: %d %s", status, page)
	}
	for name, q := range map[string]struct {
		field string
		text  []byte
		says  string
	}{
		"nothing":     {"state", nil, "it is empty, or there is none"},
		"not a state": {"state", []byte(`{"x":1}`), "there is no &#34;x&#34; here"},
		"elsewhere":   {"other", text, "the form came without one"},
		"too large":   {"state", make([]byte, mostState), "parley sandbox load"},
	} {
		if status, page := b.upload("/ui/sandbox/load", q.field, q.text); status < 400 || !strings.Contains(page, `role="alert"`) || !strings.Contains(page, q.says) {
			t.Errorf("%s: %d, and no %q in %s", name, status, q.says, page[:min(4000, len(page))])
		}
	}
}

// The command that is shown begins as the sandbox did.
func TestTheCommandOfAScenario(t *testing.T) {
	start := time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)
	for _, q := range []struct {
		s    scenario
		want string
	}{
		{scenario{Seed: 1, Days: 9, PerDay: 300, Uneven: true, Start: start, Speed: 1, Lag: "0s"}, "parley sandbox --seed 1 --days 9 --per-day 300 --now 2026-11-08T12:00:00.000Z"},
		{
			scenario{Seed: 7, Days: 4, PerDay: 10, Start: start, Lag: "5m0s", FailedBatches: []string{"2026-11-10", "2026-11-11"}},
			"parley sandbox --seed 7 --days 4 --per-day 10 --steady --now 2026-11-08T12:00:00.000Z --speed 0 --lag 5m0s --failed-batch 2026-11-10,2026-11-11",
		},
		{scenario{Given: "a hash", Start: start, Speed: 1000, Lag: "0s"}, "parley sandbox --load FILES --now 2026-11-08T12:00:00.000Z --speed 1000"},
		{scenario{Given: "a hash", Faults: []jsontext.Value{jsontext.Value(`{}`)}}, "parley sandbox --scenario scenario.yaml --load FILES"},
	} {
		if got := q.s.command(len(q.s.Events)+len(q.s.Faults) > 0); got != q.want {
			t.Errorf("got  %s\nwant %s", got, q.want)
		}
	}
}

// upload sends a file as a form of a browser does.
func (b *browser) upload(path, field string, text []byte) (status int, page string) {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(field, "state.json")
	if err == nil {
		_, err = part.Write(text)
	}
	if err := errors.Join(err, form.Close()); err != nil {
		b.t.Fatal(err)
	}
	status, page, _ = b.ask("POST", path, body.String(), "Content-Type", form.FormDataContentType())
	return status, page
}
