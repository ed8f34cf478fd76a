package ui

import (
	"bytes"
	"strings"
	"testing"
)

func TestWidth(t *testing.T) {
	for text, want := range map[string]int{"": 0, "Zoë": 3, "Zoe\u0308": 3, "\u7530\u4e2d": 4, "ｱ": 1, "📞": 2, "a\u200db": 2, "Ω": 1, "█": 1, "─": 1} {
		if got := Width(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// Columns begin below one another on a terminal, whatever stands before them.
func TestWideCellsAreAligned(t *testing.T) {
	var out bytes.Buffer
	table := (&Streams{Out: &out, OutTerminal: true}).Table("queue", "n")
	for _, cell := range []string{"Sales", "\u7530\u4e2d\u3055\u3093", "Zoe\u0308", "📞 hotline"} {
		table.Row(cell, "1")
	}
	if err := table.Done(); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		before, _, _ := strings.Cut(strings.TrimSuffix(strings.Replace(line, "N", "1", 1), "\n"), "1")
		if Width(before) != 12 {
			t.Errorf("%q begins its second column at %d", line, Width(before))
		}
	}
}
