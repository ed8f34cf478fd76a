package limit

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrMany says that so many of a client are waiting already.
var ErrMany = errors.New("too many of the client are waiting")

// Turns lets a few in at once, and the others in turns: of those who wait, the organization comes next that was let in
// the longest ago, of that organization the client, of the client the first to come. So nobody waits for more than one
// turn of each other client, however many of them one client sends. Heavy ones take at most some of the places, so that
// light ones need not wait for them. Safe for concurrent use; it starts nothing.
type Turns struct {
	places, heavy, most int

	mu      sync.Mutex
	in      int // let in and not out again
	inHeavy int
	waiting []*ticket // in the order in which they came
	turn    int64
	last    map[string]int64 // the last turn of each organization, and of each client
	moved   time.Time        // when one was last let in or out
}

type ticket struct {
	organization, client string
	heavy                bool
	call                 chan struct{} // closed when its turn has come
}

// NewTurns makes turns with so many places, of which so many may be taken by heavy ones. Of one client, so many may wait.
func NewTurns(places, heavy, most int) *Turns {
	return &Turns{places: places, heavy: heavy, most: most, last: map[string]int64{}, moved: time.Now()}
}

// Wait waits for a turn and gives what must be called once when it is over. It fails with ErrMany, or with the error of
// ctx when that ends first.
func (t *Turns) Wait(ctx context.Context, organization, client string, heavy bool) (leave func(), err error) {
	k, err := t.enter(organization, client, heavy)
	if err != nil {
		return nil, err
	}
	select {
	case <-k.call:
	case <-ctx.Done():
		if t.withdraw(k) {
			return nil, ctx.Err()
		}
	}
	return sync.OnceFunc(func() { t.leave(k) }), nil
}

func (t *Turns) enter(organization, client string, heavy bool) (*ticket, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := &ticket{organization, client, heavy, make(chan struct{})}
	if len(t.waiting) == 0 && t.in == 0 {
		clear(t.last) // nobody is there to whom it would matter
		t.moved = time.Now()
	}
	n := 0
	for _, w := range t.waiting {
		if w.client == client && w.organization == organization {
			n++
		}
	}
	t.waiting = append(t.waiting, k)
	t.admit()
	if n >= t.most && slices.Contains(t.waiting, k) {
		t.waiting = t.waiting[:len(t.waiting)-1]
		return nil, ErrMany
	}
	return k, nil
}

// admit lets in whoever may come.
func (t *Turns) admit() {
	for t.in < t.places {
		k := t.next()
		if k == nil {
			return
		}
		t.waiting = slices.DeleteFunc(t.waiting, func(w *ticket) bool { return w == k })
		t.turn++
		t.last[k.organization], t.last[k.key()] = t.turn, t.turn
		t.count(k, 1)
		close(k.call)
	}
}

func (k *ticket) key() string { return k.organization + "\x00" + k.client }

func (t *Turns) count(k *ticket, n int) {
	t.moved = time.Now()
	t.in += n
	if k.heavy {
		t.inHeavy += n
	}
}

// next is the one whose turn it is; nil if there is none, or only heavy ones that find no place.
func (t *Turns) next() *ticket {
	var next *ticket
	for _, k := range t.waiting {
		if k.heavy && t.inHeavy >= t.heavy {
			continue
		}
		if next == nil || cmp.Or(cmp.Compare(t.last[k.organization], t.last[next.organization]), cmp.Compare(t.last[k.key()], t.last[next.key()])) < 0 {
			next = k
		}
	}
	return next
}

// withdraw takes back one that does not want to wait any longer. It says no when its turn has come meanwhile.
func (t *Turns) withdraw(k *ticket) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := len(t.waiting)
	t.waiting = slices.DeleteFunc(t.waiting, func(w *ticket) bool { return w == k })
	return len(t.waiting) < before
}

func (t *Turns) leave(k *ticket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count(k, -1)
	t.admit()
}

// Stuck is for how long some have been waiting and nobody was let in or out.
func (t *Turns) Stuck() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		return 0
	}
	return time.Since(t.moved)
}
