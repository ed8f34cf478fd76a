package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// How much is read at once, bytes. The first is read when an object is opened, so that a small one takes one request and is read
// on whatever becomes of it. Who reads on where he ended gets twice as much each time.
const (
	firstRange = 256 << 10
	mostRange  = 2 << 20
)

// object is an object that is open. Of a larger one no more than a range is held.
type object struct {
	bucket *Bucket
	ctx    context.Context //nolint:containedctx // an io.ReaderAt has no other way to be told of it
	key    *string
	etag   *string
	size   int64

	mu   sync.Mutex
	from int64
	held []byte // from there
	next int64  // bytes that are read at once if reading goes on
	free []byte // room for what is held next
}

// Open implements store.Store. An object that is replaced while it is read is read on if it was small, else reading fails: old and
// new are never mixed.
func (b *Bucket) Open(ctx context.Context, at store.Location) (store.Object, error) {
	if err := at.Check(); err != nil {
		return nil, err
	}
	o := &object{bucket: b, ctx: context.WithoutCancel(ctx), key: b.key(at), next: firstRange}
	if err := o.open(ctx); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *object) open(ctx context.Context) error {
	got, err := o.get(ctx, 0, firstRange)
	if isEmpty(err) {
		return nil
	}
	if err != nil {
		return o.bucket.kind(err)
	}
	defer got.Body.Close()
	o.etag, o.size = got.ETag, aws.ToInt64(got.ContentLength)
	if got.ContentRange != nil {
		_, whole, _ := strings.Cut(*got.ContentRange, "/")
		if o.size, err = strconv.ParseInt(whole, 10, 64); err != nil {
			return fault.Because(fault.Unavailable, err, "the object storage does not say how long an object is")
		}
	}
	o.held = make([]byte, min(o.size, firstRange))
	if _, err := io.ReadFull(got.Body, o.held); err != nil {
		return fault.Because(fault.Unavailable, err, "the object storage sent less than an object")
	}
	return nil
}

// isEmpty says whether a range was refused because the object has not a byte.
func isEmpty(err error) bool {
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && answer.HTTPStatusCode() == http.StatusRequestedRangeNotSatisfiable
}

// get asks for a range of the object that was opened.
func (o *object) get(ctx context.Context, from, length int64) (*s3.GetObjectOutput, error) {
	return o.bucket.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &o.bucket.bucket, Key: o.key, IfMatch: o.etag, Range: aws.String(fmt.Sprintf("bytes=%d-%d", from, from+length-1)),
	})
}

// Size implements store.Object.
func (o *object) Size() int64 { return o.size }

// Close implements store.Object. There is nothing to give back.
func (o *object) Close() error { return nil }

// ReadAt implements io.ReaderAt.
func (o *object) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fault.New(fault.Invalid, "reading from before the beginning of an object")
	}
	if off >= o.size {
		return 0, io.EOF
	}
	wanted := p[:min(int64(len(p)), o.size-off)]
	if len(wanted) < len(p) {
		err = io.EOF
	}
	if o.fromHeld(wanted, off) {
		return len(wanted), err
	}
	if len(wanted) >= mostRange {
		n, failed := o.read(wanted, off)
		if failed != nil {
			return n, failed
		}
		return n, err
	}
	if failed := o.ahead(wanted, off); failed != nil {
		return 0, failed
	}
	return len(wanted), err
}

// fromHeld copies what is held, if that is all that is wanted.
func (o *object) fromHeld(p []byte, off int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := off - o.from
	if at < 0 || at+int64(len(p)) > int64(len(o.held)) {
		return false
	}
	copy(p, o.held[at:])
	return true
}

// ahead reads what is wanted and what comes behind it, and holds that. A look elsewhere gets no more than it wants, or a small range.
func (o *object) ahead(p []byte, off int64) error {
	got := o.room(len(p), off)
	if _, err := o.read(got, off); err != nil {
		return err
	}
	copy(p, got)
	if o.size <= firstRange { // it is held whole
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.from, o.held, o.free = off, got, o.held
	return nil
}

// room is what is to be filled from there, of at least so many bytes unless the object ends before.
func (o *object) room(least int, off int64) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	length := int64(firstRange)
	if off >= o.from && off <= o.from+int64(len(o.held)) {
		o.next = min(2*o.next, mostRange)
		length = o.next
	}
	room := o.free
	o.free = nil
	return slices.Grow(room[:0], mostRange)[:min(max(length, int64(least)), o.size-off)]
}

// read fills p.
func (o *object) read(p []byte, off int64) (int, error) {
	got, err := o.get(o.ctx, off, int64(len(p)))
	if err != nil {
		err = o.bucket.kind(err)
		if errors.Is(err, fault.Conflict) {
			return 0, fault.Because(fault.NotFound, err, "the object was replaced while it was read")
		}
		return 0, err
	}
	defer got.Body.Close()
	n, err := io.ReadFull(got.Body, p)
	if err != nil {
		return n, fault.Because(fault.Unavailable, err, "the object storage broke off in an object")
	}
	return n, nil
}
