package extract

import (
	"context"
	"math"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Plan says which of the wanted days will be extracted.
type Plan struct {
	Available    time.Time          // the platform's data is complete up to here
	Whole        int                // wanted days that the lake has whole
	Days         []conversation.Day // wanted days to extract, in order
	NotAvailable []conversation.Day // wanted days that do not end before Available
}

// Plan asks the platform and the lake what there is to do, and changes nothing.
func (e *Extraction) Plan(ctx context.Context) (Plan, error) { return e.makePlan(ctx) }

func (e *Extraction) makePlan(ctx context.Context) (_ Plan, err error) {
	p := Plan{Days: []conversation.Day{}, NotAvailable: []conversation.Day{}}
	if e.cfg.End <= e.cfg.First {
		return p, fault.Field("--to", "the end %v must lie after the start %v", e.cfg.End, e.cfg.First)
	}
	if p.Available, err = e.cfg.Source.Availability(ctx); err != nil {
		return p, err
	}
	whole, err := e.cfg.Lake.Days(ctx, e.cfg.First, e.cfg.End)
	if err != nil {
		return p, err
	}
	for day := e.cfg.First; day < e.cfg.End; day++ {
		switch {
		case whole[day]:
			p.Whole++
		case day.End().After(p.Available):
			p.NotAvailable = append(p.NotAvailable, day)
		default:
			p.Days = append(p.Days, day)
		}
	}
	return p, nil
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
// day, six hours of a quarter. An hour is not split.
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
