// Package configured has commands take from parley.yaml what flags and the environment do not say.
package configured

import (
	"context"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/internal/cli/place"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/config"
	"github.com/parley-hq/parley/internal/fault"
)

// File is what the flags --config and --organization say.
type File struct {
	Path         string
	Organization string
	Settings     bool // of extractions are this command's: each must be a flag of it

	Name  string        // of the organization that was found; empty without a file
	Alert *config.Alert // nil if nobody is to be told
}

// Flags defines them.
func (f *File) Flags(flags *pflag.FlagSet) {
	flags.StringVar(&f.Path, "config", "", "parley.yaml, for what neither flags nor the environment say: docs/unattended.md")
	ui.OrganizationFlag(flags, &f.Organization, "", "with --config: organization that is meant, if the file has several")
	cobra.CheckErr(cobra.MarkFlagFilename(flags, "config", "yaml", "yml"))
}

// Apply takes from the file what was not given. It gives the environment, with the file's secrets where it has none.
func (f *File) Apply(ctx context.Context, cmd *cobra.Command, getenv func(string) string) (func(string) string, error) {
	if f.Path == "" {
		if f.Organization != "" {
			return getenv, fault.Field("--organization", "--organization goes with --config; without a file the credentials say which organization it is")
		}
		return getenv, nil
	}
	c, err := config.Read(f.Path)
	if err != nil {
		return getenv, err
	}
	o, err := c.Organization(f.Organization)
	if err != nil {
		return getenv, err
	}
	if err := f.Take(cmd, c, o, getenv); err != nil {
		return getenv, err
	}
	return Environment(ctx, o, getenv)
}

// Take takes from the file what it says of an organization, but for what Environment gives.
func (f *File) Take(cmd *cobra.Command, c *config.Config, o *config.Organization, getenv func(string) string) error {
	f.Name, f.Alert = o.Name, c.Alert
	return f.apply(cmd, o, getenv)
}

// Several gives the file, if it has several organizations and nobody says which one is meant; else nil.
func (f *File) Several() (*config.Config, error) {
	if f.Path == "" || f.Organization != "" {
		return nil, nil //nolint:nilnil // it is about one
	}
	c, err := config.Read(f.Path)
	if err != nil || len(c.Organizations) == 1 {
		return nil, err
	}
	return c, nil
}

// apply sets the flags that were not given, as far as the command has them.
func (f *File) apply(cmd *cobra.Command, o *config.Organization, getenv func(string) string) error {
	for _, p := range o.Flags() {
		if err := known(p[0], cmd.Flags()); f.Settings && err != nil {
			return err
		}
	}
	pairs := append([][2]string{{"lake", o.Lake}}, o.Flags()...)
	if getenv("GENESYS_ENVIRONMENT") == "" && o.BaseURL != "" {
		pairs = append(pairs, [2]string{"base-url", o.BaseURL})
	}
	for _, p := range pairs {
		if flag := cmd.Flags().Lookup(p[0]); flag == nil || flag.Changed {
			continue
		}
		if v := place.Variable(p[0]); v != "" && getenv(v) != "" {
			continue // which goes before the file
		}
		if err := cmd.Flags().Set(p[0], p[1]); err != nil {
			return unread(p[0], p[1])
		}
	}
	return nil
}

// Environment is an environment in which the file's credentials stand where it has none.
func Environment(ctx context.Context, o *config.Organization, getenv func(string) string) (func(string) string, error) {
	file := map[string]string{"GENESYS_ENVIRONMENT": o.Environment}
	for name, source := range map[string]*config.Source{"GENESYS_CLIENT_ID": o.ClientID, "GENESYS_CLIENT_SECRET": o.ClientSecret} {
		if getenv(name) != "" {
			continue
		}
		var err error
		if file[name], err = source.Get(ctx, getenv); err != nil {
			return getenv, err
		}
	}
	return func(name string) string {
		if value := getenv(name); value != "" {
			return value
		}
		return file[name]
	}, nil
}

// once are flags of one run, which a file that holds for all must not have.
var once = []string{"accept-empty", "again", "base-url", "config", "dry-run", "help", "json", "lake", "organisation", "organization", "source"}

// known says whether a name is that of a flag that a file may have.
func known(name string, flags *pflag.FlagSet) error {
	switch {
	case slices.Contains(once, name):
		return fault.Field("extract."+name, "extract.%s is no setting: it belongs to the organization, or to one run", name)
	case flags.Lookup(name) == nil:
		return fault.Field("extract."+name, "extract.%s: parley extract has no flag --%s", fault.Clip(name), fault.Clip(name))
	}
	return nil
}

func unread(name, value string) error {
	return fault.Field("extract."+name, "extract.%s: %s is no value of --%s", name, fault.Clip(value), name)
}

// Check says what is wrong with the settings of an organization, given the flags of parley extract, which it sets.
func Check(o *config.Organization, flags *pflag.FlagSet) (problems []error) {
	for _, p := range o.Flags() {
		if err := known(p[0], flags); err != nil {
			problems = append(problems, err)
		} else if flags.Set(p[0], p[1]) != nil {
			problems = append(problems, unread(p[0], p[1]))
		}
	}
	return problems
}
