package clients_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/engine/trino/trinotest"
	"github.com/parley-hq/parley/internal/wait"
	"github.com/parley-hq/parley/test/program"
)

// The days of the cluster's lake, and how many conversations they have.
const (
	clusterFrom = "2026-11-01"
	clusterTo   = "2026-11-04"
	perDay      = 2000
)

// clustered is servers of one lake in a bucket, behind a balancer, and a Trino that answers what touches more than a day.
type clustered struct {
	address // of the balancer

	trino *trinotest.Cluster
	nodes []address
	kills []func()
	token string
}

// startClustered starts all of it. Without a Trino the test is skipped.
func startClustered(t *testing.T) *clustered {
	t.Helper()
	trino, err := trinotest.Start(trinotest.Options{Workers: 2, Buckets: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := trino.Stop(); err != nil {
			t.Error(err)
		}
	})
	c := &clustered{trino: trino}
	lake := trino.Name(t)
	parley(t, "generate", "--lake", lake, "--from", clusterFrom, "--to", clusterTo, "--per-day", strconv.Itoa(perDay), "--steady", "--seed", "7")
	if err := json.Unmarshal(parley(t, "client", "add", "--lake", lake, "--name", "balanced", "--json"), &c.address); err != nil {
		t.Fatal(err)
	}
	large := []string{"--trino", trino.URL, "--trino-catalog", trinotest.Catalog, "--trino-results", trinotest.Results}
	from := (planned(t, lake, "2026-11-02", large) + planned(t, lake, clusterTo, large)) / 2
	large = append(large, "--trino-from", strconv.FormatInt(from, 10))
	for range 2 {
		at, kill := program.Node(t, append([]string{"serve", "--lake", lake, "--rate-limit", "100000"}, large...)...)
		c.nodes, c.kills = append(c.nodes, at), append(c.kills, kill)
	}
	c.URL = balancer(t, c.nodes)
	return c
}

// parley runs a command and gives what it prints.
func parley(t *testing.T, args ...string) []byte {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program.Path(t), args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("parley %s: %v\n%s", args[0], err, said.String())
	}
	return out
}

// planned is how many bytes a question touches that asks for all days up to one.
func planned(t *testing.T, lake, to string, flags []string) int64 {
	t.Helper()
	var said struct {
		Engine struct {
			Planned int64 `json:"planned_bytes"`
		} `json:"engine"`
	}
	out := parley(t, append([]string{"query", "--lake", lake, "--from", clusterFrom, "--to", to, "--explain", "--json"}, flags...)...)
	if err := json.Unmarshal(out, &said); err != nil || said.Engine.Planned == 0 {
		t.Fatalf("%v: %s", err, out)
	}
	return said.Engine.Planned
}

// balancer hands requests to the nodes in turns, and to the next one where nobody listens.
func balancer(t *testing.T, nodes []address) string {
	t.Helper()
	var turn atomic.Int64
	at := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetXForwarded() },
		Transport: turns(func() address { return nodes[turn.Add(1)%int64(len(nodes))] }),
	})
	t.Cleanup(at.Close)
	return at.URL
}

// turns sends each request to whoever's turn it is.
type turns func() address

