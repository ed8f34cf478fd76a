package extract

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/test/unraced"
)

// Records with values that do not fit are kept, counted by place over interruptions too, and told of by exit code 3.
func TestMisfitsAreCounted(t *testing.T) {
	unraced.Test(t)
	records := spread(3, 6)
	edit := func(i int, old, with string) {
		t.Helper()
		text := strings.Replace(string(records[i]), old, with, 1)
		if text == string(records[i]) {
			t.Fatalf("the record has no %s", old)
		}
		records[i] = []byte(text)
	}
	edit(0, `"conversationId"`, `"evaluations":[{"oTotalScore":72.5},{"oTotalScore":"high"}],"conversationId"`)
	edit(3, `"conversationId"`, `"divisionIds":[7],"conversationId"`)
	edit(5, `"conversationId"`, `"evaluations":[{"oTotalScore":{}}],"conversationId"`)
	want := map[string]int64{"evaluations[].oTotalScore": 3, "divisionIds[]": 1}

	for cut := range 8 {
		r := newRig(t, 3, platformtest.Config{Records: records})
		r.cfg.Size.Commit = 1
		whole := r.cfg.Platform
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r.cfg.Platform = &cutPlatform{Platform: whole, pass: cut, cut: func() error {
			cancel()
			return nil
		}}
		if _, err := r.run(ctx); err == nil {
			t.Fatalf("cut after %d requests: the run says nothing of it", cut)
		}
		r.cfg.Platform = whole
		s, err := r.run(t.Context())
		if !errors.Is(err, fault.Incomplete) || !strings.Contains(err.Error(), "with such values: 3, kept whole") ||
			!strings.Contains(err.Error(), "evaluations[].oTotalScore (3), divisionIds[] (1)") {
			t.Errorf("cut after %d requests: got %v", cut, err)
		}
		if s.Unfit != 3 || !maps.Equal(s.Misfits, want) || s.Added != 6 || s.Days != 3 {
			t.Errorf("cut after %d requests: got %+v", cut, s)
		}
		r.wantRecords(records)
		if again := r.mustRun(); again.Unfit != 0 || again.Misfits != nil {
			t.Errorf("nothing to do: %+v", again)
		}
	}
}
