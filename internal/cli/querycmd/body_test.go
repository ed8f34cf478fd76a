package querycmd

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
)

func TestThePageTakesThePlaceOfTheBodys(t *testing.T) {
	const text = `{"paging":{"pageSize":7,"pageNumber":3},"aggregations":[{"dimension":"queueId"}],"x\"\u00fc":1,"order":"asc","interval":"i"}`
	for number, want := range map[int]string{
		1: `{"interval":"i","order":"asc","aggregations":[{"dimension":"queueId"}],"paging":{"pageSize":100,"pageNumber":1},"x\"ü":1}`,
		2: `{"interval":"i","order":"asc","paging":{"pageSize":100,"pageNumber":2},"x\"ü":1}`,
	} {
		if got, err := withPage([]byte(text), 100, number); err != nil || string(got) != want {
			t.Errorf("page %d: got %s, %v", number, got, err)
		}
	}
	for _, text := range []string{"", "[]", "null", `{"interval":`} {
		if _, err := withPage([]byte(text), 100, 1); err == nil || !strings.Contains(err.Error(), "lint-request") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

// A body that a server would not take is refused, whoever is asked.
func TestABodyThatIsTooLarge(t *testing.T) {
	const body = `{"interval":"2026-11-01/P1D"}`
	for size, want := range map[int]int{512_000: 0, 512_001: 2} {
		path := filepath.Join(t.TempDir(), "body.json")
		if err := os.WriteFile(path, []byte(body+strings.Repeat(" ", size-len(body))), 0o600); err != nil {
			t.Fatal(err)
		}
		o := &Options{Streams: &ui.Streams{Out: io.Discard, Err: io.Discard}, Lake: "l", File: path, PrintBody: true}
		if err := Run(t.Context(), o); fault.ExitCode(err) != want || want > 0 && !errors.Is(err, fault.TooLarge) {
			t.Errorf("%d bytes: got %v", size, err)
		}
	}
}
