//go:build race

package mem

// With the race detector everything takes ten times as long; `make unit` runs these tests without it too.
const (
	raced   = true
	busyDay = 200 // conversations of a day of the views into the past
)
