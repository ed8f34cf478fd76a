package web

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/wire"
)

// busy is an API that answers with a record when it may, and counts how many wait for it.
type busy struct {
	mu       sync.Mutex
	in, most int
	entered  chan struct{}
	free     chan struct{}
}

func (a *busy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == wire.PathList {
		_, _ = io.WriteString(w, `{"entities":[],"pageCount":0,"total":0}`)
		return
	}
	a.mu.Lock()
	a.in++
	a.most = max(a.most, a.in)
	a.mu.Unlock()
	a.entered <- struct{}{}
	<-a.free
	a.mu.Lock()
	a.in--
	a.mu.Unlock()
	_, _ = io.WriteString(w, planted)
}

// However many pages of records are asked for, a few are made at a time; a list is shown meanwhile.
func TestPagesAreMadeInTurns(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	api := &busy{entered: make(chan struct{}, 100), free: make(chan struct{})}
	b.data.api = api.ServeHTTP
	var all sync.WaitGroup
	for n := range 3 * heavyAtOnce {
		all.Go(func() {
			if status, text, _ := b.ask("GET", "/ui/conversation/"+id+"?seg=0.0."+strconv.Itoa(n), ""); status != http.StatusOK {
				t.Errorf("%d %s", status, text)
			}
		})
	}
	for range heavyAtOnce {
		<-api.entered
	}
	if text := b.get("/ui/jobs"); !strings.Contains(text, "<h1>") {
		t.Errorf("while pages of records are made a list is %s", text)
	}
	close(api.free)
	all.Wait()
	if api.most != heavyAtOnce {
		t.Errorf("%d pages of records were made at once", api.most)
	}
}

// Who waits for many pages is refused more of them.
func TestOneClientDoesNotWaitForVeryMany(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	api := &busy{entered: make(chan struct{}, 2*mostWaiting), free: make(chan struct{})}
	b.data.api = api.ServeHTTP
	var all sync.WaitGroup
	refused := make(chan string, 2*mostWaiting)
	for range heavyAtOnce + mostWaiting + 1 {
		all.Go(func() {
			if status, text, _ := b.ask("GET", "/ui/conversation/"+id, ""); status == http.StatusTooManyRequests {
				refused <- text
			}
		})
	}
	if text := <-refused; !strings.Contains(text, "You wait for 32 pages already") {
		t.Errorf("it says %s", text)
	}
	close(api.free)
	all.Wait()
	if n := len(refused); n != 0 {
		t.Errorf("%d more were refused", n)
	}
}

// Large answers that are being sent are counted by client, and no more once they are taken.
func TestLargeAnswersAreCounted(t *testing.T) {
	b := newBrowser(t, access.ViewPersonalData)
	b.signIn()
	b.data.record = strings.Replace(planted, "{", `{"filler":"`+strings.Repeat("x", largeAnswer)+`",`, 1)
	path := "/parley/v1/conversations/" + id + "/record"
	if n := len(b.get(path)); n <= largeAnswer {
		t.Fatalf("it has %d bytes", n)
	}
	var leave []func()
	for range mostLargeOf {
		l, err := b.web.large.enter("me")
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, l)
	}
	if status, text, _ := b.ask("GET", path, ""); status != http.StatusServiceUnavailable || !strings.Contains(text, "So many large answers") {
		t.Errorf("one more: %d %s", status, text[:min(len(text), 200)])
	}
	leave[0]()
	b.get(path)
	for _, l := range leave[1:] {
		l()
	}
	if b.web.large.all != 0 {
		t.Errorf("%d are counted when all were taken", b.web.large.all)
	}
}

// Columns that are none are refused, and neither looked for one by one nor put into an address.
func TestVeryManyColumns(t *testing.T) {
	b := newExplorer(t)
	var names []string
	for n := range 100_000 {
		names = append(names, strconv.Itoa(n)+strings.Repeat("x", 20))
	}
	status, text, h := b.ask("POST", "/ui/explore", "body=%7B%7D&side=text&do=&columns="+strings.Join(names, ","))
	if at := h.Get("Location"); status >= 500 || len(at) > 64<<10 || len(text) > 1<<20 {
		t.Errorf("%d, an address of %d bytes, a page of %d", status, len(at), len(text))
	}
	if status, text, _ := b.ask("GET", "/ui/explore?columns="+strings.Repeat("é", 5000), ""); status != http.StatusOK || len(text) > 200_000 {
		t.Errorf("a long name: %d, %d bytes", status, len(text))
	}
}
