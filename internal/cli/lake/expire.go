package lake

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
)

// ExpireOptions is what "parley lake expire" reads beside Options.
type ExpireOptions struct {
	*Options

	OlderThan string
	DryRun    bool
	Now       func() time.Time
}

func newExpire(of *Options) *cobra.Command {
	o := &ExpireOptions{Options: of, Now: time.Now}
	cmd := &cobra.Command{
		Use:         "expire --lake DIR",
		Annotations: ui.ThatGoesOn(),
		Short:       "Remove old snapshots of a lake and the files that only they need",
		Long: `Remove snapshots that were committed longer ago than --older-than, and every file that no snapshot needs any more: what
later commits have replaced, and what interrupted ones have left. No conversation is lost, nor a row of any table.

The newest snapshot always stays, and so does one that a Parley process is reading. Other programs cannot say what they
read: let --older-than be longer than they take. It runs alone: while somebody writes to the lake it ends with exit code
7. Interrupted, it is run again.`,
		Example: `  parley lake expire --lake ./lake --dry-run
  parley lake expire --lake ./lake --older-than 36h`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Expire(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.OlderThan, "older-than", "7d", "age from which on snapshots go: 36h, 7d")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "say what would be removed, and remove nothing")
	return cmd
}

// Expire removes old snapshots.
func Expire(ctx context.Context, o *ExpireOptions) (err error) {
	age, err := parseAge("--older-than", o.OlderThan)
	if err != nil {
		return err
	}
	l, err := at.Open(ctx, o.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	before := o.Now().Add(-age)
	if o.DryRun {
		plan, err := l.PlanExpire(ctx, before)
		if err != nil {
			return err
		}
		return o.print(plan)
	}
	w, err := l.Writer(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	out, err := w.Expire(ctx, lake.ExpireOptions{Before: before})
	if err != nil {
		return err
	}
	return o.print(out)
}

func (o *ExpireOptions) print(e lake.Expired) error {
	if o.JSON {
		return o.Streams.JSON(struct {
			lake.Expired

			DryRun bool `json:"dry_run"`
		}{e, o.DryRun})
	}
	if o.DryRun {
		o.Streams.Printf("Nothing was removed. It would do this:\n")
	}
	return ui.Fields(o.Streams.Out, expiredLines(e, o.DryRun)...)
}

func expiredLines(e lake.Expired, dry bool) [][2]string {
	expired, removed := "snapshots expired", "files removed"
	if dry {
		expired, removed = "snapshots to expire", "files to remove"
	}
	lines := [][2]string{
		{expired, ui.Count(int64(e.Snapshots))},
		{"snapshots kept", ui.Count(int64(e.Kept))},
		{removed, ui.Count(int64(e.Files)) + ", " + ui.Bytes(e.Bytes)},
	}
	if e.Pinned > 0 {
		lines = append(lines, [2]string{"kept because somebody reads them", ui.Count(int64(e.Pinned))})
	}
	return lines
}

// parseAge reads a duration as Go writes it, or in whole days: 36h, 7d.
func parseAge(flag, text string) (time.Duration, error) {
	const day = 24 * time.Hour
	age, err := time.ParseDuration(text)
	if number, ok := strings.CutSuffix(text, "d"); ok {
		var days int64
		days, err = strconv.ParseInt(number, 10, 64)
		if err == nil && days > int64(math.MaxInt64/day) {
			err = strconv.ErrRange
		}
		age = time.Duration(days) * day
	}
	if err != nil || age < 0 || strings.HasPrefix(text, "-") {
		return 0, fault.Field(flag, "%s %q is not an age such as 36h or 7d", flag, text)
	}
	return age, nil
}
