package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
)

type healthBody struct {
	Status string `json:"status"`
}

// healthy answers GET /healthz: the process answers at all.
func (s *Server) healthy(x *exchange) error { return x.send(http.StatusOK, healthBody{"ok"}) }

// ready answers GET /readyz: the data can be opened. Whatever kind of failure keeps it from that, the answer is 503.
func (s *Server) ready(x *exchange) error {
	if err := s.live(x.r.Context(), func(context.Context, engine.Engine) error { return nil }); err != nil {
		return fault.Because(fault.Unavailable, fmt.Errorf("%v", err), "The data cannot be opened")
	}
	return x.send(http.StatusOK, healthBody{"ok"})
}
