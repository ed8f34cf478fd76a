package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

// yearsDays is how many days a lake of three years has, up to the last one that is extracted elsewhere.
const yearsDays = 1_096

// yearsGoal is what status and a plan may take over it, and oneGoal what finding one of its conversations may.
const (
	yearsGoal = time.Second
	oneGoal   = 100 * time.Millisecond
)

// years measures what the size of a lake costs every day: status, a plan, telling of one conversation, and the night's commit of a
// day, against the same night into an empty lake.
func (b *bench) years() (err error) {
	perDay, night := b.yearsSize()
	dir := filepath.Join(b.dir, "years")
	if err := b.makeYears(dir, yearsDays, perDay, commitRecords); err != nil {
		return err
	}
	s, stop, err := b.sandbox("--days", "2", "--per-day", strconv.Itoa(night), "--steady", "--seed", strconv.Itoa(seed))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	what := fmt.Sprintf(", of %s days with %s conversations", thousands(yearsDays), thousands(int64(yearsDays*perDay)))
	inTheMiddle := shortID(first-yearsDays/2, 12*time.Hour)
	for _, asked := range []struct {
		name string
		args []string
		goal time.Duration
	}{
		{"status", []string{"status", "--lake", dir, "--json"}, yearsGoal},
		{"plan", []string{"extract", "--lake", dir, "--base-url", s.url, "--dry-run", "--json"}, yearsGoal},
		{"get", []string{"get", inTheMiddle, "--lake", dir, "--json"}, oneGoal},
	} {
		took, err := b.timed(asked.args...)
		if err != nil {
			return err
		}
		b.add(asked.name+what, took.String(), "goal "+seconds(asked.goal), times(asked.goal.Seconds(), took.wall.Seconds()))
	}
	return b.nights(s, dir, sized{1, night})
}

func (b *bench) yearsSize() (perDay, night int) {
	switch {
	case b.quick:
		return 10, 1_000
	case b.huge:
		return 10_000, 10_000
	case b.large:
		return 1_000, 10_000
	}
	return 100, 10_000
}

// timed runs a command some times, and gives the middle one.
func (b *bench) timed(args ...string) (ran, error) {
	var all []ran
	for range b.rounds() {
		_, r, err := finish(b.withClient(args...))
		if err != nil {
			return r, err
		}
		all = append(all, r)
	}
	return middle(all), nil
}

// nights extracts a day into the lake of three years, and into an empty one.
func (b *bench) nights(s *served, dir string, size sized) error {
	large, err := b.extractFrom(s, dir, size)
	if err != nil {
		return err
	}
	var empty extracted
	if err := b.fresh(func(dir string) (err error) {
		empty, err = b.extractFrom(s, dir, size)
		return err
	}); err != nil {
		return err
	}
	b.add(fmt.Sprintf("a night's %s conversations into it", thousands(int64(size.perDay))), large.String(), "an empty lake "+empty.String(),
		times(empty.wall.Seconds(), large.wall.Seconds()))
	b.add("  its processor time", seconds(large.cpu), "an empty lake "+seconds(empty.cpu), times(empty.cpu.Seconds(), large.cpu.Seconds()))
	b.add("  its peak memory", mebibytes(large.peak), "an empty lake "+mebibytes(empty.peak), times(empty.peak, large.peak))
	return nil
}

// makeYears makes a lake in which every day is whole, settled and counted. Its conversations are short, of one segment and one
// metric each: what is measured depends on how many there are. Every commit has so many records at least.
func (b *bench) makeYears(dir string, days conversation.Day, perDay, records int) (err error) {
	l, err := lake.Create(b.ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	w, err := l.Writer(b.ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	end := first + extractDays - 1
	for day := end - days; day < end; {
		days := daysOfCommit(day, end, perDay, records)
		if _, err := w.Commit(b.ctx, lake.Commit{Run: "years", At: end.Start(), Days: days, Records: short(days, perDay)}); err != nil {
			return err
		}
		day += conversation.Day(len(days))
	}
	return known(b.ctx, l.Control(), end-days, end, int64(perDay))
}

// commitRecords is how many records a commit of an extraction has at least.
const commitRecords = 50_000

// daysOfCommit lists the days that a commit has, as an extraction would cut them.
func daysOfCommit(from, end conversation.Day, perDay, records int) (days []conversation.Day) {
	for day := from; day < end && len(days)*perDay < records; day++ {
		days = append(days, day)
	}
	return days
}

// known enters into the ledger that all days were read and counted two months after.
func known(ctx context.Context, db *state.DB, begin, end conversation.Day, perDay int64) error {
	from := ledger.In(db)
	if err := from.Migrate(ctx); err != nil {
		return err
	}
	received := map[conversation.Day]int64{}
	for day := begin; day < end; day++ {
		received[day] = perDay
	}
	at := end.Start().AddDate(0, 3, 0)
	if err := db.Tx(ctx, func(tx *state.Tx) error { return ledger.Read(ctx, tx, "years", at, at, received) }); err != nil {
		return err
	}
	for day := range received {
		if err := from.Count(ctx, day, perDay, at); err != nil {
			return err
		}
	}
	if _, err := from.Saw(ctx, begin, end.Start(), end.Start()); err != nil {
		return err
	}
	return from.Follow(ctx, ledger.Rules{Policy: ledger.DefaultPolicy(), Tolerance: ledger.DefaultTolerance})
}

// short makes short records, in order of start.
func short(days []conversation.Day, perDay int) iter.Seq2[conversation.Version, error] {
	return func(yield func(conversation.Version, error) bool) {
		for _, day := range days {
			for n := range perDay {
				r, err := wire.Record(shortRecord(day, time.Duration(n)*24*time.Hour/time.Duration(perDay)))
				if !yield(conversation.Version{Record: r, Run: "years", At: day.End()}, err) || err != nil {
					return
				}
			}
		}
	}
}

// shortRecord is the record of a conversation that began so long after midnight.
func shortRecord(day conversation.Day, after time.Duration) []byte {
	start, id := shortStart(day, after), shortID(day, after)
	return fmt.Appendf(nil, `{"conversationId":"%s","conversationStart":"%s","conversationEnd":"%s","participants":[{"participantId":"%s","purpose":"customer",`+
		`"sessions":[{"sessionId":"%s","mediaType":"voice","segments":[{"segmentType":"interact","segmentStart":"%s","segmentEnd":"%s"}],`+
		`"metrics":[{"name":"nConnected","value":1,"emitDate":"%s"}]}]}]}`, id, start, start, id, id, start, start, start)
}

// shortID is the id of the conversation of a shortRecord. It follows from the start, and ids are spread as those of a platform are.
func shortID(day conversation.Day, after time.Duration) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(shortStart(day, after))).String()
}

func shortStart(day conversation.Day, after time.Duration) string {
	return conversation.FormatTime(day.Start().Add(after.Truncate(time.Millisecond)))
}
