package ingest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/recordfile/recordfiletest"
)

// A member that nobody knows is told of once, or stops an import that shall not bring it, and passes from then on.
func TestAMemberThatNobodyKnows(t *testing.T) {
	l := newLake(t)
	files := find(t, recordfiletest.Folder(t, map[string]string{"1.json": strings.Replace(a, "{", `{"brandNew":"secret",`, 1)}))
	strict := Config{Lake: l, Control: l.Control(), Files: files, Now: time.Now, Strict: true}
	if _, err := Import(t.Context(), strict); !errors.Is(err, fault.Drifted) || !strings.Contains(err.Error(), "brandNew (string") || strings.Contains(err.Error(), "secret") {
		t.Errorf("strictly: %v", err)
	}
	if got := contents(t, l); len(got) != 0 {
		t.Errorf("the lake has %q", got)
	}
	strange := 0
	for _, s := range mustImport(t, l, files).Drift {
		if s.Path == "brandNew" && s.Type == "string" && s.Count == 1 && s.Example == "a" {
			strange++
		}
	}
	if strange != 1 {
		t.Error("it is not told of")
	}
	strict.Files = find(t, recordfiletest.Folder(t, map[string]string{"2.json": strings.Replace(b, "{", `{"brandNew":"again",`, 1)}))
	if sum, err := Import(t.Context(), strict); err != nil || len(sum.Drift) != 0 || sum.Added != 1 {
		t.Errorf("once it is in the lake: %+v, %v", sum.Drift, err)
	}
}
