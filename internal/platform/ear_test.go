package platform

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A question that is not answered holds nobody up for longer than was to be waited.
func TestAQuestionForTheAvailabilityEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mute := func(ctx context.Context) (time.Time, error) {
			<-ctx.Done()
			return time.Time{}, ctx.Err()
		}
		e := &Ear{Ask: mute, Note: func(string, ...any) {}}
		for left, want := range map[time.Duration]time.Duration{time.Minute: time.Minute, time.Millisecond: leastAsked} {
			begun, was := time.Now(), time.Unix(7, 0)
			until, err := e.ask(t.Context(), was, left)
			if err != nil || !until.Equal(was) || time.Since(begun) != want {
				t.Errorf("with %v left, after %v: got %v, %v", left, time.Since(begun), until, err)
			}
		}
	})
}
