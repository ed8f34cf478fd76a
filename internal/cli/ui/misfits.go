package ui

import (
	"strconv"

	"github.com/parley-hq/parley/internal/wire"
)

// Misfits gives lines that say how many values do not fit the schema at each place, at most ten of them.
func Misfits(m wire.Misfits) (lines [][2]string) {
	const most = 10
	for i, path := range m.Paths() {
		if i == most {
			return append(lines, [2]string{"  do not fit at other places (--json lists them)", strconv.Itoa(len(m) - most)})
		}
		lines = append(lines, [2]string{"  do not fit: " + path, Count(m[path])})
	}
	return lines
}
