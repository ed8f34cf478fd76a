package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
)

// readJSON reads a request body that has to be JSON. It fails with fault.MediaType if it says to be something else
// and fault.TooLarge if it is over the limit; whether it is JSON is for the decoder to find out.
func (x *exchange) readJSON() ([]byte, error) {
	if given := x.r.Header.Get("Content-Type"); given != "" && !isJSON(given) {
		return nil, fault.New(fault.MediaType, "%s", standard["unsupported.media.type"])
	}
	return x.readBody()
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// bodyPatience is how long the body of a request may take to arrive: half a megabyte does on a line of 140 kbit/s.
const bodyPatience = 30 * time.Second

// readBody reads a request body, with a length or in chunks, up to the limit.
func (x *exchange) readBody() ([]byte, error) {
	limit := x.server.cfg.MaxBody
	if x.r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	text, err := io.ReadAll(http.MaxBytesReader(x.out.w, x.r.Body, limit))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, tooLarge(limit)
	}
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "The request body ended too early")
	}
	_ = http.NewResponseController(x.out.w).SetReadDeadline(time.Time{}) // the next request has its own time
	return text, nil
}

// awaitBody bounds how long the body of a request may take to arrive, whoever reads it: what no handler reads, net/http
// reads to its end before it takes the next request.
func (x *exchange) awaitBody() {
	if x.r.ContentLength != 0 {
		_ = http.NewResponseController(x.out.w).SetReadDeadline(time.Now().Add(bodyPatience)) // tests have no connection
	}
}

func tooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "The request is over the size limit. Maximum bytes: %d", limit)
}

// decodeBody reads the JSON object of a body. It fails with fault.Invalid and names the field at fault, if one is. Members
// that are not known are passed over, as the platform does.
func decodeBody(text []byte, into any) error {
	if kind := jsontext.Value(text).Kind(); kind != '{' {
		return fault.New(fault.Invalid, "%s The body must be a JSON object", standard["bad.request"])
	}
	err := json.Unmarshal(text, into)
	if err == nil {
		return nil
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		field := dotted(semantic.JSONPointer)
		return fault.Field(field, "%s has the wrong type", field)
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fault.New(fault.Invalid, "%s The body is not valid JSON at byte %d", standard["bad.request"], syntax.ByteOffset)
	}
	return fault.New(fault.Invalid, "%s The body is not valid JSON", standard["bad.request"])
}

// dotted writes a JSON pointer as a path: query.0.type.
func dotted(p jsontext.Pointer) string {
	var tokens []string
	for token := range p.Tokens() {
		tokens = append(tokens, fault.Clip(token))
	}
	return strings.Join(tokens, ".")
}
