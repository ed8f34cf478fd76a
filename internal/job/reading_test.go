package job

import (
	"errors"
	"io"
	"os"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store/folder/foldertest"
)

// leaving is a client that leaves after some writes.
type leaving struct{ after int }

var errLeft = errors.New("the client has left")

func (l *leaving) Write(b []byte) (int, error) {
	if l.after--; l.after < 0 {
		return 0, errLeft
	}
	return len(b), nil
}

// Whenever a client leaves, the page says that it was not sent whole, and goes no further.
func TestAClientThatLeavesIsNoticed(t *testing.T) {
	m, id := fulfilled(t, someRecords(3*blockRecords), 0)
	cursor := m.seal.seal(entry{id: id, owner: me}, 5) // a part of a block, a whole one, and a part again
	for name, send := range map[string]func(*Page, io.Writer) error{"plain": (*Page).Stream, "zstd": (*Page).StreamZstd} {
		writes := 0
		for after, left := 0, true; left; after++ {
			p, err := m.Results(t.Context(), me, id, cursor, 2*blockRecords)
			if err != nil {
				t.Fatal(err)
			}
			client := &leaving{after: after}
			err = send(p, client)
			if left = client.after < 0; left != errors.Is(err, errLeft) || client.after < -1 {
				t.Errorf("%s, left after %d writes: got %v, and %d writes more", name, after, err, -client.after-1)
			}
			writes = after
			p.Close()
		}
		if writes != 7 { // head, three blocks, two commas between them, tail
			t.Errorf("%s: got %d writes, want 7", name, writes)
		}
	}
}

// A file that is cut off while a page of it is open is noticed, however the page is sent.
func TestAFileThatIsCutOffMeanwhile(t *testing.T) {
	m, id := fulfilled(t, someRecords(2*blockRecords), 0)
	good, err := os.ReadFile(resultsPath(m, id))
	if err != nil {
		t.Fatal(err)
	}
	cursor := m.seal.seal(entry{id: id, owner: me}, blockRecords) // the second of two blocks
	for _, size := range []int64{0, 4, int64(len(good)) / 4, int64(len(good)) / 4 * 3} {
		for _, most := range []int{10, 3 * blockRecords} {
			for name, send := range map[string]func(*Page, io.Writer) error{"plain": (*Page).Stream, "zstd": (*Page).StreamZstd} {
				if err := os.WriteFile(resultsPath(m, id), good, 0o600); err != nil {
					t.Fatal(err)
				}
				p, err := m.Results(t.Context(), me, id, cursor, most)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.Truncate(resultsPath(m, id), size); err != nil {
					t.Fatal(err)
				}
				if err := send(p, io.Discard); !errors.Is(err, fault.Corrupt) && !errors.Is(err, io.EOF) {
					t.Errorf("%s, %d records, cut to %d bytes: got %v", name, most, size, err)
				}
				p.Close()
			}
		}
	}
}

// Whatever becomes of a job or a page, its files are given back.
func TestFilesAreGivenBack(t *testing.T) {
	foldertest.Uncollected(t)
	m, id := fulfilled(t, someRecords(3), 0)
	read(t, m, id, "", 2)
	for _, views := range []*fakeViews{{panics: true}, {err: errors.New("broken")}, {closing: errors.New("broken")}} {
		m.cfg.Views[org] = views
		other := submit(t, m, 0)
		run(t, m, take(t, m))
		wantState(t, m, other, Failed)
	}
	if err := os.WriteFile(resultsPath(m, id), []byte("damage"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := m.Results(t.Context(), me, id, "", 1)
	wantKind(t, err, fault.Corrupt)
	if open := foldertest.Open(t, m.dir()); len(open) > 0 {
		t.Errorf("open: %q", open)
	}
}

// A cursor behind the end, as of a job that found fewer when it was answered again, gives an empty page, which is the last.
func TestACursorBehindTheEnd(t *testing.T) {
	m, id := fulfilled(t, someRecords(3), 0)
	for _, place := range []int64{3, 4, 1000} {
		text, got, next := read(t, m, id, m.seal.seal(entry{id: id, owner: me}, place), 2)
		if len(got) != 0 || next != "" || unpacked(t, m, id, m.seal.seal(entry{id: id, owner: me}, place), 2) != text {
			t.Errorf("from %d: got %s", place, text)
		}
	}
}
