package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/wait"
)

// idle measures what many organizations cost a process in which nothing happens: one that follows them, and one that serves their lakes,
// with control databases in a Postgres and in folders.
func (b *bench) idle() (err error) {
	var urls []string
	for first := 0; first < b.idlers; first += onOne {
		data := filepath.Join(b.dir, fmt.Sprint("sandbox", len(urls)))
		s, stop, err := b.sandbox("--days", "3", "--per-day", "5", "--steady", "--data", data)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
		if err := b.clients(data, first, min(first+onOne, b.idlers)); err != nil {
			return err
		}
		urls = append(urls, s.url)
	}
	server, err := postgrestest.Start()
	if err != nil || server == nil {
		return errors.Join(err, noPostgres(server))
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	url, err := server.Make(b.ctx)
	if err != nil {
		return err
	}
	for _, kind := range []struct{ name, address string }{{"a Postgres", url}, {"folders", ""}} {
		many, err := b.organizations(urls, kind.name, kind.address)
		if err == nil {
			err = errors.Join(many.follow(), many.serve())
		}
		if err != nil {
			return fmt.Errorf("control databases in %s: %w", kind.name, err)
		}
	}
	return nil
}

// onOne is how many organizations have the same platform, which holds two hundred websockets.
const onOne = 190

// clients lets a client of each of some organizations in, and writes its credentials into files: the platform counts requests and
// channels of each.
func (b *bench) clients(data string, from, to int) error {
	for n := from; n < to; n++ {
		text, err := exec.CommandContext(b.ctx, b.parley, "client", "add", "--state", data, "--name", fmt.Sprint("org", n), "--json").Output()
		if err != nil {
			return fmt.Errorf("client add: %w", err)
		}
		var c struct {
			ID     string `json:"client_id"`
			Secret string `json:"client_secret"`
		}
		if err := json.Unmarshal(text, &c); err != nil {
			return err
		}
		for name, text := range map[string]string{"id": c.ID, "secret": c.Secret} {
			if err := os.WriteFile(filepath.Join(b.dir, fmt.Sprint(name, n)), []byte(text), 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// many is a number of organizations.
type many struct {
	*bench

	kind, dir, config string
	env               []string
	address           string // of the Postgres; empty: folders
}

func (b *bench) organizations(urls []string, kind, address string) (many, error) {
	m := many{bench: b, kind: kind, dir: filepath.Join(b.dir, strings.ReplaceAll(kind, " ", "-")), address: address}
	m.config = filepath.Join(m.dir, "parley.yaml")
	m.env = append(os.Environ(), "PARLEY_STATE="+address, "GENESYS_CLIENT_ID=", "GENESYS_CLIENT_SECRET=", "GENESYS_ENVIRONMENT=")
	var text strings.Builder
	text.WriteString("organizations:\n")
	for n := range b.idlers {
		fmt.Fprintf(&text, "- {name: org%d, base_url: %q, lake: lake%d, client_id: {file: ../id%d}, client_secret: {file: ../secret%d},\n   extract: {from: 2026-11-07, poll: 10ms..100ms}}\n",
			n, urls[n/onOne], n, n, n)
	}
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		return m, err
	}
	return m, os.WriteFile(m.config, []byte(text.String()), 0o600)
}

// follow has one process follow them all, until each was extracted, and looks at it while it waits.
func (m many) follow() error {
	at, err := freeAddress(m.ctx)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(m.ctx, m.parley, "extract", "--config", m.config, "--follow", "--at-once", "8", "--metrics-listen", at)
	return m.watch("follow", cmd, func() bool {
		got, err := get(m.ctx, "http://"+at+"/metrics")
		return err == nil && extractedOnce(got) == m.idlers
	})
}

// extractedOnce counts the organizations whose last run was whole, by the metrics of a process.
func extractedOnce(metrics string) (n int) {
	for line := range strings.Lines(metrics) {
		if of, is := strings.CutPrefix(line, "parley_extract_last_run_whole{"); is && strings.HasSuffix(strings.TrimSpace(of), " 1") {
			n++
		}
	}
	return n
}

// serve has one process serve the lakes.
func (m many) serve() error {
	at, err := freeAddress(m.ctx)
	if err != nil {
		return err
	}
	args := []string{"serve", "--addr", at}
	if m.address == "" {
		args = append(args, "--state", filepath.Join(m.dir, "server"))
	}
	for n := range m.idlers {
		args = append(args, "--lake", fmt.Sprintf("org%d=%s", n, filepath.Join(m.dir, fmt.Sprint("lake", n))))
	}
	return m.watch("serve", exec.CommandContext(m.ctx, m.parley, args...), func() bool {
		_, err := get(m.ctx, "http://"+at+"/readyz")
		return err == nil
	})
}

// watch starts a process, waits until it is ready, and looks at it for some time in which nothing is asked of it.
func (m many) watch(what string, cmd *exec.Cmd, ready func() bool) (err error) {
	log, err := os.Create(filepath.Join(m.dir, what+".log"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	cmd.Env, cmd.Stdout, cmd.Stderr = m.env, log, log
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = cmd.Wait() // it ends by our signal, or its log says why
	}()
	stop := sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-gone
	})
	for !ready() {
		select {
		case <-gone:
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("%s ended: %s", what, text[max(0, len(text)-1000):])
		case <-m.ctx.Done():
			stop()
			return m.ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	defer stop()
	took, p := time.Since(begun), process(cmd.Process.Pid)
	peak, err := p.memory("VmHWM")
	if err != nil {
		return err
	}
	if err := m.calm(p); err != nil {
		return err
	}
	long := time.Minute
	if m.quick {
		long = 20 * time.Second
	}
	before, _, err := m.database()
	if err != nil {
		return err
	}
	spent, err := p.spends(func() error { return wait.For(m.ctx, long) })
	if err != nil {
		return err
	}
	after, connections, err := m.database()
	if err != nil {
		return err
	}
	rss, err := p.memory("VmRSS")
	open := 0
	for _, n := range p.files() {
		open += n
	}
	name := fmt.Sprintf("%s %d organizations, control in %s", what, m.idlers, m.kind)
	m.add(name+": memory while idle (goal 512 MiB)", mebibytes(rss), "at most before "+mebibytes(peak), "")
	m.add("  open files, connections to Postgres", strconv.Itoa(open), strconv.Itoa(connections), "")
	m.add("  transactions a second, processor", fmt.Sprintf("%.1f", (after-before)/long.Seconds()), fmt.Sprintf("%.1f %%", 100*spent.cpu.Seconds()/long.Seconds()), "")
	m.add("  until ready", seconds(took), "", "")
	return err
}

// calm waits until a process has next to nothing to do: what follows a first extraction, the upkeep of the lakes, is done.
func (m many) calm(p process) error {
	const look = 5 * time.Second
	for {
		s, err := p.spends(func() error { return wait.For(m.ctx, look) })
		if err != nil || s.cpu < look/50 {
			return err
		}
	}
}

// database is how many transactions there were in the Postgres, and how many connections of Parley's there are.
func (m many) database() (transactions float64, connections int, err error) {
	if m.address == "" {
		return 0, 0, nil
	}
	c, err := pgx.Connect(m.ctx, m.address)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, c.Close(m.ctx)) }()
	err = c.QueryRow(m.ctx, `SELECT CAST(xact_commit + xact_rollback AS double precision), (SELECT count(*) FROM pg_stat_activity WHERE application_name = 'parley')
		FROM pg_stat_database WHERE datname = current_database()`).Scan(&transactions, &connections)
	return transactions, connections, err
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// get gives the text of an answer that is none of a failure.
func get(ctx context.Context, url string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", url, answer.Status)
	}
	var text strings.Builder
	_, err = io.Copy(&text, answer.Body)
	return text.String(), err
}
