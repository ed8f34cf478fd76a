package ledger

import (
	"net/http"
	"testing"
	"time"
)

var t0 = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// told makes the ledger of a client that sends a request every so often to a server that keeps to its limits.
func told(n int, every time.Duration, allowed int) *Ledger {
	l := &Ledger{}
	start, count := time.Time{}, 0
	for i := range n {
		begun := t0.Add(time.Duration(i) * every)
		at := begun.Add(time.Millisecond)
		if start.IsZero() || at.Sub(start) >= minute {
			start, count = at, 0
		}
		r := Reply{Kind: "status", Begun: begun, Ended: at.Add(time.Millisecond), Status: http.StatusOK, Allowed: allowed}
		r.Reset = int((start.Add(minute).Sub(at) + time.Second - 1) / time.Second)
		if count == allowed {
			r.Status, r.Key, r.RetryAfter = http.StatusTooManyRequests, KeyRequests, r.Reset
		} else {
			count++
		}
		r.Count = count
		l.Replies = append(l.Replies, r)
	}
	return l
}

func TestLedgerOfRequests(t *testing.T) {
	most := Limits{Requests: 5, PerMinute: 2, Open: 2}
	for name, l := range map[string]*Ledger{"slow": told(20, 13*time.Second, 5), "fast": told(200, time.Second, 5), "none": {}} {
		if wrong := l.Check(most); len(wrong) > 0 {
			t.Errorf("%s: %v", name, Tellings(wrong))
		}
	}
	for name, spoil := range map[string]func(*Ledger){
		"a failure":                   func(l *Ledger) { l.Replies[3].Status = http.StatusBadGateway },
		"one too many":                func(l *Ledger) { l.Replies[5] = passed(l.Replies[5]) },
		"a count twice":               func(l *Ledger) { l.Replies[3].Count = 3 },
		"refused too soon":            func(l *Ledger) { l.Replies[2] = refused(l.Replies[2]) },
		"no Retry-After":              func(l *Ledger) { l.Replies[7].RetryAfter = 0 },
		"another Retry-After":         func(l *Ledger) { l.Replies[7].RetryAfter++ },
		"another reset":               func(l *Ledger) { l.Replies[3].Reset += 3 },
		"another limit":               func(l *Ledger) { l.Replies[7].Key = "unheard.of" },
		"refused after the reset":     func(l *Ledger) { l.Replies[60] = refused(l.Replies[60]) },
		"passed but with Retry-After": func(l *Ledger) { l.Replies[1].RetryAfter = 1 },
	} {
		l := told(100, time.Second, 5)
		spoil(l)
		if len(l.Check(most)) == 0 {
			t.Errorf("%s: nothing was found wrong", name)
		}
	}
}

func passed(r Reply) Reply {
	r.Status, r.Key, r.RetryAfter, r.Count = http.StatusOK, "", 0, r.Count+1
	return r
}

func refused(r Reply) Reply {
	r.Status, r.Key, r.RetryAfter = http.StatusTooManyRequests, KeyRequests, r.Reset
	return r
}

// submissions makes a ledger of submissions alone, at seconds after t0; a key refuses one.
func submissions(seconds []int, keys ...string) *Ledger {
	l := &Ledger{}
	for i, s := range seconds {
		at := t0.Add(time.Duration(s) * time.Second)
		r := Reply{Kind: "submit", Begun: at, Ended: at.Add(10 * time.Millisecond), Status: http.StatusAccepted}
		if i < len(keys) && keys[i] != "" {
			r.Status, r.Key = http.StatusTooManyRequests, keys[i]
		} else {
			l.Jobs = append(l.Jobs, &Job{Begun: r.Begun, Ended: r.Ended, Completed: r.Ended.Add(20 * time.Second)})
		}
		l.Replies = append(l.Replies, r)
	}
	return l
}

func TestLedgerOfSubmissions(t *testing.T) {
	for _, test := range []struct {
		name    string
		ledger  *Ledger
		minutes int // found wrong
		open    int
	}{
		{"few", submissions([]int{0, 30, 60, 90}), 0, 0},
		{"the third is one too many open", submissions([]int{0, 1, 2}, "", "", KeyOpen), 0, 0},
		{"the third passes", submissions([]int{0, 1, 2}), 0, 1},
		{"refused while one is open", submissions([]int{0, 1}, "", KeyOpen), 0, 1},
		{"refused when all are done", submissions([]int{0, 1, 40}, "", "", KeyOpen), 0, 1},
		{"the fourth in a minute", submissions([]int{0, 22, 44, 55, 61}, "", "", "", KeyPerMinute), 0, 0},
		{"the fourth passes", submissions([]int{0, 22, 44, 55}), 1, 0},
		{"the third is refused", submissions([]int{0, 22, 44}, "", "", KeyPerMinute), 1, 0},
		{"refused in a new minute", submissions([]int{0, 22, 44, 83}, "", "", "", KeyPerMinute), 1, 0},
	} {
		if wrong := test.ledger.checkPerMinute(3); len(wrong) != test.minutes {
			t.Errorf("%s: within a minute: %v", test.name, wrong)
		}
		if wrong := test.ledger.checkOpen(2); len(wrong) != test.open {
			t.Errorf("%s: open: %v", test.name, wrong)
		}
	}
}
