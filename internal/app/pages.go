package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/export"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/runs"
	"github.com/parley-hq/parley/internal/server"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/web"
	"github.com/parley-hq/parley/internal/web/question"
	"github.com/parley-hq/parley/internal/web/session"
)

// pages makes the pages of a server over lakes.
func (s *Service) pages(now func() time.Time, log *slog.Logger) func(context.Context, server.PagesOf) (server.Pages, error) {
	return func(ctx context.Context, of server.PagesOf) (server.Pages, error) {
		return pagesOver(ctx, of, web.Config{Data: shownLakes(s.lakes), Now: now, Log: log})
	}
}

// pagesOver makes pages with what their server has. Sessions go by the machine's clock: who moves that of a sandbox stays signed in.
func pagesOver(ctx context.Context, of server.PagesOf, c web.Config) (_ server.Pages, err error) {
	if c.Sessions, err = session.Open(ctx, of.DB, of.Access, time.Now); err != nil {
		return nil, err
	}
	if c.Questions, err = question.Open(ctx, of.DB, time.Now); err != nil {
		return nil, err
	}
	c.CSV = func(to io.Writer, columns []column.Selected) (web.Sheet, error) {
		return export.NewCSV(to, columns, export.CSVOptions{Times: export.ISO, Mark: true, Safe: true})
	}
	c.Ask, c.Rate, c.Limits, c.Access, c.Key, c.Secure, c.Count, c.Machine = of.Ask, of.Rate, of.Limits, of.Access, of.Key, of.Secure, of.Count, time.Now
	return web.New(c)
}

// shownLakes is what pages show of lakes, by organization.
type shownLakes map[string]*hosted

func (all shownLakes) get(ctx context.Context, organization string) (*openLake, error) {
	h := all[organization]
	if h == nil {
		return nil, fault.New(fault.Forbidden, "There is no data of your organization on this server")
	}
	return h.get(ctx)
}

// Name implements web.Data.
func (all shownLakes) Name(organization string) string {
	if h := all[organization]; h != nil {
		return h.dir
	}
	return ""
}

// Days implements web.Data.
func (all shownLakes) Days(ctx context.Context, organization string) (web.Days, error) {
	s, err := all.get(ctx, organization)
	if err != nil {
		return web.Days{}, err
	}
	out := web.Days{Name: all[organization].dir}
	rules, err := ledger.In(s.lake.Control()).Rules(ctx)
	if err != nil {
		return out, err
	}
	status, err := extract.StatusOf(ctx, s.lake, s.lake.Control(), rules, nil, nil)
	if err != nil {
		return out, err
	}
	out.Days = status.Days
	if out.Platform, err = platformOf(ctx, s.lake.Control()); err != nil {
		return out, err
	}
	if at, err := conversation.ParseTime(status.Available); err == nil {
		out.Available = at
	}
	return out, nil
}

// platformOf is where the platform of a lake is: the one that it has data of, else the one that was asked last.
func platformOf(ctx context.Context, control *state.DB) (url string, err error) {
	known, err := extract.Known(ctx, control)
	if err != nil || known != (extract.Identity{}) {
		return known.URL, err
	}
	list, err := runs.In(control).List(ctx)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0].URL, nil
}

// Runs implements web.Data.
func (all shownLakes) Runs(ctx context.Context, organization string) ([]runs.Run, error) {
	s, err := all.get(ctx, organization)
	if err != nil {
		return nil, err
	}
	return runs.In(s.lake.Control()).List(ctx)
}

// Changes implements web.Data.
func (all shownLakes) Changes(ctx context.Context, organization string, of conversation.Record, most int) (out web.Changes, err error) {
	s, err := all.get(ctx, organization)
	if err != nil {
		return out, err
	}
	if out.Platform, err = platformOf(ctx, s.lake.Control()); err != nil {
		return out, err
	}
	out.Name = all[organization].dir
	snapshot, err := s.lake.Snapshot(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	for c, err := range snapshot.Changes(ctx, lake.Wanted{ID: of.ID, Days: conversation.Days{First: of.Day(), End: of.Day() + 1}}) {
		if out.More = len(out.List) == most; err != nil || out.More {
			return out, err
		}
		// what is yielded is good until the next one only
		out.List = append(out.List, web.Change{FoundAt: c.FoundAt, Path: strings.Clone(c.Path), Before: strings.Clone(c.Before), After: strings.Clone(c.After)})
	}
	return out, nil
}

// Names implements web.Data.
func (all shownLakes) Names(ctx context.Context, organization string, ids map[names.Kind][]string) (*names.Book, error) {
	s, err := all.get(ctx, organization)
	if err != nil {
		return nil, err
	}
	h, err := s.lake.NamesOf(ctx, ids)
	return names.NewBook(h), err
}

// Book implements web.Data.
func (all shownLakes) Book(ctx context.Context, organization string) (*names.Book, error) {
	s, err := all.get(ctx, organization)
	if err != nil {
		return nil, err
	}
	h, err := s.lake.Names(ctx)
	return names.NewBook(h), err
}
