package duck_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/test/unraced"
)

// hostile writes the predicates that cost most of each sort: text that no list takes, long telephone numbers, lists, and
// custom properties of every type.
var hostile = []func(i int) (list, predicate string){
	func(i int) (string, string) {
		return "segmentFilters", fmt.Sprintf(`{"property":"p%d","value":"v%d"}`, i, i)
	},
	func(i int) (string, string) {
		return "segmentFilters", fmt.Sprintf(`{"property":"p%d","propertyType":"integer","range":{"gt":%d,"lt":1e9}}`, i, i)
	},
	func(i int) (string, string) {
		return "segmentFilters", fmt.Sprintf(`{"property":"p%d","propertyType":"date","range":{"gt":%d,"lt":1e15}}`, i, i)
	},
	func(i int) (string, string) {
		return "segmentFilters", fmt.Sprintf(`{"property":"p%d","operator":"notExists"}`, i)
	},
	func(i int) (string, string) {
		return "segmentFilters", fmt.Sprintf(`{"dimension":"flowOutcome","value":"%d%s"}`, i, strings.Repeat("x", 500))
	},
	func(i int) (string, string) {
		return "segmentFilters", fmt.Sprintf(`{"dimension":"sipResponseCode","range":{"gt":%d,"lte":1e6}}`, i)
	},
	func(i int) (string, string) {
		return "segmentFilters", fmt.Sprintf(`{"dimension":"callbackNumber","value":"%d%s"}`, 100+i, strings.Repeat("7", 1000))
	},
	func(i int) (string, string) {
		return "segmentFilters", fmt.Sprintf(`{"dimension":"ani","value":"%d"}`, 10_000_000+i)
	},
	func(i int) (string, string) {
		return "segmentFilters", fmt.Sprintf(`{"dimension":"destinationAddress","value":"a%d@b"}`, i)
	},
	func(i int) (string, string) {
		return "segmentFilters", fmt.Sprintf(`{"metric":"tSegmentDuration","range":{"gt":%d,"lt":%d}}`, i, 1000*i)
	},
	func(i int) (string, string) {
		return "segmentFilters", fmt.Sprintf(`{"dimension":"segmentEnd","range":{"gt":%d}}`, i)
	},
	func(i int) (string, string) {
		return "conversationFilters", fmt.Sprintf(`{"metric":"oMediaCount","range":{"gt":%d,"lt":%d}}`, i, 1000*i)
	},
	func(i int) (string, string) {
		all := query.Dimensions(query.OfConversation)
		return "conversationFilters", fmt.Sprintf(`{"metric":"%s","range":{"gte":%d}}`, all[len(all)-1-i%80].Name, i)
	},
	func(i int) (string, string) {
		return "evaluationFilters", fmt.Sprintf(`{"metric":"oTotalScore","range":{"gt":%d}}`, i)
	},
}

// hostileBody has as many predicates as a request may have, in a random shape, of one sort or of all.
func hostileBody(r *rand.Rand) string {
	const most = 200
	sorts := hostile
	if r.IntN(3) > 0 {
		sorts = hostile[r.IntN(len(hostile)):][:1]
	}
	lists, i := map[string][]string{}, 0
	junction := func() string { return []string{"and", "or"}[r.IntN(2)] }
	perFilter := []int{1, 2, 7, 20, 100, 200}[r.IntN(6)]
	for i < most {
		list := ""
		var predicates, clauses []string
		for range min(perFilter, most-i) {
			of, predicate := sorts[r.IntN(len(sorts))](i)
			if list != "" && of != list {
				break // the next filter's
			}
			list = of
			i++
			if r.IntN(2) == 0 {
				predicates = append(predicates, predicate)
			} else {
				clauses = append(clauses, fmt.Sprintf(`{"type":"%s","predicates":[%s]}`, junction(), predicate))
			}
		}
		lists[list] = append(lists[list], fmt.Sprintf(`{"type":"%s","predicates":[%s],"clauses":[%s]}`, junction(), strings.Join(predicates, ","), strings.Join(clauses, ",")))
	}
	body := `{"interval":"2026-03-02/P1D"`
	for list, filters := range lists {
		body += fmt.Sprintf(`,"%s":[%s]`, list, strings.Join(filters, ","))
	}
	return body + "}"
}

// Whatever is asked within the limits is answered in bounded time, or refused.
func TestHostileQuestionsAreAnsweredOrRefused(t *testing.T) {
	unraced.Test(t)
	_, snapshot := smallLake(t)
	e, seed := duck.New(openDB(t), snapshot), rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for n := range 12 {
		body := hostileBody(r)
		q, err := query.DecodeJob([]byte(body))
		if err != nil {
			t.Fatalf("seed %d, %d: %v", seed, n, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // hours, where it explodes
		if _, err := e.Count(ctx, q.Query); err != nil {
			t.Errorf("seed %d, %d: %v", seed, n, err)
		}
		cancel()
	}
}
