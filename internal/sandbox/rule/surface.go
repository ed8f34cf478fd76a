package rule

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// Path is where rules are listed, added and removed.
const Path = "/_sandbox/faults"

// List is rules as they are written in answers.
type List struct {
	Faults []Listed `json:"faults"`
}

// Surface serves the rules: GET and DELETE of Path, POST of a rule or a list of them, all or none of which are added, and
// DELETE of a rule by its name behind Path. Who may ask is for others to say.
func (s *Set) Surface() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, answer, err := s.serve(r)
		switch {
		case err != nil:
			Refuse(w, err)
		case answer == nil:
			w.WriteHeader(status)
		default:
			sendJSON(w, status, answer)
		}
	})
}

func (s *Set) serve(r *http.Request) (status int, answer any, err error) {
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.EscapedPath(), Path), "/")
	if name, err = url.PathUnescape(name); err != nil {
		return 0, nil, fault.New(fault.Invalid, "the name of the rule is not escaped as in a URL")
	}
	switch {
	case r.Method == http.MethodGet && name == "":
		return http.StatusOK, List{s.List()}, nil
	case r.Method == http.MethodPost && name == "":
		added, err := s.post(r)
		return http.StatusCreated, List{added}, err
	case r.Method == http.MethodDelete && name == "":
		return http.StatusNoContent, nil, s.Clear()
	case r.Method == http.MethodDelete:
		return http.StatusNoContent, nil, s.Remove(name)
	}
	return 0, nil, fault.New(fault.NotFound, "there is no %s %s; there are GET, POST and DELETE of %s, and DELETE of %s/{name}", fault.Clip(r.Method), fault.Clip(r.URL.Path), Path, Path)
}

func (s *Set) post(r *http.Request) ([]Listed, error) {
	// A page of a web site may send a form to any address, but no JSON without being allowed to.
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, fault.New(fault.MediaType, "rules are sent as application/json")
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, maxText+1))
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "the rules did not arrive whole")
	}
	rules, err := Decode(text)
	if err != nil {
		return nil, err
	}
	return s.AddAll(rules)
}

// AddAll adds rules, or none of them: then it fails as Add does, and of several says which.
func (s *Set) AddAll(rules []Rule) ([]Listed, error) {
	added := make([]Listed, 0, len(rules))
	for i, r := range rules {
		kept, err := s.Add(r)
		if err == nil {
			added = append(added, Listed{Rule: kept})
			continue
		}
		for _, a := range added {
			err = errors.Join(err, s.Remove(a.Name))
		}
		if len(rules) > 1 {
			err = ofSeveral(i, err)
		}
		return nil, err
	}
	return added, nil
}

// ofSeveral says of which rule a failure is.
func ofSeveral(i int, err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	return &fault.Error{Kind: f.Kind, Field: strings.TrimSuffix(fmt.Sprintf("[%d].%s", i, f.Field), "."), Message: fmt.Sprintf("rule %d: %s", i+1, f.Message)}
}

// Refuse answers with an error, in the shape of the platform's.
func Refuse(w http.ResponseWriter, err error) {
	if inside, ok := w.(interface{ Fail(err error) }); ok {
		inside.Fail(err) // who asks in this process gets it as it is
	}
	p := problem{status: fault.HTTPStatus(err), code: fault.Code(err), message: err.Error()}
	f, ok := errors.AsType[*fault.Error](err)
	if ok {
		p.message = f.Message
	}
	b := p.body()
	if ok && f.Field != "" {
		b.Details = []wire.ProblemDetail{{ErrorCode: b.Code, FieldName: f.Field}}
	}
	sendJSON(w, p.status, b)
}
