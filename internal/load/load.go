// Package load brings the records of a run into the lake: commit after commit, each beside whatever the run does
// meanwhile.
//
// A run stages records, or makes them, and hands them over in batches: all that it has of some days. One commit is made
// at a time, in the order in which they were begun, on a goroutine of its own; records go on being staged meanwhile,
// those of the days that are being committed too. What a commit did is told on the goroutine of the run, when it asks:
// so a run has its fields to itself, and what it keeps of a commit is kept in the transaction that forgets the batch.
package load

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/state"
)

// Batch is the records of one commit. It stays what it is when more is staged.
type Batch interface {
	// Stream gives the records in order of start and id, each once. It can be read again.
	Stream(ctx context.Context) iter.Seq2[conversation.Version, error]
	// Heads gives the same records in any order, perhaps without their texts; nil means that Stream is read twice.
	Heads(ctx context.Context) iter.Seq2[conversation.Version, error]
	// Done forgets the batch, which is in the lake; with is done in the same transaction.
	Done(ctx context.Context, with func(*state.Tx) error) error
}

// Commit is one commit of a run.
type Commit struct {
	ID    string // by which lake.Landed finds it; empty if nobody will ask
	At    time.Time
	Days  []conversation.Day // that are whole with it
	Batch Batch
	// Keep keeps what the run must remember of it, in the transaction that forgets the batch; nil for nothing.
	Keep func(*state.Tx, lake.Outcome) error
	// Kept and Moved are those of lake.Commit.
	Kept  func(conversation.Day, conversation.ID) error
	Moved func(conversation.ID) error
	// Landed is told when all is done, by Wait or Look; nil for nobody.
	Landed func(lake.Outcome)
}

// Loader makes the commits of one run. Not for concurrent use.
type Loader struct {
	// Strict has commits refused, as fault.Drifted, that bring keys which nobody knows and which the lake has not met.
	Strict bool

	lake   *lake.Lake
	run    string
	wait   time.Duration
	log    *slog.Logger
	flight *flight // the commit that is being made; nil if there is none
}

// New makes the loader of a run. It has the writer's lease for as long as a commit takes, and waits for it for so long
// when somebody else writes. log is told what is lost of the lake's index and made again; nil for nobody.
func New(l *lake.Lake, run string, wait time.Duration, log *slog.Logger) *Loader {
	return &Loader{lake: l, run: run, wait: wait, log: log}
}

// Patience is how long a commit waits, when nobody says otherwise, while somebody else writes.
const Patience = 10 * time.Minute

// flight is a commit that is being made.
type flight struct {
	Commit

	done chan struct{} // closed when out and err are there
	out  lake.Outcome
	err  error
}

// Begin begins a commit and returns. Wait or Look must be called until it has been told of; whoever begins one while
// another is being made waits for that first.
func (l *Loader) Begin(ctx context.Context, c Commit) error {
	if err := l.Wait(ctx); err != nil {
		return err
	}
	f := &flight{Commit: c, done: make(chan struct{})}
	l.flight = f
	go func() {
		defer close(f.done)
		f.out, f.err = l.commit(ctx, c)
	}()
	return nil
}

// commit makes a commit under the lease.
func (l *Loader) commit(ctx context.Context, c Commit) (out lake.Outcome, err error) {
	w, err := l.lake.WriterWithin(ctx, l.wait)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return w.Commit(ctx, lake.Commit{
		ID: c.ID, Run: l.run, At: c.At, Days: c.Days, Records: c.Batch.Stream(ctx), Heads: c.Batch.Heads(ctx), Kept: c.Kept, Moved: c.Moved, Strict: l.Strict, Log: l.log,
	})
}

// Busy says whether a commit is being made, or has not been told of.
func (l *Loader) Busy() bool { return l.flight != nil }

// Look tells of the commit that is being made if it has ended, and does not wait for it.
func (l *Loader) Look(ctx context.Context) error {
	if l.flight == nil {
		return nil
	}
	select {
	case <-l.flight.done:
		return l.land(ctx)
	default:
		return nil
	}
}

// Wait waits for the commit that is being made, if there is one, and tells of it. It fails as that does. The end of the
// commit's own context ends it; ctx is that in which the batch is forgotten.
func (l *Loader) Wait(ctx context.Context) error {
	if l.flight == nil {
		return nil
	}
	<-l.flight.done
	return l.land(ctx)
}

// land forgets the batch of a commit that is in the lake. That comes last: forgotten before, a crash would lose it.
func (l *Loader) land(ctx context.Context) error {
	f := l.flight
	l.flight = nil
	if f.err != nil {
		return f.err
	}
	crashpoint.Reach("load.committed")
	err := f.Batch.Done(ctx, func(tx *state.Tx) error {
		if f.Keep == nil {
			return nil
		}
		return f.Keep(tx, f.out)
	})
	if err != nil {
		return fmt.Errorf("forget what was committed: %w", err)
	}
	if f.Landed != nil {
		f.Landed(f.out)
	}
	return nil
}
