// Package storetest is the suite that every store passes.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// Implementation is a store that is tested.
type Implementation struct {
	New  func(t *testing.T) (place string) // makes an empty place for objects
	Open func(place string) store.Store    // in another process too
	Left func(place string) []string       // what a place holds besides its objects: leftovers of writers
	Held int                               // bytes that a writer may hold before anything of it is in the place
}

// Run holds a store to its contract. It belongs at the top of a test: it starts that test again in a process that is
// killed.
func Run(t *testing.T, impl Implementation) {
	if doomed() {
		write(t, impl)
		return
	}
	for name, test := range map[string]func(*testing.T, Implementation){
		"whole":           whole,
		"given up":        givenUp,
		"cancelled":       cancelled,
		"new":             newAlone,
		"replaced":        replaced,
		"two at once":     twoAtOnce,
		"replaced, read":  replacedWhileRead,
		"ranges":          ranges,
		"odd names":       oddNames,
		"bad locations":   badLocations,
		"listed":          listed,
		"listed, written": listedWhileWritten,
		"folders":         folders,
		"removed":         removed,
		"cleared":         cleared,
		"swept":           swept,
		"prepared":        prepared,
		"large":           large,
		"killed":          killed,
	} {
		t.Run(name, func(t *testing.T) { test(t, impl) })
	}
}

// place is a store with what its implementation knows of it.
type place struct {
	store.Store

	t    *testing.T
	left func() []string
	held int
}

func open(t *testing.T, impl Implementation) place {
	t.Helper()
	at := impl.New(t)
	return place{impl.Open(at), t, func() []string { return impl.Left(at) }, impl.Held}
}

// begun begins an object of which something is in the place.
func (p place) begun(at store.Location, how store.How) store.Writer {
	p.t.Helper()
	w := p.create(p.t.Context(), at, how)
	_, err := io.WriteString(w, noise(p.held, 4))
	if err := errors.Join(err, w.Finish()); err != nil {
		p.t.Fatal(err)
	}
	return w
}

// create begins an object.
func (p place) create(ctx context.Context, at store.Location, how store.How) store.Writer {
	p.t.Helper()
	w, err := p.Create(ctx, at, how)
	if err != nil {
		p.t.Fatalf("create %q: %v", at, err)
	}
	return w
}

// put puts an object whole.
func (p place) put(at store.Location, how store.How, content string) {
	p.t.Helper()
	w := p.create(p.t.Context(), at, how)
	_, err := io.WriteString(w, content)
	if err := errors.Join(err, w.Commit(), w.Close()); err != nil {
		p.t.Fatalf("put %q: %v", at, err)
	}
}

// get reads an object whole.
func (p place) get(at store.Location) (string, error) {
	o, err := p.Open(p.t.Context(), at)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(store.Reader(o))
	if int64(len(content)) != o.Size() {
		p.t.Errorf("%q has %d bytes, and says that it has %d", at, len(content), o.Size())
	}
	return string(content), errors.Join(err, o.Close())
}

// want asserts that an object is there with this content.
func (p place) want(at store.Location, content string) {
	p.t.Helper()
	got, err := p.get(at)
	if err != nil || got != content {
		p.t.Errorf("%q holds %d bytes, %v, want %d others", at, len(got), err, len(content))
	}
	if info, err := p.Stat(p.t.Context(), at); err != nil || info.At != at || info.Bytes != int64(len(content)) || info.Put.IsZero() {
		p.t.Errorf("%q: %+v, %v", at, info, err)
	}
}

// absent asserts that there is no object.
func (p place) absent(at store.Location) {
	p.t.Helper()
	if _, err := p.Open(p.t.Context(), at); !errors.Is(err, fault.NotFound) {
		p.t.Errorf("open %q: %v", at, err)
	}
	if _, err := p.Stat(p.t.Context(), at); !errors.Is(err, fault.NotFound) {
		p.t.Errorf("stat %q: %v", at, err)
	}
}

// names lists what is under a location, in order.
func (p place) names(under store.Location) (names []store.Location) {
	p.t.Helper()
	for info, err := range p.List(p.t.Context(), under) {
		if err != nil {
			p.t.Fatal(err)
		}
		names = append(names, info.At)
	}
	slices.Sort(names)
	return names
}

// wantNames asserts that these are the objects, and that writers have left nothing beside them.
func (p place) wantNames(want ...store.Location) {
	p.t.Helper()
	if got := p.names(""); !slices.Equal(got, want) {
		p.t.Errorf("there are %q, want %q", got, want)
	}
	if left := p.left(); len(left) > 0 {
		p.t.Errorf("left: %q", left)
	}
}

// noise is content that no two calls share.
func noise(n int, seed uint64) string {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	content, err := io.ReadAll(io.LimitReader(rand.NewChaCha8(key), int64(n)))
	if err != nil {
		panic(err) // it has no end
	}
	return string(content)
}

