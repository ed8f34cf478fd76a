package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/web/drawing"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// large writes records of any size.
type large struct {
	text  strings.Builder
	start time.Time
}

// at is an instant, so long after the start.
func (l *large) at(after time.Duration) string { return conversation.FormatTime(l.start.Add(after)) }

// recordOf is a record of so many agents, each with so many sessions of so many segments, a second each; rest is what comes last.
func recordOf(agents, sessions, segments int, rest string) string {
	l := &large{start: time.Date(2026, 7, 14, 10, 0, 0, 0, time.UTC)}
	fmt.Fprintf(&l.text, `{"conversationId":"%s","conversationStart":"%s","originatingDirection":"inbound","participants":[`, id, l.at(0))
	fmt.Fprintf(&l.text, `{"participantId":"c","purpose":"customer","sessions":[{"sessionId":"c","mediaType":"voice","direction":"inbound","segments":[{"segmentType":"interact","segmentStart":"%s","segmentEnd":"%s","disconnectType":"peer"}]}]}`, l.at(0), l.at(time.Hour))
	for a := range agents {
		fmt.Fprintf(&l.text, `,{"participantId":"p%d","purpose":"agent","userId":"user-%d","participantName":"Agent %d","sessions":[`, a, a, a)
		for s := range sessions {
			l.session(a, s, segments)
		}
		l.text.WriteString("]}")
	}
	return l.text.String() + rest + "]}"
}

func (l *large) session(agent, number, segments int) {
	if number > 0 {
		l.text.WriteString(",")
	}
	fmt.Fprintf(&l.text, `{"sessionId":"s%d-%d","peerId":"c","mediaType":"voice","direction":"inbound","metrics":[{"name":"tAlert","value":1000,"emitDate":"%s"}],"segments":[`, agent, number, l.at(time.Duration(agent%600)*time.Second))
	for g := range segments {
		if g > 0 {
			l.text.WriteString(",")
		}
		from := time.Duration(agent%600+number*segments+g) * time.Second
		kind := []string{"alert", "interact", "hold", "interact"}[g%4]
		fmt.Fprintf(&l.text, `{"segmentType":"%s","queueId":"2a15eea6-a458-4a9a-8000-00000000%04d","segmentStart":"%s","segmentEnd":"%s","disconnectType":"peer"}`, kind, agent%10_000, l.at(from), l.at(from+time.Second))
	}
	l.text.WriteString("]}")
}

// closedLater is a third party whom the platform took out after 60 days.
func closedLater() string {
	l := &large{start: time.Date(2026, 7, 14, 10, 0, 0, 0, time.UTC)}
	return fmt.Sprintf(`,{"participantId":"t","purpose":"customer","sessions":[{"sessionId":"t","mediaType":"voice","direction":"outbound","segments":[{"segmentType":"interact","segmentStart":"%s","segmentEnd":"%s"}]}]}`,
		l.at(2*time.Minute), l.at(60*24*time.Hour))
}

// sizes are the records that pages must stand.
var sizes = map[string]func() string{
	"usual":             func() string { return recordOf(2, 1, 8, "") },
	"60 days":           func() string { return recordOf(2, 1, 8, closedLater()) },
	"2000 participants": func() string { return recordOf(2000, 1, 4, "") },
	"20 MB":             func() string { return recordOf(300, 20, 18, "") },
	"20 MB of one":      func() string { return recordOf(1, 1, 108_000, "") },
}

// The first page of a conversation is made of its record; the next ones, as of somebody who zooms, of the model that is kept.
func BenchmarkConversationPage(b *testing.B) {
	for name, text := range sizes {
		record := text()
		b.Run(name, func(b *testing.B) {
			page := newBrowser(b)
			page.data.record = record
			page.signIn()
			b.Run("first", func(b *testing.B) {
				for b.Loop() {
					page.web.models = newModels()
					page.get("/ui/conversation/" + id)
				}
				b.ReportMetric(float64(len(record))/1e6, "MB-record")
			})
			b.Run("next", func(b *testing.B) {
				size := 0
				for b.Loop() {
					size = len(page.get("/ui/conversation/" + id + "?scale=true"))
				}
				b.ReportMetric(float64(size)/1e3, "kB-page")
			})
			b.Run("branch", func(b *testing.B) {
				for b.Loop() {
					page.get("/parley/v1/conversations/" + id + "/record?path=/participants/1")
				}
			})
			b.Run("search", func(b *testing.B) {
				for b.Loop() {
					page.get("/parley/v1/conversations/" + id + "/record?find=nobody")
				}
			})
		})
	}
}

