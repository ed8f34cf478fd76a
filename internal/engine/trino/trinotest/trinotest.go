// Package trinotest runs a Trino of its own for tests: a coordinator and workers, over lakes whose control databases are in a
// Postgres and whose files lie on this machine.
package trinotest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
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
)

// Catalog is the catalog of lakes. It is read-only.
const Catalog = "parley"

// heap bounds the memory of a node. It takes half as much again.
const heap = "768M"

// Cluster is a running Trino.
type Cluster struct {
	URL string

	dir      string
	postgres *postgrestest.Server
	database string
	nodes    []*node
	lakes    atomic.Int64
}

// Start starts a cluster for the tests of a package, to be called by TestMain. Without workers the coordinator does the work
// itself. It gives nil unless PARLEY_REQUIRE_TRINO=1 asks for it: a start takes half a minute, and a gigabyte a node. Then what
// is not installed is a failure; tools/setup trino installs it.
func Start(workers int) (_ *Cluster, err error) {
	if os.Getenv("PARLEY_REQUIRE_TRINO") == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	c := &Cluster{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Stop())
		}
	}()
	if c.dir, err = os.MkdirTemp("/tmp", "parley-trino-"); err != nil {
		return nil, err
	}
	if err := c.startCatalog(); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	c.URL = "http://127.0.0.1:" + strconv.Itoa(port)
	if err := c.startNode("coordinator", port, "coordinator=true", fmt.Sprintf("node-scheduler.include-coordinator=%t", workers == 0)); err != nil {
		return nil, err
	}
	for i := range workers {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		if err := c.startNode("worker"+strconv.Itoa(i+1), port, "coordinator=false"); err != nil {
			return nil, err
		}
	}
	return c, c.ready(max(1, workers))
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
	c.database, err = c.postgres.Make(ctx)
	return err
}

// node is one process of a cluster.
type node struct {
	cmd *exec.Cmd
	log bytes.Buffer
}

// startNode starts a node with these settings beside those that all have. It ends with this process.
func (c *Cluster) startNode(name string, port int, settings ...string) error {
	root, err := installed()
	if err != nil {
		return err
	}
	etc := filepath.Join(c.dir, name, "etc")
	config, err := pgx.ParseConfig(c.database)
	if err != nil {
		return err
	}
	for file, lines := range c.files(name, port, config.Database, settings) {
		if err := writeLines(filepath.Join(etc, file), lines); err != nil {
			return err
		}
	}
	n := &node{cmd: exec.Command(filepath.Join(root, "trino", "bin", "launcher"), "run",
		"-jvm-dir", filepath.Join(root, "java"), "-etc-dir", etc, "-data-dir", filepath.Join(c.dir, name, "data"))}
	n.cmd.Stdout, n.cmd.Stderr = &n.log, &n.log
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // the launcher becomes Java, and is no parent of it
	if err := n.cmd.Start(); err != nil {
		return err
	}
	c.nodes = append(c.nodes, n)
	return nil
}

// files are the configuration of a node.
func (c *Cluster) files(name string, port int, database string, settings []string) map[string][]string {
	return map[string][]string{
		"node.properties": {"node.environment=test", "node.id=" + name},
		"log.properties":  {"io.trino=WARN"},
		// One compiler and small regions: tests ask many small questions of a process that has just started.
		"jvm.config": {
			"-server", "-Xmx" + heap, "-XX:+UseG1GC", "-XX:G1HeapRegionSize=4M", "-XX:+ExitOnOutOfMemoryError", "-XX:TieredStopAtLevel=1",
			"-XX:ReservedCodeCacheSize=256M", "-Djdk.attach.allowAttachSelf=true", "-XX:+EnableDynamicAgentLoading", "--enable-native-access=ALL-UNNAMED",
		},
		"config.properties": append([]string{
			"http-server.http.port=" + strconv.Itoa(port), "node.internal-address=127.0.0.1", "discovery.uri=" + c.URL,
			"query.max-memory-per-node=250MB", "http-server.log.enabled=false",
		}, settings...),
		"catalog/" + Catalog + ".properties": {
			"connector.name=iceberg", "iceberg.security=READ_ONLY", "iceberg.catalog.type=jdbc", "iceberg.jdbc-catalog.catalog-name=parley",
			"iceberg.jdbc-catalog.driver-class=org.postgresql.Driver",
			"iceberg.jdbc-catalog.connection-url=" + fmt.Sprintf("jdbc:postgresql://127.0.0.1:%d/%s?currentSchema=%s", c.postgres.Port, database, postgres.Catalog),
			"iceberg.jdbc-catalog.connection-user=parley", "iceberg.jdbc-catalog.connection-password=unused",
			"iceberg.jdbc-catalog.schema-version=V1", "iceberg.jdbc-catalog.default-warehouse-dir=local:///",
			"fs.native-local.enabled=true", "local.location=/",
		},
	}
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

// ready waits until so many nodes answer a query. A coordinator says that it has started before it can.
func (c *Cluster) ready(workers int) (err error) {
	ctx, done := context.WithTimeout(context.Background(), 5*time.Minute)
	defer done()
	db, err := sql.Open("trino", strings.Replace(c.URL, "://", "://parley@", 1)+"?catalog=system&schema=runtime")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for ctx.Err() == nil {
		var n int
		if err = db.QueryRowContext(ctx, "SELECT count(*) FROM nodes WHERE state = 'active' AND (NOT coordinator OR ?)", len(c.nodes) == 1).Scan(&n); err == nil && n >= workers {
			return nil
		}
		for _, n := range c.nodes {
			if syscall.Kill(n.cmd.Process.Pid, 0) != nil {
				return fmt.Errorf("a node has ended: %s", n.log.Bytes())
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
	return fmt.Errorf("the cluster is not ready: %w: %s", errors.Join(err, ctx.Err()), c.nodes[0].log.Bytes())
}

// Lake makes a lake whose tables the cluster sees. Without a cluster the test is skipped.
func (c *Cluster) Lake(tb testing.TB) *lake.Lake {
	tb.Helper()
	c.Need(tb)
	a, err := lake.InFolder(filepath.Join(tb.TempDir(), "lake"))
	if err != nil {
		tb.Fatal(err)
	}
	if a.Control, err = state.InSchema(c.database, "lake_"+strconv.FormatInt(c.lakes.Add(1), 10)); err != nil {
		tb.Fatal(err)
	}
	l, err := lake.CreateAt(tb.Context(), a)
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
		err = errors.Join(err, n.cmd.Process.Kill())
		_ = n.cmd.Wait() // it was killed
	}
	return errors.Join(err, c.postgres.Stop(), os.RemoveAll(c.dir))
}

// Main runs the tests of a package beside a cluster with so many workers, which they reach by cluster.
func Main(m *testing.M, cluster **Cluster, workers int) {
	code := 1
	var err error
	if *cluster, err = Start(workers); err == nil {
		code = m.Run()
	}
	if err = errors.Join(err, (*cluster).Stop()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
