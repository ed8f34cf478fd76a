// Package unraced marks the tests of which the race detector says nothing.
package unraced

import "testing"

// Test skips a test in which nothing runs beside anything else, or which breaks something at every place: the race
// detector says nothing of it and makes it five times as slow and more. With -short, which make unit gives together with
// -race, it is skipped; make unit runs it a second time without either.
func Test(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("run without the race detector: make unit runs both")
	}
}
