package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/recordfile/recordfiletest"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// ending is a context that is cancelled once it has been asked so often.
type ending struct {
	context.Context //nolint:containedctx // it is one

	asks int
}

func (e *ending) Err() error {
	if e.asks--; e.asks < 0 {
		return context.Canceled
	}
	return nil
}

func TestASurveyIsGivenUp(t *testing.T) {
	long := `{"conversationId":"a","x":"` + strings.Repeat("x", 100_000) + `"}`
	files := find(t, recordfiletest.Folder(t, map[string]string{"1.json": long, "2.json": long}))
	if _, err := Survey(&ending{t.Context(), 3}, files, wire.Limits{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Whatever breaks in an import because of its end, the end is what is told.
func TestAnImportIsGivenUp(t *testing.T) {
	l := newLake(t)
	files := find(t, recordfiletest.Folder(t, map[string]string{"1.json": a, "2.json.gz": recordfiletest.Gzip(b), "3.json": "[" + c + "]"}))
	steps := []string{}
	for _, at := range []string{"reading", "committing"} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := Import(ctx, Config{Lake: l, Control: l.Control(), Files: files, Now: time.Now, Report: func(p Progress) {
			if p.Step == at {
				cancel()
			}
		}})
		cancel()
		if fault.ExitCode(err) != 130 {
			t.Errorf("while %s: %v", at, err)
		}
		steps = append(steps, at)
	}
	if got := contents(t, l); len(steps) != 2 || len(got) != 0 {
		t.Errorf("got %q", got)
	}
	mustImport(t, l, files)
}

// A record that is too large is set aside with its text, and the rest of the file goes on.
func TestARecordThatIsTooLarge(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	large := `{"conversationId":"large","conversationStart":"2026-10-01T12:00:00.000Z","x":"` + strings.Repeat("x", conversation.MaxRecordBytes) + `"}`
	ids := `{"conversationId":"\ud800","conversationStart":"2026-10-01T12:00:00.000Z"}{"conversationId":"\ud801","conversationStart":"2026-10-01T12:00:00.000Z"}`
	sum, err := run(t, t.Context(), l, find(t, recordfiletest.Folder(t, map[string]string{"1.json": "[" + a + ",\n " + large + "," + b + "]" + ids})))
	if !errors.Is(err, fault.Incomplete) || sum.Rejected != 3 || sum.Added != 2 {
		t.Errorf("got %+v, %v", sum, err)
	}
	if got := contents(t, l); !slices.Equal(got, []string{a, b}) {
		t.Errorf("the lake has %q", got)
	}
	var kept []string
	for r, err := range stage.AllRejected(t.Context(), l.Control()) {
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, fmt.Sprintf("%s %d", r.Reason, len(r.Text)))
		if len(r.Text) > 1000 && string(r.Text) != large {
			t.Error("the text is not kept as it came")
		}
	}
	slices.Sort(kept)
	want := []string{fmt.Sprintf("the record is larger than 64 MiB %d", len(large)), "the record's conversationId is not text 74", "the record's conversationId is not text 74"}
	slices.Sort(want)
	if !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
}

func TestAValueThatIsTooLarge(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	limits := wire.Limits{Page: 1 << 20, Advice: "--max-value-mib raises the limit"}
	for name, text := range map[string]string{
		"record": a + "\n" + `{"x":"` + strings.Repeat("x", 1<<20) + `"}`,
		"zipped": recordfiletest.Gzip(a + `["` + strings.Repeat("x", 4<<20) + `"]`),
	} {
		sum, err := Import(t.Context(), Config{Lake: l, Control: l.Control(), Limits: limits, Now: time.Now, Files: find(t, recordfiletest.Folder(t, map[string]string{"x.json": text}))})
		if fault.ExitCode(err) != 8 || !strings.Contains(err.Error(), "x.json: the value is larger than 1 MiB; --max-value-mib raises the limit") || sum.Added != 0 {
			t.Errorf("%s: %+v, %v", name, sum, err)
		}
	}
	long := find(t, recordfiletest.Folder(t, map[string]string{"x.json": strings.Repeat(a+"\n", 20_000)})) // 2 MB, of short records
	if sum, err := Import(t.Context(), Config{Lake: l, Control: l.Control(), Limits: limits, Now: time.Now, Files: long}); err != nil || sum.Added != 1 {
		t.Errorf("a long file: %+v, %v", sum, err)
	}
}

// The file of a synchronous query that found nothing is a page too.
func TestPagesWithoutConversations(t *testing.T) {
	l := newLake(t)
	pages := `{"totalHits":0}` + "\n" + `{"dataAvailabilityDate":"2026-11-08T00:00:00.000Z"}[{"totalHits":7,"aggregations":[{"count":7}]},{"conversations":[` + a + `],"cursor":"c"}]` +
		`{"conversations":null,"totalHits":0}`
	if sum := mustImport(t, l, find(t, recordfiletest.Folder(t, map[string]string{"1.json": pages}))); sum.Read != 1 || sum.Added != 1 || sum.Rejected != 0 {
		t.Errorf("got %+v", sum)
	}
	others := `{} {"totalHits":1,"results":[]} {"cursor":"c","message":"no"} {"conversations":7} {"conversationId":null,"conversations":[` + a + `]} {"message":"failed","code":"x"}`
	sum, err := run(t, t.Context(), l, find(t, recordfiletest.Folder(t, map[string]string{"2.json": others})))
	if !errors.Is(err, fault.Incomplete) || sum.Rejected != 6 || sum.Read != 6 {
		t.Errorf("what is no page: %+v, %v", sum, err)
	}
}
