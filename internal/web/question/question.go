// Package question keeps bodies of questions that must not be in an address: those that are too long for one, and those that ask for
// somebody's number, address or name, which would stay in logs and in the history of a browser.
//
// A question is known by a name made by chance, which says nothing of what is asked. It is kept in a box that only the name opens, so
// that whoever reads the control database does not learn whom somebody asked for. Questions belong to an organization, are kept for
// Good and up to Most of them. A client has Share of them, so that nobody drives out what others keep; the oldest of whoever has most
// go first.
package question

import (
	"context"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/web/box"
)

// What is kept. The API refuses bodies that are longer.
const (
	Most   = 1000 // of an organization
	Share  = 100  // of a client; a session that began with a link is one of its own
	Good   = 30 * 24 * time.Hour
	Length = 500_000 // bytes of one
)

// purpose is that of the boxes.
const purpose = "parley page question"

// schema is the tables in the control database. Instants are microseconds since 1970.
var schema = state.Schema{Owner: "questions", Steps: []string{`
	CREATE TABLE page_questions (
		hash         {bytes} PRIMARY KEY, -- SHA-256 of the question's name
		organisation {text} NOT NULL,
		box          {bytes} NOT NULL,    -- the body, for the name to open
		masked       {integer} NOT NULL,  -- 1: whoever asked may not see personal data
		stored       {integer} NOT NULL
	) {by key};
	CREATE INDEX page_questions_stored ON page_questions (organisation, stored)`,
	`ALTER TABLE page_questions ADD COLUMN client {text} NOT NULL DEFAULT ''`, // '': nobody knows any more
}}

// Tables are those of this package in the control database, for who copies it whole.
func Tables() state.Schema { return schema }

// Question is a body, and who asked it.
type Question struct {
	Organization string
	Client       string // who stores it; Get does not give it
	Body         []byte
	Masked       bool // by somebody who may not see personal data, and so knows of none what others must not know
}

// Store keeps questions. Processes over the same database see each other's. Safe for concurrent use.
type Store struct {
	db  *state.DB
	now func() time.Time
}

// Open opens the store in a control database, which stays the caller's.
func Open(ctx context.Context, db *state.DB, now func() time.Time) (*Store, error) {
	return &Store{db, now}, db.Migrate(ctx, schema)
}

// Put keeps a question, and gives its name, which tells nothing of it. One of more than Length bytes is fault.TooLarge.
func (s *Store) Put(ctx context.Context, q Question) (name string, err error) {
	if len(q.Body) > Length {
		return "", fault.New(fault.TooLarge, "The body has %d bytes; a question has %d at most", len(q.Body), Length)
	}
	name = box.NewText()
	sealed, err := box.Seal(purpose, name, q.Body)
	if err != nil {
		return "", err
	}
	masked := 0
	if q.Masked {
		masked = 1
	}
	return name, s.db.Tx(ctx, func(tx *state.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO page_questions (hash, organisation, client, box, masked, stored) VALUES (?, ?, ?, ?, ?, ?)`,
			box.Hash(name), q.Organization, q.Client, sealed, masked, s.now().UnixMicro())
		if err != nil {
			return err
		}
		return s.forget(ctx, tx, q)
	})
}

// forget removes what is too old, the oldest of a client that has more than its share, and of an organization that has too many the
// oldest of whoever has most.
func (s *Store) forget(ctx context.Context, tx *state.Tx, q Question) error {
	if _, err := tx.Exec(ctx, `DELETE FROM page_questions WHERE stored <= ?`, s.now().Add(-Good).UnixMicro()); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM page_questions WHERE organisation = ? AND client = ? AND hash NOT IN (
		SELECT hash FROM page_questions WHERE organisation = ? AND client = ? ORDER BY stored DESC, hash LIMIT ?)`,
		q.Organization, q.Client, q.Organization, q.Client, Share)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM page_questions WHERE organisation = ? AND hash NOT IN (
		SELECT hash FROM (
			SELECT hash, stored, row_number() OVER (PARTITION BY client ORDER BY stored DESC, hash) AS newer FROM page_questions WHERE organisation = ?) AS ranked
		ORDER BY newer, stored DESC, hash LIMIT ?)`, q.Organization, q.Organization, Most)
	return err
}

// Get gives the question of a name. What an organization does not have, or not any more, is fault.NotFound.
func (s *Store) Get(ctx context.Context, organization, name string) (Question, error) {
	q := Question{Organization: organization}
	var sealed []byte
	var masked int
	err := s.db.Row(ctx, `SELECT box, masked FROM page_questions WHERE hash = ? AND organisation = ? AND stored > ?`,
		box.Hash(name), organization, s.now().Add(-Good).UnixMicro()).Scan(&sealed, &masked)
	if errors.Is(err, state.ErrNoRow) {
		return q, fault.New(fault.NotFound, "There is no such question, or not any more: they are kept for %d days. Ask anew at /ui/explore", int(Good.Hours()/24))
	}
	if err != nil {
		return q, err
	}
	q.Masked = masked == 1
	q.Body, err = box.Open(purpose, name, sealed)
	return q, err
}
