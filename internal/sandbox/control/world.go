package control

import (
	"context"
	"net/http"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sandbox"
)

// Rewritten says which were.
type Rewritten struct {
	Conversations []conversation.ID `json:"conversations"`
}

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
	var asked sandbox.Rewriting
	if err := read(r, maxDeed, &asked); err != nil {
		return nil, err
	}
	ids, err := h.World.Rewrite(ctx, asked)
	return Rewritten{ids}, err
}
