package lake

import "github.com/parley-hq/parley/internal/store"

// annexAt is where the annex is in the store.
const annexAt store.Location = "cluster"

// Annex is a part of the lake's store for what is no part of the lake: what another engine writes to answer a question. It goes when the
// question is answered, and is neither checked, pinned nor moved with the lake.
type Annex struct {
	Store store.Store
	Locks store.Locks    // of locations in the annex, beside the lake's own
	At    store.Location // of all that is in it
	lake  *Lake
}

// Annex gives the lake's annex.
func (l *Lake) Annex() Annex {
	return Annex{Store: l.Store(), Locks: l.locks(), At: annexAt, lake: l}
}

// URL is what other engines name a location of the annex by.
func (a Annex) URL(at store.Location) string {
	return locationOfFile(homeOf(a.lake.place.real) + "/" + string(at))
}
