package report

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// plan is the columns that are read of each row, each once.
type plan struct {
	read  column.Selection
	start int // place of the start
	holds func([]any) bool
}

// plan makes that of a request.
func (r *Request) plan() *plan {
	p := &plan{read: column.Selection{Per: r.Selection.Per}}
	sel, err := column.Parse("", r.Selection.Per, []string{"startTime"})
	if err != nil {
		panic(err) // a name of our own
	}
	p.start = p.need(sel.Columns[0].Column)
	for _, c := range r.Selection.Columns {
		p.need(c.Column)
	}
	for _, c := range r.Group.Columns {
		p.need(c.Column)
	}
	p.holds = r.where.compiled(p)
	return p
}

// need gives the place of a column among those that are read.
func (p *plan) need(c column.Column) int {
	for i, have := range p.read.Columns {
		if have.Name == c.Name {
			return i
		}
	}
	p.read.Columns = append(p.read.Columns, column.Selected{Name: c.Name, Column: c})
	return len(p.read.Columns) - 1
}

// rows yields what is read of each row that starts in the interval and meets the clauses. A row is good until the next one.
func (p *plan) rows(ctx context.Context, e engine.Engine, iv conversation.Interval) iter.Seq2[[]any, error] {
	// By starts: what started on the first day or later and was going on in the interval, which takes in what started in it.
	q := query.Query{Interval: iv, Matching: query.StartOfDay, Order: query.Ascending, OrderBy: query.ByConversationStart}
	return func(yield func([]any, error) bool) {
		for row, err := range engine.Rows(ctx, e, q, p.read) {
			if err != nil {
				yield(nil, err)
				return
			}
			if start, _ := row[p.start].(time.Time); !iv.Contains(start) || !p.holds(row) {
				continue
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// Rows runs a report of several conversations, and yields its rows as JSON objects, in order: those of an asynchronous report by
// start, conversation and medium; sums by group and time; those of groups by group and start. A text is good until the next one.
// It streams but for sums, of which there are at most 100,000, and for groups, which lie on the disk in between. Progress, if it
// is given, is told how far the start of what is read has come in the interval, from 0 to 1.
//
// What lies in Without is left out. It stops after the first error: what engines fail with; fault.Invalid when there are more
// groups than can be.
func (r *Request) Rows(ctx context.Context, e engine.Engine, o Options) iter.Seq2[[]byte, error] {
	p := r.plan()
	rows := o.watched(r.Interval, p.start, p.among(ctx, e, r.Interval, o.Without))
	switch {
	case r.Sums:
		return limited(r.sums(p, rows), r.Limit)
	case len(r.Group.Columns) > 0:
		return limited(r.together(p, rows), r.Limit)
	}
	w := newWriter(p, r.Selection)
	return limited(func(yield func([]byte, error) bool) {
		for row, err := range rows {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(w.row(row), nil) {
				return
			}
		}
	}, r.Limit)
}

// Options are how a report is run.
type Options struct {
	Progress func(share float64)
	Without  []conversation.Interval // in order
}

// among reads what lies outside of some intervals.
func (p *plan) among(ctx context.Context, e engine.Engine, iv conversation.Interval, without []conversation.Interval) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, left := range append(without, conversation.Interval{Start: iv.End, End: iv.End}) {
			part := conversation.Interval{Start: iv.Start, End: left.Start}
			iv.Start = left.End
			if !part.End.After(part.Start) {
				continue
			}
			for row, err := range p.rows(ctx, e, part) {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

// watched tells how far the rows have come.
func (o Options) watched(iv conversation.Interval, start int, rows iter.Seq2[[]any, error]) iter.Seq2[[]any, error] {
	if o.Progress == nil {
		return rows
	}
	return func(yield func([]any, error) bool) {
		for row, err := range rows {
			if err == nil {
				at, _ := row[start].(time.Time)
				o.Progress(float64(at.Sub(iv.Start)) / float64(iv.Duration()))
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// limited is the first of some rows; 0 means all.
func limited(rows iter.Seq2[[]byte, error], most int) iter.Seq2[[]byte, error] {
	if most == 0 {
		return rows
	}
	return func(yield func([]byte, error) bool) {
		left := most
		for row, err := range rows {
			if !yield(row, err) || err != nil {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
}

// Damaged finds the days of the interval whose data cannot be read, by reading: halves of what cannot be read, down to days. It
// fails with what else an engine fails with. The parts of days that the interval has are given, in order.
func (r *Request) Damaged(ctx context.Context, e engine.Engine) ([]conversation.Interval, error) {
	return r.plan().damaged(ctx, e, r.Interval)
}

func (p *plan) damaged(ctx context.Context, e engine.Engine, iv conversation.Interval) ([]conversation.Interval, error) {
	err := drain(p.rows(ctx, e, iv))
	if err == nil || !errors.Is(err, fault.Corrupt) {
		return nil, err
	}
	first, end := iv.Days()
	if end-first == 1 {
		return []conversation.Interval{iv}, nil
	}
	middle := (first + (end-first)/2).Start()
	before, err := p.damaged(ctx, e, conversation.Interval{Start: iv.Start, End: middle})
	if err != nil {
		return nil, err
	}
	behind, err := p.damaged(ctx, e, conversation.Interval{Start: middle, End: iv.End})
	return append(before, behind...), err
}

func drain(rows iter.Seq2[[]any, error]) error {
	for _, err := range rows {
		if err != nil {
			return err
		}
	}
	return nil
}
