package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/parley-hq/parley/internal/aggregate"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

const activityPath = "/api/v2/analytics/conversations/activity/query"

// Groups of a page: the platform's numbers are not known.
const (
	defaultActivityGroups = 100
	maxActivityGroups     = 1_000
)

// noPresent answers where there is nothing but records of the past.
const noPresent = "This server does not know what goes on at this moment: a lake has what was. Ask the platform, or a sandbox; " +
	"POST /api/v2/analytics/conversations/aggregates/query gives figures of the past."

// queryActivity answers POST .../activity/query?pageSize=&pageNumber=: what goes on at this moment, in conversations of everybody.
func (s *Server) queryActivity(x *exchange) error {
	text, err := x.readJSON()
	if err != nil {
		return err
	}
	page, err := x.activityPage()
	if err != nil {
		return err
	}
	a, err := query.DecodeActivity(text, page)
	if err != nil {
		return err
	}
	var answer wire.Activity
	err = x.liveTo("", false, effort{"activity", 1}, func(ctx context.Context, view engine.Engine) (err error) {
		answer, err = aggregate.Activity(ctx, view, a)
		return err
	})
	if errors.Is(err, aggregate.ErrNoPresent) {
		return &fault.Error{Kind: fault.NotFound, Code: "route.not.found", Message: noPresent}
	}
	if err != nil {
		return err
	}
	return x.send(http.StatusOK, answer)
}

// activityPage is which groups are asked for. A larger page is silently reduced, as pages of lists are.
func (x *exchange) activityPage() (page query.Page, err error) {
	values, err := x.query()
	if err != nil {
		return page, err
	}
	p := parameters{values}
	if page.Size, err = p.number("pageSize", defaultActivityGroups); err != nil {
		return page, err
	}
	page.Size = min(page.Size, maxActivityGroups)
	page.Number, err = p.number("pageNumber", 1)
	return page, err
}
