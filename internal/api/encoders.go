package api

import (
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// coding is a content coding, by its name in headers.
type coding string

const (
	gzipCoding coding = "gzip"
	zstdCoding coding = "zstd"
)

// encoder compresses a body.
type encoder interface {
	io.WriteCloser
	Flush() error
	Reset(w io.Writer)
}

// encoders keeps encoders that are not in use: each takes a megabyte to make.
type encoders map[coding]*sync.Pool

// zstdWindow bounds what an encoder, and whoever decompresses, has to hold.
const zstdWindow = 1 << 20

func newEncoders() encoders {
	return encoders{
		gzipCoding: {New: func() any {
			w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for unknown levels only
			return encoder(w)
		}},
		zstdCoding: {New: func() any {
			w, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstdWindow))
			return encoder(w) // fails for impossible options only
		}},
	}
}

// take gives an encoder that writes to w.
func (e encoders) take(c coding, w io.Writer) encoder {
	enc := e[c].Get().(encoder)
	enc.Reset(w)
	return enc
}

// give takes an encoder back. It lets go of what it wrote to.
func (e encoders) give(c coding, enc encoder) {
	enc.Reset(nil)
	e[c].Put(enc)
}
