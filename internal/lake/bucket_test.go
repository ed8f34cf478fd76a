package lake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/cached"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/internal/store/s3"
	"github.com/parley-hq/parley/internal/store/s3/s3test"
	"github.com/parley-hq/parley/test/unraced"
)

// serverVariable has the tests of a process make their lakes in buckets of a server, whose URL it is.
const serverVariable = "PARLEY_LAKETEST_SERVER"

func inBuckets() bool { return os.Getenv(serverVariable) != "" }

var server *s3test.Server

func TestMain(m *testing.M) {
	if onTheOther() || inBuckets() || os.Getenv("PARLEY_STEP")+os.Getenv("PARLEY_TEST_PIN") != "" { // a process that a test started
		os.Exit(m.Run())
	}
	var err error
	if server, err = s3test.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if postgres, err = postgrestest.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := postgres.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if server != nil {
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

// newBucket is the address of a lake in a bucket of its own, of which nothing is there yet.
func newBucket(t *testing.T) Address {
	t.Helper()
	at := os.Getenv(serverVariable)
	if at == "" {
		at = server.URL + "/" + server.Bucket(t)
	}
	slash := strings.LastIndexByte(at, '/')
	url, bucket := at[:slash], at[slash+1:]
	prefix := fmt.Sprintf("lakes/%d", time.Now().UnixNano())
	return bucketAt(t, url, bucket, prefix, t.TempDir())
}

func bucketAt(t *testing.T, url, bucket, prefix, state string) Address {
	t.Helper()
	files, err := s3.Open(t.Context(), s3.Config{Bucket: bucket, Prefix: prefix, Endpoint: url, Region: s3test.Region, Backoff: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	name := "s3://" + bucket + "/" + prefix
	return Address{
		Name: name, Root: name, Store: files, Control: filepath.Join(state, ControlName), Locks: folder.At(state),
		Cache: cached.Open(filepath.Join(state, "cache"), "one", files, 1<<30),
	}
}

func needServer(t *testing.T) {
	t.Helper()
	if inBuckets() {
		t.Skip("it is about buckets by itself")
	}
	if server == nil {
		t.Skip("no S3 server is installed; tools/setup s3 installs it")
	}
}

// Tests that ask nothing of the disk hold for lakes in buckets, in a process whose lakes are there.
func TestLakesInBuckets(t *testing.T) {
	unraced.Test(t)
	needServer(t)
	suite := []string{
		"TestMaintenanceChangesNoRow", "TestMaintenanceMakesNoDifference", "TestMaintenanceOfAnEmptyLake", "TestInterruptedMaintenance", "TestTagsKeepSnapshots",
		"TestCompanionsOfKeptSnapshotsStay", "TestReadersBesideExpiry", "TestUnsettledCommitIsSettledBeforeItExpires",
		"TestWhatIsForgottenIsInNoFile", "TestForgettingAll", "TestForgettingWhatIsBeingRead", "TestChangesAreReadInOrder", "TestKeysOfRecordsAreKept", "TestKeysOfACommitThatWasInterrupted", "TestATagKeepsWhatWasDerived",
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^("+strings.Join(suite, "|")+")$", "-test.count=1", "-test.v")
	child.Env = append(os.Environ(), serverVariable+"="+server.URL+"/"+server.Bucket(t))
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range suite {
		if !strings.Contains(string(out), "--- PASS: "+name+" ") {
			t.Errorf("%s was not run, or not in a bucket", name)
		}
	}
}

// What a lake in a folder holds, one in a bucket holds after it was moved there, and again one in a folder; whoever kills the move
// at any step, and runs it again. The lake that was left is not written any more.
func TestMovesBetweenFoldersAndBuckets(t *testing.T) {
	unraced.Test(t)
	needServer(t)
	l := newLake(t)
	rewritten(t, l, 0, 3)
	want := everyRow(t, l)
	home := l.where
	for i, to := range []Address{newBucket(t), inFolder(filepath.Join(t.TempDir(), "back"))} {
		if i == 0 {
			interrupted(t, home, to)
		}
		if out, err := Transfer(t.Context(), home, to, TransferOptions{Owners: Tables()}); err != nil {
			t.Fatalf("to %s: %v, %+v", to, err, out)
		}
		moved, err := OpenAt(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = moved.Close() })
		if got := everyRow(t, moved); !slices.Equal(got, want) {
			t.Errorf("%s has %d rows, want %d", to, len(got), len(want))
		}
		mustCheck(t, moved)
		old, err := OpenAt(t.Context(), home)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := old.Writer(t.Context()); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), to.Name) {
			t.Errorf("a writer of the old lake: %v", err)
		}
		if got := everyRow(t, old); !slices.Equal(got, want) {
			t.Errorf("the old lake has %d rows, want %d", len(got), len(want))
		}
		if err := old.Close(); err != nil {
			t.Error(err)
		}
		home = to
	}
	if _, err := l.Writer(t.Context()); !errors.Is(err, fault.Conflict) {
		t.Errorf("a writer that had the old lake open: %v", err)
	}
}

// Files of a lake that is being made are in nobody's way: who comes second is told of the first by its lease. Those of which the control
// database knows nothing are.
func TestVacantWhileALakeIsMade(t *testing.T) {
	needServer(t)
	a := newBucket(t).InControl(schemaFor(postgres.Database(t), "begun"))
	l, err := CreateAt(t.Context(), a)
	if err == nil {
		err = errors.Join(l.Close(), a.Store.Remove(t.Context(), markerName)) // it comes last
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Vacant(t.Context()); err != nil {
		t.Errorf("begun: %v", err)
	}
	other := a.InControl(schemaFor(postgres.Database(t), "other"))
	if err := other.Vacant(t.Context()); !errors.Is(err, fault.Invalid) {
		t.Errorf("of another control database: %v", err)
	}
}

// A lake goes to one place, and neither below itself nor around itself: whoever removes the old one must not remove the new one.
func TestPlacesALakeIsNotMovedTo(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "parent")
	home := inFolder(filepath.Join(parent, "home"))
	l, err := CreateAt(t.Context(), home)
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	refuses := func(to string, kind error, says string) {
		t.Helper()
		if _, err := Transfer(t.Context(), home, inFolder(to), TransferOptions{Owners: Tables()}); !errors.Is(err, kind) || !strings.Contains(err.Error(), says) {
			t.Errorf("to %s: %v", to, err)
		}
	}
	refuses(home.Root, fault.Invalid, "already")
	refuses(filepath.Join(home.Root, "child"), fault.Invalid, "within")
	refuses(parent, fault.Invalid, "within")
	first := filepath.Join(parent, "home2")
	if _, err := Transfer(t.Context(), home, inFolder(first), TransferOptions{Owners: Tables()}); err != nil {
		t.Fatal(err)
	}
	refuses(filepath.Join(parent, "home3"), fault.Conflict, first)
	if _, err := Transfer(t.Context(), home, inFolder(first), TransferOptions{Owners: Tables()}); err != nil {
		t.Errorf("finished once more: %v", err)
	}
}

// interrupted stops a move at each of its steps: while files are copied by its context, later as a kill would.
func interrupted(t *testing.T, from, to Address) {
	t.Helper()
	for _, step := range []string{"transfer.file", "transfer.copied", "transfer.control", "move.file", "move.written", "transfer.switched", "move.marked"} {
		ctx, cancel := context.WithCancel(t.Context())
		var reached atomic.Bool
		crashpoint.Watch(func(name string) {
			switch {
			case name != step || reached.Swap(true):
			case strings.HasPrefix(name, "transfer.file"):
				cancel()
			default:
				panic(step)
			}
		})
		err := broken(func() error {
			_, err := Transfer(ctx, from, to, TransferOptions{Owners: Tables()})
			return err
		})
		crashpoint.Watch(nil)
		cancel()
		if err == nil || !reached.Load() {
			t.Errorf("the move was to stop at %s: %v", step, err)
		}
	}
}

// broken runs what panics, or fails.
func broken(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("stopped at %v", p)
		}
	}()
	return do()
}

