package torture_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/trino/trinotest"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/store/s3"
	"github.com/parley-hq/parley/internal/store/s3/s3test"
)

// harmEvery is how often, on average, a part of the cluster is killed. A node of Trino is killed less often, by so many times: it takes half a
// minute to be there again.
const (
	harmEvery = 4 * time.Second
	trinoLess = 12
)

// cluster is a year whose lake is in a bucket and its control database in a Postgres, served by two nodes. All four are killed now and
// then, and start again.
type cluster struct {
	*year
	bucket   *s3test.Server
	postgres *postgrestest.Server
	trino    *trinotest.Cluster // nil: none is asked for. Else one of the nodes has it answer everything
	nodes    [2]*node
	client   struct{ ID, Secret string }

	mu    sync.Mutex
	harms map[string]int
	asked map[string]int // answers that were held to the truth
}

// TestTortureOfACluster leaves extraction, jobs and questions alone on a cluster all of whose parts fail: the lake has to be what the
// platform has, and no answer may have been wrong.
func TestTortureOfACluster(t *testing.T) {
	c := &cluster{year: begin(t), harms: map[string]int{}, asked: map[string]int{}}
	c.place()
	c.note()
	if out, err := c.command(t.Context()).CombinedOutput(); err != nil { // nodes serve a lake that there is
		t.Fatalf("extract: %v\n%s", err, out)
	}
	c.serve()
	few := 1
	if c.trino != nil { // which answers slowly, and is away for longer
		few = 4
	}
	nights := setting(t, "PARLEY_NIGHTS", few)
	c.beset(func() {
		for range nights {
			c.night()
		}
	})
	c.dawn()
	for i := range c.nodes {
		c.whole(i)
	}
	for _, kind := range []string{"job", "find"} {
		if c.asked[kind] == 0 {
			t.Errorf("no %s was answered", kind)
		}
	}
	c.tell(nights)
	t.Logf("killed and started again: %v; answers held to the truth: %v", c.harms, c.asked)
}

// place puts the lake into a bucket and a Postgres.
func (c *cluster) place() {
	c.t.Helper()
	var err error
	if c.trino, err = trinotest.Start(trinotest.Options{Workers: 1, Buckets: true}); err != nil {
		c.t.Fatal(err)
	}
	if c.trino != nil {
		c.beside()
		return
	}
	if c.bucket, err = s3test.Start(); err == nil && c.bucket == nil {
		c.t.Skip("no S3 server is installed; tools/setup s3 installs it")
	}
	if err == nil {
		c.postgres, err = postgrestest.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		if err := c.postgres.Stop(); err != nil {
			c.t.Error(err)
		}
		if err := c.bucket.Stop(); err != nil {
			c.t.Error(err)
		}
	})
	c.lies("s3://"+c.bucket.Bucket(c.t)+"/lake", c.postgres.Database(c.t))
}

// beside puts the lake where the Trino sees it.
func (c *cluster) beside() {
	c.t.Helper()
	c.t.Cleanup(func() {
		if err := c.trino.Stop(); err != nil {
			c.t.Error(err)
		}
	})
	c.bucket, c.postgres = c.trino.Bucket(), c.trino.Postgres()
	place, err := c.trino.Place()
	if err != nil {
		c.t.Fatal(err)
	}
	c.lies(place.Name, place.Control)
}

// lies says where the lake is.
func (c *cluster) lies(lake, control string) {
	c.settings = at.Settings{State: control + "&pool_max_conns=3", CacheDir: c.t.TempDir(), S3: s3.Config{Endpoint: c.bucket.URL}}
	c.env = []string{"AWS_ENDPOINT_URL_S3=" + c.bucket.URL, "PARLEY_STATE=" + c.settings.State, "PARLEY_CACHE_DIR=" + c.settings.CacheDir}
	c.more = []string{"--wait", "40s"} // by then the lease of one that was killed has run out
	c.lake = lake
}

