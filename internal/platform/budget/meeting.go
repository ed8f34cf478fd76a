package budget

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/parley-hq/parley/internal/private"
	"github.com/parley-hq/parley/internal/wait"
)

// meeting is the file by which the processes of a machine know of each other.
type meeting struct {
	dir, path string
}

// newMeeting names the file of a client by a hash of its id: the folder may be backed up, and listed by others.
func newMeeting(dir, client string) *meeting {
	sum := sha256.Sum256([]byte("parley budget of " + client))
	return &meeting{dir: dir, path: filepath.Join(dir, hex.EncodeToString(sum[:16]))}
}

// patience is how long another process may hold the lock. It holds it for a read and a write; one that was stopped in
// between must not stop the others.
const patience = 2 * time.Second

var errNoFolder = errors.New("no folder is known that this user may write to")

// change changes the plan in the file under its lock, and gives what it has become. The file is opened each time: whoever
// tidies up may have removed it.
func (m *meeting) change(ctx context.Context, do func(*plan)) (p plan, err error) {
	if m.dir == "" {
		return p, errNoFolder
	}
	f, err := m.open()
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, f.Close()) }() // and gives the lock back
	if err := lock(ctx, f); err != nil {
		return p, err
	}
	text, err := io.ReadAll(io.LimitReader(f, int64(length)+1))
	if err != nil {
		return p, err
	}
	p = read(text)
	do(&p)
	if _, err := f.WriteAt(p.text(), 0); err != nil || len(text) <= length {
		return p, err
	}
	return p, f.Truncate(int64(length))
}

func (m *meeting) open() (*os.File, error) {
	// O_NONBLOCK: a pipe of that name must not hold anybody up.
	const flags = os.O_RDWR | os.O_CREATE | syscall.O_NONBLOCK | syscall.O_NOFOLLOW
	f, err := private.Open(m.path, flags)
	if errors.Is(err, os.ErrNotExist) {
		if err = private.MkdirAll(m.dir); err == nil {
			f, err = private.Open(m.path, flags)
		}
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", m.path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// lock waits for the lock in small steps and not in the system, which would not hear that ctx has ended.
func lock(ctx context.Context, f *os.File) error {
	for began := time.Now(); ; {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EINTR):
			continue
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return err
		case time.Since(began) > patience:
			return fmt.Errorf("another process holds %s and does not give it back", f.Name())
		}
		if err := wait.For(ctx, time.Millisecond+rand.N(2*time.Millisecond)); err != nil {
			return err
		}
	}
}
