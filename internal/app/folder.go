package app

import (
	"context"
	"path/filepath"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/at"
)

// inLake is the name of the server's folder within that of its lake, unless another one is given.
const inLake = "server"

// ServerDir is the folder that is meant by the flags --state and --lake: the one given, else a folder within the
// lake's, or the state folder if the lake is in a bucket. It fails with fault.Invalid when neither says anything, and with fault.NotFound when there is no lake.
func ServerDir(ctx context.Context, given, lakeDir string) (string, error) {
	switch {
	case given != "":
		return given, nil
	case lakeDir == "":
		return "", fault.New(fault.Invalid, "give the lake by --lake, or the server's folder by --state")
	}
	dir := serverOf(ctx, lakeDir)
	if dir == "" {
		return "", fault.Field("--state", "the server keeps its clients and jobs in a folder; give one by --state")
	}
	return dir, at.Found(ctx, lakeDir)
}

// serverOf is the folder of a server that has only this lake, if none was given.
func serverOf(ctx context.Context, lakeDir string) string {
	if at.InBucket(lakeDir) {
		return at.State(ctx)
	}
	return filepath.Join(lakeDir, inLake)
}
