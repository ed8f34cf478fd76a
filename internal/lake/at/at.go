// Package at finds lakes by what people call them: the path of a folder, or s3://bucket/prefix. It alone knows what kinds of
// places there are; whoever opens a lake asks here.
//
// All of a lake in a folder is in it, unless its control database is in a Postgres. Of one in a bucket the control database and the locks are elsewhere: below the state
// folder, at a place that follows from bucket and prefix, so that one state folder serves any number of lakes; or in a schema of a Postgres.
package at

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store/cached"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/internal/store/s3"
)

// Settings are those of a process for lakes that are not in folders.
type Settings struct {
	State      string    // folder of their control databases and locks, or the address of a Postgres that has them
	CacheDir   string    // folder of copies of their data files; empty: in State
	CacheBytes int64     // that the copies take at most; 0: DefaultCacheBytes
	S3         s3.Config // what buckets have in common
}

// DefaultCacheBytes is what copies of data files take at most, unless somebody says otherwise.
const DefaultCacheBytes = 20 << 30

type key struct{}

// With gives the settings on to whatever opens lakes below. They are the process's, as its environment is: commands name
// lakes and nothing else. They are asked for when a lake is opened, since a file may still change flags.
func With(ctx context.Context, s func() Settings) context.Context {
	return context.WithValue(ctx, key{}, s)
}

// Changed gives on other settings than the process's.
func Changed(ctx context.Context, change func(*Settings)) context.Context {
	s := settings(ctx)
	change(&s)
	return With(ctx, func() Settings { return s })
}

// As gives other contexts the settings of this one: for whoever opens a lake later, at the request of somebody who has none.
func As(ctx context.Context) func(context.Context) context.Context {
	s := settings(ctx)
	return func(other context.Context) context.Context { return With(other, func() Settings { return s }) }
}

func settings(ctx context.Context) Settings {
	if s, ok := ctx.Value(key{}).(func() Settings); ok {
		return s()
	}
	return Settings{}
}

// InPostgres says whether control databases are in a Postgres, by what was given for the state folder.
func InPostgres(given string) bool { return state.IsShared(given) }

// PlaceOfState says whether what was given by a flag can be where state is kept: a folder, or an address of a Postgres. One that is
// mistyped is no folder: its password would be in the name of that, and in every message about it.
func PlaceOfState(flag, given string) error {
	scheme, _, _ := strings.Cut(strings.ToLower(given), ":")
	if !InPostgres(given) && (strings.Contains(given, "://") || scheme != strings.ToLower(given) && strings.HasPrefix(scheme, "postgres")) {
		return fault.Field(flag, "%s is a folder, or the address of a Postgres that begins with postgres://", flag)
	}
	return nil
}

// State is the state folder of the process; empty if it has none.
func State(ctx context.Context) string {
	if s := settings(ctx).State; !state.IsShared(s) {
		return s
	}
	return ""
}

// Copies is the folder of copies of data files of lakes in buckets; empty if the process has none.
func Copies(ctx context.Context) string {
	if home := State(ctx); home != "" {
		return cmp.Or(settings(ctx).CacheDir, filepath.Join(home, "cache"))
	}
	return settings(ctx).CacheDir
}

const scheme = "s3://"

// InBucket says whether a lake of that name is in a bucket.
func InBucket(name string) bool { return strings.HasPrefix(name, scheme) }

// Open opens a lake as lake.Open does.
func Open(ctx context.Context, name string) (*lake.Lake, error) {
	if inFolder(ctx, name) {
		return lake.Open(ctx, name)
	}
	a, err := Address(ctx, name)
	if err != nil {
		return nil, err
	}
	return lake.OpenAt(ctx, a)
}

// Create makes a lake, or opens it, as lake.Create does.
func Create(ctx context.Context, name string) (*lake.Lake, error) {
	if inFolder(ctx, name) {
		return lake.Create(ctx, name)
	}
	a, err := Address(ctx, name)
	if err != nil {
		return nil, err
	}
	return lake.CreateAt(ctx, a)
}

