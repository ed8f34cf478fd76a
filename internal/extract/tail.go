package extract

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/load"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
)

// Finder is the synchronous query, by which the tail is brought.
type Finder interface {
	// Found gives a page of the conversations of iv in order of conversationStart; number counts from 1.
	Found(ctx context.Context, iv conversation.Interval, number, size int) (platform.Answer, error)
}

// Tail says what was brought of the days that the platform does not have complete yet.
type Tail struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Pages   int64  `json:"pages"`
	Records int64  `json:"records"`                   // conversations that started in that time
	Asked   int64  `json:"attributes_asked,omitzero"` // of so many conversations
	load.Counts
}

// The platform's limits of the synchronous query, and what follows from them.
// Source: facts of the API, section 5.2.
const (
	tailPage  = 100     // conversations a page
	tailDepth = 100_000 // conversations that the pages of a question reach
	tailPiece = time.Hour
	leastTail = time.Minute // a piece that has more than that depth is halved, down to here
	tailLag   = time.Minute // what has just started is not asked for: it appears within seconds, and pages would shift
	tailTries = 3           // readings of a piece of which fewer conversations came than the platform counts
	tailHeld  = 16 << 20    // bytes that are held before they are staged: a record with its attributes may have 64 MiB
)

// tailPrefix tells the runs of tails, which are not resumed, from those of jobs.
const tailPrefix = "tail-"

// tail brings the conversations that started after the last day that the platform has complete, by the synchronous query.
// They are provisional: their days are not whole, their records have no attributes, and those of a job take their place
// when the platform has the day complete. What is interrupted is begun again.
func (e *Extraction) tail(ctx context.Context) (err error) {
	if e.cfg.Tail == nil {
		return nil
	}
	from, until := max(conversation.DayOf(e.plan.complete()), e.cfg.First).Start(), e.cfg.Now().Add(-tailLag)
	if !e.cfg.ToLast {
		until = minTime(until, e.cfg.End.Start())
	}
	e.tailed.From, e.tailed.To = conversation.FormatTime(from), conversation.FormatTime(until)
	if !from.Before(until) {
		e.tailed.To = e.tailed.From
		return nil
	}
	if err := e.forgetTails(ctx); err != nil {
		return err
	}
	t := &tail{Extraction: e, run: e.tailRun(), asked: attributes{store: e.store, of: e.cfg.Attributes, given: map[conversation.ID]given{}}}
	if err := t.asked.forget(ctx, conversation.DayOf(from)); err != nil {
		return err
	}
	if t.stage, err = e.openStage(ctx, t.run); err != nil {
		return err
	}
	if t.whole, err = e.cfg.Lake.Days(ctx, conversation.DayOf(from), conversation.DayOf(until)+1); err != nil {
		return err
	}
	t.loader = load.New(e.cfg.Lake, string(t.run), max(e.cfg.Wait, load.Patience), e.cfg.Log)
	t.loader.Strict = e.cfg.Strict
	err = t.bring(ctx, from, until)
	e.tailed.Asked = t.asked.asked
	if t.short > 0 {
		e.warn(ctx, "the synchronous query counted conversations of the days that are not complete yet, and did not give them, though it was asked %d times: %d; jobs bring them", tailTries, t.short)
	}
	if why := t.asked.failed; why != nil {
		e.warn(ctx, "conversations of the days that are not complete yet came without attributes, which the platform did not give: %v", why)
	}
	return errors.Join(err, t.loader.Wait(ctx), t.stage.Discard(ctx))
}

// tailRun is the run of the tail, for what is kept by run.
func (e *Extraction) tailRun() stage.RunID { return stage.RunID(tailPrefix + string(e.run.id)) }

// forgetTails removes what tails that were interrupted have staged.
func (e *Extraction) forgetTails(ctx context.Context) error {
	return stage.Clean(ctx, e.cfg.Control, e.cfg.Lake.Store(), func(run stage.RunID) bool { return strings.HasPrefix(string(run), tailPrefix) })
}

// tail is one that is being brought.
type tail struct {
	*Extraction

	run    stage.RunID
	stage  *stage.Stage
	loader *load.Loader
	// whole are the days that jobs have brought, as there are after the platform's date has gone back: what they brought has
	// attributes, and what the query gives is received later.
	whole map[conversation.Day]bool
	asked attributes
	short int64 // conversations that the query counted and did not give
}

