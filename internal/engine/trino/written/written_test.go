package written_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/answers"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/engine/trino"
	"github.com/parley-hq/parley/internal/engine/trino/trinotest"
	"github.com/parley-hq/parley/internal/engine/trino/written"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/wire"
)

var cluster *trinotest.Cluster

func TestMain(m *testing.M) {
	trinotest.Main(m, &cluster, trinotest.Options{Workers: 2, Buckets: true})
}

// share is how many of the questions by chance are asked.
const share = enginetest.Share(80)

// Over lakes in buckets several nodes answer as one engine does. What each filter means is package trino's to test: it is the same SQL.
func TestEngineOverBuckets(t *testing.T) {
	cluster.Need(t)
	overBucket := func(t *testing.T, records []conversation.Record) engine.Engine {
		return over(t, lakeOf(t, records), trino.Config{})
	}
	share.RunOrders(t, overBucket)
	enginetest.RunTogether(t, overBucket)
}

// What several nodes write into a bucket and this process merges is in order.
func TestWrittenIntoABucket(t *testing.T) {
	cluster.Need(t)
	share.RunOrders(t, func(t *testing.T, records []conversation.Record) engine.Engine {
		l := lakeOf(t, records)
		t.Cleanup(func() { cluster.Empty(t, l) })
		return over(t, l, trino.Config{Results: trinotest.Results})
	})
}

// A question that nobody waits for any more is given up, and nothing is left of it.
func TestGivenUpWhileItIsWritten(t *testing.T) {
	cluster.Need(t)
	l, _ := many(t)
	e := over(t, l, trino.Config{Results: trinotest.Results})
	ctx, cancel := context.WithCancel(t.Context())
	ended := ask(ctx, e)
	writing(t, "")
	cancel()
	given := time.Now()
	if _, err := ended(); !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
	t.Logf("nothing is left of it after %v", time.Since(given))
	cluster.Empty(t, l)
}

// A worker that is killed while the table is written costs time, and no record.
func TestAWorkerIsKilled(t *testing.T) {
	cluster.Need(t)
	l, want := many(t)
	e := over(t, l, trino.Config{Results: trinotest.Results})
	ended := ask(t.Context(), e)
	writing(t, "worker2")
	cluster.Kill(t, 2)
	got, err := ended()
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d records, want %d, %v", len(got), len(want), err)
	}
	cluster.Restart(t, 2)
	cluster.Empty(t, l)
}

// What was begun when the coordinator is killed waits for it, and leaves nothing when it is back.
func TestTheCoordinatorIsKilled(t *testing.T) {
	cluster.Need(t)
	l, want := many(t)
	cfg := trino.Config{Results: trinotest.Results}
	e := over(t, l, cfg)
	ended := ask(t.Context(), e)
	writing(t, "")
	cluster.Kill(t, 0)
	if got, err := ended(); !errors.Is(err, engine.ErrAway) {
		t.Errorf("%d records, %v", len(got), err)
	}
	cluster.Restart(t, 0)
	if got, err := ask(t.Context(), e)(); err != nil || !slices.Equal(got, want) {
		t.Errorf("later: %d records, want %d, %v", len(got), len(want), err)
	}
	cluster.Empty(t, l)
}

// Records that are written are there without the cluster. What it could not be told to drop, the next process finds by its name.
func TestLeftOver(t *testing.T) {
	cluster.Need(t)
	l, want := many(t)
	next, stop := iter.Pull2(over(t, l, trino.Config{Results: trinotest.Results}).Records(t.Context(), everything(), 0, 0))
	defer stop()
	first, err, _ := next()
	if err != nil {
		t.Fatal(err)
	}
	cluster.Kill(t, 0)
	got := []conversation.ID{first.ID}
	for r, err, more := next(); more; r, err, more = next() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
	if len(cluster.Left(t, l)) == 0 {
		t.Error("nothing is left, with nobody there to drop it")
	}
	cluster.Restart(t, 0)
	if err := reach(t, trino.Config{Results: trinotest.Results}).Tables(l).Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	cluster.Empty(t, l)
}

