package examples_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/test/program"
)

// parley runs the program.
func parley(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), program.Path(t), args...).CombinedOutput(); err != nil {
		t.Fatalf("parley %q: %v\n%s", args, err, out)
	}
}

// generated is a lake with three days of a simulated contact centre.
func generated(t *testing.T) string {
	t.Helper()
	lake := filepath.Join(t.TempDir(), "lake")
	parley(t, "generate", "--lake", lake, "--from", "2026-11-02", "--to", "2026-11-05", "--per-day", "300", "--seed", "7")
	return lake
}

// The project is built, its own tests pass, and its models say what Parley's views, and the records, say.
func TestDBT(t *testing.T) {
	dbt := filepath.Join("..", "..", ".cache", "dbt", "bin", "dbt")
	needed(t, dbt)
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	address := server.Database(t)
	lake := generated(t)
	parley(t, "export", "--lake", lake, "--to", address)
	build(t, dbt, address)

	db, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(context.WithoutCancel(t.Context())) }) // the server ends with it
	for _, same := range []struct{ model, view string }{
		{
			"SELECT day, queue_id, media_type, offered, answered, abandoned, answered_late, average_speed_of_answer_ms, average_handle_ms FROM contact_centre.queues_a_day",
			"SELECT day, queue_id, media_type, offered, answered, abandoned, over_sla, answered_ms_avg, handled_ms_avg FROM parley.queue_days",
		},
		{
			"SELECT day, user_id, media_type, handled, handle_ms, talk_ms, hold_ms, after_call_ms, transferred, not_responding FROM contact_centre.agents_a_day",
			"SELECT day, user_id, media_type, handled, handled_ms, talk_ms, held_ms, acw_ms, transferred, not_responding FROM parley.agent_days",
		},
		{
			"SELECT day, queue_id, wrap_up_code, wrap_ups, conversations FROM contact_centre.wrap_up_codes",
			"SELECT day, queue_id, wrap_up_code, segments, conversations FROM parley.wrap_up_days",
		},
		{
			"SELECT from_queue_id, count(*) FROM contact_centre.transfers GROUP BY 1",
			"SELECT queue_id, sum(transferred) FROM parley.queue_days WHERE transferred > 0 GROUP BY 1",
		},
	} {
		if n := count(t, db, same.view); n == 0 {
			t.Errorf("%s: there is none", same.view)
		}
		if n := count(t, db, "("+same.model+" EXCEPT "+same.view+") UNION ALL ("+same.view+" EXCEPT "+same.model+")"); n != 0 {
			t.Errorf("%s: %d rows are not as those of %s", same.model, n, same.view)
		}
	}
	if n := count(t, db, "SELECT 1 FROM contact_centre.queues_a_day WHERE service_level NOT BETWEEN 0 AND 1"); n != 0 {
		t.Errorf("%d service levels are no share", n)
	}
	if n := count(t, db, "SELECT 1 FROM contact_centre.transfers WHERE to_queue_id IS NOT NULL OR to_user_id IS NOT NULL"); n == 0 {
		t.Error("no transfer leads to anybody")
	}
	sameRepeats(t, db, lake)
}

// build runs dbt in a copy of the project, as dbt writes beside it.
func build(t *testing.T, dbt, address string) {
	t.Helper()
	project := t.TempDir()
	if err := os.CopyFS(project, os.DirFS(filepath.Join("..", "..", "examples", "dbt"))); err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	dbt, err = filepath.Abs(dbt)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), dbt, "build", "--no-use-colors", "--warn-error")
	cmd.Dir = project
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"PGHOST=" + at.Query().Get("host"), "PGUSER=" + at.User.Username(), "PGDATABASE=" + filepath.Base(at.Path),
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("dbt build: %v\n%s", err, out)
	}
}

func count(t *testing.T, db *pgx.Conn, query string) (n int) {
	t.Helper()
	if err := db.QueryRow(t.Context(), "SELECT count(*) FROM ("+query+") AS rows").Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// sameRepeats compares the repeat callers with those that the records have.
func sameRepeats(t *testing.T, db *pgx.Conn, lake string) {
	t.Helper()
	var texts []json.RawMessage
	for _, day := range program.Read(t, lake).Records {
		for _, text := range day {
			texts = append(texts, json.RawMessage(text))
		}
	}
	want := repeats(t, records(t, texts))
	rows, err := db.Query(t.Context(), "SELECT conversation_id, previous_conversation_id FROM contact_centre.repeat_callers")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	var id, previous string
	if _, err := pgx.ForEachRow(rows, []any{&id, &previous}, func() error { got[id] = previous; return nil }); err != nil {
		t.Fatal(err)
	}
	if len(want) == 0 || !maps.Equal(got, want) {
		t.Errorf("%d repeat callers, want %d", len(got), len(want))
	}
}

// repeats gives, by the id of a call, the id of the one before it of the same number, in seven days.
func repeats(t *testing.T, all []record) map[string]string {
	t.Helper()
	slices.SortFunc(all, func(a, b record) int { return start(t, a).Compare(start(t, b)) })
	before, out := map[string]record{}, map[string]string{}
	for _, r := range all {
		number := caller(r)
		if number == "" {
			continue
		}
		if last, ok := before[number]; ok && start(t, r).Sub(start(t, last)) <= 7*24*time.Hour {
			out[r.ID] = last.ID
		}
		before[number] = r
	}
	return out
}

// caller is the number of an inbound call; empty of another conversation.
func caller(r record) string {
	for _, p := range r.Participants {
		for _, s := range p.Sessions {
			if (p.Purpose == "customer" || p.Purpose == "external") && s.Medium == "voice" && s.Direction == "inbound" && s.ANI != "" && len(s.Segments) > 0 {
				return s.ANI
			}
		}
	}
	return ""
}

func start(t *testing.T, r record) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, r.Start)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
