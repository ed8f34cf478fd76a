package recordfile

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/recordfile/recordfiletest"
	"github.com/parley-hq/parley/internal/wire"
)

// a, b and c are conversations of two days; indented is b as a person would write it.
var (
	a, b, c  = recordfiletest.Record("a", 0, "x"), recordfiletest.Record("b", 1, "y"), recordfiletest.Record("c", 24, "z")
	indented = strings.NewReplacer(",", ",\n  ", "{", "{\n  ", "}", "\n}").Replace(b)
)

func zst(s string) string {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err) // options that are constant
	}
	defer w.Close()
	return string(w.EncodeAll([]byte(s), nil))
}

func find(t *testing.T, paths ...string) []File {
	t.Helper()
	files, err := Find(paths)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestEveryForm(t *testing.T) {
	page := `{"conversations":[` + a + "," + b + "],\n" + `"cursor":"x","dataAvailabilityDate":"2026-10-05T00:00:00.000Z"}`
	for name, x := range map[string]struct {
		text string
		want []string
	}{
		"single":              {a, []string{a}},
		"indented":            {indented, []string{b}},
		"one a line":          {a + "\n" + b + "\n" + c + "\n", []string{a, b, c}},
		"lines of Windows":    {a + "\r\n" + b, []string{a, b}},
		"one after another":   {a + b, []string{a, b}},
		"list":                {"[" + a + "," + indented + "]", []string{a, b}},
		"empty list":          {"[]", nil},
		"page":                {page, []string{a, b}},
		"page of the query":   {`{"totalHits":0}`, nil},
		"several pages":       {page + "\n" + `{"conversations":[` + c + `],"dataAvailabilityDate":"2026-10-05T00:00:00.000Z"}`, []string{a, b, c}},
		"all sorts":           {"[" + a + "]\n" + `{"conversations":[` + b + "]}" + c, []string{a, b, c}},
		"gzip":                {recordfiletest.Gzip(a + "\n" + b), []string{a, b}},
		"gzip, several parts": {recordfiletest.Gzip(a) + recordfiletest.Gzip(b), []string{a, b}},
		"zstd":                {zst("[" + a + "," + b + "]"), []string{a, b}},
		"empty":               {"", nil},
		"white space":         {" \n\n", nil},
		"empty gzip":          {recordfiletest.Gzip(""), nil},
		"gzip and zeros":      {recordfiletest.Gzip(a) + recordfiletest.Gzip(b) + strings.Repeat("\x00", 5000), []string{a, b}},
		"a mark of UTF-8":     {"\ufeff" + a + "\n" + b, []string{a, b}},
		"the same, zipped":    {recordfiletest.Gzip("\ufeff" + a), []string{a}},
		"a mark alone":        {"\ufeff", nil},
		"a digit":             {"7", nil},
	} {
		var got []string
		err := Values(t.Context(), find(t, recordfiletest.Folder(t, map[string]string{"x.json": x.text}))[0], wire.Limits{}, func(raw []byte) error {
			if _, err := wire.Record(raw); err == nil {
				got = append(got, string(raw))
			}
			return nil
		})
		if err != nil || !slices.Equal(got, x.want) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// Damage is found wherever it lies.
func TestDamagedFiles(t *testing.T) {
	long := strings.Repeat(a+"\n"+b+"\n", 500)
	flip := func(s string, at int) string {
		text := []byte(s)
		text[at] ^= 0xff
		return string(text)
	}
	zipped, zstded := recordfiletest.Gzip(long), zst(long)
	for name, text := range map[string]string{
		"no JSON": "<html>", "cut in a record": long[:len(long)-9], "cut in a list": "[" + a + "," + b, "cut page": `{"conversations":[` + a + "]",
		"a list with a hole": "[" + a + ",," + b + "]", "cut in a word": "tru",
		"cut gzip": zipped[:len(zipped)-9], "gzip without its end": zipped[:len(zipped)/2], "head of gzip": "\x1f\x8b", "gzip with a wrong checksum": flip(zipped, len(zipped)-6),
		"damaged gzip": flip(zipped, len(zipped)/2), "gzip with something after it": zipped + "x",
		"gzip with a line after it": zipped + "Ann wrote this\n", "gzip with zeros and something after it": zipped + "\x00\x00\x00x", "little gzip with zeros and something": recordfiletest.Gzip("7") + "\x00x",
		"cut zstd": zstded[:len(zstded)/2], "damaged zstd": flip(zstded, len(zstded)/2), "head of zstd": zstded[:5], "zstd with a wrong checksum": flip(zstded, len(zstded)-1),
	} {
		err := Values(t.Context(), find(t, recordfiletest.Folder(t, map[string]string{"x.json": text}))[0], wire.Limits{}, func([]byte) error { return nil })
		if !errors.Is(err, fault.Corrupt) || !strings.Contains(fmt.Sprint(err), "x.json") || strings.Contains(fmt.Sprint(err), "externalTag") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Where a file ends too early is told: which of its values is not whole.
func TestACutFileSaysWhere(t *testing.T) {
	for text, says := range map[string]string{
		a + "\n" + b[:20]:                      fmt.Sprintf("x.json: the file ends too early: what begins at byte %d is not whole", len(a)),
		recordfiletest.Gzip(a + "\n" + b[:20]): fmt.Sprintf("begins at byte %d is", len(a)),
		"[" + a + "," + b:                      fmt.Sprintf("begins at byte %d is", 2+len(a)+len(b)),
		a + "\n" + b + "\n" + "nul":            "the file ends too early",
		a + "\n?":                              fmt.Sprintf("the file is not JSON at byte %d", len(a)+1),
	} {
		err := Values(t.Context(), find(t, recordfiletest.Folder(t, map[string]string{"x.json": text}))[0], wire.Limits{}, func([]byte) error { return nil })
		if !errors.Is(err, fault.Corrupt) || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%q: got %v, want %s", text, err, says)
		}
	}
}

// A file in another encoding of Unicode is no damaged one, and what to do is another thing.
func TestUTF16IsNamed(t *testing.T) {
	wide := func(text string, order binary.AppendByteOrder) string {
		var out []byte
		for _, c := range utf16.Encode([]rune(text)) {
			out = order.AppendUint16(out, c)
		}
		return string(out)
	}
	for _, text := range []string{wide(a, binary.LittleEndian), wide(a, binary.BigEndian), wide("\ufeff"+a, binary.LittleEndian), recordfiletest.Gzip(wide("\ufeff"+a, binary.BigEndian))} {
		err := Values(t.Context(), find(t, recordfiletest.Folder(t, map[string]string{"x.json": text}))[0], wire.Limits{}, func([]byte) error { return nil })
		if fault.ExitCode(err) != 2 || !strings.Contains(fmt.Sprint(err), "x.json: it is written in UTF-16") {
			t.Errorf("%.10q: %v", text, err)
		}
	}
}

func TestFindFiles(t *testing.T) {
	dir := recordfiletest.Folder(t, map[string]string{
		"b.json": a, "a.NDJSON": a, "deep/er/c.jsonl.gz": a, "deep/d.json.zst": a, "e.txt": a, "json": a, "f.gz": a, "deep/g.json.bak": a, "none/h.csv": a,
	})
	names := func(files []File, err error) (out []string) {
		if err != nil {
			t.Error(err)
		}
		for _, f := range files {
			rel, err := filepath.Rel(dir, f.Path)
			if err != nil || f.Size != int64(len(a)) || f.ModTime.IsZero() {
				t.Errorf("got %+v, %v", f, err)
			}
			out = append(out, rel)
		}
		return out
	}
	if got := names(Find([]string{dir})); !slices.Equal(got, []string{"a.NDJSON", "b.json", "deep/d.json.zst", "deep/er/c.jsonl.gz"}) {
		t.Errorf("got %q", got)
	}
	if got := names(Find([]string{filepath.Join(dir, "e.txt"), filepath.Join(dir, "deep")})); !slices.Equal(got, []string{"e.txt", "deep/d.json.zst", "deep/er/c.jsonl.gz"}) {
		t.Errorf("named: got %q", got)
	}
	for _, missing := range []string{"gone", "gone/x.json", "none"} {
		if files, err := Find([]string{dir, filepath.Join(dir, missing)}); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), missing) {
			t.Errorf("%s: got %v, %v", missing, files, err)
		}
	}
}

// ending is a context that is cancelled once it has been asked so often.
type ending struct {
	context.Context //nolint:containedctx // it is one

	asks int
}

func (e *ending) Err() error {
	if e.asks--; e.asks < 0 {
		return context.Canceled
	}
	return nil
}

// A file is given up wherever in it the order to stop comes, and is not called damaged for that.
func TestAFileIsGivenUp(t *testing.T) {
	long := `{"conversationId":"a","x":"` + strings.Repeat("x", 100_000) + `"}` + strings.Repeat(" ", 50_000) + "[1,2]"
	for name, text := range map[string]string{"plain": long, "gzip": recordfiletest.Gzip(long), "zstd": zst(long)} {
		f := find(t, recordfiletest.Folder(t, map[string]string{"x.json": text}))[0]
		ended, whole := 0, 0
		for asks := range 100 {
			n := 0
			err := Values(&ending{t.Context(), asks}, f, wire.Limits{}, func([]byte) error { n++; return nil })
			switch {
			case err == nil && n == 3:
				whole++
			case err == context.Canceled && fault.ExitCode(err) == 130: //nolint:errorlint // itself
				ended++
			default:
				t.Errorf("%s: %d values and %v", name, n, err)
			}
		}
		if ended < 4 || whole == 0 {
			t.Errorf("%s: ended %d times, read %d times", name, ended, whole)
		}
	}
}

// A few bytes of zstd can ask for any memory.
func TestZstdThatTakesTooMuchMemory(t *testing.T) {
	pack := func(window int) string {
		var out bytes.Buffer
		w, err := zstd.NewWriter(&out, zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
		if err != nil {
			t.Fatal(err)
		}
		// Written in pieces, or the window would shrink to what there is.
		for range 4 {
			_, _ = w.Write([]byte(a + "\n"))
			_ = w.Flush()
		}
		_ = w.Close()
		return out.String()
	}
	for window, says := range map[int]string{maxWindow: "", 2 * maxWindow: "takes more than 128 MiB of memory"} {
		n := 0
		err := Values(t.Context(), find(t, recordfiletest.Folder(t, map[string]string{"x.json": pack(window)}))[0], wire.Limits{}, func([]byte) error { n++; return nil })
		if (err == nil) != (says == "") || err != nil && (!errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), says)) || err == nil && n != 4 {
			t.Errorf("a window of %d: %d values, %v", window, n, err)
		}
	}
}
