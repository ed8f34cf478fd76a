package ui

import (
	"fmt"
	"testing"

	"github.com/parley-hq/parley/internal/wire"
)

func TestMisfitsAreAtMostTenLines(t *testing.T) {
	m := wire.Misfits{}
	for i := range 10 {
		m[fmt.Sprintf("p%d", i)] = int64(1000 + i)
	}
	lines := Misfits(m)
	if len(lines) != 10 || lines[0] != [2]string{"  do not fit: p9", "1,009"} || lines[9] != [2]string{"  do not fit: p0", "1,000"} {
		t.Errorf("got %q", lines)
	}
	m["a"], m["b"] = 1, 2
	lines = Misfits(m)
	if len(lines) != 11 || lines[9][0] != "  do not fit: p0" || lines[10][1] != "2" {
		t.Errorf("got %q", lines)
	}
	if lines := Misfits(nil); lines != nil {
		t.Errorf("of nothing: %q", lines)
	}
}
