package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/test/unraced"
)

// parleyIn runs a command line with a standard input.
func parleyIn(t *testing.T, in string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = Run(t.Context(), args, &ui.Streams{In: strings.NewReader(in), Out: &out, Err: &errs})
	return code, out.String(), errs.String()
}

func TestLintRequest(t *testing.T) {
	const good = `{"interval":"2026-11-01/P1D"}`
	const bad = "{\n  \"interval\": \"2026-11-01/P1D\",\n  \"segmentFilters\": [\n    { \"type\": \"and\", \"predicates\": [\n      { \"dimension\": \"queue_id\", \"value\": \"x\" } ] } ],\n  \"dateFrom\": 1\n}\n"
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "body.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if code, stdout, stderr := parley(t, "lint-request", file(good)); code != 0 || stdout+stderr != "" {
		t.Errorf("clean: %d, %q, %q", code, stdout, stderr)
	}
	path := file(bad)
	code, stdout, stderr := parley(t, "lint-request", path)
	for _, want := range []string{path + ":5:9: segmentFilters[0].predicates[0].dimension: Value [queue_id] is not valid", "Did you mean queueId?\n", path + ":6:3: dateFrom: dateFrom is not a field of this request. Did you mean interval?\n"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is missing in\n%s", want, stdout)
		}
	}
	if code != 2 || stderr != "parley: 2 findings\n" || strings.Count(stdout, "\n") != 2 {
		t.Errorf("findings: %d, %q, %q", code, stdout, stderr)
	}
	if code, stdout, _ := parleyIn(t, good+"x", "lint-request", "-"); code != 2 || !strings.HasPrefix(stdout, "-:1:30: The request could not be understood by the server due to malformed syntax. The body is not valid JSON") {
		t.Errorf("standard input: %d, %q", code, stdout)
	}
	// Of two files each gets its line, and the endpoint is that for which it was written.
	code, stdout, _ = parley(t, "lint-request", "--json", file(`{"interval":"2020-01-01/2026-01-01","limit":5}`), path)
	var first, second map[string]any
	dec := json.NewDecoder(strings.NewReader(stdout))
	if err := dec.Decode(&first); err != nil || code != 2 || first["endpoint"] != "jobs" || len(first["findings"].([]any)) != 0 {
		t.Errorf("first: %v, %v", first, err)
	}
	if err := dec.Decode(&second); err != nil || second["endpoint"] != "query" || len(second["findings"].([]any)) != 2 {
		t.Errorf("second: %v, %v", second, err)
	}
	members := second["findings"].([]any)[0].(map[string]any)
	for _, name := range []string{"path", "line", "column", "message", "code"} {
		if members[name] == nil {
			t.Errorf("a finding has no %s: %v", name, members)
		}
	}
	if code, stdout, _ := parley(t, "lint-request", file(`{"interval":"`+strings.Repeat(" ", 512_000)+`"}`)); code != 2 || !strings.Contains(stdout, "takes 512000 at most") {
		t.Errorf("too long: %d, %s", code, stdout)
	}
	for line, want := range map[string]int{"lint-request nowhere.json": 5, "lint-request --endpoint users " + path: 2, "lint-request": 2, "lint-request " + t.TempDir(): 2} {
		if code, _, stderr := parley(t, strings.Fields(line)...); code != want || strings.Count(stderr, "\n") != 1 {
			t.Errorf("parley %s: %d, %q", line, code, stderr)
		}
	}
}

