// Package session keeps who is signed in to the pages of a server, in its control database.
//
// A session is begun with a token of a client, as that client, or with a link that somebody made for somebody else, and is known by a text
// that the browser keeps in a cookie. Its token or client is kept in a box that only this text opens: whoever reads the database gets neither, and a
// session ends when its client, or the client's secret, does. A link is good once, and for minutes; its session has the
// permissions that the link was made with, and never those of a client.
package session

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/web/box"
)

// purpose is that of the boxes.
const purpose = "parley page session"

// How long a session is good: in all, and when nobody uses it. A link is good for less: it is read by whoever reads the message
// that it is sent in.
const (
	Most     = 12 * time.Hour
	Idle     = 2 * time.Hour
	LinkGood = 10 * time.Minute
)

// seenEvery is how exactly it is known when a session was used last.
const seenEvery = time.Minute

// schema is the tables in the control database. Instants are microseconds since 1970.
var schema = state.Schema{Owner: "pages", Steps: []string{`
	CREATE TABLE page_sessions (
		hash         {bytes} PRIMARY KEY, -- SHA-256 of the session's text
		box          {bytes} NOT NULL,    -- whose it is, for the text to open; empty of a link's
		organisation {text} NOT NULL,     -- of a link's, as what follows
		permissions  {text} NOT NULL,     -- with spaces between
		seen         {integer} NOT NULL,
		expires      {integer} NOT NULL
	) {by key};
	CREATE INDEX page_sessions_expires ON page_sessions (expires);
	CREATE TABLE page_links (
		hash         {bytes} PRIMARY KEY, -- SHA-256 of the link's text
		organisation {text} NOT NULL,
		permissions  {text} NOT NULL,
		lasts        {integer} NOT NULL,  -- of the session, microseconds
		expires      {integer} NOT NULL
	) {by key}`,
}}

// Tables are those of this package in the control database, for who copies it whole.
func Tables() state.Schema { return schema }

// Reading is what somebody needs to see all pages, with personal data masked.
func Reading() []access.Permission {
	return []access.Permission{access.ViewDetails, access.ViewAggregates}
}

// Store keeps sessions and links. Processes over the same database see each other's. Safe for concurrent use.
type Store struct {
	db     *state.DB
	access *access.Store
	now    func() time.Time
}

// Open opens the store in a control database, which stays the caller's. Clients tells who a token is of.
func Open(ctx context.Context, db *state.DB, clients *access.Store, now func() time.Time) (*Store, error) {
	return &Store{db, clients, now}, db.Migrate(ctx, schema)
}

// Begin begins a session with a token, and gives its text, which is a secret, and how long it is good at most.
func (s *Store) Begin(ctx context.Context, t access.Token) (text string, most time.Duration, err error) {
	text = box.NewText()
	sealed, err := box.Seal(purpose, text, []byte(t.Text))
	if err != nil {
		return "", 0, err
	}
	most = min(Most, t.Lifetime)
	return text, most, s.insert(ctx, row{hash: box.Hash(text), box: sealed}, most)
}

// asClient begins what is in the box of a session that has no token, and the client's stamp and id follow. No token begins so.
const asClient = "client\x00"

// Grant begins a session of a client without a token: that is for a platform whose clock is moved, by which every token would be over. It
// ends with the client, or the client's secret, all the same.
func (s *Store) Grant(ctx context.Context, id access.ClientID) (text string, most time.Duration, err error) {
	_, stamp, err := s.access.Stamped(ctx, id)
	if err != nil {
		return "", 0, err
	}
	text = box.NewText()
	sealed, err := box.Seal(purpose, text, []byte(asClient+string(stamp[:])+string(id)))
	if err != nil {
		return "", 0, err
	}
	return text, Most, s.insert(ctx, row{hash: box.Hash(text), box: sealed}, Most)
}

// Link makes a link, and gives its text, which is a secret. The session that is begun with it sees an organization with these
// permissions and lasts for so long, at most Most.
func (s *Store) Link(ctx context.Context, organization string, permissions []access.Permission, lasts time.Duration) (text string, err error) {
	switch {
	case !access.IsOrganization(organization):
		return "", fault.Field("--organization", "--organization is the name of an organization, and not %q", organization)
	case lasts <= 0 || lasts > Most:
		return "", fault.Field("--for", "--for is how long whoever follows the link stays signed in: more than 0 and at most %v", Most)
	}
	text = box.NewText()
	_, err = s.db.Exec(ctx, `INSERT INTO page_links (hash, organisation, permissions, lasts, expires) VALUES (?, ?, ?, ?, ?)`,
		box.Hash(text), organization, joined(permissions), lasts.Microseconds(), micros(s.now().Add(LinkGood)))
	return text, err
}

