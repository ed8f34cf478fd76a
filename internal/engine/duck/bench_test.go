package duck_test

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// The benchmark lake has 200,000 conversations on ten days. Its first day is a busy one, on which goals are measured.
const (
	benchDays  = 10
	busyDay    = 32_000
	benchTotal = 200_000
)

var benchFirst = conversation.DayOf(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC))

// benchLake opens the lake in the folder PARLEY_BENCH_LAKE, and makes it first if there is none.
func benchLake(b *testing.B) *lake.Lake {
	b.Helper()
	dir := os.Getenv("PARLEY_BENCH_LAKE")
	if dir == "" {
		b.Skip("PARLEY_BENCH_LAKE names no folder for the lake")
	}
	_, err := os.Stat(filepath.Join(dir, "lake.json"))
	l, openErr := lake.Create(b.Context(), dir)
	if openErr != nil {
		b.Fatal(openErr)
	}
	b.Cleanup(func() { _ = l.Close() })
	if err == nil {
		return l
	}
	w, err := l.Writer(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	for i := range conversation.Day(benchDays) {
		perDay := (benchTotal - busyDay) / (benchDays - 1)
		if i == 0 {
			perDay = busyDay
		}
		records := simulatedDay(sim.New(sim.Config{Seed: 7, PerDay: perDay}), benchFirst+i)
		if _, err := w.Commit(b.Context(), lake.Commit{Run: "run", At: time.Unix(1, 0), Records: records}); err != nil {
			b.Fatal(err)
		}
	}
	return l
}

// simulatedDay encodes the conversations of a day.
func simulatedDay(centre *sim.Centre, day conversation.Day) iter.Seq2[conversation.Version, error] {
	return func(yield func(conversation.Version, error) bool) {
		for c := range centre.Day(day) {
			text, err := wire.Encode(c)
			if err != nil {
				yield(conversation.Version{}, err)
				return
			}
			record, err := wire.Record(text)
			if !yield(conversation.Version{Record: record, Run: "run", At: time.Unix(1, 0)}, err) {
				return
			}
		}
	}
}

// benchQuestion is a question as clients ask it, and as a person would put it in SQL.
type benchQuestion struct {
	name string
	days int
	by   []query.Filter
	hand string // the same in SQL by hand: the ids
	term string // dimension of the aggregation and its column
}

func benchQuestions(queue string) []benchQuestion {
	matches := func(kind query.Kind, name, value string) query.Predicate {
		i := slices.IndexFunc(query.Dimensions(kind), func(f query.Dimension) bool { return f.Name == name })
		return query.Predicate{Dimension: query.Dimensions(kind)[i], Operator: query.Matches, Text: value}
	}
	segment := func(predicates ...query.Predicate) query.Filter {
		return query.Filter{Kind: query.OfSegment, Type: query.And, Predicates: predicates}
	}
	long := matches(query.OfConversation, "tTalk", "")
	minute := 60_000.0
	long.Range.Gt = &minute
	purpose, typ, of := matches(query.OfSegment, "purpose", "agent"), matches(query.OfSegment, "segmentType", "interact"), matches(query.OfSegment, "queueId", queue)
	voice := matches(query.OfSegment, "mediaType", "voice")
	const selected = "SELECT conversation_id FROM SEGMENTS WHERE "
	return []benchQuestion{
		{"three predicates", 1, []query.Filter{segment(purpose, typ, of)}, selected + "purpose = 'agent' AND segment_type = 'interact' AND queue_id = '" + queue + "'", "wrapUpCode wrap_up_code"},
		{"three filters", 1, []query.Filter{segment(purpose), segment(of), segment(voice)},
			selected + "purpose = 'agent' INTERSECT " + selected + "queue_id = '" + queue + "' INTERSECT " + selected + "media_type = 'voice'", "wrapUpCode wrap_up_code"},
		{"metric and segment", 1, []query.Filter{segment(of), {Kind: query.OfConversation, Type: query.And, Predicates: []query.Predicate{long}}},
			selected + "queue_id = '" + queue + "' INTERSECT SELECT conversation_id FROM METRICS WHERE name = 'tTalk' GROUP BY conversation_id HAVING sum(value) > 60000", "wrapUpCode wrap_up_code"},
		{"three predicates", benchDays, []query.Filter{segment(purpose, typ, of)}, selected + "purpose = 'agent' AND segment_type = 'interact' AND queue_id = '" + queue + "'", "wrapUpCode wrap_up_code"},
		{"many hits", benchDays, []query.Filter{segment(purpose, typ)}, selected + "purpose = 'agent' AND segment_type = 'interact'", "queueId queue_id"},
		{"no filter", benchDays, nil, "SELECT conversation_id FROM CONVERSATIONS", "queueId queue_id"},
	}
}

// BenchmarkQuestions measures what one request asks that nobody has asked before: the count, a page of 100 and an
// aggregation; and count and aggregation in SQL by hand.
func BenchmarkQuestions(b *testing.B) {
	l, db := benchLake(b), openDB(b)
	snapshot, err := l.Snapshot(b.Context()) // the first engine closes it; nothing expires here
	if err != nil {
		b.Fatal(err)
	}
	queue := duck.Text(b, db, "SELECT mode(queue_id) FROM "+glob(l, tables.Segments, "*"))
	for _, question := range benchQuestions(queue) {
		q := query.Query{Matching: query.StartOfDay, OrderBy: query.ByConversationStart, Filters: question.by}
		q.Interval = conversation.Interval{Start: benchFirst.Start(), End: (benchFirst + conversation.Day(question.days)).Start()}
		name, column, _ := strings.Cut(question.term, " ")
		d := query.Dimensions(query.OfSegment)[slices.IndexFunc(query.Dimensions(query.OfSegment), func(f query.Dimension) bool { return f.Name == name })]
		aggregations := []query.Aggregation{{Type: query.TermFrequency, Dimension: d, Size: 10}}
		of := fmt.Sprintf("%s/%d days/", question.name, question.days)
		var hits int64
		request := func(page, facet bool) func(*testing.B) {
			return func(b *testing.B) {
				percentiles(b, func() {
					e := duck.New(db, snapshot)
					defer e.Close()
					defer duck.Forget(b, db)
					if hits, err = e.Count(b.Context(), q); err != nil {
						b.Fatal(err)
					}
					if page {
						for _, err := range e.Records(b.Context(), q, 100, 0) {
							if err != nil {
								b.Fatal(err)
							}
						}
					}
					if facet {
						if _, err := e.Facets(b.Context(), q, aggregations); err != nil {
							b.Fatal(err)
						}
					}
				})
				b.ReportMetric(float64(hits), "hits")
			}
		}
		b.Run(of+"count and page", request(true, false))
		b.Run(of+"count, page, facet", request(true, true))
		b.Run(of+"count and facet", request(false, true))
		b.Run(of+"by hand", func(b *testing.B) {
			days := "*"
			if question.days == 1 {
				days = benchFirst.String()
			}
			segments := glob(l, tables.Segments, days)
			ids := strings.NewReplacer("SEGMENTS", segments, "CONVERSATIONS", glob(l, tables.Conversations, days), "METRICS", glob(l, tables.Metrics, days)).Replace(question.hand)
			percentiles(b, func() {
				duck.Text(b, db, "SELECT count(DISTINCT conversation_id)::VARCHAR FROM ("+ids+")")
				duck.Text(b, db, "SELECT max(n)::VARCHAR FROM (SELECT "+column+", count(*) AS n FROM "+segments+" WHERE "+column+" IS NOT NULL AND conversation_id IN ("+ids+") GROUP BY ALL ORDER BY n DESC LIMIT 10)")
			})
		})
	}
}

// glob is the table over all data files of some days.
func glob(l *lake.Lake, t tables.Table, days string) string {
	return "read_parquet('" + filepath.Join(l.String(), "warehouse", "parley", string(t), "data", "day="+days, "*.parquet") + "')"
}

// percentiles reports how long the middle one of all calls took, and the slowest of twenty, and what a call takes of the
// processor: on a shared machine that is what can be compared.
func percentiles(b *testing.B, do func()) {
	b.Helper()
	var took []time.Duration
	before := processor(b)
	for b.Loop() {
		begin := time.Now()
		do()
		took = append(took, time.Since(begin))
	}
	b.ReportMetric(float64((processor(b)-before).Microseconds())/1000/float64(len(took)), "cpu-ms/op")
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}

// processor is the time that this process has spent on processors.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
