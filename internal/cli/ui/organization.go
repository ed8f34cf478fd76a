package ui

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// OrganizationFlag defines --organization, and --organisation, as earlier versions spelled it, without a word of help.
func OrganizationFlag(f *pflag.FlagSet, to *string, standard, help string) {
	const before = "organisation"
	f.StringVar(to, "organization", standard, help)
	f.StringVar(to, before, standard, help)
	cobra.CheckErr(f.MarkHidden(before))
}