// Found says whether there is a lake that this process may read; if not, it fails as Open does.
func Found(ctx context.Context, name string) error {
	if inFolder(ctx, name) {
		return lake.Found(ctx, name)
	}
	a, err := Address(ctx, name)
	if err != nil {
		return err
	}
	return lake.FoundAt(ctx, a)
}

// Exists says whether there is a lake. Of a place that cannot be looked at it says no, and Vacant says why.
func Exists(ctx context.Context, name string) bool {
	if inFolder(ctx, name) {
		return lake.Exists(name)
	}
	a, err := Address(ctx, name)
	if err != nil {
		return false
	}
	there, err := a.Exists(ctx)
	return there && err == nil
}

// Vacant says whether a lake can be made there, or is there already; if not, fault.Invalid says why.
func Vacant(ctx context.Context, name string) error {
	if inFolder(ctx, name) {
		return lake.Vacant(ctx, name)
	}
	a, err := Address(ctx, name)
	if err != nil {
		return err
	}
	if there, err := a.Exists(ctx); there || err != nil {
		return err
	}
	return a.Vacant(ctx)
}

// Same says whether two names are those of the same lake.
func Same(a, b string) bool {
	if InBucket(a) || InBucket(b) {
		return strings.TrimRight(a, "/") == strings.TrimRight(b, "/")
	}
	return filepath.Clean(a) == filepath.Clean(b) || lake.Same(a, b)
}

// Move makes a lake whole that was moved, as lake.Move does.
func Move(ctx context.Context, name string, o lake.MoveOptions) (lake.Moved, error) {
	a, err := Address(ctx, name)
	if err != nil {
		return lake.Moved{}, err
	}
	return lake.MoveAt(ctx, a, o)
}

// Transfer copies a lake to another place, as lake.Transfer does.
// With toState the control database of the
// copy is there, as --state would have it.
func Transfer(ctx context.Context, from, to, toState string, o lake.TransferOptions) (lake.Transferred, error) {
	source, err := Address(ctx, from)
	if err != nil {
		return lake.Transferred{}, err
	}
	place, err := Address(ctx, to)
	if err == nil && toState != "" {
		place, err = controlled(place, toState, "--to-state")
	}
	if err != nil {
		return lake.Transferred{}, err
	}
	if err := within(ctx, to); err != nil {
		return lake.Transferred{}, err
	}
	return lake.Transfer(ctx, source, place, o)
}

// within is fault.Invalid when a place lies within a lake: what belongs to which of the two, nobody could tell.
func within(ctx context.Context, name string) error {
	for above := parent(name); above != ""; above = parent(above) {
		there, err := isLake(ctx, above)
		switch {
		case errors.Is(err, fault.Forbidden), errors.Is(err, fault.Unauthorized):
			return nil // credentials need no right to what is above
		case err != nil:
			return err
		case there:
			return fault.New(fault.Invalid, "%s lies within the lake %s; give another place", name, above)
		}
	}
	return nil
}

// parent is the place above another one; empty if there is none.
func parent(name string) string {
	if !InBucket(name) {
		full, err := filepath.Abs(name)
		if above := filepath.Dir(full); err == nil && above != full {
			return above
		}
		return ""
	}
	rest := strings.TrimRight(strings.TrimPrefix(name, scheme), "/")
	if last := strings.LastIndexByte(rest, '/'); last >= 0 {
		return scheme + rest[:last]
	}
	return ""
}

// isLake says whether a place has a lake's mark, wherever its control database is.
func isLake(ctx context.Context, name string) (bool, error) {
	if !InBucket(name) {
		return lake.Exists(name), nil
	}
	files, root, err := bucket(ctx, name)
	if err != nil {
		return false, err
	}
	return lake.Address{Name: root, Root: root, Store: files}.Exists(ctx)
}

// MoveControl moves the control database of a lake to a Postgres, or to a folder, as lake.MoveControl does. to is what --state is from
// then on; for a lake in a folder, that folder or a Postgres.
func MoveControl(ctx context.Context, name, to string, o lake.ControlOptions) (lake.MovedControl, error) {
	from, err := Address(ctx, name)
	if err != nil {
		return lake.MovedControl{}, err
	}
	place, err := controlled(from, to, "--to-state")
	if err != nil {
		return lake.MovedControl{}, err
	}
	return lake.MoveControl(ctx, from, place, o)
}

