package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
)

// An end that was asked for is 130, whatever broke because of it; what came to its own end keeps its code.
func TestAnEndThatWasAskedFor(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	corrupt := fault.Because(fault.Corrupt, context.Canceled, "table x cannot be loaded")
	for _, c := range []struct {
		name string
		ctx  func() context.Context
		err  error
		code int
	}{
		{"damage seen because of it", func() context.Context { return stopped }, fmt.Errorf("commit: %w", corrupt), 130},
		{"a disk that is full just then", func() context.Context { return stopped }, fault.New(fault.Full, "full"), 130},
		{"something unexpected", func() context.Context { return stopped }, errors.New("x"), 130},
		{"itself", func() context.Context { return stopped }, context.Canceled, 130},
		{"with words of its own", func() context.Context { return stopped }, fault.New(context.Canceled, "give --cursor c"), 130},
		{"what was done", func() context.Context { return stopped }, fault.New(fault.Incomplete, "one day"), 3},
		{"success", func() context.Context { return stopped }, nil, 0},
		{"damage", t.Context, corrupt, 8},
	} {
		err := ended(c.ctx(), c.err)
		if got := fault.ExitCode(err); got != c.code {
			t.Errorf("%s: exit code %d, want %d", c.name, got, c.code)
		}
		var errs bytes.Buffer
		if report(&ui.Streams{Err: &errs}, cmp.Or(err, context.Canceled), false); c.name == "damage seen because of it" && !strings.Contains(errs.String(), "interrupted; run the same command again") {
			t.Errorf("%s: says %q", c.name, errs.String())
		}
	}
}

func TestAnInterruptionIsReported(t *testing.T) {
	for want, err := range map[string]error{
		"parley: interrupted; run the same command again to go on\n": fmt.Errorf("x: %w", context.Canceled),
		"parley: interrupted; give --cursor c\n":                     fault.New(context.Canceled, "interrupted; give --cursor c"),
	} {
		var errs bytes.Buffer
		report(&ui.Streams{Err: &errs}, err, false)
		if errs.String() != want || fault.ExitCode(err) != 130 {
			t.Errorf("%v: says %q with exit code %d", err, errs.String(), fault.ExitCode(err))
		}
	}
}
