package cli

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// threeDays generates a lake of three days.
func threeDays(t *testing.T) (lake string, export []string) {
	t.Helper()
	lake = filepath.Join(t.TempDir(), "lake")
	must(t, "generate", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-04", "--per-day", "60", "--steady", "--seed", "7")
	return lake, []string{"export", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-04"}
}

func table(t *testing.T, text string) [][]string {
	t.Helper()
	if strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\r") {
		t.Error("a carriage return stands alone")
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// objects are the rows of NDJSON, with their keys in place of their order.
func objects(t *testing.T, text string) (rows []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var row map[string]any
		dec := json.NewDecoder(strings.NewReader(line))
		dec.UseNumber()
		if err := dec.Decode(&row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// The columns that people ask for are what they are by hand, from the records.
func TestExportedRowsAreThoseOfTheRecords(t *testing.T) {
	unraced.Test(t)
	_, export := threeDays(t)
	rows := table(t, must(t, append(export, "--format", "csv", "--select", "conversationId,mediaType,wrapUpCode,totalHandleTime,talkTime,holdTime,holdCount,startTime,endTime,attributes")...))
	records := objects(t, must(t, export...))
	if len(rows) != len(records)+1 || len(records) != 180 {
		t.Fatalf("%d rows, %d records", len(rows), len(records))
	}
	held, wrapped := 0, 0
	for i, r := range records {
		want := byHand(t, r)
		if got := rows[i+1]; !slices.Equal(got, want) {
			t.Fatalf("row %d:\n got %q\nwant %q", i, got, want)
		}
		if want[6] != "0" {
			held++
		}
		if want[2] != "" {
			wrapped++
		}
	}
	if held == 0 || wrapped == 0 {
		t.Errorf("%d conversations were held, %d wrapped up: the test sees nothing", held, wrapped)
	}
}

// byHand reads a row from a record as plain JSON.
func byHand(t *testing.T, r map[string]any) []string {
	t.Helper()
	text := func(v any) string {
		s, _ := v.(string)
		return s
	}
	sums, holds := map[string]int64{}, 0
	attributes := map[string]string{}
	media, mediaAt, code, codeAt := "", "", "", ""
	for _, p := range r["participants"].([]any) {
		p := p.(map[string]any)
		if all, ok := p["attributes"].(map[string]any); ok {
			for key, value := range all {
				if _, taken := attributes[key]; !taken {
					attributes[key] = text(value)
				}
			}
		}
		for _, s := range p["sessions"].([]any) {
			s := s.(map[string]any)
			metrics, _ := s["metrics"].([]any)
			for _, m := range metrics {
				m := m.(map[string]any)
				n, err := m["value"].(json.Number).Int64()
				if err != nil {
					t.Fatal(err)
				}
				sums[text(m["name"])] += n
				if m["name"] == "tHeld" {
					holds++
				}
			}
			segments, _ := s["segments"].([]any)
			for i, g := range segments {
				g := g.(map[string]any)
				at := text(g["segmentStart"])
				if outside := p["purpose"] == "customer" || p["purpose"] == "external"; i == 0 && outside && (media == "" || at < mediaAt) {
					media, mediaAt = text(s["mediaType"]), at
				}
				if c := text(g["wrapUpCode"]); c != "" && at >= codeAt {
					code, codeAt = c, at
				}
			}
		}
	}
	if media == "" { // an internal call has no outside party
		media = text(r["participants"].([]any)[0].(map[string]any)["sessions"].([]any)[0].(map[string]any)["mediaType"])
	}
	sum := func(name string) string {
		if n, some := sums[name]; some {
			return strconv.FormatInt(n, 10)
		}
		return ""
	}
	gathered := ""
	if len(attributes) > 0 {
		b, err := json.Marshal(attributes)
		if err != nil {
			t.Fatal(err)
		}
		gathered = string(b)
	}
	return []string{
		text(r["conversationId"]), media, code, sum("tHandle"), sum("tTalk"), sum("tHeld"), strconv.Itoa(holds),
		text(r["conversationStart"]), text(r["conversationEnd"]), gathered,
	}
}

// All formats say the same, of every column.
func TestFormatsSayTheSame(t *testing.T) {
	unraced.Test(t)
	_, export := threeDays(t)
	for _, more := range [][]string{{"--select", "*"}, {"--select", "*", "--per", "interaction"}, {"--select", "*", "--times", "epoch-ms"}} {
		export := slices.Concat(export, more)
		rows := objects(t, must(t, export...))
		var array []map[string]any
		dec := json.NewDecoder(strings.NewReader(must(t, append(export, "--format", "json")...)))
		dec.UseNumber()
		if err := dec.Decode(&array); err != nil || len(array) != len(rows) {
			t.Fatalf("%d of %d, %v", len(array), len(rows), err)
		}
		fields := table(t, must(t, append(export, "--format", "csv")...))
		for i, row := range rows {
			if asJSON(t, row) != asJSON(t, array[i]) {
				t.Fatalf("row %d: JSON says %v, NDJSON %v", i, array[i], row)
			}
			for k, name := range fields[0] {
				if got, want := fields[i+1][k], inCSV(t, row[name]); got != want {
					t.Fatalf("row %d, %s: CSV says %q, want %q", i, name, got, want)
				}
			}
		}
		if len(fields) != len(rows)+1 || len(fields[0]) != len(rows[0]) {
			t.Errorf("%d lines of %d fields, want %d of %d", len(fields), len(fields[0]), len(rows)+1, len(rows[0]))
		}
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func inCSV(t *testing.T, v any) string {
	t.Helper()
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Rows of an export are what the language of columns reads from the records of the same export, whichever columns and filters.
func TestExportFilters(t *testing.T) {
	unraced.Test(t)
	lake, export := threeDays(t)
	filter := filepath.Join(t.TempDir(), "filter.json")
	if err := os.WriteFile(filter, []byte(`{"conversationFilters":[{"type":"and","predicates":[{"metric":"tTalk","range":{"gt":20000}}]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	sel, err := column.Parse("x", column.Conversation, []string{"conversationId", "talkTime", "answeredTime", "queueIds", "abandoned"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range sel.Columns {
		names = append(names, c.Name)
	}
	for _, flags := range [][]string{{"--media", "voice"}, {"--direction", "inbound", "--purpose", "agent"}, {"--filter", filter}, {"--filter", filter, "--media", "voice,chat"}} {
		export := slices.Concat(export, flags)
		var want []string
		for line := range strings.Lines(must(t, export...)) {
			r, err := wire.Record([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			c, _ := wire.Decode(r.JSON)
			values := map[string]any{}
			for i, v := range sel.Row(&column.Items(conversation.Version{Record: r}, c, column.Conversation)[0]) {
				if at, is := v.(time.Time); is {
					v = conversation.FormatTime(at)
				}
				values[names[i]] = v
			}
			want = append(want, asJSON(t, values))
		}
		var got []string
		for _, row := range objects(t, must(t, append(export, "--select", strings.Join(names, ","))...)) {
			got = append(got, asJSON(t, row))
		}
		if !slices.Equal(got, want) || len(got) == 0 || len(got) == 180 {
			t.Errorf("%v: %d rows, want %d", flags, len(got), len(want))
		}
		n := strings.Count(must(t, append(export, "--table", "conversations")...), "\n")
		segments := must(t, append(export, "--table", "segments", "--format", "csv")...)
		if ids := distinct(table(t, segments)[1:]); n != len(want) || ids != len(want) {
			t.Errorf("%v: %d rows of conversations, segments of %d; want %d", flags, n, ids, len(want))
		}
	}
	want := strings.TrimSpace(must(t, "sql", "--lake", lake, "SELECT count(*) FROM attributes"))
	if got := strings.Count(must(t, append(export, "--table", "attributes")...), "\n"); strconv.Itoa(got) != want {
		t.Errorf("%d attributes, want %s", got, want)
	}
}

func distinct(rows [][]string) int {
	seen := map[string]bool{}
	for _, r := range rows {
		seen[r[0]] = true
	}
	return len(seen)
}

func TestExportsThatAreSplit(t *testing.T) {
	unraced.Test(t)
	_, export := threeDays(t)
	dir := t.TempDir()
	whole := must(t, export...)
	must(t, append(export, "--split", "day", "-o", filepath.Join(dir, "day.ndjson.gz"))...)
	var days string
	for _, name := range []string{"2026-11-01", "2026-11-02", "2026-11-03"} {
		days += read(t, filepath.Join(dir, "day-"+name+".ndjson.gz"))
	}
	if days != whole {
		t.Errorf("%d bytes by days, want %d", len(days), len(whole))
	}
	out := must(t, append(export, "--split", "300kB", "-o", filepath.Join(dir, "size.ndjson"), "--json")...)
	var s struct {
		Files []string `json:"files"`
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil || len(s.Files) < 2 || s.Files[1] != filepath.Join(dir, "size-0002.ndjson") {
		t.Fatalf("%s, %v", out, err)
	}
	var sizes string
	for _, f := range s.Files {
		sizes += read(t, f)
	}
	_, _, stderr := parley(t, slices.Concat(export[:len(export)-1], []string{"2026-11-02", "--split", "300kB", "-o", filepath.Join(dir, "size.ndjson")})...)
	if !strings.Contains(stderr, "earlier export") {
		t.Errorf("files of an export with more of them stay beside those of this one, and nobody says so: %s", stderr)
	}
	if sizes != whole {
		t.Errorf("%d bytes by size, want %d", len(sizes), len(whole))
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left %q, %v", left, err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// An export is for nothing in every way that it can be asked wrongly, and says what to do.
func TestExportsThatAreWrong(t *testing.T) {
	unraced.Test(t)
	lake, export := threeDays(t)
	attributes := filepath.Join(t.TempDir(), "many.ndjson")
	var many []string
	for i := range column.MaxSelected + 1 {
		many = append(many, strconv.Quote("k"+strconv.Itoa(i))+`:"v"`)
	}
	record := `{"conversationId":"many","conversationStart":"2026-11-03T10:00:00.000Z","participants":[{"purpose":"customer","attributes":{` + strings.Join(many, ",") + `}}]}`
	if err := os.WriteFile(attributes, []byte(record+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "import", "--lake", lake, "--source", "simulation", attributes)
	out := filepath.Join(t.TempDir(), "out")
	for flags, says := range map[string]string{
		"--select talkTim":                   "did you mean talkTime",
		"--select nothing.like.it":           "parley columns lists them",
		"--select talkTime,talkTime":         "twice",
		"--select interactionId":             "a row of an interaction has",
		"--select attributes.*":              "more than 1000 columns",
		"--select talkTime --table segments": "--select or --table",
		"--table segment":                    "did you mean segments",
		"--format csv":                       "--table conversations has the whole records",
		"--format parquet":                   "name them by --select",
		"--format xlsx":                      "ndjson, json, csv, parquet",
		"--per agent --select talkTime":      "conversation and interaction",
		"--per interaction":                  "--select",
		"--times julian":                     "epoch-ms",
		"--times epoch-ms":                   "whole records stay",
		"--compress rar":                     "gzip, zstd and none",
		"--split week":                       "500MB",
		"--split 0MB":                        "no size",
		"--bom":                              "about CSV",
		"--select talkTime -o " + out + ".parquet --compress gzip": "compressed inside",
		"--full":                      "--since-last",
		"--since-last nightly":        "name a file by -o",
		"--since-last ../x -o " + out: "cannot be the name",
		"--filter /dev/null":          "--filter",
		"--schema warehouse":          "about a copy in a database",
		"--to postgres://nobody@127.0.0.1:1/none --select talkTime": "a database gets all tables",
		"--to postgres://nobody@127.0.0.1:1/none -o " + out:         "a database gets all tables",
	} {
		args := slices.Concat(export, strings.Fields(flags))
		if strings.HasPrefix(flags, "--split") {
			args = append(args, "-o", out)
		}
		if code, _, stderr := parley(t, args...); code != 2 || !strings.Contains(stderr, says) {
			t.Errorf("%s: exit code %d, %s", flags, code, stderr)
		}
	}
	for _, flag := range []string{"--select", "--table", "--format", "--compress", "--split", "--since-last", "--filter", "--queue", "-o"} {
		if code, stdout, stderr := parley(t, append(export, flag, "")...); code != 2 || stdout != "" || !strings.Contains(stderr, "is empty") {
			t.Errorf("%s without a value: exit code %d, %s", flag, code, stderr)
		}
	}
	for _, address := range []string{"POSTGRES://me:hush@db/x", "postgresql+psycopg://me:hush@db/x", "host=db user=me password=hush"} {
		code, stdout, stderr := parley(t, "export", "--lake", lake, "--from", "2026-11-01", "--to", address)
		if code != 2 || !strings.Contains(stderr, "postgres://user@host:5432/database") || strings.Contains(stdout+stderr, "hush") {
			t.Errorf("%s: exit code %d, %s", address, code, stderr)
		}
	}
	if code, _, stderr := parley(t, append(export, "--split", "day")...); code != 2 || !strings.Contains(stderr, "name the first by -o") {
		t.Errorf("split without a file: exit code %d, %s", code, stderr)
	}
	if row := objects(t, must(t, append(export, "--conversation-id", "many", "--select", "attributes.k7,attributes.custom.k8,attributeCount,mediaType")...)); len(row) != 1 || asJSON(t, row[0]) != `{"attributeCount":1001,"attributes.custom.k8":"v","attributes.k7":"v","mediaType":null}` {
		t.Errorf("got %v", row)
	}
	if some := objects(t, must(t, "export", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-02", "--select", "conversationId,attributes.*")); len(some) == 0 || len(some[0]) < 3 {
		t.Errorf("a column for each key: %v", some)
	}
}

// Of a full disk nothing is left but what was there.
func TestExportToAFullDisk(t *testing.T) {
	unraced.Test(t)
	_, export := threeDays(t)
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=48k"); err != nil {
		t.Skipf("a small disk cannot be made here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	old := filepath.Join(disk, "out.csv")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, more := range [][]string{
		{"--table", "segments", "-o", old}, {"--table", "segments", "--split", "50kB", "-o", old}, {"--table", "conversations", "-o", filepath.Join(disk, "x.parquet")},
		{"-o", filepath.Join(disk, "x.json")},
	} {
		if code, _, stderr := parley(t, append(export, more...)...); code != 9 || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d, %s", more, code, stderr)
		}
		if entries, err := os.ReadDir(disk); err != nil || len(entries) != 1 {
			t.Errorf("%v: left %v, %v", more, entries, err)
		}
		if got := read(t, old); got != "old" {
			t.Errorf("%v: what was there has %d bytes", more, len(got))
		}
	}
}

// since runs an export by name, and gives what it said, and the ids that it has.
func since(t *testing.T, export []string, file string) (said string, ids, deleted []string) {
	t.Helper()
	said = must(t, slices.Concat(export, []string{"--since-last", "nightly", "--select", "conversationId,recordHash", "-o", file, "--json"})...)
	of := func(path string) (ids []string) {
		f, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, row := range table(t, string(f))[1:] {
			ids = append(ids, row[0])
		}
		return ids
	}
	return said, of(file), of(strings.TrimSuffix(file, ".csv") + "-deleted.csv")
}

// Exports by name hand over what is new, what changed, and what was deleted: whoever applies them one after the other has what the lake has.
func TestExportSinceLast(t *testing.T) {
	unraced.Test(t)
	lake, _ := threeDays(t)
	export := []string{"export", "--lake", lake}
	dir := t.TempDir()
	file := func(n string) string { return filepath.Join(dir, n+".csv") }
	said, ids, _ := since(t, export, file("first"))
	if len(ids) != 180 || !strings.Contains(said, `"full":true`) {
		t.Fatalf("the first has %d: %s", len(ids), said)
	}
	if out := must(t, slices.Concat(export, []string{"--since-last", "nightly", "--select", "conversationId,recordHash", "-o", file("none")})...); !strings.Contains(out, "Nothing is new") {
		t.Errorf("with nothing new: %s", out)
	}
	if _, err := os.Stat(file("none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing new, and yet there is a file: %v", err)
	}
	code, _, stderr := parley(t, slices.Concat(export, []string{"--since-last", "nightly", "--select", "conversationId", "-o", file("other")})...)
	if code != 2 || !strings.Contains(stderr, "--full") {
		t.Errorf("another question: exit code %d, %s", code, stderr)
	}

	// A conversation changes, and another day comes.
	changed := changedRecord(t, lake)
	must(t, "import", "--lake", lake, "--source", "simulation", changed.file)
	must(t, "generate", "--lake", lake, "--from", "2026-11-04", "--to", "2026-11-05", "--per-day", "10", "--steady", "--seed", "7")
	if out := must(t, slices.Concat(export, []string{"--since-last", "nightly", "--select", "conversationId,recordHash", "--format", "csv", "--dry-run"})...); !strings.Contains(out, "11 conversations would be exported") {
		t.Errorf("without -o: %s", out)
	}
	if out := must(t, slices.Concat(export, []string{"--since-last", "nightly", "--select", "conversationId,recordHash", "-o", file("second"), "--dry-run"})...); !strings.Contains(out, "11 conversations would be exported") {
		t.Errorf("dry run: %s", out)
	}
	code, _, stderr = parley(t, slices.Concat(export, []string{"--since-last", "nightly", "--select", "conversationId,recordHash", "-o", file("first")})...)
	if code != 7 || !strings.Contains(stderr, "is there already") {
		t.Errorf("over the file of before: exit code %d, %s", code, stderr)
	}
	said, ids, deleted := since(t, export, file("second"))
	if len(ids) != 11 || !slices.Contains(ids, changed.id) || deleted != nil || !strings.Contains(said, `"full":false`) {
		t.Errorf("the second has %d, %d deleted: %s", len(ids), len(deleted), said)
	}

	// One is erased: the snapshot that was handed over is gone with it, so that everything comes again, with its id.
	must(t, "lake", "forget", "--lake", lake, "--conversation", changed.id)
	said, ids, deleted = since(t, export, file("third"))
	if len(ids) != 189 || !slices.Equal(deleted, []string{changed.id}) || !strings.Contains(said, "has expired") {
		t.Errorf("the third has %d, deleted %v: %s", len(ids), deleted, said)
	}
	if files := raw(t, lake, changed.id); len(files) > 0 {
		t.Errorf("once it was told, the id of the erased one is still in %v", files)
	}
	if out := must(t, slices.Concat(export, []string{"--since-last", "nightly", "--select", "conversationId,recordHash", "-o", file("fourth")})...); !strings.Contains(out, "Nothing is new") {
		t.Errorf("after the erasure was told: %s", out)
	}
}

// When nothing is new for so long that the snapshot of the last export has expired, the next one has only what is new all the same.
func TestExportSinceLastOutlivesItsSnapshot(t *testing.T) {
	unraced.Test(t)
	lake, _ := threeDays(t)
	export := []string{"export", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-03"}
	dir := t.TempDir()
	since(t, export, filepath.Join(dir, "first.csv"))
	changed := changedRecord(t, lake)
	must(t, "generate", "--lake", lake, "--from", "2026-11-05", "--to", "2026-11-06", "--per-day", "10", "--steady", "--seed", "7") // not of these days
	if out := must(t, slices.Concat(export, []string{"--since-last", "nightly", "--select", "conversationId,recordHash", "-o", filepath.Join(dir, "dry.csv"), "--dry-run"})...); !strings.Contains(out, "Nothing is new") {
		t.Errorf("dry run: %s", out)
	}
	if said, ids, _ := since(t, export, filepath.Join(dir, "none.csv")); ids != nil || !strings.Contains(said, `"rows":0`) {
		t.Errorf("nothing is new: %s", said)
	}
	must(t, "lake", "maintain", "--lake", lake, "--older-than", "0s")
	must(t, "import", "--lake", lake, "--source", "simulation", changed.file)
	if said, ids, _ := since(t, export, filepath.Join(dir, "second.csv")); !slices.Equal(ids, []string{changed.id}) || !strings.Contains(said, `"full":false`) {
		t.Errorf("the second has %d: %s", len(ids), said)
	}
}

// What does not match any more was deleted for whoever was handed only what matches.
func TestExportSinceLastOfAFilter(t *testing.T) {
	unraced.Test(t)
	lake, _ := threeDays(t)
	changed := changedRecord(t, lake)
	filter := filepath.Join(t.TempDir(), "filter.json")
	if err := os.WriteFile(filter, []byte(`{"conversationFilters":[{"type":"and","predicates":[
		{"dimension":"externalTag","operator":"notExists"},{"type":"metric","metric":"tConversationDuration","range":{"gte":0}}]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	export := []string{"export", "--lake", lake, "--filter", filter}
	dir := t.TempDir()
	if _, ids, _ := since(t, export, filepath.Join(dir, "first.csv")); len(ids) != 179 { // one still goes on: it has no duration
		t.Fatalf("the first has %d", len(ids))
	}
	if said, ids, _ := since(t, export, filepath.Join(dir, "none.csv")); ids != nil || !strings.Contains(said, `"rows":0`) {
		t.Errorf("the same filters again have %d: %s", len(ids), said)
	}
	must(t, "import", "--lake", lake, "--source", "simulation", changed.file)
	if said, ids, deleted := since(t, export, filepath.Join(dir, "second.csv")); len(ids) != 0 || !slices.Equal(deleted, []string{changed.id}) {
		t.Errorf("the second has %v, deleted %v: %s", ids, deleted, said)
	}
}

// change is a record of a lake in another version.
type change struct{ id, file string }

func changedRecord(t *testing.T, lake string) change {
	t.Helper()
	text := must(t, "export", "--lake", lake, "--from", "2026-11-02", "--to", "2026-11-03")
	line, _, _ := strings.Cut(text, "\n")
	r, err := wire.Record([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "changed.ndjson")
	if err := os.WriteFile(file, []byte(strings.Replace(line, "{", `{"externalTag":"changed",`, 1)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return change{string(r.ID), file}
}

// Columns complete one after another, as they stand behind commas.
func TestColumnsComplete(t *testing.T) {
	for typed, want := range map[string]string{"": "conversationId", "talk": "talkTime", "mediaType,talk": "mediaType,talkTime", "attributes": "attributes.*"} {
		if out := must(t, "__complete", "export", "--select", typed); !strings.Contains(out, want+"\t") && !strings.Contains(out, want+"\n") {
			t.Errorf("%q: %s", typed, out)
		}
	}
	if out := must(t, "__complete", "export", "--select", "talkTime,talk"); strings.Contains(out, "talkTime,talkTime") {
		t.Errorf("a column is offered twice: %s", out)
	}
}

// The columns are listed for people, for programs, and by export.
func TestColumns(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(must(t, "columns"), "\n"), "\n")
	listed := objects(t, must(t, "columns", "--json"))
	if len(lines) != len(column.All()) || len(listed) != len(lines) {
		t.Fatalf("%d lines and %d objects for %d columns", len(lines), len(listed), len(column.All()))
	}
	for i, c := range column.All() {
		if want := strings.Join([]string{c.Name, string(c.Type), c.Unit, map[bool]string{true: "yes"}[c.Measure], strings.Join(c.Aliases, " "), c.Doc}, "\t"); lines[i] != want {
			t.Errorf("got %q, want %q", lines[i], want)
		}
		if o := listed[i]; o["name"] != c.Name || o["type"] != string(c.Type) || o["meaning"] != c.Doc || o["measure"] != c.Measure {
			t.Errorf("got %v of %s", o, c.Name)
		}
	}
	if again := must(t, "export", "--columns"); again != strings.Join(lines, "\n")+"\n" {
		t.Error("export --columns lists otherwise")
	}
}
