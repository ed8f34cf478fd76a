package configured

import (
	"cmp"
	"context"

	"github.com/parley-hq/parley/internal/cli/place"
	"github.com/parley-hq/parley/internal/config"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/at"
)

// Lakes gives the lakes of all organizations of a file, as --lake names several, and a context in which they are found: the file says
// where their control databases and copies are, unless the environment does.
func Lakes(ctx context.Context, path string, getenv func(string) string) (context.Context, []string, error) {
	c, err := config.Read(path)
	if err != nil {
		return ctx, nil, err
	}
	var lakes []string
	places := placesOf(&c.Organizations[0])
	for i := range c.Organizations {
		o := &c.Organizations[i]
		lakes = append(lakes, o.Name+"="+o.Lake)
		own := placesOf(o)
		for _, name := range []string{"state", "cache-dir", "cache-bytes"} {
			if own[name] != places[name] && getenv(place.Variable(name)) == "" {
				return ctx, nil, fault.Field("extract."+name, "extract.%s: %s has another than %s; one server takes one for all its lakes: give it by %s, which goes before the file, or serve them apart", name, o.Name, c.Organizations[0].Name, place.Variable(name))
			}
		}
	}
	if places["state"] != "" && getenv(place.Variable("state")) == "" {
		ctx = at.Changed(ctx, func(s *at.Settings) { s.State = "" }) // a flag --state is about the server
	}
	return At(ctx, &c.Organizations[0]), lakes, nil
}

func placesOf(o *config.Organization) map[string]string {
	out := map[string]string{}
	for _, f := range o.Flags() {
		out[f[0]] = f[1]
	}
	return out
}

// At gives a context in which the lake of an organization is found: its file says where what belongs to the lake is kept, as far as neither
// flags nor the environment do.
func At(ctx context.Context, o *config.Organization) context.Context {
	places := placesOf(o)
	return at.Changed(ctx, func(s *at.Settings) {
		s.State = cmp.Or(s.State, places["state"])
		s.CacheDir = cmp.Or(s.CacheDir, places["cache-dir"])
		if v := places["cache-bytes"]; v != "" && s.CacheBytes == 0 {
			s.CacheBytes = place.Bytes(v)
		}
	})
}
