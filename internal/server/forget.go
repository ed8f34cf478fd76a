package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store/folder"
)

// Forget removes the jobs that are done from the folder of a server, with their results, and counts them. Where no server
// has ever been there is nothing to do.
func Forget(ctx context.Context, dir string) (jobs int64, err error) {
	if _, err := os.Stat(filepath.Join(dir, "control.db")); errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	h, err := OpenFolder(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	if jobs, err = job.Forget(ctx, h.DB, job.Place{Store: folder.At(filepath.Join(h.Dir, "results"))}); err != nil {
		return jobs, err
	}
	return jobs, h.DB.Scrub(ctx)
}

// ForgetShared removes the jobs that are done of a lake's own servers, and those that are answered from it of servers of several, whose
// home is at an address, with their results. It counts them. Whoever is given the lake may lose the right to write to it: nothing is
// forgotten then.
func ForgetShared(ctx context.Context, l Lake, several string) (jobs int64, err error) {
	if jobs, err = job.Forget(ctx, l.Control, job.Place{Store: l.Store, Under: resultsOfOne}); err != nil {
		return jobs, err
	}
	db, err := state.Open(ctx, several)
	if errors.Is(err, fault.NotFound) { // no server ever had several
		return jobs, nil
	}
	if err != nil {
		return jobs, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	more, err := job.ForgetOf(ctx, db, l.ID, job.Place{Store: l.Store, Under: resultsOfSeveral})
	if err == nil {
		err = db.Scrub(ctx)
	}
	return jobs + more, err
}
