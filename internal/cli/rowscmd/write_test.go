package rowscmd

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

// Rows of a lake may lack members, have new ones, and have times.
func TestRowsAreWritten(t *testing.T) {
	const (
		first   = `{"conversation.id":"a","timestamp":"2026-11-01T00:00:00.001Z","metrics.queuetime.ms":5,"attributes.custom":{"k":"v"}}`
		moved   = `{"timestamp":"2026-11-01T01:00:00.001+01:00","conversation.id":"b","metrics.queuetime.ms":null,"attributes.custom":null}`
		lacking = `{"conversation.id":"c","timestamp":"soon"}`
		added   = `{"conversation.id":"d","timestamp":null,"new":1,"metrics.queuetime.ms":1.5,"attributes.custom":{}}`
		head    = "conversation.id,timestamp,metrics.queuetime.ms,attributes.custom\r\n"
	)
	for name, c := range map[string]struct {
		o    Options
		rows []string
		want string
		err  string
	}{
		"as they came": {Options{}, []string{first, lacking, added}, first + "\n" + lacking + "\n" + added + "\n", ""},
		"csv": {Options{Format: "csv"}, []string{first, moved, lacking},
			head + "a,2026-11-01T00:00:00.001Z,5,\"{\"\"k\"\":\"\"v\"\"}\"\r\nb,2026-11-01T01:00:00.001+01:00,,\r\nc,soon,,\r\n", ""},
		"csv with a new member": {Options{Format: "csv", Lake: "x"}, []string{first, added}, "", "a row has a member that the first one lacks: new; name the columns by --select"},
		"chosen columns":        {Options{Format: "csv", Lake: "x", Select: []string{"new", "conversation.id"}}, []string{first, added}, "new,conversation.id\r\n,a\r\n1,d\r\n", ""},
		"chosen members":        {Options{Lake: "x", Select: []string{"new", "attributes.custom"}}, []string{first, added}, `{"new":null,"attributes.custom":{"k":"v"}}` + "\n" + `{"new":1,"attributes.custom":{}}` + "\n", ""},
		"numbers for times": {Options{Times: "epoch-ms"}, []string{first, moved, lacking}, strings.Replace(first, `"2026-11-01T00:00:00.001Z"`, "1793491200001", 1) + "\n" +
			strings.Replace(moved, `"2026-11-01T01:00:00.001+01:00"`, "1793491200001", 1) + "\n" + lacking + "\n", ""},
		"numbers in csv": {Options{Times: "epoch-ms", Format: "csv", Lake: "x", Select: []string{"timestamp"}}, []string{first, moved}, "timestamp\r\n1793491200001\r\n1793491200001\r\n", ""},
		"no object":      {Options{Format: "csv"}, []string{`[1]`}, "", "a row is no JSON object"},
		"half an object": {Options{Format: "csv"}, []string{`{"a":`}, "", "a row is no JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			w := bufio.NewWriter(&out)
			to := c.o.sinkTo(w, c.o.Select)
			err := to.head()
			for _, row := range c.rows {
				if err = to.row([]byte(row)); err != nil {
					break
				}
			}
			if c.err != "" {
				if !errors.Is(err, fault.Corrupt) || err.Error() != c.err {
					t.Errorf("%v, want %s", err, c.err)
				}
				return
			}
			if err := errors.Join(err, w.Flush()); err != nil || out.String() != c.want {
				t.Errorf("%v\n%s\nwant\n%s", err, &out, c.want)
			}
		})
	}
}
