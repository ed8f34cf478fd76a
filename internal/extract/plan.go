package extract

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
)

// Plan says which of the wanted days will be extracted.
type Plan struct {
	Source       Identity           // which platform it is
	Available    time.Time          // the platform says that its data is complete up to here
	Now          time.Time          // by our own clock
	Whole        int                // wanted days that the lake has whole, and that are left alone
	Days         []conversation.Day // wanted days to extract, in order
	Again        []conversation.Day // of those, that the lake has whole already
	NotAvailable []conversation.Day // wanted days that do not end before Available, or have not ended yet
	Missing      []conversation.Day // wanted days that the platform's own data never had, as it says
	Interrupted  stage.RunID        // run that was interrupted, and not ended since; empty if there is none. Plan sets it
	Resumes      bool               // it is gone on with; else it is given up. Plan sets it
}

// Ahead is by how much the platform's date lies after our clock, in seconds; 0 if it does not.
func (p Plan) Ahead() int64 { return max(0, p.Available.Unix()-p.Now.Unix()) }

// complete is up to where the platform's data can be complete. A date ahead of our clock, as a defect of one night may give,
// says nothing of what there was to read: by it a day would count as settled that was read the day after.
func (p Plan) complete() time.Time { return minTime(p.Available, p.Now) }

// Plan asks the platform and the lake what there is to do, and changes nothing. It refuses what Run refuses, but for a lake
// that may only be read: that is enough to plan.
func (e *Extraction) Plan(ctx context.Context) (Plan, error) {
	known, err := Known(ctx, e.cfg.Control)
	if err != nil {
		return Plan{}, err
	}
	var last run
	if err := openRun(ctx, e.cfg.Control, func(r run) { last = r }); err != nil {
		return Plan{}, err
	}
	p, err := e.makePlan(ctx, known, last)
	if err != nil || last.id == "" {
		return p, err
	}
	e.plan, e.source, p.Interrupted = p, p.Source, last.id
	p.Resumes, err = e.continues(ctx, last)
	return p, err
}

// openRun gives the run that was not ended, if there is one. It changes nothing.
func openRun(ctx context.Context, control *state.DB, give func(run)) error {
	return control.View(ctx, func(db *state.DB) error {
		version, err := db.Version(ctx, schema)
		if err != nil || version < len(schema.Steps) { // no extraction of this version has been here
			return err
		}
		r, err := store{db}.openRun(ctx)
		give(r)
		return err
	})
}

// makePlan plans for a lake that knows its source, with last being the run that was interrupted in it, if one was.
func (e *Extraction) makePlan(ctx context.Context, known Identity, last run) (p Plan, err error) {
	p = Plan{Days: []conversation.Day{}, Again: []conversation.Day{}, NotAvailable: []conversation.Day{}, Missing: []conversation.Day{}, Now: e.cfg.Now()}
	if !e.cfg.FromFirst && !e.cfg.ToLast {
		if err := e.cfg.validate(); err != nil {
			return p, err
		}
	}
	if p.Source, err = e.identify(ctx, known); err != nil {
		return p, err
	}
	var missing []conversation.Day
	if p.Available, missing, err = e.cfg.Platform.Coverage(ctx); err != nil {
		return p, err
	}
	if err := e.bound(ctx, p); err != nil {
		return p, err
	}
	whole, err := e.whole(ctx, last, p.complete())
	if err != nil {
		return p, err
	}
	for day := e.cfg.First; day < e.cfg.End; day++ {
		switch {
		case whole[day] == leftAlone:
			p.Whole++
		case e.cfg.Recount:
			// Days that are not whole are for an extraction.
		case day.End().After(p.Available) || day.End().After(p.Now):
			// A day that has not ended by our own clock is not complete, whatever the platform says: a date in a far future
			// would make days whole, for ever, of which nothing can have happened yet.
			p.NotAvailable = append(p.NotAvailable, day)
		case contains(missing, day):
			p.Missing = append(p.Missing, day)
		default:
			p.Days = append(p.Days, day)
			if whole[day] == readAgain {
				p.Again = append(p.Again, day)
			}
		}
	}
	return p, nil
}

// bound finds out which days are wanted, where nobody said it.
func (e *Extraction) bound(ctx context.Context, p Plan) error {
	if e.cfg.ToLast {
		e.cfg.End = conversation.DayOf(p.complete())
	}
	if e.cfg.FromFirst {
		first, err := FirstDay(ctx, e.cfg.Lake, e.ledger)
		if err != nil {
			return err
		}
		if e.cfg.First = first; e.cfg.ToLast { // nothing is wanted where nothing is available
			e.cfg.End = max(e.cfg.End, first+1)
		}
	}
	if e.cfg.ToLast && e.cfg.End <= e.cfg.First {
		return fault.Field("--from", "the platform's data is complete up to %s, and nothing of %v or later is available yet", conversation.FormatTime(p.Available), e.cfg.First)
	}
	return e.cfg.validate()
}

// FirstDay is the first day that was ever asked for, or, where nobody has extracted, the first one that the lake has.
func FirstDay(ctx context.Context, l *lake.Lake, from ledger.Ledger) (conversation.Day, error) {
	known, err := from.Platform(ctx)
	if err != nil || known != (ledger.Platform{}) {
		return known.First, err
	}
	first, some, err := l.FirstDay(ctx)
	if err == nil && !some {
		err = fault.Field("--from", "the lake has no day yet: say by --from which is the first one wanted")
	}
	return first, err
}

