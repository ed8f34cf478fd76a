package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
)

// What is here is the reading half of the REST catalog of Apache Iceberg, by which other engines find the tables of a lake.
// Source: open-api/rest-catalog-open-api.yaml in github.com/apache/iceberg, as of version 1.10. The files themselves they
// read from the folder; no credentials are handed out.

// Tables are an organization's lake as other engines are shown it. Safe for concurrent use.
type Tables interface {
	// At shows the tables as one commit left them: the newest, or the one with this tag or snapshot id. fault.NotFound if there
	// is none of that name. The caller closes it; what it has shown stays readable for a while after that.
	At(ctx context.Context, name string) (TablesAt, error)
}

// TablesAt are the tables of a lake as one commit left them.
type TablesAt interface {
	// Names lists the tables in order.
	Names() []string
	// Version changes whenever what Table gives does.
	Version(ctx context.Context, table string) (string, error)
	// Table gives where the metadata of a table are, and the metadata as JSON; with named only those snapshots that are the
	// newest or have a tag.
	Table(ctx context.Context, table string, named bool) (location string, metadata []byte, err error)
	Close() error
}

const (
	icebergRoot = "/iceberg/v1"
	// icebergNamespace has the tables of a lake, there as in its own catalog.
	icebergNamespace = "parley"
)

func (s *Server) icebergRoutes() []route {
	const namespace = icebergRoot + "/{prefix}/namespaces/{namespace}"
	return []route{
		// Engines, once when they connect.
		{"GET", icebergRoot + "/config", s.icebergConfig, viewAll},
		// Engines, when somebody looks around.
		{"GET", icebergRoot + "/{prefix}/namespaces", s.icebergNamespaces, viewAll},
		{"GET", namespace, s.icebergNamespace, viewAll},
		{"GET", namespace + "/tables", s.icebergTables, viewAll},
		// Engines, for every table of a question.
		{"GET", namespace + "/tables/{table}", s.icebergTable, viewAll},
	}
}

// icebergEndpoints are what engines are told that they can ask for. One that may write leaves files behind even when it is
// refused; by this list it does not try.
func icebergEndpoints(routes []route) []string {
	var out []string
	for _, r := range routes {
		pattern, ours := strings.CutPrefix(r.pattern, icebergRoot)
		if !ours || pattern == "/config" {
			continue
		}
		out = append(out, "GET /v1"+pattern)
		if strings.HasSuffix(pattern, "{namespace}") || strings.HasSuffix(pattern, "{table}") {
			out = append(out, "HEAD /v1"+pattern)
		}
	}
	return out
}

// isIceberg says whether a request is one of an engine, whose errors have a shape of their own.
func (x *exchange) isIceberg() bool {
	return x.server.cfg.Tables != nil && strings.HasPrefix(x.r.URL.Path, icebergRoot+"/")
}

// refuseEngine answers what the catalog does not have: everything that writes, first of all.
func (x *exchange) refuseEngine() error {
	if x.r.URL.Path == icebergRoot+"/oauth/tokens" {
		return &fault.Error{Kind: fault.NotFound, Code: "NotFoundException", Message: "No tokens are issued here; set oauth2-server-uri to /oauth/token of this server"}
	}
	if x.r.Method != http.MethodGet && x.r.Method != http.MethodHead {
		x.out.Header().Set("Allow", "GET, HEAD")
		x.sendProblem(problem{status: http.StatusMethodNotAllowed, code: "UnsupportedOperationException", message: "This catalog can only be read"})
		return nil
	}
	return &fault.Error{Kind: fault.NotFound, Code: "NotFoundException", Message: "This catalog has no such route; /iceberg/v1/config lists those that it has"}
}

// icebergError is the body of an error in the model of the specification.
type icebergError struct {
	Error struct {
		Message string `json:"message"`
		Type    string `json:"type"`
		Code    int    `json:"code"`
	} `json:"error"`
}

