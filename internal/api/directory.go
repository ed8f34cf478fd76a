package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// Bounds of what one call may ask of a list. The platform's largest pages of users and of the short list of queues are
// those that its documentation and its clients name; that of the others is our choice. So is the number of ids, but for
// users, of whom its swagger says how many.
const (
	defaultListSize = 25
	maxListSize     = 100
	maxLongListSize = 500
	maxListIDs      = 500
	maxUserIDs      = 100
)

// lists are the routes of what an organization consists of. Those who call them show names in place of the ids of
// records: loaders of warehouses every night, dashboards when they start.
func (s *Server) lists() []route {
	const queues, codes = "/api/v2/routing/queues", "/api/v2/routing/wrapupcodes"
	return []route{
		{"GET", "/api/v2/users", of(listUsers), token},
		{"GET", "/api/v2/users/{userId}", of(oneUser), token},
		{"GET", queues, of(listQueues), s.may(access.ViewQueues)},
		{"GET", queues + "/divisionviews/all", of(listAllQueues), s.may(access.SearchQueues)},
		{"GET", queues + "/{queueId}", of(oneQueue), s.may(access.ViewQueues)},
		{"GET", codes, of(listCodes), s.may(access.ViewCodes)},
		{"GET", codes + "/{codeId}", of(oneCode), s.may(access.ViewCodes)},
		{"GET", "/api/v2/routing/skills", of(listSkills), s.may(access.ViewSkills)},
		{"GET", "/api/v2/routing/languages", of(listLanguages), token},
		{"GET", "/api/v2/authorization/divisions", of(listDivisions), token},
	}
}

// may asks for a permission. A server without lists asks for none: it has to say that it has none, whoever asks.
func (s *Server) may(p access.Permission) needs {
	if len(s.cfg.Directories) == 0 {
		return token
	}
	return needs{token: true, anyOf: []access.Permission{p}}
}

// noLists answers where there is nothing but records. It must not read as if the user or the queue did not exist.
const noLists = "This server does not list users, queues, wrap-up codes, skills, languages or divisions: an archive has records, which name them by id alone. " +
	"Ask the platform, or a sandbox that simulates a contact centre."

// directory is what the client's organization consists of.
func (x *exchange) directory() (*directory.Directory, error) {
	if _, err := x.views(); err != nil {
		return nil, err
	}
	if d := x.lists(); d != nil {
		return d, nil
	}
	return nil, &fault.Error{Kind: fault.NotFound, Code: "route.not.found", Message: noLists}
}

// lists are those of the client's organization at this moment; nil if it has none.
func (x *exchange) lists() *directory.Directory {
	now := x.server.cfg.Directories[x.client.Organization]
	if now == nil {
		return nil
	}
	d, err := now(x.r.Context())
	if err != nil { // what was known before is no worse than it was
		x.server.cfg.Log.WarnContext(x.r.Context(), "the lists cannot be read", "organization", x.client.Organization, "err", err)
	}
	return d
}

// of makes a handler of what answers from a directory.
func of(answer func(*exchange, *directory.Directory, parameters) error) func(*exchange) error {
	return func(x *exchange) error {
		d, err := x.directory()
		if err != nil {
			return err
		}
		values, err := x.query()
		if err != nil {
			return err
		}
		return answer(x, d, parameters{values})
	}
}

// list is a list that is asked for: what the platform takes for it beyond the number and the size of a page.
type list struct {
	what      string                              // for people
	most      int                                 // entities on a page; more are silently reduced
	ids       int                                 // that may be given; 0 if none may
	manyIDs   string                              // the code for too many of them; empty for the usual
	name      func(text string) directory.Pattern // how the name is compared; nil if it cannot be given
	divisions bool                                // can be given
	orders    [2]string                           // the ways to sort; empty if there is one only
	byID      bool                                // it can be sorted by id, and not only by name
	others    []string                            // what else it takes, and keeps from page to page
}

// listed answers with a page of a list.
func listed[T directory.Listed, A any](x *exchange, p parameters, l list, all []T, answer func(T) A) error {
	s, err := l.read(p)
	if err != nil {
		return err
	}
	page := directory.Select(all, s)
	out := wire.Listing[A]{Entities: make([]A, 0, len(page.Entities)), PageSize: s.Size, PageNumber: s.Number, Total: page.Total, PageCount: page.Pages}
	for _, v := range page.Entities {
		out.Entities = append(out.Entities, answer(v))
	}
	at := func(number int) string { return x.r.URL.EscapedPath() + "?" + l.kept(p, s.Size, number).Encode() }
	out.SelfURI, out.FirstURI, out.LastURI = at(s.Number), at(1), at(max(1, page.Pages))
	if s.Number > 1 {
		out.PreviousURI = at(min(s.Number-1, max(1, page.Pages)))
	}
	if s.Number < page.Pages {
		out.NextURI = at(s.Number + 1)
	}
	return x.send(http.StatusOK, out)
}

