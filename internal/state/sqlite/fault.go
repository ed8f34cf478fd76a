package sqlite

import (
	"errors"
	"strconv"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/parley-hq/parley/internal/fault"
)

// Fault gives an error of the driver its kind: a full disk, a database that somebody else holds, damage. One that has a
// kind keeps it.
func Fault(err error) error {
	driver, ok := errors.AsType[*sqlite.Error](err)
	if _, told := errors.AsType[*fault.Error](err); told || !ok {
		return err
	}
	if driver.Code() == sqlite3.SQLITE_IOERR_SHMSIZE { // it can only be made longer where there is room
		return fault.Because(fault.Full, err, "the control database cannot be written")
	}
	if driver.Code() == sqlite3.SQLITE_IOERR_WRITE { // SQLite knows no other want of room than ENOSPC
		return fault.Because(fault.Full, err, "the control database cannot be written; a quota or a limit on the size of files may be used up, or the disk be broken")
	}
	if driver.Code() == sqlite3.SQLITE_CONSTRAINT_TRIGGER {
		if _, message, ok := strings.Cut(driver.Error(), guarded); ok {
			message, _, _ = strings.Cut(message, " ("+strconv.Itoa(driver.Code())+")")
			return fault.New(fault.Conflict, "%s", message)
		}
	}
	switch driver.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return fault.Because(fault.Full, err, "the control database cannot be written")
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return fault.Because(fault.Invalid, err, "the control database cannot be opened or written; see who may read and write it, its folder, and the files beside it")
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fault.Because(fault.Conflict, err, "the control database is held by another process")
	case sqlite3.SQLITE_ERROR:
		if strings.Contains(driver.Error(), "no such table") || strings.Contains(driver.Error(), "no such column") {
			return fault.Because(fault.Corrupt, err, "the control database is damaged")
		}
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fault.Because(fault.Corrupt, err, "the control database is damaged")
	}
	return err
}
