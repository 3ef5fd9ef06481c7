// SPDX-License-Identifier: GPL-2.0-or-later

// Scoutfs makes, shows and maintains scoutfs volumes.
package main

import (
	"context"
	"os"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/command"
)

// version is set by the linker, see Makefile.
var version = "unknown"

func main() { os.Exit(run()) }

func run() int {
	ctx := cli.WithSignals(context.Background())
	return cli.Run(ctx, command.All(), cli.System(version))
}
