package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/redact"
)

// Naming says how names come into a lake.
type Naming struct {
	From names.Source  // nil: they stay as they are
	Age  time.Duration // lists that were read less long ago are not read again
	Wait time.Duration // for whoever writes to the lake
}

// namesWithin is how long reading the lists may take in all: a server that is slow, or asks to wait, must not hold up what
// people need more.
const namesWithin = 5 * time.Minute

// Refresh reads the lists of names and keeps what they say. It is nil if all of them were read lately. What cannot be had is
// told in the outcome; an error is of the lake, or of ctx.
func (n Naming) Refresh(ctx context.Context, l *lake.Lake, run string, now time.Time) (_ *names.Outcome, err error) {
	kinds, err := n.due(ctx, l, now)
	if err != nil || len(kinds) == 0 {
		return nil, err
	}
	kept, left, err := mayKeep(ctx, l, kinds)
	if err != nil {
		return nil, err
	}
	within, stop := context.WithTimeout(ctx, namesWithin)
	defer stop()
	lists, out, err := names.Reading{From: n.From, Kinds: kept, Reason: reason}.Read(within)
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	for _, k := range kept {
		if _, read := out.Listed[k]; err != nil && !read {
			out.Left[k] = "it took more than " + namesWithin.String()
		}
	}
	maps.Copy(out.Left, left)
	barred, err := keptOf(ctx, l, left)
	if err != nil {
		return &out, err
	}
	if lists = append(lists, barred...); len(lists) == 0 {
		return &out, nil
	}
	w, err := l.WriterWithin(ctx, n.Wait)
	if err != nil {
		return &out, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	out.Changes, err = w.Names(ctx, run, now, lists)
	return &out, err
}

// due are the kinds whose lists were not read lately.
func (n Naming) due(ctx context.Context, l *lake.Lake, now time.Time) (due []names.Kind, err error) {
	if n.From == nil {
		return nil, nil
	}
	read, err := l.NamesRead(ctx)
	for _, k := range names.Kinds() {
		if at, ok := read[k]; !ok || now.Sub(at) >= n.Age {
			due = append(due, k)
		}
	}
	return due, err
}

// mayKeep leaves out users where a lake's records are redacted: who wants no personal data in records wants none beside them.
func mayKeep(ctx context.Context, l *lake.Lake, kinds []names.Kind) (kept []names.Kind, left map[names.Kind]string, err error) {
	rules, err := redact.Known(ctx, l.Control())
	if err != nil || rules == "" {
		return kinds, nil, err
	}
	for _, k := range kinds {
		if k != names.User {
			kept = append(kept, k)
		}
	}
	return kept, map[names.Kind]string{names.User: "the records of this lake are redacted, and names of users are personal data"}, nil
}

// keptOf bars the kinds that may not be kept and of which the lake has names: they came before its records were redacted.
func keptOf(ctx context.Context, l *lake.Lake, not map[names.Kind]string) (barred []names.Listing, err error) {
	if len(not) == 0 {
		return nil, nil
	}
	h, err := l.Names(ctx)
	for k := range not {
		if slices.ContainsFunc(h, func(v names.Version) bool { return v.Kind == k }) {
			barred = append(barred, names.Listing{Kind: k, Barred: true})
		}
	}
	return barred, err
}

// reason says why a list was left. When nobody can be reached, or the client is not let in, the other lists fare the same.
func reason(k names.Kind, err error) (text string, goOn bool) {
	if text := platform.Unlisted(k, err); text != "" {
		return text, true
	}
	goOn = !errors.Is(err, fault.Unavailable) && !errors.Is(err, fault.Throttled) && !errors.Is(err, fault.Unauthorized)
	return err.Error(), goOn
}

// Names are what things are called now, by the lake in dir.
func Names(ctx context.Context, dir string) (*names.Book, error) {
	return bookIn(ctx, dir, func(l *lake.Lake) (names.History, error) { return l.Names(ctx) })
}

// NamesOf are what some ids are called now, by the lake in dir. It is quicker than Names.
func NamesOf(ctx context.Context, dir string, ids map[names.Kind][]string) (*names.Book, error) {
	return bookIn(ctx, dir, func(l *lake.Lake) (names.History, error) { return l.NamesOf(ctx, ids) })
}

func bookIn(ctx context.Context, dir string, read func(*lake.Lake) (names.History, error)) (_ *names.Book, err error) {
	l, err := at.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	h, err := read(l)
	return names.NewBook(h), err
}

// shelf is the directory of a lake, made again when its names have changed. Safe for concurrent use.
type shelf struct {
	lake *lake.Lake

	mu      sync.Mutex
	version string
	made    *directory.Directory
}

// directory is what the lake knows now; nil while it was never told anything. While that cannot be read it is what was known
// before. Each time, one row of the control database says whether the names have changed.
func (s *shelf) directory(ctx context.Context) (*directory.Directory, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, err := s.lake.NamesVersion(ctx)
	if err != nil || now == s.version {
		return s.made, err
	}
	var made *directory.Directory
	if now != "" { // else they were damaged, and are begun anew
		h, err := s.lake.Names(ctx)
		if err != nil {
			return s.made, err
		}
		made = directoryOf(names.NewBook(h))
	}
	s.version, s.made = now, made
	return made, nil
}

// directoryOf lists what a book knows. What is gone is not listed, but for users, whom the platform lists as deleted.
func directoryOf(b *names.Book) *directory.Directory {
	d := new(directory.Directory)
	for _, k := range names.Kinds() {
		for _, v := range b.All(k) {
			e := directory.Entity{ID: v.ID, Name: v.Name, Division: v.Division}
			switch {
			case k == names.User:
				d.Users = append(d.Users, directory.User{Entity: e, State: stateOf(v)})
			case v.Gone:
			case k == names.Queue:
				d.Queues = append(d.Queues, directory.Queue{Entity: e})
			case k == names.WrapUpCode:
				d.Codes = append(d.Codes, directory.Code{Entity: e})
			case k == names.Division:
				d.Divisions = append(d.Divisions, directory.Division{Entity: e})
			case k == names.Skill:
				d.Skills = append(d.Skills, directory.Skill{Entity: e})
			case k == names.Language:
				d.Languages = append(d.Languages, directory.Language{Entity: e})
			}
		}
	}
	return d
}

func stateOf(v names.Version) directory.State {
	switch s := directory.State(v.State); {
	case v.Gone:
		return directory.Deleted
	case s == directory.Inactive || s == directory.Deleted:
		return s
	}
	return directory.Active
}
