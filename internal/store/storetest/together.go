package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// Of several who put a new object at once one does, and the others are told so and leave nothing.
func twoAtOnce(t *testing.T, impl Implementation) {
	at := impl.New(t)
	for round := range 20 {
		object := store.Location(fmt.Sprintf("round %d/object", round))
		const writers = 5
		errs := make([]error, writers)
		var all sync.WaitGroup
		begin := make(chan struct{})
		for i := range writers {
			all.Go(func() {
				s := impl.Open(at) // each with a store of its own, as processes have
				w, err := s.Create(t.Context(), object, store.New)
				if err != nil {
					errs[i] = err
					return
				}
				defer w.Close()
				_, err = io.WriteString(w, noise(10_000, uint64(i)))
				<-begin
				errs[i] = errors.Join(err, w.Commit())
			})
		}
		close(begin)
		all.Wait()
		p := place{impl.Open(at), t, func() []string { return impl.Left(at) }, impl.Held}
		won := 0
		for i, err := range errs {
			if err == nil {
				won++
				p.want(object, noise(10_000, uint64(i)))
			} else if !errors.Is(err, fault.Conflict) {
				t.Errorf("a writer failed: %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d writers put a new object at one location", won)
		}
		if left := p.left(); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	}
}

// Whoever reads an object while it is replaced reads an old or a new one, whole.
func replacedWhileRead(t *testing.T, impl Implementation) {
	p := open(t, impl)
	contents := []string{noise(50_000, 7), noise(80_000, 8)}
	p.put("object", store.New, contents[0])
	end := meanwhile(t, func(ctx context.Context, i int) error {
		w, err := p.Create(ctx, "object", store.Replace)
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, contents[i%2])
		return errors.Join(err, w.Publish(), w.Close())
	})
	for range 200 {
		if got, err := p.get("object"); err != nil || got != contents[0] && got != contents[1] {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
	end()
	p.wantNames("object")
}

// meanwhile does something over and over on another goroutine until end is called. It stops with its first failure, which
// end tells of.
func meanwhile(t *testing.T, do func(ctx context.Context, i int) error) (end func()) {
	t.Helper()
	stop, ended := make(chan struct{}), make(chan error, 1)
	ctx := context.WithoutCancel(t.Context())
	go func() {
		var err error
		for i := 0; err == nil; i++ {
			select {
			case <-stop:
				ended <- nil
				return
			default:
				err = do(ctx, i)
			}
		}
		ended <- err
	}()
	return func() {
		t.Helper()
		close(stop)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// An object of any size is written and read with little memory.
func large(t *testing.T, impl Implementation) {
	p := open(t, impl)
	const pieces, most = 128, 48 << 20
	piece := []byte(noise(1<<20, 9))
	memory := func() int64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	runtime.GC()
	before := memory()
	look := func(what string) {
		if now := memory(); now-before > most {
			t.Fatalf("%s takes %d MiB", what, (now-before)>>20)
		}
	}
	w := p.create(t.Context(), "large", store.New)
	for i := range pieces {
		piece[0] = byte(i)
		if _, err := w.Write(piece); err != nil {
			t.Fatal(err)
		}
		look("writing")
	}
	if err := errors.Join(w.Commit(), w.Close()); err != nil {
		t.Fatal(err)
	}
	o, err := p.Open(t.Context(), "large")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if o.Size() != pieces<<20 {
		t.Errorf("it has %d bytes", o.Size())
	}
	got, r := make([]byte, 1<<20), store.Reader(o)
	for i := range pieces {
		piece[0] = byte(i)
		if _, err := io.ReadFull(r, got); err != nil || string(got) != string(piece) {
			t.Fatalf("piece %d: %v", i, err)
		}
		look("reading")
	}
}

// The environment of a process that is to be killed.
const (
	placeVariable = "PARLEY_STORETEST_PLACE"
	stepVariable  = "PARLEY_STORETEST_STEP"
)

// doomed says whether this process is to be killed.
func doomed() bool { return os.Getenv(placeVariable) != "" }

// write writes an object up to a step, says so, and waits to be killed.
func write(t *testing.T, impl Implementation) {
	p := place{impl.Open(os.Getenv(placeVariable)), t, nil, impl.Held}
	upTo, err := strconv.Atoi(os.Getenv(stepVariable))
	if err != nil {
		t.Fatal(err)
	}
	w := p.create(t.Context(), "folder/object", store.New)
	for _, step := range steps[:upTo] {
		if err := step.do(w); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println("\nwaiting")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// A process that is killed has put its object whole or not at all, and what it leaves can be swept away.
func killed(t *testing.T, impl Implementation) {
	test, _, _ := strings.Cut(t.Name(), "/")
	for n := range len(steps) + 1 {
		at := impl.New(t)
		p := place{impl.Open(at), t, func() []string { return impl.Left(at) }, impl.Held}
		p.put("folder/other", store.New, "other")
		child := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.count=1")
		child.Env = append(os.Environ(), placeVariable+"="+at, stepVariable+"="+strconv.Itoa(n))
		kill(t, child, func() {})
		want := []store.Location{"folder/other"}
		if n < published {
			p.absent("folder/object")
		} else {
			p.want("folder/object", content())
			want = []store.Location{"folder/object", "folder/other"}
		}
		if err := p.Sweep(t.Context(), "folder", func(store.Location) bool { return true }); err != nil {
			t.Error(err)
		}
		p.wantNames(want...)
		if n < published {
			p.put("folder/object", store.New, "again")
		}
	}
}

// kill starts a process, does something while it waits, and kills it.
func kill(t *testing.T, child *exec.Cmd, meanwhile func()) {
	t.Helper()
	in, err := child.StdinPipe() // open for as long as it lives
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	lines, waiting := bufio.NewScanner(out), false
	for !waiting && lines.Scan() {
		said = append(said, lines.Text())
		waiting = lines.Text() == "waiting"
	}
	meanwhile()
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	if !waiting {
		t.Fatalf("it did not come so far: %q", said)
	}
}
