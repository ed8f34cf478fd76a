package stage

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/state"
)

// redacted is a portion as it may be written. A record that cannot be redacted is set aside: to fail would be to fail at it
// for ever. Of what is set aside and cannot be redacted, its length is kept.
func (s *Stage) redacted(p Portion) Portion {
	if s.Redact == nil {
		return p
	}
	out := p
	out.Records, out.Rejected = make([]conversation.Version, 0, len(p.Records)), slices.Clone(p.Rejected)
	for i, r := range p.Rejected {
		text, err := s.Redact(r.Text)
		if err != nil {
			text = withheld(r.Text)
		}
		out.Rejected[i].Text = text
	}
	for _, v := range p.Records {
		text, err := s.Redact(v.JSON)
		if err != nil {
			out.Rejected = append(out.Rejected, Rejected{Reason: err.Error(), Text: withheld(v.JSON), Day: v.Day().String()})
			continue
		}
		v.JSON, v.Hash = text, sha256.Sum256(text)
		out.Records = append(out.Records, v)
	}
	return out
}

// withheld stands for a value of which nobody knows what may be kept.
func withheld(text []byte) []byte { return fmt.Appendf(nil, `{"withheld":true,"bytes":%d}`, len(text)) }

// Holds says whether anything is staged of any run, or set aside.
func Holds(ctx context.Context, db *state.DB) (bool, error) {
	if there, err := db.Has(ctx, "stage_chunks"); err != nil || !there {
		return false, err
	}
	var n int
	err := db.Row(ctx, `SELECT (SELECT count(*) FROM stage_chunks) + (SELECT count(*) FROM rejected)`).Scan(&n)
	return n > 0, err
}
