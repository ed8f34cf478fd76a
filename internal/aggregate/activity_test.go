package aggregate

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// fake is an engine that says what it is told to.
type fake struct {
	engine.Engine

	found []query.Observation
	more  bool
}

func (f fake) Observe(_ context.Context, _ query.Activity, most int) ([]query.Observation, bool, error) {
	if f.more || len(f.found) > most {
		return nil, true, nil
	}
	return f.found, false, nil
}

func (f fake) Sums(context.Context, query.Sums, int) ([]query.Sum, bool, error) {
	return nil, f.more, nil
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// waiting are so many that wait in a queue, one a second.
func waiting(n int) (found []query.Observation) {
	for i := range n {
		found = append(found, query.Observation{
			Group: []string{"q"}, Doing: query.Waiting, Since: noon.Add(time.Duration(i) * time.Second), Conversation: conversation.ID(fmt.Sprintf("c%d", i)),
			Participant: &conversation.Participant{}, Session: &conversation.Session{}, Segment: &conversation.Segment{},
		})
	}
	return found
}

func activity(t *testing.T, metrics string) query.Activity {
	t.Helper()
	a, err := query.DecodeActivity([]byte(`{"groupBy":["queueId"],"metrics":[`+metrics+`]}`), query.Page{Size: 10, Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A group lists a hundred: of more the fifty oldest and the fifty newest, and says so.
func TestListsOfWhatGoesOnAreCut(t *testing.T) {
	for _, n := range []int{1, 99, 100, 101, 250} {
		got, err := Activity(t.Context(), fake{found: waiting(n)}, activity(t, `{"metric":"oWaiting","details":true},{"metric":"oLongestWaiting"},{"metric":"oAlerting","details":true}`))
		if err != nil || len(got.Results) != 1 || len(got.Results[0].Data) != 2 || got.EntityIDDimension != "conversationId" {
			t.Fatalf("%d: %+v, %v", n, got, err)
		}
		g := got.Results[0]
		ids := g.Data[0].EntityIDs
		if *g.Data[0].Count != n || len(ids) != min(n, 100) || len(g.Entities) != len(ids) || ids[0] != "c0" || ids[len(ids)-1] != fmt.Sprintf("c%d", n-1) || (g.Truncated != nil) != (n > 100) {
			t.Errorf("%d: %d are listed, from %s to %s; truncated: %v", n, len(ids), ids[0], ids[len(ids)-1], g.Truncated)
		}
		if n == 250 && (ids[49] != "c49" || ids[50] != "c200") {
			t.Errorf("between the oldest and the newest are %s and %s", ids[49], ids[50])
		}
		if since := g.Data[1].CalculatedMetricValue; since == nil || *since != noon.UnixMilli() || g.Data[1].Count != nil || g.Data[1].EntityIDs != nil {
			t.Errorf("%d: the longest waits since %v", n, since)
		}
	}
}

// Groups in which nothing of what was asked for goes on are not there; without details nothing is listed.
func TestActivityOfOtherThings(t *testing.T) {
	got, err := Activity(t.Context(), fake{found: waiting(3)}, activity(t, `{"metric":"oInteracting","details":true}`))
	if err != nil || got.Results == nil || len(got.Results) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = Activity(t.Context(), fake{found: waiting(3)}, activity(t, `{"metric":"oWaiting"}`))
	if err != nil || len(got.Results) != 1 || got.Results[0].Entities != nil || got.Results[0].Truncated != nil || got.EntityIDDimension != "" || got.Results[0].Group["queueId"] != "q" {
		t.Errorf("%+v, %v", got, err)
	}
}

// What is too much names the member that can be changed.
func TestTooMuchNamesItsMember(t *testing.T) {
	field := func(err error) string {
		if f, is := errors.AsType[*fault.Error](err); is && f.Kind == fault.Invalid {
			return f.Field
		}
		return fmt.Sprint(err)
	}
	_, err := Activity(t.Context(), fake{more: true}, activity(t, `{"metric":"oWaiting"}`))
	if got := field(err); got != "groupBy" {
		t.Errorf("activity: %s", got)
	}
	for body, want := range map[string]string{
		`{"interval":"2026-11-01/P1D","metrics":["nOffered"],"groupBy":["queueId"]}`: "groupBy",
		`{"interval":"2026-11-01/P1D","metrics":["nOffered"],"granularity":"PT1H"}`:  "granularity",
	} {
		_, err := Answer(t.Context(), fake{more: true}, asked(t, body))
		if got := field(err); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	if _, err := Activity(t.Context(), struct{ engine.Engine }{}, activity(t, `{"metric":"oWaiting"}`)); !errors.Is(err, ErrNoPresent) {
		t.Errorf("an engine without a present: %v", err)
	}
}
