// Package wait lets time pass, and no longer than anybody wants.
package wait

import (
	"context"
	"time"
)

// For waits so long. It ends earlier when ctx does, with the error of that.
func For(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
