package job

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// room is how much of the disk under a folder of results they may take, unless somebody says otherwise: half of what is
// free, those that are there counted as free. The other half is for the control database and whoever else is on it.
func room(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	taken, err := sizeOfFiles(dir)
	free := int64(s.Bavail) * int64(s.Bsize) //nolint:unconvert // they are of other types on other systems
	return max(1, (free+taken)/2), err
}

// sizeOfFiles is what the files of a folder take together.
func sizeOfFiles(dir string) (sum int64, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		info, err := e.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist): // it has gone meanwhile
		case err != nil:
			return 0, err
		case info.Mode().IsRegular():
			sum += info.Size()
		}
	}
	return sum, nil
}