// An object is there when it is published and not before, whole.
func whole(t *testing.T, impl Implementation) {
	p := open(t, impl)
	const at = "some/folder/object"
	content := noise(300_000, 1)
	w := p.create(t.Context(), at, store.New)
	for piece := range slices.Chunk([]byte(content), 70_001) {
		if n, err := w.Write(piece); n != len(piece) || err != nil {
			t.Fatalf("wrote %d of %d bytes, %v", n, len(piece), err)
		}
		p.absent(at)
	}
	if err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	p.absent(at)
	if got := p.names(""); len(got) > 0 {
		t.Errorf("listed before it is published: %q", got)
	}
	if err := w.Publish(); err != nil {
		t.Fatal(err)
	}
	p.want(at, content)
	if err := errors.Join(p.Sync(t.Context(), "some/folder"), w.Close(), w.Close()); err != nil {
		t.Error(err)
	}
	p.put("empty", store.New, "")
	p.want("empty", "")
	p.want(at, content)
	p.wantNames("empty", at)
	if _, err := w.Write([]byte("more")); err == nil {
		t.Error("more was written to an object that is there")
	}
	p.want(at, content)
}

// steps are those of a writer, in order.
var steps = []struct {
	name string
	do   func(store.Writer) error
}{
	{"write", func(w store.Writer) error {
		_, err := io.WriteString(w, noise(100_000, 3))
		return err
	}},
	{"write again", func(w store.Writer) error {
		_, err := io.WriteString(w, "the end")
		return err
	}},
	{"finish", store.Writer.Finish},
	{"publish", store.Writer.Publish},
	{"commit", store.Writer.Commit},
}

// content is what steps have written.
func content() string { return noise(100_000, 3) + "the end" }

// published is how many steps it takes until there is an object.
const published = 4

// Whoever gives up before an object is published leaves nothing, and the object that was to be replaced as it was.
func givenUp(t *testing.T, impl Implementation) {
	for n := range published {
		for how, was := range map[store.How][]store.Location{store.New: nil, store.Replace: {"folder/object"}} {
			p := open(t, impl)
			for _, at := range was {
				p.put(at, store.New, "old")
			}
			w := p.create(t.Context(), "folder/object", how)
			for _, step := range steps[:n] {
				if err := step.do(w); err != nil {
					t.Fatalf("%s: %v", step.name, err)
				}
			}
			if err := errors.Join(w.Close(), w.Close()); err != nil {
				t.Errorf("given up after %d steps: %v", n, err)
			}
			if err := w.Publish(); err == nil {
				t.Error("published after it was given up")
			}
			p.wantNames(was...)
			for _, at := range was {
				p.want(at, "old")
			}
		}
	}
}

// A writer whose context ends publishes nothing.
func cancelled(t *testing.T, impl Implementation) {
	p := open(t, impl)
	for n := range published {
		ctx, cancel := context.WithCancel(t.Context())
		w := p.create(ctx, "folder/object", store.New)
		for i, step := range steps[:published] {
			if i == n {
				cancel()
			}
			if err := step.do(w); (i >= n) != errors.Is(err, context.Canceled) {
				t.Errorf("cancelled before step %d, %s: %v", n, step.name, err)
			}
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		p.wantNames()
		cancel()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if w, err := p.Create(ctx, "object", store.New); !errors.Is(err, context.Canceled) {
		t.Errorf("created %v, %v", w, err)
	}
}

// A new object takes nobody's place.
func newAlone(t *testing.T, impl Implementation) {
	p := open(t, impl)
	p.put("object", store.New, "first")
	w := p.create(t.Context(), "object", store.New)
	_, err := io.WriteString(w, "second")
	if err := errors.Join(err, w.Commit()); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	p.want("object", "first")
	p.wantNames("object")
}

// An object takes the place of another, and who reads that reads on.
func replaced(t *testing.T, impl Implementation) {
	p := open(t, impl)
	p.put("object", store.Replace, "first")
	o, err := p.Open(t.Context(), "object")
	if err != nil {
		t.Fatal(err)
	}
	p.put("object", store.Replace, "second, and longer")
	got, err := io.ReadAll(store.Reader(o))
	if err := errors.Join(err, o.Close()); err != nil || string(got) != "first" {
		t.Errorf("got %q, %v", got, err)
	}
	p.want("object", "second, and longer")
	p.wantNames("object")
}

// Ranges end where the object ends.
func ranges(t *testing.T, impl Implementation) {
	p := open(t, impl)
	content := []byte(noise(100_000, 2))
	size := len(content)
	p.put("object", store.New, string(content))
	o, err := p.Open(t.Context(), "object")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for _, c := range []struct{ from, length, want int }{
		{0, 0, 0},
		{0, 1, 1},
		{0, size, size},
		{0, size + 1, size},
		{1, size - 1, size - 1},
		{1, size, size - 1},
		{size / 2, 100, 100},
		{size - 1, 1, 1},
		{size - 1, 2, 1},
		{size, 1, 0},
		{size + 1, 1, 0},
		{10 * size, 10, 0},
	} {
		buf := bytes.Repeat([]byte{'x'}, c.length+1)
		n, err := o.ReadAt(buf[:c.length], int64(c.from))
		if n != c.want || c.want == c.length && err != nil && !errors.Is(err, io.EOF) || c.want < c.length && !errors.Is(err, io.EOF) {
			t.Errorf("%d bytes from %d: %d, %v, want %d", c.length, c.from, n, err, c.want)
		}
		if c.want > 0 && !bytes.Equal(buf[:c.want], content[c.from:c.from+c.want]) || buf[c.length] != 'x' {
			t.Errorf("%d bytes from %d are others", c.length, c.from)
		}
	}
	if n, err := o.ReadAt(make([]byte, 1), -1); n > 0 || err == nil || errors.Is(err, io.EOF) {
		t.Errorf("before the beginning: %d, %v", n, err)
	}
}