// A model takes no more memory than it is counted as.
func TestModelsAreCountedForWhatTheyTake(t *testing.T) {
	unraced.Test(t)
	for name, text := range sizes {
		record := []byte(text())
		if len(record) < 1<<20 {
			continue
		}
		var before, after runtime.MemStats
		heap(&before)
		c, _ := wire.Decode(record)
		m := drawing.Of(c, func(account.Noun, string) string { return "" }, time.Time{})
		c = nil
		heap(&after)
		took := int64(after.HeapAlloc) - int64(before.HeapAlloc)
		t.Logf("%s: a record of %d kB, a model of %d kB", name, len(record)/1000, took/1000)
		if took > weight(record) {
			t.Errorf("%s: the model of a record of %d bytes takes %d, and counts %d", name, len(record), took, weight(record))
		}
		runtime.KeepAlive(m)
		runtime.KeepAlive(c)
		runtime.KeepAlive(record)
	}
}

// heap measures what is in use. What pools keep goes with the second collection.
func heap(into *runtime.MemStats) {
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(into)
}

// Whatever the size of a record, a page of it has so much to draw and no more.
func TestPagesOfLargeRecordsAreSmall(t *testing.T) {
	unraced.Test(t)
	b := newBrowser(t)
	b.signIn()
	for name, most := range map[string]int{"usual": 60_000, "60 days": 60_000, "2000 participants": 500_000, "20 MB": 850_000, "20 MB of one": 500_000} {
		b.data.record = sizes[name]()
		for _, query := range []string{"", "?scale=true", "?scale=steps", "?tab=record", "?tab=compare", "?tab=attributes", "?lane=1", "?from=2026-07-14T10:00:10Z&to=2026-07-14T10:00:20Z"} {
			text := b.get("/ui/conversation/" + id + query)
			if len(text) > most {
				t.Errorf("%s, %s: %d bytes", name, query, len(text))
			}
			if name == "usual" && query == "" {
				if n := zipped(t, text); n > 15_000 {
					t.Errorf("a usual page takes %d bytes, compressed", n)
				}
			}
		}
		if text := b.get("/parley/v1/conversations/" + id + "/timeline?scale=true"); len(text) > most {
			t.Errorf("%s: a drawing of %d bytes", name, len(text))
		}
	}
}

func zipped(t *testing.T, text string) int {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

// Two thousand agents are one lane, which opens a hundred at a time; whoever is looked at has a lane of their own.
func TestALaneOfManyOpens(t *testing.T) {
	b := newBrowser(t, "parley:personalData:view")
	b.signIn()
	b.data.record = sizes["2000 participants"]()
	at := "/ui/conversation/" + id
	text := b.get(at)
	if n := strings.Count(text, `class="lane row"`); n != 2 {
		t.Errorf("%d lanes", n)
	}
	if !strings.Contains(text, "2000 of agent: at most 16 at once") {
		t.Error("the lane of many does not say how many are there")
	}
	for more, lanes := range map[int]int{0: 102, 100: 102, 1950: 52, 2000: 2} {
		text := b.get(at + "?lane=1&more=" + strconv.Itoa(more))
		if n := strings.Count(text, `class="lane row"`); n != lanes {
			t.Errorf("after %d: %d lanes, want %d", more, n, lanes)
		}
		if later := strings.Contains(text, "more="+strconv.Itoa(more+100)+"#l1"); later != (more < 1900) {
			t.Errorf("after %d: later is offered: %v", more, later)
		}
	}
	if text := b.get(at + "?seg=1234.0.1"); strings.Count(text, `class="lane row"`) != 3 || !strings.Contains(text, `id="l1234"`) || !strings.Contains(text, `class="bar talk chosen"`) {
		t.Error("who is looked at has no lane")
	}
}

// Steps come five hundred at a time: each is on one page.
func TestPagesOfSteps(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	b.data.record = sizes["2000 participants"]()
	at, seen := "/ui/conversation/"+id, 0
	for after := 0; after <= 8001; after += 500 {
		text := b.get(at + "?after=" + strconv.Itoa(after))
		n := strings.Count(text, `<tr id="s`)
		if seen += n; n != min(500, 8001-after) {
			t.Errorf("after %d: %d steps", after, n)
		}
	}
	if seen != 8001 {
		t.Errorf("%d steps", seen)
	}
	if text := b.get(at + "?seg=1999.0.3"); !strings.Contains(text, `<tr id="s1999.0.3" class="chosen">`) {
		t.Error("the page of steps is not that of the segment that is looked at")
	}
	if status, _, _ := b.ask("GET", at+"?after=-1", ""); status != http.StatusBadRequest {
		t.Errorf("after -1: %d", status)
	}
}
