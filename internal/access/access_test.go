package access

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

func TestRequire(t *testing.T) {
	const other Permission = "routing:queue:view"
	for name, c := range map[string]struct {
		has, asked []Permission
		code, text string
	}{
		"the one":              {[]Permission{ViewDetails}, []Permission{ViewDetails}, "", ""},
		"the second of two":    {[]Permission{other, ViewOwnDetails}, []Permission{ViewDetails, ViewOwnDetails}, "", ""},
		"another than the one": {[]Permission{ViewOwnDetails}, []Permission{ViewDetails}, "missing.permissions", "Unable to perform the requested action. You are missing the following permission(s): [analytics:conversationDetail:view]"},
		"none of two":          {[]Permission{other}, []Permission{ViewDetails, ViewOwnDetails}, "missing.any.permissions", "Unable to perform the requested action. You must have at least one of the following permissions assigned: [analytics:conversationDetail:view, analytics:agentConversationDetail:view]"},
		"nothing can be had":   {[]Permission{ViewDetails}, nil, "missing.any.permissions", "Unable to perform the requested action. You must have at least one of the following permissions assigned: []"},
	} {
		err := Client{Permissions: c.has}.Require(c.asked...)
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.Is(err, fault.Forbidden) || fault.Code(err) != c.code || err.Error() != c.text {
			t.Errorf("%s: %s %v", name, fault.Code(err), err)
		}
	}
}

func TestOnlyUser(t *testing.T) {
	for name, c := range map[string]struct {
		client   Client
		user     string
		confined bool
	}{
		"sees all":            {Client{Permissions: []Permission{ViewDetails}}, "", false},
		"sees all by one":     {Client{Permissions: []Permission{ViewOwnDetails, ViewDetails}}, "", false},
		"sees those of one":   {Client{Permissions: []Permission{ViewOwnDetails}, UserID: "u"}, "u", true},
		"sees none":           {Client{Permissions: []Permission{"routing:queue:view"}}, "", true},
		"sees nothing at all": {Client{}, "", true},
	} {
		if user, confined := c.client.OnlyUser(); user != c.user || confined != c.confined {
			t.Errorf("%s: %q %v", name, user, confined)
		}
	}
}

func good() Client {
	return Client{Name: "n", Organization: "default", Permissions: []Permission{ViewDetails}, TokenLifetime: time.Hour}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Client)
		field  string // empty: nothing is wrong
	}{
		"as it is":              {func(*Client) {}, ""},
		"another alphabet":      {func(c *Client) { c.Name = "Übergabe Ω" }, ""},
		"no name":               {func(c *Client) { c.Name = " " }, "name"},
		"two lines":             {func(c *Client) { c.Name = "a\nb" }, "name"},
		"an escape":             {func(c *Client) { c.Name = "a\x1b[2J" }, "name"},
		"no text":               {func(c *Client) { c.Name = "\xff" }, "name"},
		"long name":             {func(c *Client) { c.Name = strings.Repeat("é", 200) }, ""},
		"longer name":           {func(c *Client) { c.Name = strings.Repeat("é", 201) }, "name"},
		"no organization":       {func(c *Client) { c.Organization = "" }, "organization"},
		"capitals":              {func(c *Client) { c.Organization = "Default" }, "organization"},
		"all that it may have":  {func(c *Client) { c.Organization = "a-b_9" + strings.Repeat("x", 59) }, ""},
		"long organization":     {func(c *Client) { c.Organization = strings.Repeat("x", 65) }, "organization"},
		"organization and line": {func(c *Client) { c.Organization = "x\n" }, "organization"},
		"shortest":              {func(c *Client) { c.TokenLifetime = 300 * time.Second }, ""},
		"too short":             {func(c *Client) { c.TokenLifetime = 299 * time.Second }, "tokenLifetime"},
		"longest":               {func(c *Client) { c.TokenLifetime = 48 * time.Hour }, ""},
		"too long":              {func(c *Client) { c.TokenLifetime = 48*time.Hour + time.Second }, "tokenLifetime"},
		"part of a second":      {func(c *Client) { c.TokenLifetime = time.Hour + time.Millisecond }, "tokenLifetime"},
		"no lifetime":           {func(c *Client) { c.TokenLifetime = 0 }, "tokenLifetime"},
		"no permission":         {func(c *Client) { c.Permissions = nil }, "permissions"},
		"one that none asks":    {func(c *Client) { c.Permissions = []Permission{"a:b-c:d_e"} }, ""},
		"two parts":             {func(c *Client) { c.Permissions = []Permission{ViewDetails, "a:b"} }, "permissions"},
		"four parts":            {func(c *Client) { c.Permissions = []Permission{"a:b:c:d"} }, "permissions"},
		"a star":                {func(c *Client) { c.Permissions = []Permission{"analytics:*:view"} }, "permissions"},
		"a space":               {func(c *Client) { c.Permissions = []Permission{"a:b:c d"} }, "permissions"},
		"user, sees all":        {func(c *Client) { c.UserID = "u" }, "userId"},
		"user, confined":        {func(c *Client) { c.UserID, c.Permissions = "u", []Permission{ViewOwnDetails} }, ""},
		"user, both":            {func(c *Client) { c.UserID, c.Permissions = "u", []Permission{ViewOwnDetails, ViewDetails} }, "userId"},
		"no user, both":         {func(c *Client) { c.Permissions = []Permission{ViewOwnDetails, ViewDetails} }, ""},
		"no user, confined":     {func(c *Client) { c.Permissions = []Permission{ViewOwnDetails} }, "userId"},
		"user with a space":     {func(c *Client) { c.UserID, c.Permissions = "u u", []Permission{ViewOwnDetails} }, "userId"},
	} {
		client := good()
		c.change(&client)
		err := client.Validate()
		f, _ := errors.AsType[*fault.Error](err)
		switch {
		case c.field == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.field != "" && (f == nil || f.Kind != fault.Invalid || f.Field != c.field):
			t.Errorf("%s: got %+v, want a fault of %s", name, f, c.field)
		}
	}
}

func TestDefaults(t *testing.T) {
	c := Client{}.WithDefaults()
	if fmt.Sprint(c.Permissions) != fmt.Sprint(Usual()) || !c.Has(ViewDetails) || !c.Has(RunReports) || c.Has(ViewOwnDetails) || c.TokenLifetime != 24*time.Hour {
		t.Errorf("got %+v", c)
	}
	mine := []Permission{"a:b:c", ViewDetails, "a:b:c"}
	c = Client{Permissions: mine, TokenLifetime: time.Hour}.WithDefaults()
	if fmt.Sprint(c.Permissions) != "[a:b:c analytics:conversationDetail:view]" || c.TokenLifetime != time.Hour || mine[2] != "a:b:c" {
		t.Errorf("got %+v of %v", c, mine)
	}
}
