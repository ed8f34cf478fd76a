package client

import (
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/cli/ui"
)

// clientBody is a client as --json prints it.
type clientBody struct {
	ID           string              `json:"client_id,omitzero"`
	Secret       string              `json:"client_secret,omitzero"` // when it was made just now
	Name         string              `json:"name"`
	Organization string              `json:"organization"`
	Organisation string              `json:"organisation"` // the same, for programs that read it as it was spelled before
	Permissions  []access.Permission `json:"permissions"`
	UserID       string              `json:"user_id,omitzero"`
	Lifetime     int64               `json:"token_lifetime_seconds"`
	Created      time.Time           `json:"created,omitzero"`
	Rotated      time.Time           `json:"rotated,omitzero"`
}

func body(c access.Client, secret string) clientBody {
	return clientBody{string(c.ID), secret, c.Name, c.Organization, c.Organization, c.Permissions, c.UserID, int64(c.TokenLifetime / time.Second), c.Created, c.Rotated}
}

// printClient says what was done to a client, or would be, and what it is. The secret is empty if none was made.
func (o *Options) printClient(done string, c access.Client, secret string) error {
	if o.JSON {
		return o.Streams.JSON(body(c, secret))
	}
	o.Streams.Printf("%s the client %s\n", done, c.Name)
	var lines [][2]string
	for _, l := range [][2]string{
		{"client id", string(c.ID)}, {"client secret", secret}, {"organization", c.Organization}, {"permissions", permissions(c, ", ")},
		{"user", c.UserID}, {"tokens last", lifetime(c)},
	} {
		if l[1] != "" {
			lines = append(lines, l)
		}
	}
	if err := ui.Fields(o.Streams.Out, lines...); err != nil {
		return err
	}
	if secret != "" {
		o.Streams.Notef("The secret is shown this once and is not kept; if it is lost, run parley client rotate.\n")
	}
	return nil
}

// printDamaged says that a client was removed of which nothing is known but the id.
func (o *Options) printDamaged() error {
	if o.JSON {
		return o.Streams.JSON(body(access.Client{ID: o.ID, Permissions: []access.Permission{}}, ""))
	}
	o.Streams.Printf("Removed the client %s, whose entry was damaged\n", o.ID)
	return nil
}

func (o *Options) printList(list []access.Client) error {
	if o.JSON {
		for _, c := range list {
			if err := o.Streams.JSON(body(c, "")); err != nil {
				return err
			}
		}
		return nil
	}
	if len(list) == 0 {
		o.Streams.Notef("There are no clients; parley client add lets one in.\n")
		return nil
	}
	t := o.Streams.Table("client id", "name", "organization", "permissions", "user", "tokens last", "created", "secret since")
	for _, c := range list {
		t.Row(string(c.ID), c.Name, c.Organization, permissions(c, ","), c.UserID, lifetime(c), c.Created.Format(time.DateOnly), c.Rotated.Format(time.DateOnly))
	}
	return t.Done()
}

func permissions(c access.Client, sep string) string {
	names := make([]string, len(c.Permissions))
	for i, p := range c.Permissions {
		names[i] = string(p)
	}
	return strings.Join(names, sep)
}

// lifetime writes how long tokens last, without the zeros at the end that Go writes: 24h, 1h30m.
func lifetime(c access.Client) string {
	text := c.TokenLifetime.String()
	if rest, whole := strings.CutSuffix(text, "m0s"); whole {
		text = rest + "m"
	}
	if rest, whole := strings.CutSuffix(text, "h0m"); whole {
		text = rest + "h"
	}
	return text
}
