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
	"github.com/parley-hq/parley/internal/wait"
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
	return o.again(ctx, func() error { return o.first(ctx) })
}

// first reads the first range, and with it how long the object is.
func (o *object) first(ctx context.Context) error {
	o.etag = nil // of an attempt that broke off
	got, err := o.get(ctx, 0, firstRange)
	if isEmpty(err) {
		return nil
	}
	if err != nil {
		return o.bucket.kind(err)
	}
	defer got.Body.Close()
	if o.size, err = sizeOf(got); err != nil {
		return err
	}
	if o.etag = got.ETag; o.etag == nil && o.size > firstRange {
		return fault.New(fault.Unavailable, "the object storage does not say which version of an object it sends")
	}
	o.held = make([]byte, min(o.size, firstRange))
	return fill(o.held, got.Body)
}

// sizeOf is how long an object is whose beginning is in an answer. Where the whole was sent, whatever was asked for, it is all of it.
func sizeOf(got *s3.GetObjectOutput) (int64, error) {
	if got.ContentRange != nil {
		from, size, err := rangeOf(got)
		if err == nil && from != 0 {
			err = otherRange(got)
		}
		return size, err
	}
	if got.ContentLength == nil || *got.ContentLength < 0 {
		return 0, fault.New(fault.Unavailable, "the object storage does not say how long an object is")
	}
	return *got.ContentLength, nil
}

// rangeOf is where an answer begins in its object, and how long that is: "bytes 0-99/1234".
func rangeOf(got *s3.GetObjectOutput) (from, size int64, err error) {
	said := aws.ToString(got.ContentRange)
	place, whole, _ := strings.Cut(strings.TrimPrefix(said, "bytes "), "/")
	begin, _, _ := strings.Cut(place, "-")
	from, failed := strconv.ParseInt(begin, 10, 64)
	size, unknown := strconv.ParseInt(whole, 10, 64)
	if failed != nil || unknown != nil || from < 0 || size < from {
		err = fault.New(fault.Unavailable, "the object storage does not say how long an object is, or which part of it was sent: Content-Range is %q", said)
	}
	return from, size, err
}

func otherRange(got *s3.GetObjectOutput) error {
	return fault.New(fault.Unavailable, "the object storage sent another part of an object than the one that was asked for: Content-Range is %q; "+
		"is a proxy in between that does not know ranges?", aws.ToString(got.ContentRange))
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
func (o *object) read(p []byte, off int64) (n int, err error) {
	err = o.again(o.ctx, func() error { return o.readOnce(p, off) })
	if err == nil {
		n = len(p)
	}
	return n, err
}

// readOnce asks for a range and reads it. An answer that is of another range or version is none.
func (o *object) readOnce(p []byte, off int64) error {
	got, err := o.get(o.ctx, off, int64(len(p)))
	if err != nil {
		err = o.bucket.kind(err)
		if errors.Is(err, fault.Conflict) {
			return replaced(err)
		}
		return err
	}
	defer got.Body.Close()
	from, size, err := rangeOf(got)
	switch {
	case err != nil:
		return err
	case from != off || size != o.size:
		return otherRange(got)
	case aws.ToString(got.ETag) != aws.ToString(o.etag):
		return replaced(nil)
	}
	return fill(p, got.Body)
}

func replaced(err error) error {
	return fault.Because(fault.NotFound, err, "the object was replaced while it was read")
}

// errBroken says that an answer ended before its time: asked again, it may be whole.
var errBroken = errors.New("the answer ended early")

// fill reads the body of an answer.
func fill(p []byte, body io.Reader) error {
	if _, err := io.ReadFull(body, p); err != nil {
		return fault.Because(fault.Unavailable, errors.Join(errBroken, err), "the object storage broke off in an object")
	}
	return nil
}

// again does what reads an answer, and does it again while answers break off. Requests that fail are sent again by the SDK, which
// knows nothing of the body of an answer.
func (o *object) again(ctx context.Context, do func() error) error {
	for tried := 1; ; tried++ {
		err := do()
		if !errors.Is(err, errBroken) || tried == attempts || ctx.Err() != nil {
			return err
		}
		pause, failed := o.bucket.retryer.RetryDelay(tried, err)
		if failed != nil || wait.For(ctx, pause) != nil {
			return err
		}
	}
}
