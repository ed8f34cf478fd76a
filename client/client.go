// Package client asks Genesys Cloud for conversation details: everything that happened in a conversation, by jobs over
// whole days, by the synchronous query, and one by one. It speaks to a server of Parley, and to its sandbox, alike.
//
//	c, err := client.New(client.Config{Environment: "mypurecloud.de", ClientID: id, ClientSecret: secret})
//	...
//	for record, err := range c.Records(ctx, client.Query{From: yesterday, To: today}) {
//		if err != nil {
//			return err // record.At of the one before says where to go on
//		}
//		...
//	}
//
// A client logs in by itself, keeps to a budget of requests that all processes of one OAuth client on a machine share, and
// tries again what may go well later: 429 with the wait that is asked for, 5xx, connections that break, answers that are cut. A
// page counts only when it is whole. What it gives up with is an error of one of the kinds that errors.Is knows:
// [ErrUnavailable] and the like.
//
// Errors hold ids, numbers and what the platform says of them, never what a customer said, nor a secret.
package client

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/budget"
	"github.com/parley-hq/parley/internal/wire"
)

// Config says which platform is asked, as whom, and how patiently. Environment or BaseURL, ClientID and ClientSecret are
// needed.
type Config struct {
	Environment string // domain of the region, as mypurecloud.com or euw2.pure.cloud
	BaseURL     string // in its place: a server that has the API and the login on one host, as http://127.0.0.1:8080

	ClientID     string // of an OAuth client with the grant "client credentials"
	ClientSecret string

	// RequestsPerMinute is how many requests all processes with this OAuth client make together, of one user on one machine;
	// they know of each other by BudgetDir. 0 means 60 % of the platform's limit, and none for a server on this machine; less than
	// 0 means none.
	RequestsPerMinute int
	BudgetDir         string // empty means parley/budget in the user's cache

	Attempts int           // how often a request is sent before it is given up; 0 means 6
	First    time.Duration // wait before it is sent again, doubling up to Most; 0 means 500 ms. Retry-After goes first
	Most     time.Duration // 0 means a minute
	Patience time.Duration // how long the platform may say nothing; 0 means two minutes
	MaxPage  int64         // bytes of a page, after decompression; 0 means 128 MiB. A larger one is ErrCorrupt

	PageSize int // records of a job a page, at most 10,000; 0 means 1,000
	// PollFirst and PollMost are the first and the longest wait between two questions whether a job is done; 0 means 10 s and
	// two minutes. A job that is not done within JobWithin, 24 hours if it is 0, is ErrUnavailable.
	PollFirst, PollMost, JobWithin time.Duration

	UserAgent string
	Log       *slog.Logger      // told of what is tried again; nil for nobody
	Transport http.RoundTripper // nil means connections of the client's own
}

// Format says of which platform and OAuth client it is, whatever the verb. The secret is not in it.
func (cfg Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, cfg.named()) }

// LogValue says the same to a log.
func (cfg Config) LogValue() slog.Value { return slog.StringValue(cfg.named()) }

func (cfg Config) named() string {
	return "client " + cfg.ClientID + " of " + cmp.Or(cfg.Environment, cfg.BaseURL)
}

// Client asks the platform. Safe for concurrent use.
type Client struct {
	platform *platform.Client
	pageSize int
	poll     platform.Poll
	log      *slog.Logger
}

// New makes a client. It connects when it is first used.
func New(cfg Config) (*Client, error) {
	c := platform.Config{
		ClientID: cfg.ClientID, ClientSecret: platform.Secret(cfg.ClientSecret), UserAgent: cmp.Or(cfg.UserAgent, "parley-client"),
		Retry:    platform.Retry{Attempts: cfg.Attempts, First: cfg.First, Most: cfg.Most},
		Patience: cfg.Patience, Limits: wire.Limits{Page: cfg.MaxPage}, Log: cfg.Log, Transport: cfg.Transport,
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	var err error
	if c.API, c.Login, err = cfg.hosts(); err != nil {
		return nil, err
	}
	c.Budget = cfg.budget(c.API)
	standard := platform.DefaultPoll()
	poll := platform.Poll{First: cmp.Or(cfg.PollFirst, standard.First), Most: cmp.Or(cfg.PollMost, standard.Most), Within: cfg.JobWithin}
	poll.Most = max(poll.Most, poll.First)
	return &Client{platform.New(c), cmp.Or(cfg.PageSize, 1000), poll, cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))}, nil
}

