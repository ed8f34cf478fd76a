// Package recordfile reads files that people keep records in: single records, NDJSON, pages of results; plain or compressed.
package recordfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// endings are the names of files that are looked into when a folder is given; a file that is named itself is always.
var endings = []string{".json", ".ndjson", ".jsonl"}

// File is a file with records.
type File struct {
	Path    string
	Size    int64 // bytes on disk
	ModTime time.Time
}

// Find finds the files with records at paths, folders with all that is below them, in order of name. A path that is
// not there is fault.NotFound, a folder without such files too.
func Find(paths []string) ([]File, error) {
	var files []File
	for _, root := range paths {
		before := len(files)
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path != root && !hasRecords(path) {
				return err
			}
			info, err := os.Stat(path)
			if err == nil && info.Mode().IsRegular() {
				files = append(files, File{path, info.Size(), info.ModTime()})
			}
			return err
		})
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fault.New(fault.NotFound, "there is no file or folder %s", root)
		}
		if err != nil {
			return nil, unreadable(root, err)
		}
		if len(files) == before {
			return nil, fault.New(fault.NotFound, "%s holds no files that end in %s (or these with .gz, .zst)", root, strings.Join(endings, ", "))
		}
	}
	return files, nil
}

func hasRecords(path string) bool {
	name := strings.ToLower(filepath.Base(path))
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	return slices.Contains(endings, filepath.Ext(name))
}

// Values hands every value of a file to each: records, one after another, in arrays, or in pages of results. What is
// no JSON, ends too early, or holds a value larger than the limit is fault.Corrupt. The end of ctx ends it, whatever
// breaks because of that.
func Values(ctx context.Context, f File, limits wire.Limits, each func(raw []byte) error) error {
	err := values(ctx, f, limits, each)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fault.Corrupt):
		return fault.Because(fault.Corrupt, err, "%s", f.Path)
	}
	return err
}

// unreadable says of a file or folder what to do.
func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR) {
		return fault.Because(fault.OfPath(err), err, "%s cannot be read; give another, or see who may read it", path)
	}
	return err
}

func values(ctx context.Context, f File, limits wire.Limits, each func(raw []byte) error) error {
	file, err := os.Open(f.Path)
	if err != nil {
		return unreadable(f.Path, err)
	}
	defer file.Close()
	r, done, err := decompress(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		return fault.Because(fault.Corrupt, err, "it cannot be decompressed")
	}
	defer done()
	text, err := utf8Of(interruptible{ctx, r})
	if err != nil {
		return fault.Because(fault.Invalid, err, "%s", f.Path)
	}
	return limits.Values(text, each)
}

// utf8Of passes over the mark that some programs put before a text in UTF-8, and refuses a text in another encoding of
// Unicode, which has a zero in one of its first two bytes. JSON is UTF-8: RFC 8259, section 8.1.
func utf8Of(r io.Reader) (io.Reader, error) {
	head := make([]byte, 3)
	n, _ := io.ReadFull(r, head) // what ends it comes again
	head = head[:n]
	marked := bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff"))
	if marked || n >= 2 && (head[0] == 0) != (head[1] == 0) {
		return nil, errUTF16
	}
	if string(head) == "\xef\xbb\xbf" {
		return r, nil
	}
	return io.MultiReader(bytes.NewReader(head), r), nil
}

var errUTF16 = errors.New("it is written in UTF-16 or UTF-32, and records are UTF-8; write it anew, as iconv -f UTF-16 -t UTF-8 does")

// interruptible ends a text when ctx ends: a value may be long, and a file may have none.
type interruptible struct {
	ctx context.Context //nolint:containedctx // it lives as long as one call
	r   io.Reader
}

func (i interruptible) Read(b []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(b)
}

// sound says of whatever ends the text before its end that the file is damaged.
type sound struct{ io.Reader }

func (s sound) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return n, err
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return n, fault.New(fault.Corrupt, "to decompress it takes more than %d MiB of memory; compress it again without zstd's --long or --ultra", maxWindow>>20)
	}
	return n, fault.Because(fault.Corrupt, err, "it is damaged or cut")
}

// maxWindow is how much of what was decompressed a file may ask to be kept in memory: zstd's own limit.
const maxWindow = 128 << 20

// decompress looks at the first bytes and not at the name.
func decompress(r *bufio.Reader) (io.Reader, func(), error) {
	head, _ := r.Peek(4)
	switch {
	case len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b:
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, nil, err
		}
		z.Multistream(false)
		return sound{&members{Reader: z, from: r}}, func() {}, nil
	case string(head) == "\x28\xb5\x2f\xfd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, nil, err
		}
		return sound{z}, z.Close, nil
	}
	return r, func() {}, nil
}

// members reads the members of a gzip file, one after the other. Zeros may follow the last one, as tapes and copies of
// whole blocks leave them: gzip passes over them too.
type members struct {
	*gzip.Reader

	from *bufio.Reader
	end  error // what came after a member, once it was no other
}

func (m *members) Read(b []byte) (n int, err error) {
	if m.end == nil {
		if n, err = m.Reader.Read(b); !errors.Is(err, io.EOF) {
			return n, err
		}
		m.end = m.next()
	}
	return n, m.end
}

// next goes on with the next member.
func (m *members) next() error {
	switch head, err := m.from.Peek(1); {
	case err != nil:
		return err
	case head[0] == 0:
		return zeros(m.from)
	}
	err := m.Reset(m.from)
	m.Multistream(false)
	return err
}

// zeros reads to the end, before which nothing but zeros may come.
func zeros(r *bufio.Reader) error {
	for {
		switch c, err := r.ReadByte(); {
		case err != nil:
			return err
		case c != 0:
			return gzip.ErrHeader
		}
	}
}