// An erasure removes the files of what is left over without the cluster. The table goes when a server next looks for it.
func TestErased(t *testing.T) {
	cluster.Need(t)
	l, c := lakeOf(t, nil), reach(t, trino.Config{Results: trinotest.Results})
	annex, schema := l.Annex(), `"`+trinotest.Results+`"."`+l.Namespace()+`"`
	left, err := annex.Locks.Lock(t.Context(), annex.At.Join("uses", "question_left"), store.LockOptions{Anyone: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"CREATE SCHEMA " + schema,
		"CREATE TABLE " + schema + ".question_left WITH (location = " + sqltext.Quote(annex.URL(annex.At.Join("tables", "question_left"))) + ") AS SELECT 1 AS x",
	} {
		if err := c.Do(t.Context(), sqltext.Of(statement)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := written.Erase(t.Context(), annex); err != nil || n != 0 || len(cluster.Left(t, l)) < 2 {
		t.Errorf("while it is used: %d, %v; left are %v", n, err, cluster.Left(t, l))
	}
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := written.Erase(t.Context(), annex); err != nil || n != 1 || !slices.Equal(cluster.Left(t, l), []string{"question_left"}) {
		t.Errorf("%d, %v; left are %v", n, err, cluster.Left(t, l))
	}
	if err := c.Tables(l).Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	cluster.Empty(t, l)
	if n, err := written.Erase(t.Context(), annex); err != nil || n != 0 {
		t.Errorf("when all is gone: %d, %v", n, err)
	}
}

// What somebody uses is not left over.
func TestInUse(t *testing.T) {
	cluster.Need(t)
	l := lakeOf(t, simulated(t, 20))
	next, stop := iter.Pull2(over(t, l, trino.Config{Results: trinotest.Results}).Records(t.Context(), everything(), 0, 0))
	if _, err, _ := next(); err != nil {
		t.Fatal(err)
	}
	if err := reach(t, trino.Config{Results: trinotest.Results}).Tables(l).Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if len(cluster.Left(t, l)) == 0 {
		t.Error("it is gone")
	}
	stop()
	cluster.Empty(t, l)
}

// ask asks for all records beside the test, and gives what waits for their ids.
func ask(ctx context.Context, e engine.Engine) (wait func() ([]conversation.ID, error)) {
	type answer struct {
		ids []conversation.ID
		err error
	}
	ended := make(chan answer, 1)
	go func() {
		var a answer
		for r, err := range e.Records(ctx, everything(), 0, 0) {
			if a.err = err; err == nil {
				a.ids = append(a.ids, r.ID)
			}
		}
		ended <- a
	}()
	return func() ([]conversation.ID, error) {
		a := <-ended
		return a.ids, a.err
	}
}

// writing waits until the cluster writes a table, on this node if one is named.
func writing(t *testing.T, node string) {
	t.Helper()
	c := reach(t, trino.Config{})
	statement := sqltext.Of("SELECT count(*) FROM system.runtime.tasks JOIN system.runtime.queries USING (query_id) WHERE strpos(query, 'sorted_by') > 0 "+
		"AND strpos(query, 'system.runtime') = 0 AND tasks.state = 'RUNNING' AND (? = '' OR node_id = ?)", node, node)
	for n := 0; n == 0; {
		if err := answers.One(t.Context(), c, statement, &n); err != nil {
			t.Fatal(err)
		}
	}
}

func everything() query.Query {
	return query.Query{
		Interval: conversation.Interval{Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)},
		Matching: query.StartOfDay, Order: query.Descending, OrderBy: query.ByConversationEnd,
	}
}

// many is a lake of so many records that they are not written in a moment, and their ids as everything has them.
func many(t *testing.T) (*lake.Lake, []conversation.ID) {
	t.Helper()
	records := simulated(t, 2000)
	l := lakeOf(t, records)
	slices.SortFunc(records, func(a, b conversation.Record) int {
		if c := b.End.Compare(a.End); c != 0 { // all have ended
			return c
		}
		return conversation.Compare(conversation.Record{ID: a.ID}, conversation.Record{ID: b.ID})
	})
	ids := make([]conversation.ID, len(records))
	for i, r := range records {
		ids[i] = r.ID
	}
	return l, ids
}

// simulated gives three days of a simulated contact centre.
func simulated(t testing.TB, perDay int) (out []conversation.Record) {
	t.Helper()
	centre := sim.New(sim.Config{Seed: 7, PerDay: perDay})
	first := conversation.DayOf(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC))
	for day := first; day < first+3; day++ {
		for c := range centre.Day(day) {
			raw, err := wire.Encode(c)
			if err != nil {
				t.Fatal(err)
			}
			r, err := wire.Record(raw)
			if err != nil {
				t.Fatal(err)
			}
			if !r.End.IsZero() {
				out = append(out, r)
			}
		}
	}
	return out
}

// lakeOf is a lake in a bucket with these records.
func lakeOf(t testing.TB, records []conversation.Record) *lake.Lake {
	t.Helper()
	l := cluster.Lake(t)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if len(records) == 0 {
		return l
	}
	if _, err := w.Commit(t.Context(), lake.Commit{Run: "run", At: time.Now(), Records: versions(records)}); err != nil {
		t.Fatal(err)
	}
	return l
}

func versions(records []conversation.Record) iter.Seq2[conversation.Version, error] {
	records = slices.Clone(records)
	slices.SortFunc(records, conversation.Compare)
	return func(yield func(conversation.Version, error) bool) {
		for _, r := range records {
			if !yield(conversation.Version{Record: r, Run: "run", At: time.Unix(1, 0)}, nil) {
				return
			}
		}
	}
}

// over is an engine over the newest snapshot of a lake.
func over(t testing.TB, l *lake.Lake, cfg trino.Config) engine.Engine {
	t.Helper()
	e, err := trino.Views{Cluster: reach(t, cfg), Lake: l}.Settled(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// reach opens the way to the cluster.
func reach(t testing.TB, cfg trino.Config) *trino.Cluster {
	t.Helper()
	cfg.URL, cfg.Catalog = cluster.URL, trinotest.Catalog
	c, err := trino.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Parley's way to large jobs, and that of a cluster that writes nothing: what it finds comes through the coordinator, some days at a time.
func BenchmarkRecords(b *testing.B) {
	cluster.Need(b)
	for _, perDay := range []int{2_000, 10_000} {
		records := simulated(b, perDay)
		l := lakeOf(b, records)
		for what, cfg := range map[string]trino.Config{"written": {Results: trinotest.Results}, "parts": {}} {
			b.Run(fmt.Sprintf("%s/%d", what, len(records)), func(b *testing.B) {
				e, q := over(b, l, cfg), everything()
				q.OrderBy, q.Order = query.ByConversationStart, query.Ascending // the order that goes by parts
				for b.Loop() {
					n, bytes := 0, int64(0)
					for r, err := range e.Records(b.Context(), q, 0, 0) {
						if err != nil {
							b.Fatal(err)
						}
						n++
						bytes += int64(len(r.JSON))
					}
					if n != len(records) {
						b.Fatalf("%d records", n)
					}
					b.SetBytes(bytes)
				}
			})
		}
	}
}
