package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/store/folder"
)

// Forget removes the jobs that are done from the folder of a server, with their results, and counts them. Where no server
// has ever been there is nothing to do.
func Forget(ctx context.Context, dir string) (jobs int64, err error) {
	if _, err := os.Stat(filepath.Join(dir, "control.db")); errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	f, err := OpenFolder(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if jobs, err = job.Forget(ctx, f.DB, folder.At(f.Results())); err != nil {
		return jobs, err
	}
	return jobs, f.DB.Scrub(ctx)
}
