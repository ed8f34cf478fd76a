package main

import (
	"os"
	"testing"
)

// A page that follows from the code must follow it.
func TestPageIsUpToDate(t *testing.T) {
	got, err := os.ReadFile("../dimensions.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != page() {
		t.Error("docs/dimensions.md is out of date: run go run ./docs/gen-dimensions")
	}
}
