package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/wire"
)

// Records are shown as the platform writes them: with names that come twice, and halves of characters.
func TestOddRecordsAreShown(t *testing.T) {
	for _, odd := range []string{`"odd":1,"odd":2,`, `"odd":1,"\u006fdd":2,`, `"odd":"cut in two \ud83d",`} {
		for _, permissions := range [][]access.Permission{nil, {access.ViewPersonalData}} {
			b := newExplorer(t, permissions...)
			b.data.record = strings.Replace(planted, "{", "{"+odd, 1)
			b.data.more = map[string]func() ([]byte, error){"GET " + wire.PathJobs + "/job-1/results": func() ([]byte, error) {
				return []byte(`{"conversations":[` + b.data.record + `]}`), nil
			}}
			paths := []string{"/ui/explore?from=2026-07-14", "/parley/v1/dimensions/queueId/values", "/ui/conversation/" + id, "/ui/conversation/" + id + "?tab=record"}
			if permissions != nil {
				paths = append(paths, "/ui/jobs/job-1/results.ndjson")
			}
			for _, path := range paths {
				if status, text, _ := b.ask("GET", path, ""); status != http.StatusOK {
					t.Errorf("%s with %s: %d %s", path, odd, status, text)
				}
			}
			if permissions == nil {
				continue
			}
			for _, do := range []string{"export", "csv"} {
				if status, text, _ := b.post("body", `{"interval":"2026-07-14T00:00:00Z/2026-07-15T00:00:00Z"}`, "do", do, "side", "text"); status != http.StatusOK || !strings.Contains(text, "2026-07-14") {
					t.Errorf("%s with %s: %d %s", do, odd, status, text)
				}
			}
		}
	}
}