// controlled is the address of a lake with its control database where --state would have it be.
func controlled(a lake.Address, at, flag string) (lake.Address, error) {
	if err := PlaceOfState(flag, at); err != nil {
		return a, err
	}
	switch {
	case InPostgres(at):
		return inPostgres(a, at)
	case InBucket(a.Root):
		home, err := filepath.Abs(at)
		return inState(a, home), err
	}
	own, err := lake.InFolder(at)
	if err == nil && own.Root != a.Root {
		err = fault.Field(flag, "the control database of the lake %s is in that folder itself, or in a Postgres; give one of them by %s", a, flag)
	}
	return own, err
}

// inState has the control database of a lake in a bucket be below a state folder.
func inState(a lake.Address, home string) lake.Address {
	at := lake.StatePath(home, inOne(a.Root))
	a.Control, a.Locks = filepath.Join(at, lake.ControlName), folder.At(at)
	return a
}

// inOne is bucket and prefix as the name of a folder.
func inOne(root string) string {
	return strings.ReplaceAll(strings.TrimPrefix(root, scheme), "/", "%2F")
}

// Address is where the lake of that name is. Of a bucket nothing is asked yet.
func Address(ctx context.Context, name string) (a lake.Address, err error) {
	if inFolder(ctx, name) {
		return lake.InFolder(name)
	}
	if !InBucket(name) {
		return shared(ctx, name)
	}
	s := settings(ctx)
	if _, _, err := split(name); err != nil {
		return a, err
	}
	if err := s.usable(name); err != nil {
		return a, err
	}
	files, root, err := bucket(ctx, name)
	if err != nil {
		return a, err
	}
	one := inOne(root)
	a = lake.Address{Name: root, Root: root, Store: files}
	if InPostgres(s.State) {
		a.Cache = cached.Open(s.CacheDir, one, files, s.bytes())
		return inPostgres(a, s.State)
	}
	home, err := filepath.Abs(s.State)
	if err != nil {
		return a, err
	}
	a.Cache = cached.Open(cmp.Or(s.CacheDir, filepath.Join(home, "cache")), one, files, s.bytes())
	return inState(a, home), nil
}

// bucket is the store of what lies at s3://bucket/prefix, and how the tables write that.
func bucket(ctx context.Context, name string) (files *s3.Bucket, root string, err error) {
	bucket, prefix, err := split(name)
	if err != nil {
		return nil, "", err
	}
	c := settings(ctx).S3
	c.Bucket, c.Prefix = bucket, prefix
	files, err = s3.Open(ctx, c)
	return files, strings.TrimSuffix(scheme+bucket+"/"+prefix, "/"), err
}

// inFolder says whether all of a lake is in a folder: it has its control database there, or nobody says that it is in a Postgres.
func inFolder(ctx context.Context, name string) bool {
	return !InBucket(name) && (!InPostgres(settings(ctx).State) || lake.HasControl(name))
}

// shared is the address of a lake whose files are in a folder, and whose control database is in the Postgres of the process.
func shared(ctx context.Context, name string) (a lake.Address, err error) {
	if a, err = lake.InFolder(name); err != nil {
		return a, err
	}
	return inPostgres(a, settings(ctx).State)
}

// inPostgres has the control database of a lake be in a Postgres: in the schema that the address names, or one that follows from where
// the lake's files are.
func inPostgres(a lake.Address, address string) (lake.Address, error) {
	if !state.HasSchema(address) || isServers(address) {
		var err error
		if address, err = state.InSchema(address, SchemaOf(a.Root)); err != nil {
			return a, err
		}
	}
	return a.InControl(address), nil
}

// servers is the schema of the servers of several lakes. No lake is in it.
const servers = "parley_server"

func isServers(address string) bool {
	schema, err := state.SchemaOf(address)
	return err == nil && schema == servers
}

