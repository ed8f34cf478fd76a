package lake

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
)

// TagOptions is what "parley lake tag" reads beside Options.
type TagOptions struct {
	*Options

	Name   string
	List   bool
	Remove string
	Wait   time.Duration
}

func newTag(of *Options) *cobra.Command {
	o := &TagOptions{Options: of}
	cmd := &cobra.Command{
		Use:   "tag --lake DIR (NAME | --list | --remove NAME)",
		Short: "Give the newest snapshot of a lake a name, so that it does not expire",
		Long: `Give the newest snapshot a name. A snapshot with a tag stays, with all its files, whatever its age, until the tag is
removed. Tags are Iceberg's own: other engines can read all tables by them, through parley serve.`,
		Example: `  parley lake tag before-migration --lake ./lake
  parley lake tag --list --lake ./lake
  parley lake tag --remove before-migration --lake ./lake`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.Name = args[0]
			}
			return Tag(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.List, "list", false, "list the tags")
	cmd.Flags().StringVar(&o.Remove, "remove", "", "name of the tag to remove; its snapshot goes with the next expiry")
	cmd.Flags().DurationVar(&o.Wait, "wait", 0, "how long to wait while somebody else writes to the lake: 30m")
	return cmd
}

// Tag sets, lists or removes tags.
func Tag(ctx context.Context, o *TagOptions) (err error) {
	asked := 0
	for _, is := range []bool{o.Name != "", o.List, o.Remove != ""} {
		if is {
			asked++
		}
	}
	if asked != 1 {
		return fault.New(fault.Invalid, "give one of these: the name of a tag to set, --list, or --remove with a name")
	}
	l, err := at.Open(ctx, o.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if !o.List {
		if err := o.change(ctx, l); err != nil {
			return err
		}
	}
	tags, err := l.Tags(ctx)
	if err != nil {
		return err
	}
	if o.JSON {
		return o.Streams.JSON(tags)
	}
	for _, t := range tags {
		o.Streams.Printf("%s  %s  snapshot %d\n", t.Name, t.Committed.Format(time.RFC3339), t.Snapshot)
	}
	if len(tags) == 0 {
		o.Streams.Printf("The lake has no tags.\n")
	}
	return nil
}

func (o *TagOptions) change(ctx context.Context, l *lake.Lake) (err error) {
	w, err := l.WriterWithin(ctx, o.Wait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if o.Remove != "" {
		return w.Untag(ctx, o.Remove)
	}
	_, err = w.Tag(ctx, o.Name)
	return err
}
