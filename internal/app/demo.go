package app

import (
	"context"
	"errors"

	"github.com/parley-hq/parley/internal/demo"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox/served"
	"github.com/parley-hq/parley/internal/server"
)

// Demo runs a demo: a platform while it is extracted, then a server over the lake while it is asked. It gives what was
// measured, with the lake opened; the caller closes it.
func Demo(ctx context.Context, d demo.Demo) (f demo.Figures, a *Archive, err error) {
	defer fault.Wrap(&err, "demo")
	world, err := d.World(ctx)
	if err != nil {
		return f, nil, err
	}
	client := server.NewCredentials()
	listen := server.Listen{Addr: "127.0.0.1:0", Client: client, RateLimit: 100_000, Log: d.Log}
	err = served.New(listen, world).While(ctx, func(ctx context.Context, url string) (err error) {
		f, err = d.Extract(ctx, demo.Server{URL: url, ClientID: client.ID, ClientSecret: client.Secret})
		return err
	})
	if err != nil {
		return f, nil, err
	}
	if a, err = OpenArchive(ctx, d.Lake); err != nil {
		return f, nil, err
	}
	if err = d.Check(ctx, a.Lake, &f); err == nil {
		err = a.Serve(listen).While(ctx, func(ctx context.Context, url string) error {
			return d.Ask(ctx, demo.Server{URL: url, ClientID: client.ID, ClientSecret: client.Secret})
		})
	}
	if err != nil {
		return f, nil, errors.Join(err, a.Close())
	}
	return f, a, nil
}
