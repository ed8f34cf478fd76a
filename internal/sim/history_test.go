package sim

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/conversation/arithmetic"
	"github.com/parley-hq/parley/internal/wire"
)

// what is seen of a conversation day after day, until nothing changes any more.
func TestRecordsChangeAfterTheirEnd(t *testing.T) {
	seen := make(map[string]int)
	for _, c := range conversations(31, 2500, monday) {
		r := record(t, c)
		_, settled := History{}.Bounds(r)
		if settled.Before(r.Start.Add(24*time.Hour)) && r.End.Before(r.Start.Add(24*time.Hour)) {
			continue
		}
		var before []byte
		for at := r.Start.Add(12 * time.Hour); at.Before(r.Start.AddDate(0, 0, 70)); at = at.Add(12 * time.Hour) {
			cut, err := CutRecord(r, at)
			if err != nil {
				t.Fatal(err)
			}
			if before != nil && !bytes.Equal(before, cut.JSON) {
				seen["changed"]++
				note(seen, Cut(c, at))
				for _, line := range arithmetic.Check(Cut(c, at)) {
					t.Errorf("conversation %s at %v: %s", r.ID, at, line)
				}
			}
			if !r.End.IsZero() && !at.Before(r.End) && !at.Before(settled) && !bytes.Equal(cut.JSON, r.JSON) {
				t.Errorf("conversation %s still changes after %v and %v", r.ID, r.End, settled)
			}
			before = cut.JSON
		}
	}
	for _, what := range []string{"changed", "Pending", "InProgress", "Finished", "Sent", "Expired", "resolution", "end after a day", "end after 58 days"} {
		if seen[what] == 0 {
			t.Errorf("%s does not occur", what)
		}
	}
	t.Logf("%v", seen)
}

func note(seen map[string]int, c *conversation.Conversation) {
	for _, e := range c.Evaluations {
		seen[e.EvaluationStatus]++
	}
	for _, s := range c.Surveys {
		seen[s.SurveyStatus]++
	}
	seen["resolution"] += len(c.Resolutions)
	start, _ := conversation.ParseTime(c.ConversationStart)
	end, _ := conversation.ParseTime(c.ConversationEnd)
	if days := end.Sub(start).Hours() / 24; days > 58 {
		seen["end after 58 days"]++
	} else if days > 1 {
		seen["end after a day"]++
	}
}

// Counts that the platform finds when it goes over a conversation again are missing for two days and more.
func TestThePlatformGoesOverSomeAgain(t *testing.T) {
	again := 0
	for _, c := range conversations(32, 1000, monday) {
		r := record(t, c)
		at := reprocessed(r.ID, r.Start)
		if at.IsZero() {
			continue
		}
		again++
		if at.Sub(r.Start) < 48*time.Hour || at.Sub(r.Start) > 96*time.Hour {
			t.Errorf("gone over %v after the start", at.Sub(r.Start))
		}
		whole, early := count(c, "nConnected"), count(Cut(c, at.Add(-time.Second)), "nConnected")
		if early != 0 || count(Cut(c, at), "nConnected") != whole {
			t.Errorf("conversation %s has %d nConnected before, %d in the end", r.ID, early, whole)
		}
	}
	if again < 1000/overlooked/2 || again > 1000/overlooked*2 {
		t.Errorf("%d of 1000 are gone over again", again)
	}
}

func count(c *conversation.Conversation, metric string) (n int) {
	for s := range sessions(c) {
		for _, m := range s.Metrics {
			if m.Name == metric {
				n++
			}
		}
	}
	return n
}

// What is told of a conversation at an instant is what would be written of it then.
func TestWhatIsToldIsWhatIsWritten(t *testing.T) {
	n := 0
	for _, c := range conversations(5, 200, monday) {
		r := record(t, c)
		for _, after := range []time.Duration{0, time.Second, 20 * time.Second, 3 * time.Minute, time.Hour, 30 * time.Hour, 50 * time.Hour} {
			at := r.Start.Add(after)
			written, err := History{}.At(r, at)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := wire.Decode(written.JSON)
			got, told, err := History{}.Tell(r, at)
			if err != nil || !told || !reflect.DeepEqual(got, want) {
				t.Fatalf("%s after %v: %+v, %v, %v, want %+v", r.ID, after, got, told, err, want)
			}
			n++
		}
	}
	if n < 1000 {
		t.Errorf("%d instants", n)
	}
}
