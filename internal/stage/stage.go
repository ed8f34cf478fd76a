// Package stage keeps records on their way into the lake: in files on disk, so that a crash loses nothing that was
// received, and in order, so that they are committed as a stream.
//
// Records are put in portions: one portion is a page of results, or a stretch of an imported file. A portion is split
// by day into chunks; each chunk is sorted, compressed, synced and renamed, and then all its chunks are entered in
// the control database in one transaction, together with whatever its owner wants to remember (the cursor). A portion
// is therefore staged as a whole or not at all. A conversation that comes again is recognised by its id.
//
// A file that is missing or damaged is ErrDamaged: its sum is compared before a record of it is given away. What is
// staged can be fetched again, so such a file can be forgotten.
package stage

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
)

// schema is the stage's tables in the control database.
var schema = state.Schema{Owner: "stage", Steps: []string{`
	CREATE TABLE stage_chunks (
		run_id  {text} NOT NULL,
		chunk   {integer} NOT NULL, -- from 1, in order of arrival
		day     {text} NOT NULL,    -- yyyy-mm-dd
		first   {integer} NOT NULL, -- conversationStart of its first and last record, microseconds since 1970
		last    {integer} NOT NULL,
		records {integer} NOT NULL,
		PRIMARY KEY (run_id, chunk)
	) {by key};
	CREATE TABLE stage_records ( -- where the newest version of each staged conversation is
		run_id {text} NOT NULL,
		id     {text} NOT NULL,
		chunk  {integer} NOT NULL,
		line   {integer} NOT NULL, -- from 0
		at     {integer} NOT NULL, -- when it was received, microseconds
		hash   {bytes} NOT NULL,   -- first 16 bytes of the record's SHA-256
		PRIMARY KEY (run_id, id)
	) {by key};
	CREATE INDEX stage_records_chunk ON stage_records (run_id, chunk);
	CREATE TABLE stage_dead ( -- lines that a later version has taken the place of
		run_id {text} NOT NULL,
		chunk  {integer} NOT NULL,
		line   {integer} NOT NULL,
		PRIMARY KEY (run_id, chunk, line)
	) {by key};
	CREATE TABLE rejected ( -- values that are no records; they outlive the stage
		run_id {text} NOT NULL,
		hash   {bytes} NOT NULL, -- SHA-256 of text: what comes again is kept once
		reason {text} NOT NULL,
		text   {bytes} NOT NULL,
		PRIMARY KEY (run_id, hash)
	) {by key}`,
	// SHA-256 of the chunk's file.
	`ALTER TABLE stage_chunks ADD COLUMN sum {bytes} NOT NULL DEFAULT {empty}`,
	// Day among whose conversations the value came, yyyy-mm-dd; empty where nobody knows.
	`ALTER TABLE rejected ADD COLUMN day {text} NOT NULL DEFAULT ''`,
	`CREATE TABLE rejected_days ( -- days among whose conversations a value came: the same null may come on many
		run_id {text} NOT NULL,
		hash   {bytes} NOT NULL,
		day    {text} NOT NULL, -- yyyy-mm-dd
		PRIMARY KEY (run_id, hash, day)
	) {by key};
	INSERT INTO rejected_days SELECT run_id, hash, day FROM rejected WHERE day <> '';
	ALTER TABLE rejected DROP COLUMN day`,
	// Part of the name of the chunk's file that no other stage's files have; empty: they have none.
	`ALTER TABLE stage_chunks ADD COLUMN writer {text} NOT NULL DEFAULT ''`,
}}

// Tables are those of this package in the control database, for who copies it whole.
func Tables() state.Schema { return schema }

// RunID names a run: an extraction or an import.
type RunID string

// Stage holds the records of one run. Not for concurrent use.
type Stage struct {
	db    *state.DB
	store store.Store
	at    store.Location // under which its files are
	run   RunID

	linger time.Duration // how long Discard goes on after the end of its context

	// writer is a part of the names of all files that this Stage writes. A process that slept does not know that another one goes
	// on with its run: what it writes and removes then is its own.
	writer   string
	together atomic.Int64 // how many files have been written together, so that each has a name of its own

	// Redact makes personal data in the text of a record unreadable, before anything of it is written; nil for nothing.
	// It leaves the record's id, start and end as they are.
	Redact func([]byte) ([]byte, error)
}

