//go:build race

package enginetest

// share is the part of the questions by chance that is asked: one in so many. They are asked one after the other, where
// there is no race to be found, and take ten times as long when one is looked for; `make unit` asks all of them without.
const share = 8
