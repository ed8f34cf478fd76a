// Package s3 is the store in a bucket of object storage that speaks the protocol of Amazon S3. A location is a key below a prefix.
//
// An object of less than a part is put by one request, a larger one by a multipart upload, of which nothing is seen before it is
// completed. That an object takes nobody's place is the server's business: If-None-Match. What a killed writer leaves is an
// upload that nobody completes.
//
// Credentials come by the usual chain of the SDK: the environment, shared files, the machine's role. They are no setting here.
package s3

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// Config says where objects are.
type Config struct {
	Bucket    string
	Prefix    string // of every key, without slashes at its ends; empty: the whole bucket
	Endpoint  string // URL of the server; empty: as the SDK finds it, which is Amazon's if nothing else is said
	Region    string // empty: as the SDK finds it
	PathStyle bool   // the bucket is named in the path of a URL and not in its host, as most servers but Amazon's want it
	HostStyle bool   // the bucket is named in the host, also of a server that is not Amazon's; without either, it is in Amazon's only

	Backoff time.Duration // the longest wait before a request that failed is tried again; 0: 20 s
	Silence time.Duration // how long a connection may be silent, in both directions, before it counts as lost; 0: 1 min
}

// How often a request is sent before it has failed, and the longest wait between. A burst of "slow down" lasts seconds to a
// minute.
const (
	attempts   = 8
	maxBackoff = 20 * time.Second
)

// silence is how long a server may take over a request without a byte. The longest is to complete an upload of many parts, where
// Amazon sends spaces meanwhile.
const silence = time.Minute

// Bucket is the store in a bucket.
type Bucket struct {
	client *s3.Client
	bucket string
	prefix string // of every key; empty, or it ends with a slash
	// sum is the checksum that parts are sent with. Servers that know none are told of it by AWS_REQUEST_CHECKSUM_CALCULATION=when_required.
	sum     types.ChecksumAlgorithm
	retryer aws.Retryer // says how long is waited before something is tried again
}

var _ store.Uploading = (*Bucket)(nil)

// Open is the store in a bucket. It asks the server nothing yet.
func Open(ctx context.Context, c Config) (*Bucket, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryer(c.retryer), config.WithLogger(logging.Nop{}), config.WithHTTPClient(c.client()))
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "the settings of object storage cannot be read")
	}
	if c.Region != "" {
		cfg.Region = c.Region
	}
	if cfg.Region == "" {
		return nil, fault.Field("region", "no region is set for bucket %s: set AWS_REGION", c.Bucket)
	}
	cfg.Credentials = aws.NewCredentialsCache(credentials{from: cfg.Credentials, bucket: c.Bucket})
	endpoint := ""
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = &c.Endpoint
		}
		o.UsePathStyle = c.PathStyle || o.BaseEndpoint != nil && !c.HostStyle
		endpoint = aws.ToString(o.BaseEndpoint)
	})
	if u, err := url.Parse(endpoint); endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return nil, fault.Field("endpoint", "AWS_ENDPOINT_URL_S3 is no URL of a server: it begins with https:// or http:// and names a host")
	}
	prefix := strings.Trim(c.Prefix, "/")
	if prefix != "" {
		prefix += "/"
	}
	b := &Bucket{client: client, bucket: c.Bucket, prefix: prefix, retryer: c.retryer()}
	if cfg.RequestChecksumCalculation != aws.RequestChecksumCalculationWhenRequired {
		b.sum = types.ChecksumAlgorithmCrc32
	}
	return b, nil
}

// credentials says of those that are not found, or cannot be fetched, what to do. The SDK would tell of the last place where it looked.
type credentials struct {
	from   aws.CredentialsProvider
	bucket string
}

// Retrieve implements aws.CredentialsProvider.
func (c credentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	got, err := c.from.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = fault.New(fault.Forbidden, "no credentials are found for bucket %s: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "+
			"or give the machine a role", c.bucket)
	}
	return got, err
}

// retryer tries again without a budget over all requests: in a burst of "slow down" every one of many has to wait, and none may
// fail because others did.
func (c Config) retryer() aws.Retryer {
	longest := c.Backoff
	if longest == 0 {
		longest = maxBackoff
	}
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff, o.RateLimiter = attempts, longest, ratelimit.None
	})
}

func (b *Bucket) key(at store.Location) *string { return aws.String(b.prefix + string(at)) }

// below is the beginning of the keys under a location.
func (b *Bucket) below(under store.Location) (*string, error) {
	if under == "" {
		return &b.prefix, nil
	}
	return aws.String(b.prefix + string(under) + "/"), under.Check()
}

// Prepare implements store.Store: there are no folders.
func (b *Bucket) Prepare(_ context.Context, under store.Location) error {
	_, err := b.below(under)
	return err
}

// Sync implements store.Store: what is put lasts.
func (b *Bucket) Sync(context.Context, store.Location) error { return nil }

// Stat implements store.Store.
func (b *Bucket) Stat(ctx context.Context, at store.Location) (store.Info, error) {
	head, err := b.head(ctx, at)
	if err != nil {
		return store.Info{}, err
	}
	return store.Info{At: at, Bytes: aws.ToInt64(head.ContentLength), Put: aws.ToTime(head.LastModified)}, nil
}

func (b *Bucket) head(ctx context.Context, at store.Location) (*s3.HeadObjectOutput, error) {
	if err := at.Check(); err != nil {
		return nil, err
	}
	head, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.bucket, Key: b.key(at)})
	return head, b.kind(err)
}

// Remove implements store.Store. The server says nothing of an object that is not there, so that it is asked before.
func (b *Bucket) Remove(ctx context.Context, at store.Location) error {
	if _, err := b.head(ctx, at); err != nil {
		return err
	}
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.bucket, Key: b.key(at)})
	return b.kind(err)
}
