package duck_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// asked is Views whose every question opens a view of its own and closes it, as requests do.
type asked struct {
	t *testing.T
	duck.Views
}

func (a asked) view(ask func(engine.Engine)) {
	a.t.Helper()
	e, err := a.Live(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	ask(e)
	if err := e.Close(); err != nil {
		a.t.Error(err)
	}
}

func (a asked) count(q query.Query) (n int64) {
	a.t.Helper()
	a.view(func(e engine.Engine) {
		var err error
		if n, err = e.Count(a.t.Context(), q); err != nil {
			a.t.Error(err)
		}
	})
	return n
}

func (a asked) page(q query.Query, limit, offset int) (ids []conversation.ID) {
	a.t.Helper()
	a.view(func(e engine.Engine) {
		for r, err := range e.Records(a.t.Context(), q, limit, offset) {
			if err != nil {
				a.t.Fatal(err)
			}
			ids = append(ids, r.ID)
		}
	})
	return ids
}

// searched counts the searches since the DuckDB was opened, and the tables that are kept of them.
func (a asked) searched(made, kept int64) {
	a.t.Helper()
	if m, k := duck.HitSets(a.t, a.DB); m != made || k != kept {
		a.t.Errorf("%d searches were made and %d tables are kept, want %d and %d", m, k, made, kept)
	}
	if entered, bytes := duck.Kept(a.DB); entered != kept || (bytes == 0) != (kept == 0) {
		a.t.Errorf("%d sets of %d bytes are entered, want %d", entered, bytes, kept)
	}
}

// several are records of some days, and a question about them for each name of a media type: all select different ones.
func several(t *testing.T, days conversation.Day) (records []conversation.Record, questions []query.Query) {
	t.Helper()
	records = strange(t, rand.New(rand.NewPCG(1, 1)), 30, days)
	q := query.Query{Interval: conversation.Interval{Start: records[0].Day().Start(), End: (records[0].Day() + days).Start()}, OrderBy: query.ByConversationStart}
	for _, f := range query.Dimensions(query.OfSegment) {
		asks := q
		asks.Filters = []query.Filter{{Kind: query.OfSegment, Type: query.And, Predicates: []query.Predicate{{Dimension: f, Operator: query.NotExists}}}}
		questions = append(questions, asks)
	}
	return records, questions
}

// Whatever is asked of one question, in however many requests, is one search: the count, every page in any order, and
// aggregations.
func TestOneQuestionIsSearchedOnce(t *testing.T) {
	unraced.Test(t)
	records, questions := several(t, 2)
	a, q := asked{t, duck.Views{DB: openDB(t), Lake: lakeOf(t, records)}}, questions[0]
	all := a.page(q, 0, 0)
	if len(all) < 20 || int64(len(all)) != a.count(q) {
		t.Fatalf("%d records, count %d", len(all), a.count(q))
	}
	var pages []conversation.ID
	for offset := 0; offset < len(all); offset += 7 {
		pages = append(pages, a.page(q, 7, offset)...)
	}
	if !slices.Equal(pages, all) {
		t.Errorf("the pages have %d records, want %d", len(pages), len(all))
	}
	q.Order, q.OrderBy = query.Descending, query.BySegmentEnd
	a.page(q, 5, 5)
	a.view(func(e engine.Engine) {
		if _, err := e.Facets(t.Context(), q, []query.Aggregation{{Type: query.TermFrequency, Dimension: q.Filters[0].Predicates[0].Dimension, Size: 3}}); err != nil {
			t.Error(err)
		}
	})
	a.searched(1, 1)
	a.count(questions[1])
	a.searched(2, 2)
}

// Two organizations that ask the same, of the same records, are answered each from its own lake.
func TestLakesShareNothing(t *testing.T) {
	unraced.Test(t)
	records, questions := several(t, 1)
	db := openDB(t)
	one, other := asked{t, duck.Views{DB: db, Lake: lakeOf(t, records)}}, asked{t, duck.Views{DB: db, Lake: lakeOf(t, records[:len(records)/2])}}
	if n, m := one.count(questions[0]), other.count(questions[0]); m == 0 || n <= m {
		t.Errorf("got %d and %d", n, m)
	}
	one.searched(2, 2)
}

// What is kept has a bound in bytes: the sets that were used last stay.
func TestKeptHitsAreBounded(t *testing.T) {
	unraced.Test(t)
	records, questions := several(t, 1)
	a := asked{t, duck.Views{DB: openWith(t, duck.Config{HitsMiB: 1}), Lake: lakeOf(t, records)}}
	for _, q := range questions[:3] { // each takes more than a quarter of a mebibyte
		a.count(q)
	}
	a.searched(3, 3)
	a.count(questions[0])
	a.searched(3, 3)
	a.count(questions[3]) // takes the place of the second, which was not asked for the longest time
	a.searched(4, 3)
	a.count(questions[0])
	a.searched(4, 3)
	a.count(questions[1])
	a.searched(5, 3)
	if _, bytes := duck.Kept(a.DB); bytes > 1<<20 {
		t.Errorf("%d bytes are kept", bytes)
	}
}

// A server that keeps nothing searches each time, and leaves nothing.
func TestNoHitsAreKept(t *testing.T) {
	unraced.Test(t)
	records, questions := several(t, 1)
	a := asked{t, duck.Views{DB: openWith(t, duck.Config{HitsMiB: -1}), Lake: lakeOf(t, records)}}
	if n := a.count(questions[0]); n == 0 || n != int64(len(a.page(questions[0], 0, 0))) {
		t.Errorf("%d are counted", n)
	}
	a.searched(2, 0)
}

// A set that is in use when others take its place is there until its user has finished.
func TestHitsInUseStay(t *testing.T) {
	unraced.Test(t)
	records, questions := several(t, 1)
	a := asked{t, duck.Views{DB: openWith(t, duck.Config{HitsMiB: 1}), Lake: lakeOf(t, records)}}
	all := a.page(questions[0], 0, 0)
	var got []conversation.ID
	a.view(func(e engine.Engine) {
		for r, err := range e.Records(t.Context(), questions[0], 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, r.ID); len(got) == 1 {
				for _, q := range questions[1:5] {
					a.count(q)
				}
				if made, kept := duck.HitSets(t, a.DB); made != 5 || kept != 4 {
					t.Errorf("%d searches were made and %d tables are there, want 5 and 4", made, kept)
				}
			}
		}
	})
	if !slices.Equal(got, all) {
		t.Errorf("got %d records, want %d", len(got), len(all))
	}
	a.searched(5, 3)
}

