package rows_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

// A report whose pages have fewer rows than it counts, or more, is asked for again, and if that is no better nothing of it is taken:
// of rows that a filter chooses no other count would tell.
func TestPagesThatHaveNotWhatTheReportCounts(t *testing.T) {
	a, b := row("voice", "a", "10:00"), row("voice", "b", "11:00")
	const filtered = `{"select":["interaction.type","attributes.custom.*","metrics.handledtime.ms"],"filter":{"type":"field","path":"interaction.type","operator":"eq","value":"voice"}}`
	for name, wrong := range map[string]int{"once": 1, "always": 1000} {
		for _, count := range []string{"1", "3"} {
			r, f := newFake(t, []string{a}, []string{b})
			r.body = filtered
			f.state = func(q report) string {
				if q.id > wrong {
					return `{"status":"completed","count":2}`
				}
				return `{"status":"completed","count":` + count + `}`
			}
			sum, err := r.run(t.Context())
			switch {
			case name == "once" && (err != nil || sum.Jobs != 2):
				t.Errorf("%s, %s rows: %v, %+v", name, count, err, sum)
			case name == "always" && (!errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), "the report counts "+count+" rows, and its pages have 2") || len(r.records()) > 0):
				t.Errorf("%s, %s rows: %v, %+v", name, count, err, sum)
			}
			if f.undeleted() > 0 {
				t.Errorf("%s: %d reports are left", name, f.undeleted())
			}
		}
	}
}

// The count is of all pages of a report, also when they were read by several processes.
func TestRowsAreCountedOverProcesses(t *testing.T) {
	var pages [][]string
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		pages = append(pages, []string{row("chat", id, "10:00"), row("voice", id, "10:00")})
	}
	for _, at := range []string{"a", "b", "c", "d", "e"} {
		pages = append(pages, []string{row("chat", "late-"+at, "1"+string(at[0]-'a'+'1')+":00")})
	}
	for killed := range pages {
		r, f := newFake(t, pages...)
		stop := &stopping{RoundTripper: f, pages: killed, kill: func() {}}
		r.client.Transport = stop
		if _, err := r.run(t.Context()); err == nil {
			t.Fatal("it was not killed")
		}
		r.client.Transport = f
		if sum := r.mustRun(); sum.Added != 10 || sum.Jobs != 1 {
			t.Errorf("killed after %d pages: %+v", killed, sum)
		}
	}
}
