package ingest

import (
	"context"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// Found says what files hold.
type Found struct {
	Files    int    `json:"files"`
	Records  int64  `json:"records"`
	Rejected int64  `json:"rejected"`        // values that are no records
	First    string `json:"first,omitempty"` // earliest and latest conversationStart
	Last     string `json:"last,omitempty"`
}

// Survey reads files and changes nothing.
func Survey(ctx context.Context, files []File, limits wire.Limits) (Found, error) {
	found := Found{Files: len(files)}
	var first, last time.Time
	for _, f := range files {
		err := Values(ctx, f, limits, func(raw []byte) error {
			r, err := wire.Record(raw)
			if err != nil {
				found.Rejected++
				return nil //nolint:nilerr // counting them is what was asked for
			}
			found.Records++
			if first.IsZero() || r.Start.Before(first) {
				first = r.Start
			}
			if r.Start.After(last) {
				last = r.Start
			}
			return nil
		})
		if err != nil {
			return found, err
		}
	}
	if found.Records > 0 {
		found.First, found.Last = conversation.FormatTime(first), conversation.FormatTime(last)
	}
	return found, nil
}
