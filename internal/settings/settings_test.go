package settings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	file, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "pipe")
	if err := errors.Join(os.WriteFile(file, []byte("12345678"), 0o600), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		most int64
		want string
		err  error
	}{
		{file, 8, "12345678", nil},
		{file, 7, "", fault.TooLarge},
		{"/dev/zero", 1000, "", fault.TooLarge},
		{pipe, 8, "", nil}, // nobody writes to it
		{filepath.Join(dir, "nothing"), 8, "", fault.NotFound},
		{dir, 8, "", syscall.EISDIR},
	} {
		got, err := Read(c.path, c.most)
		if string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v", c.path, got, err)
		}
	}
}

// What a person writes passes; 200,000 brackets, of which a library makes two gigabytes, do not.
func TestShallow(t *testing.T) {
	for text, bad := range map[string]bool{
		"rules: [{attributes: 'a[b', do: drop}]": false,
		strings.Repeat("[", 64):                  false,
		strings.Repeat("[", 65):                  true,
		strings.Repeat("{a: ", 200_000):          true,
		strings.Repeat("[a], ", 200_000):         false,
	} {
		if err := Shallow([]byte(text)); (err != nil) != bad {
			t.Errorf("%.40s: %v", text, err)
		}
	}
}
