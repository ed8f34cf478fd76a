package extract

import (
	"crypto/sha256"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/cli/question"
)

// filter reads the file of --filter.
func (o *Options) filter() (jsontext.Value, error) { return question.FilterFile(o.Streams, o.Filter) }

// fingerprint stands for filters in the lake and in whatever is printed: their values may be numbers and addresses of people.
func fingerprint(filter jsontext.Value) string {
	if filter == nil {
		return ""
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(filter))[:23]
}
