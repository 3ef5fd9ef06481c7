// SPDX-License-Identifier: GPL-2.0-or-later

// Scoutfs makes, shows and maintains scoutfs volumes.
package main

import (
	"context"
	"os"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/command"
)

func main() {
	os.Exit(cli.Run(context.Background(), command.All(), cli.System()))
}
