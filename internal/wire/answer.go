package wire

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
)

// What servers write in full and clients read in part has its part first: another server's answer must not be refused
// for a member that nobody here reads.

// Token is what a client reads of the answer to a login.
type Token struct {
	AccessToken string `json:"access_token"`
}

// IssuedToken answers a login. There is no refresh_token for client credentials.
type IssuedToken struct {
	Token
	TokenType string `json:"token_type"`
	ExpiresIn int64  `json:"expires_in"` // seconds
}

// RefusedLogin refuses a login. It has a shape of its own, and says the same in two members because some of the official
// clients read one and some the other.
type RefusedLogin struct {
	Error            string `json:"error"`
	Description      string `json:"description"`
	ErrorDescription string `json:"error_description"`
}

// Organization is what a client reads of an organization.
type Organization struct {
	ID   string `json:"id"` // empty if the server does not tell
	Name string `json:"name"`
}

// OrganizationAnswer is what we know of schema Organization.
type OrganizationAnswer struct {
	Organization
	Version int    `json:"version"` // required by the schema
	State   string `json:"state"`
	SelfURI string `json:"selfUri"`
}

// Problem is the body of an error (schema ErrorBody).
type Problem struct {
	Message       string            `json:"message"`
	Code          string            `json:"code"`
	Status        int               `json:"status"`
	MessageParams map[string]string `json:"messageParams"`
	ContextID     string            `json:"contextId"`
	Details       []ProblemDetail   `json:"details"`
	Errors        []Problem         `json:"errors"`
	Limit         *fault.Limit      `json:"limit,omitzero"`
}

// ProblemDetail names a field at fault.
type ProblemDetail struct {
	ErrorCode string `json:"errorCode"`
	FieldName string `json:"fieldName"`
}

// ReadProblem reads the body of an error, of a refused login too, as far as a client needs it: message, code and
// contextId. It may be anything, since proxies answer as well; ok is false when it is not JSON with these members.
func ReadProblem(text []byte) (p Problem, ok bool) {
	var body struct {
		Message     string `json:"message"`
		Code        string `json:"code"`
		ContextID   string `json:"contextId"`
		Error       string `json:"error"`
		Description string `json:"description"`
	}
	if json.Unmarshal(text, &body, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) != nil {
		return Problem{}, false
	}
	p = Problem{Message: body.Message, Code: body.Code, ContextID: body.ContextID}
	if body.Error != "" {
		p.Code, p.Message = body.Error, body.Description
	}
	return p, true
}
