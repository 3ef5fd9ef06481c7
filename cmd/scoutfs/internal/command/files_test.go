// SPDX-License-Identifier: GPL-2.0-or-later

package command_test

import (
	"context"
	"slices"
	"testing"

	"scoutfs/cmd/scoutfs/internal/clitest"
	"scoutfs/cmd/scoutfs/internal/command"
	"scoutfs/internal/testtree"
)

// fileVolume is a volume on devices whose files commands are asked about.
type fileVolume struct{ meta, data string }

func writeVolume(t *testing.T, v *testtree.Volume) fileVolume {
	t.Helper()
	meta, data := v.Write(t.TempDir())
	return fileVolume{meta, data}
}

// ask runs a command on the volume.
func (v fileVolume) ask(ctx context.Context, command string, words ...string) clitest.Result {
	return runCommand(ctx, slices.Concat([]string{command, "--meta-device", v.meta, "--data-device", v.data}, words)...)
}

func runCommand(ctx context.Context, words ...string) clitest.Result {
	return clitest.Run(ctx, command.All(), words...)
}
