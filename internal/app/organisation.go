package app

import (
	"context"
	"fmt"

	"github.com/parley-hq/parley/internal/api"
	"github.com/parley-hq/parley/internal/lake"
)

// Whoever extracts from a server keeps the id of the organisation, so as not to mix one's conversations with another's.
// So an id follows from what the conversations come from: it is the same after a restart and at another address, and
// another where the conversations are others.

// simulatedOrganisation is the one of a sandbox: its conversations follow from the seed and how many there are a day.
func simulatedOrganisation(s Simulation) api.Organisation {
	name := fmt.Sprintf("sandbox, seed %d, %d conversations a day", s.Seed, s.PerDay)
	return api.Organisation{ID: api.OrganisationID(name), Name: name}
}

// loadedOrganisation is the one of a sandbox over given records. Whose they are nobody says.
func loadedOrganisation() api.Organisation {
	const name = "sandbox, loaded records"
	return api.Organisation{ID: api.OrganisationID(name), Name: name}
}

// lakeOrganisation is the one whose conversations a lake holds.
func lakeOrganisation(ctx context.Context, name string, l *lake.Lake) (api.Organisation, error) {
	id, err := l.ID(ctx)
	return api.Organisation{ID: id, Name: name}, err
}

// lakeOrganisations are those of several lakes.
func lakeOrganisations(ctx context.Context, lakes map[string]*lake.Lake) (map[string]api.Organisation, error) {
	out := map[string]api.Organisation{}
	for name, l := range lakes {
		var err error
		if out[name], err = lakeOrganisation(ctx, name, l); err != nil {
			return nil, err
		}
	}
	return out, nil
}
