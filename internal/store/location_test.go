package store_test

import (
	"testing"

	"github.com/parley-hq/parley/internal/store"
)

func TestLocation(t *testing.T) {
	for at, want := range map[store.Location][2]string{"a/b/c": {"a/b", "c"}, "a": {"", "a"}, "": {"", ""}, "a/day=1": {"a", "day=1"}} {
		if got := [2]string{string(at.Folder()), at.Name()}; got != want {
			t.Errorf("%q: %q, want %q", at, got, want)
		}
		if at != "" && at.Folder().Join(at.Name()) != at {
			t.Errorf("%q put together is %q", at, at.Folder().Join(at.Name()))
		}
	}
	if got := store.Location("a").Join("b", "c"); got != "a/b/c" {
		t.Errorf("got %q", got)
	}
}
