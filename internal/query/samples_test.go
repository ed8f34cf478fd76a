package query

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRealBodiesGetTheAnswerTheirIndexExpects reads the table of real request bodies beside the checkout.
func TestRealBodiesGetTheAnswerTheirIndexExpects(t *testing.T) {
	const dir = "../../../shared/samples/queries"
	index, err := os.ReadFile(filepath.Join(dir, "index.md"))
	if err != nil {
		t.Skip("the real request bodies are not beside this checkout")
	}
	seen := 0
	for line := range strings.Lines(string(index)) {
		cells := strings.Split(line, "|")
		if len(cells) < 6 || strings.TrimSpace(cells[1]) == "file" || strings.HasPrefix(cells[1], "---") {
			continue
		}
		file, endpoint, expect := strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3])
		text, err := os.ReadFile(filepath.Join(dir, file+".json"))
		if err != nil {
			t.Fatal(err)
		}
		seen++
		if endpoint == "query" {
			_, err = DecodeDetail(text, PlatformLimits())
		} else if file != "recording-bulk-embedded-query" {
			_, err = DecodeJob(text)
		}
		switch {
		case strings.HasPrefix(expect, "accept") && err != nil:
			t.Errorf("%s: refused: %v", file, err)
		case strings.HasPrefix(expect, "reject") && err == nil:
			t.Errorf("%s: taken, and should be refused", file)
		}
	}
	if seen < 30 {
		t.Errorf("the index lists %d bodies only", seen)
	}
}
