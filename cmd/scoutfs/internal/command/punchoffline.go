// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"os"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/ioctl"
)

func newPunchOffline(env *cli.Env) *cobra.Command {
	where := location{}
	var q ioctl.PunchOffline
	cmd := &cobra.Command{
		Use:     "punch-offline PATH",
		GroupID: cli.GroupAgent,
		Short:   "Make a (sparse) hole in the file, offline extents only",
		Long: `Turns the offline parts of a range of a file into holes. The range is in
multiples of 4096 bytes and must not have data that is online.

With --meta-device PATH is inside the volume.`,
		Example: `  scoutfs punch-offline -o 1M -l 64K -V 3 /mnt/archive/file`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			changed := cmd.Flags().Changed
			switch {
			case len(operands) == 0:
				return cli.Usagef("must provide path to file")
			case len(operands) > 1:
				return cli.Usagef("unknown extra argument given")
			case !changed("offset"):
				return cli.Usagef("must provide offset")
			case !changed("length"):
				return cli.Usagef("must provide length")
			case !changed("data-version"):
				return cli.Usagef("must provide data_version")
			}
			ctx := cmd.Context()
			return where.askFile(ctx, operands[0], os.O_RDWR, func(f ioctl.File) error {
				return ioctlFailure(f.PunchOffline(ctx, q), "punch_offline ioctl failed")
			})
		},
	}
	flags := cmd.Flags()
	flags.VarP(values.Uint64(&q.DataVersion), "data-version", "V", "the file must have this data `VERSION`; required")
	flags.VarP(values.Size(&q.Length), "length", "l", "`BYTES` of the range; required")
	flags.VarP(values.Size(&q.Offset), "offset", "o", "first `BYTE` of the range; required")
	where.defineWriting(env, cmd)
	return cmd
}
