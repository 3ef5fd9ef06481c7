// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/ioctl"
)

func newMoveBlocks(env *cli.Env) *cobra.Command {
	where := location{}
	var (
		q     ioctl.MoveBlocks
		stage bool
	)
	cmd := &cobra.Command{
		Use:     "move-blocks FROM_FILE TO_FILE",
		GroupID: cli.GroupAgent,
		Short:   "Move fully mapped blocks from one file to another",
		Long: `Moves blocks of one file to another of the same volume without copying them.
Offsets and length are multiples of 4096, but the length may end at the end of
FROM_FILE. There must be nothing in their place in TO_FILE; with --stage that
is offline there, and its data version and times stay.

With --meta-device the files are paths inside the volume.`,
		Example: `  scoutfs move-blocks -f 0 -l 1G -t 0 /mnt/archive/part /mnt/archive/whole`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			changed := cmd.Flags().Changed
			switch {
			case len(operands) == 0:
				return cli.Usagef("must provide from file path")
			case len(operands) == 1:
				return cli.Usagef("must provide to file path")
			case len(operands) > 2:
				return cli.Usagef("unknown extra argument given")
			case !changed("from-offset"):
				return cli.Usagef("must provide from file offset --from-offset")
			case !changed("length"):
				return cli.Usagef("must provide region length --length")
			case !changed("to-offset"):
				return cli.Usagef("must provide to file offset --to-offset")
			case stage != changed("data-version"):
				return cli.Usagef("--stage and --data-version go together")
			}
			if stage {
				q.Flags = ioctl.MoveStage
			}
			return moveBlocks(cmd.Context(), &where, operands[0], operands[1], q)
		},
	}
	flags := cmd.Flags()
	flags.VarP(values.Size(&q.FromOffset), "from-offset", "f", "first `BYTE` in FROM_FILE; required")
	flags.VarP(values.Size(&q.Length), "length", "l", "move `BYTES`; required")
	flags.VarP(values.Size(&q.ToOffset), "to-offset", "t", "first `BYTE` in TO_FILE; required")
	flags.BoolVar(&stage, "stage", false, "move into an offline part of TO_FILE, as staging does")
	flags.VarP(values.Uint64(&q.DataVersion), "data-version", "V", "with --stage: TO_FILE must have this data `VERSION`")
	where.defineWriting(env, cmd)
	cli.Extension(cmd, "stage", "data-version")
	return cmd
}

func moveBlocks(ctx context.Context, where *location, from, to string, q ioctl.MoveBlocks) error {
	return where.askFiles(ctx, func(open opener) (err error) {
		source, err := open.OpenPath(ctx, from, os.O_RDWR)
		if err != nil {
			return pathFailure(err, from)
		}
		defer func() { err = errors.Join(err, source.Close()) }()
		target, err := open.OpenPath(ctx, to, os.O_RDWR)
		if err != nil {
			return pathFailure(err, to)
		}
		defer func() { err = errors.Join(err, target.Close()) }()
		return ioctlFailure(target.MoveBlocks(ctx, source, q), fmt.Sprintf("ioctl failed on '%s'", to))
	})
}
