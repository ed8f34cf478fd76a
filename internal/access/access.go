// Package access is who may ask: the OAuth clients of a server, their secrets, organizations and permissions, and the
// tokens that they log in for. It keeps them in the control database.
//
// A client is a program that may ask. It belongs to an organization, whose clients share their jobs. It logs in with its
// secret and gets a token, which it shows with every request until the token's lifetime is over; it may have several. A
// fixed client is one that this process was given, and is nowhere else: its tokens are sealed, and kept nowhere.
//
// No secret and no token is kept, here or on disk: only what suffices to recognise one. What a permission opens is for
// those to say who answer: they ask Client.Require and Client.OnlyUser.
package access

import (
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// Permission is something that a client may do, in the platform's form domain:entity:action.
type Permission string

// The permissions that our endpoints ask for, as the platform documents them for each.
const (
	ViewDetails    Permission = "analytics:conversationDetail:view"
	ViewOwnDetails Permission = "analytics:agentConversationDetail:view" // those of one user only
	ViewAggregates Permission = "analytics:conversationAggregate:view"   // figures of all conversations
	ViewActivity   Permission = "analytics:queueObservation:view"        // what goes on at this moment
	ViewQueues     Permission = "routing:queue:view"
	SearchQueues   Permission = "routing:queue:search" // to list them with fewer rights on the platform
	ViewCodes      Permission = "routing:wrapupCode:view"
	ViewSkills     Permission = "routing:skill:view"
	ViewLive       Permission = "conversation:communication:view"         // conversations as they are now
	ViewAttributes Permission = "conversation:participant:attributesview" // to search attributes
	RunReports     Permission = "analytics:report:run"                    // row reports, which the platform does not have
	ViewReports    Permission = "analytics:report:view"
	DeleteReports  Permission = "analytics:report:delete"

	ViewPersonalData Permission = "parley:personalData:view" // on pages, which the platform does not have: without masks
	ActOnPages       Permission = "parley:page:act"          // on pages: submit and cancel jobs, control a sandbox
)

// Asked lists the permissions that some endpoint of every server asks for; others are kept and open nothing there.
func Asked() []Permission {
	return slices.Concat([]Permission{ViewDetails, ViewOwnDetails, ViewAggregates}, lists, reports, pages)
}

var (
	pages   = []Permission{ViewPersonalData, ActOnPages}
	lists   = []Permission{ViewQueues, SearchQueues, ViewCodes, ViewSkills} // what things are called that records name by id
	reports = []Permission{RunReports, ViewReports, DeleteReports}
)

// Usual lists what a client may do if nobody says otherwise: see every conversation, by every endpoint of a server, with the
// names of what is in it, and do on pages what the API lets it do.
func Usual() []Permission {
	return slices.Concat([]Permission{ViewDetails, ViewAggregates, ActOnPages}, lists, reports)
}

// All lists the permissions that some endpoint of some server asks for: those for conversations as they are now, too.
func All() []Permission {
	return append(Asked(), ViewActivity, ViewLive, ViewAttributes)
}

// ClientID names a client. It is no secret, and no secret passes for it.
type ClientID string

// Client is a program that may ask. It never holds its secret.
type Client struct {
	ID           ClientID
	Name         string // for people; two clients may have the same
	Organization string // whose jobs it sees; the clients of one organization share them
	// UserID is whose own conversations are all that the client may see. Given if and only if the client has
	// ViewOwnDetails and not ViewDetails: of no other client would it change anything.
	UserID        string
	Permissions   []Permission
	TokenLifetime time.Duration // whole seconds, 300 s to 48 h; default 24 h, as the platform's
	Created       time.Time
	Rotated       time.Time // when its secret was made: at first, when it was created
}

// Has says whether the client has a permission.
func (c Client) Has(p Permission) bool { return slices.Contains(c.Permissions, p) }

// Require fails with fault.Forbidden unless the client has one of the permissions. Codes and messages are the
// platform's; the brackets around the list are there in answers of the platform that third parties quote.
func (c Client) Require(anyOf ...Permission) error {
	if slices.ContainsFunc(anyOf, c.Has) {
		return nil
	}
	names := make([]string, len(anyOf))
	for i, p := range anyOf {
		names[i] = string(p)
	}
	code, text := "missing.any.permissions", "You must have at least one of the following permissions assigned"
	if len(anyOf) == 1 {
		code, text = "missing.permissions", "You are missing the following permission(s)"
	}
	return &fault.Error{
		Kind: fault.Forbidden, Code: code,
		Message: "Unable to perform the requested action. " + text + ": [" + strings.Join(names, ", ") + "]",
	}
}

// OnlyUser is the user to whose conversations the client is confined; confined is false if it may see all. A client
// without either permission is confined to nobody, the empty user: who forgets to call Require shows it nothing.
func (c Client) OnlyUser() (user string, confined bool) {
	if c.Has(ViewDetails) {
		return "", false
	}
	return c.UserID, true
}
