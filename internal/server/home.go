package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres/clock"
	"github.com/parley-hq/parley/internal/state/postgres/leases"
	"github.com/parley-hq/parley/internal/store"
)

// DefaultOrganization is whose conversations a lake holds when nobody says otherwise.
const DefaultOrganization = "default"

// Home is where a server keeps what must outlive it: its control database (clients, tokens, jobs), the results of jobs, and the locks of
// those who answer them. It is a folder of one machine, or shared by the servers of any number of machines: then it is in a
// Postgres, and the results are in the lakes.
type Home struct {
	DB   *state.DB
	Dir  string // of a folder; else empty
	jobs job.Home
	now  func() time.Time // the clock that all who share it go by; nil: that of the machine
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
	return &Home{DB: db, Dir: dir, jobs: job.InFolder(filepath.Join(dir, "results"))}, nil
}

// Lakes gives the lake of an organization. It is fault.Unavailable as long as it cannot be opened, and when there is none: then jobs of the
// organization can be listed, and their results not be read. Safe for concurrent use.
type Lakes func(ctx context.Context, organization string) (Lake, error)

// OpenShared opens the home that servers share at an address of a Postgres, and makes its schema when it is not there. The results of jobs
// are in these lakes.
func OpenShared(ctx context.Context, address string, lakes Lakes) (_ *Home, err error) {
	db, err := state.Make(ctx, address)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	locks, err := leases.Open(ctx, db)
	if err != nil {
		return nil, err
	}
	// What one server takes for expired goes for all: it must not be that with the fastest clock which says so.
	shared, err := clock.Of(ctx, db)
	if err != nil {
		return nil, err
	}
	results := func(ctx context.Context, organization string) (job.Place, error) {
		l, err := lakes(ctx, organization)
		if err != nil {
			return job.Place{}, err
		}
		return l.results(db), nil
	}
	return &Home{DB: db, jobs: job.InLakes(state.Shown(address), locks, results), now: shared.Now}, nil
}

// Results of the jobs of a lake's own servers, and of servers of several lakes, lie apart: each looks for files that belong to no job of
// its own.
const (
	resultsOfOne     = "server/results/one"
	resultsOfSeveral = "server/results/several"
)

// Lake is what a home needs to know of a lake that jobs are answered from.
type Lake struct {
	ID      string
	Store   store.Store // results are put beside its own files
	Control *state.DB
}

// results is where the results are of the jobs in a control database that are answered from the lake.
func (l Lake) results(db *state.DB) job.Place {
	own, _ := l.Control.Shared()
	if schema, _ := db.Shared(); schema == own {
		return job.Place{Store: l.Store, Under: resultsOfOne, Lake: l.ID}
	}
	return job.Place{Store: l.Store, Under: resultsOfSeveral, Lake: l.ID}
}

// Close closes the control database.
func (h *Home) Close() error { return h.DB.Close() }
