package duck_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/query"
)

// Many questions at once on one engine, some of them cancelled: every answer is right or a cancellation, and nothing is
// left in memory.
func TestHitsOfManyAtOnce(t *testing.T) {
	db := openDB(t)
	r := rand.New(rand.NewPCG(4, 4))
	records := strange(t, r, 30, 3)
	var all []known
	for _, record := range records {
		all = append(all, know(t, record))
	}
	e, a := openLake(t, db, records), asker{r, all}
	queries, counts := make([]query.Query, 5), make([]int64, 5)
	for i := range queries {
		queries[i] = query.Query{Interval: conversation.Interval{Start: records[0].Start, End: records[len(records)-1].Start}, OrderBy: query.ByConversationStart}
		for len(queries[i].Filters) == 0 {
			queries[i].Filters = a.filters()
		}
		var err error
		if counts[i], err = e.Count(t.Context(), queries[i]); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	for n := range 6 {
		group.Go(func() {
			for i := range 12 {
				i = (i + n) % len(queries)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour>>(14*(n%3)))
				askAtOnce(ctx, t, e, queries[i], counts[i])
				cancel()
			}
		})
	}
	group.Wait()
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if _, kept := duck.HitSets(t, db); kept != 0 {
		t.Errorf("%d tables are left", kept)
	}
}

func askAtOnce(ctx context.Context, t *testing.T, e *duck.Engine, q query.Query, want int64) {
	t.Helper()
	ended := func(err error) bool {
		if err != nil && (ctx.Err() == nil || !errors.Is(err, context.DeadlineExceeded)) {
			t.Error(err)
		}
		return err != nil
	}
	if n, err := e.Count(ctx, q); !ended(err) && n != want {
		t.Errorf("count is %d, want %d", n, want)
	}
	n := int64(0)
	for _, err := range e.Records(ctx, q, 0, 0) {
		if ended(err) {
			return
		}
		n++
	}
	if n != want {
		t.Errorf("%d records, want %d", n, want)
	}
}
