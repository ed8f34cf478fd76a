package engine

import (
	"context"

	"github.com/parley-hq/parley/internal/conversation"
)

// Gapped is an Engine that knows which days never came into its data. What it does not find on them says nothing. An
// Engine that is not Gapped has no such days.
type Gapped interface {
	// Missing gives the days that an interval touches and that never came into the data. An interval without a start is
	// one from the first day of the data; days after the last one are not named, since Available tells of them.
	Missing(iv conversation.Interval) []conversation.Days
}

// Missing asks an engine for the days of an interval that never came into its data.
func Missing(e Engine, iv conversation.Interval) []conversation.Days {
	if g, ok := e.(Gapped); ok {
		return g.Missing(iv)
	}
	return nil
}

// Gaps gives all days between the first and the last of the data that never came into it.
func Gaps(ctx context.Context, v Views) ([]conversation.Days, error) {
	view, err := v.Settled(ctx)
	if err != nil {
		return nil, err
	}
	return Missing(view, conversation.Interval{}), view.Close()
}
