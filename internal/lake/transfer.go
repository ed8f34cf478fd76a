package lake

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
)

// Transferred is what Transfer did, or would do.
type Transferred struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Files  int64  `json:"files"`
	Bytes  int64  `json:"bytes"`
	Copied int64  `json:"files_copied"` // now; the others an earlier run had copied
	Moved  Moved  `json:"metadata"`
}

// TransferOptions say how a lake is copied to another place.
type TransferOptions struct {
	DryRun bool
	Owners []state.Schema           // of all who may have tables in the control database
	Done   func(files, bytes int64) // told of what is copied; may be nil
}

// copiesAtOnce is how many files are copied at the same time: a round trip to object storage costs as much as to read a megabyte.
const copiesAtOnce = 4

// Transfer copies a lake to another place, a folder or a bucket, and makes it whole there. Nobody may write to it meanwhile;
// reading goes on. Every file is read back and compared by its checksum. The last steps are that the old lake says where it has
// gone, so that nobody writes to it any more, and that the new one is marked as a lake. The old one stays as it is: who does not
// need it removes it.
//
// Stopped at any point, even killed, it leaves the old lake whole; run again, it copies what is not there yet and finishes.
func Transfer(ctx context.Context, from, to Address, o TransferOptions) (out Transferred, err error) {
	defer fault.Wrap(&err, "move the lake")
	out = Transferred{From: from.Name, To: to.Name}
	l, err := OpenAt(ctx, from)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if l.place.stale() {
		return out, l.notHome()
	}
	if err := l.mayGo(to); err != nil {
		return out, err
	}
	t := &transfer{from: l, to: to, o: o, out: &out}
	if o.DryRun {
		return out, t.count(ctx)
	}
	if l.db.ReadOnly() {
		return out, from.readOnly()
	}
	still, err := l.hold(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, still.Close()) }()
	t.lease = still.lease()
	return out, t.run(ctx)
}

// mayGo refuses places at which there would not be one whole lake afterwards. Who removes the old place must not remove the new one
// with it, and what has gone to one place may be written there, so that it cannot go to a second one.
func (l *Lake) mayGo(to Address) error {
	from := l.where
	switch {
	case from.Root == to.Root:
		return fault.New(fault.Invalid, "the lake is at %s already", to)
	case below(from.Root, to.Root) || below(to.Root, from.Root):
		return fault.New(fault.Invalid, "of %s and %s one is within the other, and removing the old lake would remove the new one, or mix them; give another place", from, to)
	case from.Control == to.Control:
		return fault.New(fault.Invalid, "the control database of %s would be that of %s; give another schema by --to-state", to, from)
	case l.movedTo != "" && l.movedTo != to.Name:
		return fault.New(fault.Conflict, "the lake %s was moved to %s, or is on its way there; move that one, or finish with --to %s", from, l.movedTo, l.movedTo)
	}
	return nil
}

// below says whether a place lies below a root.
func below(place, root string) bool {
	return strings.HasPrefix(place, strings.TrimSuffix(root, "/")+"/")
}

// transfer is one Transfer.
type transfer struct {
	from  *Lake
	lease store.Lock // of the writer of from
	to    Address
	o     TransferOptions
	out   *Transferred

	files, bytes, copied atomic.Int64
}

func (t *transfer) run(ctx context.Context) error {
	done, err := t.vacant(ctx)
	switch {
	case err != nil:
		return err
	case done:
		return t.to.arrived(ctx)
	}
	if err := t.to.prepare(ctx); err != nil {
		return err
	}
	if err := t.fill(ctx); err != nil {
		return err
	}
	return t.to.arrived(ctx)
}

