package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// live is a synchronous query over conversations that go on: it finds those whose lifetime overlaps an interval.
type live struct {
	records [][]byte // in order of start
	size    int      // of a page, if it is smaller than asked for
	asked   []conversation.Interval
	alter   func(n int, a *platform.Answer) // has the last word on an answer; n counts from 1
}

func (l *live) Found(ctx context.Context, iv conversation.Interval, number, size int) (a platform.Answer, err error) {
	l.asked = append(l.asked, iv)
	var found [][]byte
	for _, raw := range l.records {
		r, err := wire.Record(raw)
		if err != nil {
			return a, err
		}
		if iv.Overlaps(r.Start, r.End) {
			found = append(found, raw)
		}
	}
	a.TotalHits = int64(len(found))
	if l.size > 0 {
		size = min(size, l.size)
	}
	if low := (number - 1) * size; low < len(found) {
		a.Records = found[low:min(len(found), low+size)]
	}
	if l.alter != nil {
		l.alter(len(l.asked), &a)
	}
	return a, ctx.Err()
}

// ongoing makes conversations of twenty minutes that start every ten, from the beginning of the n-th day on.
func ongoing(n, count int, text string) (out [][]byte) {
	for i := range count {
		start := day(n).Start().Add(time.Duration(i) * 10 * time.Minute)
		out = append(out, platformtest.Record(fmt.Sprintf("live-%d-%03d", n, i), start, 20*time.Minute, text))
	}
	return out
}

// newTail prepares an extraction from a platform that has one day complete, at nine o'clock of the second one.
func newTail(t *testing.T, l *live) (*rig, *scripted) {
	t.Helper()
	s := &scripted{pages: func(_ int, iv conversation.Interval) []platform.Page {
		var p platform.Page
		for _, raw := range slices.Concat(ongoing(1, 144, "by the job"), ongoing(2, 144, "by the job")) {
			if r, _ := wire.Record(raw); iv.Contains(r.Start) {
				p.Records = append(p.Records, raw)
			}
		}
		return []platform.Page{p}
	}}
	r := newScripted(t, 0, s)
	r.onDay(s, 1)
	r.clock = day(2).Start().Add(9*time.Hour + time.Minute)
	r.cfg.ToLast, r.cfg.Tail = true, l
	return r, s
}

// What started after the last complete day comes by the query, each once; jobs bring it later, and take its place.
func TestTheTailIsStitched(t *testing.T) {
	unraced.Test(t)
	for name, l := range map[string]*live{
		"pages of a hundred": {},
		"pages of two":       {size: 2},
		"pages that shift": {size: 2, alter: func(n int, a *platform.Answer) {
			if n%3 == 0 && len(a.Records) > 1 {
				a.Records = slices.Repeat(a.Records[:1], 2) // the second one comes with another try
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l.records = ongoing(2, 54, "by the query")
			r, s := newTail(t, l)
			sum := r.mustRun()
			want := slices.Concat(ongoing(1, 144, "by the job"), ongoing(2, 54, "by the query"))
			r.wantRecords(want)
			if r.whole() != "1" || sum.Tail.Records != 54 || sum.Tail.From != "2026-10-02T00:00:00.000Z" || sum.Added != 144 {
				t.Errorf("whole %s, %+v, %+v", r.whole(), sum.Tail, sum)
			}
			if again := r.mustRun(); again.Tail.Unchanged != 54 || again.Tail.Added+again.Tail.Replaced != 0 {
				t.Errorf("again: %+v", again.Tail)
			}
			r.onDay(s, 2)
			l.records = ongoing(3, 5, "by the query")
			r.clock = day(3).Start().Add(time.Hour)
			r.mustRun()
			r.wantRecords(slices.Concat(ongoing(1, 144, "by the job"), ongoing(2, 144, "by the job"), ongoing(3, 5, "by the query")))
			if r.whole() != "1 2" || r.entries()[day(2)].Kept != 0 {
				t.Errorf("whole %s, %+v", r.whole(), r.entries()[day(2)])
			}
		})
	}
}

// A piece of which the query counts more than it reaches is asked for in halves, down to a minute.
func TestATailThatIsTooLarge(t *testing.T) {
	unraced.Test(t)
	l := &live{records: ongoing(2, 54, "by the query")}
	l.alter = func(_ int, a *platform.Answer) {
		if iv := l.asked[len(l.asked)-1]; iv.Duration() > 10*time.Minute {
			a.TotalHits = tailDepth + 1
		}
	}
	r, _ := newTail(t, l)
	if sum := r.mustRun(); sum.Tail.Records != 54 {
		t.Errorf("%+v", sum.Tail)
	}
	l.alter = func(_ int, a *platform.Answer) { a.TotalHits = tailDepth + 1 }
	if _, err := r.run(t.Context()); err == nil {
		t.Error("a minute that is too much is no failure")
	}
}

// Where pages go on behind the depth that they may have, because the server has its own size of them, shorter pieces are asked for.
func TestATailOfSmallPages(t *testing.T) {
	unraced.Test(t)
	l := &live{records: ongoing(2, 54, "by the query")}
	elsewhere := platformtest.Record("elsewhere", day(1).Start(), time.Hour, "")
	l.alter = func(_ int, a *platform.Answer) {
		if iv := l.asked[len(l.asked)-1]; iv.Start.Equal(day(2).Start()) && iv.Duration() == tailPiece {
			a.Records = [][]byte{elsewhere}
		}
	}
	r, _ := newTail(t, l)
	if sum := r.mustRun(); sum.Tail.Records != 54 || len(l.asked) < tailDepth/tailPage || len(sum.Warnings) != 0 {
		t.Errorf("%+v of %d questions, %q", sum.Tail, len(l.asked), sum.Warnings)
	}
	r.wantRecords(slices.Concat(ongoing(1, 144, "by the job"), ongoing(2, 54, "by the query")))
}

// What is counted and never given is told.
func TestATailThatFallsShort(t *testing.T) {
	l := &live{records: ongoing(2, 54, "by the query")}
	l.alter = func(_ int, a *platform.Answer) { a.TotalHits++ }
	r, _ := newTail(t, l)
	if sum := r.mustRun(); sum.Tail.Records != 54 || len(sum.Warnings) != 1 || !strings.Contains(sum.Warnings[0], "asked 3 times: 10;") {
		t.Errorf("%+v, %q", sum.Tail, sum.Warnings)
	}
}

// A tail that is interrupted is begun again, and leaves nothing behind.
func TestATailIsInterrupted(t *testing.T) {
	unraced.Test(t)
	for at := range 30 {
		l := &live{records: ongoing(2, 54, "by the query"), size: 3}
		r, _ := newTail(t, l)
		ctx, cancel := context.WithCancel(t.Context())
		l.alter = func(n int, _ *platform.Answer) {
			if n == at+1 {
				cancel()
			}
		}
		if _, err := r.run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("ended at question %d: %v", at+1, err)
		}
		cancel()
		r.mustRun()
		r.wantRecords(slices.Concat(ongoing(1, 144, "by the job"), ongoing(2, 54, "by the query")))
	}
}

