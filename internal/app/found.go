package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/role"
)

// Found is a conversation of a lake.
type Found struct {
	Record   []byte    // as it was received, attributes too; nil if the lake does not have it
	Received time.Time // when
	// Read says of each day whether the lake has it whole.
	Read func(conversation.Day) bool
}

// Find looks for a conversation in the lake in dir. It stands beside the way that all else is asked: a server does not say
// when a record was received, and gives none with attributes but by a job.
func Find(ctx context.Context, dir string, id conversation.ID) (f Found, err error) {
	r := &reading{dir: dir}
	err = role.Of("find", r.services()).During(ctx, func(ctx context.Context) error {
		whole, err := r.lake.Days(ctx, conversation.DayOf(time.Unix(0, 0)), conversation.DayOf(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)))
		if err != nil {
			return err
		}
		f.Read = func(day conversation.Day) bool { return whole[day] }
		for record, err := range r.engine.ByID(ctx, []conversation.ID{id}) {
			if err != nil {
				return err
			}
			f.Record = record.JSON
			f.Received, err = r.received(ctx, record)
			return err
		}
		return nil
	})
	return f, err
}

// Record gives the record of a conversation in the lake in dir, as it was received, and when that was if the record was still
// going on then; nil if the lake does not have it. It looks into the index of ids and reads one group of rows.
func Record(ctx context.Context, dir string, id conversation.ID) (record []byte, received time.Time, err error) {
	r := &reading{dir: dir, ids: []conversation.ID{id}}
	err = role.Of("find", r.services()).During(ctx, func(ctx context.Context) error {
		for one, err := range r.engine.ByID(ctx, r.ids) {
			if err != nil {
				return err
			}
			if record = one.JSON; one.End.IsZero() { // of one that has ended it says nothing
				received, err = r.received(ctx, one)
			}
			return err
		}
		return nil
	})
	return record, received, err
}

// Reasons are the rules of why somebody called that the lake in dir remembers; none if it was never given any.
func Reasons(ctx context.Context, dir string) (_ []account.ReasonRule, err error) {
	l, err := at.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	by, err := l.Deriving(ctx)
	return by.Reasons, err
}

// Coverage says up to when the lake in dir is whole, and which days of an interval before that never came into it.
func Coverage(ctx context.Context, dir string, of conversation.Interval) (whole time.Time, missing []conversation.Days, err error) {
	l, err := at.Open(ctx, dir)
	if err != nil {
		return whole, nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	gaps, err := l.Gaps(ctx)
	if err != nil {
		return whole, nil, err
	}
	for _, gap := range gaps {
		gap.First, gap.End = max(gap.First, conversation.DayOf(of.Start)), min(gap.End, conversation.DayOf(of.End.Add(-1))+1)
		if gap.First < gap.End {
			missing = append(missing, gap)
		}
	}
	whole, err = l.Available(ctx)
	return whole, missing, err
}

// received is when the version of a record came that the snapshot has.
func (r *reading) received(ctx context.Context, record conversation.Record) (at time.Time, err error) {
	only, err := r.snapshot.Only(ctx, []conversation.ID{record.ID})
	if err != nil {
		return at, err
	}
	statement := fmt.Sprintf(`SELECT extracted_at FROM conversations WHERE conversation_id = '%s' AND conversation_start = TIMESTAMPTZ '%s'`,
		strings.ReplaceAll(string(record.ID), "'", "''"), record.Start.Format("2006-01-02 15:04:05.999999Z07:00"))
	err = duck.SQL(ctx, duck.Config{}, only, statement, func([]string) error { return nil }, func(row []any) error {
		var ok bool
		if at, ok = row[0].(time.Time); !ok {
			return fault.New(fault.Corrupt, "the lake does not say when conversation %s was received", record.ID)
		}
		return nil
	})
	return at.UTC(), err
}
