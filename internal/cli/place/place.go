// Package place gives every command that takes a lake the flags that say where what belongs to a lake in a bucket is kept.
package place

import (
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/store/s3"
)

// Names of the flags. Some commands have a flag --state of their own, the folder of a server, which is the same one.
const (
	state      = "state"
	cacheDir   = "cache-dir"
	cacheBytes = "cache-bytes"
)

// variables are what the environment says in place of the flags.
var variables = map[string]string{state: "PARLEY_STATE", cacheDir: "PARLEY_CACHE_DIR", cacheBytes: "PARLEY_CACHE_BYTES"}

// Variable is the name of the variable that stands for a flag; empty if the flag is none of these.
func Variable(flag string) string { return variables[flag] }

// Flags are those of all commands, of which one is run.
type Flags struct {
	getenv func(string) string
	all    []*pflag.Flag
	own    []*pflag.Flag // those among them that are the folder of a server in the first place
}

// Add adds the flags to a command and those below it, where they take a lake.
func Add(cmd *cobra.Command, getenv func(string) string) *Flags {
	f := &Flags{getenv: getenv}
	f.add(cmd)
	return f
}

func (f *Flags) add(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		f.add(c)
	}
	for _, flags := range []*pflag.FlagSet{cmd.PersistentFlags(), cmd.Flags()} {
		named := flags.Lookup("lake")
		if named == nil {
			continue
		}
		named.Usage = strings.Replace(named.Usage, "lake", "lake, or s3://BUCKET/PREFIX", 1)
		if theirs := flags.Lookup(state); theirs != nil {
			f.own = append(f.own, theirs)
		} else {
			flags.String(state, "", "folder of the control database of a lake in a bucket, or postgres://user@host/database (default $PARLEY_STATE)")
		}
		flags.String(cacheDir, "", `folder of copies of data files of a lake in a bucket (default $PARLEY_CACHE_DIR, or "cache" in that of --state)`)
		flags.Int64(cacheBytes, 0, "bytes that these copies take at most (default $PARLEY_CACHE_BYTES, or 20 GiB)")
		for _, name := range []string{state, cacheDir, cacheBytes} {
			f.all = append(f.all, flags.Lookup(name))
		}
		return
	}
}

// Settings are those of the command that is run: its flags, and the environment where they were not given. A number that cannot be
// read is less than 0, which is refused.
func (f *Flags) Settings() at.Settings {
	s := at.Settings{State: f.value(state), CacheDir: f.value(cacheDir)}
	if given := f.getenv(variables[state]); at.InPostgres(given) && slices.ContainsFunc(f.own, func(f *pflag.Flag) bool { return f.Changed }) {
		s.State = given // the flag is about the server alone
	}
	if text := f.value(cacheBytes); text != "" {
		s.CacheBytes = Bytes(text)
	}
	s.S3 = s3.Config{PathStyle: f.getenv(style) == "path", HostStyle: f.getenv(style) == "host"}
	return s
}

// Bytes reads what copies may take. What is no such number is less than 0, which whoever opens a lake refuses.
func Bytes(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return -1
	}
	return n
}

// style is the variable that says how a bucket is named to the server, where that is to be otherwise than by default.
const style = "PARLEY_S3_STYLE"

// value is what was given by a flag or by a variable.
func (f *Flags) value(name string) string {
	for _, flag := range f.all {
		if flag.Name == name && flag.Changed {
			return flag.Value.String()
		}
	}
	return f.getenv(variables[name])
}