func (t *tail) bring(ctx context.Context, from, until time.Time) error {
	for at := from; at.Before(until); at = at.Add(tailPiece) {
		if t.whole[conversation.DayOf(at)] {
			continue
		}
		if err := t.piece(ctx, at, minTime(until, at.Add(tailPiece))); err != nil {
			return err
		}
		if n, err := t.stage.Count(ctx, stage.EveryDay); err != nil || n >= t.cfg.Size.Commit {
			if err := errors.Join(err, t.commit(ctx)); err != nil {
				return err
			}
		}
	}
	return t.commit(ctx)
}

// piece stages what started in [start, end). A piece that is more than the query reaches is brought in halves.
func (t *tail) piece(ctx context.Context, start, end time.Time) error {
	for try := 1; ; try++ {
		got, of, err := t.pages(ctx, start, end)
		switch {
		case err != nil:
			return err
		case of > tailDepth && end.Sub(start) >= 2*leastTail:
			middle := start.Add(end.Sub(start) / 2).Truncate(time.Millisecond)
			return errors.Join(t.piece(ctx, start, middle), t.piece(ctx, middle, end))
		case of > tailDepth:
			return fault.New(fault.Unavailable, "the synchronous query counts %d conversations from %s on within a minute, and reaches %d",
				of, conversation.FormatTime(start), tailDepth)
		case got >= of:
			return nil
		case try == tailTries: // its count is approximate
			t.short += of - got
			return nil
		}
	}
}

// pages stages the pages of a question, and gives how many conversations came of how many that the platform counts. Pages
// may shift while conversations begin, so one may come twice.
func (t *tail) pages(ctx context.Context, start, end time.Time) (got, of int64, err error) {
	seen := map[conversation.ID]bool{}
	for number := 1; number*tailPage <= tailDepth; number++ {
		t.report(ctx, "extracting what is not complete yet")
		page, err := t.cfg.Tail.Found(ctx, conversation.Interval{Start: start, End: end}, number, tailPage)
		if err != nil {
			return 0, 0, err
		}
		if of = max(of, page.TotalHits); of > tailDepth {
			return got, of, nil
		}
		t.tailed.Pages++
		if err := t.put(ctx, page, start, end, seen); err != nil {
			return 0, 0, err
		}
		if len(page.Records) == 0 { // a short page may be followed by another where the server has its own size
			return int64(len(seen)), of, nil
		}
	}
	return int64(len(seen)), tailDepth + 1, nil // there may be more than so many pages reach
}

// put stages what started in [start, end) of a page.
func (t *tail) put(ctx context.Context, page platform.Answer, start, end time.Time, seen map[conversation.ID]bool) error {
	at := t.cfg.Now()
	var keep []conversation.Version
	var reject []stage.Rejected
	held := 0
	for _, raw := range page.Records {
		if held >= tailHeld {
			if err := t.stagePortion(ctx, keep, reject); err != nil {
				return err
			}
			keep, reject, held = nil, nil, 0
		}
		r, err := t.cfg.Door(raw)
		if errors.Is(err, fault.Drifted) {
			return err
		}
		if err != nil {
			reject = append(reject, stage.Rejected{Reason: err.Error(), Text: raw, Day: conversation.DayOf(start).String()})
			continue
		}
		news := !seen[r.ID]
		seen[r.ID] = true
		if r.Start.Before(start) || !r.Start.Before(end) {
			continue
		}
		if has, err := t.asked.has(ctx, r); err != nil {
			return err
		} else if has {
			if news {
				t.tailed.Unchanged++
			}
			continue
		}
		if r, err = t.asked.with(ctx, r); err != nil {
			return err
		}
		keep = append(keep, conversation.Version{Record: r, Run: string(t.run), At: at})
		held += len(r.JSON)
	}
	return t.stagePortion(ctx, keep, reject)
}

func (t *tail) stagePortion(ctx context.Context, keep []conversation.Version, reject []stage.Rejected) error {
	if len(keep)+len(reject) == 0 {
		return nil
	}
	return t.stage.Put(ctx, stage.Portion{Records: keep, Rejected: reject, With: func(_ *state.Tx, c stage.Counts) error {
		t.tailed.Staged(c)
		t.tailed.Records += c.Staged
		return nil
	}})
}

// commit brings what is staged into the lake. It makes no day whole.
func (t *tail) commit(ctx context.Context) error {
	batch, err := t.stage.Before(ctx, stage.EveryDay)
	if err != nil || batch.Records == 0 {
		return err
	}
	err = t.loader.Begin(ctx, load.Commit{At: t.cfg.Now(), Batch: batch, Landed: func(out lake.Outcome) { t.tailed.Committed(out) }})
	if err := errors.Join(err, t.loader.Wait(ctx)); err != nil {
		return err
	}
	return t.asked.landed(ctx)
}
