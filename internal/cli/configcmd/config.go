// Package configcmd is the command "parley config".
package configcmd

import (
	"cmp"
	"context"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/internal/cli/configured"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/cli/extract"
	"github.com/parley-hq/parley/internal/cli/place"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/config"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/outcome"
)

// Options is everything "parley config" reads.
type Options struct {
	Streams *ui.Streams
	Version string
	Getenv  func(string) string

	Path string
	JSON bool
}

// New makes the command with its part.
func New(s *ui.Streams, version string) *cobra.Command {
	o := &Options{Streams: s, Version: version, Getenv: os.Getenv}
	cmd := &cobra.Command{Use: "config", Short: "Look after parley.yaml", Example: "  parley config check --config /etc/parley.yaml", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	check := &cobra.Command{
		Use:   "check [--config FILE]",
		Short: "Say what is wrong with parley.yaml",
		Long: `Read parley.yaml and look at all that it names: each organization's settings, whether its secrets are where the file says, and
the webhook. Secrets are read, commands for them are run, and nothing of them is printed. No platform is asked: parley
doctor does that.

The file has several organizations, and what holds for every run of each. Flags go before the environment (GENESYS_*), which goes
before the file. docs/unattended.md describes it.`,
		Example: `  parley config check
  parley config check --config /etc/parley.yaml --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Check(cmd.Context(), o) },
	}
	check.Flags().StringVar(&o.Path, "config", "parley.yaml", "the file")
	check.Flags().BoolVar(&o.JSON, "json", false, "print the findings as JSON")
	cobra.CheckErr(check.MarkFlagFilename("config", "yaml", "yml"))
	cmd.AddCommand(check)
	return cmd
}

// finding is what was found of one organization, or of the alerts.
type finding struct {
	Of       string   `json:"of"`
	Lake     string   `json:"lake,omitempty"`
	Problems []string `json:"problems"`
	Warnings []string `json:"warnings"`
}

// extracting are the flags of parley extract, with those that every command which takes a lake is given.
func (o *Options) extracting() *pflag.FlagSet {
	cmd := extract.New(o.Streams, o.Version)
	place.Add(cmd, os.Getenv)
	return cmd.Flags()
}

// Check reads the file and looks at all that it names.
func Check(ctx context.Context, o *Options) error {
	c, err := config.Read(o.Path)
	if err != nil {
		return err
	}
	var all []finding
	problems := 0
	for i := range c.Organizations {
		all = append(all, o.organization(ctx, &c.Organizations[i]))
	}
	if c.Alert != nil {
		all = append(all, o.alert(ctx, c.Alert))
	}
	for _, f := range all {
		problems += len(f.Problems)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := o.print(all); err != nil {
		return err
	}
	if problems > 0 {
		return fault.Field("--config", "%s: %s", o.Path, ui.Counted(int64(problems), "problem was found", "problems were found"))
	}
	return nil
}

func (o *Options) organization(ctx context.Context, org *config.Organization) finding {
	f := finding{Of: org.Name, Lake: org.Lake, Problems: []string{}, Warnings: []string{}}
	for _, err := range configured.Check(org, o.extracting()) {
		f.Problems = append(f.Problems, err.Error())
	}
	if err := at.Named(org.Lake); err != nil {
		f.Problems = append(f.Problems, err.Error())
	}
	for _, name := range []string{"GENESYS_ENVIRONMENT", "GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET"} {
		if o.Getenv(name) != "" {
			f.Warnings = append(f.Warnings, name+" is set, and goes before the file")
		}
	}
	file := func(name string) string { // the environment goes before the file, and here the file is looked at
		switch name {
		case "GENESYS_ENVIRONMENT", "GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET":
			return ""
		}
		return o.Getenv(name)
	}
	getenv, err := configured.Environment(ctx, org, file)
	if err == nil {
		_, err = connection.Config(connection.Options{Getenv: getenv, BaseURL: org.BaseURL, Version: o.Version, Log: o.Streams.Log(), Standard: connection.Unattended})
	}
	if err != nil {
		f.Problems = append(f.Problems, err.Error())
	}
	for _, s := range []*config.Source{org.ClientID, org.ClientSecret} {
		if s.Shared() {
			f.Warnings = append(f.Warnings, s.String()+" may be read by others than its owner")
		}
	}
	return f
}

func (o *Options) alert(ctx context.Context, a *config.Alert) finding {
	f := finding{Of: "alert", Problems: []string{}, Warnings: []string{}}
	address, err := a.Webhook.Get(ctx, o.Getenv)
	if err == nil {
		_, err = outcome.NewWebhook(address, o.Version, nil)
	}
	if err != nil {
		f.Problems = append(f.Problems, err.Error())
	}
	return f
}

func (o *Options) print(all []finding) error {
	if o.JSON {
		return o.Streams.JSON(struct {
			Findings []finding `json:"findings"`
		}{all})
	}
	t := o.Streams.Table("of", "is", "says")
	for _, f := range all {
		if len(f.Problems)+len(f.Warnings) == 0 {
			t.Row(f.Of, "ok", cmp.Or(f.Lake, "there is an address to tell problems to"))
		}
		for _, p := range f.Problems {
			t.Row(f.Of, "problem", p)
		}
		for _, w := range f.Warnings {
			t.Row(f.Of, "warning", w)
		}
	}
	return t.Done()
}
