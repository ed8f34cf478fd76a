package extract

import (
	"fmt"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/cli/lintrequest"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/source/rows"
)

// fromReports has the rows of row reports extracted.
func (o *Options) fromReports(cfg *extract.Config) error {
	if err := o.onlyRows(); err != nil {
		return err
	}
	text, err := lintrequest.Read(o.Streams, o.Rows)
	if err != nil {
		return err
	}
	body, err := rows.ParseBody(text)
	if err != nil {
		return fault.Because(fault.Invalid, err, "--rows %s", o.Rows)
	}
	if body.Filter != nil {
		// What a filter of rows chooses the query cannot count: there is nothing to compare with.
		if o.Recount {
			return fault.Field("--rows", "--rows %s has a filter, and the synchronous query cannot count what it chooses: there is nothing to reconcile", o.Rows)
		}
		cfg.Tolerance = 0
	}
	from := rows.New(client.Over(o.Telling.client, cfg.Poll), body, cfg.Poll, o.Streams.Log())
	cfg.Platform, cfg.RowReport, cfg.Noticed = from, body.Fingerprint(), from.Warnings
	o.in, err = o.Door.OpenRows(body.Schema())
	return err
}

// onlyRows refuses flags that are about conversations.
func (o *Options) onlyRows() error {
	for flag, given := range map[string]bool{"--filter": o.Filter != "", "--tail": o.Tail, "--redact": o.Redact.Rules != ""} {
		if given {
			return fault.Field(flag, "%s is about conversations, and --rows extracts rows; leave one of them out. Which rows come, and which columns of them, the body says", flag)
		}
	}
	return nil
}

// again warns of conversations that came again with other rows: what an extraction of conversations takes for a newer version may
// be rows with other timestamps, and then the lake lacks the earlier ones.
func (o *Options) again(s *extract.Summary) {
	if o.Rows != "" && s.Conflicts > 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("conversations came again in this run with other rows, and the later ones are in the lake: %d; where the server gives rows of one "+
			"conversation different timestamps, the earlier ones are missing", s.Conflicts))
	}
}