// icebergTypes are the types of errors by status, as the specification's examples have them.
var icebergTypes = map[int]string{
	http.StatusBadRequest:         "BadRequestException",
	http.StatusUnauthorized:       "NotAuthorizedException",
	http.StatusForbidden:          "ForbiddenException",
	http.StatusNotFound:           "NotFoundException",
	http.StatusConflict:           "ConflictException",
	http.StatusTooManyRequests:    "TooManyRequestsException",
	http.StatusServiceUnavailable: "ServiceUnavailableException",
}

func (p problem) icebergBody() (e icebergError) {
	e.Error.Message, e.Error.Code, e.Error.Type = p.message, p.status, "InternalServerError"
	if known, ok := icebergTypes[p.status]; ok {
		e.Error.Type = known
	}
	if strings.HasSuffix(p.code, "Exception") {
		e.Error.Type = p.code
	}
	return e
}

// icebergConfig answers GET /v1/config: which prefix the client's routes have from now on. A warehouse is the organization,
// with a tag or a snapshot id after an @ if all tables are wanted as they were.
func (s *Server) icebergConfig(x *exchange) error {
	values, err := x.query()
	if err != nil {
		return err
	}
	prefix := values.Get("warehouse")
	if prefix == "" {
		prefix = x.client.Organization
	}
	at, err := x.tablesOf(prefix)
	if err != nil {
		return err
	}
	if err := at.Close(); err != nil {
		return err
	}
	return x.send(http.StatusOK, struct {
		Defaults  map[string]string `json:"defaults"`
		Overrides map[string]string `json:"overrides"`
		Endpoints []string          `json:"endpoints"`
	}{
		// To exchange a token for another is a grant that the token route does not know.
		map[string]string{"token-exchange-enabled": "false"}, map[string]string{"prefix": prefix}, icebergEndpoints(s.routes),
	})
}

// tablesOf opens what a prefix names. Of another organization than the client's there is nothing, whether it exists or not.
func (x *exchange) tablesOf(prefix string) (TablesAt, error) {
	organization, name, pinned := strings.Cut(prefix, "@")
	tables := x.server.cfg.Tables[organization]
	if organization != x.client.Organization || tables == nil || pinned && name == "" {
		return nil, &fault.Error{
			Kind: fault.NotFound, Code: "NotFoundException",
			Message: "There is no such warehouse for this client; leave it out, or name the client's organization, with @TAG for an earlier state",
		}
	}
	at, err := tables.At(x.r.Context(), name)
	if err != nil && errors.Is(err, fault.NotFound) {
		return nil, &fault.Error{Kind: fault.NotFound, Code: "NotFoundException", Message: "The lake has no tag and no snapshot of that name; see parley lake tag --list"}
	}
	return at, err
}

// inNamespace does something with the tables that a request names by its prefix and namespace.
func (x *exchange) inNamespace(do func(TablesAt) error) (err error) {
	at, err := x.tablesOf(x.params["prefix"])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, at.Close()) }()
	if name, given := x.params["namespace"]; given && name != icebergNamespace {
		return noSuchNamespace()
	}
	return do(at)
}

func noSuchNamespace() error {
	return &fault.Error{Kind: fault.NotFound, Code: "NoSuchNamespaceException", Message: "There is no such namespace; the tables are in " + icebergNamespace}
}

// icebergNamespaces answers GET .../namespaces: the one that there is, which has none within.
func (s *Server) icebergNamespaces(x *exchange) error {
	return x.inNamespace(func(TablesAt) error {
		values, err := x.query()
		if err != nil {
			return err
		}
		all := []string{icebergNamespace}
		switch values.Get("parent") {
		case "":
		case icebergNamespace:
			all = nil
		default:
			return noSuchNamespace()
		}
		shown, next, err := pageOf(all, values)
		if err != nil {
			return err
		}
		namespaces := make([][]string, len(shown))
		for i, name := range shown {
			namespaces[i] = []string{name}
		}
		return x.send(http.StatusOK, struct {
			Next       *string    `json:"next-page-token"`
			Namespaces [][]string `json:"namespaces"`
		}{next, namespaces})
	})
}