// Over makes a client of a connection, and of how to wait, that the commands of this module have made. It is for them alone.
func Over(p *platform.Client, poll platform.Poll) *Client {
	return &Client{p, 1000, poll, slog.New(slog.DiscardHandler)}
}

func (cfg Config) check() error {
	switch {
	case cfg.ClientID == "" || cfg.ClientSecret == "":
		return fault.New(fault.Unauthorized, "Config needs ClientID and ClientSecret: those of an OAuth client")
	case strings.ContainsFunc(cfg.ClientID+cfg.ClientSecret, unicode.IsControl) || strings.Contains(cfg.ClientID, ":"):
		return fault.New(fault.Unauthorized, "ClientID or ClientSecret has a line break or another control character in it, or ClientID a colon; give them without")
	case cfg.PageSize < 0 || cfg.PageSize > 10_000:
		return fault.Field("PageSize", "PageSize must lie between 1 and 10000")
	case min(cfg.First, cfg.Most, cfg.Patience, cfg.PollFirst, cfg.PollMost, cfg.JobWithin) < 0:
		return fault.New(fault.Invalid, "no wait can be negative")
	case cfg.Attempts < 0 || cfg.MaxPage < 0 || cfg.MaxPage > wire.MostMiB<<20:
		return fault.New(fault.Invalid, "Attempts cannot be negative, and MaxPage must lie between 1 and %d", int64(wire.MostMiB)<<20)
	}
	return nil
}

func (cfg Config) hosts() (api, login string, err error) {
	if (cfg.BaseURL == "") == (cfg.Environment == "") {
		return "", "", fault.Field("Environment", "give Environment, for example mypurecloud.com, or BaseURL, and not both")
	}
	if cfg.BaseURL != "" {
		if api, err = platform.BaseURL(cfg.BaseURL); err != nil {
			err = fault.Field("BaseURL", "BaseURL must look like https://host or http://127.0.0.1:8080")
		}
		return api, api, err
	}
	if api, login, err = platform.Hosts(cfg.Environment); err != nil {
		err = fault.Field("Environment", "Environment must be a domain such as mypurecloud.com or euw2.pure.cloud")
	}
	return api, login, err
}

// budget is the one of the requests; nil for none.
func (cfg Config) budget(api string) *budget.Budget {
	share := budget.Percent(60)
	switch {
	case cfg.RequestsPerMinute < 0, cfg.RequestsPerMinute == 0 && platform.IsLoopback(api):
		return nil
	case cfg.RequestsPerMinute > 0:
		share = budget.Number(cfg.RequestsPerMinute)
	}
	dir := cmp.Or(cfg.BudgetDir, budget.UserDir(os.Getenv)) //nolint:forbidigo // a program that imports the client hands over no environment, and must meet the commands where they are
	return budget.New(budget.Config{Client: cfg.ClientID, Share: share, Dir: dir, Log: cfg.Log})
}

// Availability is up to when the data behind jobs is complete.
type Availability struct {
	Until time.Time
	// Missing are the UTC days before it that a server of Parley never had, by their beginning. The platform names none.
	Missing []time.Time
}

// Availability asks up to when the data behind jobs is complete. On the platform it is of the night before, mostly.
func (c *Client) Availability(ctx context.Context) (Availability, error) {
	until, missing, err := c.platform.Coverage(ctx)
	return Availability{until, starts(missing)}, told(err)
}

func starts(days []conversation.Day) (out []time.Time) {
	for _, d := range days {
		out = append(out, d.Start())
	}
	return out
}

// Organization is whose data a client sees.
type Organization struct{ ID, Name string }

// Organization asks whose data the client sees. Without the permission to ask, its ID is empty.
func (c *Client) Organization(ctx context.Context) (Organization, error) {
	o, err := c.platform.Organization(ctx)
	return Organization{o.ID, o.Name}, told(err)
}