// staging is where the files of all stages of a lake are, each run's under its name.
const staging store.Location = "staging"

// Open opens the stage of a run and removes the files that a crash left without an entry.
func Open(ctx context.Context, db *state.DB, files store.Store, run RunID) (*Stage, error) {
	s := of(db, files, run)
	if err := s.db.Migrate(ctx, schema); err != nil {
		return nil, err
	}
	if err := s.store.Prepare(ctx, s.at); err != nil {
		return nil, fmt.Errorf("the folder %s cannot be made: %w", s.at, err)
	}
	return s, s.sweep(ctx)
}

func of(db *state.DB, files store.Store, run RunID) *Stage {
	return &Stage{db: db, store: files, at: staging.Join(string(run)), run: run, linger: lingering, writer: rand.Text()}
}

// Clean removes what is staged of every run that is to be forgotten.
func Clean(ctx context.Context, db *state.DB, files store.Store, forget func(run RunID) bool) (err error) {
	for at, listing := range files.Folders(ctx, staging) {
		if listing != nil {
			return errors.Join(err, listing)
		}
		run := RunID(at.Name())
		if !forget(run) {
			continue
		}
		old, opening := Open(ctx, db, files, run)
		if opening != nil {
			return opening
		}
		err = errors.Join(err, old.Close(ctx))
	}
	return err
}

// sweep removes the files that no entry names. They are listed before it is asked which ones are named, and that is asked as a change
// would be made: if the right to write is held yet, nobody ever comes to name the others.
func (s *Stage) sweep(ctx context.Context) error {
	there, err := s.listed(ctx)
	if err != nil {
		return err
	}
	var chunks []chunk
	err = s.db.Tx(ctx, func(tx *state.Tx) (err error) {
		chunks, err = s.chunksIn(ctx, tx, EveryDay)
		return err
	})
	if errors.Is(err, errUnsound) {
		return nil // whoever reads what is staged is told
	}
	if err != nil {
		return err
	}
	for _, c := range chunks {
		delete(there, s.file(c))
	}
	return s.remove(ctx, there)
}

// listed lists the files of the stage that nothing is written to. A folder is nothing of ours. It would be in the way of a file, and so it
// is among them.
func (s *Stage) listed(ctx context.Context) (map[store.Location]bool, error) {
	err := s.store.Sweep(ctx, s.at, func(store.Location) bool { return true })
	there := map[store.Location]bool{}
	for info, listing := range s.store.List(ctx, s.at) {
		err = errors.Join(err, listing)
		if listing == nil {
			there[info.At] = true
		}
	}
	for at, listing := range s.store.Folders(ctx, s.at) {
		err = errors.Join(err, listing)
		if listing == nil {
			there[at] = true
		}
	}
	return there, err
}

func (s *Stage) remove(ctx context.Context, files map[store.Location]bool) (err error) {
	for _, at := range slices.Sorted(maps.Keys(files)) {
		err = errors.Join(err, s.store.Remove(ctx, at))
	}
	return err
}

// Close removes the stage with all that is still in it.
func (s *Stage) Close(ctx context.Context) error {
	err := s.db.Tx(ctx, func(tx *state.Tx) error { return s.forgetAll(ctx, tx) })
	return errors.Join(err, s.store.Clear(ctx, s.at))
}

// lingering is how long Discard goes on when it is not to be waited for.
const lingering = 5 * time.Second

// Discard is Close for a run that nobody goes on with, however it came to its end: it is done for a moment after ctx has ended, too.
// What it cannot remove, as while a bucket is away, it says is left; Clean removes it for the next run.
func (s *Stage) Discard(ctx context.Context) error {
	removing, end := lingeringBehind(ctx, s.linger)
	defer end()
	if err := s.Close(removing); err != nil {
		return fmt.Errorf("what this run has staged is left in %s, and the next run of its kind removes it: %w", s.at, err)
	}
	return nil
}

