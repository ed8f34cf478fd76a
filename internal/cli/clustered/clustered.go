// Package clustered is the flags of commands whose large questions a Trino cluster answers.
package clustered

import (
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/fault"
)

// Options are the flags.
type Options struct {
	URL     string
	Catalog string
	Results string
	From    string
}

// defaultFrom is from where on a question is large: about what the engine in the process reads in the time in which
// a cluster has only planned it.
const defaultFrom = "2GiB"

// Flags defines the flags.
func (o *Options) Flags(f *pflag.FlagSet) {
	f.StringVar(&o.URL, "trino", "", "Trino that answers large questions, as http://USER@HOST:PORT; see docs/trino.md")
	f.StringVar(&o.Catalog, "trino-catalog", "parley", "name of the lake's catalog in Trino")
	f.StringVar(&o.Results, "trino-results", "", "name of a catalog to which Trino may write what large jobs find; without one it sorts in memory")
	f.StringVar(&o.From, "trino-from", defaultFrom, "size of the data files that a question touches from which on it is large, as 500MiB, 2GiB")
}

// Resolve checks the flags. Without --trino nothing is large.
func (o *Options) Resolve() (app.Cluster, error) {
	if o.URL == "" {
		return app.Cluster{}, nil
	}
	from, err := bytes(o.From)
	return app.Cluster{URL: o.URL, Catalog: o.Catalog, Results: o.Results, From: from}, err
}

// units are what sizes are written in.
var units = []struct {
	name string
	size int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}}

func bytes(text string) (int64, error) {
	number, size := text, int64(1)
	for _, u := range units {
		if cut, is := strings.CutSuffix(text, u.name); is {
			number, size = cut, u.size
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || n < 0 || n > (1<<62)/size {
		return 0, fault.Field("--trino-from", "--trino-from %s: write a size, as 500MiB or 2GiB", text)
	}
	return n * size, nil
}
