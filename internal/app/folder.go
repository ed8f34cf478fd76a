package app

import (
	"context"
	"path/filepath"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
)

// inLake is the name of the server's folder within that of its lake, unless another one is given.
const inLake = "server"

// ServerDir is the folder that is meant by the flags --state and --lake: the one given, else a folder within the
// lake's. It fails with fault.Invalid when neither says anything, and with fault.NotFound when there is no lake.
func ServerDir(ctx context.Context, given, lakeDir string) (string, error) {
	switch {
	case given != "":
		return given, nil
	case lakeDir == "":
		return "", fault.New(fault.Invalid, "give the lake by --lake, or the server's folder by --state")
	}
	return filepath.Join(lakeDir, inLake), lake.Found(ctx, lakeDir)
}
