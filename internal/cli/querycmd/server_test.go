package querycmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
)

// pages is a platform with this many conversations; each page after the first begins with the last record of the one
// before it, as when a conversation has begun meanwhile.
type pages struct {
	total   int
	shifted bool
	asked   []string
	fail    int // number of the page that fails
}

func (p *pages) Query(_ context.Context, text []byte) (platform.Answer, error) {
	var body struct {
		Paging struct {
			PageSize   int `json:"pageSize"`
			PageNumber int `json:"pageNumber"`
		} `json:"paging"`
		Aggregations []any `json:"aggregations"`
	}
	if err := json.Unmarshal(text, &body); err != nil {
		return platform.Answer{}, err
	}
	number, size := body.Paging.PageNumber, body.Paging.PageSize
	p.asked = append(p.asked, fmt.Sprintf("%d/%d/%d", number, size, len(body.Aggregations)))
	if number == p.fail {
		return platform.Answer{}, fault.New(fault.Unavailable, "gone")
	}
	a := platform.Answer{TotalHits: int64(p.total)}
	if len(body.Aggregations) > 0 {
		a.Aggregations = []byte(`[{"type":"termFrequency","dimension":"queueId","count":3,"results":[{"value":"q","count":3}]}]`)
	}
	from := (number - 1) * size
	if p.shifted && number > 1 {
		from--
	}
	for i := from; i < min(from+size, p.total); i++ {
		a.Records = append(a.Records, fmt.Appendf(nil, `{"conversationId":"c%06d","conversationStart":"2026-11-01T00:00:00.000Z"}`, i))
	}
	return a, nil
}

// ReadQuery hands on a page of any size.
func (p *pages) ReadQuery(ctx context.Context, text []byte, begin func() func([]byte) error) (platform.Answer, error) {
	a, err := p.Query(ctx, text)
	each := begin()
	for _, raw := range a.Records {
		if err == nil {
			err = each(raw)
		}
	}
	return a, err
}

func TestPagesAreFollowed(t *testing.T) {
	for _, c := range []struct {
		name         string
		own          bool
		pages        pages
		limit        int
		count        bool
		want, atMost int // records; pages asked for
		kind         error
	}{
		{"none", false, pages{total: 0}, 0, false, 0, 1, nil},
		{"one page", false, pages{total: 99}, 0, false, 99, 1, nil},
		{"two pages and an empty one", false, pages{total: 200}, 0, false, 200, 3, nil},
		{"shifted", false, pages{total: 350, shifted: true}, 0, false, 350, 4, nil},
		{"a small limit", false, pages{total: 350}, 7, false, 7, 1, nil},
		{"a limit over pages", false, pages{total: 350}, 250, false, 250, 3, nil},
		{"count", false, pages{total: 350}, 0, true, 0, 1, nil},
		{"deeper than the platform goes", false, pages{total: 100_001}, 0, false, 100_000, 1000, fault.Incomplete},
		{"deeper, but not wanted", false, pages{total: 100_001}, 150, false, 150, 2, nil},
		{"a page fails", false, pages{total: 350, fail: 2}, 0, false, 100, 2, fault.Unavailable},
		{"of a lake, none", true, pages{total: 0}, 0, false, 0, 1, nil},
		{"of a lake, one page", true, pages{total: 100}, 0, false, 100, 2, nil},
		{"of a lake, all at once", true, pages{total: 100_100}, 0, false, 100_100, 2, nil},
		{"of a lake, a small limit", true, pages{total: 350}, 7, false, 7, 2, nil},
		{"of a lake, a large limit", true, pages{total: 350}, 101, false, 101, 2, nil},
		{"of a lake, more than there are", true, pages{total: 350}, 1000, false, 350, 2, nil},
		{"of a lake, count", true, pages{total: 350}, 0, true, 0, 1, nil},
	} {
		a, err := server{client: &c.pages, own: c.own}.ask(t.Context(), []byte(`{"interval":"i","aggregations":[{}]}`), c.limit, c.count)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for raw, failed := range a.records {
			if err = failed; err == nil {
				got = append(got, string(raw))
			}
		}
		if len(got) != c.want || !errors.Is(err, c.kind) || len(c.pages.asked) > c.atMost {
			t.Errorf("%s: %d records by %v, %v", c.name, len(got), c.pages.asked, err)
		}
		if n := len(c.pages.asked); n > 1 && !strings.HasSuffix(c.pages.asked[n-1], "/0") {
			t.Errorf("%s: the aggregations are asked for again: %q", c.name, c.pages.asked[n-1])
		}
		if len(slices.Compact(slices.Sorted(slices.Values(got)))) != len(got) {
			t.Errorf("%s: a record came twice", c.name)
		}
		if a.total != int64(c.pages.total) || len(a.aggregations) != 1 || *a.aggregations[0].Results[0].Value != "q" {
			t.Errorf("%s: got %+v", c.name, a)
		}
	}
}

func TestAReaderMayStop(t *testing.T) {
	for _, own := range []bool{false, true} {
		a, err := server{client: &pages{total: 350}, own: own}.ask(t.Context(), []byte(`{}`), 0, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range a.records {
			if err != nil {
				t.Error(err)
			}
			break
		}
	}
}
