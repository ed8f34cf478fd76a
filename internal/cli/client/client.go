// Package client is the command "parley client".
package client

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/server"
)

// Options is everything "parley client" reads.
type Options struct {
	Streams *ui.Streams
	Now     func() time.Time

	Lake  string
	State string
	JSON  bool

	ID           access.ClientID // of the client to rotate or remove
	Name         string
	Organization string
	Permissions  []string
	UserID       string
	Lifetime     time.Duration
	Only         string // organization whose clients to list; empty means all
	DryRun       bool
}

// New makes the command with its parts.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s, Now: time.Now}
	cmd := &cobra.Command{
		Use:   "client",
		Short: "Say who may ask a server: OAuth clients and their permissions",
		Long: `Add, list, rotate and remove the OAuth clients that parley serve lets in. A server that runs sees every change at once.

The clients are kept in the folder of the server: that of --state, or else the folder server within the lake's. Their
secrets are not. docs/access.md says which permission opens what.`,
		Example: `  parley client add --lake ./lake --name "Nightly export"
  parley client list --lake ./lake`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAdd(o), newList(o), newRotate(o), newRemove(o))
	f := cmd.PersistentFlags()
	f.StringVar(&o.Lake, "lake", "", "folder of the lake that is served")
	f.StringVar(&o.State, "state", "", "folder of the server, if it is not in the lake's")
	f.BoolVar(&o.JSON, "json", false, "print the result as JSON")
	return cmd
}

func newAdd(o *Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add --lake DIR --name NAME",
		Short: "Let a client in, and print its id and secret",
		Long: `Let a client in, and print its id and its secret. The secret is shown this once and is not kept: when it is lost, parley
client rotate makes another.

Without --permission it may see every conversation, and ask for row reports of them. To confine it to those of one user, give --permission
` + string(access.ViewOwnDetails) + ` and --user-id.`,
		Example: `  parley client add --lake ./lake --name "Nightly export"
  parley client add --lake ./lake --name "Agent view" --permission ` + string(access.ViewOwnDetails) + ` --user-id 5a9e...
  parley client add --state ./server --name Partner --organization partner --token-lifetime 1h --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Add(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Name, "name", "", "name of the client, for people")
	ui.OrganizationFlag(f, &o.Organization, server.DefaultOrganization, "organization it belongs to, whose clients share their jobs")
	f.StringSliceVar(&o.Permissions, "permission", usual(), "what it may do, as domain:entity:action; several with commas, or one at a time")
	f.StringVar(&o.UserID, "user-id", "", "user whose own conversations are all that it may see, with "+string(access.ViewOwnDetails))
	f.DurationVar(&o.Lifetime, "token-lifetime", access.DefaultLifetime, "how long its tokens last, from 300s to 48h")
	f.BoolVar(&o.DryRun, "dry-run", false, "say what would be added, and change nothing")
	cobra.CheckErr(cmd.MarkFlagRequired("name"))
	return cmd
}

// usual is what a client may do if nobody says otherwise.
func usual() (names []string) {
	for _, p := range access.Usual() {
		names = append(names, string(p))
	}
	return names
}

func newList(o *Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list --lake DIR",
		Short: "Show the clients",
		Long: `Show the clients of a server. At a terminal that is a table; in a pipe its cells are separated by tabs, without a head;
with --json it is an object a line. Those that are given to parley serve by flags are not among them.`,
		Example: `  parley client list --lake ./lake
  parley client list --lake ./lake --organization partner --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return List(cmd.Context(), o) },
	}
	ui.OrganizationFlag(cmd.Flags(), &o.Only, "", "show those of one organization only")
	return cmd
}

