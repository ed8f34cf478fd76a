package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	language "github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/test/unraced"
)

// fences yields the fenced blocks of a page with their info strings.
func fences(t *testing.T, path string) (infos, blocks []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split("\n"+string(text), "\n```") {
		if info, block, _ := strings.Cut(part, "\n"); i%2 == 1 {
			infos, blocks = append(infos, info), append(blocks, block)
		}
	}
	return infos, blocks
}

// TestExamplesOfTheLanguageRun runs every body and every command of docs/query.md.
func TestExamplesOfTheLanguageRun(t *testing.T) {
	unraced.Test(t)
	credentials(t)
	infos, blocks := fences(t, filepath.Join("..", "..", "docs", "query.md"))
	t.Chdir(t.TempDir())
	must(t, "generate", "--lake", "lake", "--from", "2026-11-01", "--to", "2026-11-03", "--per-day", "50", "--steady")
	ran := map[string]int{}
	for i, block := range blocks {
		ran[infos[i]]++
		switch infos[i] {
		case "json query", "json jobs":
			endpoint := language.Endpoint(strings.TrimPrefix(infos[i], "json "))
			for _, f := range language.Lint([]byte(block), endpoint) {
				t.Errorf("%s\n%+v", block, f)
			}
			if endpoint == language.EndpointQuery {
				ask(t, block, "--lake", "lake")
				write(t, "body.json", block)
			}
		}
	}
	write(t, "body.json", blocks[1])
	for i, block := range blocks {
		for line := range strings.Lines(block) {
			if args, ok := strings.CutPrefix(strings.TrimSpace(line), "parley "); ok && infos[i] == "sh" {
				must(t, strings.Fields(args)...)
			}
		}
	}
	if ran["json query"] < 5 || ran["json jobs"] < 1 || ran["sh"] < 1 {
		t.Errorf("too few examples: %v", ran)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
