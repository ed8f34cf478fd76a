package api

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// queries sends queries side by side, and says how each was answered.
func (x *fixture) queries(n int, token string, answered func(status int, retry string)) {
	for range n {
		r := x.request("POST", details+"/query", wholeDay)
		r.Header.Set("Authorization", "Bearer "+token)
		go func() {
			w := x.do(r)
			answered(w.Code, w.Header().Get("Retry-After"))
		}()
	}
	synctest.Wait()
}

func TestOneClientDoesNotStarveAnother(t *testing.T) {
	test(t, 3, nil, func(x *fixture) {
		x.views.takes = 10 * time.Second
		var mu sync.Mutex
		got := map[int]int{}
		x.queries(60, x.token, func(status int, retry string) {
			mu.Lock()
			defer mu.Unlock()
			got[status]++
			if status == http.StatusTooManyRequests && retry != "5" {
				x.t.Errorf("Retry-After: got %q", retry)
			}
		})
		if got[http.StatusTooManyRequests] != 60-maxWaiting-3 {
			t.Errorf("refused at once: got %d", got[http.StatusTooManyRequests])
		}
		begun, done := time.Now(), make(chan time.Duration, 1)
		x.queries(1, x.login("client-2", "secret-2"), func(status int, _ string) {
			if status != http.StatusOK {
				x.t.Errorf("the other client: got %d", status)
			}
			done <- time.Since(begun)
		})
		if took := <-done; took != 20*time.Second {
			t.Errorf("the other client waited %v, want one turn and its own", took)
		}
		if got := x.ask(http.StatusOK, "GET", "/readyz", ""); !strings.Contains(got, "ok") {
			t.Errorf("readyz: %s", got)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got[http.StatusOK] != maxWaiting+3 {
			t.Errorf("answered in the end: %v", got)
		}
	})
}

func TestLightQuestionsPassHeavyOnes(t *testing.T) {
	test(t, 3, nil, func(x *fixture) {
		x.views.takes = 10 * time.Second
		x.queries(1, x.token, func(int, string) {})
		time.Sleep(10 * time.Second) // a day takes that long, is learnt
		synctest.Wait()
		x.queries(20, x.token, func(int, string) {})
		begun := time.Now()
		x.views.takes = 0
		x.ask(http.StatusOK, "GET", details+"?id=c-0001", "")
		if took := time.Since(begun); took != 0 {
			t.Errorf("waited %v behind heavy ones", took)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
	})
}

func TestNotReadyWhenNothingIsAnswered(t *testing.T) {
	test(t, 3, nil, func(x *fixture) {
		x.views.deaf = make(chan struct{})
		x.queries(4, x.token, func(int, string) {})
		time.Sleep(29 * time.Second)
		x.ask(http.StatusOK, "GET", "/readyz", "")
		time.Sleep(2 * time.Second)
		if got := x.ask(http.StatusServiceUnavailable, "GET", "/readyz", ""); !strings.Contains(got, "No question has been answered") {
			t.Errorf("got %s", got)
		}
		close(x.views.deaf)
		synctest.Wait()
		x.ask(http.StatusOK, "GET", "/readyz", "")
	})
}