func newRotate(o *Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate --lake DIR ID",
		Short: "Give a client a new secret",
		Long: `Give a client a new secret and print it, this once. The old secret and every token that it was given for end at once:
a client that is at work has to log in again.`,
		Example: "  parley client rotate --lake ./lake 0fb7a1c2-...",
		Args:    o.takeID,
		RunE:    func(cmd *cobra.Command, _ []string) error { return Rotate(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "say whose secret would change, and change nothing")
	return cmd
}

func newRemove(o *Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "remove --lake DIR ID",
		Short:   "Shut a client out",
		Long:    `Remove a client. Its secret and its tokens end at once; the jobs of its organization stay.`,
		Example: "  parley client remove --lake ./lake 0fb7a1c2-...",
		Args:    o.takeID,
		RunE:    func(cmd *cobra.Command, _ []string) error { return Remove(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "say which would be removed, and change nothing")
	return cmd
}

// takeID takes the one argument, the id of a client.
func (o *Options) takeID(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fault.New(fault.Invalid, "give the id of one client, as parley client list --lake DIR shows it: %s", cmd.UseLine())
	}
	o.ID = access.ClientID(args[0])
	return nil
}

// Add adds a client.
func Add(ctx context.Context, o *Options) error {
	home, err := o.home(ctx)
	if err != nil {
		return err
	}
	c, err := o.client()
	if err != nil {
		return err
	}
	o.noteUnasked(c)
	if o.DryRun {
		return o.printClient("Would add", c, "")
	}
	return o.with(ctx, home, func(s *access.Store) error {
		c, secret, err := s.Add(ctx, c)
		if err != nil {
			return err
		}
		return o.printClient("Added", c, secret)
	})
}

// client is the one that the flags describe.
func (o *Options) client() (access.Client, error) {
	c := access.Client{Name: o.Name, Organization: o.Organization, UserID: o.UserID, TokenLifetime: o.Lifetime}
	for _, p := range o.Permissions {
		c.Permissions = append(c.Permissions, access.Permission(strings.TrimSpace(p)))
	}
	err := c.Validate() // before the defaults: what a flag says is not to be taken for nothing
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if flag, ok := flags[f.Field]; ok {
			return c, fault.Field(flag, "%s: %s", flag, f.Message)
		}
	}
	return c.WithDefaults(), err
}

// flags are those that give the fields of a client.
var flags = map[string]string{
	"name": "--name", "organization": "--organization", "permissions": "--permission", "userId": "--user-id", "tokenLifetime": "--token-lifetime",
}

// noteUnasked says which permissions of a client open nothing: they may be misspelt.
func (o *Options) noteUnasked(c access.Client) {
	for _, p := range c.Permissions {
		if !slices.Contains(access.Asked(), p) {
			o.Streams.Notef("note: no endpoint asks for the permission %s\n", p)
		}
	}
}

// List shows the clients.
func List(ctx context.Context, o *Options) error {
	return o.withExisting(ctx, func(s *access.Store) error {
		list, err := s.List(ctx, o.Only)
		if err != nil {
			return err
		}
		return o.printList(list)
	})
}

// Rotate gives a client a new secret.
func Rotate(ctx context.Context, o *Options) error {
	return o.withExisting(ctx, func(s *access.Store) error {
		c, err := s.Get(ctx, o.ID)
		if err != nil {
			return err
		}
		if o.DryRun {
			return o.printClient("Would rotate the secret of", c, "")
		}
		secret, err := s.Rotate(ctx, o.ID)
		if err != nil {
			return err
		}
		if c, err = s.Get(ctx, o.ID); err != nil {
			return err
		}
		return o.printClient("Rotated the secret of", c, secret)
	})
}

// Remove removes a client.
func Remove(ctx context.Context, o *Options) error {
	return o.withExisting(ctx, func(s *access.Store) error {
		c, err := s.Get(ctx, o.ID)
		damaged := errors.Is(err, fault.Corrupt) // and to remove it is what can be done with it
		if err != nil && (o.DryRun || !damaged) {
			return err
		}
		if o.DryRun {
			return o.printClient("Would remove", c, "")
		}
		if err := s.Remove(ctx, o.ID); err != nil {
			return err
		}
		if damaged {
			return o.printDamaged()
		}
		return o.printClient("Removed", c, "")
	})
}

// withExisting lends the clients of a server that has a folder. To make one for a path that was mistyped would only
// hide the mistake.
func (o *Options) withExisting(ctx context.Context, do func(*access.Store) error) error {
	home, err := o.home(ctx)
	if err != nil {
		return err
	}
	if there, err := home.There(ctx); err != nil || !there {
		return cmp.Or[error](err, fault.New(fault.NotFound, "there is no %s, and so no client; parley client add makes it", home))
	}
	return o.with(ctx, home, do)
}

// home is that of the server whose clients are meant.
func (o *Options) home(ctx context.Context) (app.ServerHome, error) {
	lakes := app.Lakes{}
	if o.Lake != "" {
		lakes[cmp.Or(o.Organization, server.DefaultOrganization)] = o.Lake
	}
	return app.HomeOf(ctx, o.State, lakes)
}

// with lends the clients of a server.
func (o *Options) with(ctx context.Context, home app.ServerHome, do func(*access.Store) error) (err error) {
	opened, err := home.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	store, err := access.Open(ctx, opened.DB, o.Now)
	if err != nil {
		return err
	}
	return do(store)
}
