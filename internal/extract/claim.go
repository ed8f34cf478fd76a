package extract

import (
	"context"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// simulation is the key of conversations that no platform ever had, in place of a base URL.
const simulation = "simulation"

// Simulation is the source of conversations that parley generate makes.
func Simulation() Identity { return Identity{URL: simulation} }

// Said is the source that a person names: the id of an organization, a base URL, or a simulation.
func Said(text string) Identity {
	if text == simulation || strings.Contains(text, "://") {
		return Identity{URL: strings.TrimRight(text, "/")}
	}
	return Identity{ID: text}
}

// Known gives what a lake knows of its source; the zero value if it knows nothing. It changes nothing.
func Known(ctx context.Context, control *state.DB) (known Identity, err error) {
	err = control.View(ctx, func(db *state.DB) error {
		version, err := db.Version(ctx, schema)
		if err != nil || version < len(schema.Steps) { // no extraction of this version has been here
			return err
		}
		known, err = store{db}.known(ctx)
		return err
	})
	return known, err
}

// Takes fails with fault.Invalid when a lake has another source than now.
func Takes(ctx context.Context, control *state.DB, now Identity) error {
	known, err := Known(ctx, control)
	if err != nil || known == (Identity{}) || known.same(now) {
		return err
	}
	return fault.New(fault.Invalid, "the lake holds the conversations of %v, and this is %v; give another --lake", known, now)
}

// Claim makes a lake know its source, for those who bring conversations without asking a platform. A lake of another
// one is fault.Invalid.
func Claim(ctx context.Context, control *state.DB, now Identity) error {
	s := store{control}
	// First, so that what an earlier version noted of the source is known.
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := Takes(ctx, control, now); err != nil {
		return err
	}
	return s.setSource(ctx, now)
}

// MayImport fails with fault.Invalid when conversations from files may not come into a lake: it has another source than
// said, or is simulated and nobody said that the files are too.
func MayImport(ctx context.Context, control *state.DB, said string) error {
	known, err := Known(ctx, control)
	switch {
	case err == nil && known.Report != "":
		return fault.Field("--lake", "the lake holds %v, and files hold conversations; import them into a lake of their own", known)
	case err != nil || known == (Identity{}) || known.is(said):
		return err
	case said != "":
		return fault.Field("--source", "--source says %q, and the lake holds the conversations of %v; import into a lake of their own", said, known)
	case known == Simulation():
		return fault.Field("--source", "the lake holds the conversations of %v, and files may hold those of an organization; import them into a lake of "+
			"their own, or, if they are simulated too, say so by --source %s", known, simulation)
	}
	return nil
}
