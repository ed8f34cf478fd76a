package clients_test

import (
	"encoding/csv"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-hq/parley/test/program"
)

// awkward is a record whose attributes are all that a table can be broken by.
const awkward = `{"conversationId":"awkward","conversationStart":"2026-11-01T10:00:00.000Z","participants":[{"purpose":"customer","attributes":{` +
	`"formula":"=1+1","plus":"+49 151","minus":"-2","at":"@SUM(1)","quote":"a \"b\" c","comma":"a,b","line":"a\nb","crlf":"a\r\nb","space":" a ","empty":"","unicode":"Zoë Ünïcødé 🙂","tab":"\tx","point":"\\."}}]}`

// exported is a CSV of rows of every kind, for spreadsheets or not, and the same rows as NDJSON.
func exported(t *testing.T, more ...string) (table, rows string) {
	t.Helper()
	dir := t.TempDir()
	lake, record := filepath.Join(dir, "lake"), filepath.Join(dir, "awkward.ndjson")
	if err := os.WriteFile(record, []byte(awkward+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), program.Path(t), args...).CombinedOutput(); err != nil {
			t.Fatalf("parley %s: %v\n%s", args[0], err, out)
		}
	}
	run("generate", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-02", "--per-day", "200", "--steady", "--seed", "7")
	run("import", "--lake", lake, "--source", "simulation", record)
	table, rows = filepath.Join(dir, "rows.csv"), filepath.Join(dir, "rows.ndjson")
	export := []string{"export", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-02", "--select", "*,attributes.*"}
	run(slices.Concat(export, []string{"-o", rows})...)
	run(slices.Concat(export, []string{"-o", table}, more)...)
	return table, rows
}

// pandas reads a CSV as the rows that were exported.
func TestPandasReadsRows(t *testing.T) {
	python := filepath.Join("..", "..", ".cache", "python", "bin", "python3")
	if err := exec.CommandContext(t.Context(), python, "-c", "import pandas").Run(); err != nil {
		if required() {
			t.Fatal("pandas is missing: run `make setup`")
		}
		t.Skip("pandas is not installed: run `make clients`")
	}
	for _, more := range [][]string{nil, {"--bom"}} {
		table, rows := exported(t, more...)
		out, err := exec.CommandContext(t.Context(), python, "-B", filepath.Join("python", "rows.py"), table, rows).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Logf("%s", out)
	}
}

// LibreOffice opens a CSV for spreadsheets, and its cells are the rows. It is 280 MB: `make spreadsheet` installs and requires it.
func TestLibreOfficeReadsRows(t *testing.T) {
	office, err := exec.LookPath("soffice")
	if err != nil {
		if os.Getenv("PARLEY_REQUIRE_LIBREOFFICE") == "1" {
			t.Fatal("soffice is missing: run `make spreadsheet`")
		}
		t.Skip("LibreOffice is not installed: run `make spreadsheet`")
	}
	table, rows := exported(t, "--bom", "--safe")
	out := filepath.Join(t.TempDir(), "out")
	// The numbers say: commas, quotes, UTF-8, from the first line; text is not taken for times and numbers of other countries.
	cmd := exec.CommandContext(t.Context(), office, "-env:UserInstallation=file://"+filepath.Join(out, "profile"), "--headless",
		"--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false", "--infilter=Text - txt - csv (StarCalc):44,34,76,1,,0,false,true", "--outdir", out, table)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	cells, want := fields(t, filepath.Join(out, "rows.csv")), fields(t, table)
	if len(cells) != len(want) || strings.Count(content(t, rows), "\n") != len(want)-1 {
		t.Fatalf("%d rows of cells, want %d", len(cells), len(want))
	}
	safe := 0
	for i := range want {
		for k, text := range want[i] {
			if got := cells[i][k]; !sameCell(got, text) {
				t.Errorf("row %d, %s: the cell is %q, the field %q", i, want[0][k], got, text)
			}
			if strings.HasPrefix(text, "'") {
				safe++
			}
		}
	}
	if safe < 5 {
		t.Errorf("%d fields would be formulas: the test does not see what it looks for", safe)
	}
}

// sameCell compares what a spreadsheet shows with a field: it shows truths in capitals, numbers to fifteen digits, and ends of lines
// as its own.
func sameCell(cell, field string) bool {
	if cell == field || strings.ToLower(cell) == field || cell == strings.ReplaceAll(field, "\r\n", "\n") {
		return true
	}
	a, bad := strconv.ParseFloat(cell, 64)
	b, worse := strconv.ParseFloat(field, 64)
	return bad == nil && worse == nil && math.Abs(a-b) <= math.Abs(b)*1e-14
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func fields(t *testing.T, path string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(content(t, path), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
