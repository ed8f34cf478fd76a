// Package trino answers questions over the lake with a Trino cluster, which reads the same Iceberg tables from the same store.
//
// The statements are those of package sqltext; here is what in them is Trino's own, and what runs them. Every table is asked as
// the snapshot has it, so that a statement sees what every other engine over the snapshot sees, whatever is committed
// meanwhile. Nothing is kept between questions, here or there: a question that comes again is searched again. It is for
// what is too large for one machine; each statement costs some tenths of a second before it has read anything.
package trino

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	client "github.com/trinodb/trino-go-client/trino"

	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/answers"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/engine/trino/written"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
)

// Config says where a cluster is.
type Config struct {
	// URL is the coordinator, with the user that asks: http://parley@trino:8080. A password goes over https alone.
	URL string
	// Catalog is the name that the cluster gives to the Iceberg catalog of the lakes.
	Catalog string
	// Results is the name of a catalog into which the cluster may write what a large question finds. Empty: there is none, and the cluster
	// sorts in memory, some days at a time.
	Results string
}

// Cluster is the way to a Trino. Safe for concurrent use.
type Cluster struct {
	db      *sql.DB
	catalog string
	results string
}

var _ written.Cluster = (*Cluster)(nil)

// patience is how long is tried to reach a cluster that does not answer. The next statement tries anew.
const patience = 5 * time.Second

// Open makes a way to a cluster, which need not be there yet. A configuration that is wrong is fault.Invalid.
func Open(cfg Config) (*Cluster, error) {
	at, err := url.Parse(cfg.URL)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, fault.New(fault.Invalid, "the address of Trino has to be http://USER@HOST:PORT, or https")
	}
	if cfg.Catalog == "" {
		return nil, fault.New(fault.Invalid, "the catalog of Trino that has the lakes has no name")
	}
	if at.User == nil {
		at.User = url.User("parley")
	}
	limit := patience
	connector, err := client.NewConnector(&client.Config{
		ServerURI: at.String(), Source: "parley", Catalog: cfg.Catalog, TimeZone: "UTC",
		// Statements have more parameters than a header has room for.
		DisableExplicitPrepare: true, RequestRetryTimeout: &limit,
	})
	if err != nil { // it may quote the password
		return nil, fault.New(fault.Invalid, "the address of Trino cannot be used: write http://USER@HOST:PORT, and https with a password")
	}
	return &Cluster{db: sql.OpenDB(connector), catalog: cfg.Catalog, results: cfg.Results}, nil
}

// Close gives up the connections.
func (c *Cluster) Close() error { return c.db.Close() }

// Ready says whether the cluster answers a statement now; else it is fault.Unavailable.
func (c *Cluster) Ready(ctx context.Context) error {
	var one int
	return answers.One(ctx, c, sqltext.Of("SELECT 1"), &one)
}

// Ask implements answers.Source. When ctx ends, the cluster is told to give the statement up.
func (c *Cluster) Ask(ctx context.Context, statement sqltext.Text) (*sql.Rows, error) {
	rows, err := c.db.QueryContext(ctx, statement.SQL, statement.Args...)
	return rows, c.Failed(ctx, err)
}

// Do implements written.Cluster.
func (c *Cluster) Do(ctx context.Context, statement sqltext.Text) error {
	_, err := c.db.ExecContext(ctx, statement.SQL, statement.Args...)
	return c.Failed(ctx, err)
}

// Tables are those that the cluster may write for questions over a lake; nil if it may not, or the lake may only be read.
func (c *Cluster) Tables(l *lake.Lake) *written.Tables {
	annex := l.Annex()
	if c.results == "" || annex.Locks == nil {
		return nil
	}
	return written.In(c, annex, c.results, l.Namespace())
}

