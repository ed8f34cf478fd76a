package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/wire"
)

const (
	pageSize   = 10_000 // the largest of the platform
	atOnce     = 50     // clients that page at once
	pagesOfOne = 4      // that each of them reads
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// jobPage is a page of the results, as the first reading found it. The same place always has the same cursor.
type jobPage struct {
	path  string
	bytes int64
	sum   uint32
	next  string // its cursor
}

func pagePath(job, cursor string, size int) string {
	values := url.Values{"pageSize": {strconv.Itoa(size)}}
	if cursor != "" {
		values.Set("cursor", cursor)
	}
	return jobsPath + "/" + job + "/results?" + values.Encode()
}

// paging measures how fast the pages of a job come: to one client in each coding, and to many at once.
func (b *bench) paging(s *served, job jobSize) error {
	pages, err := s.check(b.ctx, job)
	if err != nil {
		return err
	}
	some := pages
	if b.quick {
		some = pages[:min(len(pages), 20)]
	}
	err = b.watched(s, func() error {
		for _, c := range []string{"identity", "zstd", "gzip"} {
			if err := b.pageAlone(s, some, c); err != nil {
				return fmt.Errorf("pages as %s: %w", c, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return b.watched(s, func() error { return b.pageTogether(s, job.ID, pages) })
}

// check reads all results once, by their cursors, and makes sure that they are complete JSON.
func (s *served) check(ctx context.Context, job jobSize) (pages []jobPage, err error) {
	records, cursor := int64(0), ""
	for {
		p := jobPage{path: pagePath(job.ID, cursor, pageSize)}
		_, err := s.take(ctx, p.path, "identity", func(body io.Reader) error {
			counted := &tally{}
			head, err := wire.ReadPage(io.TeeReader(body, counted), func([]byte) error { records++; return nil })
			p.bytes, p.sum, p.next = counted.bytes, counted.sum, head.Cursor
			return err
		})
		if err != nil {
			return nil, err
		}
		pages = append(pages, p)
		if cursor = p.next; cursor == "" {
			return pages, same(records, job.Records, nil)
		}
	}
}

// take reads a page, and says how long its first byte was on its way.
func (s *served) take(ctx context.Context, path, coding string, read func(io.Reader) error) (first time.Duration, err error) {
	begun := time.Now()
	resp, err := s.send(ctx, http.MethodGet, path, http.Header{"Accept-Encoding": {coding}}, "")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if got := resp.Header.Get("Content-Encoding"); resp.StatusCode != http.StatusOK || got != coding && coding != "identity" {
		return 0, fmt.Errorf("%s, Content-Encoding %q", resp.Status, got)
	}
	body := &stopwatch{r: resp.Body, begun: begun}
	err = read(body)
	return body.first, err
}

// stopwatch notes when the first byte comes.
type stopwatch struct {
	r     io.Reader
	begun time.Time
	first time.Duration
}

func (s *stopwatch) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if n > 0 && s.first == 0 {
		s.first = time.Since(s.begun)
	}
	return n, err
}

// tally counts bytes and adds up their checksum, and keeps the end of them.
type tally struct {
	bytes int64
	sum   uint32
	end   []byte
}

func (t *tally) Write(b []byte) (int, error) {
	t.bytes += int64(len(b))
	t.sum = crc32.Update(t.sum, castagnoli, b)
	const enough = 256 // for cursor and date
	t.end = append(t.end, b[max(0, len(b)-enough):]...)
	t.end = t.end[max(0, len(t.end)-enough):]
	return len(b), nil
}

// cursor is that of the page that was written; empty on the last.
func (t *tally) cursor() string {
	_, rest, _ := bytes.Cut(t.end, []byte(`],"cursor":"`))
	cursor, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(cursor)
}

// pageAlone has one client take the pages as they come: bytes are thrown away, not decompressed, because that is the
// client's own affair and it has the same cores.
func (b *bench) pageAlone(s *served, pages []jobPage, coding string) error {
	var firsts []time.Duration
	size, sent := int64(0), int64(0)
	took, err := s.spends(func() error {
		for _, p := range pages {
			first, err := s.take(b.ctx, p.path, coding, func(body io.Reader) error {
				n, err := io.Copy(io.Discard, body)
				sent += n
				return err
			})
			if err != nil {
				return err
			}
			firsts, size = append(firsts, first), size+p.bytes
		}
		return nil
	})
	if err != nil {
		return err
	}
	if coding == "identity" && sent != size {
		return fmt.Errorf("%d bytes came, not %d", sent, size)
	}
	b.addSpeed(fmt.Sprintf("%d pages of 10,000 as %s, %d MB sent", len(pages), coding, sent/1e6), size, took, 200)
	half, last := percentiles(firsts)
	b.add(firstByte, halfAndLast(half, last), "goal p99 100 ms", times(0.1, last.Seconds()))
	return nil
}

func (b *bench) addSpeed(what string, size int64, took spent, goal float64) {
	against, ratio := "", ""
	if goal > 0 {
		against, ratio = fmt.Sprintf("goal %.0f MB/s", goal), times(float64(size)/1e6/took.wall.Seconds(), goal)
	}
	b.add(what, fmt.Sprintf("%s of JSON, %s a core", megabytes(size, took.wall), megabytes(size, took.cpu)), against, ratio)
}

const firstByte = "  first byte of a page"

func halfAndLast(half, last time.Duration) string {
	return fmt.Sprintf("p50 %s, p99 %s", milliseconds(half), milliseconds(last))
}

// percentiles gives the median and the 99th percentile.
func percentiles(d []time.Duration) (half, last time.Duration) {
	if len(d) == 0 {
		return 0, 0
	}
	slices.Sort(d)
	return d[len(d)/2], d[len(d)*99/100]
}

// pageTogether has many clients walk by the cursors that they find, each through a part of the results, and compares
// every byte with the first reading.
func (b *bench) pageTogether(s *served, job string, pages []jobPage) error {
	firsts := make([][]time.Duration, atOnce)
	var size, failed atomic.Int64
	took, err := s.spends(func() error {
		group, ctx := errgroup.WithContext(b.ctx)
		for n := range atOnce {
			group.Go(func() (err error) {
				w := walker{s: s, job: job, pages: pages, at: n * len(pages) / atOnce}
				if err = w.walk(ctx, pagesOfOne); err != nil {
					failed.Add(1)
					fmt.Printf("bench: client %d: %v\n", n, err)
				}
				firsts[n] = w.firsts
				size.Add(w.size)
				return ctx.Err()
			})
		}
		return group.Wait()
	})
	if err != nil {
		return err
	}
	all := slices.Concat(firsts...)
	b.addSpeed(fmt.Sprintf("%d clients at once, %d pages, %d clients failed", atOnce, len(all), failed.Load()), size.Load(), took, 0)
	b.add(firstByte, halfAndLast(percentiles(all)), "", "")
	if n := failed.Load(); n > 0 {
		return fmt.Errorf("%d of %d clients that paged at once failed", n, atOnce)
	}
	return nil
}

// walker is a client that pages.
type walker struct {
	s      *served
	job    string
	pages  []jobPage
	at     int // number of the next page
	firsts []time.Duration
	size   int64
}

// walk reads so many pages; after the last one of the results it starts from the first.
func (w *walker) walk(ctx context.Context, n int) error {
	path := w.pages[w.at].path
	for range n {
		t, want := &tally{}, w.pages[w.at]
		first, err := w.s.take(ctx, path, "identity", func(body io.Reader) error {
			_, err := io.Copy(t, body)
			return err
		})
		if err != nil {
			return err
		}
		if t.bytes != want.bytes || t.sum != want.sum || t.cursor() != want.next {
			return fmt.Errorf("page %d is not what it was: %d bytes, then %d", w.at, want.bytes, t.bytes)
		}
		w.firsts, w.size = append(w.firsts, first), w.size+t.bytes
		w.at = (w.at + 1) % len(w.pages)
		path = pagePath(w.job, t.cursor(), pageSize)
	}
	return nil
}
