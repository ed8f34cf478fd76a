// Package trinotest runs a Trino of its own for tests: a coordinator and workers, over lakes whose control databases are in a
// Postgres and whose files lie on this machine or in a bucket.
package trinotest

import (
	"bytes"
	"context"
	"database/sql"
	_ "embed" // of resultsTables
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/trinodb/trino-go-client/trino" // the driver with which Start asks whether it is ready

	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres"
	"github.com/parley-hq/parley/internal/store/s3/s3test"
)

// Catalogs of the cluster: of lakes, which is read-only, and of what it writes itself.
const (
	Catalog = "parley"
	Results = "parley_results"
)

// heap bounds the memory of a node. It takes half as much again.
const heap = "768M"

// Options are those of a cluster.
type Options struct {
	Workers int  // none: the coordinator does the work itself
	Buckets bool // lakes are in buckets of an S3 server

	NoExchange bool // there is no exchange manager, so that nothing is tried again

	Settings []string // lines of config.properties of every node, beside those that all have
}

// Cluster is a running Trino.
type Cluster struct {
	URL string

	options  Options
	dir      string
	postgres *postgrestest.Server
	database string
	bucket   *bucket // nil: lakes are in folders
	nodes    []*node // the coordinator is the first
	lakes    atomic.Int64
}

// Asked says whether PARLEY_REQUIRE_TRINO=1 asks for a cluster.
func Asked() bool { return os.Getenv("PARLEY_REQUIRE_TRINO") != "" }

// Start starts a cluster for the tests of a package, to be called by TestMain. It gives nil unless PARLEY_REQUIRE_TRINO=1
// asks for it: a start takes half a minute, and a gigabyte a node. Then what is not installed is a failure; tools/setup trino
// installs it.
func Start(o Options) (*Cluster, error) {
	if !Asked() {
		return nil, nil //nolint:nilnil // there is none
	}
	return Run(o)
}

// Run starts a cluster, which the caller stops.
func Run(o Options) (_ *Cluster, err error) {
	c := &Cluster{options: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Stop())
		}
	}()
	if c.dir, err = os.MkdirTemp("/tmp", "parley-trino-"); err != nil {
		return nil, err
	}
	if o.Buckets {
		if c.bucket, err = startBucket(); err != nil {
			return nil, err
		}
	}
	if err := c.startCatalog(); err != nil {
		return nil, err
	}
	if err := c.add("coordinator", "coordinator=true", fmt.Sprintf("node-scheduler.include-coordinator=%t", o.Workers == 0)); err != nil {
		return nil, err
	}
	c.URL = c.nodes[0].url()
	for i := range o.Workers {
		if err := c.add("worker"+strconv.Itoa(i+1), "coordinator=false"); err != nil {
			return nil, err
		}
	}
	for _, n := range c.nodes {
		if err := c.start(n); err != nil {
			return nil, err
		}
	}
	return c, c.ready(context.Background())
}

// startCatalog starts the Postgres of the control databases, and so of the catalog.
func (c *Cluster) startCatalog() (err error) {
	if c.postgres, err = postgrestest.StartOnLoopback(); err != nil {
		return err
	}
	if c.postgres == nil {
		return errors.New("no Postgres is installed; tools/setup postgres installs it")
	}
	ctx := context.Background()
	if c.database, err = c.postgres.Make(ctx); err != nil {
		return err
	}
	return c.makeResults(ctx)
}

// makeResults makes the tables of the catalog that the cluster writes to.
func (c *Cluster) makeResults(ctx context.Context) (err error) {
	db, err := pgx.Connect(ctx, c.database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close(ctx)) }()
	_, err = db.Exec(ctx, resultsTables)
	return err
}

// resultsTables are those that docs/trino.md has people make.
//
//go:embed results.sql
var resultsTables string

// node is one process of a cluster.
type node struct {
	name     string
	port     int
	settings []string
	cmd      *exec.Cmd
	ended    <-chan struct{}
	log      *bytes.Buffer
}

