package get

import (
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim"
)

var start = time.Date(2026, 11, 8, 10, 0, 0, 0, time.UTC)

func at(after time.Duration) string { return conversation.FormatTime(start.Add(after)) }

// offered is a call that many agents were offered at once, and the last one took.
func offered(agents int) *conversation.Conversation {
	segment := func(kind string, from, to time.Duration, how string) conversation.Segment {
		return conversation.Segment{SegmentType: kind, SegmentStart: at(from), SegmentEnd: at(to), DisconnectType: how, QueueID: "q"}
	}
	session := func(s ...conversation.Segment) []conversation.Session {
		return []conversation.Session{{MediaType: "voice", Direction: "inbound", Segments: s}}
	}
	c := &conversation.Conversation{ConversationID: "c", ConversationStart: at(0), ConversationEnd: at(time.Minute)}
	c.Participants = append(c.Participants,
		conversation.Participant{Purpose: "customer", ParticipantName: "Ann \x1b[31m\nBee", Sessions: session(segment("interact", 0, time.Minute, "endpoint"))},
		conversation.Participant{Purpose: "acd", ParticipantName: strings.Repeat("Sales ", 30), Sessions: session(segment("interact", 0, 30*time.Second, "transfer"))})
	for n := range agents {
		from := time.Duration(n) * 20 * time.Second / time.Duration(agents)
		c.Participants = append(c.Participants, conversation.Participant{Purpose: "agent", UserID: "u" + strconv.Itoa(n), Sessions: session(segment("alert", from, from+5*time.Second, "client"))})
	}
	c.Participants = append(c.Participants, conversation.Participant{
		Purpose: "agent", UserID: "last", Sessions: session(segment("alert", 25*time.Second, 30*time.Second, ""), segment("interact", 30*time.Second, time.Minute, "peer")),
	})
	return c
}

// No line is wider than the terminal, however long names are, and nothing that a record says is obeyed by a terminal.
func TestLinesKeepToTheWidth(t *testing.T) {
	day, err := conversation.ParseDay("2026-11-03")
	if err != nil {
		t.Fatal(err)
	}
	all := []*conversation.Conversation{offered(3), offered(100), {ConversationID: "none"}}
	for c := range sim.New(sim.Config{Seed: 9, PerDay: 40}).Day(day) {
		all = append(all, c)
	}
	for _, width := range []int{narrowest, 80, 133, 300} {
		for _, c := range all {
			for _, why := range []bool{false, true} {
				for line := range strings.Lines(shown(t, c, Options{Width: width, Why: why})) {
					line = strings.TrimSuffix(line, "\n")
					if utf8.RuneCountInString(line) > width || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) {
						t.Fatalf("%s, width %d: %q", c.ConversationID, width, line)
					}
				}
			}
		}
	}
}

// A terminal that is narrower than any account can be gets the narrowest one.
func TestNarrowTerminals(t *testing.T) {
	if got, want := shown(t, offered(2), Options{Width: 10}), shown(t, offered(2), Options{Width: narrowest}); got != want {
		t.Errorf("got %s", got)
	}
}

// Two thousand agents who were rung are one bar, whose height says how many were rung at a time.
func TestTwoThousandParticipants(t *testing.T) {
	text := shown(t, offered(2000), Options{Width: 100})
	_, chart, _ := strings.Cut(text, "Who did what when")
	chart, _, _ = strings.Cut(chart, "Phases")
	if strings.Count(chart, "\n") > 15 || !strings.Contains(chart, "2000 of agent ") || !strings.Contains(chart, "▁▂▂") {
		t.Errorf("got %s", chart)
	}
}

// What each bar shows is where it was on the axis: the agent's talk is the second half, and the customer is there throughout.
func TestBars(t *testing.T) {
	text := shown(t, offered(1), Options{Width: 80})
	bar := func(label string) string {
		for line := range strings.Lines(text) {
			if rest, ok := strings.CutPrefix(line, "  "+label+" "); ok && strings.ContainsAny(rest, "─█░:") {
				return strings.TrimSpace(rest)
			}
		}
		return ""
	}
	customer, agent := bar("Caller"), bar("Agent last")
	whole, talk := strings.Count(customer, "─"), strings.Count(agent, "█")
	if !strings.HasSuffix(customer, "|") || whole < 40 || talk*2 < whole-2 || talk*2 > whole+2 {
		t.Errorf("the caller is there for %d characters and the agent talks for %d: %s", whole, talk, text)
	}
}

// Metrics that differ are printed with both numbers; those that agree only where the rules were asked for.
func TestWhatDisagreesIsMarked(t *testing.T) {
	c := offered(0)
	agent := &c.Participants[2].Sessions[0]
	agent.Metrics = []conversation.Metric{{Name: "tAlert", Value: 5000, EmitDate: at(30 * time.Second)}, {Name: "tTalkComplete", Value: 29000, EmitDate: at(time.Minute)}}
	text := shown(t, c, Options{Width: 120})
	for _, want := range []string{"= tAlert", "!= tTalkComplete, which is 29 s (29000 ms against 30000 ms)", "!= 30000 ms of talk", "The record contradicts itself"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q: %s", want, text)
		}
	}
	if listed := "tAlert         5000 ms"; strings.Contains(text, listed) || !strings.Contains(shown(t, c, Options{Width: 120, Why: true}), listed) {
		t.Errorf("got %s", text)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"one two three", 7, "one two|three"}, {"one two three", 13, "one two three"}, {"", 5, ""}, {"abcdefghijk l", 4, "abcd|efgh|ijk|l"}, {"x abcdefgh", 4, "x|abcd|efgh"},
	} {
		if got := strings.Join(wrap(c.text, c.width), "|"); got != c.want {
			t.Errorf("%q by %d: %q", c.text, c.width, got)
		}
	}
	if got := clip("größer", 4); got != "grö…" || clip("größer", 6) != "größer" {
		t.Errorf("got %q", got)
	}
}

// A hold of no length is told as one, whatever else its agent did, and a time that lies centuries before its start stops nobody.
func TestHoldsAndLengthsThatAreNone(t *testing.T) {
	c := offered(0)
	s := &c.Participants[2].Sessions[0]
	s.Segments = []conversation.Segment{{SegmentType: "hold", SegmentStart: at(0), SegmentEnd: at(0)}}
	c.ConversationStart, c.ConversationEnd = "9999-01-01T00:00:00.000Z", "1000-01-01T00:00:00.000Z"
	text := shown(t, c, Options{Width: 100})
	for _, want := range []string{"held 0 ms in 1", "lasted        -106751 d 23 h"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// A word of a million characters, as a file that somebody wrote in a note, is cut into lines in one pass, and none of it is lost.
func TestAWordOfAFile(t *testing.T) {
	word := strings.Repeat("né", 500_000)
	lines := wrap("a "+word+" b", 30)
	if whole := strings.Join(lines, ""); strings.ReplaceAll(whole, " ", "") != "a"+word+"b" || len(lines) != 33_335 {
		t.Errorf("got %d lines of %d bytes", len(lines), len(whole))
	}
}
