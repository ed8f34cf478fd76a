package examples_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/sandboxtest"
)

// side is how the sources tell of a conversation that has ended: the same, but for attributes and metrics.
func side(r record) string {
	lines := []string{"FIELD\tLIVE\tANALYTICS\tREMARK", "start\t" + r.Start + "\t" + r.Start + "\t", "end\t" + r.End + "\t" + r.End + "\t"}
	for _, p := range r.Participants {
		metrics, wrapUp := 0, ""
		for _, s := range p.Sessions {
			metrics += len(s.Metrics)
			for _, g := range s.Segments {
				if g.WrapUp != "" {
					wrapUp = g.WrapUp
				}
			}
		}
		name := fmt.Sprintf("%s %.8s ", p.Purpose, p.ID)
		lines = append(lines, name+"state\tended\tended\t")
		if wrapUp != "" {
			lines = append(lines, name+"wrap-up\t"+wrapUp+"\t"+wrapUp+"\t")
		}
		if n := len(p.Attributes); n > 0 {
			lines = append(lines, fmt.Sprintf("%sattributes\t%d\t-\tlive only", name, n))
		}
		if metrics > 0 {
			lines = append(lines, fmt.Sprintf("%smetrics\t-\t%d\tanalytics only", name, metrics))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// Analytics is asked until it has the conversation, whatever happens meanwhile.
func TestLiveBesideAnalytics(t *testing.T) {
	each(t, 2, 100, func(t *testing.T, l language, s *sandboxtest.Sandbox) {
		t.Helper()
		all := records(t, s.Records(day(7), day(8)))
		most := slices.MaxFunc(all, func(a, b record) int { return len(a.Participants) - len(b.Participants) })
		s.Fault(sandboxtest.Fault{Route: "token", Times: 1, Answer: &sandboxtest.Answer{Status: 503}})
		s.Fault(sandboxtest.Fault{Route: "conversation", Times: 1, Answer: &sandboxtest.Answer{Status: 429, RetryAfter: time.Second}})
		s.Fault(sandboxtest.Fault{Route: "details", Times: 2, Answer: &sandboxtest.Answer{Status: 404}})
		s.Fault(sandboxtest.Fault{Route: "details", Nth: 3, Times: 1, ExpireToken: true})
		out, code := l.run(t, s, "live", "--poll", "0.01"+l.seconds, most.ID)
		if want := side(most); code != 0 || out != want {
			t.Errorf("exit code %d, printed:\n%swant:\n%s", code, out, want)
		}
		allFired(t, s)
	})
}

// A conversation that goes on, of which analytics never comes to know, is shown by what there is of it.
func TestLiveWithoutAnalytics(t *testing.T) {
	each(t, 2, 300, func(t *testing.T, l language, s *sandboxtest.Sandbox) {
		t.Helper()
		id := goingOn(t, s)
		s.Fault(sandboxtest.Fault{Route: "details", Answer: &sandboxtest.Answer{Status: 404}})
		out, code := l.run(t, s, "live", "--poll", "0.01"+l.seconds, "--wait", "0.02"+l.seconds, id)
		lines := strings.Split(out, "\n")
		connected := func(line string) bool { return strings.HasSuffix(line, " state\tconnected\t-\tlive only") }
		if code != 3 || !slices.Contains(lines, "end\t-\t-\t") || !slices.ContainsFunc(lines, connected) {
			t.Errorf("exit code %d, printed:\n%s", code, out)
		}
	})
}

// goingOn is the id of a conversation that has not ended.
func goingOn(t *testing.T, s *sandboxtest.Sandbox) string {
	t.Helper()
	c, err := client.New(client.Config{BaseURL: s.URL, ClientID: s.ClientID, ClientSecret: s.ClientSecret})
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range c.Find(t.Context(), client.Query{From: day(8), To: day(9)}) {
		if err != nil {
			t.Fatal(err)
		}
		if r.End.IsZero() {
			return r.ID
		}
	}
	t.Fatal("no conversation goes on")
	return ""
}
