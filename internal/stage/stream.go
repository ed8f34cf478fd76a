package stage

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/state"
)

// Batch is what is staged of the days before some day, as it was when it was asked for: what is staged afterwards does
// not change it, even if that takes the place of a record in it.
type Batch struct {
	stage  *Stage
	chunks []chunk
	dead   map[int]map[int]bool // lines of a chunk that a later version had taken the place of
	// Records is the number of records, superseded ones included.
	Records int64
}

// EveryDay is after every day that a record can have.
const EveryDay conversation.Day = 1 << 24

// Before gives what is staged of the days before end. It looks whether that can be relied on: see ErrDamaged.
func (s *Stage) Before(ctx context.Context, end conversation.Day) (*Batch, error) {
	chunks, err := s.chunks(ctx, end)
	if err != nil {
		return nil, err
	}
	b := s.batch(chunks)
	b.dead, err = s.sound(ctx, chunks)
	return b, err
}

func (s *Stage) batch(chunks []chunk) *Batch {
	b := &Batch{stage: s, chunks: chunks}
	for _, c := range chunks {
		b.Records += int64(c.size)
	}
	return b
}

// Last is the number of the newest staged file of the batch, which tells it from what was staged later; 0 if it is empty.
func (b *Batch) Last() (n int) {
	for _, c := range b.chunks {
		n = max(n, c.n)
	}
	return n
}

// Committed gives, to be forgotten, the batch that Before gave for end and whose newest file was last.
func (s *Stage) Committed(ctx context.Context, end conversation.Day, last int) (*Batch, error) {
	chunks, err := s.chunks(ctx, end)
	return s.batch(slices.DeleteFunc(chunks, func(c chunk) bool { return c.n > last })), err
}

// Count is the number of records that are staged of the days before end, superseded ones included.
func (s *Stage) Count(ctx context.Context, end conversation.Day) (n int64, err error) {
	err = s.db.Row(ctx, `SELECT coalesce(sum(records), 0) FROM stage_chunks WHERE run_id = ? AND day < ?`, s.run, end.String()).Scan(&n)
	return n, err
}

func (s *Stage) chunks(ctx context.Context, end conversation.Day) ([]chunk, error) {
	return s.chunksIn(ctx, s.db, end)
}

// chunksIn is chunks, of the database or in a transaction.
func (s *Stage) chunksIn(ctx context.Context, by interface {
	Rows(ctx context.Context, query string, args ...any) iter.Seq2[state.Row, error]
}, end conversation.Day,
) ([]chunk, error) {
	return state.All(by.Rows(ctx, `SELECT chunk, day, first, last, records, sum, writer FROM stage_chunks WHERE run_id = ? AND day < ? ORDER BY first, chunk`,
		s.run, end.String()), readChunk)
}

func readChunk(r state.Row) (c chunk, err error) {
	var day string
	if err := r.Scan(&c.n, &day, &c.first, &c.last, &c.size, &c.sum, &c.writer); err != nil {
		return c, err
	}
	if c.day, err = conversation.ParseDay(day); err != nil {
		return c, unsound()
	}
	return c, nil
}

// DayCount is a day with the number of records that are staged of it, superseded ones included.
type DayCount struct {
	Day     conversation.Day
	Records int64
}

// Days lists the days of which something is staged, in order.
func (s *Stage) Days(ctx context.Context) ([]DayCount, error) {
	chunks, err := s.chunks(ctx, EveryDay)
	var days []DayCount
	for _, c := range chunks {
		if len(days) == 0 || days[len(days)-1].Day != c.day {
			days = append(days, DayCount{Day: c.day})
		}
		days[len(days)-1].Records += int64(c.size)
	}
	return days, err
}

// Stream yields the records of the batch in order of start and id, the living version of each conversation once. It
// can be walked again. Chunks are opened when their turn comes, so that pages that came in order cost the memory of
// one, and pages in any order that of openAtOnce.
func (b *Batch) Stream(ctx context.Context) iter.Seq2[conversation.Version, error] {
	return func(yield func(conversation.Version, error) bool) {
		open := &readers{}
		defer open.close()
		waiting := b.chunks
		for {
			// A chunk must be open before a record that may come after its first is given away.
			for len(waiting) > 0 && (len(*open) == 0 || waiting[0].first <= (*open)[0].head.Start.UnixMicro()) {
				err := open.narrow(ctx, b.stage)
				if err == nil {
					err = open.add(ctx, b, waiting[0])
				}
				if err != nil {
					yield(conversation.Version{}, err)
					return
				}
				waiting = waiting[1:]
			}
			if len(*open) == 0 {
				return
			}
			v, err := open.take()
			if err != nil {
				yield(conversation.Version{}, err)
				return
			}
			if !yield(v, ctx.Err()) {
				return
			}
		}
	}
}

// Heads yields the records that Stream does, without their texts and in no order.
func (b *Batch) Heads(ctx context.Context) iter.Seq2[conversation.Version, error] {
	return func(yield func(conversation.Version, error) bool) {
		for _, c := range b.chunks {
			err := ctx.Err()
			if err == nil {
				err = b.living(ctx, c, func(h head) bool { return yield(h.Version, nil) })
			}
			if errors.Is(err, errEnough) {
				return
			}
			if err != nil {
				yield(conversation.Version{}, err)
				return
			}
		}
	}
}

// errEnough ends a walk that nobody wants to go on.
var errEnough = errors.New("nobody wants more")

// living gives the heads of a chunk that no later version has taken the place of.
func (b *Batch) living(ctx context.Context, c chunk, give func(head) bool) error {
	f, err := b.stage.openChunk(ctx, c)
	if err != nil {
		return err
	}
	for line := 0; ; line++ {
		h, more, err := f.heads.next()
		if !more || err != nil {
			return errors.Join(err, f.Close())
		}
		if !b.dead[c.n][line] && !give(h) {
			return errors.Join(errEnough, f.Close())
		}
	}
}

// Done forgets the batch, whose records are in the lake; with is done in the same transaction.
func (b *Batch) Done(ctx context.Context, with func(*state.Tx) error) error {
	return b.stage.drop(ctx, b.chunks, with)
}

func (s *Stage) dead(ctx context.Context, chunk int) (map[int]bool, error) {
	return linesOf(s.db.Rows(ctx, `SELECT line FROM stage_dead WHERE run_id = ? AND chunk = ?`, s.run, chunk))
}

// linesOf gives the lines that an answer names.
func linesOf(rows iter.Seq2[state.Row, error]) (map[int]bool, error) {
	lines := map[int]bool{}
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		var line int
		if err := row.Scan(&line); err != nil {
			return nil, err
		}
		lines[line] = true
	}
	return lines, nil
}
