package conversation_test

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// tree makes a conversation of lines, one a session: "purpose user media direction", then its segments as
// "type@start-end" with "/queue" and "/queue/code" where they have these, then its metrics as "name=at". A dash is
// nothing, and a line that begins with + is another session of the participant before. Times are milliseconds.
func tree(text string) *conversation.Conversation {
	c := new(conversation.Conversation)
	word := func(s string) string { return strings.Trim(s, "-") }
	at := func(s string) string {
		if s == "" {
			return ""
		}
		ms, _ := strconv.ParseInt(s, 10, 64)
		return conversation.FormatTime(time.UnixMilli(1_700_000_000_000 + ms))
	}
	for line := range strings.Lines(strings.TrimSpace(text)) {
		words := strings.Fields(line)
		if words[0] != "+" {
			c.Participants = append(c.Participants, conversation.Participant{Purpose: word(words[0]), UserID: word(words[1])})
		}
		s := conversation.Session{MediaType: word(words[2]), Direction: word(words[3])}
		for _, w := range words[4:] {
			if name, when, ok := strings.Cut(w, "="); ok {
				s.Metrics = append(s.Metrics, conversation.Metric{Name: name, EmitDate: at(when)})
				continue
			}
			parts := append(strings.Split(w, "/"), "", "")
			kind, span, _ := strings.Cut(parts[0], "@")
			from, to, _ := strings.Cut(span, "-")
			s.Segments = append(s.Segments, conversation.Segment{SegmentType: kind, SegmentStart: at(from), SegmentEnd: at(to), QueueID: parts[1], WrapUpCode: parts[2]})
		}
		p := &c.Participants[len(c.Participants)-1]
		p.Sessions = append(p.Sessions, s)
	}
	return c
}

// millis is a time of tree; - for none.
func millis(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return strconv.FormatInt(t.UnixMilli()-1_700_000_000_000, 10)
}

