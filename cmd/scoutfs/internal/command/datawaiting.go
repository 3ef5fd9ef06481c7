// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

func newDataWaiting(env *cli.Env) *cobra.Command {
	var (
		where      location
		ino, block uint64
	)
	cmd := &cobra.Command{
		Use:     "data-waiting",
		GroupID: cli.GroupAgent,
		Short:   "Print operations waiting for data blocks",
		Long: `Prints the file blocks that tasks of this mount wait for because they are
offline, those after a block of an inode. Only a mount has waiting tasks.`,
		Example: `  scoutfs data-waiting -I 0 -B 0 -p /mnt/archive`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			env.IgnoreOperands(operands)
			switch {
			case !cmd.Flags().Changed("inode"):
				return cli.Usagef("no inode given")
			case !cmd.Flags().Changed("block"):
				return cli.Usagef("no blkno given")
			}
			ctx := cmd.Context()
			return where.ask(ctx, func(t ioctl.Target) error {
				return ioctlFailure(waiterListing().write(env, walk.DataWaiters(ctx, t, ino, block)), "waiting ioctl failed")
			})
		},
	}
	flags := cmd.Flags()
	flags.VarP(values.Uint64(&block), "block", "B", "list waiters after this `BLOCK` of 4 KiB; required")
	flags.VarP(values.Uint64(&ino), "inode", "I", "list waiters after the block of this `INODE`; required")
	where.define(cmd)
	reportsList(cmd)
	return cmd
}

func waiterListing() listing[ioctl.DataWaiter] {
	return listing[ioctl.DataWaiter]{
		columns: []output.Column{{Name: "INO", Right: true}, {Name: "BLOCK", Right: true}, {Name: "OPS"}},
		text: func(out *output.Writer, _ int, w ioctl.DataWaiter) {
			out.Printf("ino %d iblock %d ops %s\n", w.Ino, w.Block, w.Ops)
		},
		row: func(w ioctl.DataWaiter) []string {
			return []string{strconv.FormatUint(w.Ino, 10), strconv.FormatUint(w.Block, 10), w.Ops.String()}
		},
		json: func(w ioctl.DataWaiter) any {
			return struct {
				Ino   uint64   `json:"ino"`
				Block uint64   `json:"block"`
				Ops   []string `json:"ops"`
			}{w.Ino, w.Block, strings.FieldsFunc(w.Ops.String(), func(r rune) bool { return r == ',' })}
		},
	}
}