func TestQueriesThatAreWrong(t *testing.T) {
	credentials(t)
	lake := filepath.Join(t.TempDir(), "lake")
	must(t, "generate", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-02", "--per-day", "3", "--steady")
	for line, want := range map[string]struct {
		code int
		says string
	}{
		"query --lake L":                                                   {2, "--from"},
		"query --from 2026-11-01":                                          {2, "GENESYS_ENVIRONMENT"},
		"query --lake nowhere --from 2026-11-01":                           {5, "is no lake"},
		"query --lake L --from x":                                          {2, "--from"},
		"query --lake L --from 2026-11-02 --to 2026-11-01":                 {2, "--to"},
		"query --lake L --from 2026-11-01 --base-url http://h":             {2, "--lake or --base-url"},
		"query --lake L --from 2026-11-01 --json --ndjson":                 {2, "--json or --ndjson"},
		"query --lake L --from 2026-11-01 --limit -1":                      {2, "--limit"},
		"query --lake L --from 2026-11-01 --order up":                      {2, "asc, desc, unordered"},
		"query --lake L --from 2026-11-01 --aggregate queue_id":            {2, "Did you mean queueId?"},
		"query --lake L --from 2026-11-01 -f body.json":                    {2, "--from cannot be given beside it"},
		"query --lake L -f nowhere.json":                                   {5, "there is no file"},
		"query --base-url http://h --from 2026-11-01 --explain":            {2, "--explain needs --lake"},
		"query --base-url ftp://h --from 2026-11-01":                       {2, "--base-url"},
		"query --from 2026-11-02":                                          {2, "or name a lake by --lake"},
		"jobs list":                                                        {2, "or name a lake by --lake"},
		"query --lake L body.json":                                         {2, `parley query takes no argument, and was given "body.json"; see parley query --help`},
		"lake chek":                                                        {2, `unknown command "chek" for "parley lake"`},
		"lake chek --lake L":                                               {2, `unknown command "chek" for "parley lake"; see parley lake --help`},
		"qurey --lake L -v":                                                {2, `unknown command "qurey" for "parley"; see parley --help`},
		"--lke query":                                                      {2, "unknown flag: --lke"},
		"query --lake L --from 2026-11-01 --aggregate queueId:0":           {2, "the size must be a number, 1 or more"},
		"query --lake L --from 2026-11-01 --aggregate queueId:-5":          {2, "the size must be a number, 1 or more"},
		"query --lake L --from 2026-11-01 --explain --count":               {2, "give it without --count, --ndjson and --aggregate"},
		"query --lake L --from 2026-11-01 --explain --aggregate queueId":   {2, "give it without --count, --ndjson and --aggregate"},
		"query --lake L --from 2026-11-01 --explain --ndjson":              {2, "give it without --count, --ndjson and --aggregate"},
		"generate --lake L --from 2026-11-02 --to 2026-11-01":              {2, "--to"},
		"generate --lake L --from x --to 2026-11-01":                       {2, "--from"},
		"generate --lake L --from 2026-11-01 --to y":                       {2, "--to"},
		"generate --lake L --from 2026-11-01 --to 2026-11-02 --per-day -1": {2, "--per-day"},
	} {
		code, _, stderr := parley(t, strings.Fields(strings.ReplaceAll(line, "--lake L", "--lake "+lake))...)
		if code != want.code || !strings.Contains(stderr, want.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("parley %s: exit code %d, want %d; says %q, want %q", line, code, want.code, stderr, want.says)
		}
	}
	if code, _, stderr := parley(t, "extract", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-02"); code != 2 || !strings.Contains(stderr, "say which platform") || strings.Contains(stderr, "or name a lake") {
		t.Errorf("extract from no platform: %d, %q", code, stderr)
	}
	code, _, stderr := parleyIn(t, `{"interval":"2026-11-01/P1D","aggregations":[{"dimension":"queueId"}]}`, "query", "--lake", lake, "-f", "-", "--explain")
	if code != 0 || !strings.Contains(stderr, "aggregations are counted is left out") {
		t.Errorf("an explanation of a body with aggregations: %d, %q", code, stderr)
	}
	code, _, stderr = parleyIn(t, `{"interval":"2026-11-01/P1D","dateTo":1,"order":"up"}`, "query", "--lake", lake, "-f", "-")
	if code != 2 || !strings.Contains(stderr, "dateTo is not a field of this request. Did you mean interval?; ") || !strings.Contains(stderr, "asc, desc, unordered") {
		t.Errorf("a body with findings: %d, %q", code, stderr)
	}
}

func TestGeneratedLakes(t *testing.T) {
	unraced.Test(t)
	dir := filepath.Join(t.TempDir(), "lake")
	args := []string{"generate", "--lake", dir, "--from", "2026-11-05", "--to", "2026-11-08", "--per-day", "60", "--steady", "--seed", "7", "--json"}
	if out := must(t, append(args, "--dry-run")...); !strings.Contains(out, `{"conversations":180,"days":3,"days_already_whole":0}`) {
		t.Errorf("dry run: %s", out)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a dry run made a lake")
	}
	if out := must(t, args...); !strings.Contains(out, `"added":180,`) || !strings.Contains(out, `"days":3,`) {
		t.Errorf("generate: %s", out)
	}
	must(t, "lake", "check", "--lake", dir)
	export := func(dir string) string {
		return must(t, "export", "--lake", dir, "--from", "2026-11-05", "--to", "2026-11-08")
	}
	_, extracted := week(t) // the same seed, by way of a platform and its jobs
	if a, b := export(dir), export(extracted); a != b {
		t.Error("a generated lake differs from one that was extracted from the sandbox")
	}
	before := export(dir)
	if out := must(t, args...); !strings.Contains(out, `"added":0,`) || !strings.Contains(out, `"days_already_whole":3,`) || export(dir) != before {
		t.Errorf("generate again: %s", out)
	}
	if out := must(t, "generate", "--lake", dir, "--from", "2026-11-05", "--to", "2026-11-09", "--per-day", "60", "--steady", "--seed", "7", "--dry-run"); !strings.Contains(out, "60 on 1 day\n") {
		t.Errorf("dry run over a lake: %s", out)
	}
}

// Days differ in number, unless somebody wants them not to; a dry run knows how many there will be.
func TestGeneratedDaysDiffer(t *testing.T) {
	type counted struct {
		Conversations int `json:"conversations"`
		Added         int `json:"added"`
	}
	count := func(from, to string, more ...string) (out counted) {
		text := must(t, append([]string{"generate", "--lake", filepath.Join(t.TempDir(), "lake"), "--from", from, "--to", to, "--per-day", "200", "--json"}, more...)...)
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	sunday, monday := count("2026-11-01", "2026-11-02", "--dry-run"), count("2026-11-02", "2026-11-03", "--dry-run")
	if sunday.Conversations*2 > monday.Conversations || monday.Conversations < 200 {
		t.Errorf("%d conversations on a Sunday, %d on a Monday", sunday.Conversations, monday.Conversations)
	}
	if made := count("2026-11-01", "2026-11-02"); made.Added != sunday.Conversations {
		t.Errorf("%d conversations, and a dry run says %d", made.Added, sunday.Conversations)
	}
	if steady := count("2026-11-01", "2026-11-03", "--steady", "--dry-run"); steady.Conversations != 400 {
		t.Errorf("%d conversations on two days", steady.Conversations)
	}
}

// answered is what query --json prints.
type answered struct {
	TotalHits    int               `json:"totalHits"`
	Aggregations json.RawMessage   `json:"aggregations"`
	Records      []json.RawMessage `json:"conversations"`
}

func ask(t *testing.T, body string, args ...string) (a answered) {
	t.Helper()
	code, stdout, stderr := parleyIn(t, body, append([]string{"query", "-f", "-", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(stdout), &a); err != nil || code != 0 {
		t.Fatalf("%s\nexit code %d, %v: %s", body, code, err, stderr)
	}
	return a
}

func TestALakeAndAPlatformAnswerAlike(t *testing.T) {
	unraced.Test(t)
	url, lake := week(t)
	const interval = `"interval":"2026-11-05T00:00:00Z/2026-11-08T00:00:00Z"`
	first := ask(t, `{`+interval+`,"segmentFilters":[{"type":"and","predicates":[{"dimension":"purpose","value":"agent"},{"dimension":"queueId","operator":"exists"}]}]}`, "--lake", lake)
	if first.TotalHits == 0 || first.TotalHits >= 180 || len(first.Records) != first.TotalHits || strings.Contains(string(first.Records[0]), `"attributes"`) {
		t.Fatalf("%d of %d match", len(first.Records), first.TotalHits)
	}
	queue, user, caller := idsIn(t, first.Records[0])
	for _, filters := range []string{
		``, `,"order":"desc","orderBy":"conversationEnd"`,
		`,"segmentFilters":[{"type":"and","predicates":[{"dimension":"queueId","value":"` + strings.ToUpper(queue) + `"},{"dimension":"userId","value":"` + user + `"}]}]`,
		`,"segmentFilters":[{"type":"or","predicates":[{"dimension":"purpose","value":"voicemail"},{"metric":"tSegmentDuration","range":{"gt":600000}}]}]`,
		`,"segmentFilters":[{"type":"and","predicates":[{"dimension":"wrapUpCode","operator":"notExists"}],"clauses":[{"type":"or","predicates":[{"dimension":"segmentType","value":"Wrapup"},{"dimension":"segmentType","value":"Hold"}]}]}]`,
		`,"segmentFilters":[{"predicates":[{"dimension":"ani","value":"` + caller + `"}]}],"orderBy":"segmentEnd"`,
		`,"conversationFilters":[{"type":"and","predicates":[{"metric":"tTalk","range":{"gte":60000}},{"dimension":"conversationEnd","operator":"exists"}]}]`,
		`,"conversationFilters":[{"type":"or","predicates":[{"metric":"tAbandon","operator":"exists"},{"metric":"tConversationDuration","range":{"lt":20000}}]}]`,
		`,"aggregations":[{"type":"termFrequency","dimension":"queueId","size":3},{"dimension":"purpose"},{"metric":"tSegmentDuration","ranges":[{"lt":1000},{"gte":1000}]},{"dimension":"originatingDirection"}]`,
	} {
		body := `{` + interval + filters + `}`
		ofLake, ofPlatform := ask(t, body, "--lake", lake), ask(t, body, "--base-url", url)
		if a, b := fmt.Sprintf("%d %s %s", ofLake.TotalHits, ofLake.Aggregations, ofLake.Records), fmt.Sprintf("%d %s %s", ofPlatform.TotalHits, ofPlatform.Aggregations, ofPlatform.Records); a != b {
			t.Errorf("%s\nthe lake answers with %d and %d bytes, the platform with %d and %d:\n%s\n%s", body, ofLake.TotalHits, len(a), ofPlatform.TotalHits, len(b), ofLake.Aggregations, ofPlatform.Aggregations)
		}
		if len(ofLake.Records) != ofLake.TotalHits {
			t.Errorf("%s\n%d records of %d", body, len(ofLake.Records), ofLake.TotalHits)
		}
	}
	// The flags ask the same.
	of := []string{"--from", "2026-11-05", "--to", "2026-11-08"}
	flags := func(more ...string) string {
		return must(t, append(append([]string{"query", "--lake", lake}, of...), more...)...)
	}
	whole := ask(t, `{`+interval+`,"segmentFilters":[{"type":"and","predicates":[{"dimension":"queueId","value":"`+queue+`"},{"dimension":"userId","value":"`+user+`"}]}]}`, "--lake", lake)
	if out := flags("--queue", queue, "--user", user, "--ndjson"); strings.Count(out, "\n") != whole.TotalHits || !strings.HasPrefix(out, string(whole.Records[0])+"\n") {
		t.Errorf("--ndjson by flags: %d lines, want %d", strings.Count(out, "\n"), whole.TotalHits)
	}
	if out := flags("--limit", "3"); strings.Count(out, "\n") != 3 || strings.Count(out, "\t") != 27 {
		t.Errorf("a table for programs: %q", out)
	}
	var x map[string]any
	if out := flags("--queue", queue, "--explain", "--json"); json.Unmarshal([]byte(out), &x) != nil || x["sql"] == "" || strings.Contains(fmt.Sprint(x["sql"]), queue) || x["hits"] == nil || len(x["tables"].([]any)) < 2 {
		t.Errorf("--explain --json: %s", out)
	}
	if out := flags("--media", "voice", "--limit", "10", "--explain"); !strings.Contains(out, "SELECT") || !strings.Contains(out, "3 of 3, ") || !strings.Contains(out, "records read") {
		t.Errorf("--explain: %s", out)
	}
	if out := flags("--count", "--aggregate", "originatingDirection"); !strings.HasPrefix(out, "originatingDirection\tinbound\t") {
		t.Errorf("aggregations for programs: %q", out)
	}
}

// writing is a standard output of which somebody is told when something is written to it.
type writing func()

func (w writing) Write(b []byte) (int, error) {
	w()
	return len(b), nil
}

func TestAQueryThatIsInterrupted(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	must(t, "generate", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-04", "--per-day", "200", "--steady")
	for _, line := range []string{"--ndjson", "--json", "--json --count"} {
		ctx, interrupt := context.WithCancel(t.Context())
		if strings.HasSuffix(line, "--count") {
			interrupt() // before anything was written
		}
		var errs strings.Builder
		args := append([]string{"query", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-04"}, strings.Fields(line)...)
		code := Run(ctx, args, &ui.Streams{In: strings.NewReader(""), Out: writing(interrupt), Err: &errs})
		interrupt()
		if code != 130 || !strings.Contains(errs.String(), "interrupted") {
			t.Errorf("%s: exit code %d, says %s", line, code, errs.String())
		}
	}
}

// idsIn gives a queue with a user of it, and the caller, of a record.
func idsIn(t *testing.T, record json.RawMessage) (queue, user, caller string) {
	t.Helper()
	var c struct {
		Participants []struct {
			Purpose  string `json:"purpose"`
			UserID   string `json:"userId"`
			Sessions []struct {
				Ani      string `json:"ani"`
				Segments []struct {
					QueueID string `json:"queueId"`
				} `json:"segments"`
			} `json:"sessions"`
		} `json:"participants"`
	}
	if err := json.Unmarshal(record, &c); err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Participants {
		if p.Purpose == "agent" && len(p.Sessions) > 0 && len(p.Sessions[0].Segments) > 0 {
			return p.Sessions[0].Segments[0].QueueID, p.UserID, strings.TrimPrefix(p.Sessions[0].Ani, "tel:+")
		}
	}
	t.Fatal("no agent")
	return "", "", ""
}
