// Package settings reads the files that people give a program to go by: small, theirs, and perhaps not what they seem.
package settings

import (
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/parley-hq/parley/internal/fault"
)

// Read reads a file of at most so many bytes. A larger one is fault.TooLarge. A pipe that nobody writes to is empty, where
// another program would wait for ever.
func Read(path string, most int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fault.Because(fault.NotFound, err, "there is no file %s", path)
	}
	if err != nil {
		return nil, fault.AtPath(err, "%s cannot be read", path)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fault.AtPath(err, "%s cannot be read", path)
	}
	if int64(len(text)) > most {
		return nil, fault.New(fault.TooLarge, "%s is larger than %d bytes", path, most)
	}
	return text, nil
}

// mostDeep is how deep lists and maps in brackets may lie in one another.
const mostDeep = 64

// Shallow refuses YAML whose brackets lie too deep in one another: a library takes some kilobytes of memory for each. Those
// in texts count too, which harms nobody who writes for people.
func Shallow(text []byte) error {
	deep := 0
	for _, c := range text {
		switch c {
		case '[', '{':
			deep++
		case ']', '}':
			deep = max(0, deep-1)
		}
		if deep > mostDeep {
			return fault.New(fault.Invalid, "its brackets lie more than %d deep in one another", mostDeep)
		}
	}
	return nil
}
