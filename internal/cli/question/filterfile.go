package question

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/cli/lintrequest"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// FilterFile reads the file of --filter: a request body that has filters and nothing else. It gives them in one spelling, so that the
// same filters are the same, however their file is written; nil if there is no file.
func FilterFile(s *ui.Streams, file string) (jsontext.Value, error) {
	if file == "" {
		return nil, nil
	}
	text, err := lintrequest.Read(s, file)
	if err == nil {
		err = lintrequest.Fits(text)
	}
	if err != nil {
		return nil, err
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(text, &members); err != nil || len(members) == 0 {
		return nil, fault.Field("--filter", "--filter %s: it is no JSON object with filters, such as {\"segmentFilters\": [...]}", file)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !strings.HasSuffix(name, "Filters") {
			return nil, fault.Field("--filter", "--filter %s: %s is no filter; which days, and in what order, is not for the file to say", file, fault.Clip(name))
		}
	}
	value := jsontext.Value(text)
	if err := value.Canonicalize(); err != nil {
		return nil, fault.Because(fault.Invalid, err, "--filter %s", file)
	}
	return value, checkFilter(value, file)
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
