package clustered

import (
	"errors"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "1000": 1000, "1KiB": 1024, "500MiB": 500 << 20, "2 GiB": 2 << 30, "3TiB": 3 << 40, "4194304TiB": 1 << 62} {
		o := Options{URL: "http://trino:8080", Catalog: "parley", From: text}
		if got, err := o.Resolve(); err != nil || got.From != want {
			t.Errorf("%s is %d, %v; want %d", text, got.From, err, want)
		}
	}
	for _, text := range []string{"", "GiB", "-1", "2GB", "1.5GiB", "4194305TiB", "9223372036854775808"} {
		o := Options{URL: "http://trino:8080", From: text}
		if _, err := o.Resolve(); !errors.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if got, err := (&Options{From: "nothing"}).Resolve(); err != nil || got.URL != "" {
		t.Errorf("without a cluster: %v, %v", got, err)
	}
}
