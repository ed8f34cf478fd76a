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
	shared  *opened
	blocks  [openBlocks]*block
	texts   [openBlocks][]byte
	buffers [openBlocks][]byte // of its own
	next    int                // the one to be replaced
}

func (v *view) reader() *reader { return &reader{shared: &v.store.opened} }

// record is a copy of the record of a hit. Share says that others will ask for its block too.
func (r *reader) record(h hit, share bool) (conversation.Record, error) {
	text, err := r.open(h.block, share)
	if err != nil {
		return conversation.Record{}, err
	}
	x := h.head()
	return conversation.Record{ID: x.id, Start: x.start.time(), End: x.end.time(), JSON: bytes.Clone(text[x.at : x.at+x.size])}, nil
}

func (r *reader) open(b *block, share bool) ([]byte, error) {
	for i := range r.blocks {
		if r.blocks[i] == b {
			return r.texts[i], nil
		}
	}
	i := r.next
	r.blocks[i] = nil // its buffer is about to hold something else
	text, err := r.unpacked(b, i, share)
	if err != nil {
		return nil, err
	}
	r.blocks[i], r.texts[i], r.next = b, text, (i+1)%openBlocks
	return text, nil
}

// unpacked is the text of a block: in a buffer of the reader's, or one that all share.
func (r *reader) unpacked(b *block, i int, share bool) (text []byte, err error) {
	if !share {
		text, err = b.text(r.buffers[i])
		r.buffers[i] = text
		return text, err
	}
	if text, open := r.shared.get(b); open {
		return text, nil
	}
	if text, err = b.text(nil); err == nil {
		r.shared.put(b, text)
	}
	return text, err
}
