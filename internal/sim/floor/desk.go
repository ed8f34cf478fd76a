package floor

import (
	"slices"

	"github.com/parley-hq/parley/internal/sim/chance"
	"github.com/parley-hq/parley/internal/sim/organization"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// class is what counts against one capacity of an agent.
type class int

const (
	calls class = iota // voice and callback
	texts              // chat and message
	mails
	classes
)

// capacity is how many conversations of a class an agent serves at once: the platform's usual settings, of which a
// message counts like a chat.
var capacity = [classes]int{calls: 1, texts: 4, mails: 1}

// desk is a person at work.
type desk struct {
	user  *organization.User
	pool  *pool
	works []organization.Span
	busy  [classes]int
	turn  [classes]int // the entry of this number in the pool's list counts, no other
	till  tick.Instant // until when the person speaks outside queues
}

// on says whether the person works at an instant.
func (k *desk) on(at tick.Instant) bool {
	for _, s := range k.works {
		if at < s.Until {
			return at >= s.From
		}
	}
	return false
}

// pool is agents who serve the same queues.
type pool struct {
	lines []*line
	free  [classes]queue[turn]
}

// turn is the place of an agent among those who are free, the longest idle first.
type turn struct {
	desk  *desk
	n     int
	since tick.Instant
}

// first is the agent who has been free for longest, or nil.
func (p *pool) first(c class, now tick.Instant) *turn {
	for {
		t := p.free[c].first()
		if t == nil || t.n == t.desk.turn[c] && t.desk.on(now) {
			return t
		}
		p.free[c].drop()
	}
}

// queue is first in, first out.
type queue[T any] struct {
	items []T
	head  int
}

func (q *queue[T]) add(v T) { q.items = append(q.items, v) }

func (q *queue[T]) first() *T {
	if q.head == len(q.items) {
		return nil
	}
	return &q.items[q.head]
}

func (q *queue[T]) drop() {
	if q.head++; q.head > 64 && q.head*2 > len(q.items) {
		q.items = slices.Delete(q.items, 0, q.head)
		q.head = 0
	}
}

// seats puts everybody who works that day at a desk.
func (f *floor) seats(day int64) {
	for _, t := range f.org.Teams {
		all, some := &pool{}, &pool{}
		for _, q := range t.Queues {
			l := f.lines[q]
			all.lines, l.pools = append(all.lines, l), append(l.pools, all)
			if !q.Special {
				some.lines, l.pools = append(some.lines, l), append(l.pools, some)
			}
		}
		for _, u := range t.Members {
			p := some
			if u.Senior {
				p = all
			}
			f.seat(&desk{user: u.On(day), pool: p, works: u.Works(day)}, t.Medium)
		}
	}
	f.staff, f.supervisors = desks(f.org.Staff, day), desks(f.org.Supervisors, day)
}

func desks(users []*organization.User, day int64) (out []*desk) {
	for _, u := range users {
		if works := u.Works(day); works != nil {
			out = append(out, &desk{user: u.On(day), works: works})
		}
	}
	return out
}

// seat has an agent begin to serve after each break.
func (f *floor) seat(k *desk, medium string) {
	serves := []class{calls}
	if medium != "voice" {
		serves = []class{texts, mails}
	}
	for _, s := range k.works {
		f.at(s.From, func() {
			for _, c := range serves {
				f.idles(k, c)
			}
		})
	}
}

// idles has an agent who can take another conversation take the longest waiting one, or wait for one.
func (f *floor) idles(k *desk, c class) {
	for k.busy[c] < capacity[c] && k.on(f.now) {
		w := k.pool.waiting(c)
		if w == nil {
			k.turn[c]++
			k.pool.free[c].add(turn{k, k.turn[c], f.now})
			return
		}
		f.offers(w, k)
	}
}

// leaves ends an agent's work on a conversation.
func (f *floor) leaves(k *desk, c class, at tick.Instant) {
	f.at(at, func() {
		k.busy[c]--
		f.idles(k, c)
	})
}

// somebody is one of the people who is at work and speaks to nobody, or nil. Not everybody is asked.
func somebody(from []*desk, d *chance.Dice, now tick.Instant) *desk {
	for range min(8, len(from)) {
		if k := chance.Pick(d, from); k.on(now) && k.till <= now {
			return k
		}
	}
	return nil
}
