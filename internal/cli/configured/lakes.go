package configured

import (
	"context"
	"strconv"

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
	places := map[string]string{}
	for i := range c.Organizations {
		o := &c.Organizations[i]
		lakes = append(lakes, o.Name+"="+o.Lake)
		own := placesOf(o)
		if i == 0 {
			places = own
		}
		for _, name := range []string{"state", "cache-dir", "cache-bytes"} {
			if own[name] != places[name] {
				return ctx, nil, fault.Field("extract."+name, "extract.%s: %s has another than %s; one server takes one for all its lakes: leave it out here and give it by the environment, or serve them apart", name, o.Name, c.Organizations[0].Name)
			}
		}
	}
	return found(ctx, places, getenv), lakes, nil
}

func placesOf(o *config.Organization) map[string]string {
	out := map[string]string{}
	for _, f := range o.Flags() {
		out[f[0]] = f[1]
	}
	return out
}

// found puts places into the settings of a context where the environment has none.
func found(ctx context.Context, places map[string]string, getenv func(string) string) context.Context {
	return at.Changed(ctx, func(s *at.Settings) {
		if v := places["state"]; v != "" && getenv("PARLEY_STATE") == "" {
			s.State = v // a flag --state is about the server
		}
		if v := places["cache-dir"]; v != "" && s.CacheDir == "" {
			s.CacheDir = v
		}
		if v := places["cache-bytes"]; v != "" && s.CacheBytes == 0 {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil || n <= 0 {
				n = -1 // which whoever opens a lake refuses
			}
			s.CacheBytes = n
		}
	})
}
