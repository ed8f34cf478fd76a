package main

import (
	"net/http"
	"testing"
	"time"
)

var t0 = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// told makes the ledger of a client that sends a request every so often to a server that keeps to its limits.
func told(n int, every time.Duration, allowed int) *ledger {
	l := &ledger{}
	start, count := time.Time{}, 0
	for i := range n {
		begun := t0.Add(time.Duration(i) * every)
		at := begun.Add(time.Millisecond)
		if start.IsZero() || at.Sub(start) >= minute {
			start, count = at, 0
		}
		r := reply{kind: "status", begun: begun, ended: at.Add(time.Millisecond), status: http.StatusOK, allowed: allowed}
		r.reset = int((start.Add(minute).Sub(at) + time.Second - 1) / time.Second)
		if count == allowed {
			r.status, r.key, r.retryAfter = http.StatusTooManyRequests, keyRequests, r.reset
		} else {
			count++
		}
		r.count = count
		l.replies = append(l.replies, r)
	}
	return l
}

func TestLedgerOfRequests(t *testing.T) {
	most := limits{requests: 5, perMinute: 2, open: 2}
	for name, l := range map[string]*ledger{"slow": told(20, 13*time.Second, 5), "fast": told(200, time.Second, 5), "none": {}} {
		if wrong := l.check(most); len(wrong) > 0 {
			t.Errorf("%s: %v", name, tellings(wrong))
		}
	}
	for name, spoil := range map[string]func(*ledger){
		"a failure":                   func(l *ledger) { l.replies[3].status = http.StatusBadGateway },
		"one too many":                func(l *ledger) { l.replies[5] = passed(l.replies[5]) },
		"a count twice":               func(l *ledger) { l.replies[3].count = 3 },
		"refused too soon":            func(l *ledger) { l.replies[2] = refused(l.replies[2]) },
		"no Retry-After":              func(l *ledger) { l.replies[7].retryAfter = 0 },
		"another Retry-After":         func(l *ledger) { l.replies[7].retryAfter++ },
		"another reset":               func(l *ledger) { l.replies[3].reset += 3 },
		"another limit":               func(l *ledger) { l.replies[7].key = "unheard.of" },
		"refused after the reset":     func(l *ledger) { l.replies[60] = refused(l.replies[60]) },
		"passed but with Retry-After": func(l *ledger) { l.replies[1].retryAfter = 1 },
	} {
		l := told(100, time.Second, 5)
		spoil(l)
		if len(l.check(most)) == 0 {
			t.Errorf("%s: nothing was found wrong", name)
		}
	}
}

func passed(r reply) reply {
	r.status, r.key, r.retryAfter, r.count = http.StatusOK, "", 0, r.count+1
	return r
}

func refused(r reply) reply {
	r.status, r.key, r.retryAfter = http.StatusTooManyRequests, keyRequests, r.reset
	return r
}

// submissions makes a ledger of submissions alone, at seconds after t0; a key refuses one.
func submissions(seconds []int, keys ...string) *ledger {
	l := &ledger{}
	for i, s := range seconds {
		at := t0.Add(time.Duration(s) * time.Second)
		r := reply{kind: "submit", begun: at, ended: at.Add(10 * time.Millisecond), status: http.StatusAccepted}
		if i < len(keys) && keys[i] != "" {
			r.status, r.key = http.StatusTooManyRequests, keys[i]
		} else {
			l.jobs = append(l.jobs, &ran{begun: r.begun, ended: r.ended, completed: r.ended.Add(20 * time.Second)})
		}
		l.replies = append(l.replies, r)
	}
	return l
}

func TestLedgerOfSubmissions(t *testing.T) {
	for _, test := range []struct {
		name    string
		ledger  *ledger
		minutes int // found wrong
		open    int
	}{
		{"few", submissions([]int{0, 30, 60, 90}), 0, 0},
		{"the third is one too many open", submissions([]int{0, 1, 2}, "", "", keyOpen), 0, 0},
		{"the third passes", submissions([]int{0, 1, 2}), 0, 1},
		{"refused while one is open", submissions([]int{0, 1}, "", keyOpen), 0, 1},
		{"refused when all are done", submissions([]int{0, 1, 40}, "", "", keyOpen), 0, 1},
		{"the fourth in a minute", submissions([]int{0, 22, 44, 55, 61}, "", "", "", keyPerMinute), 0, 0},
		{"the fourth passes", submissions([]int{0, 22, 44, 55}), 1, 0},
		{"the third is refused", submissions([]int{0, 22, 44}, "", "", keyPerMinute), 1, 0},
		{"refused in a new minute", submissions([]int{0, 22, 44, 83}, "", "", "", keyPerMinute), 1, 0},
	} {
		if wrong := test.ledger.checkPerMinute(3); len(wrong) != test.minutes {
			t.Errorf("%s: within a minute: %v", test.name, wrong)
		}
		if wrong := test.ledger.checkOpen(2); len(wrong) != test.open {
			t.Errorf("%s: open: %v", test.name, wrong)
		}
	}
}

func TestWhatIsReadOfServers(t *testing.T) {
	got := gauges([]byte("# HELP go_goroutines x\ngo_goroutines 12\nprocess_open_fds 1.5e+01\nother 3\n"), "go_goroutines", "process_open_fds")
	if len(got) != 2 || got["go_goroutines"] != 12 || got["process_open_fds"] != 15 {
		t.Errorf("got %v", got)
	}
	page := &tally{}
	for _, part := range []string{`{"conversations":[{"a":["x"]}`, `],"curs`, `or":"abc==","dataAvailabilityDate":"2026-11-01T00:00:00.000Z"}`} {
		if _, err := page.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if page.cursor() != "abc==" {
		t.Errorf("got the cursor %q", page.cursor())
	}
}
