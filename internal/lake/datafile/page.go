package datafile

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/thrift/lib/go/thrift"
)

// encodedPage is a column page as it lies in a file, header and all.
type encodedPage struct {
	bytes        []byte
	uncompressed int64 // size of it before compression, header and all
	values       int64 // levels, nulls among them
	encoding     parquet.Encoding
	stats        metadata.EncodedStatistics
}

// pageHeader is what is needed of the format's PageHeader, whose fields have these numbers.
type pageHeader struct {
	size                     int64 // of the header
	compressed, uncompressed int64 // sizes of what follows it
	values                   int64
	encoding                 parquet.Encoding
}

const (
	headerUncompressed = 2
	headerCompressed   = 3
	headerDataPage     = 5
	headerDictionary   = 7
	headerValues       = 1 // of both
	headerEncoding     = 2 // of both
)

// readPageHeader reads the header at the beginning of a page. The library keeps its own reader of headers to itself.
func readPageHeader(page []byte) (h pageHeader, err error) {
	left := bytes.NewBuffer(page)
	p := thrift.NewTCompactProtocolConf(&thrift.TMemoryBuffer{Buffer: left}, nil)
	known := 0
	err = eachField(p, func(id int16) (bool, error) {
		switch id {
		case headerUncompressed:
			known++
			return true, readInt(p, &h.uncompressed)
		case headerCompressed:
			known++
			return true, readInt(p, &h.compressed)
		case headerDataPage, headerDictionary:
			known++
			return true, readContents(p, &h)
		}
		return false, nil
	})
	h.size = int64(len(page) - left.Len())
	if err == nil && known < 3 {
		err = errors.New("a page has a header of another kind")
	}
	return h, err
}

func readContents(p thrift.TProtocol, h *pageHeader) error {
	return eachField(p, func(id int16) (bool, error) {
		switch id {
		case headerValues:
			return true, readInt(p, &h.values)
		case headerEncoding:
			var e int64
			err := readInt(p, &e)
			h.encoding = parquet.Encoding(e)
			return true, err
		}
		return false, nil
	})
}

// nothing is what the library of Thrift waits for where there is nothing to wait for: the page lies in memory.
func nothing() context.Context { return context.Background() } //nolint:forbidigo // so nobody's context matters

// eachField calls read with the number of every field of a structure; what it does not read is skipped.
func eachField(p thrift.TProtocol, read func(id int16) (bool, error)) error {
	ctx := nothing()
	if _, err := p.ReadStructBegin(ctx); err != nil {
		return err
	}
	for {
		_, typ, id, err := p.ReadFieldBegin(ctx)
		if err != nil {
			return err
		}
		if typ == thrift.STOP {
			return p.ReadStructEnd(ctx)
		}
		done, err := read(id)
		if err == nil && !done {
			err = p.Skip(ctx, typ)
		}
		if err != nil {
			return err
		}
	}
}

func readInt(p thrift.TProtocol, to *int64) error {
	n, err := p.ReadI32(nothing())
	*to = int64(n)
	return err
}

// pageOf takes a page of a file for what it is, and makes sure that it is one.
func pageOf(page []byte) (encodedPage, error) {
	h, err := readPageHeader(page)
	if err == nil && h.size+h.compressed != int64(len(page)) {
		err = fmt.Errorf("a page has %d bytes and should have %d", len(page), h.size+h.compressed)
	}
	return encodedPage{bytes: page, uncompressed: h.size + h.uncompressed, values: h.values, encoding: h.encoding}, err
}

// pageCatcher takes the place of a file for the library's column writers: it keeps the pages that they encode.
type pageCatcher struct {
	file.PageWriter // which writes to memory

	memory     catcherMemory
	dictionary *encodedPage
	pages      []encodedPage
	first      []int64 // row of the writer with which each page begins
}

type catcherMemory struct{ bytes.Buffer }

// Tell is how much was written.
func (m *catcherMemory) Tell() int64 { return int64(m.Len()) }

func newPageCatcher(meta *metadata.ColumnChunkMetaDataBuilder, props *parquet.WriterProperties) (*pageCatcher, error) {
	c, path := new(pageCatcher), meta.Descr().Path()
	var err error
	c.PageWriter, err = file.NewPageWriter(&c.memory, props.CompressionFor(path), props.CompressionLevelFor(path), meta, 0, 0, props.Allocator(), false, nil, nil)
	if err == nil {
		// With an index the statistics of pages stand there and not in their headers.
		c.SetIndexBuilders(metadata.NewColumnIndexBuilder(meta.Descr()), nil)
	}
	return c, err
}

// WriteDataPage implements file.PageWriter.
func (c *pageCatcher) WriteDataPage(page file.DataPage) (int64, error) {
	p, err := c.catch(func() (int64, error) { return c.PageWriter.WriteDataPage(page) })
	p.stats = page.Statistics()
	c.pages, c.first = append(c.pages, p), append(c.first, page.FirstRowIndex())
	return int64(len(p.bytes)), err
}

// WriteDictionaryPage implements file.PageWriter.
func (c *pageCatcher) WriteDictionaryPage(page *file.DictionaryPage) (int64, error) {
	p, err := c.catch(func() (int64, error) { return c.PageWriter.WriteDictionaryPage(page) })
	c.dictionary = &p
	return int64(len(p.bytes)), err
}

// catch has a page written, and keeps it.
func (c *pageCatcher) catch(write func() (int64, error)) (encodedPage, error) {
	c.memory.Reset()
	if _, err := write(); err != nil {
		return encodedPage{}, err
	}
	return pageOf(bytes.Clone(c.memory.Bytes()))
}

// Close implements file.PageWriter. What the library would write is for a chunk without pages of others.
func (c *pageCatcher) Close(bool, bool) error { return nil }
