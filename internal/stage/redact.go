package stage

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/parley-hq/parley/internal/state"
)

// redacted is a portion as it may be written. Of a value that is no record, and cannot be redacted, its length is kept.
func (s *Stage) redacted(p Portion) (_ Portion, err error) {
	if s.Redact == nil {
		return p, nil
	}
	p.Records, p.Rejected = slices.Clone(p.Records), slices.Clone(p.Rejected)
	for i, v := range p.Records {
		if v.JSON, err = s.Redact(v.JSON); err != nil {
			return p, err
		}
		v.Hash = sha256.Sum256(v.JSON)
		p.Records[i] = v
	}
	for i, r := range p.Rejected {
		text, err := s.Redact(r.Text)
		if err != nil {
			text = fmt.Appendf(nil, `{"withheld":true,"bytes":%d}`, len(r.Text))
		}
		p.Rejected[i].Text = text
	}
	return p, nil
}

// Holds says whether anything is staged of any run.
func Holds(ctx context.Context, db *state.DB) (bool, error) {
	if there, err := db.Has(ctx, "stage_chunks"); err != nil || !there {
		return false, err
	}
	var n int
	err := db.Row(ctx, `SELECT count(*) FROM stage_chunks`).Scan(&n)
	return n > 0, err
}
