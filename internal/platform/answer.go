package platform

import (
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

// take reads an answer that is one to the call, and refuses every other: a status that merely is no error, or a body
// that is something else than JSON, may say anything.
func (c *Client) take(resp *http.Response, what call, read func(io.Reader) error) error {
	good := what.good
	if len(good) == 0 {
		good = []int{http.StatusOK}
	}
	kind, coding := resp.Header.Get("Content-Type"), resp.Header.Get("Content-Encoding")
	switch {
	case resp.StatusCode < 200 || resp.StatusCode >= 300:
		return c.failure(resp)
	case !slices.Contains(good, resp.StatusCode):
		return fault.New(fault.Corrupt, "the platform answers %d, which is not the answer to this request", resp.StatusCode)
	case read == nil:
		return nil
	case !isJSON(kind):
		return fault.New(fault.Corrupt, "the platform answers with %s in place of JSON", c.clean(kind, maxWord))
	case coding != "" && coding != "identity":
		return fault.New(fault.Corrupt, "the platform answers in the coding %s, for which it was not asked", c.clean(coding, maxWord))
	}
	if what.head != nil {
		if err := what.head(resp.Header); err != nil {
			return err
		}
	}
	return c.cut(read(resp.Body))
}

// isJSON says whether a Content-Type is one of JSON. One that is not said may be.
func isJSON(kind string) bool {
	if kind == "" {
		return true
	}
	name, _, err := mime.ParseMediaType(kind)
	return err == nil && (name == "application/json" || name == "text/json" || strings.HasSuffix(name, "+json"))
}
