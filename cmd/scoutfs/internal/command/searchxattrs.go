// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

func newSearchXattrs(env *cli.Env) *cobra.Command {
	var where location
	cmd := &cobra.Command{
		Use:     "search-xattrs XATTR-NAME",
		GroupID: cli.GroupInfo,
		Short:   "Print inode numbers of inodes which may have given xattr",
		Long: `Prints the numbers of the inodes that may have an extended attribute with the
srch tag, in ascending order. Each has to be checked: an attribute may have
been removed since, or another name may have the same hash.`,
		Example: `  scoutfs search-xattrs -p /mnt/archive scoutfs.hide.srch.volume7
  scoutfs search-xattrs --meta-device /dev/meta scoutfs.hide.srch.volume7`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case len(operands) == 0:
				return cli.Usagef("must provide xattr containing .srch. scoutfs tag")
			case len(operands) > 1:
				return cli.Usagef("more than one name argument given")
			}
			ctx := cmd.Context()
			return where.ask(ctx, func(t ioctl.Target) error {
				inos := walk.SearchXattrs(ctx, t, operands[0], 0, math.MaxUint64)
				return ioctlFailure(inoListing().write(env, inos), "search_xattrs ioctl failed")
			})
		},
	}
	where.define(cmd)
	reportsList(cmd)
	return cmd
}

// inoListing lists inode numbers.
func inoListing() listing[uint64] {
	return listing[uint64]{
		columns: []output.Column{{Name: "INO", Right: true}},
		text:    func(out *output.Writer, _ int, ino uint64) { out.Printf("%d\n", ino) },
		row:     func(ino uint64) []string { return []string{strconv.FormatUint(ino, 10)} },
		json: func(ino uint64) any {
			return struct {
				Ino uint64 `json:"ino"`
			}{ino}
		},
	}
}
