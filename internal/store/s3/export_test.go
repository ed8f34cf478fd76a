package s3

import (
	"context"

	"github.com/parley-hq/parley/internal/store"
)

// Uploads are the keys of uploads that were neither completed nor given up.
func Uploads(b *Bucket) (keys []string) {
	err := b.abandoned(context.Background(), "", func(at store.Location) bool {
		keys = append(keys, string(at))
		return false
	})
	if err != nil {
		panic(err)
	}
	return keys
}
