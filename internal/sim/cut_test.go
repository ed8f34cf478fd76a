package sim

import (
	"bytes"
	"crypto/sha256"
	"iter"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/conversation/arithmetic"
	"github.com/parley-hq/parley/internal/wire"
)

// moments are instants worth cutting at: every time in the record, the milliseconds around it, and some at random.
func moments(r *rand.Rand, c *conversation.Conversation) (at []time.Time) {
	note := func(text string) {
		if t, err := conversation.ParseTime(text); err == nil {
			at = append(at, t.Add(-time.Millisecond), t, t.Add(time.Millisecond))
		}
	}
	for _, p := range c.Participants {
		for _, s := range p.Sessions {
			for _, g := range s.Segments {
				note(g.SegmentStart)
				note(g.SegmentEnd)
			}
			for _, m := range s.Metrics {
				note(m.EmitDate)
			}
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	span := at[len(at)-1].Sub(at[0])
	for range 10 {
		at = append(at, at[0].Add(time.Duration(r.Int64N(int64(span)))))
	}
	slices.SortFunc(at, time.Time.Compare)
	return at
}

func TestCutAtAnyInstantObeysTheArithmetic(t *testing.T) {
	const seed = 21
	r := rand.New(rand.NewPCG(seed, 0))
	for _, c := range conversations(seed, 120, monday) {
		cutAnywhere(t, r, c)
	}
}

// seldom are shapes of which a small day has none.
var seldom = regexp.MustCompile(`voicesurveyflow|botflow|transmitting|scheduled|coaching|barging|monitoring|^customer: interact/[a-zA-Z]+, interact`)

func TestCutOfWhatIsSeldomObeysTheArithmetic(t *testing.T) {
	const seed = 22
	r := rand.New(rand.NewPCG(seed, 0))
	found := map[string]bool{}
	for _, c := range conversations(seed, 6000, monday) {
		if kind := seldom.FindString(shape(c)); kind != "" {
			found[kind] = true
			cutAnywhere(t, r, c)
		}
	}
	if len(found) < 8 {
		t.Errorf("found %v only", found)
	}
}

// cutAnywhere cuts a conversation at every instant at which something happens to it.
func cutAnywhere(t *testing.T, r *rand.Rand, c *conversation.Conversation) {
	t.Helper()
	whole := encode(t, c)
	var before *conversation.Conversation
	for _, at := range moments(r, c) {
		cut := Cut(c, at)
		if cut == nil {
			if at.After(record(t, c).Start) || before != nil {
				t.Fatalf("conversation %s is gone at %v", c.ConversationID, at)
			}
			continue
		}
		for _, line := range arithmetic.Check(cut) {
			t.Errorf("conversation %s at %v: %s", c.ConversationID, at, line)
		}
		if before != nil {
			grows(t, before, cut)
		}
		before = cut
	}
	if !bytes.Equal(encode(t, c), whole) {
		t.Errorf("conversation %s was changed by cutting it", c.ConversationID)
	}
}

// grows requires that everything in the earlier look is in the later one; what was open may have ended.
func grows(t *testing.T, a, b *conversation.Conversation) {
	t.Helper()
	if len(a.Participants) > len(b.Participants) || a.ConversationEnd != "" && a.ConversationEnd != b.ConversationEnd {
		t.Errorf("conversation %s loses participants or its end", a.ConversationID)
		return
	}
	later := make(map[string]conversation.Session)
	for s := range sessions(b) {
		later[s.SessionID] = *s
	}
	for s := range sessions(a) {
		then := later[s.SessionID]
		if !prefix(timely(s.Metrics), timely(then.Metrics), func(a, b conversation.Metric) bool { return a == b }) ||
			!prefix(s.Segments, then.Segments, sameSegment) ||
			len(s.MediaEndpointStats) > len(then.MediaEndpointStats) {
			t.Errorf("session %s loses something", s.SessionID)
		}
	}
}

// timely are the metrics that do not come when the platform goes over a conversation again.
func timely(of []conversation.Metric) []conversation.Metric {
	return slices.DeleteFunc(slices.Clone(of), func(m conversation.Metric) bool { return counted(m.Name) })
}

// sessions are those of all participants.
func sessions(c *conversation.Conversation) iter.Seq[*conversation.Session] {
	return func(yield func(*conversation.Session) bool) {
		for i := range c.Participants {
			for j := range c.Participants[i].Sessions {
				if !yield(&c.Participants[i].Sessions[j]) {
					return
				}
			}
		}
	}
}

func sameSegment(a, b conversation.Segment) bool {
	return a.SegmentStart == b.SegmentStart && a.SegmentType == b.SegmentType && (a.SegmentEnd == "" || a.SegmentEnd == b.SegmentEnd) &&
		(a.SegmentEnd == "" || a.DisconnectType == b.DisconnectType && a.WrapUpCode == b.WrapUpCode)
}

func prefix[T any](a, b []T, same func(a, b T) bool) bool {
	return len(a) <= len(b) && slices.EqualFunc(a, b[:len(a)], same)
}

func TestCutAfterEverythingIsTheWhole(t *testing.T) {
	end := monday.End().AddDate(1, 0, 0)
	for _, c := range conversations(22, 500, monday) {
		r := record(t, c)
		if !bytes.Equal(encode(t, Cut(c, end)), r.JSON) {
			t.Errorf("conversation %s changes", c.ConversationID)
		}
		got, err := CutRecord(r, end)
		if err != nil || !bytes.Equal(got.JSON, r.JSON) || !got.End.Equal(r.End) {
			t.Errorf("record %s changes: %v", c.ConversationID, err)
		}
	}
}

func TestCutTakesOnlyWhatCameLater(t *testing.T) {
	for _, c := range conversations(23, 300, monday) {
		r := record(t, c)
		at := r.Start.Add(2 * time.Second)
		got, err := CutRecord(r, at)
		if err != nil {
			t.Fatal(err)
		}
		if got.Sum() != sha256.Sum256(got.JSON) {
			t.Errorf("conversation %s has the hash of another text", r.ID)
		}
		if again, _ := CutRecord(got, at); !bytes.Equal(again.JSON, got.JSON) {
			t.Errorf("conversation %s changes when it is cut twice", r.ID)
		}
		if r.End.After(at) && (!got.End.IsZero() || bytes.Contains(got.JSON, []byte("conversationEnd"))) {
			t.Errorf("conversation %s has ended at %v", r.ID, at)
		}
		for s := range sessions(Cut(c, at)) {
			last := s.Segments[len(s.Segments)-1]
			if last.SegmentEnd == "" && (last.DisconnectType != "" || last.WrapUpCode != "" || s.Flow != nil && s.Flow.ExitReason != "") {
				t.Errorf("session %s says how it ended while it goes on", s.SessionID)
			}
		}
		if Cut(c, r.Start.Add(-time.Millisecond)) != nil {
			t.Errorf("conversation %s is there before it starts", r.ID)
		}
	}
}

// A record with a value that does not fit is cut like any other, without that value.
func TestCutRecordLeavesOutWhatDoesNotFit(t *testing.T) {
	r, err := wire.Record([]byte(`{"conversationId":"c","conversationStart":"2026-11-01T00:00:00.000Z","conversationEnd":"2026-11-01T02:00:00.000Z",` +
		`"externalTag":5,"divisionIds":["d",null],"participants":[{"sessions":[{"segments":[{"segmentStart":"2026-11-01T00:00:00.000Z","queueId":7}]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	cut, err := CutRecord(r, r.Start.Add(time.Hour))
	want := `{"conversationId":"c","conversationStart":"2026-11-01T00:00:00.000Z","divisionIds":["d"],"participants":[{"sessions":[{"segments":[{"segmentStart":"2026-11-01T00:00:00.000Z"}]}]}]}`
	if err != nil || string(cut.JSON) != want || !cut.End.IsZero() {
		t.Errorf("got %s, %v\nwant %s", cut.JSON, err, want)
	}
}
