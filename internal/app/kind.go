package app

import (
	"context"

	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
)

// conversationsOf fails with fault.Invalid when the lake in dir has the rows of a report: whoever asks for conversations would be
// answered with what is none. An empty lake has whatever is brought into it later.
func conversationsOf(ctx context.Context, l *lake.Lake, dir string) error {
	known, err := extract.Known(ctx, l.Control())
	if err != nil || known.Report == "" {
		return err
	}
	return fault.Field("--lake", "the lake %s has the rows of a report and no conversations; parley rows --lake writes the rows, and parley sql asks them", dir)
}

// rowsOf fails with fault.Invalid when the lake in dir has conversations, or nothing.
func rowsOf(ctx context.Context, l *lake.Lake, dir string) error {
	known, err := extract.Known(ctx, l.Control())
	if err != nil || known.Report != "" {
		return err
	}
	return fault.Field("--lake", "the lake %s has conversations and no rows; parley export --per interaction makes rows of them, and parley extract --rows a lake of rows", dir)
}

// anything never fails: tables are read as tables, whatever is in them.
func anything(context.Context, *lake.Lake, string) error { return nil }
