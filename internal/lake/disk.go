package lake

import (
	"errors"
	"strings"
	"syscall"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store/folder"
)

// onDisk is the disk of every lake in this process: Iceberg's library finds a file system by the scheme of a location
// only, so that a lake cannot have its own.
var onDisk folder.Disk = folder.OS{} //nolint:gochecknoglobals // as above

// currentDisk is what onDisk is at the moment.
type currentDisk struct{}

func (currentDisk) Mkdir(path string) error                 { return onDisk.Mkdir(path) }
func (currentDisk) Create(path string) (folder.File, error) { return onDisk.Create(path) }
func (currentDisk) Rename(from, to string) error            { return onDisk.Rename(from, to) }
func (currentDisk) RenameNew(from, to string) error         { return onDisk.RenameNew(from, to) }
func (currentDisk) SyncDir(path string) error               { return onDisk.SyncDir(path) }

var errUnexpected = errors.New("unexpected failure")

// diskFault is the kind of a failure to write: a full disk is one, whatever library saw it. Some of them keep only
// the text of the cause.
func diskFault(err error) error {
	if fault.IsFull(err) || strings.Contains(err.Error(), syscall.ENOSPC.Error()) || errors.Is(state.Fault(err), fault.Full) {
		return fault.Full
	}
	return errUnexpected
}
