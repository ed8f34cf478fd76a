package lake

import (
	"context"

	"github.com/parley-hq/parley/internal/lake/tables"
)

// ID is a UUID that is the lake's own for ever: that of its table of conversations, which lasts through every commit and
// wherever the lake is moved to.
func (l *Lake) ID(ctx context.Context) (string, error) {
	t, err := l.load(ctx, tables.Conversations)
	if err != nil {
		return "", err
	}
	return t.Metadata().TableUUID().String(), nil
}