// fill copies everything to the new place.
func (t *transfer) fill(ctx context.Context) (err error) {
	a, err := arrive(ctx, t.to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := t.copyFiles(ctx); err != nil {
		return err
	}
	crashpoint.Reach("transfer.copied")
	if err := t.copyControl(ctx, a.db); err != nil {
		return err
	}
	crashpoint.Reach("transfer.control")
	return t.settle(ctx, a)
}

// vacant says whether the lake is there already, whole. What an earlier run has copied is in the way of nobody; what is something
// else is fault.Invalid.
func (t *transfer) vacant(ctx context.Context) (done bool, err error) {
	m, err := readMarker(ctx, t.to)
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	id, err := t.from.ID(ctx)
	if err != nil {
		return false, err
	}
	mine, err := readMarker(ctx, t.from.where)
	switch {
	case err != nil:
		return false, err
	case m.ID == id && m.MovedTo == "" && mine.MovedTo == t.to.Name:
		return true, nil // an earlier run has done all
	case m.ID == id:
		return false, fault.New(fault.Conflict, "%s has an old copy of this lake; remove it first", t.to)
	}
	return false, fault.New(fault.Invalid, "%s is another lake; give another place", t.to)
}

// objects yields what belongs to a lake beside its control database. Locks are nothing, a server's folder is the server's, and the annex
// is of the moment.
func (l *Lake) objects(ctx context.Context) func(yield func(store.Info, error) bool) {
	return func(yield func(store.Info, error) bool) {
		for o, err := range l.Store().List(ctx, "") {
			if err == nil && !belongs(o.At) {
				continue
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
	}
}

// serverAt is where the folder of a server is in that of its lake, or the results of jobs, if servers share them.
const serverAt = "server"

func belongs(at store.Location) bool {
	top, _, within := strings.Cut(string(at), "/")
	if within {
		return top != string(pinsAt) && !beside(at)
	}
	return top != markerName && !strings.HasPrefix(top, ControlName) && !strings.HasSuffix(top, ".lock")
}

func (t *transfer) count(ctx context.Context) error {
	for o, err := range t.from.objects(ctx) {
		if err != nil {
			return err
		}
		t.out.Files++
		t.out.Bytes += o.Bytes
	}
	return nil
}

// copyFiles copies all files. Names are never given again, so that a file that is there is the same: it is compared all the same.
func (t *transfer) copyFiles(ctx context.Context) error {
	g, copying := errgroup.WithContext(ctx)
	g.SetLimit(copiesAtOnce)
	for o, err := range t.from.objects(copying) {
		if err != nil {
			return errors.Join(err, g.Wait())
		}
		g.Go(func() error { return t.copyFile(copying, o) })
	}
	err := g.Wait()
	t.out.Files, t.out.Bytes, t.out.Copied = t.files.Load(), t.bytes.Load(), t.copied.Load()
	return err
}

func (t *transfer) copyFile(ctx context.Context, o store.Info) error {
	want, err := t.sumOf(ctx, t.from.Store(), o.At)
	if err != nil {
		return fmt.Errorf("%s: %w", o.At, err)
	}
	if there, err := t.to.Store.Stat(ctx, o.At); err != nil && !errors.Is(err, fault.NotFound) {
		return err
	} else if err != nil || there.Bytes != o.Bytes {
		if err := t.put(ctx, o.At); err != nil {
			return fmt.Errorf("%s: %w", o.At, err)
		}
		t.copied.Add(1)
	}
	if got, err := t.sumOf(ctx, t.to.Store, o.At); err != nil || got != want {
		return errors.Join(err, fault.New(fault.Corrupt, "%s was copied and is not the same; run again, or remove what is there", o.At))
	}
	crashpoint.Reach("transfer.file")
	files, bytes := t.files.Add(1), t.bytes.Add(o.Bytes)
	if t.o.Done != nil {
		t.o.Done(files, bytes)
	}
	return nil
}

// put copies a file.
func (t *transfer) put(ctx context.Context, at store.Location) (err error) {
	from, err := t.from.Store().Open(ctx, at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := t.to.Store.Create(ctx, at, store.Replace)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if _, err := io.CopyBuffer(struct{ io.Writer }{to}, store.Reader(from), make([]byte, copyBytes)); err != nil {
		return err
	}
	return to.Commit()
}

// copyBytes is what of a file is in memory.
const copyBytes = 1 << 20

// sumOf is the checksum of a file, with its length.
func (t *transfer) sumOf(ctx context.Context, in store.Store, at store.Location) (sum [2]int64, err error) {
	from, err := in.Open(ctx, at)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	n, err := io.CopyBuffer(struct{ io.Writer }{h}, store.Reader(from), make([]byte, copyBytes))
	return [2]int64{n, int64(h.Sum32())}, err
}

// copyControl copies the control database, in place of what an earlier run has left.
func (t *transfer) copyControl(ctx context.Context, to *state.DB) error {
	id, err := t.from.ID(ctx)
	if err != nil {
		return err
	}
	_, err = carrier{from: t.from.under(t.lease), id: id, owners: t.o.Owners}.into(ctx, to)
	return err
}

// settle names the files anew in the copy, has the old lake say where it has gone, and marks the new one. Only then the copy of the control
// database has its name, and no mark: who kills the move before finds no lake there.
func (t *transfer) settle(ctx context.Context, a *arrival) error {
	l := &Lake{where: t.to, dir: t.to.dir, read: t.to.reading(), db: a.db, remembered: new(remembered)}
	if err := l.prepare(ctx); err != nil {
		return err
	}
	l = l.under(a.held.lease())
	m := &mover{lake: l, out: Moved{From: t.from.place.home(), To: homeOf(l.place.real)}, lists: map[string]string{}}
	m.before = func(ctx context.Context) error {
		crashpoint.Reach("transfer.switched")
		id, err := t.from.ID(ctx)
		if err != nil {
			return err
		}
		return t.from.mark(ctx, marker{Format: Format, Warehouse: t.from.place.named, ID: id, MovedTo: t.to.Name})
	}
	err := m.move(ctx)
	t.out.Moved = m.out
	return err
}