// A bucket in which something else lies becomes no lake, and neither does one with the control database of another lake.
func TestBucketsThatAreNoLake(t *testing.T) {
	needServer(t)
	a := newBucket(t)
	w, err := a.Store.Create(t.Context(), "of/somebody.txt", store.New)
	if err == nil {
		err = w.Commit()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CreateAt(t.Context(), a); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "somebody") {
		t.Errorf("made a lake where something is: %v", err)
	}
	if _, err := OpenAt(t.Context(), a); !errors.Is(err, fault.NotFound) {
		t.Errorf("opened what is no lake: %v", err)
	}
	one, other := newBucket(t), newBucket(t)
	for _, a := range []Address{one, other} {
		l, err := CreateAt(t.Context(), a)
		if err == nil {
			err = l.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	mixed := one
	mixed.Control, mixed.Locks = other.Control, other.Locks
	if _, err := OpenAt(t.Context(), mixed); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "--state") {
		t.Errorf("with the control database of another lake: %v", err)
	}
	again := one // the lake is removed, and another one made in its place
	again.Control = filepath.Join(t.TempDir(), ControlName)
	again.Locks = folder.At(filepath.Dir(again.Control))
	for o, err := range again.Store.List(t.Context(), "") {
		if err == nil {
			err = again.Store.Remove(t.Context(), o.At)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	l, err := CreateAt(t.Context(), again)
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAt(t.Context(), one); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "--state") {
		t.Errorf("with the control database of the lake that was there before: %v", err)
	}
	mixed.Control = filepath.Join(t.TempDir(), ControlName)
	if _, err := OpenAt(t.Context(), mixed); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "--state") {
		t.Errorf("without its control database: %v", err)
	}
}

// Uploads that nobody completes are found by a check, and given up by an upkeep once they are old enough.
func TestUploadsThatAreLeft(t *testing.T) {
	unraced.Test(t)
	needServer(t)
	l, err := CreateAt(t.Context(), newBucket(t))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w, err := l.Store().Create(t.Context(), data(tables.Segments).Join("day=2026-11-01", "x.parquet"), store.New)
	if err == nil {
		_, err = w.Write(make([]byte, 12<<20))
	}
	if err != nil { // it is neither published nor closed
		t.Fatal(err)
	}
	if report, err := Check(t.Context(), l, nil); err != nil || report.Unreferenced != 1 {
		t.Errorf("%v, %+v", err, report)
	}
	expire(t, l, ExpireOptions{Before: time.Now().Add(-time.Hour)})
	if report, err := Check(t.Context(), l, nil); err != nil || report.Unreferenced != 1 {
		t.Errorf("a young one: %v, %+v", err, report)
	}
	expire(t, l, ExpireOptions{Before: later()})
	if report, err := Check(t.Context(), l, nil); err != nil || report.Unreferenced != 0 {
		t.Errorf("an old one: %v, %+v", err, report)
	}
}

// What servers and a cluster write beside a lake is none of its own: a check does not count it, and an erasure, which has everything of today go,
// leaves it to those who write it now.
func TestUploadsBesideTheLake(t *testing.T) {
	unraced.Test(t)
	needServer(t)
	l, err := CreateAt(t.Context(), newBucket(t))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	annex := l.Annex()
	for _, at := range []store.Location{annex.At.Join("tables", "question_x", "data", "x.parquet"), "server/results/x"} {
		w, err := l.Store().Create(t.Context(), at, store.New)
		if err == nil {
			_, err = w.Write(make([]byte, 12<<20))
		}
		if err != nil {
			t.Fatal(err)
		}
		if report, err := Check(t.Context(), l, nil); err != nil || report.Unreferenced != 0 {
			t.Errorf("%s: %v, %+v", at, err, report)
		}
		expire(t, l, ExpireOptions{Before: later()})
		if err := w.Commit(); err != nil {
			t.Errorf("%s: %v", at, err)
		}
		if report, err := Check(t.Context(), l, nil); err != nil || report.Unreferenced != 0 {
			t.Errorf("%s: %v, %+v", at, err, report)
		}
	}
	n, bytes := 0, int64(0)
	for o, err := range l.objects(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if beside(o.At) {
			n++
			bytes += o.Bytes
		}
	}
	if n > 0 {
		t.Errorf("a move takes %d objects along, of %d bytes", n, bytes)
	}
}

// put says whether there is an object of that URL.
func put(url string) bool {
	at := os.Getenv(serverVariable)
	bucket, key, _ := strings.Cut(strings.TrimPrefix(url, bucketScheme), "/")
	files, err := s3.Open(context.Background(), s3.Config{Bucket: bucket, Endpoint: at[:strings.LastIndexByte(at, '/')], Region: s3test.Region})
	if err != nil {
		return false
	}
	_, err = files.Stat(context.Background(), store.Location(key))
	return err == nil
}

// holdingObjects lists the objects of a lake in which a text stands, the files beside its control database in which it does, and
// copies of what is not there any more.
func holdingObjects(t *testing.T, l *Lake, text string) (found []string) {
	t.Helper()
	there := map[string]bool{}
	for o, err := range l.Store().List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		there[l.where.Cache.Path(o.At)] = true
		from, err := l.Store().Open(t.Context(), o.At)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(store.Reader(from))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(text)) || bytes.Contains(unpacked(t, l, l.where.Root+"/"+string(o.At), content), []byte(text)) {
			found = append(found, string(o.At))
		}
	}
	err := filepath.WalkDir(filepath.Dir(l.where.Control), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.HasSuffix(path, ".parquet") && !there[path] || bytes.Contains(content, []byte(text)) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
