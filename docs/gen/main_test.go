package main

import (
	"os"
	"testing"
)

// A page that follows from the code must follow it.
func TestPagesAreUpToDate(t *testing.T) {
	all, err := pages("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		got, err := os.ReadFile(p.path)
		if err != nil {
			t.Error(err)
			continue
		}
		if string(got) != p.want {
			t.Errorf("%s is out of date: run go run ./docs/gen", p.path)
		}
	}
}
