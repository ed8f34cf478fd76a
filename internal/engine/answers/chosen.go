package answers

import (
	"path/filepath"

	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// Chosen says which files of a table, that has so many, a statement reads.
func Chosen(t tables.Table, files []datafile.File, of int) engine.Chosen {
	c := engine.Chosen{Table: string(t), Of: of}
	for _, f := range files {
		c.Files, c.Days = append(c.Files, filepath.Base(f.Path)), append(c.Days, f.Day)
		c.Rows += f.Rows
		c.Bytes += f.Bytes
	}
	return c
}