// A commit changes the answers about its days, and what was found on other days holds on. A view that was opened before
// it answers as before, from its own files, though these have expired by then.
func TestHitsOfALakeThatMovesOn(t *testing.T) {
	unraced.Test(t)
	records, questions := several(t, 2)
	first, second := records[0].Day(), records[0].Day()+1
	whole, touched, untouched := questions[0], questions[0], questions[0]
	untouched.Interval, untouched.Matching = first.Interval(), query.StartOfDay
	touched.Interval, touched.Matching = second.Interval(), query.StartOfDay
	late := slices.IndexFunc(records, func(r conversation.Record) bool { return r.Day() == second })
	a := asked{t, duck.Views{DB: openDB(t), Lake: lakeOf(t, records[:late+10])}}
	before := a.page(whole, 0, 0)
	days := [2]int64{a.count(untouched), a.count(touched)}
	old, err := a.Live(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	enginetest.Fill(t, a.Lake, records[late+10:])
	expireAll(t, a.Lake)
	if n := a.count(untouched); n != days[0] {
		t.Errorf("%d on a day that nothing was committed to, want %d", n, days[0])
	}
	a.searched(3, 3)
	if n := a.count(touched); n <= days[1] {
		t.Errorf("%d on a day that got more, want more than %d", n, days[1])
	}
	a.searched(4, 4)
	for _, q := range []query.Query{whole, questions[1]} { // one that has been found, one that must be searched for
		var got []conversation.ID
		for r, err := range old.Records(t.Context(), q, 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r.ID)
		}
		if q.Filters[0].Predicates[0].Dimension.Name == whole.Filters[0].Predicates[0].Dimension.Name && !slices.Equal(got, before) {
			t.Errorf("a view gives %d records, and gave %d", len(got), len(before))
		}
	}
	if err := old.Close(); err != nil {
		t.Error(err)
	}
	expireAll(t, a.Lake)
	if n := int64(len(a.page(whole, 0, 0))); n <= int64(len(before)) || n != a.count(whole) {
		t.Errorf("the newest view gives %d records, and an older one %d", n, len(before))
	}
}

// rewrite commits records again with something in them that nobody asks for: the files are new, and the answers the same.
func rewrite(t *testing.T, l *lake.Lake, records []conversation.Record, n int) {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	other := func(yield func(conversation.Version, error) bool) {
		for v, err := range enginetest.Versions(records) {
			if err != nil {
				t.Error(err)
			}
			r, err := wire.Record(fmt.Appendf(nil, `%s,"rewritten":%d}`, v.JSON[:len(v.JSON)-1], n))
			if !yield(conversation.Version{Record: r, Run: v.Run, At: v.At.Add(time.Duration(n) * time.Second)}, err) {
				return
			}
		}
	}
	out, err := w.Commit(t.Context(), lake.Commit{Run: "run", At: time.Now(), Records: other})
	if err != nil || out.Replaced != int64(len(records)) {
		t.Errorf("%d of %d records were replaced, %v", out.Replaced, len(records), err)
	}
}

func expireAll(t *testing.T, l *lake.Lake) {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Expire(t.Context(), lake.ExpireOptions{Before: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
}

// Many ask at once, some are cancelled, most sets have no room, and the lake moves on: every answer is right or a
// cancellation, and in the end there is what is kept, and nothing else.
func TestHitsOfManyAtOnce(t *testing.T) {
	records, questions := several(t, 3)
	questions = questions[:5]
	a := asked{t, duck.Views{DB: openWith(t, duck.Config{HitsMiB: 1}), Lake: lakeOf(t, records)}}
	counts := make([]int64, len(questions))
	for i, q := range questions {
		counts[i] = a.count(q)
	}
	var group sync.WaitGroup
	for n := range 6 {
		group.Go(func() {
			for i := range 5 {
				i = (i + n) % len(questions)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour>>(14*(n%3)))
				e, err := a.Live(t.Context())
				if err != nil {
					t.Error(err)
				} else {
					askAtOnce(ctx, t, e, questions[i], counts[i])
					if err := e.Close(); err != nil {
						t.Error(err)
					}
				}
				cancel()
			}
		})
	}
	group.Go(func() {
		for n := range 3 {
			rewrite(t, a.Lake, records, n+1)
			expireAll(t, a.Lake)
		}
	})
	group.Wait()
	made, kept := duck.HitSets(t, a.DB)
	a.searched(made, kept)
	if kept > 3 {
		t.Errorf("%d tables are left", kept)
	}
}

func askAtOnce(ctx context.Context, t *testing.T, e engine.Engine, q query.Query, want int64) {
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

// Equal questions that are asked at the same moment are searched once.
func TestEqualQuestionsAtOnceAreSearchedOnce(t *testing.T) {
	records, questions := several(t, 2)
	a := asked{t, duck.Views{DB: openDB(t), Lake: lakeOf(t, records)}}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { a.count(questions[0]) })
	}
	group.Wait()
	a.searched(1, 1)
}
