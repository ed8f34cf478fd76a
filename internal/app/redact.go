package app

import (
	"context"
	"errors"

	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/redact"
	"github.com/parley-hq/parley/internal/stage"
)

// Redaction says how records are redacted on their way into a lake.
type Redaction struct {
	Rules     *redact.Rules // nil for none
	Otherwise bool          // although the lake's records were redacted in another way
}

// Begin looks whether records so redacted may come into a lake, and has the lake remember the rules. It gives what redacts a
// record; nil for nothing.
func (r Redaction) Begin(ctx context.Context, l *lake.Lake) (func([]byte) ([]byte, error), error) {
	filled, err := filled(ctx, l)
	if err != nil {
		return nil, err
	}
	if err := redact.May(ctx, l.Control(), r.Rules, filled, r.Otherwise); err != nil {
		return nil, err
	}
	if err := redact.Remember(ctx, l.Control(), r.Rules); err != nil || r.Rules == nil {
		return nil, err
	}
	return r.Rules.Record, nil
}

// filled says whether a lake has records, or records are on their way into it.
func filled(ctx context.Context, l *lake.Lake) (bool, error) {
	s, err := l.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	staged, err := stage.Holds(ctx, l.Control())
	return s.ID != 0 || staged, errors.Join(err, s.Close())
}