func (n *node) url() string { return "http://127.0.0.1:" + strconv.Itoa(n.port) }

// add adds a node with these settings beside those that all have.
func (c *Cluster) add(name string, settings ...string) error {
	port, err := freePort()
	c.nodes = append(c.nodes, &node{name: name, port: port, settings: settings})
	return err
}

// start starts a node. It ends with this process.
func (c *Cluster) start(n *node) error {
	root, err := installed()
	if err != nil {
		return err
	}
	etc := filepath.Join(c.dir, n.name, "etc")
	config, err := pgx.ParseConfig(c.database)
	if err != nil {
		return err
	}
	for file, lines := range c.files(n, config.Database) {
		if err := writeLines(filepath.Join(etc, file), lines); err != nil {
			return err
		}
	}
	n.log = new(bytes.Buffer)
	n.cmd = exec.Command(filepath.Join(root, "trino", "bin", "launcher"), "run",
		"-jvm-dir", filepath.Join(root, "java"), "-etc-dir", etc, "-data-dir", filepath.Join(c.dir, n.name, "data"))
	n.cmd.Stdout, n.cmd.Stderr = n.log, n.log
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // the launcher becomes Java, and is no parent of it
	n.ended, err = startForGood(n.cmd)
	return err
}

// startForGood starts a process. It ends with the thread that started it, and a test's may end before the test: this one waits. Other
// processes may have been started by the same thread, which therefore lives on. Ended is closed when the process has ended.
func startForGood(cmd *exec.Cmd) (ended <-chan struct{}, err error) {
	started, end := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(end)
		started <- cmd.Start()
		_ = cmd.Wait() // it is killed
	}()
	return end, <-started
}

// files are the configuration of a node.
func (c *Cluster) files(n *node, database string) map[string][]string {
	files := map[string][]string{
		"node.properties": {"node.environment=test", "node.id=" + n.name},
		"log.properties":  {"io.trino=WARN"},
		// One compiler and small regions: tests ask many small questions of a process that has just started.
		"jvm.config": {
			"-server", "-Xmx" + heap, "-XX:+UseG1GC", "-XX:G1HeapRegionSize=4M", "-XX:+ExitOnOutOfMemoryError", "-XX:TieredStopAtLevel=1",
			"-XX:ReservedCodeCacheSize=256M", "-Djdk.attach.allowAttachSelf=true", "-XX:+EnableDynamicAgentLoading", "--enable-native-access=ALL-UNNAMED",
		},
		"config.properties": append([]string{
			"http-server.http.port=" + strconv.Itoa(n.port), "node.internal-address=127.0.0.1", "discovery.uri=" + c.nodes[0].url(),
			"query.max-memory-per-node=250MB", "http-server.log.enabled=false", "fault-tolerant-execution-task-memory=100MB",
			// How long a node is believed in that does not answer: a minute, if nothing is said.
			"query.remote-task.max-error-duration=10s", "exchange.max-error-duration=10s",
		}, slices.Concat(n.settings, c.options.Settings)...),
		"exchange-manager.properties":        {"exchange-manager.name=filesystem", "exchange.base-directories=" + filepath.Join(c.dir, "exchange")},
		"catalog/" + Catalog + ".properties": append(c.catalog(database, Catalog, postgres.Catalog), "iceberg.security=READ_ONLY"),
		"catalog/" + Results + ".properties": c.catalog(database, Results, "parley_results"),
	}
	if c.options.NoExchange {
		delete(files, "exchange-manager.properties")
	}
	return files
}

