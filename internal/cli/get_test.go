package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/test/unraced"
)

// gotten is what parley get --json says, as far as it is looked at.
type gotten struct {
	ID       string           `json:"conversationId"`
	Sentence string           `json:"sentence"`
	EndFact  account.Fact     `json:"endFact"`
	Reasons  []account.Reason `json:"reasons"`
	Doubts   []account.Doubt  `json:"doubts"`
}

func telling(t *testing.T, args ...string) (a gotten) {
	t.Helper()
	if err := json.Unmarshal([]byte(must(t, append([]string{"get", "--json"}, args...)...)), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// A conversation is told alike by the lake and by the platform, as an account, as data and as its record; what goes on is told
// as it is now; the lake has attributes, by which rules say why they called.
func TestGet(t *testing.T) {
	unraced.Test(t)
	w := newWorld(t)
	id, _ := w.ofDay("2026-11-06")
	lake, platform := telling(t, id, "--lake", w.lake), telling(t, id, "--base-url", w.url)
	if lake.ID != id || lake.Sentence == "" || lake.Sentence != platform.Sentence || lake.EndFact.Value != account.Ended {
		t.Errorf("the lake tells %+v, the platform %+v", lake, platform)
	}
	text := must(t, "get", id, "--lake", w.lake)
	if !strings.Contains(strings.Join(strings.Fields(text), " "), lake.Sentence) || strings.Contains(text, "because:") || !strings.Contains(text, id) {
		t.Errorf("got %s", text)
	}
	if why := must(t, "get", id, "--lake", w.lake, "--why"); !strings.Contains(why, "because: ") {
		t.Errorf("got %s", why)
	}
	w.reasons(id)
	for _, going := range w.goingOn()[:1] {
		if a := telling(t, going, "--base-url", w.url); a.EndFact.Value != account.GoingOn || !strings.Contains(a.Sentence, "still going on") {
			t.Errorf("got %+v", a)
		}
	}
}

// reasons asks the lake for the record, and tells by a rule one of the attributes that it has.
func (w world) reasons(id string) {
	w.t.Helper()
	record := must(w.t, "get", id, "--lake", w.lake, "--record")
	var c struct {
		ID           string `json:"conversationId"`
		Participants []struct {
			Attributes map[string]string `json:"attributes"`
		} `json:"participants"`
	}
	if err := json.Unmarshal([]byte(record), &c); err != nil || c.ID != id || strings.Count(record, "\n") != 1 {
		w.t.Fatalf("%v: %s", err, record)
	}
	for _, p := range c.Participants {
		for name, value := range p.Attributes {
			rules := filepath.Join(w.t.TempDir(), "rules.yaml")
			if err := os.WriteFile(rules, []byte("reasons:\n  - {label: Said, attribute: '"+name+"'}\n"), 0o600); err != nil {
				w.t.Fatal(err)
			}
			a := telling(w.t, id, "--lake", w.lake, "--rules", rules)
			if len(a.Reasons) == 0 || a.Reasons[0].Label != "Said" || a.Reasons[0].Value != value {
				w.t.Errorf("got %+v", a.Reasons)
			}
			w.remembers(id, rules)
			if code, _, says := parley(w.t, "get", id, "--base-url", w.url, "--rules", rules); code != 0 || !strings.Contains(says, "a lake has them") {
				w.t.Errorf("%d: %s", code, says)
			}
			return
		}
	}
	w.t.Error("the record has no attributes")
}

// remembers has the lake remember rules, and looks that they are used until they are left out or forgotten.
func (w world) remembers(id, rules string) {
	w.t.Helper()
	reason := func(want bool, args ...string) {
		w.t.Helper()
		a := telling(w.t, append([]string{id, "--lake", w.lake}, args...)...)
		if got := len(a.Reasons) > 0 && a.Reasons[0].Label == "Said"; got != want {
			w.t.Errorf("%v: the reasons are %+v", args, a.Reasons)
		}
	}
	reason(false)
	must(w.t, "lake", "derive", "--lake", w.lake, "--rules", rules)
	reason(true)
	reason(false, "--rules", "none")
	must(w.t, "lake", "derive", "--lake", w.lake, "--rules", "none")
	reason(false)
}

// Whoever asks for what is not there, or in two ways at once, is told what to do.
func TestGetRefused(t *testing.T) {
	unraced.Test(t)
	credentials(t)
	lake := filepath.Join(t.TempDir(), "lake")
	must(t, "generate", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-02", "--per-day", "20", "--steady")
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(rules, []byte("reasons:\n  - {label: x, attributes: y}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const id = "5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11"
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{id + " --lake " + lake, 5, "has no conversation " + id},
		{id + " --lake " + lake + " --rules " + rules, 2, "rules.yaml:2:16: unknown field"},
		{id + " --lake " + lake + " --rules " + rules + ".not", 5, "there is no file"},
		{id + " --lake " + lake + " --base-url http://127.0.0.1:1", 2, "give one"},
		{id + " --lake " + lake + " --json --record", 2, "give one"},
		{id + " --lake " + lake + " --record --why", 2, "leave out"},
		{"", 2, "give the id of one conversation"},
		{id + " " + id, 2, "give the id of one conversation"},
		{".. --lake " + lake, 2, "looks like"},
		{id, 2, "name a lake by --lake"},
		{id + " --lake " + filepath.Join(lake, "not"), 5, "not"},
	} {
		code, out, says := parley(t, append([]string{"get"}, strings.Fields(c.args)...)...)
		if code != c.code || out != "" || !strings.Contains(says, c.says) || strings.Count(says, "\n") != 1 {
			t.Errorf("get %s: %d, %q, %s", c.args, code, out, says)
		}
	}
}
