package web

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/wire"
)

// someSums are figures of a queue that has a name, and of one that has none: of two days and of the whole time alike.
const someSums = `{"results":[
{"group":{"queueId":"queue-1"},"data":[
 {"interval":"2026-07-13T00:00:00.000Z/2026-07-14T00:00:00.000Z","metrics":[{"metric":"nOffered","stats":{"count":1500}},{"metric":"tAnswered","stats":{"count":1200,"sum":12000000}},{"metric":"oServiceLevel","stats":{"ratio":0.5,"numerator":600,"denominator":1200}}]},
 {"interval":"2026-07-15T00:00:00.000Z/2026-07-16T00:00:00.000Z","metrics":[{"metric":"nOffered","stats":{"count":10}},{"metric":"tAbandon","stats":{"count":10,"sum":1}}]}]},
{"group":{"queueId":"<b>2"},"data":[{"interval":"2026-07-15T00:00:00.000Z/2026-07-16T00:00:00.000Z","metrics":[{"metric":"nOffered","stats":{"count":90}}]}]}]}`

// figures answers as the API does who asks for figures.
func (f *fake) figures(w http.ResponseWriter, r *http.Request, who access.Client) {
	err := who.Require(access.ViewAggregates)
	if err == nil {
		err = f.err
	}
	if err != nil {
		w.(interface{ Fail(err error) }).Fail(err)
		return
	}
	body, _ := io.ReadAll(r.Body)
	sums := f.sums
	var asks wire.AggregateRequest
	if json.Unmarshal(body, &asks) == nil && asks.Granularity == "" {
		sums = regexp.MustCompile(`\},\s*\{"interval".*?\]\}\]\}`).ReplaceAllString(sums, "}]}") // a line a queue
	}
	_, _ = io.WriteString(w, sums)
}