// catalog are the properties of a catalog whose tables are in a schema of the Postgres.
func (c *Cluster) catalog(database, name, schema string) []string {
	properties := []string{
		"connector.name=iceberg", "iceberg.catalog.type=jdbc", "iceberg.jdbc-catalog.catalog-name=" + name,
		"iceberg.jdbc-catalog.driver-class=org.postgresql.Driver",
		"iceberg.jdbc-catalog.connection-url=" + fmt.Sprintf("jdbc:postgresql://127.0.0.1:%d/%s?currentSchema=%s", c.postgres.Port, database, schema),
		"iceberg.jdbc-catalog.connection-user=parley", "iceberg.jdbc-catalog.connection-password=unused",
		"iceberg.jdbc-catalog.schema-version=V1",
	}
	if c.bucket != nil {
		return append(properties, c.bucket.properties()...)
	}
	return append(properties, "iceberg.jdbc-catalog.default-warehouse-dir=local:///", "fs.native-local.enabled=true", "local.location=/")
}

func writeLines(path string, lines []string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	var text bytes.Buffer
	for _, l := range lines {
		fmt.Fprintln(&text, l)
	}
	return os.WriteFile(path, text.Bytes(), 0o600)
}

// installed is the folder with Trino and the Java that runs it. A test runs in the folder of its package.
func installed() (string, error) {
	at, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(at, ".cache", "trino", ".installed")); err == nil {
			return filepath.Join(at, ".cache"), nil
		}
		if at == filepath.Dir(at) {
			err = errors.New("no Trino is installed; tools/setup trino installs it")
		}
		at = filepath.Dir(at)
	}
	return "", err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// ready waits until all nodes answer a query. A coordinator says that it has started before it can.
