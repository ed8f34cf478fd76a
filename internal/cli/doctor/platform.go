package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
)

// What is worth a word. The choices are ours.
const (
	skewed    = 5 * time.Second    // of the clocks: days are cut by this machine's
	farSkewed = 5 * time.Minute    // tokens and certificates may fail
	late      = 3 * 24 * time.Hour // of the data: the platform's batch runs every night
	slow      = 5 * time.Second    // of an answer that has one date in it
	crowded   = 80                 // percent of the limit
)

const permission = "analytics:conversationDetail:view"

// platform looks at the platform, and gives a client of it if there is one that can be used.
func (o *Options) platform(ctx context.Context, found *findings, now time.Time) *platform.Client {
	cfg, err := connection.Config(connection.Options{
		Getenv: o.Getenv, BaseURL: o.BaseURL, Version: o.Version, Retries: o.Retries, Log: o.Streams.Log(), Budget: o.Budget, Standard: connection.Interactive,
	})
	if err != nil {
		found.problem("credentials", err, "docs/extract.md says which variables are needed, and which kind of OAuth client")
		return nil
	}
	found.ok("credentials", "there are some for %s", cfg.API)
	client := platform.New(cfg)
	g, err := client.Greet(ctx)
	if client.Counts().Logins > 0 && client.Counts().Requests == 0 {
		found.problem("login", err, remedyOfLogin(err))
		return nil
	}
	found.ok("login", "the platform gave a token")
	if err != nil {
		found.problem("permission", err, remedyOfRefusal(err))
		return nil
	}
	o.seen(ctx, found, client, now)
	clocks(found, g)
	limits(ctx, found, cfg, g)
	available(found, g, now)
	return client
}

func remedyOfLogin(err error) string {
	if errors.Is(err, fault.Unauthorized) {
		return "in the platform's administration, see that the OAuth client is active, has the grant type Client Credentials, and that its id and secret are these"
	}
	return "see whether this machine reaches the login host: name, proxy, firewall, certificate"
}

func remedyOfRefusal(err error) string {
	switch {
	case errors.Is(err, fault.Forbidden) || errors.Is(err, fault.Unauthorized):
		return "give the OAuth client a role with the permission " + permission + ", in every division whose conversations you want"
	case errors.Is(err, fault.NotFound):
		return "see whether the host is one of the platform's: api.DOMAIN"
	}
	return "see whether this machine reaches the host, and the platform's status page; run parley doctor again later"
}

// seen asks what the client sees: nothing may mean that it has the permission in no division.
func (o *Options) seen(ctx context.Context, found *findings, client *platform.Client, now time.Time) {
	week := conversation.Interval{Start: now.UTC().AddDate(0, 0, -7).Truncate(time.Millisecond), End: now.UTC().Truncate(time.Millisecond)}
	n, _, err := client.Count(ctx, week, nil)
	switch {
	case err != nil:
		found.problem("permission", err, remedyOfRefusal(err))
		return
	case n == 0:
		found.warn("permission", "jobs and queries are allowed, and see no conversation of the last seven days",
			"if there were some, give the client the permission "+permission+" in the divisions that they belong to")
	default:
		found.ok("permission", "jobs and queries are allowed, and see conversations of the last seven days")
	}
	org, err := client.Organization(ctx)
	switch {
	case err != nil:
		found.problem("organization", err, remedyOfRefusal(err))
	case org.ID == "":
		found.warn("organization", "the platform does not tell whose it is", "with the permission directory:organization:view a lake knows its source by the organization, and not by the host alone")
	default:
		found.ok("organization", "%s (%s)", org.Name, org.ID)
	}
}

func clocks(found *findings, g platform.Greeting) {
	off := max(g.Ahead, -g.Ahead).Round(time.Second)
	way := "behind"
	if g.Ahead < 0 {
		way = "ahead of"
	}
	says := fmt.Sprintf("this machine's clock is %v %s the platform's", off, way)
	switch {
	case g.Clock.IsZero():
		found.ok("clock", "the platform does not say what time it is")
	case off > farSkewed:
		found.problem("clock", fault.New(fault.Invalid, "%s", says), "have the clock set by NTP: days are taken for complete by it, and certificates for valid")
	case off > skewed+g.Took/2:
		found.warn("clock", says, "have the clock set by NTP: days are taken for complete by it")
	default:
		found.ok("clock", "as the platform's, to %v", max(time.Second, g.Took).Round(time.Second))
	}
	if g.Took > slow {
		found.warn("speed", fmt.Sprintf("the platform took %v to answer with a date", g.Took.Round(time.Millisecond)), "see the way there: proxy, name service, region")
	}
}

func limits(ctx context.Context, found *findings, cfg platform.Config, g platform.Greeting) {
	budget := "none"
	if cfg.Budget != nil {
		budget = cfg.Budget.Share().String()
		if err := cfg.Budget.Meets(ctx); err != nil {
			found.warn("budget", fmt.Sprintf("processes of this machine do not know of each other's requests: %v", err), "name a folder that this user may write to by --budget-dir")
		}
	}
	switch {
	case g.Allowed == 0:
		found.ok("limit", "the platform does not say how many requests it allows; the budget is %s", budget)
	case g.Count*100 > g.Allowed*crowded:
		found.warn("limit", fmt.Sprintf("%d of %d requests of this minute are used; the budget is %s", g.Count, g.Allowed, budget), "others use this OAuth client: give Parley one of its own")
	default:
		found.ok("limit", "%d of %d requests of this minute are used; the budget is %s", g.Count, g.Allowed, budget)
	}
}

func available(found *findings, g platform.Greeting, now time.Time) {
	at := conversation.FormatTime(g.Available)
	switch age := now.Sub(g.Available); {
	case age < 0:
		found.warn("data", "the platform says that its data is complete until "+at+", which has not come yet", "see this machine's clock; a day is extracted only when it has ended by it")
	case age > late:
		found.warn("data", fmt.Sprintf("complete until %s, %d days ago", at, int(age.Hours()/24)), "the platform's nightly batch is late: nothing newer can be extracted; ask its support if that lasts")
	default:
		found.ok("data", "complete until %s", at)
	}
}
