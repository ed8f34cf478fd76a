package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// DefaultOrganization is whose conversations a lake holds when nobody says otherwise.
const DefaultOrganization = "default"

// Home is where a server keeps what must outlive it: its control database (clients, tokens, jobs) and
// the results of jobs. It stands beside the lakes, not in their control databases: one server may serve several.
type Home struct {
	Dir string
	DB  *state.DB
}

// OpenFolder opens the folder of a server, and makes it when it is not there.
func OpenFolder(ctx context.Context, dir string) (*Home, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	// Nobody else may read it, even where the lake is shared: what is in it lets others forge cursors. What is made in
	// it gets its mode.
	if err := os.MkdirAll(dir, 0o700); err != nil && !fault.IsFull(err) {
		return nil, fault.Because(fault.OfPath(err), err, "the server's folder %s cannot be made or used; give another by --state (of a sandbox: --data)", dir)
	}
	db, err := state.Open(ctx, filepath.Join(dir, "control.db"))
	if errors.Is(err, fault.Invalid) || errors.Is(err, fault.Forbidden) {
		return nil, fault.Because(fault.OfPath(err), err, "the server's folder %s cannot be used; give another by --state (of a sandbox: --data)", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("the server's folder %s: %w", dir, err)
	}
	return &Home{dir, db}, nil
}

// Results is the folder of the results of jobs.
func (h *Home) Results() string { return filepath.Join(h.Dir, "results") }

// Close closes the control database.
func (h *Home) Close() error { return h.DB.Close() }
