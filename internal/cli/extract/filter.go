package extract

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/cli/lintrequest"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// filter reads the file of --filter: a request body that has filters and nothing else. It gives them in one spelling, so
// that the same filters are the same, however their file is written; nil if there is no file.
func (o *Options) filter() (jsontext.Value, error) {
	if o.Filter == "" {
		return nil, nil
	}
	text, err := lintrequest.Read(o.Streams, o.Filter)
	if err == nil {
		err = lintrequest.Fits(text)
	}
	if err != nil {
		return nil, err
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(text, &members); err != nil || len(members) == 0 {
		return nil, fault.Field("--filter", "--filter %s: it is no JSON object with filters, such as {\"segmentFilters\": [...]}", o.Filter)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !strings.HasSuffix(name, "Filters") {
			return nil, fault.Field("--filter", "--filter %s: %s is no filter; which days, and in what order, is not for the file to say", o.Filter, fault.Clip(name))
		}
	}
	value := jsontext.Value(text)
	if err := value.Canonicalize(); err != nil {
		return nil, fault.Because(fault.Invalid, err, "--filter %s", o.Filter)
	}
	return value, checkFilter(value, o.Filter)
}

// fingerprint stands for filters in the lake and in whatever is printed: their values may be numbers and addresses of people.
func fingerprint(filter jsontext.Value) string {
	if filter == nil {
		return ""
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(filter))[:23]
}

// checkFilter has a job with the filters checked as the server does.
func checkFilter(value jsontext.Value, name string) error {
	body := slices.Concat([]byte(`{"interval":"2026-01-01T00:00:00Z/2026-01-02T00:00:00Z",`), value[1:])
	found := query.Lint(body, query.EndpointJobs)
	if len(found) == 0 {
		return nil
	}
	return fault.Field("--filter", "--filter %s: %s: %s", name, cmp.Or(found[0].Path, "it"), found[0].Message)
}
