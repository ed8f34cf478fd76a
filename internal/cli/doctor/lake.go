package doctor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/source"
)

// Room on a disk. A day of a million conversations takes some 3 GiB while it is staged and committed.
const (
	little  = 10 << 30
	tooFull = 1 << 30
)

// disk looks at the disk that the lake is on, or will be; of a lake in a bucket, that of the copies of its files.
func (o *Options) disk(ctx context.Context, found *findings) {
	dir := o.Lake
	if at.InBucket(dir) {
		dir = at.Copies(ctx)
	}
	for {
		_, err := os.Stat(dir)
		if !errors.Is(err, os.ErrNotExist) || filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		found.problem("disk", fault.AtPath(err, "look at the disk of %s", dir), "see whether the folder is there and may be read")
		return
	}
	free := int64(fs.Bavail) * int64(fs.Bsize) //nolint:unconvert // its type differs between systems
	room(found, free, fs.Files > 0 && fs.Ffree == 0)
}

func room(found *findings, free int64, noFiles bool) {
	says := ui.Bytes(free) + " are free"
	switch {
	case noFiles:
		found.problem("disk", fault.New(fault.Full, "no more files can be made on the disk, although %s", says), "remove small files, or make a file system with more inodes")
	case free < tooFull:
		found.problem("disk", fault.New(fault.Full, "%s", says), "free some: parley lake maintain removes what commits have replaced")
	case free < little:
		found.warn("disk", says, "a large day may need more: parley lake maintain removes what commits have replaced")
	default:
		found.ok("disk", "%s", says)
	}
}

// another is what to do where no lake can be made. What keeps us from looking says so itself.
func another(err error) string {
	if errors.Is(err, fault.Invalid) {
		return "give another place by --lake"
	}
	return "make the place reachable, then ask again"
}

// unopened is what to do about a lake that is there and cannot be opened.
func unopened(err error) string {
	switch {
	case errors.Is(err, fault.Corrupt):
		return "parley lake check says more of a lake that is damaged"
	case errors.Is(err, fault.Unauthorized):
		return "give credentials that are taken: of a Postgres PGPASSWORD or ~/.pgpass, of a bucket AWS_ACCESS_KEY_ID and its like"
	case errors.Is(err, fault.NotFound):
		return "give the --state, or PARLEY_STATE, that the lake was made with"
	case errors.Is(err, fault.Unavailable):
		return "make the place reachable, then ask again"
	}
	return "parley lake check says more"
}

// lake looks at the lake. Of a platform that was not reached nothing is compared.
func (o *Options) lake(ctx context.Context, found *findings, client *platform.Client) {
	if !at.Exists(ctx, o.Lake) {
		if err := at.Vacant(ctx, o.Lake); err != nil {
			found.problem("lake", err, another(err))
			return
		}
		found.ok("lake", "there is none in %s yet; the first extraction makes it", o.Lake)
		return
	}
	l, err := at.Open(ctx, o.Lake)
	if err != nil {
		found.problem("lake", err, unopened(err))
		return
	}
	defer l.Close()
	days, err := l.WholeDays(ctx)
	if err != nil {
		found.problem("lake", err, "run parley lake check")
		return
	}
	found.ok("lake", "it opens, in format %d, and has %s", lake.Format, ui.Counted(int64(days), "whole day", "whole days"))
	switch err := l.Free(ctx); {
	case err == nil:
		found.ok("writer", "this user may write, and nobody else is writing")
	case errors.Is(err, fault.Conflict):
		found.warn("writer", err.Error(), "an extraction now would end with exit code 7; that is right while another one runs")
	default:
		found.problem("writer", err, "run parley as the owner of the lake, or have its folders shared: docs/lake.md")
	}
	if client != nil {
		sameSource(ctx, found, l, client)
	}
}

// sameSource compares where the lake comes from with the platform, as an extraction would.
func sameSource(ctx context.Context, found *findings, l *lake.Lake, asked *platform.Client) {
	today := conversation.DayOf(time.Now().UTC())
	known, err := extract.Known(ctx, l.Control())
	if err != nil {
		found.problem("source", err, "run parley doctor again later")
		return
	}
	plan, err := extract.New(extract.Config{
		Filter: known.Filter, RowReport: known.Report, // whichever they are, the source is the same
		Lake: l, Control: l.Control(), Platform: source.Details{Client: client.Over(asked, platform.DefaultPoll())}, Name: asked.API(), First: today - 1, End: today, Size: extract.DefaultSize(), Poll: platform.DefaultPoll(),
		Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }, Log: slog.New(slog.DiscardHandler), Rand: rand.New(rand.NewPCG(1, 2)),
	}).Plan(ctx)
	switch {
	case errors.Is(err, fault.Invalid):
		found.problem("source", err, "extract into another lake, or see whose credentials these are")
	case err != nil:
		found.problem("source", err, "run parley doctor again later")
	default:
		found.ok("source", "%s", fmt.Sprint(plan.Source))
	}
}