// node is a server that starts again at its address however often it is killed.
type node struct {
	addr  string
	large bool // all questions are large for it

	mu  sync.Mutex
	cmd *exec.Cmd
}

// serve starts the nodes, and makes a client of both.
func (c *cluster) serve() {
	c.t.Helper()
	add := exec.CommandContext(c.t.Context(), c.path, "client", "add", "--lake", c.lake, "--name", "torture", "--json")
	add.Env = append(os.Environ(), c.env...)
	text, err := add.Output()
	if err != nil {
		c.t.Fatalf("client add: %v", err)
	}
	var made struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal(text, &made); err != nil {
		c.t.Fatal(err)
	}
	c.client.ID, c.client.Secret = made.ID, made.Secret
	for i := range c.nodes {
		c.nodes[i] = &node{addr: free(c.t), large: i == 0}
		c.nodes[i].start(c)
	}
	c.t.Cleanup(func() {
		for _, n := range c.nodes {
			n.kill()
		}
	})
}

// free is an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (n *node) start(c *cluster) {
	args := []string{"serve", "--lake", c.lake, "--addr", n.addr, "--rate-limit", "1000000", "--log-level", "error"}
	if n.large && c.trino != nil {
		args = append(args, "--trino", c.trino.URL, "--trino-catalog", trinotest.Catalog, "--trino-results", trinotest.Results, "--trino-from", "1")
	}
	cmd := exec.Command(c.path, args...)
	cmd.Env = append(os.Environ(), c.env...)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd = cmd; cmd.Start() != nil {
		c.t.Error("a node does not start")
	}
}

// kill kills the node, if it has not ended by itself: without its control database it does not start.
func (n *node) kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait() // it was killed
}

// beset does something while parts of the cluster are killed and others ask.
func (c *cluster) beset(do func()) {
	ctx, stop := context.WithCancel(c.t.Context())
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	group.Go(func() { c.harm(ctx, rand.New(rand.NewPCG(c.rnd.Uint64(), 1))) })
	for range 2 {
		dice := rand.New(rand.NewPCG(c.rnd.Uint64(), 2))
		group.Go(func() { c.ask(ctx, dice) })
	}
	do()
}

// harm kills parts and starts them again until ctx ends; then all are there.
func (c *cluster) harm(ctx context.Context, dice *rand.Rand) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(dice.Int64N(int64(2 * harmEvery)))):
		}
		what := []string{"node 0", "node 1", "postgres", "bucket", "postgres", "bucket"}[dice.IntN(6)]
		if c.trino != nil && dice.IntN(trinoLess) == 0 {
			what = []string{"trino 0", "trino 1"}[dice.IntN(2)]
		}
		if err := c.restart(what); err != nil {
			c.t.Errorf("%s: %v", what, err)
			return
		}
	}
}

func (c *cluster) restart(what string) error {
	c.calm.Lock()
	defer c.calm.Unlock()
	c.count(c.harms, what)
	switch what {
	case "postgres":
		return c.postgres.Again()
	case "bucket":
		return c.bucket.Again()
	}
	number := int(what[len(what)-1] - '0')
	if strings.HasPrefix(what, "trino") {
		return c.trino.Again(number)
	}
	n := c.nodes[number]
	n.kill()
	n.start(c)
	return nil
}

func (c *cluster) count(of map[string]int, what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	of[what]++
}

// to is a client of a node, that asks so often.
func (c *cluster) to(i, attempts int) *client.Client {
	made, err := client.New(client.Config{
		BaseURL: "http://" + c.nodes[i].addr, ClientID: c.client.ID, ClientSecret: c.client.Secret, RequestsPerMinute: -1,
		Attempts: attempts, First: 10 * time.Millisecond, Most: 200 * time.Millisecond, PollFirst: 20 * time.Millisecond, PollMost: 200 * time.Millisecond, JobWithin: within,
		PageSize: 23,
	})
	if err != nil {
		c.t.Error(err)
	}
	return made
}

