package platform

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/parley-hq/parley/internal/wire"
)

// Organization is the organization that a client belongs to.
type Organization = wire.Organization

// Organization asks whose data the client sees. A client without a permission for the question, and a server that does
// not have it, give an Organization without an id, and no error.
func (c *Client) Organization(ctx context.Context) (o Organization, err error) {
	err = c.do(ctx, call{method: http.MethodGet, path: "/api/v2/organizations/me"}, into(&o, nil))
	if r, ok := errors.AsType[*Refusal](err); ok && slices.Contains(untold, r.Status) {
		return Organization{}, nil
	}
	if err != nil {
		return Organization{}, err
	}
	return Organization{ID: line(o.ID), Name: line(o.Name)}, nil
}

// untold are the statuses by which a server says that it does not answer this question to this client.
var untold = []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}
