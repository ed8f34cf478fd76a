package web

import (
	"io"
	"net/http"
	"net/url"
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

// What a record has masked by how it looks is neither told by counts nor found by asking.
func TestValuesThatLookPersonal(t *testing.T) {
	const number, other = "tel:+4998761234512", "Escalated"
	counted := `{"totalHits":2,"conversations":[],"aggregations":[{"type":"termFrequency","dimension":"wrapUpCode","count":9,"results":[{"value":"` + number + `","count":5},{"value":"` + other + `","count":4}]}]}`
	for _, permissions := range [][]access.Permission{nil, {access.ViewPersonalData}} {
		b := newExplorer(t, permissions...)
		b.data.api = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, counted) }
		for _, path := range []string{"/parley/v1/dimensions/wrapUpCode/values", "/ui/explore?from=2026-07-14"} {
			text := b.get(path)
			if told := strings.Contains(text, "98761234512"); told != (permissions != nil) || !strings.Contains(text, other) {
				t.Errorf("%s of %v tells it: %t; %s", path, permissions, told, text)
			}
		}
		for _, do := range []string{"ask", "job", "export"} {
			for _, value := range []string{number, `tel:\u002b4998761234512`, "someone@example.com"} {
				body := `{"interval":"2026-07-14T00:00:00Z/2026-07-15T00:00:00Z","segmentFilters":[{"type":"and","predicates":[{"dimension":"wrapUpCode","value":"` + value + `"}]}]}`
				status, text, to := b.post("body", body, "do", do, "side", "text")
				if strings.Contains(to, "98761234512") || strings.Contains(to, "example.com") {
					t.Errorf("it is in the address %s", to)
				}
				if status == http.StatusSeeOther && strings.HasPrefix(to, "/ui/explore") {
					status, text, _ = b.ask("GET", to, "")
				}
				if refused := status == http.StatusForbidden; refused != (permissions == nil) && do == "ask" || refused && strings.Contains(text, "<tbody>") {
					t.Errorf("%s %s of %v: %d %s", do, value, permissions, status, text)
				}
			}
		}
	}
}

// A dimension that is misspelt is put right by a button.
func TestAMisspeltDimension(t *testing.T) {
	b := newExplorer(t)
	const field = "segmentFilters[0].predicates[0].name"
	const body = `{"interval":"2026-07-14/2026-07-15","segmentFilters":[{"type":"and","predicates":[{"dimension":"queueID","value":"queue-1"}]}]}`
	text := b.get("/ui/explore?" + url.Values{"body": {body}}.Encode())
	wants(t, text, "Did you mean queueId?", `name="do" value="put `+field+` queueId"`, "values are allowed</summary>")
	if n := strings.Count(text, "agentAssistantId, "); n != 0 {
		t.Errorf("%d messages list all dimensions", n)
	}
	if status, text, to := b.post("side", "form", "body", body, field, "queueID", "do", "put "+field+" queueId"); status != http.StatusSeeOther || !strings.Contains(inAddress(t, to), `"dimension":"queueId"`) {
		t.Errorf("the button: %d %s %s", status, text, to)
	}
}
