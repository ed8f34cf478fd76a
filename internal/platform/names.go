package platform

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
)

// list is where the platform lists a kind of things.
type list struct {
	path       string
	more       url.Values // what is asked for besides
	page       int        // entities a page; a server that gives fewer says so
	permission string     // that the client needs; empty if it needs none
}

// lists are those of every kind. Other pages than those of users are as large as any client of the platform asks for.
var lists = map[names.Kind]list{
	names.User:       {path: "/api/v2/users", more: url.Values{"state": {"any"}}, page: 500},
	names.Queue:      {path: "/api/v2/routing/queues", page: 100, permission: "routing:queue:view"},
	names.WrapUpCode: {path: "/api/v2/routing/wrapupcodes", page: 100, permission: "routing:wrapupCode:view"},
	names.Division:   {path: "/api/v2/authorization/divisions", page: 100},
	names.Skill:      {path: "/api/v2/routing/skills", page: 100, permission: "routing:skill:view"},
	names.Language:   {path: "/api/v2/routing/languages", page: 100},
}

// Bounds of a list: whatever a server sends, memory and the number of requests have an end.
const (
	maxListed  = 100_000  // entities of a list
	maxLists   = 20_000   // pages
	maxListing = 16 << 20 // bytes of a page
	maxNameID  = 256      // bytes of an id; the platform's have 36
	maxName    = 512      // bytes of a name; the platform's have some 250 characters at most
	idsAtOnce  = 50       // that are asked for by one request
)

// listing is a page of a list. Of its addresses it matters only whether there is a next one.
type listing struct {
	Entities []entity `json:"entities"`
	PageSize int      `json:"pageSize"`
	Count    int      `json:"pageCount"`
	Total    *int     `json:"total"`
	Next     string   `json:"nextUri"`
}

// entity is what all lists say of a thing.
type entity struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	State    string `json:"state"`
	Division *struct {
		ID string `json:"id"`
	} `json:"division"`
}

// List reads a list of the platform as a whole, page by page. What has no id that can be used is left out. A list that goes
// on for ever, or comes twice, is fault.Corrupt; Unlisted says of an error that the platform does not give it to this client.
func (c *Client) List(ctx context.Context, k names.Kind) (_ names.Listing, err error) {
	defer fault.Wrap(&err, "list what the platform has of %s", k)
	r := listReader{kind: k, found: map[string]names.Entry{}}
	for number := 1; number <= maxLists; number++ {
		p, err := c.listPage(ctx, lists[k], url.Values{"pageNumber": {strconv.Itoa(number)}})
		if err != nil {
			return names.Listing{}, err
		}
		if err := r.take(p); err != nil {
			return names.Listing{}, err
		}
		if p.last(number) {
			return r.listing(p.Total), nil
		}
	}
	return names.Listing{}, fault.New(fault.Corrupt, "it has more than %d pages", maxLists)
}

// Lookup gives what the platform says of some ids, by a request for each so many of them. What it does not know is missing.
func (c *Client) Lookup(ctx context.Context, k names.Kind, ids []string) (out []names.Entry, err error) {
	defer fault.Wrap(&err, "look up names of %s", k)
	for some := range slices.Chunk(ids, idsAtOnce) {
		p, err := c.listPage(ctx, lists[k], url.Values{"id": some})
		if err != nil {
			return nil, err
		}
		for _, e := range p.Entities {
			// A server that does not know the parameter sends what it likes.
			if entry, ok := e.entry(k); ok && slices.Contains(some, entry.ID) {
				out = append(out, entry)
			}
		}
	}
	return out, nil
}

func (c *Client) listPage(ctx context.Context, l list, more url.Values) (p listing, err error) {
	query := url.Values{"pageSize": {strconv.Itoa(l.page)}}
	maps.Copy(query, l.more)
	maps.Copy(query, more)
	err = c.do(ctx, call{method: http.MethodGet, path: l.path, query: query}, upTo(maxListing, &p, nil))
	return p, err
}

// last says whether no page follows, by whatever the server says of it: how many there are, that there is a next one, or
// that this one is not full.
func (p listing) last(number int) bool {
	switch {
	case len(p.Entities) == 0:
		return true
	case p.Count > 0:
		return number >= p.Count
	case p.Next != "":
		return false
	}
	return p.PageSize <= 0 || len(p.Entities) < p.PageSize
}

// listReader gathers what pages have.
type listReader struct {
	kind  names.Kind
	found map[string]names.Entry
	unfit int // things left out
}

func (r *listReader) take(p listing) error {
	known := len(r.found)
	for _, e := range p.Entities {
		if entry, ok := e.entry(r.kind); ok {
			r.found[entry.ID] = entry
		} else {
			r.unfit++
		}
	}
	switch now := len(r.found); {
	case len(p.Entities) > 0 && now == known:
		return fault.New(fault.Corrupt, "a page has nothing that the others do not have; did it come twice?")
	case now > maxListed:
		return fault.New(fault.Corrupt, "it has more than %d entries", maxListed)
	}
	return nil
}

// listing is what was gathered, by id. It is whole if it is as much as the server says that there is: of a server that does not say,
// or of something else that answers in its place, nobody knows what is missing.
func (r *listReader) listing(total *int) names.Listing {
	out := names.Listing{Kind: r.kind, Whole: r.unfit == 0 && total != nil && len(r.found) == *total}
	for _, e := range r.found {
		out.Entries = append(out.Entries, e)
	}
	slices.SortFunc(out.Entries, func(a, b names.Entry) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// entry is what is kept of a thing. Addresses of users are not.
func (e entity) entry(k names.Kind) (out names.Entry, ok bool) {
	if e.ID == "" || len(e.ID) > maxNameID || line(e.ID) != e.ID {
		return out, false
	}
	out = names.Entry{ID: e.ID, Name: short(e.Name)}
	if k == names.User {
		out.State = short(e.State)
	}
	if d := e.Division; d != nil && len(d.ID) <= maxNameID {
		out.Division = line(d.ID)
	}
	return out, true
}

// short is a name on one line, and of a bearable length.
func short(text string) string {
	if len(text) > maxName {
		text = strings.ToValidUTF8(text[:maxName], "") + "…"
	}
	return line(text)
}

// Unlisted says of an error that the platform does not give a list to this client, and what is to be done about it; empty of
// any other error.
func Unlisted(k names.Kind, err error) string {
	r, ok := errors.AsType[*Refusal](err)
	switch {
	case !ok:
		return ""
	case r.Status == http.StatusForbidden && lists[k].permission != "":
		return "the client lacks the permission " + lists[k].permission
	case r.Status == http.StatusForbidden:
		return "the client may not read them"
	case slices.Contains(untold, r.Status):
		return "the server does not list them"
	}
	return ""
}
