package redact

import (
	"context"
	"errors"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// schema is what a lake remembers of the rules by which its records were redacted.
var schema = state.Schema{Owner: "redact", Steps: []string{`
	CREATE TABLE redaction (
		one         {integer} PRIMARY KEY CHECK (one = 1),
		fingerprint {text} NOT NULL -- of rules and key; empty for records as they came
	) {checked}`,
}}

// Tables are those of this package in the control database, for who copies it whole.
func Tables() state.Schema { return schema }

// Known is the fingerprint that a lake remembers; empty when its records are as they came.
func Known(ctx context.Context, db *state.DB) (fingerprint string, err error) {
	return fingerprint, db.View(ctx, func(db *state.DB) error {
		if there, err := db.Has(ctx, "redaction"); err != nil || !there {
			return err
		}
		err := db.Row(ctx, `SELECT fingerprint FROM redaction`).Scan(&fingerprint)
		if errors.Is(err, state.ErrNoRow) {
			return nil
		}
		return err
	})
}

// May says whether records that are redacted by these rules, nil for none, may come into a lake. Into one that has records
// already none may that are redacted in another way, unless somebody has said that they may: they would count as changed,
// and what belongs together would not be found together.
func May(ctx context.Context, db *state.DB, r *Rules, hasRecords, other bool) error {
	known, err := Known(ctx, db)
	if err != nil || other || r.print() == known || known == "" && !hasRecords {
		return err
	}
	switch {
	case r == nil:
		return fault.New(fault.Conflict, "the records of this lake are redacted; give the same rules by --redact, or say --redact-otherwise to bring records as they are")
	case known == "":
		return fault.New(fault.Conflict, "the records of this lake are not redacted; extract into another lake, or say --redact-otherwise to redact from now on")
	}
	return fault.New(fault.Conflict, "the records of this lake were redacted by other rules or with another key; give those, or say --redact-otherwise to go on with these")
}

// Remember has a lake remember by which rules the records are redacted that come into it.
func Remember(ctx context.Context, db *state.DB, r *Rules) error {
	known, err := Known(ctx, db)
	if err != nil || known == r.print() {
		return err
	}
	if err := db.Migrate(ctx, schema); err != nil {
		return err
	}
	_, err = db.Exec(ctx, `INSERT INTO redaction VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET fingerprint = excluded.fingerprint`, r.print())
	return err
}

func (r *Rules) print() string {
	if r == nil {
		return ""
	}
	return r.Fingerprint()
}
