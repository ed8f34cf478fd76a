package ledger

import (
	"context"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/state"
)

// Forget removes the marks of conversations that were erased, and counts them.
func (l Ledger) Forget(ctx context.Context, erased func(conversation.ID) bool) (n int64, err error) {
	var ids []string
	err = l.view(ctx, func(db *state.DB) error {
		ids = nil
		for row, err := range db.Rows(ctx, `SELECT DISTINCT id FROM ledger_kept`) {
			var id string
			if err == nil {
				err = row.Scan(&id)
			}
			if err != nil {
				return err
			}
			if erased(conversation.ID(id)) {
				ids = append(ids, id)
			}
		}
		return nil
	})
	for _, id := range ids {
		if err != nil {
			break
		}
		var gone int64
		gone, err = l.db.Exec(ctx, `DELETE FROM ledger_kept WHERE id = ?`, id)
		n += gone
	}
	return n, err
}
