package api

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// Organization is what the platform calls an organization by.
type Organization struct {
	ID   string // a UUID that stays the same as long as the organization's conversations come from the same place
	Name string // for people
}

// namespace is that of ids which follow from something else.
var namespace = uuid.MustParse("5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11")

// OrganizationID gives the id that follows from a text: the same for the same text, on every server.
func OrganizationID(of string) string { return uuid.NewSHA1(namespace, []byte(of)).String() }

// organizationOfClient answers GET /api/v2/organizations/me.
func (s *Server) organizationOfClient(x *exchange) error {
	if _, err := x.views(); err != nil {
		return err // nothing comes from here: an id would say that something does
	}
	o, err := s.organization(x.r.Context(), x.client.Organization)
	if err != nil {
		return err
	}
	return x.send(http.StatusOK, wire.OrganizationAnswer{
		Organization: wire.Organization(o), Version: 1, State: "active", SelfURI: "/api/v2/organizations/" + o.ID,
	})
}

func (s *Server) organization(ctx context.Context, name string) (Organization, error) {
	if s.cfg.Organization == nil {
		return Organization{ID: OrganizationID(name), Name: name}, nil
	}
	return s.cfg.Organization(ctx, name)
}

// userOfClient answers GET /api/v2/users/me as the platform answers every client: there is no user. Code and text are
// those of its swagger.
func (*Server) userOfClient(*exchange) error {
	return &fault.Error{
		Kind: fault.Invalid, Code: "not.a.user",
		Message: "This request requires a user context. Client credentials cannot be used for requests to this resource.",
	}
}
