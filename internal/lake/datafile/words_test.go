package datafile

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

// What the library runs into with a damaged file is told in words about the file, whether it panics or says so itself.
func TestDamageIsToldInPlainWords(t *testing.T) {
	var list []int
	for name, c := range map[string]struct {
		read func() error
		says string
	}{
		"a length below zero":    {func() error { list = make([]int, at(-1)); return nil }, "data file f cannot be read: its bytes do not make sense as Parquet"},
		"the end of a list":      {func() error { list = list[:at(9)]; return nil }, "data file f cannot be read: its bytes do not make sense as Parquet"},
		"its own words":          {func() error { panic("parquet: no such encoding") }, "data file f cannot be read: the Parquet library gave up: parquet: no such encoding"},
		"an error of its own":    {func() error { panic(errors.New("corrupt input")) }, "data file f cannot be read: corrupt input"},
		"caught by the library":  {caught, "data file f cannot be read: its bytes do not make sense as Parquet"},
		"no panic but a failure": {func() error { return errors.New("unexpected EOF") }, "data file f cannot be read: unexpected EOF"},
	} {
		err := unread(t.Context(), File{Path: "f"}, func() (err error) {
			defer recovered(&err)
			return c.read()
		}())
		if !errors.Is(err, fault.Corrupt) || err.Error() != c.says || strings.Contains(err.Error(), "runtime") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// caught hands a mistake of its own on as an error.
func caught() (err error) {
	defer func() {
		if failed, ok := recover().(error); ok {
			err = fmt.Errorf("read column: %w", failed)
		}
	}()
	_ = make([]int, at(-1))
	return nil
}

// at hides a number from who looks at the code alone.
func at(n int) int { return n }
