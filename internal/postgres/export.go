package postgres

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/wait"
)

// Job is an export of days of a lake.
type Job struct {
	Snapshot *lake.Snapshot
	Within   conversation.Days // of these days; none are all
	Again    bool              // days too that are in the copy as they are
	Report   func(Progress)    // told of each day; may be nil
}

// Progress says how far an export is.
type Progress struct {
	Day  conversation.Day
	Done int64 // conversations
	All  int64
}

// Summary says what an export did, or would do.
type Summary struct {
	Days   int `json:"days"`           // that were copied
	Before int `json:"days_unchanged"` // in the copy as they are, and left alone
	Gone   int `json:"days_removed"`   // that the lake does not have any more
	Outcome

	Seconds float64 `json:"seconds"`
}

// A day is tried so often when the connection is lost, after a pause that doubles: half a minute in all, in which a server has
// started again.
const (
	tries = 6
	pause = time.Second
)

// Export copies the days that are not in the copy as they are in the lake, and removes those that the lake does not have.
func (c *Copy) Export(ctx context.Context, job Job) (s Summary, err error) {
	begun := time.Now()
	defer func() { s.Seconds = time.Since(begun).Seconds() }()
	done, err := c.Done(ctx)
	if err != nil {
		return s, err
	}
	var due []Day
	var p Progress
	for _, day := range job.days(done) {
		if done[day.Day].Has(day) && !job.Again {
			s.Before++
			continue
		}
		due = append(due, day)
		p.All += day.conversations()
	}
	for _, day := range due {
		p.Day = day.Day
		if job.Report != nil {
			job.Report(p)
		}
		if err := job.verify(ctx, day); err != nil {
			return s, err
		}
		var of Outcome
		if !c.cfg.DryRun {
			if of, err = c.put(ctx, day, done[day.Day], job.Again); err != nil {
				return s, err
			}
		}
		s.Add(of)
		if p.Done += day.conversations(); len(day.Files) == 0 {
			s.Gone++
		} else {
			s.Days++
		}
	}
	return s, nil
}

// put puts a day. When the connection is lost it is made again, for as long as that may help: nothing of the day is there then.
func (c *Copy) put(ctx context.Context, day Day, done Done, again bool) (of Outcome, err error) {
	if again {
		done = Done{}
	}
	for try := range tries {
		if try > 0 {
			if err := wait.For(ctx, pause<<(try-1)); err != nil {
				return of, err
			}
			err = c.connect(ctx)
		}
		if err == nil {
			of, err = c.Put(ctx, day, done)
		}
		if !errors.Is(err, fault.Unavailable) || !c.conn.IsClosed() {
			break
		}
	}
	return of, err
}

// days are those of the lake, and those that the copy has and the lake has not, in order.
func (j Job) days(done map[conversation.Day]Done) (out []Day) {
	all := map[conversation.Day]Day{}
	wanted := func(day conversation.Day) bool { return j.Within.Len() == 0 || j.Within.Has(day) }
	for _, t := range tables.All() {
		for _, f := range j.Snapshot.Files(t) {
			if !wanted(f.Day) {
				continue
			}
			d, has := all[f.Day]
			if !has {
				d = Day{Day: f.Day, Files: map[tables.Table][]datafile.File{}}
			}
			d.Files[t] = append(d.Files[t], f)
			all[f.Day] = d
		}
	}
	for day := range done {
		if _, has := all[day]; !has && wanted(day) {
			all[day] = Day{Day: day}
		}
	}
	for _, day := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[day])
	}
	return out
}

// verify looks whether the files of a day are there, before anything of it is written.
func (j Job) verify(ctx context.Context, day Day) error {
	return j.Snapshot.VerifyDays(ctx, map[conversation.Day]bool{day.Day: true})
}
