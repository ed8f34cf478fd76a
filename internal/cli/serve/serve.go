// Package serve is the command "parley serve".
package serve

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/clustered"
	"github.com/parley-hq/parley/internal/cli/configured"
	"github.com/parley-hq/parley/internal/cli/serving"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/web/session"
)

// Options is everything "parley serve" reads.
type Options struct {
	serving.Options
	Streams *ui.Streams
	Getenv  func(string) string

	Large  clustered.Options
	Config string
	Lakes  []string
	State  string
	JSON   bool
	Page   bool
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s, Getenv: os.Getenv}
	cmd := &cobra.Command{
		Use:   "serve --lake DIR",
		Short: "Serve the platform's API over a lake",
		Long: `Serve the platform's API over a lake: the synchronous query, asynchronous jobs, details by id, OAuth, limits.
Clients of the platform work against it when they are pointed at its address.

OAuth clients are made by "parley client add", and may be added and removed while the server runs. One more is given by
--client-id and --client-secret, or by PARLEY_CLIENT_ID and PARLEY_CLIENT_SECRET; where there is none at all, one is
made by chance for as long as the server runs, unless servers share them. A lake that is being written to can be served: every question sees whole
days, and every job one moment of the lake.

Clients, tokens and jobs are kept in the server's folder, by default "server" in that of the lake: a server that is
started again goes on where it was, however it ended. Several organizations, each with a lake, are served by
--lake NAME=DIR for each and --state for the server's folder, or by --config: all of a parley.yaml, which has them
extracted. A lake of that file which is not there yet, or away, is served when it can be opened. --trino names a cluster that answers large questions, see
docs/trino.md. /metrics, /healthz and /readyz need no token.`,
		Example: `  parley serve --lake ./lake
  PARLEY_CLIENT_ID=me PARLEY_CLIENT_SECRET=hush parley serve --lake ./lake --addr 127.0.0.1:8080
  parley serve --lake acme=./acme --lake beta=./beta --state ./server --addr :8443 --tls-cert cert.pem --tls-key key.pem
  PARLEY_STATE=postgres://parley@db.example/parley parley serve --config parley.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Run(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.Lakes, "lake", nil, "folder of the lake; several as NAME=DIR, with the name of each organization")
	f.StringVar(&o.Config, "config", "", "parley.yaml, for the lakes of all its organizations: docs/unattended.md")
	f.StringVar(&o.State, "state", "", `folder of clients, tokens and jobs (default "server" in the lake's folder), or a Postgres that servers share`)
	f.BoolVar(&o.JSON, "json", false, `print one line, {"url":..,"client_id":..,"client_secret":..}, when it is ready`)
	f.BoolVar(&o.Page, "page", false, "show pages in a browser, at /ui/: docs/page.md")
	o.Large.Flags(f)
	o.Flags(f, "info")
	cobra.CheckErr(cobra.MarkFlagFilename(f, "config", "yaml", "yml"))
	cmd.MarkFlagsOneRequired("lake", "config")
	cmd.MarkFlagsMutuallyExclusive("lake", "config")
	return cmd
}

// Run serves until ctx ends.
func Run(ctx context.Context, o *Options) (err error) {
	listen, err := o.Resolve(o.Streams)
	if err != nil {
		return err
	}
	if o.Config != "" {
		if ctx, o.Lakes, err = configured.Lakes(ctx, o.Config, o.Getenv); err != nil {
			return err
		}
	}
	lakes, err := app.ParseLakes(o.Lakes)
	if err != nil {
		return err
	}
	large, err := o.Large.Resolve()
	if err != nil {
		return err
	}
	service, err := app.OpenService(ctx, app.ServiceOptions{Lakes: lakes, State: o.State, Large: large, Late: o.Config != "", Pages: o.Page})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	if listen.Client, err = o.client(ctx, service, lakes); err != nil {
		return err
	}
	o.tellLate(service.Late())
	running := service.Serve(listen, time.Now)
	return running.Run(ctx, func(url string) error {
		if err := o.ready(url, listen.Client); err != nil {
			return err
		}
		if err := o.invite(ctx, running, lakes); err != nil {
			return err
		}
		listen.Log.InfoContext(ctx, "serving", "url", url, "organizations", lakes.Organizations())
		return nil
	})
}

// invite shows whoever sits at the terminal a link to the pages. What is printed elsewhere ends in a journal, which others read.
func (o *Options) invite(ctx context.Context, running *server.Server, lakes app.Lakes) error {
	names := lakes.Organizations()
	if !o.Streams.OutTerminal || o.JSON || len(names) != 1 {
		return nil
	}
	link, err := running.PageLink(ctx, names[0], session.Reading())
	if link != "" {
		o.Streams.Printf("See it in a browser, by a link that is good once within 10 minutes:\n  %s\n", link)
	}
	return err
}

// tellLate says which lakes are not there yet.
func (o *Options) tellLate(late map[string]error) {
	for _, name := range slices.Sorted(maps.Keys(late)) {
		o.Streams.Notef("The lake of %s cannot be opened yet; its clients are answered with 503 until it can, and nothing needs to be started again: %v\n", name, late[name])
	}
}

// client is the client beside those of the control database: the one that is given, or one by chance when there is no
// other. Servers that share make none: each would have one that the others do not know.
func (o *Options) client(ctx context.Context, service *app.Service, lakes app.Lakes) (server.Credentials, error) {
	given := o.given()
	served, others, err := service.Clients(ctx)
	for _, name := range slices.Sorted(maps.Keys(others)) {
		o.Streams.Notef("Of the organization %s there is no lake here, but %s: they will be refused. --lake %s=DIR gives it one.\n", name, ui.Counted(int64(others[name]), "client", "clients"), name)
	}
	switch several := len(o.Lakes) > 1; {
	case err != nil:
		return given, err
	case several && given != (server.Credentials{}):
		return given, fault.Field("--client-id", "which of the organizations does the client belong to? With several lakes, make it by parley client add --organization NAME --state DIR")
	case served == 0 && given == (server.Credentials{}) && (several || service.Shared()):
		o.Streams.Notef("There is no client yet, and nobody can ask; make one by %s. This server need not be started again.\n", o.adding(lakes))
		return given, nil
	case several || given == (server.Credentials{}) && served > 0:
		return given, nil
	case service.Shared() && (given.ID == "" || given.Secret == ""):
		return given, fault.Field("--client-id", "of a client that servers share both are given, its id and its secret, and to all of them: by --client-id and --client-secret, or PARLEY_CLIENT_ID and PARLEY_CLIENT_SECRET")
	}
	return first(given, server.NewCredentials()), nil
}

// adding is the command that makes a client of this server.
func (o *Options) adding(lakes app.Lakes) string {
	text, organization := "parley client add", "NAME"
	if names := lakes.Organizations(); len(names) == 1 {
		text += " --lake '" + lakes[names[0]] + "'"
		organization = names[0]
	}
	if o.State != "" {
		text += " --state '" + state.Shown(o.State) + "'"
	}
	if organization != server.DefaultOrganization {
		text += " --organization " + organization
	}
	return text + " --name ..."
}

// given are the credentials that somebody gave by flags or in the environment.
func (o *Options) given() server.Credentials {
	return first(o.Client, server.Credentials{ID: o.Getenv("PARLEY_CLIENT_ID"), Secret: o.Getenv("PARLEY_CLIENT_SECRET")})
}

// first takes id and secret each from the first that has it.
func first(list ...server.Credentials) (c server.Credentials) {
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

func (o *Options) ready(url string, client server.Credentials) error {
	if o.JSON {
		return o.Streams.Ready(url, client.ID, client.Secret)
	}
	served := strings.Join(o.Lakes, ", ")
	if o.Config != "" {
		served = ui.Counted(int64(len(o.Lakes)), "lake", "lakes") + " of " + o.Config
	}
	o.Streams.Printf("Serving %s at %s (Ctrl-C stops it)\n", served, url)
	if client.ID == "" {
		return nil
	}
	secret := client.Secret
	if o.given().Secret != "" {
		secret = "(as given)" // what is printed ends in a journal
	}
	o.Streams.Printf("  client id      %s\n  client secret  %s\n", client.ID, secret)
	return nil
}
