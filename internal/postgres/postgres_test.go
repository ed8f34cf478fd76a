package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/generate"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/wire"
)

var server *postgrestest.Server

func TestMain(m *testing.M) { postgrestest.Main(m, &server) }

var first = conversation.DayOf(time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC))

// rig is a lake and a database.
type rig struct {
	t    *testing.T
	lake *lake.Lake
	url  string
	dry  bool
}

// newRig makes a lake with three days of a simulated contact centre, and a database for it.
func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, url: server.Database(t)}
	var err error
	if r.lake, err = lake.Create(t.Context(), filepath.Join(t.TempDir(), "lake")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.lake.Close() })
	if _, err := (generate.Generation{Lake: r.lake, Control: r.lake.Control(), First: first, End: first + 3, PerDay: 40, Seed: 7, Progress: func(int64) {}}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) config() Config { return Config{URL: r.url, Schema: "parley", Source: "test"} }

func (r *rig) export(ctx context.Context, job Job) (s Summary, err error) {
	r.t.Helper()
	snapshot, err := r.lake.Snapshot(context.WithoutCancel(ctx))
	if err != nil {
		r.t.Fatal(err)
	}
	defer snapshot.Close()
	job.Snapshot = snapshot
	cfg := r.config()
	cfg.DryRun = r.dry
	c, err := Open(ctx, cfg)
	if err != nil {
		return s, err
	}
	s, err = c.Export(ctx, job)
	return s, errors.Join(err, c.Close(ctx))
}

