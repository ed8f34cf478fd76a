package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/compare"
	"github.com/parley-hq/parley/test/unraced"
)

// compared is what parley compare --json says.
type compared struct {
	compare.Result

	code int
	says string
}

// comparing compares by a platform, at an address.
func comparing(t *testing.T, url, id string, more ...string) (c compared) {
	t.Helper()
	code, out, says := parley(t, append([]string{"compare", id, "--base-url", url, "--poll", "1ms..10ms", "--retries", "0", "--json"}, more...)...)
	c.code, c.says = code, says
	if out != "" {
		if err := json.Unmarshal([]byte(out), &c.Result); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return c
}

// absent are the sources that have nothing, and why.
func (c compared) absent() string {
	var out []string
	for _, s := range c.Sources {
		if !s.Has {
			out = append(out, string(s.Source)+": "+string(s.Reason))
		}
	}
	return strings.Join(out, "; ")
}

// reasons are those of the differences, each once, and how many fields have them.
func (c compared) reasons() map[string]int {
	out := map[string]int{}
	for _, d := range c.Differences {
		var all []string
		for _, b := range d.Reasons {
			all = append(all, string(b.Source)+": "+string(b.Reason))
		}
		out[strings.Join(all, "; ")]++
	}
	return out
}

// world is a platform that stands still, with a lake of its days before, and its clients in a folder.
type world struct {
	t               *testing.T
	url, lake, data string
}

func newWorld(t *testing.T) world {
	t.Helper()
	credentials(t)
	w := world{t: t, data: t.TempDir(), lake: filepath.Join(t.TempDir(), "lake")}
	w.url = background(t, "sandbox", "--seed", "7", "--days", "5", "--per-day", "40", "--steady", "--now", "2026-11-08T12:00:00Z", "--speed", "0",
		"--lag", "5m", "--rate-limit", "1000000", "--data", w.data)
	w.extract("--from", "2026-11-05", "--to", "2026-11-08")
	return w
}

func (w world) extract(days ...string) {
	w.t.Helper()
	must(w.t, append([]string{"extract", "--base-url", w.url, "--lake", w.lake, "--poll", "1ms..2ms"}, days...)...)
}

func (w world) compare(id string, more ...string) compared {
	w.t.Helper()
	return comparing(w.t, w.url, id, append([]string{"--lake", w.lake}, more...)...)
}

func (w world) sandbox(args ...string) {
	w.t.Helper()
	must(w.t, append(append([]string{"sandbox"}, args...), "--base-url", w.url)...)
}

// request asks the platform for what no command does.
func (w world) request(method, path, body string) []byte {
	w.t.Helper()
	answer, err := http.PostForm(w.url+"/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"id"}, "client_secret": {"secret"}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	var token struct {
		Text string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil {
		w.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token.Text)
	if answer, err = http.DefaultClient.Do(r); err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		w.t.Fatalf("%s %s: %d %s, %v", method, path, answer.StatusCode, text, err)
	}
	return text
}

// goingOn are the conversations that analytics show going on.
func (w world) goingOn() (ids []string) {
	w.t.Helper()
	var list struct {
		Conversations []string `json:"conversations"`
	}
	if err := json.Unmarshal(w.request("GET", "/_sandbox/conversations", ""), &list); err != nil {
		w.t.Fatal(err)
	}
	return list.Conversations
}

// ofDay is a conversation of a day, with one of its participants.
func (w world) ofDay(day string) (id, participant string) {
	w.t.Helper()
	next := day[:9] + string(day[9]+1)
	var found struct {
		Conversations []struct {
			ID           string `json:"conversationId"`
			End          string `json:"conversationEnd"`
			Participants []struct {
				ID string `json:"participantId"`
			} `json:"participants"`
		} `json:"conversations"`
	}
	if err := json.Unmarshal([]byte(must(w.t, "query", "--lake", w.lake, "--from", day, "--to", next, "--json")), &found); err != nil {
		w.t.Fatal(err)
	}
	for _, c := range found.Conversations {
		if strings.HasPrefix(c.End, day) {
			return c.ID, c.Participants[0].ID
		}
	}
	w.t.Fatal("no conversation of that day ended on it")
	return "", ""
}

func (w world) is(what string, c compared, code int, absent string, reasons map[string]int) {
	w.t.Helper()
	if c.code != code || c.absent() != absent || !maps.Equal(c.reasons(), reasons) {
		w.t.Errorf("%s: exit code %d, %s\nnothing in %q, want %q\ndifferences %v, want %v", what, c.code, c.says, c.absent(), absent, c.reasons(), reasons)
	}
}

// Each reason is one that a platform gives cause for, and is told as that one.
func TestCompareGivesTheReasonForEachDifference(t *testing.T) {
	unraced.Test(t)
	w := newWorld(t)

	const young = "job: not before tonight; lake: not before tonight"
	kinds, ofToday := map[bool]int{}, ""
	for _, id := range w.goingOn() {
		c := w.compare(id)
		ended := c.Result.End != ""
		if kinds[ended]++; ended {
			if n := c.reasons()["query: not yet processed"]; n < 2 || n != len(c.Differences) || c.code != 0 || c.absent() != young {
				t.Errorf("it has just ended: exit code %d, %v, %s", c.code, c.reasons(), c.absent())
			}
			ofToday = id
			continue
		}
		if c.code != 0 || len(c.Differences) != 0 || c.absent() != young && c.absent() != "" {
			t.Errorf("it goes on: exit code %d, %v, %s", c.code, c.reasons(), c.absent())
		}
	}
	if kinds[true] == 0 || kinds[false] == 0 {
		t.Errorf("of those that go on for analytics, %d have ended and %d have not", kinds[true], kinds[false])
	}

	id, participant := w.ofDay("2026-11-07")
	w.is("nothing happened to it", w.compare(id), 0, "", map[string]int{})
	w.request("PATCH", "/api/v2/conversations/"+id+"/participants/"+participant+"/attributes", `{"attributes":{"long":"`+strings.Repeat("x", 2000)+`"}}`)
	w.sandbox("rewrite", "--conversation", id, "--patch", `{"externalTag":"later"}`)
	w.is("before the night", w.compare(id), 0, "", map[string]int{"job: not before tonight": 2})
	w.is("before the night, without a job", w.compare(id, "--no-job"), 0, "job: not asked", map[string]int{"lake: changed since": 2})
	w.sandbox("clock", "--until-batch")
	w.is("after the night", w.compare(id), 0, "", map[string]int{"job: cut; lake: changed since": 1, "lake: changed since": 1})
	w.extract("--again", "2026-11-07")
	w.is("extracted again", w.compare(id), 0, "", map[string]int{"job: cut": 1})

	w.sandbox("rewrite", "--conversation", id, "--patch", `{"originatingDirection":"sideways"}`)
	if c := w.compare(id); c.code != 3 || c.reasons()["job: unexplained"] != 1 || !strings.Contains(c.says, "without a reason that is known: 1") {
		t.Errorf("how it began is another: exit code %d, %v, %s", c.code, c.reasons(), c.says)
	}

	w.is("a day that was not extracted", w.compare(ofToday), 0, "lake: not extracted", map[string]int{})
	other, _ := w.ofDay("2026-11-05")
	w.sandbox("clock", "--advance", "1500h")
	w.is("after 62 days", w.compare(other), 0, "live: purged", map[string]int{})
}

func TestCompareWhereASourceSaysNo(t *testing.T) {
	unraced.Test(t)
	w := newWorld(t)
	id, _ := w.ofDay("2026-11-06")

	for given, want := range map[string]int{"5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11": 5, "of any form": 2, "any-form": 2, "..": 2, "": 2} {
		if c := w.compare(given); c.code != want || c.Sources != nil || strings.Count(c.says, "\n") != 1 {
			t.Errorf("%q: exit code %d, want %d: %s", given, c.code, want, c.says)
		}
	}
	if c := comparing(t, w.url, id, "--lake", filepath.Join(t.TempDir(), "none")); c.code != 5 {
		t.Errorf("no lake: exit code %d, %s", c.code, c.says)
	}

	w.sandbox("faults", "add", "--name", "busy", "--route", "results", "--status", "429", "--retry-after", "1s")
	w.is("a job that is throttled", w.compare(id), 3, "job: throttled", map[string]int{})
	w.sandbox("faults", "remove", "busy")
	w.sandbox("faults", "add", "--name", "lost", "--route", "results", "--status", "404")
	w.is("a job that is gone", w.compare(id), 3, "job: failed", map[string]int{})
	w.sandbox("faults", "remove", "lost")
	w.sandbox("faults", "add", "--name", "broken", "--route", "details", "--status", "503")
	w.is("a query that fails", w.compare(id), 3, "query: failed", map[string]int{})
	w.sandbox("faults", "remove", "broken")

	var added struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal([]byte(must(t, "client", "add", "--state", w.data, "--name", "analyst", "--permission", "analytics:conversationDetail:view", "--json")), &added); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GENESYS_CLIENT_ID", added.ID)
	t.Setenv("GENESYS_CLIENT_SECRET", added.Secret)
	c := w.compare(id)
	w.is("without a permission", c, 3, "live: no permission", map[string]int{})
	if why := c.Sources[0].Why; !strings.Contains(why, "conversation:communication:view") || !strings.Contains(c.says, "could not be asked: live") {
		t.Errorf("says %q and %s", why, c.says)
	}
	t.Setenv("GENESYS_CLIENT_SECRET", "wrong")
	if c := w.compare(id); c.code != 4 || c.Sources != nil {
		t.Errorf("a wrong secret: exit code %d, %s", c.code, c.says)
	}

	credentials(t)
	archive := background(t, "serve", "--lake", w.lake)
	w.is("an archive", comparing(t, archive, id, "--lake", w.lake), 0, "live: no live objects", map[string]int{})
	if c := comparing(t, archive, "5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11"); c.code != 5 {
		t.Errorf("not in an archive: exit code %d, %s", c.code, c.says)
	}
}

// A job that was asked is deleted, and none is left behind.
func TestCompareLeavesNoJob(t *testing.T) {
	unraced.Test(t)
	w := newWorld(t)
	id, _ := w.ofDay("2026-11-06")
	before := must(t, "jobs", "list", "--base-url", w.url, "--json")
	if c := w.compare(id); c.code != 0 || c.absent() != "" {
		t.Fatalf("exit code %d, %s", c.code, c.says)
	}
	if after := must(t, "jobs", "list", "--base-url", w.url, "--json"); after != before {
		t.Errorf("the jobs were %s and are %s", before, after)
	}
}

func TestComparisonsForPeopleAndPipes(t *testing.T) {
	unraced.Test(t)
	w := newWorld(t)
	id, participant := w.ofDay("2026-11-07")
	w.request("PATCH", "/api/v2/conversations/"+id+"/participants/"+participant+"/attributes", `{"attributes":{"odd":"a\u001b[31m\tb `+strings.Repeat("y", 100)+`"}}`)
	args := []string{"compare", id, "--base-url", w.url, "--lake", w.lake, "--poll", "1ms..10ms"}
	shown := func(more ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := Run(t.Context(), append(args, more...), &ui.Streams{In: strings.NewReader(""), Out: &out, Err: &errs, OutTerminal: true}); code != 0 {
			t.Fatalf("exit code %d: %s", code, &errs)
		}
		return out.String()
	}
	text := shown()
	for _, want := range []string{
		"In live, query, job, lake. 1 field differs.\n", "SOURCE", "no attributes\n", "attributes / odd", `a\u001b[31m b y`, "… (109)", "job: not before tonight\n",
		"not before tonight  Jobs see what the last nightly batch moved", "FOR ", "dataAvailabilityDate is 2026-11-08T04:",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") || strings.Contains(text, "\nconversationId ") {
		t.Errorf("shown: %q", text)
	}
	if all := shown("--all"); !strings.Contains(all, "\nconversationId ") || !strings.Contains(all, "/ segmentStart") {
		t.Errorf("all of it: %s", all)
	}
	code, out, errs := parley(t, args...)
	want := "/participants/" + participant + "/attributes/odd\ta\x1b[31m b " + strings.Repeat("y", 100) + "\t\t-\t-\tjob: not before tonight\n"
	if code != 0 || out != want || !strings.HasPrefix(errs, "Conversation "+id+" ended at ") || !strings.HasSuffix(errs, "1 field differs.\n") {
		t.Errorf("in a pipe: exit code %d, %q, %q", code, out, errs)
	}
}
