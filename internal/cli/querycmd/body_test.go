package querycmd

import (
	"strings"
	"testing"
)

func TestThePageTakesThePlaceOfTheBodys(t *testing.T) {
	const text = `{"paging":{"pageSize":7,"pageNumber":3},"aggregations":[{"dimension":"queueId"}],"x\"\u00fc":1,"order":"asc","interval":"i"}`
	for number, want := range map[int]string{
		1: `{"interval":"i","order":"asc","aggregations":[{"dimension":"queueId"}],"paging":{"pageSize":100,"pageNumber":1},"x\"ü":1}`,
		2: `{"interval":"i","order":"asc","paging":{"pageSize":100,"pageNumber":2},"x\"ü":1}`,
	} {
		if got, err := withPage([]byte(text), 100, number); err != nil || string(got) != want {
			t.Errorf("page %d: got %s, %v", number, got, err)
		}
	}
	for _, text := range []string{"", "[]", "null", `{"interval":`} {
		if _, err := withPage([]byte(text), 100, 1); err == nil || !strings.Contains(err.Error(), "lint-request") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
