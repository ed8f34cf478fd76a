package job

import (
	"context"
	"errors"
	"syscall"
)

// storedOfNodes is what the results of one client may take if nobody says otherwise, where nobody knows how much room there is.
const storedOfNodes = 100 << 30

// room is what the results of one client may take if nobody says otherwise: half of the room that there is for results,
// which is what is free and what they take already. So no client fills the disk alone, and a restart changes nothing.
func room(ctx context.Context, jobs registry, free func() (int64, error)) (int64, error) {
	if free == nil {
		return storedOfNodes, nil
	}
	there, err := free()
	if err != nil {
		return 0, err
	}
	taken, err := jobs.taken(ctx)
	// Where there is none at all, a job may try and say so: the limit is not what is in its way.
	return max(1, (there+taken)/2), err
}

// freeOn is how many bytes a program of this user may still write to the disk of a folder.
func freeOn(dir string) (int64, error) {
	var fs syscall.Statfs_t
	err := syscall.Statfs(dir, &fs)
	for errors.Is(err, syscall.EINTR) {
		err = syscall.Statfs(dir, &fs)
	}
	return int64(fs.Bavail) * fs.Bsize, err
}

// taken is how many bytes the results of all jobs take.
func (s registry) taken(ctx context.Context) (n int64, err error) {
	err = s.db.Row(ctx, `SELECT coalesce(sum(stored), 0) FROM jobs`).Scan(&n)
	return n, err
}
