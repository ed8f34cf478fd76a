package schema

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

func TestMembersAreListed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	l, err := lake.Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := wire.Record([]byte(`{"conversationId":"c1","conversationStart":"2026-11-01T10:00:00.000Z","selfServed":"secret","participants":[{"attributes":{"private":"x"}},{}]}`))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 8, 0, 0, 0, 0, time.UTC)
	records := func(yield func(conversation.Version, error) bool) {
		yield(conversation.Version{Record: r, Run: "run-1", At: at}, nil)
	}
	if _, err := w.Commit(t.Context(), lake.Commit{Run: "run-1", At: at, Records: records}); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	days := "\t1\t2026-11-01\t2026-11-01\t"
	for _, c := range []struct {
		options Options
		want    string
	}{
		{Options{}, "conversationId\tstring" + days + "\nconversationStart\tstring" + days + "\nparticipants\tarray" + days + "\n" +
			"participants[].attributes\tobject" + days + "\nselfServed\tstring" + days + "c1\n"},
		{Options{Unknown: true}, "selfServed\tstring" + days + "c1\n"},
		{Options{Unknown: true, JSON: true}, `{"path":"selfServed","type":"string","count":1,"first":"2026-11-01","last":"2026-11-01","example":"c1","run":"run-1","found_at":"2026-11-08T00:00:00Z","known":false}` + "\n"},
	} {
		var out, errs bytes.Buffer
		c.options.Streams, c.options.Lake = &ui.Streams{Out: &out, Err: &errs}, dir
		if err := Run(t.Context(), &c.options); err != nil {
			t.Fatal(err)
		}
		if out.String() != c.want {
			t.Errorf("got\n%s\nwant\n%s", &out, c.want)
		}
		if told := strings.Contains(errs.String(), "5 members; unknown to this version: 1"); told == c.options.JSON {
			t.Errorf("told %q", &errs)
		}
	}
}

func TestTheSchemaIsPrinted(t *testing.T) {
	var out bytes.Buffer
	if err := Run(t.Context(), &Options{Streams: &ui.Streams{Out: &out}, Print: true}); err != nil || !strings.Contains(out.String(), wire.SchemaID) {
		t.Errorf("got %.100s, %v", &out, err)
	}
	for _, o := range []Options{{}, {Lake: "x", Print: true}} {
		if err := Run(t.Context(), &o); !errors.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
