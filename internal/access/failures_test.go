package access

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

var begin = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestFailuresAreThrottledWithinAMinute(t *testing.T) {
	f, a := newFailures(), attempt{"c", false}
	for i := range maxFailures {
		if err := f.add(a, begin.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatalf("failure %d: %v", i, err)
		}
	}
	for at, wait := range map[time.Duration]time.Duration{ // the first failure is out of the window after a minute
		9 * time.Second: 51 * time.Second, 9*time.Second + 1: 51 * time.Second, 59*time.Second + 1: time.Second, time.Minute - 1: time.Second,
	} {
		err := f.add(a, begin.Add(at))
		got, _ := errors.AsType[*fault.Error](err)
		if !errors.Is(err, fault.Throttled) || got.RetryAfter != wait || got.Code != "too.many.requests" ||
			!strings.HasPrefix(got.Message, fmt.Sprintf("Rate limit exceeded the maximum. Retry the request in [%d] seconds. ", int(wait.Seconds()))) ||
			*got.Limit != (fault.Limit{Key: "oauth.failed.logins.per.minute", Namespace: "auth.api", Value: 10}) {
			t.Errorf("after %v: %+v", at, got)
		}
	}
	if err := f.add(attempt{"c", true}, begin.Add(10*time.Second)); err != nil {
		t.Errorf("counted by itself: %v", err)
	}
	if err := f.add(attempt{"d", false}, begin.Add(10*time.Second)); err != nil {
		t.Errorf("another client: %v", err)
	}
	if err := f.add(a, begin.Add(time.Minute)); err != nil {
		t.Errorf("the first is out of the window: %v", err)
	}
	if err := f.refusal(a, begin.Add(time.Minute)); !errors.Is(err, fault.Throttled) {
		t.Errorf("the next took its place: %v", err)
	}
	if err := f.refusal(a, begin.Add(2*time.Minute)); err != nil || len(f.times) != 2 {
		t.Errorf("all are out of the window: %v, %d clients are remembered", err, len(f.times))
	}
	if err := f.refusal(a, begin.Add(-time.Hour)); err != nil {
		t.Errorf("the clock was set back: %v", err)
	}
}

func TestFailuresAreBounded(t *testing.T) {
	f := newFailures()
	at := func(i int) time.Time { return begin.Add(time.Duration(i) * time.Microsecond) }
	for i := range 3 * maxCounted {
		if err := f.add(attempt{ClientID(strconv.Itoa(i)), false}, at(i)); err != nil {
			t.Fatal(err)
		}
		if len(f.times) > maxCounted {
			t.Fatalf("%d clients are remembered", len(f.times))
		}
	}
	if _, there := f.times[attempt{ClientID(strconv.Itoa(3*maxCounted - 1)), false}]; !there || len(f.times) != maxCounted {
		t.Errorf("the newest is forgotten, or more than one at a time: %d", len(f.times))
	}
	if _, there := f.times[attempt{ClientID(strconv.Itoa(2*maxCounted - 1)), false}]; there {
		t.Error("the oldest is not forgotten first")
	}
	if err := f.add(attempt{"later", false}, begin.Add(time.Hour)); err != nil || len(f.times) != 1 {
		t.Errorf("%v, %d clients are remembered an hour later", err, len(f.times))
	}
}
