package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
)

// question is one that the engine and hand-written SQL are asked.
type question struct {
	name          string
	interval      conversation.Interval
	limit, offset int // records wanted; 0 asks how many there are
}

// questions measures the engine over the extracted lake against a statement that a person would write over the same
// files. Both answer the same: every conversation whose lifetime overlaps the interval and that started on its days.
func (b *bench) questions() (err error) {
	perDay, rounds := 5_000, 21
	if b.quick {
		perDay, rounds = 1_000, 5
	}
	l, err := lake.Open(b.ctx, b.lakeDir(perDay))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	snapshot, err := l.Snapshot(b.ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	inside, err := duck.Open(b.ctx, duck.Config{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, inside.Close()) }()
	db, err := b.openDuckDB()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	e := duck.New(inside, snapshot)
	defer func() { err = errors.Join(err, e.Close()) }()
	a := asker{ctx: b.ctx, engine: e, db: db, files: snapshot.Files(tables.Conversations)}
	week := conversation.Interval{Start: first.Start(), End: (first + extractDays).Start()}
	day := (first + 3).Interval()
	hour := conversation.Interval{Start: day.Start.Add(14 * time.Hour), End: day.Start.Add(15 * time.Hour)}
	for _, q := range []question{
		{"count a week", week, 0, 0},
		{"count an hour", hour, 0, 0},
		{"page 1 of a day, 100 records", day, 100, 0},
		{"page 9 of a day, 100 records", day, 100, 800},
		{"page 1 of a week, 100 records", week, 100, 0},
		{"a whole day of records", day, perDay, 0},
	} {
		ours, theirs, err := a.compare(q, rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		b.add(fmt.Sprintf("%s, of %s", q.name, thousands(int64(extractDays*perDay))), milliseconds(ours), "SQL by hand "+milliseconds(theirs),
			times(theirs.Seconds(), ours.Seconds()))
	}
	return nil
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

type asker struct {
	ctx    context.Context //nolint:containedctx // one program, one run
	engine *duck.Engine
	db     *sql.DB
	files  []datafile.File
}

// compare asks both in turn and gives the median of each.
func (a *asker) compare(q question, rounds int) (ours, theirs time.Duration, err error) {
	var mine, hand []time.Duration
	for n := range rounds + 1 {
		begun := time.Now()
		got, err := a.ask(q)
		if err != nil {
			return 0, 0, err
		}
		between := time.Now()
		want, err := a.byHand(q)
		if err := same(got, want, err); err != nil {
			return 0, 0, err
		}
		if n > 0 { // the first round warms up
			mine, hand = append(mine, between.Sub(begun)), append(hand, time.Since(between))
		}
	}
	return median(mine), median(hand), nil
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// ask gives the count, or the number of bytes of the records.
func (a *asker) ask(q question) (int64, error) {
	asked := query.Query{Interval: q.interval, Matching: query.StartOfDay, Order: query.Ascending, OrderBy: query.ByConversationStart}
	if q.limit == 0 {
		return a.engine.Count(a.ctx, asked)
	}
	return sizes(a.engine.Records(a.ctx, asked, q.limit, q.offset))
}

func sizes(records iter.Seq2[conversation.Record, error]) (n int64, err error) {
	for r, err := range records {
		if err != nil {
			return 0, err
		}
		n += int64(len(r.JSON))
	}
	return n, nil
}

// byHand asks the same in one statement over all files.
func (a *asker) byHand(q question) (n int64, err error) {
	paths := make([]string, len(a.files))
	for i, f := range a.files {
		paths[i] = "'" + f.Path + "'"
	}
	from := " FROM read_parquet([" + strings.Join(paths, ", ") + "], hive_partitioning = false)" +
		" WHERE conversation_start >= ? AND conversation_start < ? AND (conversation_start >= ? OR conversation_end IS NULL OR conversation_end > ?)"
	args := []any{conversation.DayOf(q.interval.Start).Start(), q.interval.End, q.interval.Start, q.interval.Start}
	if q.limit == 0 {
		err = a.db.QueryRowContext(a.ctx, "SELECT count(*)"+from, args...).Scan(&n)
		return n, err
	}
	rows, err := a.db.QueryContext(a.ctx, "SELECT record"+from+" ORDER BY conversation_start, conversation_id LIMIT ? OFFSET ?",
		append(args, q.limit, q.offset)...)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var record sql.RawBytes
		if err := rows.Scan(&record); err != nil {
			return 0, err
		}
		n += int64(len(record))
	}
	return n, rows.Err()
}
