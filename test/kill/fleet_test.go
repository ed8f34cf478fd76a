package kill_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/wait"
	"github.com/parley-hq/parley/test/program"
	"github.com/parley-hq/parley/test/unraced"
)

// fleet is a configuration of several organizations with their control databases in a Postgres.
type fleet struct {
	*parley

	address, config string
	lakes           []string // by organization
}

func organizations(t *testing.T, p *parley, address string, n int, more string) *fleet {
	t.Helper()
	dir := t.TempDir()
	f := &fleet{parley: p, address: address, config: filepath.Join(dir, "parley.yaml")}
	var text strings.Builder
	text.WriteString("organizations:\n")
	for i := range n {
		f.lakes = append(f.lakes, filepath.Join(dir, fmt.Sprint("lake", i)))
		fmt.Fprintf(&text, "- {name: org%d, base_url: %q, lake: lake%d, client_id: {env: ID}, client_secret: {env: SECRET},\n"+
			"   extract: {from: 2026-11-05, %spoll: 1ms..2ms, page-size: 13, commit-records: 30, job-records: 60}}\n", i, p.url, i, more)
	}
	if err := os.WriteFile(f.config, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

// machine is a process that extracts all of them.
type machine struct {
	*exec.Cmd

	stdout, stderr bytes.Buffer
}

func (f *fleet) machine(t *testing.T, env ...string) *machine {
	t.Helper()
	return f.started(t, exec.CommandContext(t.Context(), f.binary, "extract", "--config", f.config, "--json"), env...)
}

func (f *fleet) started(t *testing.T, cmd *exec.Cmd, env ...string) *machine {
	t.Helper()
	m := &machine{Cmd: cmd}
	m.Env = append(os.Environ(), append(env, "ID=id", "SECRET=secret", "PARLEY_STATE="+f.address)...)
	m.Stdout, m.Stderr = &m.stdout, &m.stderr
	if err := m.Start(); err != nil {
		t.Fatal(err)
	}
	return m
}

// did gives the organizations that a process which has come to its end has extracted, by what it says in its last line, and how many it
// tells of.
func (m *machine) did(t *testing.T) (mine []string, all int) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(m.stdout.String()), "\n")
	var of struct {
		Organizations []struct {
			Organization string `json:"organization"`
			By           string `json:"by"`
			Code         int    `json:"exit_code"`
		} `json:"organizations"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &of); err != nil {
		t.Fatalf("%q: %v", lines, err)
	}
	for _, o := range of.Organizations {
		if o.Code != 0 {
			t.Errorf("%s ended with exit code %d", o.Organization, o.Code)
		}
		if o.By == "" {
			mine = append(mine, o.Organization)
		}
	}
	return mine, len(of.Organizations)
}

// stopped waits until a process has stopped itself.
func (m *machine) stopped(t *testing.T) {
	t.Helper()
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(m.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("it did not stop: %v, %v\n%s", status, err, &m.stderr)
	}
}

// runOut has all that a process holds run out, as it does when it is not heard of for half a minute.
func (f *fleet) runOut(t *testing.T, of *machine) {
	t.Helper()
	if ended := runOut(t, f.address, of); ended < 2 { // the place, and the turn of the lake at least
		t.Errorf("process %d held %d leases", of.Process.Pid, ended)
	}
}

// runOut has all that a process holds in a Postgres run out, and counts that.
func runOut(t *testing.T, address string, of *machine) (ended int64) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(t.Context())) }()
	rows, err := c.Query(t.Context(), `SELECT schemaname FROM pg_tables WHERE tablename = 'leases'`)
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, schema := range schemas {
		tag, err := c.Exec(t.Context(), `UPDATE `+pgx.Identifier{schema, "leases"}.Sanitize()+` SET expires = since - interval '1 hour' WHERE holder LIKE $1 AND expires > clock_timestamp()`,
			fmt.Sprintf("process %d on %%", of.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		ended += tag.RowsAffected()
	}
	return ended
}

// Three machines extract the same twelve organizations. One is killed, one stops and wakes when the third has done its work: every lake is
// as of an undisturbed run, and none was extracted twice.
func TestOrganizationsOverMachines(t *testing.T) {
	unraced.Test(t)
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	p := start(t)
	_, want := p.points(t)
	f := organizations(t, p, server.Database(t), 12, "to: 2026-11-08, ")
	killed1 := f.machine(t, "PARLEY_CRASH=stage.entered:30")
	sleeper := f.machine(t, "PARLEY_CRASH=commit.files:6", "PARLEY_CRASH_SIGNAL=STOP")
	third := f.machine(t)
	if err := killed1.Wait(); !killed(err) {
		t.Fatalf("the first ended with %v, and should have been killed\n%s", err, &killed1.stderr)
	}
	sleeper.stopped(t)
	f.runOut(t, killed1)
	f.runOut(t, sleeper)
	if err := third.Wait(); err != nil {
		t.Fatalf("the third: %v\n%s", err, &third.stderr)
	}
	if err := sleeper.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := sleeper.Wait(); err != nil {
		t.Errorf("who slept: %v\n%s", err, &sleeper.stderr)
	}
	slept, all1 := sleeper.did(t)
	mine, all2 := third.did(t)
	if all1 != len(f.lakes) || all2 != len(f.lakes) || len(mine) == 0 {
		t.Errorf("one tells of %d, one of %d, of which it has extracted %q", all1, all2, mine)
	}
	for _, name := range slept {
		if slices.Contains(mine, name) {
			t.Errorf("%s was extracted twice", name)
		}
	}
	ctx := at.With(t.Context(), func() at.Settings { return at.Settings{State: f.address} })
	for _, name := range f.lakes {
		l, err := at.Open(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		c := program.ReadOpen(t, l)
		if c.Days != days || len(c.Staged) > 0 {
			t.Errorf("%s: %d days are whole, want %d; %v are left", name, c.Days, days, c.Staged)
		}
		same(t, c.Records, want)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// service is a process that follows all of them.
func (f *fleet) service(t *testing.T) *machine {
	t.Helper()
	return f.started(t, exec.CommandContext(t.Context(), f.binary, "extract", "--config", f.config, "--follow", "--json"))
}

// shares gives how many organizations each process has that has any, in order, and how many were ever extracted whole.
func (f *fleet) shares(t *testing.T) (shares []int, whole int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), f.binary, "status", "--config", f.config, "--json")
	cmd.Env = append(os.Environ(), "ID=id", "SECRET=secret", "PARLEY_STATE="+f.address)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var of struct {
		Organizations []struct {
			By   string `json:"by"`
			Code *int   `json:"last_exit_code"`
		} `json:"organizations"`
	}
	if err := json.Unmarshal(out, &of); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	by := map[string]int{}
	for _, o := range of.Organizations {
		if o.By != "" {
			by[o.By]++
		}
		if o.Code != nil && *o.Code == 0 {
			whole++
		}
	}
	return slices.Sorted(maps.Values(by)), whole
}

// settle waits until the processes have these shares, and every organization was extracted.
func (f *fleet) settle(t *testing.T, want ...int) {
	t.Helper()
	for {
		shares, whole := f.shares(t)
		if slices.Equal(shares, want) && whole == len(f.lakes) {
			return
		}
		if err := wait.For(t.Context(), time.Second); err != nil {
			t.Fatalf("shares are %d, want %d; %d of %d were extracted", shares, want, whole, len(f.lakes))
		}
	}
}

// Services that come share the organizations with those that are there, and take over those of one that was killed.
func TestServicesShareOrganizations(t *testing.T) {
	unraced.Test(t)
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	p := start(t)
	f := organizations(t, p, server.Database(t), 6, "")
	one := f.service(t)
	f.settle(t, 6)
	two, three := f.service(t), f.service(t)
	f.settle(t, 2, 2, 2)
	if err := one.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := one.Wait(); !killed(err) {
		t.Errorf("it ended with %v", err)
	}
	f.runOut(t, one)
	f.settle(t, 3, 3)
	for _, m := range []*machine{two, three} {
		if err := m.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []*machine{two, three} {
		if err := m.Wait(); err != nil {
			t.Errorf("stopped, it ended with %v\n%s", err, &m.stderr)
		}
	}
	if shares, _ := f.shares(t); len(shares) > 0 {
		t.Errorf("those that were stopped hold %d still", shares)
	}
}