func (r *rig) must(job Job) Summary {
	r.t.Helper()
	s, err := r.export(r.t.Context(), job)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// commit commits records, and the days that are whole with them: what they do not have any more of these goes.
func (r *rig) commit(at time.Time, records ...conversation.Record) {
	r.t.Helper()
	slices.SortFunc(records, conversation.Compare)
	w, err := r.lake.Writer(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	defer w.Close()
	var all iter.Seq2[conversation.Version, error] = func(yield func(conversation.Version, error) bool) {
		for _, record := range records {
			if !yield(conversation.Version{Record: record, Run: "later", At: at}, nil) {
				return
			}
		}
	}
	if _, err := w.Commit(r.t.Context(), lake.Commit{Run: "later", At: at, Records: all}); err != nil {
		r.t.Fatal(err)
	}
}

// erase erases conversations of the first two days.
func (r *rig) erase(records []conversation.Record) {
	r.t.Helper()
	ids := map[conversation.ID]conversation.Day{}
	for _, record := range records {
		ids[record.ID] = record.Day()
	}
	if err := erasure.Add(r.t.Context(), r.lake.Control(), ids); err != nil {
		r.t.Fatal(err)
	}
	w, err := r.lake.Writer(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Forget(r.t.Context(), lake.ForgetOptions{Run: "erase", At: time.Now(), Days: []conversation.Day{first, first + 1}}); err != nil {
		r.t.Fatal(err)
	}
}

// records are those of a day, in order.
func (r *rig) records(day conversation.Day) (out []conversation.Record) {
	r.t.Helper()
	for _, f := range r.files(tables.Conversations) {
		if f.Day != day {
			continue
		}
		for v, err := range datafile.Versions(r.t.Context(), f) {
			if err != nil {
				r.t.Fatal(err)
			}
			out = append(out, v.Record)
		}
	}
	return out
}

func (r *rig) files(t tables.Table) []datafile.File {
	r.t.Helper()
	s, err := r.lake.Snapshot(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	defer s.Close()
	return s.Files(t)
}

func (r *rig) ask(statement string, args ...any) [][]any {
	r.t.Helper()
	c, err := pgx.Connect(r.t.Context(), r.url)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(r.t.Context())) }()
	rows, err := c.Query(r.t.Context(), statement, args...)
	if err != nil {
		r.t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// same holds every cell of the copy against the lake's.
func (r *rig) same() {
	r.t.Helper()
	for _, t := range tables.All() {
		want, got := r.ofLake(t), texts(r.t, r.ask("TABLE parley."+string(t)))
		if !slices.Equal(want, got) {
			r.t.Errorf("%s: %d rows in the lake, %d in the copy, or other ones", t, len(want), len(got))
			for i := range min(len(want), len(got)) {
				if want[i] != got[i] {
					r.t.Fatalf("%s\n%s", want[i], got[i])
				}
			}
		}
	}
}

func (r *rig) ofLake(t tables.Table) []string {
	r.t.Helper()
	var names []string
	for _, c := range tables.Columns(t) {
		names = append(names, c.Name)
	}
	from := rowsOf(r.t.Context(), r.files(t), nil, names...)
	defer from.stop()
	var out [][]any
	for from.Next() {
		values, err := from.Values()
		if err != nil {
			r.t.Fatal(err)
		}
		out = append(out, slices.Clone(values))
	}
	if from.Err() != nil {
		r.t.Fatal(from.Err())
	}
	return texts(r.t, out)
}

// texts writes rows, sorted, in one way whether they come from Arrow or from Postgres.
func texts(t *testing.T, rows [][]any) (out []string) {
	t.Helper()
	for _, row := range rows {
		for i := range row {
			if at, is := row[i].(time.Time); is {
				row[i] = at.UTC()
			}
		}
		text, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	slices.Sort(out)
	return out
}

// changed is a record with another content.
func changed(t *testing.T, r conversation.Record, insert string) conversation.Record {
	t.Helper()
	text := strings.TrimSuffix(string(r.JSON), "}") + "," + insert + "}"
	out, err := wire.Record([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Every cell of every table is in the copy, days that are there cost nothing, and of a day that has changed only what has
// changed is written.
func TestTheCopyIsTheLake(t *testing.T) {
	r := newRig(t)
	r.dry = true
	if s := r.must(Job{}); s.Days != 3 || s.Written != 0 || len(r.ask("SELECT 1 FROM pg_namespace WHERE nspname = 'parley'")) > 0 {
		t.Errorf("dry run: %+v", s)
	}
	r.dry = false
	s := r.must(Job{})
	if s.Days != 3 || s.Written != 120 || s.Same+s.Removed+s.Altered != 0 || s.Rows < 1000 {
		t.Errorf("%+v", s)
	}
	r.same()
	if s := r.must(Job{}); s.Days != 0 || s.Before != 3 || s.Rows != 0 {
		t.Errorf("again: %+v", s)
	}
	one := r.records(first)[7]
	r.commit(time.Now(), changed(t, one, `"externalTag":"nul \u0000 and tab \t"`))
	if s := r.must(Job{}); s.Days != 1 || s.Written != 1 || s.Same != 39 || s.Removed != 0 || s.Altered != 1 {
		t.Errorf("one has changed: %+v", s)
	}
	r.same()
	if got := fmt.Sprint(r.ask("SELECT external_tag FROM parley.conversations WHERE conversation_id = $1", string(one.ID))); got != "[[nul \uFFFD and tab \t]]" {
		t.Errorf("got %q", got)
	}
	if s := r.must(Job{Again: true, Within: conversation.Days{First: first + 1, End: first + 2}}); s.Days != 1 || s.Written != 40 {
		t.Errorf("once more: %+v", s)
	}
	r.same()
}

// A conversation whose start has moved to another day is there once, whichever day is copied first.
func TestAConversationMoves(t *testing.T) {
	for _, to := range []conversation.Day{first, first + 2} {
		r := newRig(t)
		r.must(Job{})
		one := r.records(first + 1)[3]
		text := strings.ReplaceAll(string(one.JSON), `"conversationStart":"2026-11-03`, `"conversationStart":"`+to.String())
		moved, err := wire.Record([]byte(text))
		if err != nil || moved.Day() != to {
			t.Fatalf("%v, %v", moved.Start, err)
		}
		r.commit(time.Now(), moved)
		s := r.must(Job{})
		if s.Days != 2 || s.Written != 1 {
			t.Errorf("to %v: %+v", to, s)
		}
		r.same()
	}
}

// What the lake has no more goes: a conversation that was erased, and with it a day.
func TestWhatIsErasedGoes(t *testing.T) {
	r := newRig(t)
	r.must(Job{})
	r.erase(append(r.records(first+1), r.records(first)[0]))
	if s := r.must(Job{}); s.Days != 1 || s.Gone != 1 || s.Removed != 41 || s.Same != 39 {
		t.Errorf("%+v", s)
	}
	r.same()
	if n := r.ask("SELECT count(*) FROM parley.export_days"); fmt.Sprint(n) != "[[2]]" {
		t.Errorf("%v days", n)
	}
}

// An export that ends anywhere leaves whole days, and the next one makes it whole.
func TestAnExportIsInterrupted(t *testing.T) {
	r := newRig(t)
	for day := range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		_, err := r.export(ctx, Job{Report: func(Progress) {
			if n++; n > 1 {
				cancel()
			}
		}})
		cancel()
		if day < 2 && !errors.Is(err, context.Canceled) || day == 2 && err != nil {
			t.Errorf("day %d: %v", day, err)
		}
		if got := fmt.Sprint(r.ask("SELECT (SELECT count(*) FROM parley.export_days), (SELECT count(*) FROM parley.conversations)")); got != fmt.Sprintf("[[%d %d]]", day+1, 40*(day+1)) {
			t.Errorf("after day %d: %s", day, got)
		}
	}
	r.same()
}

// cutting stands between a client and the server, and cuts connections after so many bytes that the client has sent.
func cutting(t *testing.T, after ...int64) (address string, connections func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	n := make(chan int, 1)
	n <- 0
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			k := <-n
			n <- k + 1
			go func() {
				defer client.Close()
				behind, err := net.Dial("unix", server.Socket())
				if err != nil {
					return
				}
				defer behind.Close()
				go func() { _, _ = io.Copy(client, behind) }()
				if k < len(after) {
					_, _ = io.CopyN(behind, client, after[k])
					return
				}
				_, _ = io.Copy(behind, client)
			}()
		}
	}()
	return l.Addr().String(), func() int {
		k := <-n
		n <- k
		return k
	}
}

// A connection that is lost in the middle of a day is made again, and the day written once.
func TestTheConnectionIsLost(t *testing.T) {
	r := newRig(t)
	direct := r.url
	at, err := url.Parse(r.url)
	if err != nil {
		t.Fatal(err)
	}
	address, connections := cutting(t, 120_000, 0, 150_000) // the second is refused: the server starts again
	r.url = "postgres://parley@" + address + at.Path + "?sslmode=disable"
	if s := r.must(Job{}); s.Days != 3 || s.Written != 120 || connections() < 4 {
		t.Errorf("%+v with %d connections", s, connections())
	}
	r.url = direct
	r.same()
}

// Whatever is in the way is named, and nothing of anybody else's is touched.
func TestWhatIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		before []string
		alter  func(*Config)
		kind   error
		says   string
	}{
		"another's table":  {[]string{"CREATE SCHEMA parley", "CREATE TABLE parley.segments (a int)"}, nil, fault.Conflict, "has a segments that parley did not make"},
		"another's view":   {[]string{"CREATE SCHEMA parley", "CREATE VIEW parley.metrics AS SELECT 1"}, nil, fault.Conflict, "has a metrics that parley did not make"},
		"a view of a name": {[]string{"CREATE SCHEMA parley", "CREATE TABLE parley.queue_days (a int)"}, nil, fault.Conflict, "has a queue_days that parley did not make"},
		"a view like ours": {[]string{"CREATE SCHEMA parley", "CREATE VIEW parley.open_conversations AS SELECT 'mine' AS conversation_id, NULL::timestamptz AS conversation_start, ''::text AS media_type, " +
			"''::text AS direction, ''::text AS last_queue_id, ''::text AS last_user_id, NULL::timestamptz AS extracted_at"}, nil, fault.Conflict, "has a open_conversations that parley did not make"},
		"another's type":   {[]string{"CREATE SCHEMA parley", "CREATE TYPE parley.conversations AS ENUM ('a')"}, nil, fault.Conflict, "has a conversations that parley did not make"},
		"no name":          {nil, func(c *Config) { c.Schema = "" }, fault.Invalid, "--schema is empty"},
		"a long name":      {nil, func(c *Config) { c.Schema = strings.Repeat("s", 64) }, fault.Invalid, "64 bytes"},
		"a name of theirs": {nil, func(c *Config) { c.Schema = "pg_parley" }, fault.Invalid, "pg_"},
		"no text":          {nil, func(c *Config) { c.Schema = "a\xff" }, fault.Invalid, "UTF-8"},
		"no database":      {nil, func(c *Config) { c.URL = strings.Replace(c.URL, "/db", "/nowhere", 1) }, fault.NotFound, "nowhere"},
		"few letters": {[]string{"CREATE DATABASE narrow ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"}, func(c *Config) {
			at, _, _ := strings.Cut(c.URL, "/db")
			_, query, _ := strings.Cut(c.URL, "?")
			c.URL = at + "/narrow?" + query
		}, fault.Invalid, "LATIN1"},
		"no server":         {nil, func(c *Config) { c.URL = "postgres://parley:hush@127.0.0.1:1/db" }, fault.Unavailable, "refused"},
		"no address":        {nil, func(c *Config) { c.URL = "postgres://parley:hush@:x/%zz" }, fault.Invalid, "PGPASSWORD"},
		"no right":          {[]string{"CREATE ROLE poor LOGIN"}, func(c *Config) { c.URL = strings.Replace(c.URL, "parley@", "poor@", 1) }, fault.Forbidden, "the schema parley cannot be made"},
		"somebody's column": {[]string{"CREATE SCHEMA parley", "CREATE TABLE parley.surveys (conversation_id int)", "COMMENT ON TABLE parley.surveys IS 'made by parley export: x'"}, nil, fault.Conflict, "conversation_id"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{URL: server.Database(t), Schema: "parley", Source: "test"}
			r := &rig{t: t, url: cfg.URL}
			for _, statement := range c.before {
				r.ask(statement)
			}
			if c.alter != nil {
				c.alter(&cfg)
			}
			_, err := Open(t.Context(), cfg)
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %v", err)
			}
			if got := r.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'parley'"); fmt.Sprint(got) != fmt.Sprintf("[[%d]]", strings.Count(strings.Join(c.before, ";"), "CREATE TABLE")) {
				t.Errorf("%v tables are left", got)
			}
		})
	}
}

