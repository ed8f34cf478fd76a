// Package journal keeps what was done to a sandbox, in order: with its scenario and its clock, all that a sandbox is. The
// entries lie in the control database, so that one that was acknowledged outlives the process.
package journal

import (
	"context"
	"iter"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// schema is the table in the control database. Instants are microseconds since 1970, of the platform's clock.
var schema = state.Schema{Owner: "journal", Steps: []string{`
	CREATE TABLE journal_entries (
		number {integer} PRIMARY KEY, -- from 1, without gaps
		at     {integer} NOT NULL,
		deed   {bytes} NOT NULL       -- JSON
	) {by key}`,
}}

// Entry is something that was done. What a deed is, is for who writes it to say.
type Entry struct {
	At   time.Time // of the platform's clock, to the microsecond
	Deed []byte    // JSON
}

// What a journal takes. So many entries are read in a second or two, and a state that is saved of them can be loaded.
const (
	MaxEntries = 1_000_000
	MaxBytes   = 224 << 20 // of JSON, with the instants
)

// taken is how many bytes of a saved state an entry takes at most.
func (e Entry) taken() int64 { return int64(len(e.Deed) + perEntry) }

// perEntry is what an entry takes besides its deed: its instant, names of members, commas.
const perEntry = 64

// Journal is the entries of a control database. One writer at a time; the caller sees to it.
type Journal struct {
	db   *state.DB
	next int64
	size int64 // bytes of a state that is saved of it
}

// Open opens the journal of a control database, which stays the caller's.
func Open(ctx context.Context, db *state.DB) (*Journal, error) {
	if err := db.Migrate(ctx, schema); err != nil {
		return nil, err
	}
	j := &Journal{db: db}
	err := db.Row(ctx, `SELECT count(*) + 1, coalesce(sum(length(deed)), 0) + count(*) * ? FROM journal_entries`, perEntry).Scan(&j.next, &j.size)
	return j, err
}

// Append adds an entry. When it returns nil the entry is there for good.
func (j *Journal) Append(ctx context.Context, e Entry) error {
	if j.next > MaxEntries {
		return fault.New(fault.Conflict, "the journal of the sandbox is full: it takes %d deeds. Reset the sandbox, or start one from where it stands with fewer of them", MaxEntries)
	}
	if j.size+e.taken() > MaxBytes {
		return fault.New(fault.Conflict, "the journal of the sandbox is full: it takes %d MiB of deeds. Reset the sandbox", MaxBytes>>20)
	}
	_, err := j.db.Exec(ctx, insert, j.next, e.At.UnixMicro(), e.Deed)
	if err == nil {
		j.next++
		j.size += e.taken()
	}
	return err
}

const insert = `INSERT INTO journal_entries (number, at, deed) VALUES (?, ?, ?)`

// Len is the number of entries.
func (j *Journal) Len() int64 { return j.next - 1 }

// Entries yields all entries, in order. One that is missing, as after damage to the database, is fault.Corrupt.
func (j *Journal) Entries(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		want := int64(1)
		for row, err := range j.db.Rows(ctx, `SELECT number, at, deed FROM journal_entries ORDER BY number`) {
			var e Entry
			if err == nil {
				e, err = read(row, want)
			}
			if !yield(e, err) || err != nil {
				return
			}
			want++
		}
	}
}

func read(row state.Row, want int64) (e Entry, err error) {
	var number, at int64
	if err := row.Scan(&number, &at, &e.Deed); err != nil {
		return e, err
	}
	if number != want {
		return e, fault.New(fault.Corrupt, "entry %d of the sandbox's journal is missing: the control database was damaged. Start the sandbox with another folder", want)
	}
	e.At = time.UnixMicro(at).UTC()
	return e, nil
}

// Replace puts entries in the place of all those there were, or, when it fails, leaves them.
func (j *Journal) Replace(ctx context.Context, entries []Entry) error {
	err := j.db.Tx(ctx, func(tx *state.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM journal_entries`); err != nil {
			return err
		}
		for i, e := range entries {
			if _, err := tx.Exec(ctx, insert, i+1, e.At.UnixMicro(), e.Deed); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	j.next, j.size = int64(len(entries))+1, 0
	for _, e := range entries {
		j.size += e.taken()
	}
	return nil
}
