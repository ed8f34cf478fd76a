package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

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
		if report(&ui.Streams{Err: &errs}, cmp.Or(err, context.Canceled), true, false); c.name == "damage seen because of it" && !strings.Contains(errs.String(), "interrupted; run the same command again") {
			t.Errorf("%s: says %q", c.name, errs.String())
		}
	}
}

func TestAnInterruptionIsReported(t *testing.T) {
	broken := fmt.Errorf("x: %w", context.Canceled)
	for want, c := range map[string]struct {
		err    error
		goesOn bool
	}{
		"parley: interrupted; run the same command again to go on\n": {broken, true},
		"parley: interrupted\n":                  {broken, false},
		"parley: interrupted; give --cursor c\n": {fault.New(context.Canceled, "interrupted; give --cursor c"), true},
	} {
		var errs bytes.Buffer
		err := c.err
		report(&ui.Streams{Err: &errs}, err, c.goesOn, false)
		if errs.String() != want || fault.ExitCode(err) != 130 {
			t.Errorf("%v: says %q with exit code %d", err, errs.String(), fault.ExitCode(err))
		}
	}
}

// A failure that several say is said once, and others beside it are said too.
func TestAFailureIsReportedOnce(t *testing.T) {
	full := errors.New("write a: no space left on device")
	var errs bytes.Buffer
	report(&ui.Streams{Err: &errs}, errors.Join(fmt.Errorf("a page cannot be written: %w", full), full, errors.New("close b: failed"), full), false, false)
	if want := "parley: a page cannot be written: write a: no space left on device; close b: failed\n"; errs.String() != want {
		t.Errorf("says %q, want %q", errs.String(), want)
	}
}

// Only commands that go on where they were are told to be run again.
func TestCommandsThatGoOn(t *testing.T) {
	var got []string
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if ui.GoesOn(cmd.Annotations) {
			got = append(got, cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(New(&ui.Streams{}))
	want := []string{"parley extract", "parley generate", "parley import", "parley lake derive", "parley lake expire", "parley lake forget", "parley lake maintain", "parley lake mend", "parley lake move", "parley reconcile"}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A command that only has others under it says so, asked for nothing.
func TestBareCommandsPrintTheirHelp(t *testing.T) {
	for _, cmd := range New(&ui.Streams{}).Commands() {
		if !cmd.HasSubCommands() || cmd.Name() == "sandbox" { // which runs one, and has parts for those that run
			continue
		}
		if code, out, errs := parley(t, cmd.Name()); code != 0 || !strings.Contains(out, "Available Commands:") || errs != "" {
			t.Errorf("parley %s: exit code %d, %q, %q", cmd.Name(), code, out, errs)
		}
	}
	if code, _, errs := parley(t, "lake", "check"); code != 2 || !strings.Contains(errs, "missing: --lake; see parley lake check --help") {
		t.Errorf("parley lake check: exit code %d, %q", code, errs)
	}
}
