package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/access"
)

// The field in which a row is begun says what is asked first, and then that there may be more.
func TestTheHintOfAnEmptyRow(t *testing.T) {
	b := newExplorer(t)
	text := b.get("/ui/explore?body=" + url.QueryEscape(simple))
	if first, more := strings.Count(text, `placeholder="dimension or metric"`), strings.Count(text, `placeholder="one more …"`); first == 0 || more != 1 {
		t.Errorf("%d fields begin a card, and %d go on with the one that there is", first, more)
	}
}

// One segment is not many.
func TestOneSegmentHasAnotherValue(t *testing.T) {
	b := newExplorer(t)
	whole := b.data.ask(access.Client{})
	b.data.api = func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		whole.ServeHTTP(answer, r)
		_, _ = w.Write([]byte(strings.ReplaceAll(answer.Body.String(), `"count":9`, `"count":8`)))
	}
	wants(t, b.get("/ui/explore"), ">1 segment has another value<")
}

// A gap is named before what is wrong with it.
func TestAGapAndItsReason(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	wants(t, b.get("/ui/calendar/2026"), "13 to 14 July</a>:</b> it has not been extracted")
}
