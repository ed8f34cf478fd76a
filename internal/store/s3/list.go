package s3

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// location is that of a key.
func (b *Bucket) location(key *string) store.Location {
	return store.Location(strings.TrimPrefix(aws.ToString(key), b.prefix))
}

// pages lists keys, some hundreds at a time. Of what lies below the next slash only the beginnings come, if there is a delimiter.
func (b *Bucket) pages(ctx context.Context, under store.Location, delimiter *string) iter.Seq2[*s3.ListObjectsV2Output, error] {
	return func(yield func(*s3.ListObjectsV2Output, error) bool) {
		prefix, err := b.below(under)
		if err != nil {
			yield(nil, err)
			return
		}
		pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.bucket, Prefix: prefix, Delimiter: delimiter})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err = b.kind(err); err == nil {
				err = below(page, *prefix)
			}
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// below says whether all that a page of a listing has is below the prefix that was asked for. What is listed may be removed: of a server
// or proxy that passes over the prefix that would be everybody's.
func below(page *s3.ListObjectsV2Output, prefix string) error {
	for _, o := range page.Contents {
		if !strings.HasPrefix(aws.ToString(o.Key), prefix) {
			return notAsked(o.Key, prefix)
		}
	}
	for _, p := range page.CommonPrefixes {
		if !strings.HasPrefix(aws.ToString(p.Prefix), prefix) {
			return notAsked(p.Prefix, prefix)
		}
	}
	return nil
}

func notAsked(key *string, prefix string) error {
	return fault.New(fault.Unavailable, "the object storage lists %q, where keys were asked for that begin with %q; is a proxy in between?", aws.ToString(key), prefix)
}

// List implements store.Store. Keys that are no locations are not ours: other programs mark folders by keys that end with a slash.
func (b *Bucket) List(ctx context.Context, under store.Location) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		for page, err := range b.pages(ctx, under, nil) {
			if err != nil {
				yield(store.Info{}, err)
				return
			}
			for _, o := range page.Contents {
				at := b.location(o.Key)
				if at.Check() == nil && !yield(store.Info{At: at, Bytes: aws.ToInt64(o.Size), Put: aws.ToTime(o.LastModified)}, nil) {
					return
				}
			}
		}
	}
}

// Folders implements store.Store.
func (b *Bucket) Folders(ctx context.Context, under store.Location) iter.Seq2[store.Location, error] {
	return func(yield func(store.Location, error) bool) {
		for page, err := range b.pages(ctx, under, aws.String("/")) {
			if err != nil {
				yield("", err)
				return
			}
			for _, p := range page.CommonPrefixes {
				at := store.Location(strings.TrimSuffix(string(b.location(p.Prefix)), "/"))
				if at.Check() == nil && !yield(at, nil) {
					return
				}
			}
		}
	}
}

// Clear implements store.Store. A page of a listing is as many as a request removes.
func (b *Bucket) Clear(ctx context.Context, under store.Location) error {
	if under == "" {
		return fault.New(fault.Invalid, "a store cannot be cleared as a whole")
	}
	for page, err := range b.pages(ctx, under, nil) {
		if err != nil {
			return err
		}
		if err := b.removeAll(ctx, page.Contents); err != nil {
			return err
		}
	}
	return b.abandoned(ctx, under, func(store.Location) bool { return true })
}

func (b *Bucket) removeAll(ctx context.Context, objects []types.Object) error {
	if len(objects) == 0 {
		return nil
	}
	ids := make([]types.ObjectIdentifier, len(objects))
	for i, o := range objects {
		ids[i].Key = o.Key
	}
	done, err := b.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b.bucket, Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)}})
	if err != nil {
		return b.kind(err)
	}
	for _, e := range done.Errors {
		return fault.New(fault.Unavailable, "%d of %d objects could not be removed: %s", len(done.Errors), len(objects), aws.ToString(e.Code))
	}
	return nil
}

// Sweep implements store.Store.
func (b *Bucket) Sweep(ctx context.Context, under store.Location, of func(store.Location) bool) error {
	return b.abandoned(ctx, under, func(at store.Location) bool { return at.Folder() == under && of(at) })
}

// abandoned gives up uploads under a location, at any depth.
func (b *Bucket) abandoned(ctx context.Context, under store.Location, of func(store.Location) bool) error {
	return b.GiveUp(ctx, under, func(o store.Info) bool { return of(o.At) })
}

// GiveUp implements store.Uploading.
func (b *Bucket) GiveUp(ctx context.Context, under store.Location, of func(store.Info) bool) error {
	for u, err := range b.uploads(ctx, under) {
		if err != nil {
			return err
		}
		if !of(b.begun(u)) {
			continue
		}
		if err := b.abort(ctx, u.Key, u.UploadId); err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
	}
	return nil
}

// Uploads implements store.Uploading.
func (b *Bucket) Uploads(ctx context.Context, under store.Location) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		for u, err := range b.uploads(ctx, under) {
			if !yield(b.begun(u), err) || err != nil {
				return
			}
		}
	}
}

// begun is what is known of an upload.
func (b *Bucket) begun(u types.MultipartUpload) store.Info {
	return store.Info{At: b.location(u.Key), Put: aws.ToTime(u.Initiated)}
}

func (b *Bucket) uploads(ctx context.Context, under store.Location) iter.Seq2[types.MultipartUpload, error] {
	return func(yield func(types.MultipartUpload, error) bool) {
		prefix, err := b.below(under)
		if err != nil {
			yield(types.MultipartUpload{}, err)
			return
		}
		pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: &b.bucket, Prefix: prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(types.MultipartUpload{}, b.kind(err))
				return
			}
			for _, u := range page.Uploads {
				if !strings.HasPrefix(aws.ToString(u.Key), *prefix) {
					yield(types.MultipartUpload{}, notAsked(u.Key, *prefix))
					return
				}
				if !yield(u, nil) {
					return
				}
			}
		}
	}
}

// abort gives up an upload. One that is not there any more is fault.NotFound.
func (b *Bucket) abort(ctx context.Context, key, upload *string) error {
	_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.bucket, Key: key, UploadId: upload})
	return b.kind(err)
}
