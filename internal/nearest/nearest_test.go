package nearest_test

import (
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/nearest"
)

// The nearest is that of the list read from end to end, whatever was added in which order.
func TestNearestIsThatOfAll(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	times := []int{50, 10, 30, 30, 70, 10, 52, 48}
	var l nearest.List[int]
	if _, _, ok := l.To(at(0)); ok {
		t.Error("an empty list has a nearest")
	}
	for n, s := range times {
		l.Add(at(s), n)
		for to := range 90 {
			want := 0
			for i := range times[:n+1] {
				if at(times[i]).Sub(at(to)).Abs() < at(times[want]).Sub(at(to)).Abs() {
					want = i
				}
			}
			got, far, ok := l.To(at(to))
			if !ok || got != want || far != at(times[want]).Sub(at(to)).Abs() {
				t.Errorf("of %v, to %d: got %d, %v, %v, want %d", times[:n+1], to, got, far, ok, want)
			}
		}
	}
}
