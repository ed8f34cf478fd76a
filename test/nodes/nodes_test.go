// Package nodes_test runs several real servers over one lake in a bucket and one Postgres, kills one in the middle of a job, and asks
// the others.
package nodes_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/s3"
	"github.com/parley-hq/parley/internal/store/s3/s3test"
	"github.com/parley-hq/parley/test/program"
	"github.com/parley-hq/parley/test/unraced"
)

var (
	postgres *postgrestest.Server
	buckets  *s3test.Server
)

func TestMain(m *testing.M) {
	code := 1
	var err error
	if buckets, err = s3test.Start(); err == nil {
		if postgres, err = postgrestest.Start(); err == nil {
			code = m.Run()
			err = postgres.Stop()
		}
		if buckets != nil {
			err = errors.Join(err, buckets.Stop())
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// site is a Postgres and a bucket, and the lakes that its programs are told of.
type site struct {
	*testing.T

	database        string // of the Postgres, as others reach it
	control, bucket string
	env             []string
}

func newSite(t *testing.T) *site {
	t.Helper()
	if buckets == nil {
		t.Skip("no S3 server is installed; tools/setup s3 installs it")
	}
	s := &site{T: t, database: postgres.Database(t), bucket: buckets.Bucket(t)}
	s.control = s.database + "&pool_max_conns=3" // the server of tests has 20 for all
	s.env = append(os.Environ(), "PARLEY_STATE="+s.control, "PARLEY_CACHE_DIR="+t.TempDir(), "AWS_ENDPOINT_URL_S3="+buckets.URL)
	return s
}

// run runs a command to its end, and gives what it prints.
func (s *site) run(args ...string) []byte {
	s.Helper()
	cmd := exec.CommandContext(s.Context(), program.Path(s.T), args...)
	cmd.Env, cmd.Dir = s.env, s.TempDir()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.Fatalf("%v: %v: %s", args, err, stderr.Bytes())
	}
	return out
}

// lake makes a lake of two days.
func (s *site) lake(name string, seed int) string {
	s.Helper()
	at := "s3://" + s.bucket + "/" + name
	s.run("generate", "--lake", at, "--from", "2026-11-02", "--to", "2026-11-04", "--per-day", "60", "--seed", fmt.Sprint(seed))
	return at
}

// server is a running parley serve.
type server struct {
	*site

	url, token string
	ended      chan error
	stop       func()
}

// serve runs parley serve until the test ends.
func (s *site) serve(env string, args ...string) *server {
	s.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program.Path(s.T), append([]string{"serve", "--addr", "127.0.0.1:0", "--json", "--rate-limit", "1000000", "--jobs-per-minute", "1000000"}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env, cmd.Dir = append(slices.Clip(s.env), env), s.TempDir()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	n := &server{site: s, ended: make(chan error, 1), stop: stop}
	go func() { n.ended <- cmd.Wait() }()
	s.Cleanup(func() {
		stop()
		if err := <-n.ended; s.Failed() {
			s.Logf("a server ended with %v", err)
		}
		if s.Failed() {
			s.Logf("a server said:\n%s", stderr.Bytes())
		}
	})
	var ready program.Address
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		s.Fatal(err)
	}
	n.url = ready.URL
	return n
}

// died waits until it was killed, by itself.
func (n *server) died() {
	n.Helper()
	err := <-n.ended
	n.ended <- err
	exit, is := errors.AsType[*exec.ExitError](err)
	if !is {
		n.Fatalf("it ended with %v", err)
	}
	if status := exit.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGKILL {
		n.Fatalf("it ended with %v", err)
	}
}

// login gives a token of a client.
func (n *server) login(id, secret string) string {
	n.Helper()
	r, err := http.NewRequestWithContext(n.Context(), http.MethodPost, n.url+"/oauth/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		n.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, secret)
	status, body, err := send(r)
	var token struct {
		Text string `json:"access_token"`
	}
	if err == nil {
		err = json.Unmarshal(body, &token)
	}
	if err != nil || status != http.StatusOK {
		n.Fatalf("login: %d, %v: %s", status, err, body)
	}
	return token.Text
}

func send(r *http.Request) (int, []byte, error) {
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}

const jobs = "/api/v2/analytics/conversations/details/jobs"

// ask sends a request with the token of the site.
func (n *server) ask(method, path, body string) (int, []byte, error) {
	n.Helper()
	r, err := http.NewRequestWithContext(n.Context(), method, n.url+path, strings.NewReader(body))
	if err != nil {
		n.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+n.token)
	r.Header.Set("Content-Type", "application/json")
	return send(r)
}

// submit gives the id of a job; empty if the server has died.
func (n *server) submit() string {
	n.Helper()
	status, body, err := n.ask(http.MethodPost, jobs, `{"interval":"2026-11-02T00:00:00Z/2026-11-04T00:00:00Z"}`)
	if err != nil {
		return ""
	}
	var job struct {
		ID string `json:"jobId"`
	}
	if err := json.Unmarshal(body, &job); err != nil || status != http.StatusAccepted {
		n.Fatalf("submit: %d, %v: %s", status, err, body)
	}
	return job.ID
}

// done waits until a job is done, as clients do.
func (n *server) done(id string) {
	n.Helper()
	n.leaves(id, "QUEUED", "PENDING")
	if text, _ := n.page(id, ""); text == "" {
		n.Fatalf("job %s has no results", id)
	}
}

// leaves waits until a job is in none of these states any more.
func (n *server) leaves(id string, states ...string) {
	n.Helper()
	for again := time.NewTicker(50 * time.Millisecond); ; <-again.C {
		status, body, err := n.ask(http.MethodGet, jobs+"/"+id, "")
		if err != nil || status != http.StatusOK && status != http.StatusAccepted {
			n.Fatalf("status: %d, %v: %s", status, err, body)
		}
		if !slices.ContainsFunc(states, func(state string) bool { return bytes.Contains(body, []byte(state)) }) {
			return
		}
	}
}

// page gives a page of results, and the cursor of the next.
func (n *server) page(id, cursor string) (text, next string) {
	n.Helper()
	status, body, err := n.ask(http.MethodGet, jobs+"/"+id+"/results?pageSize=50&cursor="+url.QueryEscape(cursor), "")
	var p struct {
		Cursor string `json:"cursor"`
	}
	if err == nil {
		err = json.Unmarshal(body, &p)
	}
	if err != nil || status != http.StatusOK {
		n.Fatalf("page: %d, %v: %s", status, err, body)
	}
	return string(body), p.Cursor
}

// runOut lets the leases of all servers run out, as they do some time after they were killed.
func (s *site) runOut() {
	s.Helper()
	c, err := pgx.Connect(s.Context(), s.database)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(s.Context())) }()
	rows, _ := c.Query(s.Context(), `SELECT schemaname FROM pg_tables WHERE tablename = 'leases'`)
	schemas, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, schema := range schemas {
		if err == nil {
			_, err = c.Exec(s.Context(), `UPDATE `+schema+`.leases SET expires = since - interval '1 hour' WHERE expires > '-infinity'`)
		}
	}
	if err != nil {
		s.Fatal(err)
	}
}

// results are the files of results in a lake.
func (s *site) results(lake string) (names []string) {
	s.Helper()
	b, err := s3.Open(s.Context(), s3.Config{Endpoint: buckets.URL, Bucket: s.bucket, Prefix: strings.TrimPrefix(lake, "s3://"+s.bucket+"/")})
	if err != nil {
		s.Fatal(err)
	}
	for info, err := range b.List(s.Context(), store.Location("server")) {
		if err != nil {
			s.Fatal(err)
		}
		names = append(names, string(info.At))
	}
	return names
}

// client makes a client, and gives its credentials.
func (s *site) client(args ...string) (id, secret string) {
	s.Helper()
	var c struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	out := s.run(append([]string{"client", "add", "--name", "test", "--json"}, args...)...)
	if err := json.Unmarshal(out, &c); err != nil || c.Secret == "" {
		s.Fatalf("%v: %s", err, out)
	}
	return c.ID, c.Secret
}

// Two servers over one lake share everything. One is killed in the middle of a job, with its results written, and the other one answers it; what
// is asked of either is the same.
func TestTwoServersShareAndOneIsKilled(t *testing.T) {
	unraced.Test(t)
	s := newSite(t)
	lake := s.lake("one", 1)
	id, secret := s.client("--lake", lake)
	b := s.serve("", "--lake", lake)
	a := s.serve("PARLEY_CRASH=job.answered:1", "--lake", lake)
	a.token = a.login(id, secret)
	b.token = a.token // which is good at each
	var all []string
	for {
		job := a.submit()
		if job == "" {
			break
		}
		all = append(all, job)
		b.leaves(job, "QUEUED") // one of the two has taken it
	}
	a.died()
	s.runOut()
	for _, job := range all {
		b.done(job)
	}
	a = s.serve("", "--lake", lake)
	a.token = b.token
	text, cursor := a.page(all[0], "")
	for _, job := range all { // whoever answered it
		if got, _ := b.page(job, ""); firstID(t, got) != firstID(t, text) {
			t.Errorf("job %s has other results", job)
		}
	}
	same, again := b.page(all[0], "")
	if text != same || cursor != again || cursor == "" {
		t.Errorf("the first page is not the same:\n%.200s\n%.200s", text, same)
	}
	fromA, _ := a.page(all[0], cursor)
	fromB, _ := b.page(all[0], cursor)
	if fromA != fromB {
		t.Error("the second page is not the same")
	}
	// Deleted at one, a job is gone at the other.
	if status, body, err := a.ask(http.MethodDelete, jobs+"/"+all[0], ""); err != nil || status != http.StatusNoContent && status != http.StatusAccepted && status != http.StatusOK {
		t.Errorf("delete: %d, %v: %s", status, err, body)
	}
	if status, body, err := b.ask(http.MethodGet, jobs+"/"+all[0], ""); err != nil || status != http.StatusNotFound {
		t.Errorf("deleted: %d, %v: %s", status, err, body)
	}
	last := a.submit()
	b.done(last)
	s.run("lake", "check", "--lake", lake)
	s.run("lake", "maintain", "--lake", lake)
	a.page(last, "")
	// What is erased is in no results any more.
	s.run("lake", "forget", "--lake", lake, "--conversation", firstID(t, text))
	if status, body, err := b.ask(http.MethodGet, jobs+"/"+last+"/results", ""); err != nil || status != http.StatusNotFound {
		t.Errorf("forgotten: %d, %v: %s", status, err, body)
	}
	if left := s.results(lake); len(left) > 0 {
		t.Errorf("results are left: %v", left)
	}
	a.stop()
	err := <-a.ended
	if a.ended <- err; !errors.Is(err, context.Canceled) { // which is that it was asked, and did well
		t.Errorf("a server that is asked to stop ends with %v", err)
	}
}

func firstID(t *testing.T, page string) string {
	t.Helper()
	var p struct {
		Conversations []struct {
			ID string `json:"conversationId"`
		} `json:"conversations"`
	}
	if err := json.Unmarshal([]byte(page), &p); err != nil || len(p.Conversations) == 0 {
		t.Fatalf("%v: %.200s", err, page)
	}
	return p.Conversations[0].ID
}

// Servers of several lakes share what they keep in a schema of their own. The name of a lake is not given to another one, and an erasure
// reaches the results of its own lake alone.
func TestServersOfSeveralLakes(t *testing.T) {
	unraced.Test(t)
	s := newSite(t)
	acme, beta := s.lake("acme", 1), s.lake("beta", 2)
	lakes := []string{"--lake", "acme=" + acme, "--lake", "beta=" + beta}
	ofAcme, acmeSecret := s.client("--state", s.control, "--organization", "acme")
	ofBeta, betaSecret := s.client("--organization", "beta") // PARLEY_STATE says the same
	a, b := s.serve("", lakes...), s.serve("", lakes...)
	a.token = a.login(ofAcme, acmeSecret)
	inAcme := a.submit()
	b.token = a.token
	b.done(inAcme)
	text, _ := b.page(inAcme, "")
	b.token = b.login(ofBeta, betaSecret)
	inBeta := b.submit()
	b.done(inBeta)
	if other, _ := b.page(inBeta, ""); firstID(t, other) == firstID(t, text) {
		t.Error("beta is answered from acme")
	}
	cmd := exec.CommandContext(t.Context(), program.Path(t), "serve", "--addr", "127.0.0.1:0", "--lake", "acme="+beta, "--lake", "beta="+acme)
	cmd.Env = s.env
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "has another lake here") {
		t.Errorf("lakes by one another's names: %v: %s", err, out)
	}
	s.run("lake", "forget", "--lake", acme, "--conversation", firstID(t, text))
	if left := slices.Concat(s.results(acme), s.results(beta)); len(left) != 1 || !strings.Contains(left[0], inBeta) {
		t.Errorf("results are left: %v, want those of %s", left, inBeta)
	}
	b.page(inBeta, "")
}

