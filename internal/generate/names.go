package generate

import (
	"context"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/load"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/sim/organization"
)

// name gives the lake the names of the simulated organization. Of its users those are listed who were there in these days,
// and who left before the end has been deleted.
func (g Generation) name(ctx context.Context, run string) (err error) {
	w, err := g.Lake.WriterWithin(ctx, load.Patience)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	_, err = w.Names(ctx, run, time.Now().UTC().Truncate(time.Microsecond), g.lists())
	return err
}

// lists are what the organization consists of. They are not whole: other days may have had others.
func (g Generation) lists() []names.Listing {
	o := g.centre().Organization
	home := o.Divisions[0].ID
	of := func(k names.Kind, division string, all []organization.Entity) names.Listing {
		l := names.Listing{Kind: k}
		for _, e := range all {
			l.Entries = append(l.Entries, names.Entry{ID: e.ID, Name: e.Name, Division: division})
		}
		return l
	}
	queues := names.Listing{Kind: names.Queue}
	for _, q := range o.Queues {
		queues.Entries = append(queues.Entries, names.Entry{ID: q.ID, Name: q.Name, Division: q.Division})
	}
	return []names.Listing{
		g.users(o), queues, of(names.WrapUpCode, home, o.WrapUpCodes), of(names.Division, "", o.Divisions), of(names.Skill, "", o.Skills),
		of(names.Language, "", o.Languages),
	}
}

func (g Generation) users(o *organization.Organization) names.Listing {
	l := names.Listing{Kind: names.User}
	for _, u := range o.Employed(int64(g.First)-earlier, int64(g.End)) {
		e := names.Entry{ID: u.ID, Name: u.Name, Division: u.Division, State: "active"}
		if u.Left() <= int64(g.End) {
			e.State = "deleted"
		}
		l.Entries = append(l.Entries, e)
	}
	return l
}

// earlier is how many days before the first one the centre simulates, from which somebody may come back.
const earlier = 3
