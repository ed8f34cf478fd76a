package cli

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/figure"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// The page of figures, its JSON and the command say the same numbers.
func TestThePageSaysWhatTheReportSays(t *testing.T) {
	unraced.Test(t)
	t.Chdir(t.TempDir())
	must(t, "generate", "--lake", "lake", "--from", "2026-11-01", "--to", "2026-11-04", "--per-day", "120", "--seed", "1")
	get := visitor(t, background(t, "serve", "--page", "--lake", "lake"))
	const address = "figures?from=2026-11-01&to=2026-11-04&granularity=day&tz=Europe/Berlin"
	page, answer := html.UnescapeString(get("/ui/"+address)), get("/parley/v1/"+address)

	var a wire.Aggregates
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatal(err)
	}
	lines, err := figure.Lines(a, []string{"queueId"})
	if err != nil {
		t.Fatal(err)
	}
	report := figuresOf(t, "--lake", "lake", "--from", "2026-11-01", "--to", "2026-11-04", "--by", "queue,day", "--time-zone", "Europe/Berlin")
	if len(report) != len(lines) || len(report) < 10 {
		t.Fatalf("%d lines of the report, %d of the answer", len(report), len(lines))
	}
	for i, l := range lines {
		for _, f := range figure.All {
			if got := f.Number(l); got != report[i][f.Name] {
				t.Errorf("%s of line %d is %s in the answer, and %s in the report", f.Name, i, got, report[i][f.Name])
			}
		}
	}
	for _, r := range report {
		want := r["start"] + `"`
		for _, name := range []string{"serviceLevel", "offered", "answered", "abandoned", "averageAnswerSeconds", "averageHandleSeconds"} {
			want += ` "` + r[name] + `"`
		}
		if !strings.Contains(rowsOf(t, page)[r["queueId"]], want) {
			t.Errorf("the page lacks the line %s of the queue %s", want, r["queueId"])
		}
	}
}

var (
	queueOnPage  = regexp.MustCompile(`(?s)<h2 id="q([^"]+)">.*?</section>`)
	numberOnPage = regexp.MustCompile(`<(?:time datetime|data value)=("[^"]*")`)
)

// rowsOf are the numbers of each queue on a page, in a line.
func rowsOf(t *testing.T, page string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, q := range queueOnPage.FindAllStringSubmatch(page, -1) {
		var numbers []string
		for _, n := range numberOnPage.FindAllStringSubmatch(q[0], -1) {
			numbers = append(numbers, n[1])
		}
		out[q[1]] = strings.Join(numbers, " ")
	}
	return out
}

// visitor is somebody who came in by a link.
func visitor(t *testing.T, url string) (get func(path string) string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := http.Client{Jar: jar, Timeout: time.Minute}
	link := strings.TrimSpace(must(t, "page", "link", "--lake", "lake", "--url", url+"/"))
	r, err := browser.Post(link, "application/x-www-form-urlencoded", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Body.Close(); err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", r.StatusCode, err)
	}
	return func(path string) string {
		r, err := browser.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v: %s", path, r.StatusCode, err, text)
		}
		return string(text)
	}
}