// A server of a file starts before there is any of its lakes, and takes in each as it comes: that of one organization is enough to be ready, and a
// job of another waits for its own.
func TestAServerStartsBeforeItsLakes(t *testing.T) {
	unraced.Test(t)
	s := newSite(t)
	file := filepath.Join(t.TempDir(), "parley.yaml")
	text := "organizations:\n"
	for _, name := range []string{"acme", "beta"} {
		text += "- {name: " + name + ", environment: mypurecloud.ie, lake: 's3://" + s.bucket + "/" + name + "', client_id: {env: ID}, client_secret: {env: SECRET}}\n"
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	n := s.serve("", "--config", file)
	n.token = n.login(s.client("--organization", "beta"))
	id := n.submit()
	if status, _, err := n.ask(http.MethodGet, "/readyz", ""); status != http.StatusServiceUnavailable || err != nil {
		t.Errorf("ready without a lake: %d, %v", status, err)
	}
	if status, body, err := n.ask(http.MethodGet, "/api/v2/organizations/me", ""); status != http.StatusServiceUnavailable || err != nil || bytes.Contains(body, []byte(s.bucket)) {
		t.Errorf("asked of a lake that is not there: %d, %v: %s", status, err, body)
	}
	s.lake("acme", 1)
	for again := time.NewTicker(50 * time.Millisecond); ; <-again.C {
		if status, _, err := n.ask(http.MethodGet, "/readyz", ""); err != nil {
			t.Fatal(err)
		} else if status == http.StatusOK {
			break
		}
	}
	s.lake("beta", 2)
	n.done(id)
}
