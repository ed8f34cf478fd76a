// Package datafile writes and reads the data files of a lake's tables: Parquet files on a store, each with the rows of one
// table for one day. A file is read back before it counts as written, and read with whatever damage there is as
// fault.Corrupt.
package datafile

import (
	"cmp"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/store"
)

// File is a data file of a table.
type File struct {
	Path  string           // its name: the path of one in a folder, the URL of one in a bucket
	Copy  string           // path of its copy on this machine, for those who can read files only; empty: Path is one
	Day   conversation.Day // day of conversation_start of every row
	Rows  int64
	Bytes int64
	// LastEnd is the latest conversation_end in the file, Open the number of rows that have none.
	LastEnd time.Time
	Open    int64
	// Rules are those by which the rows of a file of summaries were derived; empty if they are several.
	Rules string

	Store store.Store
	At    store.Location
}

// Local is the path for those who can read files only. The others go by the store.
func (f File) Local() string { return cmp.Or(f.Copy, f.Path) }
