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

// ready answers GET /readyz: the data can be opened, of at least one organization where there are several; questions are answered; and
// the server is not about to stop. Whatever keeps it from that, the answer is 503. Clients being answered are not waited for.
//
// An organization whose data is away must not take a server from the others, and asking all of a thousand each time would be the most that the
// server does: the one that could be opened last is asked first.
func (s *Server) ready(x *exchange) error {
	if s.stopping.Load() {
		return fault.New(fault.Unavailable, "The server is stopping")
	}
	if err := s.answering(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), s.cfg.QueryTimeout)
	defer cancel()
	if err := s.anyOpenable(ctx); err != nil {
		return fault.Because(fault.Unavailable, fmt.Errorf("%v", err), "The data cannot be opened")
	}
	return x.send(http.StatusOK, healthBody{"ok"})
}

// anyOpenable says whether the data of any organization can be opened; if not, why that of one cannot.
func (s *Server) anyOpenable(ctx context.Context) (err error) {
	last, _ := s.openedLast.Load().(string)
	if views := s.cfg.Views[last]; views != nil && openable(ctx, views) == nil {
		return nil
	}
	for name, views := range s.cfg.Views {
		if err = openable(ctx, views); err == nil {
			s.openedLast.Store(name)
			return nil
		}
	}
	return err
}

func openable(ctx context.Context, views engine.Views) error {
	view, err := views.Live(ctx)
	if err != nil {
		return err
	}
	return view.Close()
}

// measured answers GET /metrics, for Prometheus.
func (s *Server) measured(x *exchange) error {
	s.metrics.ServeHTTP(x.out, x.r)
	return nil
}
