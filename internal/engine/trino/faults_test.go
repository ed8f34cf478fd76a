package trino_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	client "github.com/trinodb/trino-go-client/trino"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/answers"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/engine/trino"
	"github.com/parley-hq/parley/internal/engine/trino/trinotest"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// A cluster that is not there can be configured, and answers that it is away.
func TestNoCluster(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := trino.Open(trino.Config{URL: "http://" + l.Addr().String(), Catalog: "parley"})
	if err = errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Ready(t.Context()); !errors.Is(err, fault.Unavailable) || !errors.Is(err, engine.ErrAway) {
		t.Errorf("nobody listens, and it is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Ready(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits, and it is %v", err)
	}
}

// What is wrong with an address is said, without the password in it.
func TestAddresses(t *testing.T) {
	for _, url := range []string{"", "trino:8080", "ftp://trino", "http://", "http://parley:hush@trino:8080", "http://%zz"} {
		if _, err := trino.Open(trino.Config{URL: url, Catalog: "parley"}); !errors.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := trino.Open(trino.Config{URL: "http://trino:8080"}); !errors.Is(err, fault.Invalid) {
		t.Errorf("without a catalog: %v", err)
	}
}

// A question that nobody waits for any more is given up in the cluster, too.
func TestCancelledQuestionsEndInTheCluster(t *testing.T) {
	c := open(t)
	const mark = "given up by a test"
	running := func() (n int) {
		t.Helper()
		statement := sqltext.Of("SELECT count(*) FROM system.runtime.queries WHERE query LIKE '%' || ? || '%' AND query LIKE '%CROSS JOIN%' AND query NOT LIKE '%runtime%' AND state NOT IN ('FINISHED', 'FAILED')", mark)
		if err := answers.One(t.Context(), c, statement, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		var n int64
		ended <- answers.One(ctx, c, sqltext.Of("SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y) CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z) "+
			"WHERE x + y * z = -1 AND 'x' <> '"+mark+"'"), &n)
	}()
	for running() == 0 {
		if t.Context().Err() != nil {
			t.Fatal("it never ran")
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the question ends with %v", err)
	}
	for running() > 0 { // the test's deadline bounds it
		if t.Context().Err() != nil {
			t.Fatal("it runs on")
		}
	}
}

// What the cluster says has the kinds that engines have.
func TestFailures(t *testing.T) {
	c, err := trino.Open(trino.Config{URL: "http://127.0.0.1:1", Catalog: "parley"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, x := range []struct {
		said client.ErrTrino
		kind error
		away bool
	}{
		{client.ErrTrino{ErrorType: "INSUFFICIENT_RESOURCES", ErrorName: "EXCEEDED_LOCAL_MEMORY_LIMIT"}, fault.Unavailable, false},
		{client.ErrTrino{ErrorType: "EXTERNAL", ErrorName: "ICEBERG_BAD_DATA"}, fault.Corrupt, false},
		{client.ErrTrino{ErrorType: "EXTERNAL", ErrorName: "JDBC_ERROR"}, fault.Unavailable, false},
		{client.ErrTrino{ErrorType: "INTERNAL_ERROR", ErrorName: "REMOTE_HOST_GONE"}, fault.Unavailable, false},
		{client.ErrTrino{ErrorType: "INTERNAL_ERROR", ErrorName: "NO_NODES_AVAILABLE"}, fault.Unavailable, true},
		{client.ErrTrino{ErrorType: "INTERNAL_ERROR", ErrorName: "EXCHANGE_MANAGER_NOT_CONFIGURED"}, fault.Unavailable, true},
		{client.ErrTrino{ErrorType: "INTERNAL_ERROR", ErrorName: "GENERIC_INTERNAL_ERROR"}, nil, false},
		{client.ErrTrino{ErrorType: "USER_ERROR", ErrorName: "COLUMN_NOT_FOUND"}, nil, false},
	} {
		said := x.said
		err := c.Failed(t.Context(), &client.ErrQueryFailed{StatusCode: 200, Reason: &said})
		if _, is := errors.AsType[*fault.Error](err); is != (x.kind != nil) || x.kind != nil && !errors.Is(err, x.kind) || errors.Is(err, engine.ErrAway) != x.away {
			t.Errorf("%s: %v", said.ErrorName, err)
		}
	}
	for status, kind := range map[int]bool{0: true, 502: true, 401: false, 404: false} {
		err := c.Failed(t.Context(), &client.ErrQueryFailed{StatusCode: status, Reason: errors.New("of HTTP")})
		if errors.Is(err, engine.ErrAway) != kind || errors.Is(err, fault.Unavailable) != kind {
			t.Errorf("status %d: %v", status, err)
		}
	}
	if err := c.Failed(t.Context(), client.ErrQueryCancelled); !errors.Is(err, fault.Unavailable) {
		t.Errorf("somebody stopped it: %v", err)
	}
	if err := c.Failed(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// A data file that is gone or damaged is what the question fails of. Nobody has read it before: Trino keeps small files.
func TestDamage(t *testing.T) {
	c := open(t)
	record, err := wire.Record([]byte(`{"conversationId":"c","conversationStart":"2026-02-28T00:00:00.000Z"}`))
	if err != nil {
		t.Fatal(err)
	}
	q := query.Query{
		Interval: conversation.Interval{Start: record.Start, End: record.Start.Add(time.Hour)}, Matching: query.StartOfDay,
		Order: query.Ascending, OrderBy: query.ByConversationStart,
	}
	for what, harm := range map[string]func(file string) error{
		"nothing": func(string) error { return nil },
		"damaged": func(file string) error { return os.WriteFile(file, make([]byte, 10_000), 0o600) },
		"gone":    os.Remove,
	} {
		e, file := lonely(t, c, record)
		if err := harm(file); err != nil {
			t.Fatal(err)
		}
		n, failed := 0, error(nil)
		for _, err := range e.Records(t.Context(), q, 0, 0) {
			if failed = err; err == nil {
				n++
			}
		}
		if what == "nothing" && (n != 1 || failed != nil) || what != "nothing" && !errors.Is(failed, fault.Corrupt) {
			t.Errorf("%s: %d records, %v", what, n, failed)
		}
	}
}

// lonely is an engine over a lake of one record, and the file in which it is.
func lonely(t *testing.T, c *trino.Cluster, record conversation.Record) (_ *trino.Engine, file string) {
	t.Helper()
	g := newGrowing(t)
	g.add(t, record)
	snapshot, err := g.lake.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := trino.New(c, g.lake, snapshot)
	t.Cleanup(func() { _ = e.Close() }) // it was only read
	files := snapshot.Files(tables.Conversations)
	if len(files) != 1 {
		t.Fatalf("one record is in %d files", len(files))
	}
	return e, files[0].Path
}

// A cluster that may write and has no exchange manager refuses it. Jobs wait until somebody has mended that, and are told what to do.
func TestNoExchangeManager(t *testing.T) {
	cluster.Need(t)
	other, err := trinotest.Start(trinotest.Options{NoExchange: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, err := trino.Open(trino.Config{URL: other.URL, Catalog: trinotest.Catalog, Results: trinotest.Results})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	record, err := wire.Record([]byte(`{"conversationId":"c","conversationStart":"2026-02-28T00:00:00.000Z"}`))
	if err != nil {
		t.Fatal(err)
	}
	l := other.Lake(t)
	enginetest.Commit(t, l, []conversation.Record{record})
	e, err := trino.Views{Cluster: c, Lake: l}.Settled(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	q := query.Query{
		Interval: conversation.Interval{Start: record.Start, End: record.Start.Add(time.Hour)}, Matching: query.StartOfDay,
		Order: query.Ascending, OrderBy: query.ByConversationStart,
	}
	for _, err := range e.Records(t.Context(), q, 0, 0) {
		if !errors.Is(err, engine.ErrAway) || !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "etc/exchange-manager.properties") {
			t.Errorf("all of it: %v", err)
		}
	}
	for r, err := range e.Records(t.Context(), q, 10, 0) {
		if err != nil || r.ID != record.ID {
			t.Errorf("a page: %v, %v", r.ID, err)
		}
	}
	other.Empty(t, l)
}