// pageOf is the part of a list that is asked for: all, unless a page token is given, which is the last name of the page
// before. Next is the token of the next page, nil after the last.
func pageOf(all []string, values map[string][]string) (shown []string, next *string, err error) {
	token, given := values["pageToken"]
	size := len(all)
	if text := values["pageSize"]; len(text) > 0 {
		if size, err = strconv.Atoi(text[0]); err != nil || size < 1 {
			return nil, nil, fault.Field("pageSize", "pageSize must be a whole number of 1 or more")
		}
	}
	if !given {
		return all, nil, nil
	}
	for len(all) > 0 && all[0] <= token[0] {
		all = all[1:]
	}
	if len(all) <= size {
		return all, nil, nil
	}
	return all[:size], &all[size-1], nil
}

// icebergNamespace answers GET and HEAD .../namespaces/{namespace}.
func (s *Server) icebergNamespace(x *exchange) error {
	return x.inNamespace(func(TablesAt) error {
		return x.sendOrExists(struct {
			Namespace  []string          `json:"namespace"`
			Properties map[string]string `json:"properties"`
		}{[]string{icebergNamespace}, map[string]string{}})
	})
}

// sendOrExists answers with a value, or a HEAD with 204, as the specification has it.
func (x *exchange) sendOrExists(value any) error {
	if x.r.Method == http.MethodHead {
		x.out.WriteHeader(http.StatusNoContent)
		return nil
	}
	return x.send(http.StatusOK, value)
}

type icebergIdentifier struct {
	Namespace []string `json:"namespace"`
	Name      string   `json:"name"`
}

// icebergTables answers GET .../tables.
func (s *Server) icebergTables(x *exchange) error {
	return x.inNamespace(func(at TablesAt) error {
		values, err := x.query()
		if err != nil {
			return err
		}
		shown, next, err := pageOf(at.Names(), values)
		if err != nil {
			return err
		}
		tables := make([]icebergIdentifier, len(shown))
		for i, name := range shown {
			tables[i] = icebergIdentifier{[]string{icebergNamespace}, name}
		}
		return x.send(http.StatusOK, struct {
			Next   *string             `json:"next-page-token"`
			Tables []icebergIdentifier `json:"identifiers"`
		}{next, tables})
	})
}

// icebergTable answers GET and HEAD .../tables/{table}.
func (s *Server) icebergTable(x *exchange) error {
	return x.inNamespace(func(at TablesAt) error {
		name := x.params["table"]
		if !slices.Contains(at.Names(), name) {
			return &fault.Error{Kind: fault.NotFound, Code: "NoSuchTableException", Message: "There is no such table; the tables are " + strings.Join(at.Names(), ", ")}
		}
		if x.r.Method == http.MethodHead {
			return x.sendOrExists(nil)
		}
		return x.loadTable(at, name)
	})
}

// hasTag says whether a client has the version of a tag already. It may have several; a proxy that compresses makes a tag weak. "*" is
// no version, and the answer to it whole.
func hasTag(h http.Header, tag string) bool {
	for _, line := range h.Values("If-None-Match") {
		for one := range strings.SplitSeq(line, ",") { // our tags have no comma
			if strings.TrimPrefix(strings.TrimSpace(one), "W/") == tag {
				return true
			}
		}
	}
	return false
}

// loadTable answers with the metadata of a table, or that they are what the client has already.
func (x *exchange) loadTable(at TablesAt, name string) error {
	values, err := x.query()
	if err != nil {
		return err
	}
	which := values.Get("snapshots")
	if which != "" && which != "all" && which != "refs" {
		return fault.Field("snapshots", "snapshots must be all or refs")
	}
	version, err := at.Version(x.r.Context(), name)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(which + " " + version))
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	x.out.Header().Set("ETag", tag)
	if hasTag(x.r.Header, tag) {
		x.out.WriteHeader(http.StatusNotModified)
		return nil
	}
	location, metadata, err := at.Table(x.r.Context(), name, which == "refs")
	if err != nil {
		x.out.Header().Del("ETag")
		return err
	}
	return x.send(http.StatusOK, struct {
		Location string            `json:"metadata-location"`
		Metadata jsontext.Value    `json:"metadata"`
		Config   map[string]string `json:"config"`
	}{location, metadata, map[string]string{}})
}
