package datafile

import (
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
)

// apply makes edits in rows, and takes what comes from the front of come.
func (e edits) apply(rows []int, come *[]int) (out []int) {
	at := int64(0)
	for _, x := range e {
		out = append(out, rows[at:x.At]...)
		out = append(out, (*come)[:x.Add]...)
		*come = (*come)[x.Add:]
		at = x.At + x.Drop
	}
	return append(out, rows[at:]...)
}

// Edits that are cut where row groups end, and these where pages do, make of the parts what they make of the whole.
func TestEditsAreCutWhereRowsEnd(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2_000 {
		rows, whole, come := randomEdits(rng)
		rest := slices.Clone(come)
		want := whole.apply(rows, &rest)
		var got []int
		for cut, last := range cuts(rng, int64(len(rows))) {
			got = append(got, whole.within(cut[0], cut[1], last).apply(rows[cut[0]:cut[1]], &come)...)
		}
		if !slices.Equal(got, want) || len(come) > 0 {
			t.Fatalf("edits %v of %d rows give %v and should give %v; %d are left", whole, len(rows), got, want, len(come))
		}
		if int64(len(want)-len(rows)) != whole.change() {
			t.Fatalf("edits %v of %d rows give %d, and say %d more", whole, len(rows), len(want), whole.change())
		}
	}
}

// cuts cuts rows at some places, and says which part is the last.
func cuts(rng *rand.Rand, n int64) iter.Seq2[[2]int64, bool] {
	return func(yield func([2]int64, bool) bool) {
		for from := int64(0); from < n; {
			to := min(n, from+1+rng.Int64N(n))
			if !yield([2]int64{from, to}, to == n) {
				return
			}
			from = to
		}
	}
}

// randomEdits gives rows, which are their numbers, edits of them, and what comes: numbers below zero.
func randomEdits(rng *rand.Rand) (rows []int, e edits, come []int) {
	for i := range 1 + rng.IntN(12) {
		rows = append(rows, i)
	}
	for at := int64(0); at <= int64(len(rows)); at++ {
		if rng.IntN(3) > 0 {
			continue
		}
		x := Edit{At: at, Drop: rng.Int64N(min(4, int64(len(rows))-at+1)), Add: rng.Int64N(4)}
		if x.Drop+x.Add == 0 {
			continue
		}
		e = append(e, x)
		at += x.Drop
	}
	for i := range e.adds() {
		come = append(come, -1-int(i))
	}
	return rows, e, come
}

func (e edits) adds() (n int64) {
	for _, x := range e {
		n += x.Add
	}
	return n
}