// ask asks until ctx ends. What fails may fail, as long as something is down; what is answered is right.
func (c *cluster) ask(ctx context.Context, dice *rand.Rand) {
	first := conversation.DayOf(begun.AddDate(0, 0, -before))
	for ctx.Err() == nil {
		from := first + conversation.Day(dice.IntN(before))
		q := client.Query{From: from.Start(), To: (from + 1 + conversation.Day(dice.IntN(3))).Start()}
		a, b := c.to(dice.IntN(2), 3), c.to(dice.IntN(2), 3)
		if dice.IntN(2) == 0 {
			c.job(ctx, a, b, q)
		} else {
			c.found(ctx, a, q)
		}
	}
}

// job submits to one node and reads from another.
func (c *cluster) job(ctx context.Context, a, b *client.Client, q client.Query) {
	id, err := a.Submit(ctx, q)
	if err != nil {
		return
	}
	var got []client.Record
	for r, err := range b.Resume(ctx, client.Position{Job: id}) {
		if err != nil {
			c.excusable(ctx, err)
			return
		}
		got = append(got, r)
	}
	c.right("job", q, got)
}

// excusable fails the test where a node does not know what the other one has promised.
func (c *cluster) excusable(ctx context.Context, err error) {
	if ctx.Err() == nil && strings.Contains(err.Error(), "does not exist") {
		c.t.Errorf("a job that was accepted: %v", err)
	}
}

func (c *cluster) found(ctx context.Context, a *client.Client, q client.Query) {
	var got []client.Record
	for r, err := range a.Find(ctx, q) {
		if err != nil {
			return
		}
		got = append(got, r)
	}
	c.right("find", q, got)
}

// right holds an answer to what the platform has had: versions of records, each conversation once, and whole days.
func (c *cluster) right(kind string, q client.Query, got []client.Record) {
	days := map[conversation.Day]map[string]bool{}
	for _, r := range got {
		day := conversation.DayOf(r.Start)
		if days[day] == nil {
			days[day] = map[string]bool{}
		}
		switch {
		case r.Start.Before(q.From) && r.End.Before(q.From) && !r.End.IsZero() || !r.Start.Before(q.To):
			c.t.Errorf("%s: conversation %s of %s is none of %s to %s", kind, r.ID, r.Start, q.From, q.To)
		case days[day][r.ID]:
			c.t.Errorf("%s: conversation %s comes twice", kind, r.ID)
		case !c.had.had(conversation.ID(r.ID), r.JSON):
			c.t.Errorf("%s: the platform never had this version of conversation %s", kind, r.ID)
		}
		days[day][r.ID] = true
	}
	for day, ids := range days {
		if want := c.had.on(day); !day.Start().Before(q.From) && len(ids) != want {
			c.t.Errorf("%s: %d conversations of %s, which has %d", kind, len(ids), day, want)
		}
	}
	c.count(c.asked, kind)
}

// whole asks one node for everything, by a job: the answer is the lake.
func (c *cluster) whole(i int) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), within)
	defer cancel()
	c.nodes[i].kill() // it may have ended for want of its control database
	c.nodes[i].start(c)
	first := conversation.DayOf(begun.AddDate(0, 0, -before)).Start()
	q := client.Query{From: first, To: c.s.Available()}
	got := map[conversation.ID]string{}
	for r, err := range c.to(i, 100).Records(ctx, q) {
		if err != nil {
			c.t.Errorf("all is well, and node %d says: %v", i, err)
			return
		}
		got[conversation.ID(r.ID)] = string(r.JSON)
	}
	for id, text := range c.was {
		if got[id] != text {
			c.t.Errorf("node %d: conversation %s is not the one of the lake", i, id)
		}
	}
	if len(got) != len(c.was) {
		c.t.Errorf("node %d: %d conversations, the lake has %d", i, len(got), len(c.was))
	}
}
