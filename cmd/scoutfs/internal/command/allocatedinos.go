// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

func newGetAllocatedInos(env *cli.Env) *cobra.Command {
	var (
		where  location
		start  uint64
		single bool
	)
	cmd := &cobra.Command{
		Use:     "get-allocated-inos",
		GroupID: cli.GroupDebug,
		Short:   "Print allocated inode numbers",
		Long: `Prints the numbers of the inodes that have items, from a number to the end of
its group of 1024. Inodes that are being deleted are among them.`,
		Example: `  scoutfs get-allocated-inos -i 1024 -p /mnt/archive
  scoutfs get-allocated-inos -i 1024 --single --meta-device /dev/meta`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			env.IgnoreOperands(operands)
			if !cmd.Flags().Changed("ino") {
				return cli.Usagef("must provide --ino starting inode number option")
			}
			return where.ask(cmd.Context(), func(t ioctl.Target) error {
				return listAllocatedInos(cmd.Context(), env, t, start, single)
			})
		},
	}
	cmd.Flags().VarP(values.Uint64(&start), "ino", "i", "start at inode `NUMBER`; required")
	where.definePath(cmd)
	cmd.Flags().BoolVarP(&single, "single", "s", false, "print the starting number only, if it is allocated")
	where.defineDevices(cmd)
	reportsList(cmd)
	return cmd
}

func listAllocatedInos(ctx context.Context, env *cli.Env, t ioctl.Target, start uint64, single bool) error {
	inos := walk.AllocatedInos(ctx, t, start)
	if single {
		inos = only(inos, start)
	}
	return ioctlFailure(inoListing().write(env, inos), "get_allocated_inos ioctl failed")
}

// only yields the first inode number if it is the wanted one.
func only(inos iter.Seq2[uint64, error], want uint64) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		for ino, err := range inos {
			if err != nil || ino == want {
				yield(ino, err)
			}
			return
		}
	}
}
