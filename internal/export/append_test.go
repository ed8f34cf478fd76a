package export

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/fault"
)

// A full disk is told of once, however many writers are within one another.
func TestAFullDiskIsToldOfOnce(t *testing.T) {
	rows := func(yield func([]any, error) bool) {
		for range 3 {
			if !yield([]any{strings.Repeat("x", 1<<20)}, nil) {
				return
			}
		}
	}
	start := func(w io.Writer) (Sheet, error) {
		return NewObjects(w, []column.Selected{{Name: "x"}}, ISO, false), nil
	}
	err := ToFile(t.Context(), "/dev/full", func(w io.Writer) error {
		_, err := Stream(t.Context(), w, "", start, func(row []any) []any { return row }, rows)
		return err
	})
	if fault.ExitCode(err) != 9 || strings.Count(err.Error(), "the export cannot be written") != 1 {
		t.Errorf("got %v", err)
	}
}

func TestAppendTo(t *testing.T) {
	say := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, failed := io.WriteString(w, text)
			return errors.Join(failed, err)
		}
	}
	failed := errors.New("failed")
	for _, name := range []string{"plain", "packed.zst"} {
		path := filepath.Join(t.TempDir(), name)
		for _, step := range []struct {
			text string
			err  error
		}{{"a", nil}, {"b", failed}, {"c", nil}, {"", nil}} {
			if err := AppendTo(path, say(step.text, step.err)); !errors.Is(err, step.err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var r io.Reader = f
		if name != "plain" {
			if r, err = zstd.NewReader(f); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != "ac" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if err := AppendTo(os.DevNull, say("x", nil)); err != nil {
		t.Errorf("a device: %v", err)
	}
	if err := AppendTo(t.TempDir(), say("x", nil)); err == nil {
		t.Error("a folder was written to")
	}
}
