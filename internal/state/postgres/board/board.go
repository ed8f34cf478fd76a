// Package board is the fleet.Board of processes that have a Postgres in common: places are leases in it.
package board

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/fleet"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres"
	"github.com/parley-hq/parley/internal/state/postgres/leases"
	"github.com/parley-hq/parley/internal/store"
)

// Schema is the schema of a board in a Postgres. All that extract into lakes of that Postgres have one.
const Schema = "parley_extract"

var schema = state.Schema{Owner: "board", Steps: []string{`
	CREATE TABLE board (
		place   {text} PRIMARY KEY,
		process {text} NOT NULL,                  -- that did it last, for people
		code    {integer} NOT NULL,               -- the exit code
		ended   TIMESTAMP WITH TIME ZONE NOT NULL
	)`,
}}

// Board is a fleet.Board. Safe for concurrent use.
type Board struct {
	db    *state.DB
	locks *leases.Locks
}

var _ fleet.Board = (*Board)(nil)

// Make opens the board of the Postgres at an address, and makes it when it is not there.
func Make(ctx context.Context, address string) (*Board, error) {
	return opened(ctx, address, state.Make)
}

// Open opens the board of the Postgres at an address. One that is not there is fault.NotFound.
func Open(ctx context.Context, address string) (*Board, error) {
	return opened(ctx, address, state.Open)
}

func opened(ctx context.Context, address string, database func(context.Context, string) (*state.DB, error)) (*Board, error) {
	at, err := state.InSchema(address, Schema)
	if err != nil {
		return nil, err
	}
	db, err := database(ctx, at)
	if err != nil {
		return nil, err
	}
	locks, err := leases.Open(ctx, db)
	if err == nil {
		err = db.Migrate(ctx, schema)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Board{db, locks}, nil
}

// Close closes the board. What is held is given back before.
func (b *Board) Close() error { return b.db.Close() }

// A place is a lock of its name below organizations. A process is one below processes, and below what stands for the places that it has.
const (
	places    = "organizations"
	processes = "processes"
)

func lockOf(place string) store.Location { return store.Location(places).Join(place) }

// sum stands for a number of places, in any order.
func sum(of []string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(slices.Sorted(slices.Values(of)), "\n"))))[:16]
}

// Join implements fleet.Board.
func (b *Board) Join(ctx context.Context, of []string) (leave func() error, err error) {
	lock, err := b.locks.Lock(ctx, store.Location(processes).Join(sum(of)).Join(uuid.NewString()), store.LockOptions{})
	if err != nil {
		return nil, err
	}
	return lock.Forget, nil
}

// Look implements fleet.Board. Processes that went long ago are forgotten on the way.
func (b *Board) Look(ctx context.Context, of []string) (fleet.Seen, error) {
	seen := fleet.Seen{Held: map[string]bool{}}
	held, err := b.held(ctx)
	if err != nil {
		return seen, err
	}
	us := processes + "/" + sum(of) + "/"
	for _, h := range held {
		if strings.HasPrefix(h.name, us) {
			seen.Processes++
		}
		if place, is := strings.CutPrefix(h.name, places+"/"); is {
			seen.Held[place] = true
		}
	}
	_, err = b.db.Handle().ExecContext(ctx, `DELETE FROM leases WHERE name LIKE $1 AND expires < clock_timestamp() - interval '1 day'`, processes+"/%")
	return seen, postgres.Fault(err)
}

type held struct {
	name, by string
	since    time.Time
}

func (b *Board) held(ctx context.Context) (out []held, err error) {
	rows, err := b.db.Handle().QueryContext(ctx, `SELECT name, holder, since FROM leases WHERE expires > clock_timestamp() ORDER BY name`)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	defer rows.Close()
	for rows.Next() {
		var h held
		if err := rows.Scan(&h.name, &h.by, &h.since); err != nil {
			return nil, postgres.Fault(err)
		}
		out = append(out, h)
	}
	return out, postgres.Fault(rows.Err())
}

// Take implements fleet.Board.
func (b *Board) Take(ctx context.Context, place string) (fleet.Hold, error) {
	lock, err := b.locks.Lock(ctx, lockOf(place), store.LockOptions{})
	if err != nil {
		return nil, err
	}
	return &hold{lock.(*leases.Lease), b, place}, nil
}

// hold is a place that is held.
type hold struct {
	*leases.Lease

	board *Board
	place string
}

// Last implements fleet.Hold.
func (h *hold) Last(ctx context.Context) (last fleet.Last, ok bool, err error) {
	var micros int64
	err = h.board.db.Handle().QueryRowContext(ctx, `SELECT process, code, (extract(epoch FROM clock_timestamp() - ended) * 1000000)::bigint FROM board WHERE place = $1`, h.place).
		Scan(&last.By, &last.Code, &micros)
	if errors.Is(err, sql.ErrNoRows) {
		return last, false, nil
	}
	last.Ago = time.Duration(micros) * time.Microsecond
	return last, err == nil, postgres.Fault(err)
}

// Ended implements fleet.Hold.
func (h *hold) Ended(ctx context.Context, code int) error {
	_, err := h.board.db.Fenced(h.Hold).Exec(ctx, `INSERT INTO board (place, process, code, ended) VALUES (?, ?, ?, clock_timestamp())
		ON CONFLICT (place) DO UPDATE SET process = excluded.process, code = excluded.code, ended = excluded.ended`, h.place, h.board.locks.Holder(), code)
	return err
}

// Entry is what the board says of a place.
type Entry struct {
	By    string    // who does it now; empty: nobody
	Since time.Time // when that began
	Last  fleet.Last
	Ended time.Time // when it was done last; zero: never
}

// Entries is what the board says of every place that was ever taken.
func (b *Board) Entries(ctx context.Context) (map[string]Entry, error) {
	out := map[string]Entry{}
	for row, err := range b.db.Rows(ctx, `SELECT place, process, code, ended FROM board`) {
		var place string
		var e Entry
		if err == nil {
			err = row.Scan(&place, &e.Last.By, &e.Last.Code, &e.Ended)
		}
		if err != nil {
			return nil, err
		}
		out[place] = e
	}
	now, err := b.held(ctx)
	for _, h := range now {
		if place, is := strings.CutPrefix(h.name, places+"/"); is {
			e := out[place]
			e.By, e.Since = h.by, h.since
			out[place] = e
		}
	}
	return out, err
}
