package job

import (
	"context"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
)

// Home is where jobs are kept beside their control database: the results, and the locks of those who answer.
type Home struct {
	Name    string                // what people call it
	Results map[string]Place      // where those of each organization lie; those of all who are not named, at Everybody
	Lakes   map[string]string     // the lake that each organization's jobs are answered from, by its id; nil where no other process can have another
	Locks   store.Locks           // whoever answers jobs holds one of them
	Runners int                   // processes that answer at once; the others stand by
	Listing time.Duration         // from one look for files of no job to the next, by whichever process
	Free    func() (int64, error) // bytes that results may still take; nil where nobody can say
}

// Place is where results lie in a store.
type Place struct {
	store.Store

	Under store.Location
}

// Everybody is the organization in place of which all are meant that are not named.
const Everybody = ""

// InFolder is a home in a folder of one machine. One process at a time answers its jobs: two would take twice of the machine what
// Limits allow.
func InFolder(dir string) Home {
	results := folder.At(dir)
	return Home{
		Name: dir, Results: map[string]Place{Everybody: {Store: results}}, Locks: results, Runners: 1,
		Free: func() (int64, error) { return freeOn(dir) },
	}
}

// runnersOfNodes is how many processes answer the jobs of one shared home at most. Whoever comes to it tries so many locks at
// most.
const runnersOfNodes = 1000

// listingOfNodes is how often the results of an organization are listed in a shared home: what is removed at its time
// needs no listing, so that it finds only what was left by who was killed.
const listingOfNodes = time.Hour

// InLakes is a home that any number of machines share: the results of an organization's jobs lie in its lake, and every process answers.
func InLakes(name string, locks store.Locks, results map[string]Place, lakes map[string]string) Home {
	return Home{Name: name, Results: results, Lakes: lakes, Locks: locks, Runners: runnersOfNodes, Listing: listingOfNodes}
}

func (h Home) valid() bool { return h.Locks != nil && h.Runners > 0 && h.Name != "" }

// prepare makes ready for results.
func (h Home) prepare(ctx context.Context) error {
	for _, p := range h.Results {
		if err := fault.AtPath(p.Prepare(ctx, p.Under), "the folder of results %s cannot be made", h.Name); err != nil {
			return err
		}
	}
	return nil
}
