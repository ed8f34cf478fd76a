// Package serve is the command "parley serve".
package serve

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
)

// Options is everything "parley serve" reads.
type Options struct {
	Streams *ui.Streams
	Getenv  func(string) string

	Lake      string
	Addr      string
	Client    app.Credentials
	RateLimit int
	Intervals app.Days
	JSON      bool
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s, Getenv: os.Getenv}
	cmd := &cobra.Command{
		Use:   "serve --lake DIR",
		Short: "Serve the platform's API over a lake",
		Long: `Serve the platform's API over a lake: the synchronous query, asynchronous jobs, details by id, OAuth, limits.
Clients of the platform work against it when they are pointed at its address.

The OAuth client is given by --client-id and --client-secret, or by PARLEY_CLIENT_ID and PARLEY_CLIENT_SECRET; one is
made by chance if none is given. A lake that is being written to can be served: every question sees whole days.`,
		Example: `  parley serve --lake ./lake
  PARLEY_CLIENT_ID=me PARLEY_CLIENT_SECRET=hush parley serve --lake ./lake --addr 127.0.0.1:8080`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Run(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Lake, "lake", "", "folder of the lake")
	f.StringVar(&o.Addr, "addr", "127.0.0.1:8080", "address to listen on; port 0 picks a free one")
	f.StringVar(&o.Client.ID, "client-id", "", "id of the OAuth client")
	f.StringVar(&o.Client.Secret, "client-secret", "", "its secret")
	f.IntVar(&o.RateLimit, "rate-limit", 300, "requests a minute a client")
	f.IntVar(&o.Intervals.Unfiltered, "interval-days", 7, "longest interval of a synchronous query without filters, days")
	f.IntVar(&o.Intervals.Filtered, "filtered-interval-days", 31, "longest interval of one with filters, days")
	f.BoolVar(&o.JSON, "json", false, `print one line, {"url":..,"client_id":..,"client_secret":..}, when it is ready`)
	cobra.CheckErr(cmd.MarkFlagRequired("lake"))
	return cmd
}

// Run serves until ctx ends.
func Run(ctx context.Context, o *Options) (err error) {
	if o.RateLimit < 1 || o.Intervals.Unfiltered < 1 || o.Intervals.Filtered < 1 {
		return fault.New(fault.Invalid, "--rate-limit, --interval-days and --filtered-interval-days must be positive")
	}
	o.Client = first(o.Client, app.Credentials{ID: o.Getenv("PARLEY_CLIENT_ID"), Secret: o.Getenv("PARLEY_CLIENT_SECRET")}, app.NewCredentials())
	archive, err := app.OpenArchive(ctx, o.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	server, err := archive.Serve(context.WithoutCancel(ctx), app.Listen{Addr: o.Addr, Client: o.Client, RateLimit: o.RateLimit, Days: o.Intervals, Log: o.Streams.Log()})
	if err != nil {
		return err
	}
	if err := o.ready(server.URL); err != nil {
		return err
	}
	return server.Run(ctx)
}

// first takes id and secret each from the first that has it.
func first(list ...app.Credentials) (c app.Credentials) {
	for _, x := range list {
		if c.ID == "" {
			c.ID = x.ID
		}
		if c.Secret == "" {
			c.Secret = x.Secret
		}
	}
	return c
}

func (o *Options) ready(url string) error {
	if o.JSON {
		return o.Streams.Ready(url, o.Client.ID, o.Client.Secret)
	}
	o.Streams.Printf("Serving %s at %s (Ctrl-C stops it)\n  client id      %s\n  client secret  %s\n", o.Lake, url, o.Client.ID, o.Client.Secret)
	return nil
}
