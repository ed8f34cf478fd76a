package shelf

import (
	"errors"
	"testing"
)

func TestShelfKeepsWhatWasUsedLast(t *testing.T) {
	s := New[string, int](30)
	reads := 0
	get := func(key string, bytes int64) {
		t.Helper()
		v, err := s.Get(key, func() (int, int64, error) { reads++; return int(key[0]), bytes, nil })
		if err != nil || v != int(key[0]) {
			t.Errorf("%s: %d, %v", key, v, err)
		}
	}
	want := func(n int, keys ...string) {
		t.Helper()
		var bytes int64
		for _, key := range keys {
			if s.at[key] == nil {
				t.Errorf("%s is not kept", key)
				continue
			}
			bytes += s.at[key].Value.(*kept[string, int]).bytes
		}
		if reads != n || len(s.at) != len(keys) || s.used.Len() != len(keys) || s.bytes != bytes {
			t.Errorf("%d values read, %d of %d bytes kept, want %d, %d of %d", reads, len(s.at), s.bytes, n, len(keys), bytes)
		}
	}
	get("a", 10)
	get("b", 10)
	get("c", 10)
	want(3, "a", "b", "c")
	get("a", 10)
	want(3, "a", "b", "c")
	get("d", 10) // b is the one that nobody asked for longest
	want(4, "a", "c", "d")
	get("e", 30)
	want(5, "e")
	get("f", 31) // larger than the shelf
	want(6, "e")
	get("f", 31)
	want(7, "e")
}

func TestShelfKeepsNoFailure(t *testing.T) {
	s := New[int, int](10)
	failed := errors.New("failed")
	if _, err := s.Get(1, func() (int, int64, error) { return 0, 1, failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
	if v, err := s.Get(1, func() (int, int64, error) { return 7, 1, nil }); v != 7 || err != nil {
		t.Error(v, err)
	}
}

func TestNoShelfReadsEachTime(t *testing.T) {
	var s *Shelf[int, int]
	for want := range 3 {
		if v, err := s.Get(1, func() (int, int64, error) { return want, 1, nil }); v != want || err != nil {
			t.Error(v, err)
		}
	}
}
