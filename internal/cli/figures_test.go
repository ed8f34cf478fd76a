package cli

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	language "github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/test/unraced"
)

// simulatedLake is a lake of three days in an empty folder.
func simulatedLake(t *testing.T) string {
	t.Helper()
	lake := filepath.Join(t.TempDir(), "lake")
	must(t, "generate", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-04", "--per-day", "120", "--steady")
	return lake
}

// figuresOf are the lines of a report as CSV, by the names of its head.
func figuresOf(t *testing.T, args ...string) (lines []map[string]string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(must(t, append([]string{"report", "--csv"}, args...)...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		line := map[string]string{}
		for i, name := range rows[0] {
			line[name] = row[i]
		}
		lines = append(lines, line)
	}
	return lines
}

func sumOf(t *testing.T, lines []map[string]string, name string) (sum int) {
	t.Helper()
	for _, l := range lines {
		n, err := strconv.Atoi(l[name])
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// What a report says of a day is what SQL says of the same emissions; by queue and by interval it adds up to the same.
func TestReportsAddUp(t *testing.T) {
	unraced.Test(t)
	credentials(t)
	lake := simulatedLake(t)
	days := []string{"--lake", lake, "--from", "2026-11-02", "--to", "2026-11-04"}
	whole := figuresOf(t, days...)
	if len(whole) != 1 {
		t.Fatalf("%d lines of everything", len(whole))
	}
	for figure, metric := range map[string]string{"offered": "nOffered", "answered": "tAnswered", "abandoned": "tAbandon", "transferred": "nTransferred"} {
		counted := strings.TrimSpace(must(t, "sql", "--lake", lake, "SELECT count(*) FROM metrics WHERE name = '"+metric+"' AND emit_date >= '2026-11-02' AND emit_date < '2026-11-04'"))
		if whole[0][figure] != counted || counted == "0" {
			t.Errorf("%s is %s, by SQL %s", figure, whole[0][figure], counted)
		}
		for _, by := range []string{"queue", "day", "interval", "media", "queue,hour"} {
			lines := figuresOf(t, append(days, "--by", by)...)
			if sum := sumOf(t, lines, figure); strconv.Itoa(sum) != counted || len(lines) < 2 {
				t.Errorf("%s by %s: %d lines that add up to %d, want %s", figure, by, len(lines), sum, counted)
			}
		}
	}
	average, err := strconv.ParseFloat(strings.TrimSpace(must(t, "sql", "--lake", lake, "SELECT avg(value) / 1000 FROM metrics WHERE name = 'tHandle' AND emit_date >= '2026-11-02' AND emit_date < '2026-11-04'")), 64)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := strconv.ParseFloat(whole[0]["averageHandleSeconds"], 64); err != nil || math.Abs(got-average) > 0.06 {
		t.Errorf("the average handle time is %v, %v; by SQL %v", got, err, average)
	}
	for _, l := range figuresOf(t, append(days, "--by", "agent")...) {
		if l["userId"] == "" || l["offered"] != "0" {
			t.Errorf("a line of an agent: %v", l)
		}
	}
	if queue := figuresOf(t, append(days, "--by", "queue")...)[0]; figuresOf(t, append(days, "--queue", queue["queueId"])...)[0]["offered"] != queue["offered"] {
		t.Errorf("the figures of the queue alone are not those of its line %v", queue)
	}
}

// Days begin by the clocks of the place.
func TestReportsInATimeZone(t *testing.T) {
	unraced.Test(t)
	credentials(t)
	lake := simulatedLake(t)
	out := must(t, "report", "--lake", lake, "--from", "2026-11-02", "--by", "day", "--time-zone", "America/New_York", "--json")
	var line struct {
		Start   string `json:"start"`
		End     string `json:"end"`
		Offered int    `json:"offered"`
	}
	if err := json.Unmarshal([]byte(out), &line); err != nil || line.Start != "2026-11-02T00:00:00-05:00" || line.End != "2026-11-03T00:00:00-05:00" || line.Offered == 0 {
		t.Errorf("got %s, %v", out, err)
	}
	if table := must(t, "report", "--lake", lake, "--from", "2026-11-02", "--by", "day", "--time-zone", "America/New_York"); !strings.HasPrefix(table, "2026-11-02 00:00 -05:00\t") {
		t.Errorf("got %s", table)
	}
}

func TestReportsThatAreRefused(t *testing.T) {
	credentials(t)
	for args, want := range map[string]string{
		"--from 2026-11-01 --by agnt":                   "Did you mean agent?",
		"--from 2026-11-01 --by wrapUp":                 "Did you mean",
		"--from 2026-11-01 --by queue,queue":            "twice",
		"--from 2026-11-01 --by day,hour":               "two stretches",
		"--from 2026-11-01 --time-zone Berlin":          "Europe/Berlin",
		"--from 2026-11-01 --to 2026-11-01":             "--to must lie after --from",
		"--from yesterday":                              "--from",
		"--by queue":                                    "say of when",
		"--from 2026-11-01 --csv --json":                "--csv or --json",
		"--from 2026-11-01 --queue=":                    "--queue is empty",
		"--from 1996-11-01 --to 2026-11-03 --by day":    "granularity P1D",
		"--from 2026-11-01 --base-url http://127.0.0.1": "give --lake or --base-url",
	} {
		code, stdout, stderr := parley(t, append([]string{"report", "--lake", "nowhere"}, strings.Fields(args)...)...)
		if code == 0 || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: code %d\n%s%s", args, code, stdout, stderr)
		}
	}
	if body := must(t, "report", "--from", "2026-11-01", "--by", "queue,hour", "--media", "voice", "--print-body"); !strings.Contains(body, `"granularity":"PT1H"`) || !strings.Contains(body, `"operator":"exists"`) {
		t.Errorf("the body is %s", body)
	}
}

// The page about aggregates has a request that is answered, and names every dimension; that about reports has commands that run.
func TestPagesAboutFigures(t *testing.T) {
	unraced.Test(t)
	credentials(t)
	page := filepath.Join("..", "..", "docs", "aggregates.md")
	infos, blocks := fences(t, page)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range language.Dimensions(language.OfEmission) {
		if !strings.Contains(string(text), "`"+d.Name+"`") {
			t.Errorf("%s does not name %s", page, d.Name)
		}
	}
	ran := 0
	for i, block := range blocks {
		if infos[i] == "json aggregates" {
			ran++
			if _, err := language.DecodeAggregate([]byte(block)); err != nil {
				t.Errorf("%s\n%v", block, err)
			}
		}
	}
	_, blocks = fences(t, filepath.Join("..", "..", "docs", "report.md"))
	lake := simulatedLake(t)
	for line := range strings.Lines(blocks[0]) {
		if args, ok := strings.CutPrefix(strings.TrimSpace(line), "parley "); ok {
			args = strings.NewReplacer("./lake", lake, "--base-url http://127.0.0.1:8080", "--lake "+lake).Replace(args)
			must(t, strings.Fields(args)...)
			ran++
		}
	}
	if ran != 4 {
		t.Errorf("ran %d examples", ran)
	}
}
