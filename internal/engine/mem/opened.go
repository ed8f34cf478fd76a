package mem

import (
	"container/list"
	"sync"
)

// opened are the texts of blocks that were opened lately and in which conversations go on: questions about now come back to
// them again and again, and those that last long lie scattered over the day. Safe for concurrent use.
type opened struct {
	mu    sync.Mutex
	order list.List // of text, the last used first
	texts map[*block]*list.Element
	size  int // bytes
}

// openedBytes is how much text is kept open.
const openedBytes = 128 << 20

type text struct {
	of   *block
	text []byte
}

// get gives the text of a block if it is open. Nobody may change it.
func (o *opened) get(b *block) ([]byte, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := o.texts[b]
	if e == nil {
		return nil, false
	}
	o.order.MoveToFront(e)
	return e.Value.(text).text, true
}

// put keeps the text of a block open, in place of those that nobody has asked for longest.
func (o *opened) put(b *block, t []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.texts[b] != nil || len(t) > openedBytes {
		return
	}
	if o.texts == nil {
		o.texts = map[*block]*list.Element{}
	}
	o.texts[b] = o.order.PushFront(text{b, t})
	for o.size += len(t); o.size > openedBytes; {
		last := o.order.Remove(o.order.Back()).(text)
		delete(o.texts, last.of)
		o.size -= len(last.text)
	}
}
