package extract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/test/unraced"
)

// tellers tells of conversations by what it was given.
type tellers struct {
	tell  func(conversation.ID) (string, error)
	asked []conversation.ID
}

func (t *tellers) Live(ctx context.Context, id conversation.ID) ([]byte, error) {
	t.asked = append(t.asked, id)
	text, err := t.tell(id)
	return []byte(text), errors.Join(ctx.Err(), err)
}

// calls makes conversations of two participants, with or without attributes.
func calls(count int, note, attributes string) (out [][]byte) {
	for i := range count {
		start := conversation.FormatTime(day(2).Start().Add(time.Duration(i) * 10 * time.Minute))
		out = append(out, fmt.Appendf(nil, `{"conversationId":"call-%d","conversationStart":%q,"externalTag":%q,"participants":[{"participantId":"a","purpose":"external"%s},{"participantId":"b"}]}`,
			i, start, note, attributes))
	}
	return out
}

const object = `{"id":"x","participants":[{"id":"b","attributes":{}},{"attributes":{"k":"v","k":"w"},"id":"a"},{"id":"gone","attributes":{"x":"y"}}]}`

// What the tail brings has the attributes of the live objects, where they are; one is asked for once for each version of a record.
func TestTheTailHasAttributes(t *testing.T) {
	unraced.Test(t)
	l := &live{records: calls(30, "first", "")}
	r, _ := newTail(t, l)
	asked := &tellers{tell: func(conversation.ID) (string, error) { return object, nil }}
	r.cfg.Attributes = asked
	complete := func(note string) [][]byte {
		return slices.Concat(ongoing(1, 144, "by the job"), calls(30, note, `,"attributes":{"k":"v","k":"w"}`))
	}
	if sum := r.mustRun(); sum.Tail.Records != 30 || sum.Tail.Asked != 30 || len(sum.Warnings) != 0 {
		t.Errorf("%+v, %q", sum.Tail, sum.Warnings)
	}
	r.wantRecords(complete("first"))
	if sum := r.mustRun(); sum.Tail.Asked != 0 || sum.Tail.Unchanged != 30 {
		t.Errorf("run again: %+v", sum.Tail)
	}
	l.records = slices.Concat(calls(30, "second", "")[:1], l.records[1:])
	if sum := r.mustRun(); sum.Tail.Asked != 1 || sum.Tail.Replaced != 1 {
		t.Errorf("one has changed: %+v", sum.Tail)
	}
	want := complete("first")
	want[144] = complete("second")[144]
	r.wantRecords(want)
}

// Whatever keeps the platform from telling, the records come, without attributes; and when it tells, they come with them.
func TestAttributesThatAreNotTold(t *testing.T) {
	unraced.Test(t)
	for name, c := range map[string]struct {
		text  string
		err   error
		asked int // in the first run
		again int // in the second one, when all is well
		warns string
	}{
		"no such conversation": {"", fault.New(fault.NotFound, "gone"), 12, 12, ""},
		"no right":             {"", fault.New(fault.Forbidden, "conversation:communication:view"), mostMissed, 12, "conversation:communication:view"},
		"out of order":         {"", fault.New(fault.Unavailable, "503"), mostMissed, 12, "503"},
		"no object":            {"[]", nil, 12, 12, ""},
		"no JSON":              {"<html>", nil, 12, 12, ""},
		"none":                 {`{"participants":[{"id":"a"}]}`, nil, 12, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := &live{records: calls(12, "note", "")}
			r, _ := newTail(t, l)
			asked := &tellers{tell: func(conversation.ID) (string, error) { return c.text, c.err }}
			r.cfg.Attributes = asked
			sum := r.mustRun()
			if len(asked.asked) != c.asked || len(r.records()) != 156 {
				t.Errorf("asked for %d, %d records", len(asked.asked), len(r.records()))
			}
			if got := strings.Join(sum.Warnings, "\n"); (got == "") != (c.warns == "") || !strings.Contains(got, c.warns) {
				t.Errorf("warned %q", got)
			}
			asked.asked, asked.tell = nil, func(conversation.ID) (string, error) { return object, nil }
			r.mustRun()
			if len(asked.asked) != c.again {
				t.Errorf("again: asked for %d", len(asked.asked))
			}
		})
	}
	l := &live{records: calls(3, "note", "")}
	r, _ := newTail(t, l)
	r.cfg.Attributes = &tellers{tell: func(conversation.ID) (string, error) { return "", fault.New(fault.Unauthorized, "no token") }}
	if _, err := r.run(t.Context()); !errors.Is(err, fault.Unauthorized) {
		t.Errorf("got %v", err)
	}
}

// That some are refused, for their division or for what breaks the server, keeps no other from its attributes.
func TestAttributesOfSomeAreRefused(t *testing.T) {
	l := &live{records: calls(30, "note", "")}
	r, _ := newTail(t, l)
	n := 0
	r.cfg.Attributes = &tellers{tell: func(conversation.ID) (string, error) {
		if n++; n%mostMissed != 0 {
			return "", map[bool]error{true: fault.New(fault.Forbidden, "another division"), false: fault.New(fault.Unavailable, "500")}[n%2 == 0]
		}
		return object, nil
	}}
	sum := r.mustRun()
	if sum.Tail.Asked != 30 || len(sum.Warnings) != 1 || !strings.Contains(sum.Warnings[0], "came without attributes") {
		t.Errorf("%+v, %q", sum.Tail, sum.Warnings)
	}
	with := 0
	for _, text := range r.records() {
		if strings.Contains(text, `"attributes":`) {
			with++
		}
	}
	if with != 3 {
		t.Errorf("%d have attributes", with)
	}
}

// A page of conversations whose attributes are large is staged in several portions: together they may be gigabytes.
func TestAttributesAreNotHeldTogether(t *testing.T) {
	unraced.Test(t)
	l := &live{records: calls(3, "note", "")}
	r, _ := newTail(t, l)
	large := `{"participants":[{"id":"a","attributes":{"k":"` + strings.Repeat("v", tailHeld) + `"}}]}`
	asked := &tellers{}
	asked.tell = func(conversation.ID) (string, error) {
		var staged int
		err := r.cfg.Control.Row(t.Context(), `SELECT count(*) FROM stage_records`).Scan(&staged)
		if err != nil || staged != len(asked.asked)-1 {
			t.Errorf("%d asked for, %d staged, %v", len(asked.asked), staged, err)
		}
		return large, nil
	}
	r.cfg.Attributes = asked
	if sum := r.mustRun(); sum.Tail.Added != 3 {
		t.Errorf("%+v", sum.Tail)
	}
}

// A record counts as asked for when it is in the lake, not before.
func TestAttributesAreInterrupted(t *testing.T) {
	unraced.Test(t)
	for at := 1; at <= 8; at++ {
		l := &live{records: calls(6, "note", ""), size: 2}
		r, _ := newTail(t, l)
		r.cfg.Size.Commit = 2
		ctx, cancel := context.WithCancel(t.Context())
		asked := &tellers{}
		asked.tell = func(conversation.ID) (string, error) {
			if len(asked.asked) == at {
				cancel()
			}
			return object, nil
		}
		r.cfg.Attributes = asked
		if _, err := r.run(ctx); (err != nil) != (at <= 6) {
			t.Errorf("ended at question %d: %v", at, err)
		}
		cancel()
		r.mustRun()
		r.wantRecords(slices.Concat(ongoing(1, 144, "by the job"), calls(6, "note", `,"attributes":{"k":"v","k":"w"}`)))
	}
}
