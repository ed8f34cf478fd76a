package api

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// Organisation is what the platform calls an organisation by.
type Organisation struct {
	ID   string // a UUID that stays the same as long as the organisation's conversations come from the same place
	Name string // for people
}

// namespace is that of ids which follow from something else.
var namespace = uuid.MustParse("5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11")

// OrganisationID gives the id that follows from a text: the same for the same text, on every server.
func OrganisationID(of string) string { return uuid.NewSHA1(namespace, []byte(of)).String() }

// organisationOfClient answers GET /api/v2/organizations/me.
func (s *Server) organisationOfClient(x *exchange) error {
	if _, err := x.source(); err != nil {
		return err // nothing comes from here: an id would say that something does
	}
	o, known := s.cfg.Organisations[x.client.Organisation]
	if !known {
		o = Organisation{ID: OrganisationID(x.client.Organisation), Name: x.client.Organisation}
	}
	return x.send(http.StatusOK, wire.OrganizationAnswer{
		Organization: wire.Organization(o), Version: 1, State: "active", SelfURI: "/api/v2/organizations/" + o.ID,
	})
}

// userOfClient answers GET /api/v2/users/me as the platform answers every client: there is no user (facts.md section 2).
func (*Server) userOfClient(*exchange) error {
	return &fault.Error{
		Kind: fault.Invalid, Code: "not.a.user",
		Message: "This request requires a user context. Client credentials cannot be used for requests to this resource.",
	}
}
