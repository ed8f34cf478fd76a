package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/state"
)

// DefaultOrganization is whose conversations a lake holds when nobody says otherwise.
const DefaultOrganization = "default"

// State is the folder in which a server keeps what must outlive it: its control database (clients, tokens, jobs) and
// the results of jobs. It stands beside the lakes, not in their control databases: one server may serve several.
type State struct {
	Dir string
	DB  *state.DB
}

// serverDir is the folder of the server within that of its lake, unless another one is given.
const serverDir = "server"

// StateDir is the folder that is meant by the flags --state and --lake: the one given, else a folder within the lake's.
// It fails with fault.Invalid when neither says anything, and with fault.NotFound when there is no lake.
func StateDir(ctx context.Context, stateDir, lakeDir string) (string, error) {
	switch {
	case stateDir != "":
		return stateDir, nil
	case lakeDir == "":
		return "", fault.New(fault.Invalid, "give the lake by --lake, or the server's folder by --state")
	}
	return filepath.Join(lakeDir, serverDir), lake.Found(ctx, lakeDir)
}

// OpenState opens the folder of a server, and makes it when it is not there.
func OpenState(ctx context.Context, dir string) (*State, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	// Nobody else may read it, even where the lake is shared: what is in it lets others forge cursors. What is made in it
	// gets its mode.
	if err := os.MkdirAll(dir, 0o700); err != nil && !fault.IsFull(err) {
		return nil, fault.Because(fault.OfPath(err), err, "the server's folder %s cannot be made or used; give another by --state", dir)
	}
	db, err := state.Open(ctx, filepath.Join(dir, "control.db"))
	if errors.Is(err, fault.Invalid) || errors.Is(err, fault.Forbidden) {
		return nil, fault.Because(fault.OfPath(err), err, "the server's folder %s cannot be used; give another by --state", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("the server's folder %s: %w", dir, err)
	}
	return &State{dir, db}, nil
}

// Results is the folder of the results of jobs.
func (s *State) Results() string { return filepath.Join(s.Dir, "results") }

// Close closes the control database.
func (s *State) Close() error { return s.DB.Close() }
