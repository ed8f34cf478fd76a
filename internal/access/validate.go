package access

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parley-hq/parley/internal/fault"
)

// What the parts of a client look like.
var (
	// An id goes through Basic authentication, where a colon would end it.
	idForm           = regexp.MustCompile(`^[!-9;-~]{1,128}$`)
	organizationForm = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
	permissionForm   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*(:[A-Za-z][A-Za-z0-9_-]*){2}$`)
)

// Bounds of a client. Those of the lifetime are the platform's (schema OAuthClientRequest, accessTokenValiditySeconds).
const (
	minLifetime     = 300 * time.Second
	maxLifetime     = 48 * time.Hour
	DefaultLifetime = 24 * time.Hour
	maxName         = 200 // characters
)

// WithDefaults fills in what may be left out: the permissions, the lifetime of tokens. It names each permission once.
func (c Client) WithDefaults() Client {
	if len(c.Permissions) == 0 {
		c.Permissions = Usual()
	}
	var once []Permission
	for _, p := range c.Permissions {
		if !slices.Contains(once, p) {
			once = append(once, p)
		}
	}
	c.Permissions = once
	if c.TokenLifetime == 0 {
		c.TokenLifetime = DefaultLifetime
	}
	return c
}

// IsOrganization says whether a text can be the name of an organization.
func IsOrganization(name string) bool { return organizationForm.MatchString(name) }

// Validate says what is wrong with a client, its id aside, as an Invalid fault whose Field is name, organization,
// permissions, userId or tokenLifetime.
func (c Client) Validate() error {
	switch {
	case strings.TrimSpace(c.Name) == "":
		return fault.Field("name", "a client needs a name")
	case !utf8.ValidString(c.Name) || utf8.RuneCountInString(c.Name) > maxName || strings.ContainsFunc(c.Name, unicode.IsControl):
		return fault.Field("name", "a name has at most %d characters, on one line", maxName)
	case !IsOrganization(c.Organization):
		return fault.Field("organization", "an organization is 1 to 64 lower-case letters, digits, - and _")
	case c.TokenLifetime < minLifetime || c.TokenLifetime > maxLifetime || c.TokenLifetime%time.Second != 0:
		return fault.Field("tokenLifetime", "a token lasts whole seconds, from 300 s to 48 h")
	case len(c.Permissions) == 0:
		return fault.Field("permissions", "a client needs a permission; %s lets it see every conversation", ViewDetails)
	}
	for _, p := range c.Permissions {
		if !permissionForm.MatchString(string(p)) {
			return fault.Field("permissions", "%q is no permission; one looks like %s", string(p), ViewDetails)
		}
	}
	return c.validateUser()
}

// validateUser holds a client to having a user if and only if that confines it. A user that confines nothing would be
// taken for one that does.
func (c Client) validateUser() error {
	confined := c.Has(ViewOwnDetails) && !c.Has(ViewDetails)
	switch {
	case confined && c.UserID == "":
		return fault.Field("userId", "a client that has %s without %s needs the id of the user whose conversations it may see", ViewOwnDetails, ViewDetails)
	case !confined && c.UserID != "":
		return fault.Field("userId", "a user confines a client only when it has the permission %s and not %s", ViewOwnDetails, ViewDetails)
	case confined && !idForm.MatchString(c.UserID):
		return fault.Field("userId", "the id of a user is 1 to 128 letters, digits and signs, without spaces and colons")
	}
	return nil
}

func validateID(id ClientID) error {
	if !idForm.MatchString(string(id)) {
		return fault.Field("id", "the id of a client is 1 to 128 letters, digits and signs, without spaces and colons")
	}
	return nil
}
