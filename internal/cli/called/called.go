// Package called finds, for commands that show ids or are given them, what things are called: in a lake, or by asking a
// server for just the ids that are shown.
package called

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/platform"
)

// most is how many ids of a kind a server is asked for: ten requests. What comes after them is shown by its id.
const most = 500

// InLake are the names of the lake in dir. That they are damaged is said, and no error: ids are shown then. Whoever asks a lake
// that is not there, or may not be read, is told so by what is asked besides.
func InLake(ctx context.Context, s *ui.Streams, dir string) *names.Book {
	book, err := app.Names(ctx, dir)
	return undamaged(s, book, err)
}

// ByLake are the names that the lake in dir has for some ids, told as those of InLake.
func ByLake(ctx context.Context, s *ui.Streams, dir string, ids map[names.Kind][]string) *names.Book {
	book, err := app.NamesOf(ctx, dir, ids)
	return undamaged(s, book, err)
}

func undamaged(s *ui.Streams, book *names.Book, err error) *names.Book {
	if errors.Is(err, fault.Corrupt) {
		s.Notef("parley: warning: ids are shown in place of names: %s\n", ui.Plain(err.Error()))
	}
	return book
}

// ByServer are the names that a server has for some ids. What it does not give stays unknown: the client may lack the
// permission, which is said, or the server have no lists.
func ByServer(ctx context.Context, s *ui.Streams, c *platform.Client, ids map[names.Kind][]string) *names.Book {
	found, left := map[names.Kind][]names.Entry{}, map[names.Kind]string{}
	for _, k := range names.Kinds() {
		wanted := ids[k]
		if len(wanted) == 0 || ctx.Err() != nil {
			continue
		}
		list, err := c.Lookup(ctx, k, wanted[:min(len(wanted), most)])
		if err != nil {
			left[k] = whyNot(k, err)
		}
		found[k] = list
	}
	note(s, left)
	return names.BookOf(found)
}

// note says which names a server did not give. That it has no lists at all is nothing that anybody could change.
func note(s *ui.Streams, left map[names.Kind]string) {
	if text := (names.Outcome{Left: left}).NotRead(); text != "" {
		s.Notef("Ids are shown in place of names of %s.\n", ui.Plain(text))
	}
}

func whyNot(k names.Kind, err error) string {
	if text := platform.Unlisted(k, err); text != "" {
		return text
	}
	return err.Error()
}

// Named says whether any of some values may be a name: ids are UUIDs.
func Named(values []string) bool { return slices.ContainsFunc(values, isName) }

func isName(value string) bool { return value != "" && uuid.Validate(value) != nil }

// ListedBy are all names of a kind that a server has, for those who know a name and not the id. If it does not give them, the
// reason is said, and nothing is known.
func ListedBy(ctx context.Context, s *ui.Streams, c *platform.Client, k names.Kind) *names.Book {
	l, err := c.List(ctx, k)
	if err != nil {
		s.Notef("Values of flags are taken for ids, for the names of %s are not known: %s.\n", k.Plural(), ui.Plain(whyNot(k, err)))
		return nil
	}
	return names.BookOf(map[names.Kind][]names.Entry{k: l.Entries})
}

// shown is how many ids of one name a message lists.
const shown = 5

// IDs gives the ids that the values of a flag mean: an id as it is, and of a name the one thing that is called so. A name that
// several have is refused, with their ids. What is not known is taken for an id, which is said unless it looks like one.
func IDs(s *ui.Streams, flag string, k names.Kind, values []string, book *names.Book) (ids []string, err error) {
	for _, value := range values {
		found := book.IDs(k, value)
		_, isID := book.Find(k, value)
		switch {
		case isID || len(found) == 0:
			if !isID && isName(value) && book != nil {
				s.Notef("%s %s is the name of none of the %s that are known, and is taken for an id.\n", flag, fault.Clip(value), k.Plural())
			}
			ids = append(ids, value)
		case len(found) == 1:
			ids = append(ids, found[0])
		default:
			more := ""
			if len(found) > shown {
				found, more = found[:shown], ", …"
			}
			return nil, fault.Field(flag, "%s %s is the name of several %s; give the id of one: %s%s", flag, fault.Clip(value), k.Plural(), strings.Join(found, ", "), more)
		}
	}
	return ids, nil
}
