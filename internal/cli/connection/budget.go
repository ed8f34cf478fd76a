package connection

import (
	"cmp"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/budget"
)

// What commands may use of the client's limit if nobody says otherwise. A person at a keyboard goes before what runs by
// itself: whoever has the larger share finds a slot where the others wait. Some is left for those who are not Parley.
var (
	Unattended  = budget.Percent(60)
	Interactive = budget.Percent(90)
)

// Budget is what its flags say.
type Budget struct {
	Share string // empty means the command's own
	Dir   string // empty means the user's cache
}

// Flags defines them.
func (b *Budget) Flags(f *pflag.FlagSet, standard budget.Share) {
	f.StringVar(&b.Share, "budget", "", "requests a minute that all processes with this OAuth client may make together on this machine: a share of the platform's limit, as 60%, a number, or none (default "+standard.String()+"; none for a server on this machine)")
	f.StringVar(&b.Dir, "budget-dir", "", "folder in which they know of each other (default parley/budget in the user's cache)")
	cobra.CheckErr(cobra.MarkFlagDirname(f, "budget-dir"))
}

// budgetOf gives the budget of a connection; nil if it has none.
func budgetOf(o Options, c platform.Config) (*budget.Budget, error) {
	share := o.Standard
	if platform.IsLoopback(c.API) {
		share = budget.Share{}
	}
	if o.Budget.Share != "" {
		given, err := budget.Parse(o.Budget.Share)
		if err != nil {
			return nil, err
		}
		share = given
	}
	if share.None() {
		return nil, nil //nolint:nilnil // no budget is a budget
	}
	return budget.New(budget.Config{Client: c.ClientID, Share: share, Dir: o.Budget.dir(o.Getenv), Log: o.Log}), nil
}

// dir is the folder given, else the user's.
func (b *Budget) dir(getenv func(string) string) string { return cmp.Or(b.Dir, budget.UserDir(getenv)) }
