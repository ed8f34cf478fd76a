package job

import (
	"context"
	"iter"

	"github.com/parley-hq/parley/internal/aggregate"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/query"
)

// SubmitFigures queues a query for aggregates. It fails as Submit does. A page of the results has so many groups as the request
// says, or this many.
func (m *Manager) SubmitFigures(ctx context.Context, o Owner, body []byte, pageSize int) (ID, error) {
	a, err := query.DecodeAggregate(body)
	if err != nil {
		return "", err
	}
	if a.PageSize > 0 {
		pageSize = a.PageSize
	}
	return m.submit(ctx, entry{kind: Figures, owner: o, body: body, page: pageSize})
}

// FiguresStatus says where a query for aggregates stands, as Status does.
func (m *Manager) FiguresStatus(ctx context.Context, o Owner, id ID) (Status, error) {
	return m.status(ctx, Figures, o, id)
}

// DeleteFigures cancels or removes a query for aggregates, as Delete does.
func (m *Manager) DeleteFigures(ctx context.Context, o Owner, id ID) error {
	return m.delete(ctx, Figures, o, id)
}

// FiguresPage gives a page of groups, as Results does of records.
func (m *Manager) FiguresPage(ctx context.Context, o Owner, id ID, cursor string) (*Page, error) {
	e, err := m.findOf(ctx, Figures, o, id)
	if err != nil {
		return nil, err
	}
	p, err := m.results(ctx, Figures, o, id, cursor, e.page)
	if err != nil {
		return nil, err
	}
	tail := "]}"
	if p.Next() != "" {
		tail = `],"cursor":"` + p.Next() + `"}`
	}
	p.Within(Frame{Head: `{"results":[`, Tail: tail})
	return p, nil
}

// figures answers with groups.
func (m *Manager) figures(a query.Aggregate) question {
	return func(ctx context.Context, view engine.Engine, e *entry) error {
		e.missing = engine.Missing(view, a.Interval)
		groups, err := aggregate.Answer(ctx, view, a)
		if err != nil {
			return err
		}
		e.size, err = m.files.write(ctx, *e, groupTexts(a, groups), m.cfg.Limits.Bytes)
		return err
	}
}

// groupTexts writes groups as the platform does. A text is good until the next one.
func groupTexts(a query.Aggregate, groups []aggregate.Group) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var text []byte
		for _, g := range groups {
			var err error
			if text, err = aggregate.Append(text[:0], a, g); !yield(text, err) || err != nil {
				return
			}
		}
	}
}