// When the platform's date goes back, days that jobs have brought stay as they are: what the query gives of them has less.
func TestATailLeavesWholeDaysAlone(t *testing.T) {
	unraced.Test(t)
	l := &live{}
	r, s := newTail(t, l)
	r.cfg.Settle = ledger.DefaultPolicy()
	r.onDay(s, 2)
	r.clock = day(3).Start().Add(time.Hour)
	r.mustRun()
	r.onDay(s, 1)
	r.clock = day(3).Start().Add(time.Hour)
	r.cfg.ToLast, r.cfg.End = false, first+3
	l.records = slices.Concat(ongoing(2, 144, "by the query"), ongoing(3, 5, "by the query"))
	sum, err := r.run(t.Context())
	if !errors.Is(err, fault.Incomplete) || sum.Tail.Records != 5 || r.whole() != "1 2" {
		t.Errorf("%v, %+v", err, sum.Tail)
	}
	r.wantRecords(slices.Concat(ongoing(1, 144, "by the job"), ongoing(2, 144, "by the job"), ongoing(3, 5, "by the query")))
}

// Records of a tail are held against what those of jobs are, and told of as they are.
func TestATailIsHeldToTheSame(t *testing.T) {
	l := &live{}
	r, s := newTail(t, l)
	s.pages = nil
	strange := bytes.Replace(ongoing(2, 1, "")[0], []byte(`"unknown"`), []byte(`"stranger"`), 1)
	l.records = [][]byte{strange}
	r.cfg.Strict = true
	if _, err := r.run(t.Context()); !errors.Is(err, fault.Drifted) || len(r.records()) != 0 {
		t.Errorf("strictly: %v, %q", err, r.records())
	}
	r.cfg.Strict = false
	if sum := r.mustRun(); len(sum.Drift) != 1 || sum.Drift[0].Path != "stranger" {
		t.Errorf("drift %+v", sum.Drift)
	}
	l.records = ongoing(2, 3, "by the query")
	kind := fault.Drifted
	r.cfg.Door = func(raw []byte) (conversation.Record, error) {
		record, err := wire.Record(raw)
		if record.ID == "live-2-001" {
			err = fault.New(kind, "it is not wanted")
		}
		return record, err
	}
	if _, err := r.run(t.Context()); !errors.Is(err, fault.Drifted) {
		t.Errorf("deviating: %v", err)
	}
	kind = fault.Invalid
	if sum, err := r.run(t.Context()); !errors.Is(err, fault.Incomplete) || sum.Tail.Rejected != 1 || len(r.records()) != 2 {
		t.Errorf("set aside: %v, %+v", err, sum.Tail)
	}
}
