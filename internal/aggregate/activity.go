package aggregate

import (
	"context"
	"errors"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// Bounds of activity, ours: what may go on at a moment, and how much of a group is listed.
const (
	maxObserved = 100_000
	maxEntities = 100
)

// ErrNoPresent says that an engine shows no present.
var ErrNoPresent = errors.New("nothing goes on here")

// Activity answers what goes on at the moment that an engine shows: a page of the groups in which there is anything. It fails with
// ErrNoPresent, as engines do, and with fault.Invalid when more goes on than can be told.
func Activity(ctx context.Context, e engine.Engine, a query.Activity) (wire.Activity, error) {
	now, is := e.(engine.Observing)
	if !is {
		return wire.Activity{}, ErrNoPresent
	}
	all, more, err := now.Observe(ctx, a, maxObserved)
	if err != nil {
		return wire.Activity{}, err
	}
	if more {
		return wire.Activity{}, fault.Field("groupBy", "more than %d things go on, each counted in every group that it is in; group by fewer dimensions, or filter", maxObserved)
	}
	out := wire.Activity{Results: []wire.ActivityGroup{}}
	for same := range chunks(all, func(x, y query.Observation) bool { return slices.Equal(x.Group, y.Group) }) {
		if g := activityOf(a, same); len(g.Data) > 0 {
			out.Results = append(out.Results, g)
		}
	}
	if a.Order == query.Descending {
		slices.Reverse(out.Results)
	}
	from := min(a.Page.Offset(), len(out.Results))
	out.Results = out.Results[from:min(from+a.Page.Size, len(out.Results))]
	if slices.ContainsFunc(a.Metrics, func(m query.ActivityMetric) bool { return m.Details }) {
		out.EntityIDDimension = "conversationId"
	}
	return out, nil
}

// activityOf is what goes on in a group, of which the oldest comes first.
func activityOf(a query.Activity, all []query.Observation) wire.ActivityGroup {
	g := wire.ActivityGroup{Group: map[string]string{}}
	for i, d := range a.GroupBy {
		if v := all[0].Group[i]; v != "" {
			g.Group[d.Name] = v
		}
	}
	for _, m := range a.Metrics {
		of, longest := m.Of()
		doing := slices.DeleteFunc(slices.Clone(all), func(o query.Observation) bool { return o.Doing != of })
		if len(doing) == 0 {
			continue
		}
		value := wire.ActivityValue{Metric: m.Name, Count: new(len(doing))}
		if longest {
			value.Count, value.CalculatedMetricValue, doing = nil, new(doing[0].Since.UnixMilli()), doing[:1]
		}
		if m.Details {
			listed := listed(doing)
			for _, o := range listed {
				value.EntityIDs = append(value.EntityIDs, string(o.Conversation))
				g.Entities = append(g.Entities, entityOf(o, m.Name))
			}
			if len(listed) < len(doing) {
				g.Truncated = new(true)
			}
		}
		g.Data = append(g.Data, value)
	}
	return g
}

// listed are the oldest and the newest of many, as the platform lists them.
func listed(all []query.Observation) []query.Observation {
	if len(all) <= maxEntities {
		return all
	}
	return append(slices.Clone(all[:maxEntities/2]), all[len(all)-maxEntities/2:]...)
}

// entityOf is what is told of something that goes on.
func entityOf(o query.Observation, metric string) wire.ActivityEntity {
	p, s, g := o.Participant, o.Session, o.Segment
	return wire.ActivityEntity{
		ActivityDate: conversation.FormatTime(o.Since), Metric: metric, ConversationID: string(o.Conversation),
		AddressFrom: s.AddressFrom, AddressTo: s.AddressTo, Ani: s.Ani, Direction: s.Direction, Dnis: s.Dnis, MediaType: s.MediaType,
		ParticipantName: p.ParticipantName, QueueID: g.QueueID, RequestedLanguageID: g.RequestedLanguageID, RequestedRoutingSkillIDs: g.RequestedRoutingSkillIDs,
		RequestedRoutings: s.RequestedRoutings, SessionID: s.SessionID, TeamID: p.TeamID, UsedRouting: s.UsedRouting, UserID: p.UserID,
	}
}
