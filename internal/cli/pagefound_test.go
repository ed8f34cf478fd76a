package cli

import (
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/test/unraced"
)

// emissions are what a record says of when its metrics were emitted, and where.
type emissions struct {
	ID           string `json:"conversationId"`
	Participants []struct {
		Sessions []struct {
			Media   string `json:"mediaType"`
			Metrics []struct {
				Name string    `json:"name"`
				At   time.Time `json:"emitDate"`
			} `json:"metrics"`
			Segments []struct {
				Queue string    `json:"queueId"`
				Start time.Time `json:"segmentStart"`
			} `json:"segments"`
		} `json:"sessions"`
	} `json:"participants"`
}

// spot is a queue and an hour, and a metric that was emitted there.
type spot struct {
	metric, queue string
	hour          time.Time
}

// emitted are the conversations that emitted metrics, by spot: each with how often. Slow are the queues into which something came that is
// no call.
func emitted(t *testing.T, records string) (all map[spot]map[string]int, slow map[string]bool) {
	t.Helper()
	all, slow = map[spot]map[string]int{}, map[string]bool{}
	for line := range strings.Lines(records) {
		var e emissions
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		e.each(func(p spot, media string) {
			if all[p] == nil {
				all[p] = map[string]int{}
			}
			all[p][e.ID]++
			slow[p.queue] = slow[p.queue] || media != "voice"
		})
	}
	return all, slow
}

// each visits where and when metrics were emitted. The queue is that of the segment in effect.
func (e *emissions) each(visit func(p spot, media string)) {
	for _, p := range e.Participants {
		for _, s := range p.Sessions {
			for _, m := range s.Metrics {
				queue := ""
				for _, g := range s.Segments {
					if g.Queue != "" && (queue == "" || !g.Start.After(m.At)) {
						queue = g.Queue
					}
				}
				visit(spot{m.Name, queue, m.At.UTC().Truncate(time.Hour)}, s.Media)
			}
		}
	}
}

var (
	numberWithLink = regexp.MustCompile(`<a href="(/ui/explore\?[^"]*figure=[^"]*)"><data value="([^"]*)">`)
	foundOnPage    = regexp.MustCompile(`<h1>([0-9,]+) conversations?[.;]`)
)

// foundIn is how many conversations a page of Explore has found.
func foundIn(page string) int {
	m := foundOnPage.FindStringSubmatch(page)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
	if err != nil {
		panic(err) // digits only
	}
	return n
}

// mostNumbers is how many numbers of a figure are looked at.
const mostNumbers = 25

// A number of the table of figures opens the conversations that it is of: all that emitted the metric in this hour and queue.
//
// Abandoned ones are exactly these, and so are those offered where only calls came; they are fewer than told where one was counted twice.
// Of others there may be a few more, because the query cannot ask when a segment began: fewer than a fifth over all of the hours.
func TestANumberOpensItsConversations(t *testing.T) {
	unraced.Test(t)
	t.Chdir(t.TempDir())
	must(t, "generate", "--lake", "lake", "--from", "2026-11-01", "--to", "2026-11-04", "--per-day", "600", "--seed", "1")
	records, slow := emitted(t, must(t, "export", "--lake", "lake", "--from", "2026-11-01", "--to", "2026-11-04", "--format", "ndjson"))
	get := visitor(t, background(t, "serve", "--page", "--lake", "lake"))

	metrics := map[string][]string{"offered": {"nOffered"}, "answered": {"tAnswered"}, "abandoned": {"tAbandon"}, "averageHandleSeconds": {"tHandle"}, "serviceLevel": {"tAnswered", "tAbandon"}}
	counts := map[string]bool{"offered": true, "answered": true, "abandoned": true}
	checked, found, want := map[string]int{}, map[string]int{}, map[string]int{}
	exactly := 0
	for _, link := range numberWithLink.FindAllStringSubmatch(get("/ui/figures?from=2026-11-02&to=2026-11-03&granularity=hour"), -1) {
		address, err := url.Parse(html.UnescapeString(link[1]))
		if err != nil {
			t.Fatal(err)
		}
		q := address.Query()
		hour, err := time.Parse(time.RFC3339, q.Get("from"))
		if err != nil {
			t.Fatal(err)
		}
		name, queue := q.Get("figure"), q.Get("queue")
		if checked[name]++; metrics[name] == nil || checked[name] > mostNumbers {
			continue
		}
		told, once := 0, map[string]bool{}
		for _, metric := range metrics[name] {
			for id, n := range records[spot{metric, queue, hour}] {
				told += n
				once[id] = true
			}
		}
		if counts[name] && link[2] != strconv.Itoa(told) {
			t.Errorf("%s tells %s, and %d were emitted", address, link[2], told)
		}
		n := foundIn(get(address.String()))
		exact := name == "abandoned" || name == "offered" && !slow[queue]
		if n < len(once) || exact && n != len(once) {
			t.Errorf("%s: %d conversations, want %d", address, n, len(once))
		}
		if exact {
			exactly++
		} else {
			found[name], want[name] = found[name]+n, want[name]+len(once)
		}
	}
	t.Logf("%d numbers exactly; %v found of %v", exactly, found, want)
	for name, n := range want {
		if checked[name] < mostNumbers || float64(found[name]) > 1.2*float64(n) {
			t.Errorf("%s: %d found of %d, by %d numbers", name, found[name], n, checked[name])
		}
	}
	if exactly < mostNumbers/2 || checked["abandoned"] == 0 {
		t.Errorf("only %d numbers were held to exactly what they count, %d of abandoned", exactly, checked["abandoned"])
	}
}
