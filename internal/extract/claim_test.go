package extract

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

// A lake of simulated conversations takes no others, unless somebody says that its source is another now; and a lake of a
// platform takes no simulated ones.
func TestSimulatedAndOthersAreNotMixed(t *testing.T) {
	refused := func(what string, err error, says ...string) {
		t.Helper()
		for _, text := range append(says, "a simulated contact centre (parley generate)") {
			if !errors.Is(err, fault.Invalid) || fault.ExitCode(err) != 2 || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: got %v, want %s", what, err, text)
			}
		}
	}
	s := &scripted{pages: of(2, "1T1"), org: acme}
	r := newScripted(t, 1, s)
	r.cfg.Name = urlA
	if err := MayImport(t.Context(), r.lake.Control(), ""); err != nil {
		t.Errorf("an import into a lake without a source: %v", err)
	}
	for range 2 { // it is made by several runs
		if err := Claim(t.Context(), r.lake.Control(), Simulation()); err != nil {
			t.Fatal(err)
		}
	}
	_, err := r.run(t.Context())
	refused("an extraction", err, `"Acme"`, "--source "+acme.ID)
	_, err = New(r.cfg).Plan(t.Context())
	refused("a plan", err, `"Acme"`)
	refused("an import", MayImport(t.Context(), r.lake.Control(), ""), "--source simulation")
	refused("an import of another source", MayImport(t.Context(), r.lake.Control(), acme.ID), acme.ID)
	if err := MayImport(t.Context(), r.lake.Control(), "simulation"); err != nil {
		t.Errorf("an import of what is simulated: %v", err)
	}
	if len(s.jobs) != 0 {
		t.Errorf("%d jobs were submitted", len(s.jobs))
	}

	r.cfg.Moved = acme.ID
	r.mustRun()
	refused("simulated ones", Claim(t.Context(), r.lake.Control(), Simulation()), `"Acme"`)
	for said, want := range map[string]error{"": nil, acme.ID: nil, urlA: nil, "simulation": fault.Invalid} {
		if err := MayImport(t.Context(), r.lake.Control(), said); !errors.Is(err, want) {
			t.Errorf("an import from %q: %v", said, err)
		}
	}
}
