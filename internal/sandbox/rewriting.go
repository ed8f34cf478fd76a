package sandbox

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// Rewriting asks for records to be changed from now on.
type Rewriting struct {
	Conversation conversation.ID `json:"conversation,omitempty"` // this one
	Older        Span            `json:"older,omitempty"`        // else the last that began longer ago than this, as 72h
	Count        int             `json:"count,omitempty"`        // so many of them; 0 means one
	Patch        jsontext.Value  `json:"patch,omitempty"`        // what is merged into the record (RFC 7396); none means another externalTag
}

// maxRewritten is how many records one request rewrites.
const maxRewritten = 1000

func (r Rewriting) validate() error {
	switch {
	case r.Conversation != "" && (r.Older != 0 || r.Count != 0):
		return fault.Field("conversation", "give one conversation, or say by older and count which are meant")
	case r.Conversation == "" && r.Older <= 0:
		return fault.Field("older", "say which records are rewritten: conversation, or older with a length of time, as 72h")
	case r.Count < 0 || r.Count > maxRewritten:
		return fault.Field("count", "count lies between 1 and %d", maxRewritten)
	}
	return nil
}

// Rewrite rewrites the records that are meant, and says which those are.
func (w *World) Rewrite(ctx context.Context, asked Rewriting) ([]conversation.ID, error) {
	p, now, err := w.caught(ctx)
	if err != nil {
		return nil, err
	}
	all, err := p.meant(ctx, asked, now)
	if err != nil {
		return nil, err
	}
	ids := make([]conversation.ID, len(all))
	for i, r := range all {
		ids[i] = r.Conversation
	}
	return ids, w.Do(ctx, Deed{Rewrite: all})
}

// meant are the changes that a rewriting is about at an instant.
func (p *past) meant(ctx context.Context, asked Rewriting, at time.Time) (all []Rewrite, err error) {
	if err := asked.validate(); err != nil {
		return nil, err
	}
	ids := []conversation.ID{asked.Conversation}
	if asked.Conversation == "" {
		if ids, err = p.older(ctx, at.Add(-time.Duration(asked.Older)), max(1, asked.Count)); err != nil {
			return nil, err
		}
		if len(ids) == 0 {
			return nil, fault.Field("older", "no conversation began longer than %v ago", time.Duration(asked.Older))
		}
	}
	patch := asked.Patch
	if patch == nil {
		patch = jsontext.Value(`{"externalTag":"rewritten ` + conversation.FormatTime(at) + `"}`)
	}
	for _, id := range ids {
		all = append(all, Rewrite{Conversation: id, Patch: patch})
	}
	return all, nil
}

// older are the last conversations that began before an instant, at most so many, the last first.
func (p *past) older(ctx context.Context, before time.Time, most int) ([]conversation.ID, error) {
	if err := p.extend(ctx, conversation.DayOf(before), nil); err != nil {
		return nil, err
	}
	q := everything
	q.OrderBy, q.Order, q.Interval.End = query.ByConversationStart, query.Descending, before
	return idsOf(ctx, p.store.View(before, before), q, most)
}
