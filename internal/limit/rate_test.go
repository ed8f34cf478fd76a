package limit_test

import (
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/limit/limittest"
)

func TestInMemory(t *testing.T) {
	limittest.Run(t, func(_ *testing.T, allowed, most int) limittest.Rig {
		one, now := limit.NewBounded(allowed, most), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		return limittest.Rig{Nodes: []limit.Rate{one, one, one}, Now: func() time.Time { return now }, Pass: func(d time.Duration) { now = now.Add(d) }}
	})
}
