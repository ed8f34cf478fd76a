package kill_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/engine/answers"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/engine/trino"
	"github.com/parley-hq/parley/internal/engine/trino/trinotest"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/store/s3"
	"github.com/parley-hq/parley/internal/wait"
	"github.com/parley-hq/parley/test/program"
)

// Conversations of the three days of the lake that a cluster answers for.
const perDayOfTrino = 1500

// jobs is servers of a lake whose large jobs a cluster writes.
type jobs struct {
	cluster *trinotest.Cluster
	lake    string
}

// A server is killed while a cluster writes for one of its jobs, or at one of the steps around that. The next server finds and removes
// what is left, in the catalog and in the store, without asking the cluster anything else, and answers the job.
func TestKilledWhileAClusterWrites(t *testing.T) {
	cluster, err := trinotest.Start(trinotest.Options{Buckets: true})
	if err != nil {
		t.Fatal(err)
	}
	cluster.Need(t)
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	j := jobs{cluster, cluster.Name(t)}
	if out, err := exec.CommandContext(t.Context(), program.Path(t), "generate", "--lake", j.lake, "--from", "2026-11-01", "--to", "2026-11-04",
		"--per-day", strconv.Itoa(perDayOfTrino), "--steady", "--seed", "7").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	l := j.open(t)
	for _, step := range []string{"written.begun", "written.made", "written.merged", "written.dropped", "written.cleared"} {
		t.Run(step, func(t *testing.T) {
			one, at := j.serve(t, 1, "PARLEY_CRASH="+step+":1")
			id := j.submit(t, at)
			j.dies(t, one)
			if runOut(t, database(t), one) == 0 {
				t.Error("it held nothing")
			}
			j.goesOn(t, l, id)
		})
	}
	// What it held is believed to be held, until that has run out.
	t.Run("while it is written", func(t *testing.T) {
		one, at := j.serve(t, 1)
		id := j.submit(t, at)
		j.writing(t)
		if err := one.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		j.dies(t, one)
		j.goesOn(t, l, id)
	})
}

// database is the address of the Postgres with the control database. Which schema that is in only Parley knows by it.
func database(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(os.Getenv("PARLEY_STATE"))
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Del("schema")
	u.RawQuery = query.Encode()
	return u.String()
}

// open opens the lake in this process.
func (j jobs) open(t *testing.T) *lake.Lake {
	t.Helper()
	ctx := at.With(t.Context(), func() at.Settings {
		return at.Settings{State: os.Getenv("PARLEY_STATE"), CacheDir: os.Getenv("PARLEY_CACHE_DIR"), S3: s3.Config{Endpoint: os.Getenv("AWS_ENDPOINT_URL_S3")}}
	})
	l, err := at.Open(ctx, j.lake)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// serve starts a server for which questions are large from so many bytes on.
func (j jobs) serve(t *testing.T, from int64, env ...string) (*machine, *client.Client) {
	t.Helper()
	m := &machine{Cmd: exec.CommandContext(t.Context(), program.Path(t), "serve", "--lake", j.lake, "--addr", "127.0.0.1:0", "--json", "--rate-limit", "1000000",
		"--client-id", "id", "--client-secret", "secret", "--trino", j.cluster.URL, "--trino-catalog", trinotest.Catalog, "--trino-results", trinotest.Results,
		"--trino-from", strconv.FormatInt(from, 10))}
	m.Env, m.Stderr = append(os.Environ(), env...), &m.stderr
	out, err := m.StdoutPipe()
	if err == nil {
		err = m.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("%v\n%s", err, &m.stderr)
	}
	var ready program.Address
	if err := json.Unmarshal(bytes.TrimSpace(line), &ready); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Config{
		BaseURL: ready.URL, ClientID: "id", ClientSecret: "secret", RequestsPerMinute: -1, PollFirst: 50 * time.Millisecond, PollMost: 500 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, c
}

// submit submits a job for everything.
func (j jobs) submit(t *testing.T, c *client.Client) string {
	t.Helper()
	id, err := c.Submit(t.Context(), client.Query{From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// dies waits for the end of a server that is killed.
func (j jobs) dies(t *testing.T, m *machine) {
	t.Helper()
	if err := m.Wait(); !killed(err) {
		t.Fatalf("it ended with %v, and should have been killed\n%s", err, &m.stderr)
	}
}

// goesOn starts a server that has the cluster answer nothing, and looks whether it removes what is left and answers the job.
func (j jobs) goesOn(t *testing.T, l *lake.Lake, id string) {
	t.Helper()
	m, c := j.serve(t, 1<<60)
	defer func() {
		if err := m.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := m.Wait(); err != nil {
			t.Errorf("stopped, it ended with %v\n%s", err, &m.stderr)
		}
	}()
	n := 0
	for _, err := range c.Resume(t.Context(), client.Position{Job: id}) {
		if err != nil {
			t.Fatalf("%v\n%s", err, &m.stderr)
		}
		n++
	}
	if n != 3*perDayOfTrino {
		t.Errorf("%d records, want %d", n, 3*perDayOfTrino)
	}
	for left := j.left(t, l); len(left) > 0; left = j.left(t, l) {
		if err := wait.For(t.Context(), 200*time.Millisecond); err != nil {
			t.Fatalf("left are %v\n%s", left, &m.stderr)
		}
	}
}

// left is what is left in the catalog, in the store, and of names.
func (j jobs) left(t *testing.T, l *lake.Lake) []string {
	t.Helper()
	left, annex := j.cluster.Left(t, l), l.Annex()
	for at, err := range annex.Locks.Locked(t.Context(), annex.At.Join("uses")) {
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, string(at))
	}
	return left
}

// writing waits until the cluster writes a table.
func (j jobs) writing(t *testing.T) {
	t.Helper()
	c, err := trino.Open(trino.Config{URL: j.cluster.URL, Catalog: trinotest.Catalog})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	statement := sqltext.Of("SELECT count(*) FROM system.runtime.tasks JOIN system.runtime.queries USING (query_id) WHERE strpos(query, 'sorted_by') > 0 " +
		"AND strpos(query, 'system.runtime') = 0 AND tasks.state = 'RUNNING'")
	for n := 0; n == 0; {
		if err := answers.One(t.Context(), c, statement, &n); err != nil {
			t.Fatal(err)
		}
	}
}
