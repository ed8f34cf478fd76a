package extract

import (
	"bytes"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
)

// A dry run says what becomes of a run that was interrupted.
func TestAPlanTellsOfAnInterruptedRun(t *testing.T) {
	for want, p := range map[string]extract.Plan{
		"go on with  ": {Interrupted: "x", Resumes: true},
		"give up  ":    {Interrupted: "x"},
		"extract  ":    {},
	} {
		var out bytes.Buffer
		o := &Options{Streams: &ui.Streams{Out: &out}}
		if err := o.printPlan(p); err != nil || !strings.Contains(out.String(), want) || strings.Contains(out.String(), "interrupted") != (p.Interrupted != "") {
			t.Errorf("got %s, %v; want %s", &out, err, want)
		}
	}
}

// What the same command would stop at again is no reason to run it again.
func TestTheHeadOfARunThatStopped(t *testing.T) {
	for want, err := range map[string]error{"": fault.New(fault.Incomplete, "x"), "Stopped before the end. Until now:\n": fault.New(fault.Corrupt, "x"), "Stopped before the end; run the same command again to go on. Until now:\n": fault.New(fault.Unavailable, "x")} {
		if got := head(err); got != want {
			t.Errorf("%v: got %q", err, got)
		}
	}
}

// A list of days is not taken for all days between its first and its last.
func TestDays(t *testing.T) {
	for want, list := range map[string][]conversation.Day{
		"no day":                           nil,
		"2026-11-01":                       {20758},
		"3 days, 2026-11-01 to 2026-11-03": {20758, 20759, 20760},
		"3 days: 2026-11-01, 2026-11-03 to 2026-11-04": {20758, 20760, 20761},
	} {
		if got := days(list); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
