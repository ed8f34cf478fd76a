package cli

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// The page of a day counts its hours by when conversations began, and lists those that changed.
func TestAPageTellsOfADay(t *testing.T) {
	t.Chdir(t.TempDir())
	record := func(id, start, end string) string {
		return `{"conversationId":"5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c` + id + `","conversationStart":"` + start + `","conversationEnd":"` + end + `","strange":{"a":1},"participants":[]}` + "\n"
	}
	first := record("01", "2026-11-02T00:59:59.999Z", "2026-11-02T03:00:00.000Z") + record("02", "2026-11-09T09:00:00.000Z", "2026-11-09T09:05:00.000Z") +
		record("03", "2026-11-09T09:59:59.999Z", "2026-11-09T12:00:00.000Z") + record("04", "2026-11-09T23:59:59.999Z", "2026-11-10T01:00:00.000Z")
	for name, text := range map[string]string{"first.ndjson": first, "second.ndjson": record("02", "2026-11-09T09:00:00.000Z", "2026-11-09T09:06:00.000Z")} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must(t, "import", "--lake", "lake", "--received-at", "2026-11-11T02:00:00Z", "first.ndjson")
	must(t, "import", "--lake", "lake", "--received-at", "2026-11-12T02:00:00Z", "second.ndjson")
	url := background(t, "serve", "--page", "--lake", "lake")
	link := func() string { return strings.TrimSpace(must(t, "page", "link", "--lake", "lake", "--url", url)) }
	var got struct {
		Hours   [24]int64 `json:"hours"`
		Before  [24]int64 `json:"hours_week_before"`
		Unknown int       `json:"unknown_members"`
		Changed []struct {
			ID     string `json:"conversationId"`
			Places int    `json:"places"`
		} `json:"changed"`
	}
	if err := json.Unmarshal([]byte(visited(t, link(), url+"/parley/v1/days/2026-11-09")), &got); err != nil {
		t.Fatal(err)
	}
	if got.Hours != [24]int64{9: 2, 23: 1} || got.Before != [24]int64{0: 1} || got.Unknown != 0 || len(got.Changed) != 1 || !strings.HasSuffix(got.Changed[0].ID, "02") || got.Changed[0].Places != 1 {
		t.Errorf("%+v", got)
	}
	if text := visited(t, link(), url+"/ui/day/2026-11-02"); !strings.Contains(text, "that this version does not know came with this day first") {
		t.Error("members that nobody knows are not told of on the first day that has them")
	}
}

// A page has a conversation as it came, with the attributes of its participants, for who may see them.
func TestAPageHasARecordAsItCame(t *testing.T) {
	t.Chdir(t.TempDir())
	const id = "5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11"
	const record = `{"conversationId":"` + id + `","conversationStart":"2026-11-02T10:00:00.000Z","participants":[{"participantId":"p","purpose":"customer","attributes":{"plan":"gold \u00fc"}}],"strange":1.50}`
	if err := os.WriteFile("record.json", []byte(record), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "import", "--lake", "lake", "record.json")
	url := background(t, "serve", "--page", "--lake", "lake")
	for role, personal := range map[string]bool{"read": false, "personal": true} {
		link := func() string {
			return strings.TrimSpace(must(t, "page", "link", "--lake", "lake", "--url", url, "--role", role))
		}
		if got := visited(t, link(), url+"/parley/v1/conversations/"+id+"/record"); (got == record) != personal || !strings.Contains(got, `"plan":`) {
			t.Errorf("%s: %s", role, got)
		}
		text := visited(t, link(), url+"/ui/conversation/"+id+"?tab=attributes")
		if !strings.Contains(text, "<dt>plan</dt>") || strings.Contains(text, "gold") != personal {
			t.Errorf("%s: the attribute is not told, or to the wrong one", role)
		}
	}
}
