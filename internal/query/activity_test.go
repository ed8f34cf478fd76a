package query

import (
	"errors"
	"strings"
	"testing"
)

func TestActivityThatIsRefused(t *testing.T) {
	const waiting = `"metrics":[{"metric":"oWaiting"}]`
	for body, want := range map[string][2]string{
		`"groupBy":["queueId"]`: {"metrics", "oWaiting"},
		waiting:                 {"groupBy", "queueId"},
		`"metrics":[{"metric":"oWaitng"}],"groupBy":["queueId"]`:   {"metrics[0].metric", "Did you mean oWaiting?"},
		`"metrics":[{"details":true}],"groupBy":["queueId"]`:       {"metrics[0].metric", "needs a metric"},
		`"metrics":["oWaiting"],"groupBy":["queueId"]`:             {"metrics[0]", "wrong type"},
		waiting + `,"groupBy":["wrapUpCode"]`:                      {"groupBy[0]", "queueId"},
		waiting + `,"groupBy":["queue"]`:                           {"groupBy[0]", "Did you mean queueId?"},
		waiting + `,"groupBy":["activeRouting"]`:                   {"groupBy[0]", "records do not say"},
		waiting + `,"groupBy":["queueId"],"order":"up"`:            {"order", "asc"},
		waiting + `,"groupBy":["queueId"],"interval":"2026/P1D"`:   {"interval", "not a field"},
		waiting + `,"groupBy":["queueId"],"filter":{"type":"and"}`: {"filter", "neither predicates nor clauses"},
	} {
		_, err := DecodeActivity([]byte("{"+body+"}"), Page{Size: 1, Number: 1})
		var all Faults
		if !errors.As(err, &all) || len(all) != 1 || all[0].Field != want[0] || !strings.Contains(all[0].Message, want[1]) {
			t.Errorf("%s\n got %v\nwant %v", body, err, want)
		}
	}
}
