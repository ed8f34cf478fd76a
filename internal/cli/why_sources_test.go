package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/test/unraced"
)

// comparedSources is what "parley why --json" says of two sources, as far as the tests read it.
type comparedSources struct {
	Ours          float64        `json:"ours"`
	Theirs        float64        `json:"theirs"`
	Stretches     []any          `json:"stretches"`
	Reasons       map[string]int `json:"reasons"`
	NotAsked      int            `json:"notAsked"`
	Conversations []struct {
		ID     string `json:"conversationId"`
		Reason string `json:"reason"`
	} `json:"conversations"`
}

// twoSources are a lake and a server of another one, which differ in one conversation for each reason, and where each of these is.
type twoSources struct {
	lake, url string
	planted   map[string]string // reason by id
}

// newTwoSources plants differences in conversations that were offered once, by voice; and our lake has nothing of the third day. An
// import does not make a day whole, as an extraction does.
func newTwoSources(t *testing.T) twoSources {
	t.Helper()
	credentials(t)
	dir := t.TempDir()
	theirs, ours, file := filepath.Join(dir, "theirs"), filepath.Join(dir, "ours"), filepath.Join(dir, "ours.ndjson")
	must(t, "generate", "--lake", theirs, "--from", "2026-11-02", "--to", "2026-11-05", "--per-day", "60", "--steady")
	wanted := strings.Fields(must(t, "sql", "--lake", theirs, "SELECT conversation_id FROM metrics WHERE name = 'nOffered' AND media_type = 'voice' AND conversation_start < '2026-11-03'"+
		" AND conversation_end < '2026-11-03' GROUP BY 1 HAVING count(*) = 1 ORDER BY 1 LIMIT 4"))
	last := strings.Fields(must(t, "sql", "--lake", theirs, "SELECT DISTINCT conversation_id FROM metrics WHERE name = 'nOffered' AND conversation_start >= '2026-11-04' AND emit_date < '2026-11-05'"))
	w := twoSources{lake: ours, planted: map[string]string{wanted[0]: "day-not-whole", wanted[1]: "changed", wanted[2]: "moved", wanted[3]: "gone"}}
	for _, id := range last {
		w.planted[id] = "day-not-whole"
	}
	var kept []string
	for line := range strings.Lines(must(t, "export", "--lake", theirs, "--from", "2026-11-02", "--to", "2026-11-04")) {
		kept = append(kept, w.plant(t, line)...)
	}
	if err := os.WriteFile(file, []byte(strings.Join(kept, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "import", "--lake", ours, "--received-at", "2026-11-04T12:00:00Z", file)
	must(t, "lake", "forget", "--lake", theirs, "--conversation", wanted[3], "--tags")
	w.url = background(t, "serve", "--lake", theirs, "--rate-limit", "1000000")
	return w
}

// plant gives the record as the lake has it.
func (w twoSources) plant(t *testing.T, line string) []string {
	t.Helper()
	var c struct {
		ID conversation.ID `json:"conversationId"`
	}
	if err := json.Unmarshal([]byte(line), &c); err != nil {
		t.Fatal(err)
	}
	switch w.planted[string(c.ID)] {
	case "day-not-whole":
		return nil
	case "changed":
		return []string{strings.Replace(line, `"name":"nOffered"`, `"name":"nOther"`, 1)}
	case "moved":
		return []string{strings.ReplaceAll(line, `"queueId":"`, `"queueId":"0`)}
	}
	return []string{line}
}

// Conversations that two sources count otherwise are found, each with its reason.
func TestWhyTwoSourcesDiffer(t *testing.T) {
	unraced.Test(t)
	w := newTwoSources(t)
	args := []string{"why", "offered", "--lake", w.lake, "--base-url", w.url, "--from", "2026-11-02", "--to", "2026-11-05"}
	var x comparedSources
	if err := json.Unmarshal([]byte(must(t, append(args, "--json", "--limit", "1000")...)), &x); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range x.Conversations {
		got[c.ID] = c.Reason
	}
	for id, reason := range w.planted {
		if got[id] != reason {
			t.Errorf("%s is %q, want %q", id, got[id], reason)
		}
	}
	if len(got) != len(w.planted) || x.NotAsked != 0 || x.Theirs <= x.Ours || len(x.Stretches) < 4 {
		t.Errorf("%d of %d conversations: %+v", len(got), len(w.planted), x)
	}
	rows, err := csv.NewReader(strings.NewReader(must(t, append(args, "--csv", "--limit", "1")...))).ReadAll()
	if err != nil || len(rows) != 1+len(w.planted) || !slices.Equal(rows[0], []string{"conversation", "reason", "ours", "theirs", "start", "received"}) {
		t.Errorf("%d rows of CSV, %v", len(rows), err)
	}
	if err := json.Unmarshal([]byte(must(t, append(args, "--json", "--limit", "3")...)), &x); err != nil || x.NotAsked != len(w.planted)-3 {
		t.Errorf("with a limit of 3 %d are left, %v", x.NotAsked, err)
	}
	settled := strings.TrimSpace(must(t, "sql", "--lake", w.lake, "SELECT count(*) FROM metrics WHERE name = 'nOffered' AND emit_date < '2026-11-04' AND conversation_start <= '2026-11-02 12:00:00Z'"))
	if y := asksWhy(t, 0, "offered", "--lake", w.lake, "--from", "2026-11-02", "--to", "2026-11-04", "--theirs", settled); !slices.Contains(y.names(), "settled") {
		t.Errorf("what was received within 48 hours is left out, and put down to %q", y.names())
	}
	var person, notes bytes.Buffer
	code := Run(t.Context(), append(slices.Clone(args), "--limit", "5"), &ui.Streams{Out: &person, Err: &notes, OutTerminal: true})
	if text := person.String(); code != 0 || !strings.Contains(text, "by the server") || !strings.Contains(text, "STRETCH") || !strings.Contains(text, "day-not-whole: the lake does not") {
		t.Errorf("exit code %d, %s%s", code, text, notes.String())
	}
	code, out, errs := parley(t, append(args, "--limit", "2")...)
	if code != 0 || strings.Count(out, "\n") != 2 || !strings.Contains(errs, "more conversations differ") {
		t.Errorf("exit code %d, %q, %q", code, out, errs)
	}
	if code, _, errs = parley(t, "why", "aht", "--lake", w.lake, "--base-url", w.url, "--from", "2026-11-03", "--to", "2026-11-03T12:00:00Z"); code != 0 || !strings.Contains(errs, "They agree, queue by queue and hour by hour") {
		t.Errorf("where nothing differs: exit code %d, %q", code, errs)
	}
}
