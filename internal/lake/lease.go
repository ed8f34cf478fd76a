package lake

import (
	"path/filepath"

	"github.com/parley-hq/parley/internal/state"
)

// The writer's lease is a lock on a file of this name. Whoever makes a lake holds it meanwhile, so that of two at once
// one is told so.
const leaseName = "writer.lock"

// lease is the right to write to the lake.
func (l *Lake) lease() (*state.Lock, error) {
	return state.TakeLock(filepath.Join(l.dir, leaseName), "%s is writing to the lake; wait until it is done")
}

// Free says whether a Writer could be had now; if not, it is fault.Conflict, as from Writer. It changes nothing.
func (l *Lake) Free() error {
	if err := l.mayWrite(); err != nil {
		return err
	}
	lease, err := l.lease()
	if err != nil {
		return err
	}
	return lease.Close()
}