func TestFigures(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	text := b.get("/ui/figures")
	for _, want := range []string{
		"In 7 days 75 % of 1,590 offered conversations were answered; the service level is 50 %.", // 1200 of 1500 and 90
		`value="2026-07-09"`, `value="2026-07-16"`, // the last days of the data
		`<a href="/ui/day/2026-07-13">2026-07-13</a>`, // is missing
		">Sales</a>", ">&lt;b&gt;2</a>", `aria-label="Offered 1,500, Sales, by day"`, `<data value="0.5000">50.0 %</data>`, `<data value="">–</data>`,
		"parley report --lake ./lake --from 2026-07-09 --to 2026-07-16 --by queue,day --time-zone UTC",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Index(text, ">Sales</a>") > strings.Index(text, ">&lt;b&gt;2</a>") {
		t.Error("the largest queue does not come first")
	}
	if rows := strings.Count(text, "<time datetime="); rows != 14 {
		t.Errorf("%d rows, want two queues of seven days", rows)
	}
	if strings.Contains(text, named["figures.js"]) {
		t.Error("the page loads the script of a chart that it does not have")
	}
}

// The chart of one queue shows its own request, and each point opens the conversations that it is made of.
func TestTheChosenFigure(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	text := b.get("/ui/figures?queue=queue-1&figure=abandoned&from=2026-07-13&to=2026-07-16")
	if !strings.Contains(text, "Abandoned of Sales: 0") || !strings.Contains(text, named["figures.js"]) || !strings.Contains(text, named["vendor/uplot.css"]) {
		t.Errorf("the chart or its script is not there: %s", text)
	}
	if request := strings.Join(strings.Fields(html.UnescapeString(text)), ""); !strings.Contains(request, `"metrics":["tAbandon"]`) {
		t.Error("the request of the figure is not there")
	}
	points := regexp.MustCompile(`class="point" href="([^"]+)" aria-label="([^"]+)"`).FindAllStringSubmatch(text, -1)
	if len(points) != 3 || points[2][2] != "Abandoned, Wed 15 Jul 2026: 10" {
		t.Fatalf("the points are %q", points)
	}
	address := html.UnescapeString(points[2][1])
	if want := "/ui/explore?figure=abandoned&from=2026-07-15T00:00:00Z&queue=queue-1&to=2026-07-16T00:00:00Z"; address != want {
		t.Errorf("a point opens %s", address)
	}
	if strings.Count(text, html.EscapeString(address)) != 2 || !strings.Contains(text, "figure=abandoned&amp;from=2026-07-14T") || strings.Contains(text, `<a href="/ui/explore?figure=abandoned&amp;from=2026-07-13T00:00:00Z&amp;queue=queue-1&amp;to=2026-07-14T00:00:00Z"><data`) {
		t.Error("the number in the table does not open what the point opens, or one opens the conversations of 0")
	}
}

// Explore says of which number its conversations are, and how they differ from what it counts. The question begins earlier, because a
// query does not find what began on days before.
func TestTheConversationsOfAFigure(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	const at = "&queue=queue-1&from=2026-07-14T22:00:00Z&to=2026-07-15T22:00:00Z"
	text := html.UnescapeString(b.get("/ui/explore?figure=abandoned" + at))
	wants(t, text, "<h1>1,204 conversations; 1 shown.</h1>", `<details class="folded">`, "Abandoned in the queue Sales, 14 July 2026 22:00 to 15 July 2026 22:00 UTC.", "is found once", "began before 7 July 2026 00:00 UTC are not found",
		`"2026-07-07T22:00:00.000Z/2026-07-15T22:00:00.000Z"`, `{ "metric": "tAbandon", "operator": "exists" }`, `{ "dimension": "disconnectType", "value": "peer" }`, `"gte": 1784066400000, "lt": 1784152800000`,
		"segmentEnd is at least 14 Jul 2026 22:00:00 UTC and less than 15 Jul 2026 22:00:00 UTC")
	for name := range countables {
		if text := b.get("/ui/explore?figure=" + name + at); strings.Contains(text, `class="found"`) || strings.Contains(text, `class="remark"`) {
			t.Errorf("something is wrong with the question of %q", name)
		}
	}
	if text := b.get("/ui/explore?figure=offered&queue=queue-1&from=2026-06-01T00:00:00Z&to=2026-07-01T00:00:00Z"); !strings.Contains(text, "2026-05-31T00:00:00.000Z/2026-07-01T00:00:00.000Z") {
		t.Error("the question of a month is longer than may be asked")
	}
	for query, want := range map[string]string{
		"figure=x" + at: "figure is one of serviceLevel", "queue=q&from=x&to=y": "from is an instant", "queue=q&from=2026-07-14T22:00:00Z": "to is an instant",
		"queue=q&from=2026-07-14T22:00:00Z&to=2026-07-14T22:00:00Z": "to is an instant after from",
	} {
		if status, text, _ := b.ask("GET", "/ui/explore?"+query, ""); status != http.StatusBadRequest || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", query, status, text)
		}
	}
}

