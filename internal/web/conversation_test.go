package web

import (
	"encoding/json"
	"math"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// pictured is a timeline as programs get it.
type pictured struct {
	From      string `json:"from"`
	To        string `json:"to"`
	Zoomed    bool   `json:"zoomed"`
	Stretches []struct {
		X    float64 `json:"x"`
		W    float64 `json:"w"`
		Kind string  `json:"kind"`
		Fold int     `json:"fold"`
	} `json:"stretches"`
	Lanes []struct {
		Label string `json:"label"`
		Count int    `json:"parties"`
		Bars  []struct {
			X     float64 `json:"x"`
			W     float64 `json:"w"`
			ID    string  `json:"segment"`
			Count int     `json:"segments"`
			Label string  `json:"label"`
			From  int64   `json:"from"`
			To    int64   `json:"to"`
		} `json:"bars"`
	} `json:"lanes"`
	Ties []struct {
		Kind string  `json:"kind"`
		X    float64 `json:"x"`
		From int     `json:"from"`
		To   int     `json:"to"`
	} `json:"ties"`
}

func (b *browser) drawing(query string) (d pictured) {
	b.t.Helper()
	if err := json.Unmarshal([]byte(b.get("/parley/v1/conversations/"+id+"/timeline"+query)), &d); err != nil {
		b.t.Fatal(err)
	}
	return d
}

// kinds are those of the stretches, in one word.
func (d pictured) kinds() string {
	var out []string
	for _, s := range d.Stretches {
		out = append(out, s.Kind)
	}
	return strings.Join(out, " ")
}

func TestScalesAndFolds(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	b.data.record = sizes["60 days"]()
	for query, want := range map[string]string{
		"": "lens plain fold plain", "?scale=folded": "lens plain fold plain", "?open=1": "lens plain plain plain", "?open=2": "lens plain fold plain", "?scale=true": "plain", "?scale=steps": "plain",
		"?from=2026-07-14T10:00:00Z&to=2026-07-14T10:01:00Z": "lens plain", "?scale=true&open=1": "plain",
	} {
		if got := b.drawing(query).kinds(); got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
	text := b.get("/ui/conversation/" + id)
	address := regexp.MustCompile(`<a href="([^"]+)" class="unfold"`).FindStringSubmatch(text)
	if address == nil || !strings.Contains(address[1], "open=1") {
		t.Fatalf("the fold leads to %q", address)
	}
	if text = b.get("/ui/conversation/" + id + address[1]); strings.Contains(text, `class="fold"`) {
		t.Error("the fold does not open")
	}
	if address = regexp.MustCompile(`<a href="([^"]+)" class="unfold"`).FindStringSubmatch(text); address == nil || strings.Contains(address[1], "open=") {
		t.Errorf("an open fold leads to %q", address)
	}
}

// Every step is equally wide, and each begins where the one before ends.
func TestStepsAreEquallyWide(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	d := b.drawing("?scale=steps")
	widths := map[int64]int{}
	for _, l := range d.Lanes {
		for _, bar := range l.Bars {
			widths[int64(math.Round(bar.W*1000))]++
		}
	}
	// 10:00:00, 10:00:05, 10:00:20, 10:04:00, 10:04:30, 10:05:00
	if want := map[int64]int{1000: 1, 200: 3}; len(widths) != 2 || widths[1000] != want[1000] || widths[200] != want[200] {
		t.Errorf("in thousandths: %v", widths)
	}
}

// A part of the time fills the drawing: what lies in it is enlarged, what lies outside is left out.
func TestZoom(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	all, part := b.drawing("?scale=true"), b.drawing("?scale=true&from=2026-07-14T10:04:00Z&to=2026-07-14T10:04:30Z")
	if all.Zoomed || !part.Zoomed || part.From != "2026-07-14T10:04:00.000Z" || part.To != "2026-07-14T10:04:30.000Z" {
		t.Errorf("%v from %s to %s", part.Zoomed, part.From, part.To)
	}
	last := part.Lanes[2].Bars[len(part.Lanes[2].Bars)-1]
	if last.ID != "2.0.1" || math.Abs(last.X) > 1e-9 || math.Abs(last.W-1) > 1e-9 || last.To-last.From != 30_000 {
		t.Errorf("the wrap-up is drawn at %v, %v", last.X, last.W)
	}
	if n := len(part.Lanes[1].Bars); n != 0 {
		t.Errorf("%d bars of a queue that was left before", n)
	}
	for _, l := range part.Lanes {
		for _, bar := range l.Bars {
			if bar.X < 0 || bar.X+bar.W > 1+1e-9 {
				t.Errorf("%s is drawn outside, at %v, %v", bar.Label, bar.X, bar.W)
			}
		}
	}
	b.follow("?scale=true", "zoom-in", "2026-07-14T10:01:15.000Z", "2026-07-14T10:03:45.000Z")
	b.follow("?scale=true&from=2026-07-14T10:01:15.000Z&to=2026-07-14T10:03:45.000Z", "zoom-out", "2026-07-14T10:00:00.000Z", "2026-07-14T10:05:00.000Z")
	b.follow("?scale=true&from=2026-07-14T10:01:15.000Z&to=2026-07-14T10:03:45.000Z", "zoom-all", "2026-07-14T10:00:00.000Z", "2026-07-14T10:05:00.000Z")
	if text := b.get("/ui/conversation/" + id); strings.Contains(text, "zoom-out") || strings.Contains(text, "zoom-all") {
		t.Error("where all is shown there is more to show")
	}
}

// follow goes from one state of the page to another by a link, and says what part of the time it must show.
func (b *browser) follow(query, link, from, to string) {
	b.t.Helper()
	found := regexp.MustCompile(`<a href="([^"]+)" id="` + link + `"`).FindStringSubmatch(b.get("/ui/conversation/" + id + query))
	if found == nil {
		b.t.Fatalf("%s: there is no %s", query, link)
	}
	d := b.drawing(strings.ReplaceAll(found[1], "&amp;", "&"))
	if d.From != from || d.To != to {
		b.t.Errorf("%s of %s shows %s to %s", link, query, d.From, d.To)
	}
}

// What is narrower than a pixel shares a bar, which leads to where each can be seen.
func TestShortSegmentsShareABar(t *testing.T) {
	unraced.Test(t)
	b := newBrowser(t)
	b.signIn()
	b.data.record = sizes["20 MB of one"]()
	d, segments := b.drawing("?scale=true"), 0
	for _, bar := range d.Lanes[1].Bars {
		segments += bar.Count
		// Eight pixels of a usual screen, or one more segment.
		if bar.Count > 1 && (bar.ID != "" || bar.W > 16.0/960) {
			t.Fatalf("%s is %v wide, and is %q", bar.Label, bar.W, bar.ID)
		}
	}
	if segments != 108_000 {
		t.Errorf("%d segments are drawn", segments)
	}
	shared := d.Lanes[1].Bars[5]
	if !strings.Contains(shared.Label, "segments, hold, talk and ringing") && !strings.Contains(shared.Label, "segments, ringing, talk and hold") && !strings.Contains(shared.Label, "segments, talk") {
		t.Errorf("a shared bar says %q", shared.Label)
	}
	near := url.Values{"scale": {"true"}, "from": {instantOf(shared.From)}, "to": {instantOf(shared.From + 20_000)}}
	for _, bar := range b.drawing("?" + near.Encode()).Lanes[1].Bars {
		if bar.Count != 1 {
			t.Errorf("enlarged, %s is still %d segments", bar.Label, bar.Count)
		}
	}
}

func instantOf(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

// Who hands on to whom is drawn between lanes, and told in words.
func TestTies(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	d := b.drawing("")
	if len(d.Ties) != 1 || d.Ties[0].Kind != "hands on to" || d.Ties[0].From != 1 || d.Ties[0].To != 2 {
		t.Fatalf("%+v", d.Ties)
	}
	for seg, want := range map[string]string{"1.0.0": "<dt>hands on to</dt><dd>Agent", "2.0.0": "<dt>comes from</dt><dd>Queue"} {
		if text := b.get("/ui/conversation/" + id + "?seg=" + seg); !strings.Contains(text, want) || !strings.Contains(text, `<svg class="ties wide" aria-hidden="true"><line class="hand"`) {
			t.Errorf("%s: %q is not told", seg, want)
		}
	}
}

// A leg that came from another conversation links to it, where its lane is and where its segment is told of.
func TestOtherConversationsAreLinked(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	b.data.record = strings.Replace(planted, `"errorCode":"error.odd"`, `"sourceConversationId":"another-one","destinationConversationId":"`+id+`"`, 1)
	text := b.get("/ui/conversation/" + id + "?seg=2.0.0")
	if n := strings.Count(text, `href="/ui/conversation/another-one"`); n != 2 {
		t.Errorf("%d links", n)
	}
	if strings.Contains(text, "to "+id[:8]) {
		t.Error("the lane leads to where one is")
	}
}

func TestTheRecordByBranches(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	at := "/ui/conversation/" + id + "?tab=record"
	for query, wants := range map[string][]string{
		"": {`path=%2Fparticipants&amp;`, "[ 3 ]", "the masked text", "5 members"},
		"&path=/participants/1/sessions/0/segments/0": {"&#34;queue-1&#34;", `aria-current="true">0</a>`, `path=%2Fparticipants%2F1%2Fsessions%2F0&amp;`},
		"&find=QUEUE-1":        {"2 places", "/participants/1/sessions/0/segments/0/queueId"},
		"&find=error.odd":      {"1 place"},
		"&find=Planted+Caller": {"Nothing in the record"},
	} {
		text := b.get(at + query)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not there", query, want)
			}
		}
	}
	if status, text, _ := b.ask("GET", at+"&path=/participants/9", ""); status != 404 || !strings.Contains(text, "nothing at /participants/9") {
		t.Errorf("%d %s", status, text)
	}
	if b.get("/parley/v1/conversations/"+id+"/record") == planted {
		t.Error("a masked session gets the record as it came")
	}
	open := newBrowser(t, "parley:personalData:view")
	open.signIn()
	if got := open.get("/parley/v1/conversations/" + id + "/record"); got != compacted(t, planted) {
		t.Errorf("the record that is downloaded is %s", got)
	}
	if text := open.get(at); !strings.Contains(text, `download="`+id+`.json"`) {
		t.Error("no download is offered")
	}
}

// compacted is a record as it is kept.
func compacted(t *testing.T, text string) string {
	t.Helper()
	r, err := wire.Record([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(r.JSON)
}

func TestWhatChangedIsTold(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	at := "/ui/conversation/" + id + "?tab=compare"
	for _, want := range []string{"nothing has changed since", "parley compare " + id + " --lake ./lake", "tTalkComplete", "differ"} {
		if text := b.get(at); !strings.Contains(text, want) {
			t.Errorf("%q is not there", want)
		}
	}
	found := time.Date(2026, 7, 15, 2, 0, 0, 0, time.UTC)
	for range mostChanges + 1 {
		b.data.changes = append(b.data.changes, Change{found, "/conversationEnd", `"before"`, `"after"`})
	}
	text := b.get(at)
	for _, want := range []string{"found 15 Jul 2026, 02:00:00", "/conversationEnd", "&#34;before&#34;", "&#34;after&#34;", "parley changes --lake ./lake --conversation " + id} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not there", want)
		}
	}
	if n := strings.Count(text, "found 15 Jul"); n != 1 {
		t.Errorf("what was found together stands in %d places", n)
	}
}

func TestALongValueIsOpenedInPlace(t *testing.T) {
	b := newBrowser(t, access.ViewPersonalData)
	b.signIn()
	long := strings.Repeat("long ", 100) + "to its end"
	b.data.changes = []Change{{time.Now(), "/evaluations", long, strings.Repeat("x", mostInOpened+1200)}}
	text := b.get("/ui/conversation/" + id + "?tab=compare")
	for _, want := range []string{"<code>" + long + "</code></details>", "… 1,200 characters more</code>"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not there", want)
		}
	}
}
