package examples_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/sandboxtest"
)

// csvRow is what a file has of a conversation. Talking and holding are measured here by the segments of agents and users, not by
// the metrics: the sums of the two agree.
func csvRow(t *testing.T, r record) []string {
	t.Helper()
	var media, codes []string
	var handled, talked, held, holds int64
	for _, p := range r.Participants {
		for _, s := range p.Sessions {
			media = append(media, s.Medium)
			for _, m := range s.Metrics {
				if m.Name == "tHandle" {
					handled += m.Value
				}
			}
			for _, g := range s.Segments {
				codes = append(codes, g.WrapUp)
				if g.End == "" || p.Purpose != "agent" && p.Purpose != "user" {
					continue
				}
				switch g.Type {
				case "interact":
					talked += milliseconds(t, g.Start, g.End)
				case "hold":
					held += milliseconds(t, g.Start, g.End)
					holds++
				}
			}
		}
	}
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	return []string{r.ID, once(media), once(codes), number(handled), number(talked), number(held), number(holds), r.Start, r.End}
}

func milliseconds(t *testing.T, start, end string) int64 {
	t.Helper()
	a, err := time.Parse(time.RFC3339, start)
	if err != nil {
		t.Fatal(err)
	}
	b, err := time.Parse(time.RFC3339, end)
	if err != nil {
		t.Fatal(err)
	}
	return b.Sub(a).Milliseconds()
}

// once has each word once, in order.
func once(words []string) string {
	var out []string
	for _, w := range words {
		if w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}

// A day that seems to have too many conversations for pages, and pages that fail and shift, come to the day's conversations.
func TestPagedIntoCSV(t *testing.T) {
	each(t, 2, 260, func(t *testing.T, l language, s *sandboxtest.Sandbox) {
		t.Helper()
		s.NextBatch() // what went on over midnight has ended for jobs too, which the sandbox's records are those of
		for _, f := range []sandboxtest.Fault{
			{Route: "query", Times: 1, Answer: &sandboxtest.Answer{Status: 200, Body: `{"conversations": [], "totalHits": 100001}`}},
			{Route: "query", Nth: 3, Times: 1, Answer: &sandboxtest.Answer{Status: 429, RetryAfter: time.Second}},
			{Route: "query", Nth: 4, Times: 1, Cut: &sandboxtest.Cut{Share: 0.5, Unnoticed: true}},
			{Route: "query", Nth: 6, Times: 1, Answer: &sandboxtest.Answer{Status: 200, Body: `{"conversations": [], "totalHits": 1000}`}},
			{Route: "query", Nth: 8, Times: 1, ExpireToken: true},
		} {
			s.Fault(f)
		}
		folder := t.TempDir()
		if _, code := l.run(t, s, "paged", "--out", folder, "2026-11-07"); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		f, err := os.Open(filepath.Join(folder, "2026-11-07.csv"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		got, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		want := [][]string{{"conversationId", "mediaType", "wrapUpCode", "totalHandleTime", "talkTime", "holdTime", "holdCount", "startTime", "endTime"}}
		for _, r := range records(t, s.Records(day(7), day(8))) {
			want = append(want, csvRow(t, r))
		}
		if len(got) != len(want) {
			t.Fatalf("%d rows, want %d", len(got), len(want))
		}
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("row %d is %q, want %q", i, got[i], want[i])
			}
		}
		allFired(t, s)
	})
}

// A platform that goes on to count more than it gives: run again later.
func TestPagedLeavesNothingHalf(t *testing.T) {
	each(t, 2, 20, func(t *testing.T, l language, s *sandboxtest.Sandbox) {
		t.Helper()
		s.Fault(sandboxtest.Fault{Route: "query", Answer: &sandboxtest.Answer{Status: 200, Body: `{"conversations": [], "totalHits": 7}`}})
		folder := t.TempDir()
		if _, code := l.run(t, s, "paged", "--out", folder, "2026-11-07"); code != 3 {
			t.Errorf("exit code %d, want 3", code)
		}
		empty(t, folder)
	})
}

func empty(t *testing.T, folder string) {
	t.Helper()
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}