// contains says whether a list in order has a day.
func contains(days []conversation.Day, day conversation.Day) bool {
	_, found := slices.BinarySearch(days, day)
	return found
}

func (c *Config) validate() error {
	if c.End <= c.First {
		return fault.Field("--to", "the end %v must lie after the start %v", c.End, c.First)
	}
	for flag, d := range map[string]conversation.Days{"--again": c.Again, "--accept-empty": c.AcceptEmpty} {
		if d.End > d.First && (d.First < c.First || d.End > c.End) {
			return fault.Field(flag, "%s %v must lie within the days from %v up to %v", flag, d, c.First, c.End)
		}
	}
	return nil
}

// wholeness of a day that the lake has whole.
type wholeness int

const (
	leftAlone wholeness = iota + 1
	readAgain
)

// whole gives the wanted days that the lake has whole. Those of --again are to be read again, but for those that the
// interrupted run has read already; so are those whose time has come by the policy.
func (e *Extraction) whole(ctx context.Context, last run, available time.Time) (map[conversation.Day]wholeness, error) {
	whole, err := e.cfg.Lake.Days(ctx, e.cfg.First, e.cfg.End)
	if err != nil {
		return nil, err
	}
	var read, due map[conversation.Day]bool
	resuming := last.id != "" && last.again == e.cfg.Again.String()
	if resuming && last.again != "" {
		err = e.store.db.View(ctx, func(db *state.DB) (err error) {
			if read, err = (store{db}).marked(ctx, last.id, markRead); err == nil {
				due, err = (store{db}).marked(ctx, last.id, markAgain)
			}
			return err
		})
	}
	settling, dueErr := e.due(ctx, available)
	if err := errors.Join(err, dueErr); err != nil {
		return nil, err
	}
	out := map[conversation.Day]wholeness{}
	for day := range whole {
		out[day] = leftAlone
		if settling[day] && !read[day] {
			out[day] = readAgain
		}
		// A day that the interrupted run made whole itself was not whole when it began.
		if e.cfg.Again.Has(day) && !read[day] && (!resuming || due[day]) {
			out[day] = readAgain
		}
	}
	return out, nil
}

// maxGrowth is how much longer than the last one a part may be: one quiet day says little about the next months.
const maxGrowth = 8

// nextPart is the stretch of consecutive planned days after those of the parts so far. Nobody knows beforehand how
// much a day holds, so it begins with one day and adapts to what the days so far held.
func (e *Extraction) nextPart() (part, bool) {
	from := e.run.covered()
	days := e.plan.Days
	for len(days) > 0 && days[0].Start().Before(from) {
		days = days[1:]
	}
	if len(days) == 0 {
		return part{}, false
	}
	span := e.span()
	n := 1
	for n < span && n < len(days) && days[n] == days[0]+conversation.Day(n) {
		n++
	}
	return newPart(days[0].Start(), days[n-1].End()), true
}

// span is how many days the next part should have.
func (e *Extraction) span() int {
	if e.spanned == 0 {
		return 1
	}
	fits := float64(math.MaxInt32)
	if e.perDay > 0 {
		fits = float64(e.cfg.Size.Job) / e.perDay
	}
	return max(1, int(min(fits, float64(e.spanned*maxGrowth))))
}

// learn takes what a part of whole days returned into account.
func (e *Extraction) learn(p part) {
	days := int(p.end.Sub(p.start) / (24 * time.Hour))
	if days > 0 {
		e.spanned, e.perDay = days, float64(p.received)/float64(days)
	}
}

// split gives the pieces of a part that was too much for the platform: two halves of several days, four quarters of a
// day, six hours of a quarter, four quarters of an hour. A quarter of an hour is not split.
func split(p part) []part {
	const day = 24 * time.Hour
	length := p.end.Sub(p.start)
	piece := length
	switch {
	case length > 24*time.Hour:
		piece = (length / 2).Truncate(day)
	case length > 6*time.Hour:
		piece = 6 * time.Hour
	case length > time.Hour:
		piece = time.Hour
	case length > 15*time.Minute:
		piece = 15 * time.Minute
	}
	var out []part
	for at := p.start; at.Before(p.end); at = at.Add(piece) {
		end := at.Add(piece)
		// The second half of an odd number of days takes the day that is left over.
		if end.After(p.end) || length > 24*time.Hour && len(out) == 1 {
			end = p.end
		}
		out = append(out, newPart(at, end))
		if end.Equal(p.end) {
			break
		}
	}
	return out
}

// carve gives the pieces that take the place of a part that is done when [start, end) has to be fetched again: that
// stretch anew, and what is left of the part on both sides, which is still done.
func carve(p part, start, end time.Time) []part {
	done := func(start, end time.Time) part {
		return part{start: start, end: end, frontier: end, ordered: true, done: true}
	}
	var out []part
	if p.start.Before(start) {
		out = append(out, done(p.start, start))
	} else {
		start = p.start
	}
	if end.Before(p.end) {
		return append(out, newPart(start, end), done(end, p.end))
	}
	return append(out, newPart(start, p.end))
}
