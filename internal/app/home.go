package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/state"
)

// inLake is the name of the server's folder within that of its lake, unless another one is given.
const inLake = "server"

// ServerHome is where a server keeps clients, tokens and jobs: a folder, or a schema of a Postgres, which the servers of any number of machines
// share.
type ServerHome struct {
	Dir    string
	shared string // address of the Postgres; empty of a folder
}

// HomeOf is the home that is meant by the flag --state and the lakes: the one given; that which a single lake has beside its own things,
// in its folder, the state folder or its schema; and what the servers of organizations share in a Postgres. There a lake that is called by
// its organization has none of its own, so that clients and jobs stay when a server is given a second one. It fails with fault.Invalid when
// neither says anything, and with fault.NotFound when there is no lake.
func HomeOf(ctx context.Context, given string, lakes Lakes) (ServerHome, error) {
	shared, err := sharedHome(ctx, given, lakes)
	if shared != "" || err != nil {
		return ServerHome{shared: shared}, err
	}
	dir, err := lakes.serverDir(ctx, given)
	return ServerHome{Dir: dir}, err
}

// sharedHome is the address of a home in a Postgres; empty where a folder is meant.
func sharedHome(ctx context.Context, given string, lakes Lakes) (string, error) {
	switch {
	case given != "" && !at.InPostgres(given):
		return "", at.PlaceOfState("--state", given)
	case given != "" && state.HasSchema(given):
		return given, nil
	}
	own, err := sharedBy(ctx, lakes)
	switch {
	case err != nil:
		return "", err
	case len(own) == 1 && lakes.nameless():
		return own[0], at.Found(ctx, lakes.only())
	case given != "":
		return at.ServersIn(given)
	case len(own) == len(lakes):
		return at.Servers(ctx)
	case len(own) > 0:
		return "", fault.Field("--state", "some of the lakes have their control databases in a Postgres and others in folders; give the server a folder of its own by --state")
	}
	return "", nil
}

// sharedBy are the addresses of those control databases that are in a Postgres.
func sharedBy(ctx context.Context, lakes Lakes) (out []string, err error) {
	for _, name := range lakes {
		address, err := at.Shared(ctx, name)
		if err != nil {
			return nil, err
		}
		if address != "" {
			out = append(out, address)
		}
	}
	return out, nil
}

// String is where it is, for people.
func (h ServerHome) String() string {
	if h.shared != "" {
		return "schema " + state.Shown(h.shared)
	}
	return "folder " + h.Dir
}

// There says whether it is there.
func (h ServerHome) There(ctx context.Context) (bool, error) {
	if h.shared == "" {
		_, err := os.Stat(h.Dir)
		return !errors.Is(err, fs.ErrNotExist), nil
	}
	db, err := state.Open(ctx, h.shared)
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, db.Close()
}

// Open opens it, and makes it when it is not there, for whoever needs no results of jobs.
func (h ServerHome) Open(ctx context.Context) (*server.Home, error) { return h.open(ctx, nil) }

func (h ServerHome) open(ctx context.Context, lakes map[string]*hosted) (*server.Home, error) {
	if h.shared == "" {
		return server.OpenFolder(ctx, h.Dir)
	}
	return server.OpenShared(ctx, h.shared, func(ctx context.Context, organization string) (server.Lake, error) {
		l := lakes[organization]
		if l == nil {
			return server.Lake{}, fault.New(fault.Unavailable, "The results of the organization %s are in its lake, which this process does not have", organization)
		}
		s, err := l.get(ctx)
		if err != nil {
			return server.Lake{}, err
		}
		return server.Lake{ID: s.id, Store: s.lake.Store(), Control: s.lake.Control()}, nil
	})
}

func serverLake(ctx context.Context, l *lake.Lake) (server.Lake, error) {
	id, err := l.ID(ctx)
	return server.Lake{ID: id, Store: l.Store(), Control: l.Control()}, err
}

// forgetJobs removes the jobs that are done of the servers of a lake, with their results, and counts them.
func forgetJobs(ctx context.Context, l *lake.Lake) (jobs int64, err error) {
	if dir := serverOf(ctx, l.String()); dir != "" {
		if jobs, err = server.Forget(ctx, dir); err != nil {
			return jobs, err
		}
	}
	if _, shared := l.Control().Shared(); !shared {
		return jobs, nil
	}
	several, err := at.Servers(ctx)
	if err != nil {
		return jobs, err
	}
	known, err := serverLake(ctx, l)
	if err != nil {
		return jobs, err
	}
	more, err := server.ForgetShared(ctx, known, several)
	return jobs + more, err
}

// serverOf is the folder of a server that has only this lake, if none was given.
func serverOf(ctx context.Context, lakeDir string) string {
	if at.InBucket(lakeDir) {
		return at.State(ctx)
	}
	return filepath.Join(lakeDir, inLake)
}
