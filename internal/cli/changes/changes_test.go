package changes

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/wire"
)

// withChanges makes a lake of a conversation that was received in several versions, an hour after one another.
func withChanges(t *testing.T, versions ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "lake")
	l, err := lake.Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, members := range versions {
		r, err := wire.Record([]byte(`{"conversationId":"c1","conversationStart":"2026-11-01T10:00:00.000Z",` + members + `}`))
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 11, 8, i, 0, 0, 0, time.UTC)
		v := conversation.Version{Record: r, Run: "run-1", At: at}
		records := func(yield func(conversation.Version, error) bool) { yield(v, nil) }
		if _, err := w.Commit(t.Context(), lake.Commit{Run: "run-1", At: at, Records: records}); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestChangesAreShown(t *testing.T) {
	dir := withChanges(t,
		`"externalTag":"a<b","surveys":[]`,
		`"externalTag":"`+strings.Repeat("é", 70)+`","surveys":[{"surveyId":"s1"}]`,
		`"externalTag":null,"surveys":[{"surveyId":"s1"}],"new":"\u001b[31m`+"\u202e"+`"`,
	)
	head := "c1 of 2026-11-01T10:00:00.000Z, found at 2026-11-08T0"
	for _, c := range []struct {
		name     string
		terminal bool
		options  Options
		want     string
	}{
		{
			"at a terminal", true, Options{Width: 60},
			head + "1:00:00.000Z by run-1\n  /externalTag\n    was      \"a<b\"\n    is       \"" + strings.Repeat("é", 59) + "…\n" +
				"  /surveys/[surveyId=s1]\n    added    {\"surveyId\":\"s1\"}\n\n" +
				head + "2:00:00.000Z by run-1\n  /externalTag\n    was      \"" + strings.Repeat("é", 59) + "…\n    is       null\n" +
				"  /new\n    added    \"\\u001b[31m\\u202e\"\n\n4 changes.\n",
		},
		{
			"late ones, whole", true, Options{Since: "2026-11-08T02:00:00Z"},
			head + "2:00:00.000Z by run-1\n  /externalTag\n    was      \"" + strings.Repeat("é", 70) + "\"\n    is       null\n" +
				"  /new\n    added    \"\\u001b[31m\\u202e\"\n\n2 changes.\n",
		},
		{"none", true, Options{From: "2026-11-02"}, "0 changes.\n"},
		{"none, to", false, Options{To: "2026-11-01"}, ""},
		{"none, of another", false, Options{Conversation: "c2"}, ""},
		{
			"in a pipe", false, Options{To: "2026-11-02", Since: "2026-11-08", Conversation: "c1"},
			"2026-11-08T01:00:00.000Z\tc1\t/externalTag\t\"a<b\"\t\"" + strings.Repeat("é", 70) + "\"\n" +
				"2026-11-08T01:00:00.000Z\tc1\t/surveys/[surveyId=s1]\t\t{\"surveyId\":\"s1\"}\n" +
				"2026-11-08T02:00:00.000Z\tc1\t/externalTag\t\"" + strings.Repeat("é", 70) + "\"\tnull\n" +
				"2026-11-08T02:00:00.000Z\tc1\t/new\t\t\"\\u001b[31m\u202e\"\n",
		},
		{
			"as JSON", true, Options{JSON: true, Since: "2026-11-08T02:00:00Z"},
			`{"foundAt":"2026-11-08T02:00:00.000Z","conversationId":"c1","conversationStart":"2026-11-01T10:00:00.000Z","path":"/externalTag","before":"` + strings.Repeat("é", 70) + `","after":null,"run":"run-1"}` + "\n" +
				`{"foundAt":"2026-11-08T02:00:00.000Z","conversationId":"c1","conversationStart":"2026-11-01T10:00:00.000Z","path":"/new","after":"\u001b[31m` + "\u202e" + `","run":"run-1"}` + "\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, said bytes.Buffer
			c.options.Streams, c.options.Lake = &ui.Streams{Out: &out, Err: &said, OutTerminal: c.terminal}, dir
			if err := Run(t.Context(), &c.options); err != nil {
				t.Fatal(err)
			}
			if out.String() != c.want {
				t.Errorf("got\n%s\nwant\n%s", &out, c.want)
			}
			if none := strings.Contains(said.String(), "No record"); none != (c.want == "") {
				t.Errorf("it says %q", &said)
			}
		})
	}
}

func TestWhatIsAskedIsChecked(t *testing.T) {
	for flag, o := range map[string]Options{
		"--from": {From: "yesterday"}, "--to": {To: "2026-13-01"}, "--since": {Since: "x"}, "--width": {Width: -1},
	} {
		if err := Run(t.Context(), &o); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s: %v", flag, err)
		}
	}
	o := Options{From: "2026-11-02", To: "2026-11-02"}
	if err := Run(t.Context(), &o); !errors.Is(err, fault.Invalid) {
		t.Errorf("no day: %v", err)
	}
	o = Options{Lake: filepath.Join(t.TempDir(), "none")}
	if err := Run(t.Context(), &o); !errors.Is(err, fault.NotFound) {
		t.Errorf("no lake: %v", err)
	}
}
