package mem

import (
	"bytes"

	"github.com/parley-hq/parley/internal/conversation"
)

// openBlocks is how many blocks a reader keeps open. In order of start one would do; by another time, neighbours in
// order lie in few blocks.
const openBlocks = 8

// reader opens blocks and keeps the last ones open. Not for concurrent use.
type reader struct {
	blocks [openBlocks]*block
	texts  [openBlocks][]byte
	next   int // the one to be replaced
}

// record is a copy of the record of a hit.
func (r *reader) record(h hit) (conversation.Record, error) {
	text, err := r.open(h.block)
	if err != nil {
		return conversation.Record{}, err
	}
	x := h.head()
	return conversation.Record{ID: x.id, Start: x.start.time(), End: x.end.time(), JSON: bytes.Clone(text[x.at : x.at+x.size])}, nil
}

func (r *reader) open(b *block) ([]byte, error) {
	for i := range r.blocks {
		if r.blocks[i] == b {
			return r.texts[i], nil
		}
	}
	i := r.next
	r.blocks[i] = nil // its buffer is about to hold something else
	text, err := b.text(r.texts[i])
	if err != nil {
		return nil, err
	}
	r.blocks[i], r.texts[i], r.next = b, text, (i+1)%openBlocks
	return text, nil
}
