package api

import (
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Nodes do not tell each other whose turn it is. Whoever floods all of three is answered at each, and stands in the way of another client
// for one turn, as at one node: wherever that one comes to.
func TestWhoFloodsEveryNodeStarvesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var nodes []*fixture
		for range 3 {
			x := newFixture(t, 3, nil)
			x.views.takes = 10 * time.Second
			nodes = append(nodes, x)
		}
		var refused, answered atomic.Int64
		for _, x := range nodes {
			x.queries(60, x.token, func(status int, _ string) {
				if status == http.StatusOK {
					answered.Add(1)
				} else {
					refused.Add(1)
				}
			})
		}
		for range 2 {
			for i, x := range nodes {
				begun, done := time.Now(), make(chan time.Duration, 1)
				x.queries(1, x.login("client-2", "secret-2"), func(status int, _ string) {
					if status != http.StatusOK {
						t.Errorf("node %d: got %d", i, status)
					}
					done <- time.Since(begun)
				})
				if took := <-done; took > 20*time.Second {
					t.Errorf("node %d: the other client waited %v, want one turn and its own at most", i, took)
				}
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if want := int64(3 * (maxWaiting + 3)); answered.Load() != want || answered.Load()+refused.Load() != 180 {
			t.Errorf("%d were answered, want %d; %d were refused", answered.Load(), want, refused.Load())
		}
	})
}
