// Parley keeps every conversation of a Genesys Cloud contact centre. See the README.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/parley-hq/parley/internal/cli"
	"github.com/parley-hq/parley/internal/cli/ui"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends a process that cannot end: one whose output nobody reads
	code := cli.Run(ctx, os.Args[1:], ui.System())
	stop()
	os.Exit(code)
}
