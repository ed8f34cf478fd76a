package lake

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/state"
)

// place says where the tables are. Iceberg names every file by its absolute location: in the catalog, in the metadata of a
// table, in the lists of its manifests, and in the manifests. When the lake was moved, all these names begin with a place
// where it is no more. This is the one place that knows how such a name becomes that of the file. Names are paths of files in
// a folder, and URLs of those in a bucket.
type place struct {
	named string // the warehouse as the tables name it
	real  string // where it is
	// encoded says that the tables name files percent-encoded, though this version would not: they were made by an earlier
	// one. What is written goes on so until Move, for a file is known by its name.
	encoded bool
}

// url is the location that the tables give a file, by its name.
func (p place) url(name string) string {
	if p.encoded && !isURL(name) {
		return encodedURL(name)
	}
	return locationOfFile(name)
}

func warehouseOf(dir string) string { return filepath.Join(dir, "warehouse") }

// placeOf finds the place of a lake. What the catalog says counts: it is changed in one transaction. A lake
// that is named through a symbolic link is not moved.
func placeOf(ctx context.Context, db *state.DB, at Address) (place, error) {
	p := place{real: at.warehouse()}
	location, err := locationOf(ctx, db, tables.Conversations)
	if errors.Is(err, state.ErrNoRow) {
		p.named = p.real // a lake that is being made
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if p.named, err = warehouseIn(location); err != nil {
		return p, err
	}
	p.encoded = strings.Contains(location, "%") && !strings.Contains(locationOfFile(p.named), "%")
	if at.dir != "" && Same(p.named, p.real) {
		p.real = p.named
	}
	return p, nil
}

// warehouseIn is the warehouse in the location of the metadata of conversations.
func warehouseIn(location string) (string, error) {
	name, err := filePath(location)
	if err != nil {
		return "", err
	}
	folder := name[:max(0, strings.LastIndexByte(name, '/'))]
	warehouse, ok := strings.CutSuffix(folder, filepath.Join("/", namespace, string(tables.Conversations), "metadata"))
	if !ok || !filepath.IsAbs(warehouse) && !isURL(warehouse) {
		return "", fault.New(fault.Corrupt, "the catalog has the metadata of conversations in %s, where parley never puts it", folder)
	}
	return warehouse, nil
}

// stale says whether the tables are to name their files anew.
func (p place) stale() bool { return p.moved() || p.encoded }

// moved says whether the tables are elsewhere than they say.
func (p place) moved() bool { return p.named != p.real }

// home is the folder of the lake, or its part of a bucket, as the tables name it.
func (p place) home() string { return homeOf(p.named) }

// homeOf is where the lake is that has a warehouse.
func homeOf(warehouse string) string {
	return warehouse[:max(0, strings.LastIndexByte(warehouse, '/'))]
}

// path is where a file is that the tables name so. A file that is named by its real place already is there. Of the two
// places the longer one is tried first, for one may lie within the other.
func (p place) path(name string) string {
	first, second := p.named, p.real
	if len(p.real) > len(p.named) {
		first, second = p.real, p.named
	}
	for _, warehouse := range []string{first, second} {
		if rest, ok := strings.CutPrefix(name, warehouse+"/"); ok {
			return p.real + "/" + rest
		}
	}
	return name
}

// find sets the paths of files to where they are.
func (p place) find(files []datafile.File) []datafile.File {
	if p.moved() {
		for i := range files {
			files[i].Path = p.path(files[i].Path)
		}
	}
	return files
}