// lingeringBehind is a context that ends some time after ctx.
func lingeringBehind(ctx context.Context, linger time.Duration) (context.Context, context.CancelFunc) {
	behind, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		last := time.AfterFunc(linger, cancel)
		context.AfterFunc(behind, func() { last.Stop() })
	})
	return behind, func() {
		stop()
		cancel()
	}
}

// Portion is what one call of Put stages.
type Portion struct {
	Records  []conversation.Version
	Rejected []Rejected
	// With is done in the transaction that enters the portion: what its owner must remember of it, such as the cursor.
	With func(*state.Tx, Counts) error
}

// Counts says what became of the records of a portion.
type Counts struct {
	Staged     int64 // records that were new
	Duplicates int64 // records and rejected values that had come before, to the byte
	Conflicts  int64 // records of which another version was staged; the one received later is kept
	Rejected   int64 // rejected values that were new
	Forgotten  int64 // records of conversations that were erased on request: they are not staged
}

// Put stages a portion whole or, when it fails, not at all.
func (s *Stage) Put(ctx context.Context, p Portion) error {
	p = s.redacted(p)
	next, err := s.nextChunk(ctx)
	if err != nil {
		return err
	}
	erased, err := erasure.Load(ctx, s.db)
	if err != nil {
		return err
	}
	records, forgotten := without(p.Records, erased)
	chunks := split(records, next)
	for i := range chunks {
		if err := s.write(ctx, &chunks[i]); err != nil {
			return err
		}
	}
	// The names must last before the entries do: a power cut between would leave entries of files that are not there.
	if err := s.store.Sync(ctx, s.at); err != nil {
		return fmt.Errorf("the folder %s cannot be written: %w", s.at, err)
	}
	crashpoint.Reach("stage.written")
	err = s.db.Tx(ctx, func(tx *state.Tx) error {
		counts := Counts{Forgotten: forgotten}
		for _, c := range chunks {
			if err := s.enter(ctx, tx, c, &counts); err != nil {
				return err
			}
		}
		if err := s.reject(ctx, tx, p.Rejected, &counts); err != nil {
			return err
		}
		return p.With(tx, counts)
	})
	crashpoint.Reach("stage.entered")
	if err != nil && !errors.Is(err, fault.InDoubt) { // nobody may come to open this stage again, and sweep
		err = errors.Join(err, s.removeFiles(context.WithoutCancel(ctx), chunks))
	}
	return err
}

func (s *Stage) nextChunk(ctx context.Context) (n int, err error) {
	err = s.db.Row(ctx, `SELECT coalesce(max(chunk), 0) + 1 FROM stage_chunks WHERE run_id = ?`, s.run).Scan(&n)
	return n, err
}

// chunk is the records of one day of one portion, sorted.
type chunk struct {
	n       int
	day     conversation.Day
	records []conversation.Version
	size    int // number of records
	first   int64
	last    int64
	sum     []byte // SHA-256 of the file
	writer  string // in its name
}

func (c chunk) name() string {
	if c.writer == "" {
		return fmt.Sprintf("%08d.s2", c.n)
	}
	return fmt.Sprintf("%08d-%s.s2", c.n, c.writer)
}

func (s *Stage) file(c chunk) store.Location { return s.at.Join(c.name()) }

// split sorts the records of a portion and cuts them by day; chunks are numbered from n on.
func split(records []conversation.Version, n int) []chunk {
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b conversation.Version) int { return conversation.Compare(a.Record, b.Record) })
	var out []chunk
	for len(records) > 0 {
		day := records[0].Day()
		end := slices.IndexFunc(records, func(v conversation.Version) bool { return v.Day() != day })
		if end < 0 {
			end = len(records)
		}
		out = append(out, chunk{
			n: n + len(out), day: day, records: records[:end], size: end,
			first: records[0].Start.UnixMicro(), last: records[end-1].Start.UnixMicro(),
		})
		records = records[end:]
	}
	return out
}

