// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
)

func newResizeDevices(env *cli.Env) *cobra.Command {
	where := location{}
	var meta, data uint64
	cmd := &cobra.Command{
		Use:     "resize-devices",
		GroupID: cli.GroupCore,
		Short:   "Grow the metadata and data devices of a volume",
		Long: `Makes a volume use more of its devices, which must have been enlarged before.
Sizes are of whole devices, and those that are not given stay. A volume cannot
shrink.`,
		Example: `  scoutfs resize-devices -p /mnt/archive -d 20T
  scoutfs resize-devices --meta-device /dev/meta --data-device /dev/data -m 2T`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			env.IgnoreOperands(operands)
			ctx := cmd.Context()
			q := ioctl.ResizeDevices{
				TotalMetaBlocks: wholeBlocks(env, "metadata", meta, format.LargeBlockSize),
				TotalDataBlocks: wholeBlocks(env, "data", data, format.SmallBlockSize),
			}
			return where.ask(ctx, func(t ioctl.Target) error {
				return ioctlFailure(t.ResizeDevices(ctx, q), "resize_devices ioctl failed")
			})
		},
	}
	flags := cmd.Flags()
	flags.VarP(values.Size(&data), "data-size", "d", "use `SIZE` bytes of the data device")
	flags.VarP(values.Size(&meta), "meta-size", "m", "use `SIZE` bytes of the metadata device")
	where.definePath(cmd)
	where.defineWriting(env, cmd)
	return cmd
}

// wholeBlocks returns how many blocks a device of so many bytes has, and says
// if that is not all of it.
func wholeBlocks(env *cli.Env, device string, bytes, blockSize uint64) uint64 {
	blocks := bytes / blockSize
	if bytes%blockSize != 0 && env.Output().Form() == output.Text {
		env.Output().Printf("%s device size %d is not a multiple of %d %s block size, truncating down to %d byte size\n",
			device, bytes, blockSize, device, blocks*blockSize)
	}
	return blocks
}