// Failed implements answers.Source. What the cluster says may quote data, and stays in the chain.
func (c *Cluster) Failed(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, client.ErrQueryCancelled):
		return fault.Because(fault.Unavailable, err, "somebody stopped the question in the Trino cluster; ask again")
	}
	if said, is := errors.AsType[*client.ErrTrino](err); is {
		return saidBy(said)
	}
	if failed, is := errors.AsType[*client.ErrQueryFailed](err); is && !refused(failed.StatusCode) {
		return &fault.Error{Kind: fault.Unavailable, RetryAfter: 10 * time.Second, Err: errors.Join(engine.ErrAway, err), Message: "the Trino cluster, which answers questions as large as this, cannot be reached; ask for less, or again later"}
	}
	return fmt.Errorf("trino: %w", err)
}

// refused says whether a status of HTTP blames who asked.
func refused(status int) bool { return status >= 400 && status < 500 }

// saidBy is an error of Trino as engine.Engine has it. Trino tells whose fault an error is by its type, and by its name what
// happened; the names are those of its StandardErrorCode and IcebergErrorCode.
func saidBy(e *client.ErrTrino) error {
	switch {
	case e.ErrorType == "INSUFFICIENT_RESOURCES":
		return fault.Because(fault.Unavailable, e, "the question needs more than the Trino cluster has; ask for less at once")
	case unreadable[e.ErrorName]:
		return fault.Because(fault.Corrupt, e, "the Trino cluster cannot read a file of the lake; see parley lake check")
	case away[e.ErrorName]:
		return fault.Because(fault.Unavailable, errors.Join(engine.ErrAway, e), "the Trino cluster is starting or stopping; ask again later")
	case e.ErrorName == "EXCHANGE_MANAGER_NOT_CONFIGURED":
		return fault.Because(fault.Unavailable, errors.Join(engine.ErrAway, e), "the Trino cluster has no exchange manager, without which it cannot write large jobs: "+
			"give every node an etc/exchange-manager.properties, as docs/trino.md shows, or leave --trino-results out")
	case e.ErrorType == "INTERNAL_ERROR" && transient[e.ErrorName], e.ErrorType == "EXTERNAL":
		return fault.Because(fault.Unavailable, e, "the Trino cluster could not finish the question; ask again")
	}
	return fmt.Errorf("trino: %s: %w", e.ErrorName, e)
}

// unreadable are the errors that come of what is stored.
var unreadable = map[string]bool{
	"ICEBERG_BAD_DATA": true, "ICEBERG_MISSING_DATA": true, "ICEBERG_INVALID_METADATA": true, "ICEBERG_MISSING_METADATA": true,
	"ICEBERG_CANNOT_OPEN_SPLIT": true, "ICEBERG_INVALID_PARTITION_VALUE": true, "ICEBERG_CURSOR_ERROR": true,
}

// away are the errors of a cluster that answers nobody now.
var away = map[string]bool{"NO_NODES_AVAILABLE": true, "SERVER_STARTING_UP": true, "SERVER_SHUTTING_DOWN": true}

// transient are the errors that come of nodes which were lost in the middle of a question.
var transient = map[string]bool{
	"REMOTE_TASK_ERROR": true, "REMOTE_TASK_MISMATCH": true,
	"REMOTE_TASK_FAILED": true, "PAGE_TRANSPORT_ERROR": true, "PAGE_TRANSPORT_TIMEOUT": true, "REMOTE_HOST_GONE": true, "TOO_MANY_REQUESTS_FAILED": true,
	"NODE_DISCONNECTED": true, "ABANDONED_QUERY": true, "ABANDONED_TASK": true,
}

// Views are those of a lake: the live one and the settled one are both its newest snapshot.
type Views struct {
	Cluster *Cluster
	Lake    *lake.Lake
}

// Live opens the newest snapshot.
func (v Views) Live(ctx context.Context) (engine.Engine, error) { return v.Settled(ctx) }

// Settled opens the newest snapshot.
func (v Views) Settled(ctx context.Context) (engine.Engine, error) {
	snapshot, err := v.Lake.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return New(v.Cluster, v.Lake, snapshot), nil
}

// Available is the end of the days that the lake has whole.
func (v Views) Available(ctx context.Context) (time.Time, error) { return v.Lake.Available(ctx) }
