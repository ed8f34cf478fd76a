package control

import (
	"context"
	"net/http"

	"github.com/parley-hq/parley/internal/sandbox"
)

func (h *Handler) stateRoutes() {
	h.Handle("GET /scenario", func(context.Context, *http.Request) (any, error) { return h.World.Scenario(), nil })
	h.Handle("GET /state", func(ctx context.Context, _ *http.Request) (any, error) { return h.World.Save(ctx) })
	h.Handle("PUT /state", func(ctx context.Context, r *http.Request) (any, error) {
		var s sandbox.State
		if err := read(r, maxState, &s); err != nil {
			return nil, err
		}
		if err := h.World.Load(ctx, s); err != nil {
			return nil, err
		}
		return h.clock(ctx)
	})
	h.Handle("POST /reset", func(ctx context.Context, _ *http.Request) (any, error) {
		if err := h.World.Reset(ctx); err != nil {
			return nil, err
		}
		return h.clock(ctx)
	})
}
