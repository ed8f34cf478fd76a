package reportcmd

import (
	"context"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/cli/called"
	"github.com/parley-hq/parley/internal/figure"
	"github.com/parley-hq/parley/internal/names"
)

// kinds are the dimensions whose values are ids of things that have names.
var kinds = map[string]names.Kind{
	"queueId": names.Queue, "userId": names.User, "divisionId": names.Division, "wrapUpCode": names.WrapUpCode,
	"activeSkillId": names.Skill, "requestedRoutingSkillId": names.Skill, "requestedLanguageId": names.Language,
}

// nameOf is what programs read the name of a dimension's value by.
func nameOf(dimension string) string { return strings.TrimSuffix(dimension, "Id") + "Name" }

// resolve puts ids in the place of names in the flags. Of a server all names of the kind are asked for, and only if there is a
// value that is no id.
func (o *Options) resolve(ctx context.Context) error {
	for _, given := range []struct {
		flag   string
		kind   names.Kind
		values *[]string
	}{{"--queue", names.Queue, &o.Queue}, {"--agent", names.User, &o.Agent}} {
		if !called.Named(*given.values) || o.PrintBody && o.Lake == "" {
			continue
		}
		book, err := o.list(ctx, given.kind)
		if err != nil {
			return err
		}
		if *given.values, err = called.IDs(o.Streams, given.flag, given.kind, *given.values, book); err != nil {
			return err
		}
	}
	return nil
}

func (o *Options) list(ctx context.Context, k names.Kind) (*names.Book, error) {
	if o.Lake != "" {
		return called.InLake(ctx, o.Streams, o.Lake), nil
	}
	c, err := o.server()
	if err != nil {
		return nil, err
	}
	return called.ListedBy(ctx, o.Streams, c, k), nil
}

// names are those of what the lines are of.
func (o *Options) names(ctx context.Context, q *question, lines []figure.Line) *names.Book {
	ids := map[names.Kind][]string{}
	for i, dimension := range q.GroupBy {
		k, named := kinds[dimension]
		if !named {
			continue
		}
		for _, l := range lines {
			if id := l.Values[i]; id != "" {
				ids[k] = append(ids[k], id)
			}
		}
		slices.Sort(ids[k])
		ids[k] = slices.Compact(ids[k])
	}
	if len(ids) == 0 {
		return nil
	}
	if o.Lake != "" {
		return called.ByLake(ctx, o.Streams, o.Lake, ids)
	}
	c, err := o.server()
	if err != nil {
		return nil // it was asked before
	}
	return called.ByServer(ctx, o.Streams, c, ids)
}

// label is what a person reads in place of a value.
func label(book *names.Book, dimension, value string) string {
	if text := book.Label(kinds[dimension], value); text != "" {
		return text
	}
	return plain(dimension, value, value)
}

// name is the name of a value, for programs; empty if it has none.
func name(book *names.Book, dimension, value string) string {
	if text := book.Name(kinds[dimension], value); text != "" {
		return text
	}
	return plain(dimension, value, "")
}

// plain is the name of a code that no organization defines, or what else is given.
func plain(dimension, value, otherwise string) string {
	if dimension == "wrapUpCode" {
		if text := account.CodeName(value); text != "" {
			return text
		}
	}
	return otherwise
}
