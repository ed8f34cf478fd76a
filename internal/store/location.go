package store

import (
	"io/fs"
	"path"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

// Location names an object within its store, or a place under which objects lie: names divided by slashes, as in
// "warehouse/parley/conversations/data/day=2026-11-01/x.parquet". It is no path of the operating system. The empty location
// is the store as a whole.
type Location string

// longestName is how many bytes a name of a location may have. File systems take 255, of which a folder needs 28.
const longestName = 227

// Join is a location under l.
func (l Location) Join(names ...string) Location {
	return Location(path.Join(string(l), path.Join(names...)))
}

// Name is the last name of l.
func (l Location) Name() string { return string(l[strings.LastIndexByte(string(l), '/')+1:]) }

// Folder is the location that l is directly under.
func (l Location) Folder() Location { return l[:max(0, strings.LastIndexByte(string(l), '/'))] }

// Check says whether a store takes l as the location of an object; if not, it is fault.Invalid.
func (l Location) Check() error {
	if !fs.ValidPath(string(l)) || l == "." || strings.ContainsRune(string(l), 0) {
		return fault.New(fault.Invalid, "%q is no location of an object", string(l))
	}
	for name := range strings.SplitSeq(string(l), "/") {
		if len(name) > longestName {
			return fault.New(fault.Invalid, "%q has a name of more than %d bytes", string(l), longestName)
		}
	}
	return nil
}