// kept are the parameters of another page of the same.
func (l list) kept(p parameters, size, number int) url.Values {
	out := url.Values{"pageSize": {strconv.Itoa(size)}, "pageNumber": {strconv.Itoa(number)}}
	for _, name := range append([]string{"id", "name", "divisionId", "sortBy", "sortOrder"}, l.others...) {
		if given := p.Values[name]; len(given) > 0 {
			out[name] = given
		}
	}
	return out
}

// read makes a selection of what is asked for. Parameters that a list does not take are not looked at.
func (l list) read(p parameters) (s directory.Selection, err error) {
	if s.Size, err = p.number("pageSize", defaultListSize); err != nil {
		return s, err
	}
	s.Size = min(s.Size, l.most)
	if s.Number, err = p.number("pageNumber", 1); err != nil {
		return s, err
	}
	if l.ids > 0 {
		if s.IDs = p.list("id"); len(s.IDs) > l.ids {
			return s, &fault.Error{Kind: fault.Invalid, Code: l.manyIDs, Field: "id", Message: "Only " + strconv.Itoa(l.ids) + " " + l.what + " can be requested at a time."}
		}
	}
	if l.divisions {
		if s.Divisions = p.list("divisionId"); len(s.Divisions) > maxListIDs {
			return s, fault.Field("divisionId", "at most %d divisions can be asked for at a time", maxListIDs)
		}
	}
	if text := p.Get("name"); l.name != nil && text != "" {
		s.Name = l.name(text)
	}
	return l.order(p, s)
}

func (l list) order(p parameters, s directory.Selection) (directory.Selection, error) {
	if l.orders[0] != "" {
		order, err := p.one("sortOrder", l.orders[0], l.orders[:]...)
		if err != nil {
			return s, err
		}
		s.Descending = order == l.orders[1]
	}
	if l.byID {
		by, err := p.one("sortBy", "name", "name", "id")
		if err != nil {
			return s, err
		}
		s.ByID = by == "id"
	}
	return s, nil
}

// parameters are those of a query string.
type parameters struct{ url.Values }

// number reads a number from 1 on. The Go SDK sends 0 for none.
func (p parameters) number(name string, otherwise int) (int, error) {
	text := p.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 32) // as the schema says
	if err != nil || n < 0 {
		return 0, badParameter(name, text, "1 to 2147483647")
	}
	if n == 0 {
		return otherwise, nil
	}
	return int(n), nil
}

// list reads values that may be repeated, and separated by commas, as some official clients do the one and some the other.
func (p parameters) list(name string) (out []string) {
	for _, given := range p.Values[name] {
		for v := range strings.SplitSeq(given, ",") {
			if v = strings.TrimSpace(v); v != "" {
				out = append(out, v)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// one reads one of some words, in capitals or not. The swagger gives defaults that are not among them, ASC and DESC, which
// some clients send.
func (p parameters) one(name, otherwise string, words ...string) (string, error) {
	text := p.Get(name)
	if text == "" {
		return otherwise, nil
	}
	for _, w := range words {
		if strings.EqualFold(text, w) || name == "sortOrder" && strings.EqualFold(text, strings.TrimSuffix(w, "ending")) {
			return w, nil
		}
	}
	return "", badParameter(name, text, strings.Join(words, ", "))
}

// expands reads what is to be added to each entity, of what the platform can add.
func (p parameters) expands(known []string) ([]string, error) {
	asked := p.list("expand")
	for _, e := range asked {
		if !slices.Contains(known, e) {
			return nil, badParameter("expand", e, strings.Join(known, ", "))
		}
	}
	return asked, nil
}

// badParameter refuses a value with the platform's text.
func badParameter(name, value, allowed string) error {
	return &fault.Error{
		Kind: fault.Invalid, Code: "invalid.query.param.value", Field: name,
		Message: "Value [" + fault.Clip(value) + "] is not valid for parameter [" + name + "]. Allowable values are: " + allowed,
	}
}
