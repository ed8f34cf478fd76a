//go:build !race

package mem

const (
	raced   = false
	busyDay = 1500 // conversations of a day of the views into the past
)
