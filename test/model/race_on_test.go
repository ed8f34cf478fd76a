//go:build race

package model_test

// With the race detector everything takes several times as long.
const (
	perDay        = 150 // conversations of a day of the larger lake
	standardSteps = 1000
)