// Spend begins the session of a link, which is good no more then. A link that is not good is fault.Unauthorized.
func (s *Store) Spend(ctx context.Context, link string) (text string, most time.Duration, err error) {
	text = box.NewText()
	err = s.db.Tx(ctx, func(tx *state.Tx) error {
		r := row{hash: box.Hash(text), box: []byte{}}
		var lasts, expires int64
		err := tx.Row(ctx, `DELETE FROM page_links WHERE hash = ? RETURNING organisation, permissions, lasts, expires`, box.Hash(link)).Scan(&r.organization, &r.permissions, &lasts, &expires)
		if errors.Is(err, state.ErrNoRow) || err == nil && !s.now().Before(moment(expires)) {
			return fault.New(fault.Unauthorized, "this link was used already, is too old, or is for another server: links are good once, for %v, where they were made. Ask for another one, or sign in", LinkGood)
		}
		if err != nil {
			return err
		}
		most = time.Duration(lasts) * time.Microsecond
		return s.insertIn(ctx, tx, r, most)
	})
	return text, most, err
}

// Who gives the client of a session, as it is now, and notes that it was used. A session that is not good any more is
// fault.Unauthorized.
func (s *Store) Who(ctx context.Context, text string) (access.Client, error) {
	r, err := s.get(ctx, text)
	if err != nil {
		return access.Client{}, err
	}
	if now := s.now(); now.Sub(moment(r.seen)) >= seenEvery {
		if _, err := s.db.Exec(ctx, `UPDATE page_sessions SET seen = ? WHERE hash = ?`, micros(now), r.hash); err != nil {
			return access.Client{}, err
		}
	}
	return s.client(ctx, text, r)
}

// Look is Who, but of a session that nobody uses: a tab that is left open.
func (s *Store) Look(ctx context.Context, text string) (access.Client, error) {
	r, err := s.get(ctx, text)
	if err != nil {
		return access.Client{}, err
	}
	return s.client(ctx, text, r)
}

func (s *Store) client(ctx context.Context, text string, r row) (access.Client, error) {
	if len(r.box) == 0 {
		return access.Client{ID: access.ClientID("link " + hex.EncodeToString(r.hash[:6])), Name: "a link", Organization: r.organization, Permissions: parted(r.permissions)}, nil
	}
	inside, err := box.Open(purpose, text, r.box)
	if err != nil {
		return access.Client{}, over()
	}
	if rest, is := strings.CutPrefix(string(inside), asClient); is && len(rest) > len(access.Stamp{}) {
		n := len(access.Stamp{})
		return s.access.Still(ctx, access.ClientID(rest[n:]), access.Stamp([]byte(rest[:n])))
	}
	return s.access.Authenticate(ctx, string(inside))
}

// End ends a session. One that is over already is no failure.
func (s *Store) End(ctx context.Context, text string) error {
	_, err := s.db.Exec(ctx, `DELETE FROM page_sessions WHERE hash = ?`, box.Hash(text))
	return err
}

type row struct {
	hash, box                 []byte
	organization, permissions string
	seen, expires             int64
}

func (s *Store) insert(ctx context.Context, r row, most time.Duration) error {
	return s.db.Tx(ctx, func(tx *state.Tx) error { return s.insertIn(ctx, tx, r, most) })
}

// insertIn enters a session, and forgets those that are over.
func (s *Store) insertIn(ctx context.Context, tx *state.Tx, r row, most time.Duration) error {
	now := s.now()
	if _, err := tx.Exec(ctx, `DELETE FROM page_sessions WHERE expires <= ?`, micros(now)); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM page_links WHERE expires <= ?`, micros(now)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO page_sessions (hash, box, organisation, permissions, seen, expires) VALUES (?, ?, ?, ?, ?, ?)`,
		r.hash, r.box, r.organization, r.permissions, micros(now), micros(now.Add(most)))
	return err
}

// get reads a session that is good.
func (s *Store) get(ctx context.Context, text string) (r row, err error) {
	r.hash = box.Hash(text)
	err = s.db.Row(ctx, `SELECT box, organisation, permissions, seen, expires FROM page_sessions WHERE hash = ?`, r.hash).
		Scan(&r.box, &r.organization, &r.permissions, &r.seen, &r.expires)
	now := s.now()
	if errors.Is(err, state.ErrNoRow) || err == nil && (!now.Before(moment(r.expires)) || now.Sub(moment(r.seen)) >= Idle) {
		return r, over()
	}
	return r, err
}

func over() error { return fault.New(fault.Unauthorized, "You are not signed in any more") }

func joined(list []access.Permission) string {
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = string(p)
	}
	return strings.Join(texts, " ")
}

func parted(text string) (list []access.Permission) {
	for p := range strings.FieldsSeq(text) {
		list = append(list, access.Permission(p))
	}
	return list
}

func micros(t time.Time) int64  { return t.UnixMicro() }
func moment(us int64) time.Time { return time.UnixMicro(us).UTC() }
