package lake

import (
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/store"
)

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

// beside says whether a location of the lake's store is of what is no part of the lake: what a server has there, and the annex. Others may be
// writing to it at any time, whoever holds the lease of the lake.
func beside(at store.Location) bool {
	top, _, within := strings.Cut(string(at), "/")
	return within && slices.Contains([]string{serverAt, string(annexAt)}, top)
}

// Annex gives the lake's annex.
func (l *Lake) Annex() Annex {
	return Annex{Store: l.Store(), Locks: l.locks(), At: annexAt, lake: l}
}

// URL is what other engines name a location of the annex by.
func (a Annex) URL(at store.Location) string {
	return locationOfFile(homeOf(a.lake.place.real) + "/" + string(at))
}
