package trinotest

import (
	"errors"
	"testing"

	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/store/cached"
	"github.com/parley-hq/parley/internal/store/s3"
	"github.com/parley-hq/parley/internal/store/s3/s3test"
)

// bucket is an S3 server for lakes.
type bucket struct{ server *s3test.Server }

func startBucket() (*bucket, error) {
	server, err := s3test.Start()
	if err == nil && server == nil {
		err = errors.New("no S3 server is installed; tools/setup s3 installs it")
	}
	return &bucket{server}, err
}

func (b *bucket) stop() error {
	if b == nil || b.server == nil {
		return nil
	}
	return b.server.Stop()
}

// properties are those of a catalog.
func (b *bucket) properties() []string {
	return []string{
		"iceberg.jdbc-catalog.default-warehouse-dir=s3://unused/", "fs.native-s3.enabled=true", "s3.region=" + s3test.Region,
		"s3.endpoint=" + b.server.URL, "s3.path-style-access=true",
		"s3.aws-access-key=" + s3test.AccessKey, "s3.aws-secret-key=" + s3test.Secret,
	}
}

// address is a place for a lake in a bucket of its own.
func (b *bucket) address(tb testing.TB, name string) lake.Address {
	tb.Helper()
	in := b.server.Bucket(tb)
	files, err := s3.Open(tb.Context(), s3.Config{Bucket: in, Prefix: name, Endpoint: b.server.URL, Region: s3test.Region})
	if err != nil {
		tb.Fatal(err)
	}
	root := "s3://" + in + "/" + name
	return lake.Address{Name: root, Root: root, Store: files, Cache: cached.Open(tb.TempDir(), name, files, 1<<30)}
}
