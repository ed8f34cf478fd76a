package control

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox"
)

// Rewriting asks for records to be changed from now on.
type Rewriting struct {
	Conversation conversation.ID `json:"conversation,omitempty"` // this one
	Older        sandbox.Span    `json:"older,omitempty"`        // else the last that began longer ago than this, as 72h
	Count        int             `json:"count,omitempty"`        // so many of them; 0 means one
	Patch        jsontext.Value  `json:"patch,omitempty"`        // what is merged into the record (RFC 7396); none means another externalTag
}

// Rewritten says which were.
type Rewritten struct {
	Conversations []conversation.ID `json:"conversations"`
}

// maxRewritten is how many records one request rewrites.
const maxRewritten = 1000

func (h *Handler) worldRoutes() {
	h.Handle("POST /batch", func(ctx context.Context, r *http.Request) (any, error) {
		var b sandbox.Batch
		if err := read(r, maxDeed, &b); err != nil {
			return nil, err
		}
		if err := h.World.Do(ctx, sandbox.Deed{Batch: &b}); err != nil {
			return nil, err
		}
		return h.clock(ctx)
	})
	h.Handle("POST /drift", func(ctx context.Context, r *http.Request) (any, error) {
		var d sandbox.Drift
		if err := read(r, maxDeed, &d); err != nil {
			return nil, err
		}
		return nil, h.World.Do(ctx, sandbox.Deed{Drift: &d})
	})
	h.Handle("POST /rewrite", h.rewrite)
	h.Handle("GET /conversations", func(ctx context.Context, _ *http.Request) (any, error) {
		ids, err := h.World.GoingOn(ctx)
		return Rewritten{ids}, err
	})
}

func (h *Handler) rewrite(ctx context.Context, r *http.Request) (any, error) {
	var asked Rewriting
	if err := read(r, maxDeed, &asked); err != nil {
		return nil, err
	}
	ids, err := h.meant(ctx, asked)
	if err != nil {
		return nil, err
	}
	patch := asked.Patch
	if patch == nil {
		patch = jsontext.Value(`{"externalTag":"rewritten ` + conversation.FormatTime(h.World.Clock()) + `"}`)
	}
	var deed sandbox.Deed
	for _, id := range ids {
		deed.Rewrite = append(deed.Rewrite, sandbox.Rewrite{Conversation: id, Patch: patch})
	}
	return Rewritten{ids}, h.World.Do(ctx, deed)
}

// meant are the conversations that a rewriting is about.
func (h *Handler) meant(ctx context.Context, asked Rewriting) ([]conversation.ID, error) {
	switch {
	case asked.Conversation != "" && (asked.Older != 0 || asked.Count != 0):
		return nil, fault.Field("conversation", "give one conversation, or say by older and count which are meant")
	case asked.Conversation != "":
		return []conversation.ID{asked.Conversation}, nil
	case asked.Older <= 0:
		return nil, fault.Field("older", "say which records are rewritten: conversation, or older with a length of time, as 72h")
	case asked.Count < 0 || asked.Count > maxRewritten:
		return nil, fault.Field("count", "count lies between 1 and %d", maxRewritten)
	}
	ids, err := h.World.Older(ctx, time.Duration(asked.Older), max(1, asked.Count))
	if err == nil && len(ids) == 0 {
		err = fault.Field("older", "no conversation began longer than %v ago", time.Duration(asked.Older))
	}
	return ids, err
}
