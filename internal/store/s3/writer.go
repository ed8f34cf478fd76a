package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// A part has at least 5 MiB, but for the last, and an upload at most 10,000 parts: so parts grow, and an object may have 187 GB.
const (
	firstPart = 5 << 20
	growEvery = 2_500
)

// closing is how long giving up an upload may take.
const closing = 30 * time.Second

// tokenKey is the member of an object's metadata that says which writer wrote it.
const tokenKey = "parley-writer"

// writer writes an object. A step that fails leaves err, with which every later one fails. One part is on its way while the next is
// filled: it holds two, which take turns.
type writer struct {
	ctx    context.Context //nolint:containedctx // that of Create, which ends every step
	bucket *Bucket
	at     store.Location
	how    store.How
	token  string

	content []byte  // that was not sent
	spare   []byte  // to be filled next
	upload  *string // nil before there is more than a part
	parts   []types.CompletedPart
	sent    chan error // of the part that is on its way; nil if none is

	finished  bool
	published bool
	err       error
}

// errEnded says that a writer is used after its end.
var errEnded = errors.New("the object was written to its end, or given up")

// Create implements store.Store.
func (b *Bucket) Create(ctx context.Context, at store.Location, how store.How) (store.Writer, error) {
	if err := errors.Join(at.Check(), ctx.Err()); err != nil {
		return nil, err
	}
	return &writer{ctx: ctx, bucket: b, at: at, how: how, token: rand.Text()}, nil
}

// step does something, unless something has failed before or the context has ended.
func (w *writer) step(do func() error) error {
	if w.err == nil {
		w.err = w.ctx.Err()
	}
	if w.err == nil {
		w.err = do()
	}
	return w.err
}

// Write implements store.Writer.
func (w *writer) Write(p []byte) (n int, err error) {
	if w.finished {
		return 0, errEnded
	}
	for n < len(p) {
		if err := w.step(w.makeRoom); err != nil {
			return n, err
		}
		piece := p[n:min(n+w.partSize()-len(w.content), len(p))]
		w.content = append(w.content, piece...)
		n += len(piece)
	}
	return n, nil
}

// makeRoom sends a part that is full.
func (w *writer) makeRoom() error {
	if len(w.content) < w.partSize() {
		return nil
	}
	return w.send()
}

func (w *writer) partSize() int { return firstPart << (len(w.parts) / growEvery) }

// send puts what was written on its way as a part.
func (w *writer) send() error {
	if w.upload == nil {
		if err := w.begin(); err != nil {
			return err
		}
	}
	if err := w.arrived(); err != nil {
		return err
	}
	number := int32(len(w.parts) + 1)
	w.parts = append(w.parts, types.CompletedPart{PartNumber: &number})
	part, to, sent := w.content, &w.parts[len(w.parts)-1], make(chan error, 1)
	w.content, w.spare, w.sent = slices.Grow(w.spare[:0], w.partSize()), part, sent
	go func() { sent <- w.put(part, to) }()
	return nil
}

func (w *writer) begin() error {
	begun, err := w.bucket.client.CreateMultipartUpload(w.ctx, &s3.CreateMultipartUploadInput{
		Bucket: &w.bucket.bucket, Key: w.bucket.key(w.at), Metadata: map[string]string{tokenKey: w.token}, ChecksumAlgorithm: w.bucket.sum,
	})
	if err == nil {
		w.upload = begun.UploadId
	}
	return w.bucket.kind(err)
}

func (w *writer) put(part []byte, to *types.CompletedPart) error {
	done, err := w.bucket.client.UploadPart(w.ctx, &s3.UploadPartInput{
		Bucket: &w.bucket.bucket, Key: w.bucket.key(w.at), UploadId: w.upload, PartNumber: to.PartNumber, Body: bytes.NewReader(part),
	})
	if err != nil {
		return w.bucket.kind(err)
	}
	to.ETag, to.ChecksumCRC32 = done.ETag, done.ChecksumCRC32
	return nil
}

// arrived waits for the part that is on its way.
func (w *writer) arrived() error {
	if w.sent == nil {
		return nil
	}
	err := <-w.sent
	w.sent = nil
	return err
}

// Finish implements store.Writer. Of an object of less than a part nothing is sent before it is published.
func (w *writer) Finish() error {
	if w.finished {
		return w.err
	}
	err := w.step(func() error {
		if w.upload == nil {
			return nil
		}
		if len(w.content) > 0 {
			if err := w.send(); err != nil {
				return err
			}
		}
		return w.arrived()
	})
	w.finished = err == nil
	return err
}

// Publish implements store.Writer.
func (w *writer) Publish() error {
	if w.published {
		return errEnded
	}
	if err := w.Finish(); err != nil {
		return err
	}
	err := w.step(func() error { return w.ours(w.complete()) })
	w.published = err == nil
	return err
}

// complete makes it an object, by the one request that does so.
func (w *writer) complete() error {
	var alone *string
	if w.how == store.New {
		alone = aws.String("*")
	}
	if w.upload == nil {
		_, err := w.bucket.client.PutObject(w.ctx, &s3.PutObjectInput{
			Bucket: &w.bucket.bucket, Key: w.bucket.key(w.at), Body: bytes.NewReader(w.content), IfNoneMatch: alone,
			Metadata: map[string]string{tokenKey: w.token},
		})
		return w.bucket.kind(err)
	}
	_, err := w.bucket.client.CompleteMultipartUpload(w.ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &w.bucket.bucket, Key: w.bucket.key(w.at), UploadId: w.upload, IfNoneMatch: alone,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: w.parts},
	})
	if err != nil {
		return w.bucket.kind(err)
	}
	return w.landed()
}

// landed asks whose object is there. An upload that somebody has given up is taken for completed by some servers, if they have another
// object by its name.
func (w *writer) landed() error {
	head, err := w.bucket.head(w.ctx, w.at)
	if err == nil && head.Metadata[tokenKey] != w.token {
		err = fault.New(fault.Conflict, "another object is there")
	}
	return err
}

// ours looks who wrote the object that is there when publishing failed: a request may have been served whose answer was lost, and
// sent again it meets the object that it made.
func (w *writer) ours(err error) error {
	if err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), closing)
	defer cancel()
	if head, failed := w.bucket.head(ctx, w.at); failed == nil && head.Metadata[tokenKey] == w.token {
		return nil
	}
	return err
}

// Commit implements store.Writer.
func (w *writer) Commit() error {
	if w.published {
		return w.err
	}
	return w.Publish()
}

// Close implements store.Writer.
func (w *writer) Close() error {
	_ = w.arrived() // what comes of a part that is given up is nobody's concern
	upload := w.upload
	w.upload, w.content, w.spare = nil, nil, nil
	w.finished = true
	if w.err == nil && !w.published {
		w.err = errEnded
	}
	if upload == nil || w.published {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), closing)
	defer cancel()
	if err := w.bucket.abort(ctx, w.bucket.key(w.at), upload); err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	return nil
}
