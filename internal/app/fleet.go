package app

import (
	"context"
	"errors"

	"github.com/parley-hq/parley/internal/fault"
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

// Board opens the board at such an address, and makes it when it is not there.
func Board(ctx context.Context, address string) (*board.Board, error) {
	return board.Make(ctx, address)
}

// OnBoard is what the board at such an address says, by place: nothing, while nobody has made it.
func OnBoard(ctx context.Context, address string) (_ map[string]board.Entry, err error) {
	b, err := board.Open(ctx, address)
	if errors.Is(err, fault.NotFound) {
		return map[string]board.Entry{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	return b.Entries(ctx)
}
