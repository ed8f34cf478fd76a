//go:build !race

package enginetest

// share is the part of the questions by chance that is asked: one in so many.
const share = 1
