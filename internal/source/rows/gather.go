package rows

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// gathering brings the rows of a conversation together. Rows come in order of timestamp, and all rows of a conversation have one,
// so a conversation is complete when a later row comes. Its rows may lie on several pages, and between those of others that
// started at the same instant.
//
// A row that came on the page before, or on this one, is a double. A row that is older than what came before it, and is none,
// is given on by itself: its conversation has been given away without it.
type gathering struct {
	held  []row // all of one instant
	bytes int
	at    place // of the first of them
	// seen are the rows of the page before and of this one.
	before, now map[[sha256.Size]byte]bool
}

// place is a row on a page: what lies before it has been dealt with.
type place struct {
	Token string `json:"page,omitzero"` // of the page; empty for the first one
	Skip  int    `json:"skip,omitzero"` // rows on it that come before
	Above int64  `json:"rows,omitzero"` // on the pages before it
}

// mostHeld is how large the rows of one instant may be together, in bytes: that of the largest record.
const mostHeld = conversation.MaxRecordBytes

// page begins a page.
func (g *gathering) page() { g.before, g.now = g.now, map[[sha256.Size]byte]bool{} }

// take takes the row at a place, and gives what is complete by it: envelopes, and rows that are in none. skipped says that the
// row was dealt with before, by a process that has ended.
func (g *gathering) take(text []byte, at place, skipped bool, n *notes) (out [][]byte, err error) {
	r, err := read(text)
	double := g.before[r.sum] || g.now[r.sum]
	g.now[r.sum] = true
	switch {
	case skipped:
		return nil, nil
	case err != nil:
		return [][]byte{text}, nil //nolint:nilerr // it is refused where records are: see Door
	case double:
		n.doubled()
		return nil, nil
	case len(g.held) > 0 && r.at.Before(g.held[0].at):
		return [][]byte{text}, nil
	case len(g.held) > 0 && r.at.After(g.held[0].at):
		if out, err = g.flush(); err != nil {
			return nil, err
		}
	}
	n.took(r)
	if len(g.held) == 0 {
		g.at = at
	}
	g.held = append(g.held, r)
	if g.bytes += len(text); g.bytes > mostHeld {
		return nil, fault.New(fault.Corrupt, "the rows of one instant have more than %d MiB; the server may give every row the same timestamp", mostHeld>>20)
	}
	return out, nil
}

// flush gives the conversations that are held.
func (g *gathering) flush() (out [][]byte, err error) {
	held := g.held
	g.held, g.bytes = nil, 0
	// By conversation, and of each by interaction: in whatever order a server gives them, they make the same record.
	slices.SortFunc(held, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.conversation, b.conversation), cmp.Compare(a.interaction, b.interaction), bytes.Compare(a.text, b.text))
	})
	for len(held) > 0 {
		n := slices.IndexFunc(held, func(r row) bool { return r.conversation != held[0].conversation })
		if n < 0 {
			n = len(held)
		}
		texts := make([][]byte, n)
		for i, r := range held[:n] {
			texts[i] = r.text
		}
		record, err := wire.Envelope(held[0].conversation, held[0].at, texts)
		if err != nil {
			return nil, fault.New(fault.Corrupt, "a conversation.id is not text in Unicode")
		}
		out, held = append(out, record), held[n:]
	}
	return out, nil
}

// clone is a gathering that goes on apart from g.
func (g *gathering) clone() *gathering {
	out := *g
	out.held = slices.Clone(g.held)
	return &out
}
