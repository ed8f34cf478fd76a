package job

import (
	"context"

	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
)

// Forget removes every job that is done, with its results: whatever it was asked, its results may hold a conversation that
// is erased, and its body an address. A server may run meanwhile; to its clients the jobs are gone, as they are once they
// have expired. A job that is not done yet is answered from the lake as it is then.
func Forget(ctx context.Context, db *state.DB, files store.Store) (jobs int64, err error) {
	if there, err := db.Has(ctx, "jobs"); err != nil || !there {
		return 0, err
	}
	if jobs, err = db.Exec(ctx, `DELETE FROM jobs WHERE completed > 0`); err != nil {
		return jobs, err
	}
	for info, err := range files.List(ctx, "") {
		if err != nil {
			return jobs, err
		}
		id, suffix, ours := jobOf(info.At)
		if !ours || suffix != resultsSuffix {
			continue
		}
		var n int
		err := db.Row(ctx, `SELECT count(*) FROM jobs WHERE id = ?`, string(id)).Scan(&n)
		if err == nil && n == 0 {
			err = absent(files.Remove(ctx, info.At))
		}
		if err != nil {
			return jobs, err
		}
	}
	return jobs, nil
}
