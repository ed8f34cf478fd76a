package cli

import (
	"fmt"
	"strings"
	"testing"
)

// TestWhatChangesAndWhatIsStrange takes the versions of a record through the commands that tell of them.
func TestWhatChangesAndWhatIsStrange(t *testing.T) {
	t.Chdir(t.TempDir())
	version := func(name, members string) {
		write(t, name, `{"conversationId":"c1","conversationStart":"2026-11-01T10:00:00.000Z","participants":[{"participantId":"p","sessions":[{"sessionId":"s","segments":[`+members+`]}]}]}`)
	}
	segment := func(second int, more string) string {
		return fmt.Sprintf(`{"segmentStart":"2026-11-01T10:00:%02d.000Z","segmentType":"interact"%s}`, second, more)
	}
	version("1.json", segment(5, "")+","+segment(9, ""))
	version("2.json", segment(1, "")+","+segment(5, `,"mood":"secret"`)+","+segment(9, ""))
	received := func(name, at string, more ...string) []string {
		return append([]string{"import", "--lake", "lake", "--received-at", at + "T00:00:00Z", name}, more...)
	}
	must(t, received("1.json", "2026-11-08")...)
	if code, _, errs := parley(t, received("2.json", "2026-11-09", "--on-drift", "fail")...); code != 8 || !strings.Contains(errs, "participants[].sessions[].segments[].mood (string, as in conversation c1)") || strings.Contains(errs, "secret") {
		t.Errorf("strictly: exit code %d, %s", code, errs)
	}
	if code, _, errs := parley(t, received("2.json", "2026-11-09")...); code != 0 || !strings.Contains(errs, "warning: ") || !strings.Contains(errs, "segments[].mood") {
		t.Errorf("not so: exit code %d, %s", code, errs)
	}
	const at = "2026-11-09T00:00:00.000Z\tc1\t/participants/[participantId=p]/sessions/[sessionId=s]/segments/[segmentStart=2026-11-01T10:00:"
	want := at + "01.000Z,segmentType=interact]\t\t" + segment(1, "") + "\n" + at + "05.000Z,segmentType=interact]/mood\t\t\"secret\"\n"
	if got := must(t, "changes", "--lake", "lake"); got != want {
		t.Errorf("changes: got\n%s\nwant\n%s", got, want)
	}
	if _, got, _ := parley(t, "status", "--lake", "lake", "--json"); !strings.Contains(got, `"changed_places":2`) {
		t.Errorf("status: got %s", got)
	}
	if got := must(t, "schema", "--lake", "lake", "--unknown"); got != "participants[].sessions[].segments[].mood\tstring\t1\t2026-11-01\t2026-11-01\tc1\n" {
		t.Errorf("schema: got %s", got)
	}
}

// TestQuarantineGivesBack sets a record aside by a rule that was wrong, and takes it in by one that is not.
func TestQuarantineGivesBack(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "record.json", `{"conversationId":"c1","conversationStart":"2026-11-01T10:00:00.000Z"}`)
	write(t, "wrong.json", `{"$defs":{"hard":{"required":["conversationEnd"]}}}`)
	write(t, "right.json", strings.Replace(must(t, "schema", "--print"), `"$id"`, `"required":["conversationEnd"],"$id"`, 1))
	if code, _, _ := parley(t, "import", "--lake", "lake", "--schema", "wrong.json", "record.json"); code != 3 {
		t.Errorf("import: exit code %d", code)
	}
	listed := must(t, "quarantine", "list", "--lake", "lake")
	if !strings.Contains(listed, "required conversationEnd") || listed != must(t, "lake", "rejected", "--lake", "lake") {
		t.Errorf("list: got %s", listed)
	}
	if code, _, _ := parley(t, "quarantine", "retry", "--lake", "lake", "--schema", "wrong.json"); code != 3 {
		t.Errorf("retry by the same rule: exit code %d", code)
	}
	code, out, errs := parley(t, "quarantine", "retry", "--lake", "lake", "--schema", "right.json", "--json")
	if code != 0 || !strings.Contains(out, `"taken":1,"left":0`) || !strings.Contains(errs, "the record: required conversationEnd (1)") {
		t.Errorf("retry: exit code %d, %s%s", code, out, errs)
	}
	if got := must(t, "quarantine", "list", "--lake", "lake"); got != "" {
		t.Errorf("still there: %s", got)
	}
	if code, _, _ := parley(t, "quarantine", "retry", "--lake", "nowhere"); code != 5 {
		t.Errorf("of no lake: exit code %d", code)
	}
}
