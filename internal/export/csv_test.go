package export

import (
	"bytes"
	"encoding/csv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/column"
)

func columnsNamed(names ...string) (columns []column.Selected) {
	for _, name := range names {
		columns = append(columns, column.Selected{Name: name})
	}
	return columns
}

// csvOf writes rows of texts; nil is absent.
func csvOf(t *testing.T, o CSVOptions, head []string, rows ...[]any) string {
	t.Helper()
	var out bytes.Buffer
	w, err := NewCSV(&out, columnsNamed(head...), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Row(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Text is quoted where encoding/csv quotes it, an empty text too, and lines end as RFC 4180 says.
func FuzzCSVIsThatOfTheLibrary(f *testing.F) {
	f.Add("a", `b"c,`)
	f.Add(" a", "\n")
	f.Add(`\.`, "\u2003é")
	f.Add("", "x\r")
	f.Fuzz(func(t *testing.T, a, b string) {
		var want bytes.Buffer
		w := csv.NewWriter(&want)
		if err := w.WriteAll([][]string{{a, "1", b}}); err != nil {
			t.Fatal(err)
		}
		line := strings.TrimSuffix(want.String(), "\n")
		if a == "" {
			line = `""` + line
		}
		if b == "" {
			line += `""`
		}
		got := csvOf(t, CSVOptions{}, []string{"x", "y", "z"}, []any{a, int64(1), b})
		if got != "x,y,z\r\n"+line+"\r\n" {
			t.Errorf("got %q, want %q", got, line)
		}
	})
}

func TestCSVOfEveryType(t *testing.T) {
	at := time.Date(2026, 11, 1, 10, 0, 0, 123_000_000, time.UTC)
	row := []any{int64(-5), 0.25, true, at, []string{"a", `b"`}, []int64{1, 2}, map[string]string{"k": "v", "a": ""}, nil, ""}
	written := map[Times]string{ISO: "2026-11-01T10:00:00.123Z", Epoch: "1793527200123"}
	const before = "-5,0.25,true,"
	const after = `,"[""a"",""b\""""]","[1,2]","{""a"":"""",""k"":""v""}",,""` + "\r\n"
	head := strings.Split("abcdefghi", "")
	for times, text := range written {
		got, want := csvOf(t, CSVOptions{Times: times}, head, row), strings.Join(head, ",")+"\r\n"+before+text+after
		if got != want {
			t.Errorf("got %q\nwant %q", got, want)
		}
	}
	got := csvOf(t, CSVOptions{}, []string{"one"}, []any{nil})
	if got != "one\r\n\"\"\r\n" {
		t.Errorf("a column alone, without a value: %q", got)
	}
}

func TestCSVForSpreadsheets(t *testing.T) {
	rows := [][]any{{"=1+1"}, {"+49151"}, {"-2"}, {"@x"}, {"\tx"}, {"\rx"}, {"＝x"}, {"x=1"}, {int64(-2)}, {`="a"`}}
	got := csvOf(t, CSVOptions{Mark: true, Safe: true}, []string{"head"}, rows...)
	want := "\ufeffhead\r\n'=1+1\r\n'+49151\r\n'-2\r\n'@x\r\n'\tx\r\n\"'\rx\"\r\n'＝x\r\nx=1\r\n-2\r\n\"'=\"\"a\"\"\"\r\n"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	plain := csvOf(t, CSVOptions{}, []string{"head"}, rows...)
	if strings.Contains(plain, "'") || strings.HasPrefix(plain, "\ufeff") {
		t.Errorf("without being asked: %q", plain)
	}
}

// Whatever the rows are, what csv.Reader reads is what was written.
func TestCSVComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	pieces := []string{",", `"`, "\n", " ", "a", "é", `\.`, "\t", "=", "'"}
	var rows [][]any
	var want [][]string
	for range 500 {
		row, text := make([]any, 3), make([]string, 3)
		for i := range row {
			var b strings.Builder
			for range r.IntN(5) {
				b.WriteString(pieces[r.IntN(len(pieces))])
			}
			row[i], text[i] = b.String(), b.String()
		}
		rows, want = append(rows, row), append(want, text)
	}
	got, err := csv.NewReader(strings.NewReader(csvOf(t, CSVOptions{}, []string{"a", "b", "c"}, rows...))).ReadAll()
	if err != nil || !slices.EqualFunc(got[1:], want, slices.Equal) {
		t.Errorf("%d rows, %v", len(got), err)
	}
}
