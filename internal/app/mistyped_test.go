package app_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/fault"
)

// A server does not make a folder of an address that is mistyped: its name would be a password.
func TestAHomeAtAMistypedAddress(t *testing.T) {
	for _, given := range []string{"POSTGRES://u:secret@h/db", "postgres:/u:secret@h/db"} {
		home, err := app.HomeOf(t.Context(), given, app.Lakes{"one": t.TempDir()})
		if !errors.Is(err, fault.Invalid) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v, %v", home, err)
		}
	}
}
