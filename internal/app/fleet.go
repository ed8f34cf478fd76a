package app

import (
	"context"

	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres/board"
)

// Place is what a lake is called on the board of those who extract into lakes, and the address of the Postgres that has the board, which has
// the lake's control database too. It is empty for a lake that has none in a Postgres.
func Place(ctx context.Context, lake string) (place, address string, err error) {
	a, err := at.Address(ctx, lake)
	if err != nil || !state.IsShared(a.Control) {
		return "", "", err
	}
	address, err = state.InSchema(a.Control, board.Schema)
	return at.SchemaOf(a.Root), address, err
}

// OpenBoard opens the board at such an address, and makes it when it is not there.
func OpenBoard(ctx context.Context, address string) (*board.Board, error) {
	return board.Open(ctx, address)
}
