package at_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/store/s3"
	"github.com/parley-hq/parley/internal/store/s3/s3test"
)

// puts makes an empty file.
func puts(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// A lake is moved to a place that is empty, or has what an earlier move or a server left: neither among the files of others, nor within
// another lake, nor around one. Nobody could tell later what may be removed.
func TestPlacesThatAreNotEmpty(t *testing.T) {
	ctx, home := t.Context(), t.TempDir()
	from, other := filepath.Join(home, "from"), filepath.Join(home, "other")
	made(ctx, t, from)
	made(ctx, t, other)
	foreign, around, left := filepath.Join(home, "foreign"), filepath.Join(home, "around"), filepath.Join(home, "left")
	puts(t, filepath.Join(foreign, "notes.txt"))
	made(ctx, t, filepath.Join(around, "inner"))
	puts(t, filepath.Join(left, "warehouse", "parley", "segments", "a.parquet"))
	puts(t, filepath.Join(left, "server", "results", "b"))
	for to, says := range map[string]string{
		foreign: "notes.txt", around: "inner", filepath.Join(other, "below"): "within the lake " + other, filepath.Join(other, "far", "below"): "within the lake " + other,
	} {
		for _, dry := range []bool{true, false} {
			if _, err := at.Transfer(ctx, from, to, "", lake.TransferOptions{Owners: lake.Tables(), DryRun: dry}); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
				t.Errorf("to %s, dry run %v: %v", to, dry, err)
			}
		}
	}
	if _, err := at.Transfer(ctx, from, left, "", lake.TransferOptions{Owners: lake.Tables()}); err != nil {
		t.Errorf("where an earlier move left something: %v", err)
	}
}

// The same in a bucket, up to its top.
func TestPlacesInABucketThatAreNotEmpty(t *testing.T) {
	files, err := s3test.Start()
	if err != nil {
		t.Fatal(err)
	}
	if files == nil {
		t.Skip("no S3 server is installed; tools/setup s3 installs it")
	}
	t.Cleanup(func() { _ = files.Stop() })
	state, bucket := t.TempDir(), "s3://"+files.Bucket(t)
	ctx := at.With(t.Context(), func() at.Settings { return at.Settings{State: state, S3: s3.Config{Endpoint: files.URL}} })
	from := filepath.Join(t.TempDir(), "from")
	made(ctx, t, from)
	made(ctx, t, bucket+"/of/acme")
	for to, says := range map[string]string{bucket: "of/acme/", bucket + "/of": "acme/", bucket + "/of/acme/more/below": "within the lake " + bucket + "/of/acme"} {
		if _, err := at.Transfer(ctx, from, to, "", lake.TransferOptions{Owners: lake.Tables()}); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("to %s: %v", to, err)
		}
	}
	if _, err := at.Transfer(ctx, from, bucket+"/of/acme2", "", lake.TransferOptions{Owners: lake.Tables()}); err != nil {
		t.Errorf("beside a lake: %v", err)
	}
}
