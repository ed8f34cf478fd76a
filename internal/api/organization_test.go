package api

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
)

func TestTheOrganizationOfAClient(t *testing.T) {
	const id = "8a1de2a8-93c1-4d2b-9d7d-3a3a53cf2f30"
	test(t, 0, func(c *Config) {
		c.Organization = func(_ context.Context, name string) (Organization, error) {
			switch name {
			case "org-1":
				return Organization{ID: id, Name: "The First"}, nil
			case "org-2":
				return Organization{ID: OrganizationID(name), Name: name}, nil
			}
			return Organization{}, fault.New(fault.Unavailable, "the lake of %s is away", name)
		}
		c.Views["org-away"] = c.Views["org-1"]
	}, func(x *fixture) {
		ask := func() string { return x.ask(http.StatusOK, "GET", "/api/v2/organizations/me", "") }
		if got, want := ask(), `{"id":"`+id+`","name":"The First","version":1,"state":"active","selfUri":"/api/v2/organizations/`+id+`"}`; got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
		// Whoever may log in may know to whom it belongs, without any permission of ours.
		x.client(access.Client{ID: "none", Organization: "org-1", Permissions: []access.Permission{"routing:queue:view"}}, "s")
		x.token = x.login("none", "s")
		ask()
		x.token = x.login("client-2", "secret-2")
		unnamed := OrganizationID("org-2")
		if got, want := ask(), `{"id":"`+unnamed+`","name":"org-2","version":1,"state":"active","selfUri":"/api/v2/organizations/`+unnamed+`"}`; got != want {
			t.Errorf("of no name: got %s\nwant %s", got, want)
		}
		x.client(access.Client{ID: "elsewhere", Organization: "org-3"}, "s")
		x.token = x.login("elsewhere", "s")
		x.ask(http.StatusForbidden, "GET", "/api/v2/organizations/me", "")
		x.client(access.Client{ID: "away", Organization: "org-away"}, "s")
		x.token = x.login("away", "s")
		x.ask(http.StatusServiceUnavailable, "GET", "/api/v2/organizations/me", "")
		x.token = ""
		x.ask(http.StatusUnauthorized, "GET", "/api/v2/organizations/me", "")
	})
}

// The id is kept in lakes: it must never change.
func TestOrganizationIDsStayTheSame(t *testing.T) {
	if got, want := OrganizationID("default"), "70f2859c-351b-5a5d-906b-c5738609919d"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if a, b := OrganizationID("a"), OrganizationID("b"); a == b || uuid.Validate(a) != nil {
		t.Errorf("got %s and %s", a, b)
	}
}
