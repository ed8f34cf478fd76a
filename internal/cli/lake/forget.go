package lake

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/fault"
)

// ForgetOptions is what "parley lake forget" reads beside Options.
type ForgetOptions struct {
	*Options

	Conversation string
	Attribute    string
	Address      string
	Tags         bool
	Wait         time.Duration
	DryRun       bool
	Now          func() time.Time
}

func newForget(of *Options) *cobra.Command {
	o := &ForgetOptions{Options: of, Now: time.Now}
	cmd := &cobra.Command{
		Use:         "forget --lake DIR (--conversation ID | --attribute KEY=VALUE | --address X)",
		Annotations: ui.ThatGoesOn(),
		Short:       "Erase conversations from a lake on request, for good",
		Long: `Erase conversations: one by its id, those with an attribute of a participant, or those in whose records an address
stands: a number, a mail address, anything of at least four characters that stands by itself. They are erased from every
table and every older snapshot, from what is staged or was set aside, and with all finished jobs of the server in the
lake's folder, or of those that share a Postgres with it. The files go at once. A salted hash of each id stays, so that no later extraction or import brings the
conversation back; a report without personal data is kept in the lake's folder.

Older snapshots go, and so the way back to an earlier state. One with a tag stays, unless it holds what is to be erased:
then say --tags. One that somebody reads stays too: the exit code is 7, and the command is to be run again. It writes, so
it runs alone; --wait says how long to wait for somebody else. Killed at any point, it is run again and ends it.

Exports, backups and copies of the lake are elsewhere: see to them yourself.`,
		Example: `  parley lake forget --lake ./lake --conversation 4723bef1-e652-47bf-bfb5-aaa11887d54d --dry-run
  parley lake forget --lake ./lake --attribute customerId=4711
  parley lake forget --lake ./lake --address +4930123456`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Forget(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.Conversation, "conversation", "", "id of the conversation to erase")
	cmd.Flags().StringVar(&o.Attribute, "attribute", "", "erase conversations with this attribute: KEY=VALUE")
	cmd.Flags().StringVar(&o.Address, "address", "", "erase conversations in whose records this stands by itself")
	cmd.Flags().BoolVar(&o.Tags, "tags", false, "remove tags whose snapshots hold what is to be erased")
	cmd.Flags().DurationVar(&o.Wait, "wait", 0, "how long to wait while somebody else writes to the lake: 30m")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "say what would be erased, and erase nothing")
	return cmd
}

// Forget erases conversations.
func Forget(ctx context.Context, o *ForgetOptions) error {
	key, value, pair := strings.Cut(o.Attribute, "=")
	if o.Attribute != "" && (!pair || key == "") {
		return fault.Field("--attribute", "--attribute takes KEY=VALUE")
	}
	f := app.Forget{
		Request: erasure.Request{Conversation: conversation.ID(o.Conversation), Key: key, Value: value, Address: o.Address},
		DryRun:  o.DryRun, Tags: o.Tags, Wait: o.Wait, Now: o.Now,
	}
	out, err := f.Run(ctx, o.Lake)
	if err != nil {
		return err
	}
	if err := o.print(out); err != nil || out.Pinned == 0 || o.DryRun {
		return err
	}
	return fault.New(fault.Conflict, "%s still read, and holds what is to be erased; stop those who read the lake, and run the same command again",
		ui.Counted(int64(out.Pinned), "older snapshot is", "older snapshots are"))
}

func (o *ForgetOptions) print(f app.Forgotten) error {
	if o.JSON {
		return o.Streams.JSON(f)
	}
	if o.DryRun {
		o.Streams.Printf("Nothing was erased. It would do this:\n")
		lines := [][2]string{
			{"conversations to erase", ui.Count(int64(f.Conversations))},
			{"days to write again", ui.Count(int64(len(f.Days)))},
			{"older snapshots to remove", ui.Count(int64(f.Snapshots))},
		}
		lines = append(lines, unknown(f)...)
		if len(f.Tags) > 0 {
			lines = append(lines, [2]string{"tags that must go (say --tags)", strings.Join(f.Tags, ", ")})
		}
		return ui.Fields(o.Streams.Out, lines...)
	}
	lines := [][2]string{
		{"conversations erased", ui.Count(int64(f.Conversations))},
		{"days written again", ui.Count(int64(len(f.Days)))},
		{"tags removed", ui.Count(int64(len(f.Tags)))},
		{"older snapshots removed", ui.Count(int64(f.Snapshots))},
		{"files removed", ui.Count(int64(f.Files))},
		{"staged records removed", ui.Count(f.Staged)},
		{"values set aside removed", ui.Count(f.Rejected)},
		{"finished jobs removed", ui.Count(f.Jobs)},
	}
	if f.Cluster > 0 {
		lines = append(lines, [2]string{"tables of a Trino cluster left over, now without files", ui.Count(int64(f.Cluster))})
	}
	return ui.Fields(o.Streams.Out, append(append(lines, unknown(f)...), [2]string{"report", f.Report})...)
}

// unknown says that an id was of nothing that is here: it may be misspelled.
func unknown(f app.Forgotten) [][2]string {
	if f.Unknown == 0 {
		return nil
	}
	return [][2]string{{"not in the lake, and kept out", ui.Count(int64(f.Unknown))}}
}
