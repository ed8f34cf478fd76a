package status

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/configured"
	"github.com/parley-hq/parley/internal/config"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state/postgres/board"
)

// organization is what is shown of one.
type organization struct {
	Name     string    `json:"organization"`
	Lake     string    `json:"lake"`
	By       string    `json:"by,omitzero"` // the process that has it now
	Since    time.Time `json:"since,omitzero"`
	LastBy   string    `json:"last_by,omitzero"`
	Ended    time.Time `json:"last_ended,omitzero"`
	ExitCode *int      `json:"last_exit_code,omitzero"`
}

// organizations shows who extracts which.
func (o *options) organizations(ctx context.Context) (err error) {
	c, err := config.Read(o.config)
	if err != nil {
		return err
	}
	boards := map[string]map[string]board.Entry{}
	var out []organization
	for i := range c.Organizations {
		one := &c.Organizations[i]
		place, address, err := app.Place(configured.At(ctx, one), one.Lake)
		if err != nil {
			return err
		}
		if address == "" {
			return fault.Field("--config", "%s: the control database of %s is in no Postgres, and nothing is known of who extracts it; parley status --lake %s shows its days", o.config, one.Name, one.Lake)
		}
		if _, looked := boards[address]; !looked {
			if boards[address], err = app.OnBoard(ctx, address); err != nil {
				return err
			}
		}
		out = append(out, shown(one, boards[address][place]))
	}
	if o.json {
		return o.streams.JSON(map[string]any{"organizations": out})
	}
	return o.printOrganizations(out)
}

func shown(one *config.Organization, e board.Entry) organization {
	out := organization{Name: one.Name, Lake: one.Lake, By: e.By, Since: e.Since.UTC(), LastBy: e.Last.By, Ended: e.Ended.UTC()}
	if !e.Ended.IsZero() {
		out.ExitCode = &e.Last.Code
	}
	return out
}

func (o *options) printOrganizations(all []organization) error {
	t := o.streams.Table("organization", "extracted now by", "since", "last by", "ended", "exit code")
	for _, one := range all {
		code := ""
		if one.ExitCode != nil {
			code = strconv.Itoa(*one.ExitCode)
		}
		t.Row(one.Name, cmp.Or(one.By, "-"), instant(one.Since), cmp.Or(one.LastBy, "-"), instant(one.Ended), cmp.Or(code, "-"))
	}
	return t.Done()
}

func instant(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.Format(time.RFC3339)
}
