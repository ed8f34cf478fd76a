package extract

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// The platform's records have a member that nobody knows. A strict run stops before they are in the lake; one that takes them goes
// on where it stopped, and tells of the member once; from then on strict runs pass.
func TestAStrictRunStopsAtMembersThatNobodyKnows(t *testing.T) {
	unraced.Test(t)
	r := newRig(t, 2, platformtest.Config{Records: spread(2, 8)})
	r.cfg.Strict = true
	if _, err := r.run(t.Context()); !errors.Is(err, fault.Drifted) || r.whole() != "" || len(r.records()) != 0 {
		t.Errorf("strictly: %v, whole %q", err, r.whole())
	}
	r.cfg.Strict = false
	sum := r.mustRun()
	if !sum.Resumed || r.whole() != "1 2" || len(sum.Drift) != 1 || sum.Drift[0].Path != "unknown" || sum.Drift[0].Count != 8 {
		t.Errorf("resumed %v, whole %q, drift %+v", sum.Resumed, r.whole(), sum.Drift)
	}
	r.cfg.Strict, r.cfg.Again = true, conversation.Days{First: first, End: first + 2}
	if sum := r.mustRun(); len(sum.Drift) != 0 {
		t.Errorf("again: %+v", sum.Drift)
	}
}

func TestADoorSetsAsideOrStops(t *testing.T) {
	r := newRig(t, 1, platformtest.Config{Records: spread(1, 4)})
	kind := fault.Drifted
	r.cfg.Door = func(raw []byte) (conversation.Record, error) {
		record, err := wire.Record(raw)
		if record.ID == "c0002" {
			err = fault.New(kind, "it is not wanted")
		}
		return record, err
	}
	if _, err := r.run(t.Context()); !errors.Is(err, fault.Drifted) || r.whole() != "" {
		t.Errorf("drifted: %v, whole %q", err, r.whole())
	}
	kind = fault.Invalid
	sum, err := r.run(t.Context())
	if !errors.Is(err, fault.Incomplete) || sum.Rejected != 1 || len(r.records()) != 3 || strings.Contains(strings.Join(r.records(), ""), "c0002") {
		t.Errorf("invalid: %v, %+v", err, sum)
	}
}
