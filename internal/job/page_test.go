package job

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// fulfilled gives a manager with one job that has the given results. Nothing runs.
func fulfilled(t testing.TB, records []string, limit int) (*Manager, ID) {
	t.Helper()
	m := newManager(t, &fakeViews{records: records}, nil)
	id := submit(t, m, limit)
	run(t, m, take(t, m))
	return m, id
}

func stream(t testing.TB, p *Page) string {
	t.Helper()
	var out strings.Builder
	if err := p.Stream(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// read gives the text of one page, and what a client finds in it.
func read(t testing.TB, m *Manager, id ID, cursor string, size int) (text string, records []string, next string) {
	t.Helper()
	p, err := m.Results(t.Context(), me, id, cursor, size)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	text = stream(t, p)
	page, err := wire.ReadPage(strings.NewReader(text), func(raw []byte) error {
		records = append(records, string(raw))
		return nil
	})
	if err != nil {
		t.Fatalf("page from %q: %v", cursor, err)
	}
	if want := time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC); !page.DataAvailabilityDate.Equal(want) {
		t.Errorf("dataAvailabilityDate: got %v, want %v", page.DataAvailabilityDate, want)
	}
	return text, records, page.Cursor
}

func TestPageAsTextOnTheWire(t *testing.T) {
	m, id := fulfilled(t, []string{`{"a":1.0}`, `{"b":"ü"}`}, 0)
	first, _, cursor := read(t, m, id, "", 1)
	if want := `{"conversations":[{"a":1.0}],"cursor":"` + cursor + `","dataAvailabilityDate":"1999-12-31T00:00:00.000Z"}`; first != want {
		t.Errorf("first page:\n got %s\nwant %s", first, want)
	}
	last, _, _ := read(t, m, id, cursor, 1)
	if want := `{"conversations":[{"b":"ü"}],"dataAvailabilityDate":"1999-12-31T00:00:00.000Z"}`; last != want {
		t.Errorf("last page:\n got %s\nwant %s", last, want)
	}
	m, id = fulfilled(t, nil, 0)
	empty, _, _ := read(t, m, id, "", 1)
	if want := `{"conversations":[],"dataAvailabilityDate":"1999-12-31T00:00:00.000Z"}`; empty != want {
		t.Errorf("no results:\n got %s\nwant %s", empty, want)
	}
}

func TestPagesOfAnySizeGiveTheSameRecords(t *testing.T) {
	unraced.Test(t)
	records := someRecords(2*blockRecords + 70)
	m, id := fulfilled(t, records, 0)
	whole := strings.Join(records, "\n")
	for _, size := range []int{1, 2, 3, 7, 100, 255, 256, 257, 511, 512, 513, 581, 582, 583, 10_000} {
		var got []string
		seen := map[string]bool{}
		for cursor, more := "", true; more; {
			text, page, next := read(t, m, id, cursor, size)
			if again, _, _ := read(t, m, id, cursor, size); again != text {
				t.Fatalf("size %d: asking for a page again gives another page", size)
			}
			if len(page) != size && next != "" || seen[next] {
				t.Fatalf("size %d: a page of %d records before the last, or a cursor for the second time", size, len(page))
			}
			got, seen[next] = append(got, page...), true
			cursor, more = next, next != ""
		}
		if strings.Join(got, "\n") != whole {
			t.Errorf("size %d: got %d records, want %d, each once and in order", size, len(got), len(records))
		}
	}
}

// Compressed, a page is the same page, whether its blocks are copied or cut.
func TestPagesForClientsThatTakeZstd(t *testing.T) {
	m, id := fulfilled(t, someRecords(2*blockRecords+70), 0)
	for _, size := range []int{1, 100, blockRecords - 1, blockRecords, blockRecords + 1, 2*blockRecords + 69, 10_000} {
		for cursor, more := "", true; more; {
			text, _, next := read(t, m, id, cursor, size)
			if got := unpacked(t, m, id, cursor, size); got != text {
				t.Fatalf("size %d: the compressed page is another one", size)
			}
			cursor, more = next, next != "" && size > 1
		}
	}
	m, id = fulfilled(t, nil, 0)
	if got, want := unpacked(t, m, id, "", 1), `{"conversations":[],"dataAvailabilityDate":"1999-12-31T00:00:00.000Z"}`; got != want {
		t.Errorf("no results: got %s, want %s", got, want)
	}
}

func unpacked(t *testing.T, m *Manager, id ID, cursor string, size int) string {
	t.Helper()
	p, err := m.Results(t.Context(), me, id, cursor, size)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var packed bytes.Buffer
	if err := p.StreamZstd(&packed); err != nil {
		t.Fatal(err)
	}
	text, err := m.zstd.DecodeAll(packed.Bytes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCutAnywhereAndReadOnInOtherPages(t *testing.T) {
	unraced.Test(t)
	records := someRecords(blockRecords + 30)
	m, id := fulfilled(t, records, 0)
	for cut := 1; cut < len(records); cut++ {
		_, got, saved := read(t, m, id, "", cut)
		_, rest, end := read(t, m, id, saved, len(records))
		if got = append(got, rest...); strings.Join(got, "\n") != strings.Join(records, "\n") || end != "" {
			t.Errorf("cut after record %d: got %d records, cursor %q", cut, len(got), end)
		}
	}
}

func TestLimitOfTheJob(t *testing.T) {
	m, id := fulfilled(t, someRecords(10), 4)
	if _, got, next := read(t, m, id, "", 100); len(got) != 4 || next != "" {
		t.Errorf("got %d records and cursor %q, want 4 and none", len(got), next)
	}
}

func TestResultsStayAsTheyWereWhenTheJobRan(t *testing.T) {
	m, id := fulfilled(t, someRecords(10), 0)
	m.cfg.Views[org].(*fakeViews).set(someRecords(20))
	if _, got, _ := read(t, m, id, "", 100); len(got) != 10 {
		t.Errorf("got %d records, want the 10 of the moment the job ran", len(got))
	}
}

func TestLargeRecordsFillABlockEach(t *testing.T) {
	records := make([]string, 5)
	for i := range records {
		records[i] = fmt.Sprintf(`{"n":%d,"text":"%s"}`, i, strings.Repeat("x", blockBytes))
	}
	m, id := fulfilled(t, records, 0)
	r, err := m.files.open(t.Context(), m.find1(t, id), m.zstd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.close() })
	if len(r.blocks) != 5 {
		t.Errorf("blocks: got %d, want 5", len(r.blocks))
	}
	_, got, _ := read(t, m, id, "", 3)
	if strings.Join(got, "") != strings.Join(records[:3], "") {
		t.Error("large records come back changed")
	}
}

func TestPageSizeMustBePositive(t *testing.T) {
	m, id := fulfilled(t, someRecords(10), 0)
	for _, size := range []int{0, -1} {
		_, err := m.Results(t.Context(), me, id, "", size)
		wantKind(t, err, fault.Invalid)
	}
	if _, got, _ := read(t, m, id, "", int(^uint(0)>>1)); len(got) != 10 {
		t.Errorf("got %d records, want 10", len(got))
	}
}

// Whatever happens to a stored file, a reader gets the results or an error, and never something else.
func TestADamagedFileIsNeverServed(t *testing.T) {
	unraced.Test(t)
	m, id := fulfilled(t, someRecords(blockRecords+5), 0)
	path := resultsPath(m, id)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole, _, _ := read(t, m, id, "", 1000)
	try := func(name string, bytes []byte) {
		if err := os.WriteFile(path, bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := m.Results(t.Context(), me, id, "", 1000)
		if err == nil {
			var out strings.Builder
			if err = p.Stream(&out); err == nil && out.String() == whole {
				err = fault.Corrupt // a bit that means nothing
			}
			p.Close()
		}
		if !errors.Is(err, fault.Corrupt) {
			t.Errorf("%s: got %v, want fault.Corrupt", name, err)
		}
	}
	for i := range good {
		flipped := bytes.Clone(good)
		flipped[i] ^= 0x41
		try(fmt.Sprintf("byte %d changed", i), flipped)
		try(fmt.Sprintf("cut to %d bytes", i), good[:i])
	}
}

func BenchmarkStreamAPage(b *testing.B) {
	records := make([]string, 10_000)
	for i := range records {
		records[i] = fmt.Sprintf(`{"conversationId":"c-%d","text":"%s"}`, i, strings.Repeat("abcdefgh", 500))
	}
	m, id := fulfilled(b, records, 0)
	b.SetBytes(int64(len(records) * len(records[0])))
	for b.Loop() {
		p, err := m.Results(b.Context(), me, id, "", 10_000)
		if err != nil {
			b.Fatal(err)
		}
		if err := p.Stream(nowhere{}); err != nil {
			b.Fatal(err)
		}
		p.Close()
	}
}

type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
