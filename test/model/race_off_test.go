//go:build !race

package model_test

const (
	perDay        = 300 // conversations of a day of the larger lake
	standardSteps = 2000
)
