package sandbox

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/recordfile"
	"github.com/parley-hq/parley/internal/wire"
)

// A sandbox without a record answers every question with nothing, and its user looks elsewhere for the reason.
func TestFilesWithoutARecord(t *testing.T) {
	const record = `{"conversationId":"a","conversationStart":"2026-11-01T00:00:00Z"}`
	for name, c := range map[string]struct {
		files []string // contents, named 0.json and so on
		empty []string
		says  string // of the error, if it is one
	}{
		"a record":              {[]string{record}, nil, ""},
		"one of two is empty":   {[]string{record, `{"totalHits":0}`}, []string{"1.json"}, ""},
		"nothing":               {[]string{""}, nil, "there is not one record in "},
		"an empty page":         {[]string{`{"totalHits":0}`}, nil, "0.json"},
		"what is no record":     {[]string{`{"name":"x"}`, `[7]`}, nil, "0.json, "},
		"a value that is large": {[]string{`["` + strings.Repeat("x", 2<<20) + `"]`}, nil, "larger than 1 MiB; more"},
	} {
		dir := t.TempDir()
		for i, text := range c.files {
			if err := os.WriteFile(filepath.Join(dir, string(rune('0'+i))+".json"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		files, err := recordfile.Find([]string{dir})
		if err != nil {
			t.Fatal(err)
		}
		_, found, err := Load(t.Context(), Scenario{Start: time.Now(), Speed: 1}, files, wire.Limits{Page: 1 << 20, Advice: "more"})
		if c.says != "" {
			if kind := fault.ExitCode(err); kind != 2 && kind != 8 || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || found.Records != 1 || !slices.EqualFunc(found.Empty, c.empty, func(a, b string) bool { return filepath.Base(a) == b }) {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := Load(ended, Scenario{Start: time.Now(), Speed: 1}, files, wire.Limits{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, given up: %v", name, err)
		}
	}
}
