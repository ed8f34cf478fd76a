// Package pagecmd is the command "parley page".
package pagecmd

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
	"github.com/parley-hq/parley/internal/web/session"
)

// Options is everything "parley page link" reads.
type Options struct {
	Streams *ui.Streams
	Now     func() time.Time

	Lake         string
	State        string
	URL          string
	Organization string
	Role         string
	For          time.Duration
	JSON         bool
}

// roles are what whoever follows a link may do.
var roles = map[string][]access.Permission{
	"read":     session.Reading(),
	"personal": append(session.Reading(), access.ViewPersonalData),
}

// usual is where parley serve listens unless it is told otherwise.
const usual = "http://127.0.0.1:8080"

// New makes the command with its part.
func New(s *ui.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "page",
		Short: "Let people into the pages of a server",
		Long: `Make links by which people get into the pages that parley serve --page shows. Clients sign in there with their id and
secret; docs/page.md.`,
		Example: "  parley page link --lake ./lake",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLink(&Options{Streams: s, Now: time.Now}))
	return cmd
}

func newLink(o *Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "link --lake DIR",
		Short: "Make a link that signs somebody in, once",
		Long: `Make a link that signs somebody in to the pages of a server, and print it. It is good once, within 10 minutes; whoever follows it
stays signed in for as long as --for says. A program that looks at links before people do does not use it up.

--role read shows everything with personal data masked, --role personal without masks.`,
		Example: `  parley page link --lake ./lake
  parley page link --state postgres://parley@db.example/parley --organization acme --role personal --for 1h --url https://parley.example`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Link(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Lake, "lake", "", "folder of the lake that is served")
	f.StringVar(&o.State, "state", "", "folder of the server, if it is not in the lake's")
	f.StringVar(&o.URL, "url", "", "address of the server, as the reader's browser reaches it (default \""+usual+"\")")
	ui.OrganizationFlag(f, &o.Organization, server.DefaultOrganization, "organization whose data is shown")
	f.StringVar(&o.Role, "role", "read", "what may be seen: read (personal data masked), or personal")
	f.DurationVar(&o.For, "for", 8*time.Hour, "how long the reader stays signed in, at most 12h")
	f.BoolVar(&o.JSON, "json", false, "print the result as JSON")
	return cmd
}

// Link makes a link and prints it.
func Link(ctx context.Context, o *Options) (err error) {
	permissions, ok := roles[o.Role]
	if !ok {
		names := []string{}
		for name := range roles {
			names = append(names, name)
		}
		slices.Sort(names)
		return fault.Field("--role", "--role is one of %s, and not %s", strings.Join(names, ", "), fault.Clip(o.Role))
	}
	lakes := app.Lakes{}
	if o.Lake != "" {
		lakes[o.Organization] = o.Lake
	}
	home, err := app.HomeOf(ctx, o.State, lakes)
	if err != nil {
		return err
	}
	if there, err := home.There(ctx); err != nil || !there {
		return cmp.Or[error](err, fault.New(fault.NotFound, "there is no %s, and so no pages; parley serve --page makes it", home))
	}
	opened, err := home.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	sessions, err := session.Open(ctx, opened.DB, nil, o.Now)
	if err != nil {
		return err
	}
	text, err := sessions.Link(ctx, o.Organization, permissions, o.For)
	if err != nil {
		return err
	}
	return o.print(strings.TrimRight(cmp.Or(o.URL, usual), "/") + "/ui/link/" + text)
}

func (o *Options) print(url string) error {
	until := o.Now().Add(session.LinkGood).UTC().Truncate(time.Second)
	if o.JSON {
		return o.Streams.JSON(struct {
			URL   string    `json:"url"`
			Until time.Time `json:"good_until"`
		}{url, until})
	}
	o.Streams.Printf("%s\n", url)
	o.Streams.Notef("The link is good once, until %s.\n", until.Format("15:04:05 UTC"))
	if o.URL == "" {
		o.Streams.Notef("It is for a server at %s; --url says where another one is.\n", usual)
	}
	return nil
}
