package ids

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// written gives the bytes of a run.
func written(t testing.TB, entries []Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, e := range entries {
		if err := w.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Entries() != int64(len(slices.Compact(slices.Clone(entries)))) || int64(b.Len()) != Bytes(w.Entries()) {
		t.Fatalf("%d entries in %d bytes of %d, want %d", w.Entries(), b.Len(), len(entries), Bytes(w.Entries()))
	}
	return b.Bytes()
}

func opened(t testing.TB, content []byte) *Run {
	t.Helper()
	r, err := Open(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// some gives entries in order, of which many share a key: as many as fill pages, now and then.
func some(rng *rand.Rand, n int) []Entry {
	keys := uint64(1 + rng.IntN(2*n+1))
	if rng.IntN(3) == 0 {
		keys = 3
	}
	out := make([]Entry, n)
	for i := range out {
		out[i] = Entry{math.MaxUint64 / keys * (1 + rng.Uint64N(keys)), conversation.Day(rng.IntN(2_000) - 1_000)}
	}
	slices.SortFunc(out, Compare)
	return out
}

func found(t *testing.T, r *Run, keys []uint64) []Entry {
	t.Helper()
	var out []Entry
	if err := r.Find(keys, func(i int, day conversation.Day) { out = append(out, Entry{keys[i], day}) }); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFind(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, n := range []int{0, 1, 2, perPage - 1, perPage, perPage + 1, 2 * perPage, 2*perPage + 1, 10 * perPage, 5_000, 40*perPage - 1} {
		for range 5 {
			entries := some(rng, n)
			r := opened(t, written(t, entries))
			entries = slices.Compact(entries)
			keys := map[uint64]bool{0: true, math.MaxUint64: true, rng.Uint64(): true}
			for _, e := range entries {
				if rng.IntN(3) == 0 {
					keys[e.Key] = true
					keys[e.Key-1] = true
					keys[e.Key+1] = true
				}
			}
			asked := slices.Sorted(maps.Keys(keys))
			want := slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return !keys[e.Key] })
			if got := found(t, r, asked); !slices.Equal(got, want) {
				t.Errorf("seed %d, %d entries, %d keys: got %d, want %d", seed, n, len(asked), len(got), len(want))
			}
			// Few keys are read page by page, many in one go.
			few := asked[rng.IntN(len(asked)):]
			few = few[:min(2, len(few))]
			want = slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return !slices.Contains(few, e.Key) })
			if got := found(t, r, few); !slices.Equal(got, want) {
				t.Errorf("seed %d, %d entries, few keys: got %d, want %d", seed, n, len(got), len(want))
			}
			// A key that is asked for twice is answered twice.
			if n > 0 {
				k := entries[len(entries)/2].Key
				if once, twice := found(t, r, []uint64{k}), found(t, r, []uint64{k, k}); len(once) == 0 || len(twice) != 2*len(once) {
					t.Errorf("seed %d: asked twice: %d, once %d", seed, len(twice), len(once))
				}
			}
		}
	}
}

func TestMerge(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for runs := range 9 {
		var all []Entry
		var parts []*Run
		for range runs {
			part := some(rng, rng.IntN(3*pagesAtOnce*perPage/max(1, runs)))
			all = append(all, part...)
			parts = append(parts, opened(t, written(t, part)))
		}
		slices.SortFunc(all, Compare)
		var b bytes.Buffer
		w := NewWriter(&b)
		if err := errors.Join(Merge(t.Context(), w, parts...), w.Close()); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), written(t, all)) {
			t.Errorf("seed %d: %d runs merged are not the run of all", seed, runs)
		}
	}
}

