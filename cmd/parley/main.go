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
	code := cli.Run(ctx, os.Args[1:], ui.System())
	stop()
	os.Exit(code)
}
