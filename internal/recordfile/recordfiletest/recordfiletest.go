// Package recordfiletest makes files with records for tests.
package recordfiletest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Noon is when the first records begin.
var Noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

// Record makes the text of a conversation of the n-th hour after Noon.
func Record(id string, n int, note string) string {
	return fmt.Sprintf(`{"conversationId":%q,"conversationStart":%q,"externalTag":%q}`, id, conversation.FormatTime(Noon.Add(time.Duration(n)*time.Hour)), note)
}

// Gzip compresses a text.
func Gzip(text string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write([]byte(text)) // into memory
	_ = w.Close()
	return out.String()
}

// Folder writes files, by name, and gives the folder.
func Folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