func TestMergeEnds(t *testing.T) {
	r := opened(t, written(t, some(rand.New(rand.NewPCG(1, 1)), 100*perPage)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Merge(ctx, NewWriter(io.Discard), r); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for room := range 3 {
		w := NewWriter(&fullWriter{room})
		if err := errors.Join(Merge(t.Context(), w, r), w.Close()); !errors.Is(err, errNoRoom) || errors.As(err, new(*Damaged)) {
			t.Errorf("with room for %d pages: %v", room, err)
		}
	}
	// The last that is written are directory and footer.
	small := []Entry{{1, 1}}
	for room := range 4 {
		w := NewWriter(&fullWriter{room})
		if err := errors.Join(w.Add(small[0]), w.Close()); (err == nil) != (room == 3) {
			t.Errorf("with room for %d writes: %v", room, err)
		}
	}
}

var errNoRoom = errors.New("no room")

type fullWriter struct{ room int }

func (w *fullWriter) Write(p []byte) (int, error) {
	if w.room--; w.room < 0 {
		return 0, errNoRoom
	}
	return len(p), nil
}

func TestOrderIsKept(t *testing.T) {
	for _, next := range []Entry{{1, 9}, {2, 1}} {
		w := NewWriter(io.Discard)
		if err := errors.Join(w.Add(Entry{2, 2}), w.Add(Entry{2, 2}), w.Add(Entry{2, 3})); err != nil {
			t.Fatal(err)
		}
		if err := w.Add(next); err == nil {
			t.Errorf("%v was taken after {2, 3}", next)
		}
	}
}

// Every byte of a run is looked at: whichever is changed, opening it, looking for all of its keys, or merging it says so,
// and what is not damaged is found.
func TestDamageIsSeen(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	entries := slices.Compact(some(rng, 2*perPage+7))
	content := written(t, entries)
	var keys []uint64
	for _, e := range entries {
		keys = append(keys, e.Key)
	}
	keys = slices.Compact(keys)
	for at := range content {
		bad := bytes.Clone(content)
		bad[at] ^= 1 << (at % 8)
		if err := use(t, bad, keys); !errors.Is(err, fault.Corrupt) {
			t.Fatalf("byte %d changed: %v", at, err)
		}
	}
	for length := range content {
		if err := use(t, content[:length], keys); !errors.Is(err, fault.Corrupt) {
			t.Fatalf("cut after %d bytes: %v", length, err)
		}
	}
	// Two pages in each other's place.
	swapped := slices.Concat(content[pageSize:2*pageSize], content[:pageSize], content[2*pageSize:])
	if err := use(t, swapped, keys); !errors.Is(err, fault.Corrupt) {
		t.Errorf("two pages swapped: %v", err)
	}
	if err := use(t, content, keys); err != nil {
		t.Errorf("as it was: %v", err)
	}
}

// use reads a whole run, in both ways.
func use(t *testing.T, content []byte, keys []uint64) error {
	t.Helper()
	r, err := Open(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	finding := r.Find(keys, func(int, conversation.Day) {})
	merging := Merge(t.Context(), NewWriter(io.Discard), r)
	if d, ok := errors.AsType[*Damaged](merging); (finding == nil) != (merging == nil) || merging != nil && (!ok || d.Run != r) {
		t.Errorf("finding: %v, merging: %v", finding, merging)
	}
	return errors.Join(finding, merging)
}

// A run whose file ends while it is open, or cannot be read, is damaged.
func TestUnreadable(t *testing.T) {
	content := written(t, some(rand.New(rand.NewPCG(1, 1)), 5*perPage))
	r := opened(t, content)
	r.from = bytes.NewReader(content[:3*pageSize])
	if err := r.Find([]uint64{math.MaxUint64}, func(int, conversation.Day) {}); !errors.Is(err, fault.Corrupt) {
		t.Errorf("got %v", err)
	}
	if err := Merge(t.Context(), NewWriter(io.Discard), r); !errors.Is(err, fault.Corrupt) {
		t.Errorf("got %v", err)
	}
}

// A run that is out of order, with every checksum right, is damaged too.
func TestOutOfOrder(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, e := range []Entry{{1, 1}, {3, 3}, {2, 2}} {
		w.last = Entry{}
		if err := w.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Merge(t.Context(), NewWriter(io.Discard), opened(t, b.Bytes())); !errors.Is(err, fault.Corrupt) {
		t.Errorf("got %v", err)
	}
}

// spread gives n entries whose keys are spread as hashes are.
func spread(n int) []Entry {
	rng := rand.New(rand.NewPCG(1, 1))
	out := make([]Entry, n)
	for i := range out {
		out[i] = Entry{rng.Uint64(), conversation.Day(i / 30_000)}
	}
	slices.SortFunc(out, Compare)
	return out
}

func BenchmarkFind(b *testing.B) {
	for _, n := range []int{1_000_000, 10_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := opened(b, written(b, spread(n)))
			rng := rand.New(rand.NewPCG(2, 2))
			keys := make([]uint64, 50_000)
			for i := range keys {
				keys[i] = rng.Uint64()
			}
			slices.Sort(keys)
			for b.Loop() {
				if err := r.Find(keys, func(int, conversation.Day) {}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMerge(b *testing.B) {
	all := spread(4_000_000)
	var runs []*Run
	for part := range slices.Chunk(all, len(all)) {
		for i := range 4 {
			var mine []Entry
			for k := i; k < len(part); k += 4 {
				mine = append(mine, part[k])
			}
			runs = append(runs, opened(b, written(b, mine)))
		}
	}
	for b.Loop() {
		if err := Merge(b.Context(), NewWriter(io.Discard), runs...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(all))*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
