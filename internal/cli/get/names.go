package get

import (
	"context"
	"slices"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/cli/called"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/names"
)

// told is an account as data, with the names that it took from elsewhere than the record: those of today, by noun and id.
type told struct {
	account.Account

	Names map[account.Noun]map[string]string `json:"namesToday"`
}

// names are what the things are called that a record names by id alone, and no others: the account is told once to see which
// it lacks.
func (o *Options) names(ctx context.Context, c *conversation.Conversation, opts account.Options) (*names.Book, error) {
	ids := map[names.Kind][]string{}
	opts.Names = func(of account.Noun, id string) string {
		if k := names.Kind(of); !slices.Contains(ids[k], id) {
			ids[k] = append(ids[k], id)
		}
		return ""
	}
	account.Of(c, opts)
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // the record has all names
	}
	if o.client == nil {
		return called.ByLake(ctx, o.Streams, o.Lake, ids), ctx.Err()
	}
	return called.ByServer(ctx, o.Streams, o.client, ids), ctx.Err()
}

// use notes which names of a book were used.
type use struct {
	book *names.Book
	of   map[account.Noun]map[string]string
}

func (u *use) name(of account.Noun, id string) string {
	name := u.book.Label(names.Kind(of), id)
	if name != "" {
		if u.of[of] == nil {
			u.of[of] = map[string]string{}
		}
		u.of[of][id] = u.book.Name(names.Kind(of), id)
	}
	return name
}