// A role that has a schema and no other right can fill it, whatever limits it has, and whatever its statements' quotes mean.
func TestARoleWithASchemaOfItsOwn(t *testing.T) {
	r := newRig(t)
	at, err := url.Parse(r.url)
	if err != nil {
		t.Fatal(err)
	}
	role := "owner_of_" + at.Path[1:] // roles are those of the server
	for _, statement := range []string{
		"CREATE ROLE " + role + " LOGIN", `CREATE SCHEMA "it's \" AUTHORIZATION ` + role,
		"ALTER ROLE " + role + " SET statement_timeout = 1", "ALTER ROLE " + role + " SET standard_conforming_strings = off",
	} {
		r.ask(statement)
	}
	cfg := r.config()
	cfg.URL, cfg.Schema = strings.Replace(r.url, "parley@", role+"@", 1), `it's \`
	c, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := r.lake.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	if s, err := c.Export(t.Context(), Job{Snapshot: snapshot}); err != nil || s.Written != 120 {
		t.Errorf("%+v, %v", s, err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// One process at a time, and one source.
func TestOneAtATime(t *testing.T) {
	cfg := Config{URL: server.Database(t), Schema: "parley", Source: "one"}
	c, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), cfg); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v", err)
	}
	elsewhere := cfg
	elsewhere.Schema = "other"
	if d, err := Open(t.Context(), elsewhere); err != nil || d.Close(t.Context()) != nil {
		t.Errorf("another schema: %v", err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg.Source = "two"
	if _, err := Open(t.Context(), cfg); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "of one, and the lake those of two") {
		t.Errorf("got %v", err)
	}
}

// A copy that an earlier version made gets the columns that it lacks, and its days are written anew.
func TestColumnsAreAdded(t *testing.T) {
	r := newRig(t)
	r.must(Job{})
	r.ask("ALTER TABLE parley.conversations DROP COLUMN self_served")
	r.ask("UPDATE parley.export_days SET columns = 'those of before'")
	r.ask("CREATE VIEW public.mine AS SELECT offered FROM parley.queue_days") // somebody builds on a view
	if s := r.must(Job{}); s.Days != 3 || s.Written != 120 {
		t.Errorf("%+v", s)
	}
	var names []string
	for _, row := range r.ask("SELECT attname::text FROM pg_attribute WHERE attrelid = 'parley.conversations'::regclass AND attnum > 0 AND NOT attisdropped") {
		names = append(names, row[0].(string))
	}
	if len(names) != len(tables.Columns(tables.Conversations)) || names[len(names)-1] != "self_served" {
		t.Errorf("columns %q", names)
	}
}

// The views count what the tables have.
func TestViews(t *testing.T) {
	r := newRig(t)
	open, err := wire.Record([]byte(`{"conversationId":"open","conversationStart":"2026-11-03T10:00:00.000Z"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.commit(time.Now(), open)
	r.must(Job{})
	for view, table := range map[string]string{
		"sum(offered), sum(answered), sum(abandoned) FROM parley.queue_days":   "sum(value) FILTER (WHERE name = 'nOffered'), count(*) FILTER (WHERE name = 'tAnswered'), count(*) FILTER (WHERE name = 'tAbandon') FROM parley.metrics WHERE queue_id IS NOT NULL",
		"sum(handled), sum(handled_ms) FROM parley.agent_days":                 "count(*), sum(value) FROM parley.metrics WHERE name = 'tHandle' AND user_id IS NOT NULL",
		"sum(segments), count(DISTINCT wrap_up_code) FROM parley.wrap_up_days": "count(*), count(DISTINCT wrap_up_code) FROM parley.segments WHERE wrap_up_code IS NOT NULL",
		"count(*) FROM parley.open_conversations":                              "count(*) FROM parley.conversations WHERE conversation_end IS NULL",
	} {
		if got, want := r.ask("SELECT (q.*)::text FROM (SELECT "+view+") q"), r.ask("SELECT (q.*)::text FROM (SELECT "+table+") q"); !reflect.DeepEqual(got, want) || fmt.Sprint(want) == "[[(0)]]" {
			t.Errorf("%s: %v, want %v", view, got, want)
		}
	}
}
