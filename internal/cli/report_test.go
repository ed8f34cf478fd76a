package cli

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
)

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
