package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/wire"
)

// monthByHour asks for the usual figures of 31 days by queue and hour.
const monthByHour = `{"interval":"` + millionFrom + `T00:00:00Z/` + millionTo + `T00:00:00Z","granularity":"PT1H","groupBy":["queueId"],` +
	`"metrics":["nOffered","tAnswered","tAbandon","tHandle","nTransferred","oServiceLevel"]}`

// figures asks for aggregates over HTTP, and in turn for the same in SQL by hand, of which every row is read.
func (b *bench) figures(s *served) (err error) {
	const goal, rounds = 500 * time.Millisecond, 15
	statement, err := b.figuresByHand()
	if err != nil {
		return err
	}
	db, err := b.openDuckDB()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var asked, hand asked
	for range rounds {
		took, err := s.spends(func() error {
			return s.post(b.ctx, wire.PathAggregates, "application/json", monthByHour, new(wire.Aggregates))
		})
		if err != nil {
			return fmt.Errorf("figures of a month: %w", err)
		}
		asked.took, asked.cpu = append(asked.took, took.wall), asked.cpu+took.cpu
		begun := time.Now()
		if err := drain(b.ctx, db, statement); err != nil {
			return fmt.Errorf("figures by hand: %w", err)
		}
		hand.took = append(hand.took, time.Since(begun))
	}
	b.percentiles("figures of 31 days by queue and hour", asked, goal)
	slices.Sort(hand.took)
	byHand := hand.took[rounds/2]
	b.add("  against: SQL by hand", "p50 "+milliseconds(asked.took[rounds/2]), "p50 "+milliseconds(byHand)+"; goal at most 1.3 times as long", times(byHand.Seconds(), asked.took[rounds/2].Seconds()))
	return nil
}

// figuresByHand is the same as a person would write it, over the same files.
func (b *bench) figuresByHand() (string, error) {
	paths, err := b.filesOf(tables.Metrics)
	return "SELECT queue_id, date_trunc('hour', emit_date), name, count(*), CAST(sum(value) AS DOUBLE), min(value), max(value) FROM read_parquet([" + paths + "])" +
		" WHERE name IN ('nOffered', 'tAnswered', 'tAbandon', 'tHandle', 'nTransferred', 'nOverSla') AND emit_date >= '" + millionFrom + "' AND emit_date < '" + millionTo + "' GROUP BY ALL", err
}

// drain reads every row of an answer.
func drain(ctx context.Context, db *sql.DB, statement string) (err error) {
	rows, err := db.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
	}
	return rows.Err()
}
