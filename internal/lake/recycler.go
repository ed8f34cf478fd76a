package lake

import (
	"math/bits"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// recycler lends memory for the columns of record batches, and lends again what was given back: one needs as much as
// the one before it, and new memory has to be cleared, found by the collector and swept. Safe for concurrent use.
type recycler struct {
	mu   sync.Mutex
	free [48][][]byte // by the power of two that is their size
}

// Smaller pieces are not worth keeping, of larger ones there are few; so many of a size are kept.
const (
	leastKept = 11 // 2 KiB
	mostKept  = 23 // 8 MiB
	keptEach  = 256
)

// Allocate implements memory.Allocator.
func (r *recycler) Allocate(size int) []byte {
	class := bits.Len(uint(max(size, 1) - 1))
	if class < leastKept || class > mostKept {
		return memory.DefaultAllocator.Allocate(size)
	}
	b := r.take(class)
	if b == nil {
		return memory.DefaultAllocator.Allocate(1 << class)[:size]
	}
	clear(b[:cap(b)]) // as new memory is
	return b[:size]
}

func (r *recycler) take(class int) (b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.free[class]); n > 0 {
		b, r.free[class] = r.free[class][n-1], r.free[class][:n-1]
	}
	return b
}

// Reallocate implements memory.Allocator.
func (r *recycler) Reallocate(size int, b []byte) []byte {
	if cap(b) >= size {
		return b[:size]
	}
	larger := r.Allocate(size)
	copy(larger, b)
	r.Free(b)
	return larger
}

// Free implements memory.Allocator.
func (r *recycler) Free(b []byte) {
	class := bits.Len(uint(max(cap(b), 1) - 1))
	if class < leastKept || class > mostKept || cap(b) != 1<<class {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.free[class]) < keptEach {
		r.free[class] = append(r.free[class], b)
	}
}
