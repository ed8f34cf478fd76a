package api

import (
	"context"
	"net/http"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/aggregate"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// aggregates is the permission for figures. They are of every conversation, whatever else a client may see, as on the platform.
var aggregates = needs{token: true, anyOf: []access.Permission{access.ViewAggregates}}

// aggregateRoutes are those of figures.
func (s *Server) aggregateRoutes() []route {
	const path = "/api/v2/analytics/conversations/aggregates"
	return []route{
		// Dashboards and reports, every few minutes.
		{"POST", path + "/query", s.queryAggregates, aggregates},
		// Reports over long times, at night: submit, ask until it is done, read page by page, delete.
		{"POST", path + "/jobs", s.submitAggregates, aggregates},
		{"GET", path + "/jobs/{jobId}", s.aggregatesStatus, aggregates},
		{"DELETE", path + "/jobs/{jobId}", s.deleteAggregates, aggregates},
		{"GET", path + "/jobs/{jobId}/results", s.aggregatesResults, aggregates},
		{"POST", activityPath, s.queryActivity, s.mayLive(access.ViewActivity)}, // wallboards, every few seconds
	}
}

// queryAggregates answers POST .../aggregates/query: figures of all that was emitted up to this moment.
func (s *Server) queryAggregates(x *exchange) error {
	text, err := x.readJSON()
	if err != nil {
		return err
	}
	a, err := query.DecodeAggregate(text)
	if err != nil {
		return err
	}
	var groups []aggregate.Group
	err = x.liveTo("", false, weighAggregate(a), func(ctx context.Context, view engine.Engine) (err error) {
		x.warn(engine.Missing(view, a.Interval))
		groups, err = aggregate.Answer(ctx, view, a)
		return err
	})
	if err != nil {
		return err
	}
	return x.sendGroups(a, groups)
}

// weighAggregate is how much a request asks: days, and what each emission is looked at for.
func weighAggregate(a query.Aggregate) effort {
	passes := 1 + len(a.GroupBy) + len(a.Views)
	for _, f := range a.Filters {
		passes += f.Comparisons()
	}
	return effort{"aggregate", float64(passes) * max(1, a.Interval.Duration().Hours()/24)}
}

// sendGroups answers with groups, one after the other: of all together the text would be as large again as they are.
func (x *exchange) sendGroups(a query.Aggregate, groups []aggregate.Group) (err error) {
	out := x.json(http.StatusOK)
	text := []byte(`{"results":[`)
	for i, g := range groups {
		if i > 0 {
			text = append(text, ',')
		}
		if text, err = aggregate.Append(text, a, g); err != nil {
			return err
		}
		if _, err := out.Write(text); err != nil {
			return err
		}
		text = text[:0]
	}
	_, err = out.Write(append(text, "]}"...))
	return err
}

// submitAggregates answers POST .../aggregates/jobs. A job sees what the nightly batch has moved, as those for details do.
func (s *Server) submitAggregates(x *exchange) error {
	text, err := x.readJSON()
	if err != nil {
		return err
	}
	if _, err := x.views(); err != nil && s.cfg.Owner == nil {
		return err
	}
	id, err := s.cfg.Jobs.SubmitFigures(x.r.Context(), x.owner(), text, s.cfg.Limits.DefaultResultPageSize)
	if err != nil {
		return err
	}
	return x.send(http.StatusAccepted, wire.Submitted{JobID: id})
}

// aggregatesStatus answers GET .../aggregates/jobs/{jobId}, as jobStatus does for details.
func (s *Server) aggregatesStatus(x *exchange) error {
	status, err := s.cfg.Jobs.FiguresStatus(x.r.Context(), x.owner(), x.jobID())
	if err != nil {
		return err
	}
	return x.sendStatus(status)
}

// deleteAggregates answers DELETE .../aggregates/jobs/{jobId}.
func (s *Server) deleteAggregates(x *exchange) error {
	if err := s.cfg.Jobs.DeleteFigures(x.r.Context(), x.owner(), x.jobID()); err != nil {
		return err
	}
	x.out.WriteHeader(http.StatusNoContent)
	return nil
}

// aggregatesResults answers GET .../aggregates/jobs/{jobId}/results?cursor=.
func (s *Server) aggregatesResults(x *exchange) error {
	values, err := x.query()
	if err != nil {
		return err
	}
	page, err := s.cfg.Jobs.FiguresPage(x.r.Context(), x.owner(), x.jobID(), values.Get("cursor"))
	if err != nil {
		return err
	}
	return x.sendPage(page)
}
