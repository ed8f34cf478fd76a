package serving

import (
	"io"
	"slices"
	"testing"

	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/internal/cli/ui"
)

func TestAllowedOrigins(t *testing.T) {
	for name, c := range map[string]struct{ args, standard, want []string }{
		"none":               {nil, nil, nil},
		"the command's own":  {nil, []string{"*"}, []string{"*"}},
		"others in place":    {[]string{"--allow-origin", "https://a.example", "--allow-origin=http://localhost:3000"}, []string{"*"}, []string{"https://a.example", "http://localhost:3000"}},
		"with a comma":       {[]string{"--allow-origin", "https://a.example,https://b.example"}, nil, []string{"https://a.example", "https://b.example"}},
		"none in place":      {[]string{"--allow-origin", ""}, []string{"*"}, nil},
		"IPv6 with its port": {[]string{"--allow-origin", "http://[::1]:3000"}, nil, []string{"http://[::1]:3000"}},
	} {
		t.Run(name, func(t *testing.T) {
			o, f := &Options{}, pflag.NewFlagSet("test", pflag.ContinueOnError)
			o.Flags(f, "warn", c.standard...)
			if err := f.Parse(c.args); err != nil {
				t.Fatal(err)
			}
			got, err := o.Resolve(&ui.Streams{Err: io.Discard})
			if err != nil || !slices.Equal(got.Origins, c.want) {
				t.Errorf("got %q, %v, want %q", got.Origins, err, c.want)
			}
		})
	}
}