// write puts a chunk into the store, durable but for its name, and notes its sum.
func (s *Stage) write(ctx context.Context, c *chunk) (err error) {
	defer fault.Wrap(&err, "a staged page cannot be written")
	c.writer = s.writer
	w, err := s.store.Create(ctx, s.file(*c), store.Replace) // a portion that was not entered may have left one
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	sum := sha256.New()
	if err := encode(io.MultiWriter(w, sum), c.records); err != nil {
		return err
	}
	if err := w.Finish(); err != nil {
		return err
	}
	c.sum = sum.Sum(nil)
	crashpoint.Reach("stage.synced")
	return w.Publish()
}

// enter records a chunk and each of its records.
func (s *Stage) enter(ctx context.Context, tx *state.Tx, c chunk, counts *Counts) error {
	_, err := tx.Exec(ctx, `INSERT INTO stage_chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, s.run, c.n, c.day.String(), c.first, c.last, c.size, c.sum, c.writer)
	if err != nil {
		return err
	}
	for begin := 0; begin < len(c.records); begin += enteredAtOnce {
		if err := s.enterSome(ctx, tx, c, begin, min(begin+enteredAtOnce, len(c.records)), counts); err != nil {
			return err
		}
	}
	return nil
}

// enteredAtOnce is how many records a statement enters: each statement costs about as much as ten rows.
const enteredAtOnce = 100

// enterSome enters the records of some lines of a chunk.
func (s *Stage) enterSome(ctx context.Context, tx *state.Tx, c chunk, begin, end int, counts *Counts) error {
	args := make([]any, 0, 6*enteredAtOnce)
	for line, v := range c.records[begin:end] {
		args = append(args, s.run, string(v.ID), c.n, begin+line, v.At.UnixMicro(), prefix(v))
	}
	n, err := tx.InsertNew(ctx, "stage_records", 6, args)
	counts.Staged += n
	if err != nil || n == int64(end-begin) {
		return err
	}
	// Some were staged before, or come twice here.
	entered, err := linesOf(tx.Rows(ctx, `SELECT line FROM stage_records WHERE run_id = ? AND chunk = ? AND line BETWEEN ? AND ?`, s.run, c.n, begin, end-1))
	if err != nil {
		return err
	}
	for line, v := range c.records[begin:end] {
		if !entered[begin+line] {
			if err := s.again(ctx, tx, c.n, begin+line, v, prefix(v), counts); err != nil {
				return err
			}
		}
	}
	return nil
}

// prefix is the part of a record's hash that tells it from other versions.
func prefix(v conversation.Version) []byte {
	hash := v.Sum()
	return hash[:16]
}

// again deals with a conversation that is staged already: of two versions the one received later lives; of two equal
// ones, or two of the same time, the first and the last.
func (s *Stage) again(ctx context.Context, tx *state.Tx, chunk, line int, v conversation.Version, hash []byte, counts *Counts) error {
	var was struct {
		chunk, line int
		at          int64
		hash        []byte
	}
	err := tx.Row(ctx, `SELECT chunk, line, at, hash FROM stage_records WHERE run_id = ? AND id = ?`, s.run, string(v.ID)).
		Scan(&was.chunk, &was.line, &was.at, &was.hash)
	if err != nil {
		return err
	}
	dead := [2]int{chunk, line}
	switch {
	case slices.Equal(was.hash, hash):
		counts.Duplicates++
	case was.at > v.At.UnixMicro():
		counts.Conflicts++
	default:
		counts.Conflicts++
		dead = [2]int{was.chunk, was.line}
		_, err := tx.Exec(ctx, `UPDATE stage_records SET chunk = ?, line = ?, at = ?, hash = ? WHERE run_id = ? AND id = ?`,
			chunk, line, v.At.UnixMicro(), hash, s.run, string(v.ID))
		if err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `INSERT INTO stage_dead VALUES (?, ?, ?)`, s.run, dead[0], dead[1])
	return err
}
