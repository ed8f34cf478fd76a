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
	All     Place                 // where the results lie of everybody; without a store they lie apart, at At
	At      Places                // where those of each organization lie
	Locks   store.Locks           // whoever answers jobs holds one of them
	Runners int                   // processes that answer at once; the others stand by
	Listing time.Duration         // from one look for files of no job to the next, by whichever process
	Free    func() (int64, error) // bytes that results may still take; nil where nobody can say
}

// Places says where the results of an organization lie. It is fault.Unavailable as long as that cannot be told. Safe for concurrent use.
type Places func(ctx context.Context, organization string) (Place, error)

// Place is where results lie in a store.
type Place struct {
	store.Store

	Under store.Location
	Lake  string // id of the lake that the jobs are answered from; empty where no other process can have another
}

// InFolder is a home in a folder of one machine. One process at a time answers its jobs: two would take twice of the machine what
// Limits allow.
func InFolder(dir string) Home {
	results := folder.At(dir)
	return Home{
		Name: dir, All: Place{Store: results}, Locks: results, Runners: 1,
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
func InLakes(name string, locks store.Locks, results Places) Home {
	return Home{Name: name, At: results, Locks: locks, Runners: runnersOfNodes, Listing: listingOfNodes}
}

func (h Home) valid() bool {
	return h.Locks != nil && h.Runners > 0 && h.Name != "" && (h.All.Store != nil || h.At != nil)
}

// prepare makes a place ready for results.
func (h Home) prepare(ctx context.Context, p Place) error {
	return fault.AtPath(p.Prepare(ctx, p.Under), "the folder of results %s cannot be made", h.Name)
}
