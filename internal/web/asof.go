package web

import (
	"context"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// asOfEvery is how often a conversation that goes on is told anew because time has passed.
const asOfEvery = 10 * time.Second

// asOf is until when a conversation goes on that has no end: at a platform until now, by its clock. It is zero of one that has ended, and of
// a record in a lake: when that was as it is, nobody knows beyond what it says.
func (w *Web) asOf(r conversation.Record) time.Time {
	if !w.cfg.Live || !r.End.IsZero() {
		return time.Time{}
	}
	return w.cfg.Now().UTC().Truncate(asOfEvery)
}

// lookAtConversation looks at a conversation as it is now. One that goes on is another one as time passes.
func lookAtConversation(ctx context.Context, v *visit, id string) ([]byte, error) {
	text, err := lookAt("/api/v2/analytics/conversations/%s/details")(ctx, v, id)
	if err != nil || !v.web.cfg.Live {
		return text, err
	}
	raw, err := wire.Record(text)
	if at := v.web.asOf(raw); err == nil && !at.IsZero() {
		text = append(text, conversation.FormatTime(at)...)
	}
	return text, err
}
