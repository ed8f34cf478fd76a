package export

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/postgres"
)

// toPostgres copies the lake's tables into a database.
func (o *Options) toPostgres(ctx context.Context) error {
	days, err := o.copied()
	if err != nil {
		return err
	}
	progress := o.Streams.Progress()
	defer progress.Clear()
	s, err := app.Postgres(ctx, o.Lake, postgres.Config{URL: o.database, Schema: o.Schema, DryRun: o.DryRun}, postgres.Job{
		Within: days, Again: o.Again,
		Report: func(p postgres.Progress) { progress.Show("copying "+p.Day.String(), p.Done, p.All, "conversations") },
	})
	progress.Clear()
	if err != nil {
		return err
	}
	return o.printCopied(s)
}

// split takes the address of a database out of what --to says, and refuses flags that are not about where the export goes.
func (o *Options) split(flags *pflag.FlagSet) error {
	var day []string
	for _, to := range o.tos {
		switch {
		case !isAddress(to):
			day = append(day, to)
		case o.database != "":
			return fault.Field("--to", "--to names two databases")
		case !strings.HasPrefix(to, "postgres://") && !strings.HasPrefix(to, "postgresql://"):
			// It may have a password in it, and is not repeated.
			return fault.Field("--to", "--to is neither a day, such as 2026-11-08, nor the address of a Postgres database, such as postgres://user@host:5432/database")
		default:
			o.database = to
		}
	}
	if len(day) > 1 {
		return fault.Field("--to", "--to has two days")
	}
	if len(day) == 1 {
		o.To = day[0]
	}
	return o.fitting(flags)
}

// isAddress says whether somebody meant the address of a database, in whichever form: days have none of these characters.
func isAddress(to string) bool { return strings.ContainsAny(to, ":=@/") }

// ofDatabase are the flags that only a copy in a database has, and ofBoth those that files have too.
var ofDatabase, ofBoth = []string{"schema", "again"}, []string{"lake", "from", "to", "dry-run", "json"}

// fitting refuses flags about a file with a database, and flags about a database with a file. It refuses those that are empty as
// well: whoever asked for some columns or queues would get all of them.
func (o *Options) fitting(flags *pflag.FlagSet) (err error) {
	flags.VisitAll(func(f *pflag.Flag) {
		switch {
		case !f.Changed || err != nil:
		case f.Value.String() == "" || f.Value.String() == "[]":
			err = fault.Field("--"+f.Name, "--%s is empty; perhaps a variable of the shell is not set. Without the flag its default counts", f.Name)
		case f.Name == "columns" || slices.Contains(ofBoth, f.Name):
		case o.database == "" && slices.Contains(ofDatabase, f.Name):
			err = fault.Field("--"+f.Name, "--%s is about a copy in a database: --to postgres://user@host:5432/database", f.Name)
		case o.database != "" && !slices.Contains(ofDatabase, f.Name):
			err = fault.Field("--"+f.Name, "--%s is about files; a database gets all tables, whole, of the days of --from and --to", f.Name)
		}
	})
	return err
}

// copied are the days of --from and --to; none if neither is given.
func (o *Options) copied() (d conversation.Days, err error) {
	if o.From == "" && o.To == "" {
		return d, nil
	}
	if o.From == "" || o.To == "" {
		return d, fault.Field("--from", "--from and --to go together: the first day, and the day after the last one; without both every day is copied")
	}
	iv, err := o.days()
	return conversation.Days{First: conversation.DayOf(iv.Start), End: conversation.DayOf(iv.End)}, err
}

func (o *Options) printCopied(s postgres.Summary) error {
	if o.JSON {
		return o.Streams.JSON(s)
	}
	if o.DryRun {
		o.Streams.Printf("%s would be copied, %s removed; %s as they are in the lake.\n",
			ui.Counted(int64(s.Days), "day", "days"), ui.Count(int64(s.Gone)), ui.Count(int64(s.Before)))
		return nil
	}
	o.Streams.Printf("Copied %s in %.1f s.\n", ui.Counted(int64(s.Days), "day", "days"), s.Seconds)
	lines := [][2]string{
		{"conversations written", ui.Count(s.Written)},
		{"as they were", ui.Count(s.Same)},
		{"removed, as the lake has them no more or on another day", ui.Count(s.Removed)},
		{"rows, of all tables", ui.Count(s.Rows)},
		{"days that were as in the lake", ui.Count(int64(s.Before))},
	}
	if s.Altered > 0 {
		lines = append(lines, [2]string{"texts in which U+FFFD stands for what Postgres does not take", ui.Count(s.Altered)})
	}
	return ui.Fields(o.Streams.Out, lines...)
}