// Servers is the address of what the servers of several lakes share, in the Postgres of the process; empty if it has none.
func Servers(ctx context.Context) (string, error) {
	if s := settings(ctx).State; InPostgres(s) {
		return state.InSchema(s, servers)
	}
	return "", nil
}

// ServersIn is that address in a Postgres that somebody names; one that has a schema stays as it is.
func ServersIn(address string) (string, error) {
	if state.HasSchema(address) {
		return address, nil
	}
	return state.InSchema(address, servers)
}

// Shared is the address of the control database of a lake, if it is in a Postgres; else empty.
func Shared(ctx context.Context, name string) (string, error) {
	if inFolder(ctx, name) {
		return "", nil
	}
	a, err := Address(ctx, name)
	if err != nil || !state.IsShared(a.Control) {
		return "", err
	}
	return a.Control, nil
}

var odd = regexp.MustCompile(`[^a-z0-9]+`)

// SchemaOf is the schema of a lake in a Postgres, unless another is given: it follows from the path or URL of its files, and people can tell
// by it which one it is.
func SchemaOf(root string) string {
	sum := sha256.Sum256([]byte(root))
	name := odd.ReplaceAllString(strings.ToLower(path.Base(root)), "_")
	return fmt.Sprintf("lake_%s_%x", strings.Trim(name[:min(len(name), 40)], "_"), sum[:4])
}

func (s Settings) bytes() int64 {
	if s.CacheBytes == 0 {
		return DefaultCacheBytes
	}
	return s.CacheBytes
}

func (s Settings) usable(name string) error {
	switch {
	case s.State == "":
		return fault.Field("--state", "the lake %s is in a bucket and its control database is not: give a folder for it, or the address of a Postgres, by --state or PARLEY_STATE, always the same one", name)
	case PlaceOfState("--state", s.State) != nil:
		return PlaceOfState("--state", s.State)
	case InPostgres(s.State) && s.CacheDir == "":
		return fault.Field("--cache-dir", "give a folder for copies of the data files of %s by --cache-dir or PARLEY_CACHE_DIR", name)
	case s.CacheBytes < 0:
		return fault.Field("--cache-bytes", "--cache-bytes is the room for copies of data files, and more than 0")
	}
	return nil
}

// Names that URLs, folders and the protocol all spell alike. Iceberg's metadata name every file by its URL, which most engines
// take literally and some decode.
var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	prefixName = regexp.MustCompile(`^[A-Za-z0-9_=-][A-Za-z0-9._=-]*$`)
)

// longestPrefix keeps the name of the folder that stands for bucket and prefix short enough for every file system.
const longestPrefix = 100

// Named says what is wrong with the name of a lake, as fault.Invalid. Nothing is asked.
func Named(name string) error {
	if !InBucket(name) {
		return nil
	}
	_, _, err := split(name)
	return err
}

// split gives bucket and prefix of s3://bucket/prefix.
func split(name string) (bucket, prefix string, err error) {
	bucket, prefix, _ = strings.Cut(strings.TrimPrefix(name, scheme), "/")
	prefix = strings.TrimSuffix(prefix, "/")
	if strings.Contains(bucket, "@") { // which may be a secret
		return "", "", fault.Field("--lake", "--lake names a bucket, and no credentials: those come from the environment")
	}
	if !bucketName.MatchString(bucket) {
		return "", "", fault.Field("--lake", "%s: write s3://BUCKET/PREFIX; the name of a bucket is 3 to 63 lower-case letters, digits, . and -, with a letter or digit at both ends", name)
	}
	err = nil
	for part := range strings.SplitSeq(prefix, "/") {
		if prefix != "" && !prefixName.MatchString(part) {
			err = errors.Join(err, fault.Field("--lake", "%s: a prefix is letters, digits, and . _ = - between slashes", name))
			break
		}
	}
	if len(prefix) > longestPrefix {
		err = fault.Field("--lake", "%s: the prefix is longer than %d bytes", name, longestPrefix)
	}
	return bucket, prefix, err
}
