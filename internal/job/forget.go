package job

import (
	"context"

	"github.com/parley-hq/parley/internal/state"
)

// Forget removes every job that is done, with its results: whatever it was asked, its results may hold a conversation that
// is erased, and its body an address. A server may run meanwhile; to its clients the jobs are gone, as they are once they
// have expired. A job that is not done yet is answered from the lake as it is then.
func Forget(ctx context.Context, db *state.DB, results Place) (jobs int64, err error) {
	if there, err := db.Has(ctx, "jobs"); err != nil || !there {
		return 0, err
	}
	if jobs, err = db.Exec(ctx, `DELETE FROM jobs WHERE completed > 0`); err != nil {
		return jobs, err
	}
	return jobs, forgetFiles(ctx, db, results)
}

// ForgetOf does what Forget does, of one lake among several whose jobs are in a control database: of the organizations whose jobs are
// answered from it.
func ForgetOf(ctx context.Context, db *state.DB, lake string, results Place) (jobs int64, err error) {
	if there, err := db.Has(ctx, "job_lakes"); err != nil || !there {
		return 0, err
	}
	if jobs, err = db.Exec(ctx, `DELETE FROM jobs WHERE completed > 0 AND organisation IN (SELECT organisation FROM job_lakes WHERE lake = ?)`, lake); err != nil {
		return jobs, err
	}
	return jobs, forgetFiles(ctx, db, results)
}

// forgetFiles removes the results of jobs that are not there.
func forgetFiles(ctx context.Context, db *state.DB, results Place) error {
	for info, err := range results.List(ctx, results.Under) {
		if err != nil {
			return err
		}
		n, part, ours := results.namedBy(info.At)
		if !ours || part {
			continue
		}
		var there int
		err := db.Row(ctx, `SELECT count(*) FROM jobs WHERE id = ?`, n.id).Scan(&there)
		if err == nil && there == 0 {
			err = absent(results.Remove(ctx, info.At))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