func TestSummary(t *testing.T) {
	list := func(v []string) string { return strings.Join(v, ",") }
	direction := func(s conversation.Summary) string { return s.Direction }
	media := func(s conversation.Summary) string { return s.MediaType + " of " + list(s.MediaTypes) }
	queues := func(s conversation.Summary) string { return list(s.QueueIDs) }
	users := func(s conversation.Summary) string { return list(s.UserIDs) }
	codes := func(s conversation.Summary) string { return list(s.WrapUpCodes) }
	abandoned := func(s conversation.Summary) string { return strconv.FormatBool(s.Abandoned) }
	times := func(s conversation.Summary) string {
		return millis(s.FirstSegment) + " " + millis(s.LastSegment) + " " + millis(s.CustomerEnd)
	}
	counts := func(s conversation.Summary) string {
		return fmt.Sprint(s.Sessions, s.Segments, s.Metrics, s.Attributes)
	}
	for _, c := range []struct {
		name, text string
		get        func(conversation.Summary) string
		want       string
	}{
		{"the outside came in", "customer - voice inbound", direction, "inbound"},
		{"the outside was called", "external - voice outbound", direction, "outbound"},
		{"both", "customer - voice inbound\nexternal - voice outbound", direction, "both"},
		{"both in one participant", "customer - voice outbound\n+ - voice inbound", direction, "both"},
		{"twice the same", "customer - voice inbound\nexternal - voice inbound", direction, "inbound"},
		{"inside does not count", "agent u voice outbound\nacd - voice inbound\ncustomer - voice -", direction, "originating"},
		{"another direction", "customer - voice sideways", direction, "originating"},
		{"nobody", "acd - - -", direction, "originating"},

		{"first outside by time", "agent u email - interact@1-2\ncustomer - voice - interact@30-40\nexternal - chat - interact@20-30", media, "chat of email,chat,voice"},
		{"no outside", "agent u email - interact@30-40\nacd - voice - interact@20-30", media, "voice of voice,email"},
		{"at one time the first listed", "customer - voice - x@5-6\nexternal - chat - x@5-6", media, "voice of voice,chat"},
		{"each once", "customer - voice - x@5-6\n+ - voice - x@1-2\n+ - chat - x@3-4", media, "voice of voice,chat"},
		{"by the first segment listed", "customer - voice - x@5-6 x@1-2\n+ - chat - x@3-4", media, "chat of chat,voice"},
		{"without segments first", "customer - voice - x@5-6\n+ - chat -", media, "chat of chat,voice"},
		{"outside without media", "customer - - - x@1-2\nagent u voice - x@3-4", media, "voice of voice"},
		{"none", "customer - - - x@1-2", media, " of "},

		{"queues in order of time", "acd - - - x@9-10/q3\nagent - - - x@1-2/q1 x@5-6/q2\nacd - - - x@20-21/q1", queues, "q1,q2,q3"},
		{"queues of others do not count", "customer - - - x@1-2/q1\nuser u - - x@1-2/q2\nivr - - - x@1-2/q3\nacd - - - x@5-6", queues, ""},
		{"users who interacted", "agent u1 - - interact@5-6\nuser u2 - - alert@0-1 interact@1-2\nagent u1 - - interact@9-10", users, "u2,u1"},
		{"users who did not", "agent u1 - - alert@1-2\ncustomer u2 - - interact@1-2\nexternal u3 - - interact@1-2\nagent - - - interact@1-2\nuser u4 - - wrapup@1-2", users, ""},
		{"codes in order of time", "agent u - - x@9-10//late x@10-11\ncustomer - - - x@1-2//early x@3-4//late", codes, "early,late"},

		{"abandoned", "acd - - - x@1-2 tAbandon=2", abandoned, "true"},
		{"not abandoned", "acd - - - x@1-2 tAcd=2 nOffered=1 tAnswered=5", abandoned, "false"},
		{"answered after it", "acd - - - x@1-2 tAbandon=5\nagent u - - x@1-2 tAnswered=6", abandoned, "false"},
		{"answered at that instant", "acd - - - x@1-2 tAbandon=5\nagent u - - x@1-2 tAnswered=5", abandoned, "true"},
		{"answered before it", "acd - - - x@1-2 tAbandon=5\nagent u - - x@1-2 tAnswered=4", abandoned, "true"},
		{"answered between two", "acd - - - x@1-2 tAbandon=5 tAbandon=9\nagent u - - x@1-2 tAnswered=7", abandoned, "true"},
		{"answered before and after", "acd - - - x@1-2 tAbandon=5\nagent u - - x@1-2 tAnswered=7 tAnswered=3", abandoned, "false"},

		{"from first to last", "customer - - - x@10-20 x@5-7\nagent u - - x@20-30", times, "5 30 20"},
		{"the outside's last end", "customer - - - x@10-20 x@20-25\nexternal - - - x@5-40 x@40-41\nagent u - - x@20-30", times, "5 41 41"},
		{"a segment is open", "customer - - - x@10-20\nagent u - - x@20-30 x@30-", times, "10 - 20"},
		{"the outside is open", "customer - - - x@10-20 x@20-\nagent u - - x@20-30", times, "10 - 20"},
		{"a segment without a start", "customer - - - x@-20\nagent u - - x@15-30", times, "15 30 20"},
		{"no segments", "customer - - -", times, "- - -"},

		{"numbers", "customer - - - x@1-2 tA=1\n+ - - - x@1-2 x@2-3\nagent u - - x@1-2 tA=1 tB=2", counts, "3 4 3 0"},
	} {
		conv := tree(c.text)
		conv.OriginatingDirection = "originating"
		if got := c.get(conversation.Summarize(conv)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	attributes := &conversation.Conversation{Participants: []conversation.Participant{{Attributes: map[string]string{"a": "", "b": ""}}, {}, {Attributes: map[string]string{"a": ""}}}}
	if got := conversation.Summarize(attributes); got.Attributes != 3 {
		t.Errorf("%d attributes, want 3", got.Attributes)
	}
	if got := conversation.Summarize(new(conversation.Conversation)); !reflect.DeepEqual(got, conversation.Summary{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

// A record may name as many queues as it has segments, and each is listed once.
func TestSummaryOfManyQueues(t *testing.T) {
	const many = 150_000
	s := conversation.Session{MediaType: "voice"}
	for n := range many { // each comes twice
		s.Segments = append(s.Segments, conversation.Segment{SegmentType: "interact", QueueID: strconv.Itoa(n % (many / 2)), SegmentStart: "2026-11-08T10:00:00.000Z"})
	}
	c := &conversation.Conversation{Participants: []conversation.Participant{{Purpose: "acd", Sessions: []conversation.Session{s}}}}
	if got := conversation.Summarize(c).QueueIDs; len(got) != many/2 || got[0] != "0" || got[many/2-1] != strconv.Itoa(many/2-1) {
		t.Errorf("got %d queues", len(got))
	}
}

func TestRecordsInOrder(t *testing.T) {
	at := func(id conversation.ID, second int64) conversation.Record {
		return conversation.Record{ID: id, Start: time.Unix(second, 0)}
	}
	sorted := []conversation.Record{at("b", 1), at("B", 2), at("a", 2), at("b", 2), at("a", 3)}
	for i, a := range sorted {
		for j, b := range sorted {
			if got := conversation.Compare(a, b); got < 0 != (i < j) || got > 0 != (i > j) {
				t.Errorf("%s at %v against %s at %v: %d", a.ID, a.Start, b.ID, b.Start, got)
			}
		}
	}
	mixed := slices.Clone(sorted)
	slices.Reverse(mixed)
	if slices.SortFunc(mixed, conversation.Compare); !reflect.DeepEqual(mixed, sorted) {
		t.Errorf("got %v", mixed)
	}
	for when, want := range map[string]string{"2026-11-01T23:59:59.999Z": "2026-11-01", "2026-11-02T00:00:00Z": "2026-11-02", "1969-12-31T23:59:59.999Z": "1969-12-31"} {
		start, err := conversation.ParseTime(when)
		if r := (conversation.Record{Start: start}); err != nil || r.Day().String() != want {
			t.Errorf("%s is of %v, %v", when, r.Day(), err)
		}
	}
}
