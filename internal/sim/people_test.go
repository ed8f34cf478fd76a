package sim

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim/organization"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// work is a stretch in which a user was occupied by a conversation.
type work struct {
	user        string
	medium      string
	queue       string
	from, until instant
}

// works is what the users of some days did: each session's talk and what came with it, wrap-ups that came late left out.
func works(t *testing.T, c *Centre, first conversation.Day, days int) (out []work) {
	t.Helper()
	for d := range days {
		for x := range c.Day(first + conversation.Day(d)) {
			for _, p := range x.Participants {
				for _, s := range p.Sessions {
					if p.UserID == "" || p.Purpose == "voicemail" || s.MediaType == "email" && s.Direction == "outbound" {
						continue // a reply is part of the work on the email that it answers
					}
					if w, ok := occupied(t, &s); ok {
						w.user = p.UserID
						out = append(out, w)
					}
				}
			}
		}
	}
	return out
}

func occupied(t *testing.T, s *conversation.Session) (w work, ok bool) {
	t.Helper()
	for _, g := range s.Segments {
		if g.SegmentType == "alert" || g.SegmentType == "wrapup" && g.SegmentStart == g.SegmentEnd {
			continue
		}
		if !ok {
			w = work{medium: s.MediaType, queue: g.QueueID, from: parse(t, g.SegmentStart)}
		}
		w.until, ok = parse(t, g.SegmentEnd), true
	}
	return w, ok
}

func parse(t *testing.T, text string) instant {
	t.Helper()
	at, err := conversation.ParseTime(text)
	if err != nil {
		t.Fatal(err)
	}
	return tick.Of(at)
}

// The platform's usual settings: one call or callback at a time, or four chats and messages and one email.
func TestNobodyServesMoreThanThePlatformLets(t *testing.T) {
	for _, perDay := range []int{120, 6000} {
		all := works(t, New(Config{Seed: 3, PerDay: perDay, Uneven: true}), sunday, 4)
		slices.SortFunc(all, func(a, b work) int { return cmp.Compare(a.from, b.from) })
		open := map[string][]work{}
		for _, w := range all {
			now := slices.DeleteFunc(open[w.user], func(o work) bool { return o.until <= w.from })
			n, most := 1, map[string]int{"chat": 4, "message": 4}[w.medium]
			for _, o := range now {
				if o.medium == w.medium || most <= 1 && w.medium != "email" {
					n++
				}
			}
			if n > max(most, 1) {
				t.Errorf("%d a day: %s serves %d of %s at %v: %v beside %v", perDay, w.user, n, w.medium, w.from, w, now)
			}
			open[w.user] = append(now, w)
		}
		if len(all) < perDay {
			t.Errorf("%d a day: only %d pieces of work", perDay, len(all))
		}
	}
}

// Who answers is at work, and a member of the queue.
func TestWorkIsDoneInShifts(t *testing.T) {
	c := New(Config{Seed: 4, PerDay: 4000, Uneven: true})
	members, queues := map[string]*organization.User{}, map[string]string{}
	for _, u := range c.Organization.Employed(int64(sunday)-2, int64(sunday)+8) {
		members[u.ID] = u
	}
	for _, q := range c.Organization.Queues {
		queues[q.ID] = q.Name
	}
	rested := map[string]int{}
	for _, w := range works(t, c, sunday, 7) {
		u := members[w.user]
		day := int64((w.from - organization.Quiet) / day)
		spans := u.Works(day)
		if !slices.ContainsFunc(spans, func(s organization.Span) bool { return w.from >= s.From && w.from < s.Until+time30 }) {
			t.Errorf("%s works at %v, and the shift is %v", u.Name, w.from, spans)
		}
		if w.until > spans[len(spans)-1].Until+6*hour {
			t.Errorf("%s works until %v", u.Name, w.until)
		}
		if w.queue != "" && !slices.ContainsFunc(u.Queues, func(q *organization.Queue) bool { return q.ID == w.queue }) {
			t.Errorf("%s serves %s", u.Name, queues[w.queue])
		}
		rested[w.user] |= 1 << (day % 7)
	}
	for user, days := range rested {
		if days == 1<<7-1 {
			t.Errorf("%s never rests", members[user].Name)
		}
	}
}

// time30 is how late a conversation may be answered that began to ring in time; a second call of a callback comes later.
const time30 = 30 * minute

// What load does to a queue: more wait, and longer, when fewer work.
func TestWaitsFollowFromLoad(t *testing.T) {
	waits := map[bool][]int64{}
	offered, abandoned, over, answered := 0, 0, 0, 0
	for of := monday; of < monday+5; of++ {
		for x := range New(Config{Seed: 5, PerDay: 6000, Uneven: true}).Day(of) {
			for s := range sessions(x) {
				if s.MediaType != "voice" {
					continue
				}
				for _, m := range s.Metrics {
					switch m.Name {
					case "nOffered":
						offered++
					case "tAbandon":
						abandoned++
					case "nOverSla":
						over++
					case "tAnswered":
						answered++
						at, _ := time.Parse(time.RFC3339, m.EmitDate)
						waits[at.Hour() >= 8 && at.Hour() < 11] = append(waits[at.Hour() >= 8 && at.Hour() < 11], m.Value)
					}
				}
			}
		}
	}
	mean := func(of []int64) (sum int64) {
		for _, v := range of {
			sum += v
		}
		return sum / int64(len(of))
	}
	t.Logf("%d offered, %.1f %% abandoned, %.1f %% of answers over the service level, %d ms wait when busy, %d ms else",
		offered, 100*float64(abandoned)/float64(offered), 100*float64(over)/float64(answered), mean(waits[true]), mean(waits[false]))
	if busy, quiet := mean(waits[true]), mean(waits[false]); busy < 2*quiet {
		t.Errorf("callers wait %d ms in the busy hours, %d ms in others", busy, quiet)
	}
	if share := float64(abandoned) / float64(offered); share < 0.02 || share > 0.12 {
		t.Errorf("%.3f abandon", share)
	}
}
