package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/runs"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/web"
)

// SandboxPages makes the pages of a sandbox. Control answers under /_sandbox/; nil: nobody controls it from a page.
func SandboxPages(w *sandbox.World, control http.Handler, log *slog.Logger) func(context.Context, server.PagesOf) (server.Pages, error) {
	return func(ctx context.Context, of server.PagesOf) (server.Pages, error) {
		return pagesOver(ctx, of, web.Config{Data: shownWorld{w}, Live: true, Control: control, Now: w.Clock, Log: log})
	}
}

// shownWorld is what pages show of a sandbox.
type shownWorld struct{ world *sandbox.World }

// Name implements web.Data.
func (shownWorld) Name(string) string { return "" }

// Days implements web.Data: the platform has settled what its nightly batch has read.
func (s shownWorld) Days(ctx context.Context, _ string) (out web.Days, err error) {
	if out.Available, err = s.world.Available(ctx); err != nil {
		return out, err
	}
	view, err := s.world.Live(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	first, err := firstOf(ctx, view)
	if err != nil || first.IsZero() {
		return out, err
	}
	for day := conversation.DayOf(first); day <= conversation.DayOf(s.world.Clock()); day++ {
		d, err := dayOf(ctx, view, day)
		if err != nil {
			return out, err
		}
		d.Verdict = ledger.Settled
		if day.End().After(out.Available) {
			d.Verdict, d.Reason = ledger.Provisional, "the nightly batch has not read it yet"
		}
		out.Days = append(out.Days, d)
	}
	return out, nil
}

// always is an interval in which every conversation lies.
var always = conversation.Interval{Start: time.Unix(0, 0).UTC(), End: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}

// firstOf is when the first conversation started; zero if there is none.
func firstOf(ctx context.Context, view engine.Engine) (time.Time, error) {
	for r, err := range view.Records(ctx, query.Query{Interval: always, Matching: query.StartOfDay}, 1, 0) {
		return r.Start, err
	}
	return time.Time{}, nil
}

// dayOf counts what started on a day, and what of that goes on.
func dayOf(ctx context.Context, view engine.Engine, day conversation.Day) (d ledger.Day, err error) {
	d.Day = day
	q := query.Query{Interval: day.Interval(), Matching: query.StartOfDay}
	if d.Records, err = view.Count(ctx, q); err != nil || d.Records == 0 {
		return d, err
	}
	q.Filters = goingOn.Filters
	d.Open, err = view.Count(ctx, q)
	return d, err
}

// goingOn selects conversations without an end.
var goingOn = func() query.Job {
	q, err := query.DecodeJob([]byte(`{"interval":"1970-01-01/9999-01-01","conversationFilters":[{"type":"and","predicates":[{"dimension":"conversationEnd","operator":"notExists"}]}]}`))
	if err != nil {
		panic(err)
	}
	return q
}()

// Runs implements web.Data: nothing is extracted into a sandbox.
func (shownWorld) Runs(context.Context, string) ([]runs.Run, error) { return nil, nil }

// Changes implements web.Data: a platform tells of a conversation as it is, and not of how it was.
func (shownWorld) Changes(context.Context, string, conversation.Record, int) (web.Changes, error) {
	return web.Changes{}, nil
}

// Names implements web.Data.
func (s shownWorld) Names(ctx context.Context, organization string, _ map[names.Kind][]string) (*names.Book, error) {
	return s.Book(ctx, organization)
}

// Book implements web.Data.
func (s shownWorld) Book(ctx context.Context, _ string) (*names.Book, error) {
	lists := s.world.Directory()
	if lists == nil {
		return names.BookOf(nil), nil
	}
	d, err := lists(ctx)
	if err != nil {
		return nil, err
	}
	entries := map[names.Kind][]names.Entry{}
	for _, u := range d.Users {
		entries[names.User] = append(entries[names.User], names.Entry{ID: u.ID, Name: u.Name})
	}
	for _, q := range d.Queues {
		entries[names.Queue] = append(entries[names.Queue], names.Entry{ID: q.ID, Name: q.Name})
	}
	for _, c := range d.Codes {
		entries[names.WrapUpCode] = append(entries[names.WrapUpCode], names.Entry{ID: c.ID, Name: c.Name})
	}
	for _, s := range d.Skills {
		entries[names.Skill] = append(entries[names.Skill], names.Entry{ID: s.ID, Name: s.Name})
	}
	for _, l := range d.Languages {
		entries[names.Language] = append(entries[names.Language], names.Entry{ID: l.ID, Name: l.Name})
	}
	for _, v := range d.Divisions {
		entries[names.Division] = append(entries[names.Division], names.Entry{ID: v.ID, Name: v.Name})
	}
	return names.BookOf(entries), nil
}