// Both ask the API, by the rules that it has for who is signed in.
func TestFiguresNeedThePermission(t *testing.T) {
	b := newBrowser(t)
	link, err := b.site.sessions.Link(t.Context(), "acme", []access.Permission{access.ViewDetails}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b.ask("POST", "/ui/link/"+link, "")
	for _, path := range []string{"/ui/figures", "/parley/v1/figures"} {
		if status, text, _ := b.ask("GET", path, ""); status != http.StatusForbidden || !strings.Contains(text, string(access.ViewAggregates)) {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
}

func TestFiguresThatAreRefused(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	for query, want := range map[string]string{
		"from=yesterday":                                 "from is a day such as 2026-11-01",
		"to=2026-13-01":                                  "to is a day such as 2026-11-01",
		"from=2026-07-16&to=2026-07-16":                  "to must lie after from",
		"granularity=fortnight":                          "granularity is one of month, week, day",
		"granularity=hour&from=2026-01-01&to=2026-07-01": "choose a longer one, or fewer days",
		"tz=Berlin":                                      "Europe/Berlin",
		"figure=x":                                       "figure is one of serviceLevel",
		"queue=" + strings.Join(strings.Split("abcdefghijklmnopqrstuvwxy", ""), "&queue="): "at most 24 queues",
	} {
		for _, path := range []string{"/ui/figures?", "/parley/v1/figures?"} {
			if status, text, _ := b.ask("GET", path+query, ""); status != http.StatusBadRequest || !strings.Contains(html.UnescapeString(text), want) {
				t.Errorf("%s%s: %d %s", path, query, status, text)
			}
		}
	}
}

// A page of figures that is refused has the form as it was sent, with what is wrong at its field.
func TestARefusalKeepsTheForm(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	const rest = "&queue=queue-1"
	for query, want := range map[string][]string{
		"tz=Berlin&from=2026-07-10&to=2026-07-12&granularity=hour": {`name="tz" value="Berlin" size="16" required aria-invalid="true" aria-describedby="why"`, `type="date" name="from" value="2026-07-10"`, `<option selected>hour</option>`},
		"from=yesterday&to=2026-07-12&tz=Europe/Berlin":            {`type="text" name="from" value="yesterday" required aria-invalid="true"`, `name="tz" value="Europe/Berlin"`, `type="date" name="to" value="2026-07-12"`},
		"from=2026-07-16&to=2026-07-16":                            {`name="to" value="2026-07-16" required aria-invalid="true"`},
		"from=2026-01-01&to=2026-07-01&granularity=hour":           {`<select name="granularity" aria-invalid="true"`, `value="2026-01-01"`},
		"figure=x&from=2026-07-10":                                 {`value="2026-07-10"`, "figure is one of"},
	} {
		status, text, _ := b.ask("GET", "/ui/figures?"+query+rest, "")
		if wants(t, text, append(want, `id="why" role="alert"`, `<option value="queue-1" selected>Sales</option>`, "There are no figures for this.")...); status != http.StatusBadRequest {
			t.Errorf("%s: %d", query, status)
		}
		if n := strings.Count(text, "aria-invalid"); n > 1 {
			t.Errorf("%s: %d fields are at fault", query, n)
		}
	}
}

// Of many stretches fewer queues are drawn; the others are a link away.
func TestFiguresAreBounded(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	text := b.get("/ui/figures?granularity=hour&from=2026-06-16&to=2026-07-16")
	if rows := strings.Count(text, "<time datetime="); rows != 720 || !strings.Contains(text, `<summary>1 smaller queue`) {
		t.Errorf("%d rows of 720 hours", rows)
	}
}

// Without days there is nothing to show, and the page says so.
func TestFiguresOfNothing(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	b.data.days.Days, b.data.sums = nil, `{"results":[]}`
	if text := b.get("/ui/figures"); !strings.Contains(text, "There are no days yet.") || strings.Contains(text, `class="queue"`) {
		t.Errorf("the page says %s", text)
	}
	b.data.days = someDays()
	if text := b.get("/ui/figures"); !strings.Contains(text, "no conversation came into a queue") {
		t.Errorf("the page says %s", text)
	}
}

// dimensionsOf are those of a filter, with what is in its clauses.
func dimensionsOf(f *wire.Filter) (out []string) {
	if f == nil {
		return nil
	}
	for _, p := range f.Predicates {
		out = append(out, p.Dimension)
	}
	for i := range f.Clauses {
		out = append(out, dimensionsOf(&f.Clauses[i])...)
	}
	return out
}

// Figures are asked for by queue and nothing else, whatever an address says: nobody can ask for a person by it.
func TestFiguresAskForNobody(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	asked := 0
	b.data.api = func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		var body wire.AggregateRequest
		if err != nil || r.URL.Path != wire.PathAggregates || json.Unmarshal(text, &body) != nil {
			t.Errorf("%s is asked with %s, %v", r.URL, text, err)
		}
		asked++
		for _, dimension := range append(body.GroupBy, dimensionsOf(body.Filter)...) {
			if dimension != "queueId" {
				t.Errorf("%s is asked for: %s", dimension, text)
			}
		}
		if rest := regexp.MustCompile(`"value":"\+4915112345678"`).ReplaceAllString(string(text), ""); strings.Contains(rest, "15112345678") || strings.Contains(rest, "ani") {
			t.Errorf("more than a queue is taken from the address: %s", text)
		}
		_, _ = io.WriteString(w, someSums)
	}
	const odd = "?queue=%2B4915112345678&ani=%2B4915112345678&groupBy=ani&filter=ani&dimension=ani&metrics=ani&body=%7B%22groupBy%22:%5B%22ani%22%5D%7D&from=2026-07-13&to=2026-07-16"
	for _, path := range []string{"/ui/figures" + odd, "/parley/v1/figures" + odd, "/ui/figures" + odd + "&figure=offered&granularity=hour"} {
		if status, text, _ := b.ask("GET", path, ""); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if asked < 3 {
		t.Errorf("the API was asked %d times", asked)
	}
}
