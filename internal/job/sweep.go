package job

import (
	"context"
	"time"
)

// sweep clears expired results away until ctx ends.
func (m *Manager) sweep(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		m.sweepOnce(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (m *Manager) sweepOnce(ctx context.Context) {
	for _, id := range m.jobs.expire(m.cfg.Now()) {
		if err := m.files.remove(id); err != nil {
			m.cfg.Log.ErrorContext(ctx, "remove expired results", "job", id, "err", err)
		}
	}
}
