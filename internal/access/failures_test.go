package access

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/limit"
)

var begin = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestFailuresAreThrottledWithinAMinute(t *testing.T) {
	ctx, f, a := t.Context(), newFailures(limit.InMemory), attempt{"c", false}
	for i := range maxFailures {
		if err := f.add(ctx, a, begin.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatalf("failure %d: %v", i, err)
		}
	}
	for at, wait := range map[time.Duration]time.Duration{ // the window ends a minute after the first failure
		9 * time.Second: 51 * time.Second, 9*time.Second + 1: 51 * time.Second, 59*time.Second + 1: time.Second, time.Minute - 1: time.Second,
	} {
		err := f.add(ctx, a, begin.Add(at))
		got, _ := errors.AsType[*fault.Error](err)
		if !errors.Is(err, fault.Throttled) || got.RetryAfter != wait || got.Code != "too.many.requests" ||
			!strings.HasPrefix(got.Message, fmt.Sprintf("Rate limit exceeded the maximum. Retry the request in [%d] seconds. ", int(wait.Seconds()))) ||
			*got.Limit != (fault.Limit{Key: "oauth.failed.logins.per.minute", Namespace: "auth.api", Value: 10}) {
			t.Errorf("after %v: %+v", at, got)
		}
	}
	if err := f.refusal(ctx, a, begin.Add(10*time.Second)); !errors.Is(err, fault.Throttled) {
		t.Errorf("looked at: %v", err)
	}
	for _, other := range []attempt{{"c", true}, {"d", false}} {
		if err := errors.Join(f.refusal(ctx, other, begin.Add(10*time.Second)), f.add(ctx, other, begin.Add(10*time.Second))); err != nil {
			t.Errorf("%+v is counted by itself: %v", other, err)
		}
	}
	if err := errors.Join(f.refusal(ctx, a, begin.Add(time.Minute)), f.add(ctx, a, begin.Add(time.Minute))); err != nil {
		t.Errorf("the window has ended: %v", err)
	}
}

// Whoever makes up clients is remembered no longer than there is room; who failed last always is.
func TestFailuresAreBounded(t *testing.T) {
	var most []int
	newFailures(func(name string, allowed, clients int) limit.Rate {
		most = append(most, clients)
		return limit.InMemory(name, allowed, clients)
	})
	if len(most) != 2 || most[0] != maxCounted || most[1] != maxCounted {
		t.Errorf("bounded by %d", most)
	}
}
