package cli

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"testing"
)

// The page of a conversation tells what a later version of its record changed, as parley changes does, and masks what is personal.
func TestAPageTellsWhatVersionsChanged(t *testing.T) {
	t.Chdir(t.TempDir())
	const id = "5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11"
	record := func(name, end string) string {
		return `{"conversationId":"` + id + `","conversationStart":"2026-11-02T10:00:00.000Z","conversationEnd":"` + end + `","participants":[{"participantId":"p","purpose":"customer","participantName":"` + name + `"}]}`
	}
	for received, text := range map[string]string{"2026-11-03T02:00:00Z": record("Ann Before", "2026-11-02T10:05:00.000Z"), "2026-11-04T02:00:00Z": record("Bob After", "2026-11-02T10:06:00.000Z")} {
		if err := os.WriteFile(received[:10]+".json", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must(t, "import", "--lake", "lake", "--received-at", "2026-11-03T02:00:00Z", "2026-11-03.json")
	must(t, "import", "--lake", "lake", "--received-at", "2026-11-04T02:00:00Z", "2026-11-04.json")
	url := background(t, "serve", "--page", "--lake", "lake")
	for role, personal := range map[string]bool{"read": false, "personal": true} {
		text := visited(t, strings.TrimSpace(must(t, "page", "link", "--lake", "lake", "--url", url, "--role", role)), url+"/ui/conversation/"+id+"?tab=compare")
		for _, want := range []string{"/conversationEnd", "10:05:00.000Z", "10:06:00.000Z", "parley changes --lake lake --conversation " + id} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not there", role, want)
			}
		}
		if strings.Contains(text, "Ann Before") != personal || strings.Contains(text, "Bob After") != personal {
			t.Errorf("%s: names are shown: %v", role, !personal)
		}
	}
}

// visited is a page that somebody opens who came by a link.
func visited(t *testing.T, link, page string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := http.Client{Jar: jar}
	r, err := browser.Post(link, "application/x-www-form-urlencoded", nil)
	if err == nil {
		err = r.Body.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if r, err = browser.Get(page); err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v: %s", r.StatusCode, err, text)
	}
	return string(text)
}
