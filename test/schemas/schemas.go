// Package schemas reads, for tests, which members the platform's description of itself gives to each of its schemas.
package schemas

import (
	"os"
	"strings"
	"testing"
)

// Members are the words of each line of a list, by the first of them, behind an empty line that ends what is said of it.
func Members(t *testing.T, path string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "\n\n")
	out := map[string][]string{}
	for line := range strings.Lines(list) {
		words := strings.Fields(line)
		out[words[0]] = words[1:]
	}
	return out
}
