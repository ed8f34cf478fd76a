package mem

import (
	"bytes"
	"testing"
)

func TestOpenBlocksAreThoseThatWereAskedForLast(t *testing.T) {
	var o opened
	blocks, third := []*block{{}, {}, {}, {}}, bytes.Repeat([]byte("x"), openedBytes/3)
	for _, b := range blocks[:3] {
		o.put(b, third)
	}
	if _, open := o.get(blocks[0]); !open {
		t.Fatal("three thirds have no room")
	}
	o.put(blocks[3], third)
	for i, want := range []bool{true, false, true, true} {
		if _, open := o.get(blocks[i]); open != want {
			t.Errorf("block %d: open is %v", i, open)
		}
	}
	o.put(&block{}, make([]byte, openedBytes+1))
	o.put(blocks[3], third) // again
	if o.size != 3*len(third) || o.order.Len() != 3 || len(o.texts) != 3 {
		t.Errorf("%d bytes of %d blocks, of which %d are known", o.size, o.order.Len(), len(o.texts))
	}
}
