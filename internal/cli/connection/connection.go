// Package connection is how commands find the platform: the flag --base-url and the variables GENESYS_*.
package connection

import (
	"log/slog"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/budget"
)

// Help is the paragraph about it in a command's help.
const Help = `The platform is the one of GENESYS_ENVIRONMENT (a domain such as mypurecloud.com or euw2.pure.cloud), or any server
that has the same API, given by --base-url. The OAuth client comes from GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET.
It needs the permission analytics:conversationDetail:view.`

// Options is what is known of the platform.
type Options struct {
	Getenv    func(string) string
	BaseURL   string        // in place of GENESYS_ENVIRONMENT
	Version   string        // of parley
	Retries   int           // how often a request that fails is tried again
	RetryWait time.Duration // before the first new try; 0 means the client's own
	Log       *slog.Logger
	OrLake    bool // the command asks a lake as well, by --lake
	Budget    Budget
	Standard  budget.Share // the budget if nobody says otherwise, and the server is not on this machine
}

// Config finds out which platform to talk to, and as whom.
func Config(o Options) (c platform.Config, err error) {
	c = platform.Config{
		ClientID: o.Getenv("GENESYS_CLIENT_ID"), ClientSecret: platform.Secret(o.Getenv("GENESYS_CLIENT_SECRET")),
		UserAgent: "parley/" + o.Version, Retry: platform.Retry{Attempts: o.Retries + 1, First: o.RetryWait}, Log: o.Log,
	}
	environment, instead := o.Getenv("GENESYS_ENVIRONMENT"), ""
	if o.OrLake && environment == "" && o.BaseURL == "" {
		instead = "; or name a lake by --lake"
	}
	if c.ClientID == "" || c.ClientSecret == "" {
		return c, fault.New(fault.Unauthorized, "set GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET to those of an OAuth client%s", instead)
	}
	switch {
	case o.BaseURL != "":
		c.API, err = platform.BaseURL(o.BaseURL)
		c.Login = c.API
	case environment != "":
		c.API, c.Login, err = platform.Hosts(environment)
	default:
		err = fault.New(fault.Invalid, "say which platform: set GENESYS_ENVIRONMENT, for example to mypurecloud.com, or give --base-url%s", instead)
	}
	if err == nil {
		c.Budget, err = budgetOf(o, c)
	}
	return c, err
}