// RoundTrip implements http.RoundTripper. What could not be sent, because nobody listens, goes to the other.
func (next turns) RoundTrip(r *http.Request) (_ *http.Response, err error) {
	var body []byte
	if r.Body != nil {
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	for range 2 {
		to, bad := url.Parse(next().URL)
		if bad != nil {
			return nil, bad
		}
		r.URL.Scheme, r.URL.Host, r.Body = to.Scheme, to.Host, io.NopCloser(bytes.NewReader(body))
		var answer *http.Response
		if answer, err = http.DefaultTransport.RoundTrip(r); err == nil {
			return answer, nil
		}
	}
	return nil, err
}

// The official clients read from servers behind a balancer what a cluster wrote for them, byte for byte what they get by the page.
func TestOfficialClientsThroughABalancer(t *testing.T) {
	need(t)
	c := startClustered(t)
	each(t, func() address { return c.address }, func(t *testing.T, of client, at address) {
		t.Helper()
		of.command = append(slices.Clone(of.command[:len(of.command)-1]), of.bulk)
		of.run(t, at, "PARLEY_FROM="+clusterFrom+"T00:00:00Z", "PARLEY_TO="+clusterTo+"T00:00:00Z", "PARLEY_EXPECT="+strconv.Itoa(3*perDay))
	})
	if n := c.jobsOf(t, "trino"); n == 0 {
		t.Error("no job was answered by the cluster")
	}
}

// need skips a test where no cluster is asked for.
func need(t *testing.T) {
	t.Helper()
	var none *trinotest.Cluster
	if !trinotest.Asked() {
		none.Need(t)
	}
}

// What is killed takes nothing with it: a worker, a server, and the coordinator, for as long as which large jobs wait and small questions
// are answered.
func TestAClusterLosesNodes(t *testing.T) {
	need(t)
	c := startClustered(t)
	c.login(t)
	id := c.submit(t)
	c.trino.Kill(t, 2)
	c.await(t, id, "FULFILLED")
	c.has(t, id)

	id = c.submit(t)
	c.kills[0]()
	c.await(t, id, "FULFILLED")
	c.has(t, id)

	c.trino.Kill(t, 0)
	id = c.submit(t)
	if status, _ := c.ask(t, "POST", "/api/v2/analytics/conversations/details/query", of(clusterFrom, "2026-11-02")); status != http.StatusOK {
		t.Errorf("a small question is answered with %d", status)
	}
	if status, said := c.ask(t, "POST", "/api/v2/analytics/conversations/details/query", of(clusterFrom, clusterTo)); status != http.StatusServiceUnavailable {
		t.Errorf("a large question is answered with %d: %.300s", status, said)
	}
	c.await(t, id, "QUEUED")
	c.trino.Restart(t, 0, 2)
	c.await(t, id, "FULFILLED")
	c.has(t, id)
}

// of asks for what started from a day on, up to another.
func of(from, to string) string {
	return fmt.Sprintf(`{"interval":"%sT00:00:00.000Z/%sT00:00:00.000Z","startOfDayIntervalMatching":true}`, from, to)
}

// ask sends a request through the balancer.
func (c *clustered) ask(t *testing.T, method, path, body string) (status int, said []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	} else {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(c.ClientID, c.ClientSecret)
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	if said, err = io.ReadAll(w.Body); err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, said
}

func (c *clustered) login(t *testing.T) {
	t.Helper()
	_, said := c.ask(t, "POST", "/oauth/token", "grant_type=client_credentials")
	var granted struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(said, &granted); err != nil || granted.Token == "" {
		t.Fatalf("%v: %s", err, said)
	}
	c.token = granted.Token
}

const jobs = "/api/v2/analytics/conversations/details/jobs"

// submit submits a job for all days.
func (c *clustered) submit(t *testing.T) (id string) {
	t.Helper()
	_, said := c.ask(t, "POST", jobs, of(clusterFrom, clusterTo))
	var submitted struct {
		ID string `json:"jobId"`
	}
	if err := json.Unmarshal(said, &submitted); err != nil || submitted.ID == "" {
		t.Fatalf("%v: %s", err, said)
	}
	return submitted.ID
}

// await waits until a job is in a state.
func (c *clustered) await(t *testing.T, id, state string) {
	t.Helper()
	for {
		_, said := c.ask(t, "GET", jobs+"/"+id, "")
		var status struct {
			State string `json:"state"`
		}
		if err := json.Unmarshal(said, &status); err != nil || status.State == "FAILED" || t.Context().Err() != nil {
			t.Fatalf("the job is not %s: %v: %s", state, err, said)
		}
		if status.State == state {
			return
		}
		_ = wait.For(t.Context(), 100*time.Millisecond) // the servers have other work
	}
}

// has looks whether a job has all conversations.
func (c *clustered) has(t *testing.T, id string) {
	t.Helper()
	_, said := c.ask(t, "GET", jobs+"/"+id+"/results?pageSize=10000", "")
	var results struct {
		Conversations []struct {
			ID    string `json:"conversationId"`
			Start string `json:"conversationStart"`
		} `json:"conversations"`
	}
	if err := json.Unmarshal(said, &results); err != nil {
		t.Fatalf("%v: %.300s", err, said)
	}
	seen, last := map[string]bool{}, ""
	for _, r := range results.Conversations {
		if r.Start < last {
			t.Errorf("%s comes after %s", r.Start, last)
		}
		last, seen[r.ID] = r.Start, true
	}
	if len(seen) != 3*perDay || len(results.Conversations) != 3*perDay {
		t.Errorf("%d conversations, %d of them others; want %d", len(results.Conversations), len(seen), 3*perDay)
	}
}

// jobsOf is how many jobs an engine answered, by all servers.
func (c *clustered) jobsOf(t *testing.T, engine string) (n int) {
	t.Helper()
	for _, at := range c.nodes {
		r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, at.URL+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(w.Body)
		if err := w.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if count, is := strings.CutPrefix(line, `parley_engine_questions_total{engine="`+engine+`",kind="job"} `); is {
				more, _ := strconv.Atoi(strings.TrimSpace(count))
				n += more
			}
		}
	}
	return n
}