func (c *Cluster) ready(ctx context.Context) (err error) {
	ctx, done := context.WithTimeout(ctx, 5*time.Minute)
	defer done()
	db, err := sql.Open("trino", strings.Replace(c.URL, "://", "://parley@", 1)+"?catalog=system&schema=runtime")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for ctx.Err() == nil {
		var n int
		if err = db.QueryRowContext(ctx, "SELECT count(*) FROM nodes WHERE state = 'active' AND (NOT coordinator OR ?)", len(c.nodes) == 1).Scan(&n); err == nil && n >= max(1, c.options.Workers) {
			return nil
		}
		for _, n := range c.nodes {
			select {
			case <-n.ended:
				return fmt.Errorf("a node has ended: %s", n.log.Bytes())
			default:
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
	return fmt.Errorf("the cluster is not ready: %w: %s", errors.Join(err, ctx.Err()), c.nodes[0].log.Bytes())
}

// Kill ends the coordinator, which is node 0, or a worker, from 1 on, at once.
func (c *Cluster) Kill(tb testing.TB, number int) {
	tb.Helper()
	if err := c.nodes[number].cmd.Process.Kill(); err != nil {
		tb.Fatal(err)
	}
	<-c.nodes[number].ended
}

// Again kills a node and starts it again at its address, for others than the goroutine of a test. When it answers is not waited for.
func (c *Cluster) Again(number int) error {
	n := c.nodes[number]
	_ = n.cmd.Process.Kill() // it may have ended by itself, without its coordinator or its catalog
	<-n.ended
	return c.start(n)
}

// Postgres is the server of the control databases.
func (c *Cluster) Postgres() *postgrestest.Server { return c.postgres }

// Bucket is the object storage, for lakes in buckets.
func (c *Cluster) Bucket() *s3test.Server { return c.bucket.server }

// Process is the process of a node.
func (c *Cluster) Process(number int) int { return c.nodes[number].cmd.Process.Pid }

// Restart starts nodes that were killed, at the addresses that they had, and waits until the cluster is whole.
func (c *Cluster) Restart(tb testing.TB, numbers ...int) {
	tb.Helper()
	for _, number := range numbers {
		if err := c.start(c.nodes[number]); err != nil {
			tb.Fatal(err)
		}
	}
	if err := c.ready(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// Lake makes a lake whose tables the cluster sees. Without a cluster the test is skipped.
func (c *Cluster) Lake(tb testing.TB) *lake.Lake {
	tb.Helper()
	l, err := lake.CreateAt(tb.Context(), c.Address(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			tb.Error(err)
		}
	})
	return l
}

// Address is a place for a lake whose tables the cluster sees. Without a cluster the test is skipped.
func (c *Cluster) Address(tb testing.TB) (a lake.Address) {
	tb.Helper()
	c.Need(tb)
	name := "lake_" + strconv.FormatInt(c.lakes.Add(1), 10)
	var err error
	if c.bucket != nil {
		a = c.bucket.address(tb, name)
	} else if a, err = lake.InFolder(filepath.Join(tb.TempDir(), "lake")); err != nil {
		tb.Fatal(err)
	}
	if a.Control, err = state.InSchema(c.database, name); err != nil {
		tb.Fatal(err)
	}
	return a
}

// Name is what people call a place for a lake in a bucket whose tables the cluster sees. The environment of the test comes to be that of
// processes that use it. Its control database is in a schema of that name.
func (c *Cluster) Name(t *testing.T) string {
	t.Helper()
	c.Need(t)
	p, err := c.Place()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PARLEY_STATE", p.Control)
	t.Setenv("PARLEY_CACHE_DIR", t.TempDir())
	t.Setenv("AWS_ENDPOINT_URL_S3", p.Endpoint)
	return p.Name
}

// Place is a place for a lake in a bucket.
type Place struct {
	Name     string // of the lake, as people call it
	Control  string // address of its control database
	Endpoint string // URL of the object storage
}

// Place makes a place for a lake in a bucket whose tables the cluster sees.
func (c *Cluster) Place() (p Place, err error) {
	name := "lake_" + strconv.FormatInt(c.lakes.Add(1), 10)
	if p.Control, err = state.InSchema(c.database, name); err != nil {
		return p, err
	}
	in, _, err := c.bucket.server.Make()
	p.Name, p.Endpoint = "s3://"+in+"/"+name, c.bucket.server.URL
	return p, err
}

// Left lists what there is of tables that the cluster wrote for a lake: in the catalog and in the store.
func (c *Cluster) Left(tb testing.TB, l *lake.Lake) (left []string) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context()) // which ends before what a test has at its end
	db, err := pgx.Connect(ctx, c.database)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = db.Close(ctx) }()
	rows, err := db.Query(ctx, "SELECT table_namespace, table_name FROM parley_results.iceberg_tables")
	if err != nil {
		tb.Fatal(err)
	}
	var namespace, table string
	if _, err = pgx.ForEachRow(rows, []any{&namespace, &table}, func() error {
		if namespace == l.Namespace() {
			left = append(left, table)
		}
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	annex := l.Annex()
	for o, err := range annex.Store.List(ctx, annex.At.Join("tables")) {
		if err != nil {
			tb.Fatal(err)
		}
		left = append(left, string(o.At))
	}
	return left
}

// Empty fails a test if there is anything left of such tables.
func (c *Cluster) Empty(tb testing.TB, l *lake.Lake) {
	tb.Helper()
	if left := c.Left(tb, l); len(left) > 0 {
		tb.Errorf("left are %d: %v", len(left), left[:min(5, len(left))])
	}
}

// Need skips a test without a cluster.
func (c *Cluster) Need(tb testing.TB) {
	tb.Helper()
	if c == nil {
		tb.Skip("runs with PARLEY_REQUIRE_TRINO=1; tools/setup trino installs what it needs")
	}
}

// Stop ends the cluster and removes its folder.
func (c *Cluster) Stop() (err error) {
	if c == nil {
		return nil
	}
	for _, n := range c.nodes {
		if n.cmd != nil && n.cmd.Process != nil {
			_ = n.cmd.Process.Kill() // a test may have done so
		}
	}
	return errors.Join(c.bucket.stop(), c.postgres.Stop(), os.RemoveAll(c.dir))
}

// Main runs the tests of a package beside a cluster, which they reach by cluster.
func Main(m *testing.M, cluster **Cluster, o Options) {
	code := 1
	var err error
	if *cluster, err = Start(o); err == nil {
		code = m.Run()
	}
	if err = errors.Join(err, (*cluster).Stop()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
