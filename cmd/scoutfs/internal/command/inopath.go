// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"strconv"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

// inoPathFailed is upstream's message, which has an older request's name.
const inoPathFailed = "inodes_since ioctl failed"

func newInoPath(env *cli.Env) *cobra.Command {
	var where location
	cmd := &cobra.Command{
		Use:     "ino-path INODE-NUM",
		GroupID: cli.GroupSearch,
		Short:   "Print paths that refer to inode",
		Long: `Prints every path of an inode, relative to the root of the volume, one for
each of its links. The root and inodes that do not exist have none.`,
		Example: `  scoutfs ino-path -p /mnt/archive 1024
  scoutfs ino-path --meta-device /dev/meta 1024`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			ino, err := inodeOperand(env, operands)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return where.ask(ctx, func(t ioctl.Target) error {
				return ioctlFailure(pathListing().write(env, walk.Paths(ctx, t, ino, ioctl.DirPosition{})), inoPathFailed)
			})
		},
	}
	where.define(cmd)
	reportsList(cmd)
	return cmd
}

// inodeOperand reads the one operand of commands about an inode.
func inodeOperand(env *cli.Env, operands []string) (uint64, error) {
	var ino uint64
	for _, operand := range operands {
		if ino != 0 {
			return 0, cli.Usagef("more than one argument given")
		}
		var err error
		if ino, err = values.ParseUint64(operand); err != nil {
			env.Warnf("%s", err)
			return 0, cli.Usagef("inode parse error")
		}
	}
	if ino == 0 {
		return 0, cli.Usagef("must provide inode number")
	}
	return ino, nil
}

func pathListing() listing[ioctl.InoPathResult] {
	return listing[ioctl.InoPathResult]{
		columns: []output.Column{{Name: "DIR", Right: true}, {Name: "POS", Right: true}, {Name: "PATH"}},
		text:    func(out *output.Writer, _ int, p ioctl.InoPathResult) { out.Printf("%s\n", p.Path) },
		row: func(p ioctl.InoPathResult) []string {
			return []string{strconv.FormatUint(p.At.Dir, 10), strconv.FormatUint(p.At.Pos, 10), p.Path}
		},
		json: func(p ioctl.InoPathResult) any {
			return struct {
				Dir  uint64      `json:"dir_ino"`
				Pos  uint64      `json:"dir_pos"`
				Path output.Name `json:"path"`
			}{p.At.Dir, p.At.Pos, output.Name(p.Path)}
		},
	}
}

func newGetReferringEntries(env *cli.Env) *cobra.Command {
	var where location
	cmd := &cobra.Command{
		Use:     "get-referring-entries INODE-NUM",
		GroupID: cli.GroupSearch,
		Short:   "Print directory entries that refer to inode",
		Long: `Prints every directory entry of an inode: the directory's inode number, the
entry's position in it, its type as readdir(3) has it, and its name.`,
		Example: `  scoutfs get-referring-entries -p /mnt/archive 1024`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			ino, err := inodeOperand(env, operands)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return where.ask(ctx, func(t ioctl.Target) error {
				return ioctlFailure(referringListing().write(env, walk.ReferringEntries(ctx, t, ino, ioctl.DirPosition{})), "ioctl failed")
			})
		},
	}
	where.define(cmd)
	reportsList(cmd)
	return cmd
}

func referringListing() listing[ioctl.ReferringEntry] {
	return listing[ioctl.ReferringEntry]{
		columns: []output.Column{
			{Name: "DIR", Right: true}, {Name: "POS", Right: true}, {Name: "TYPE", Right: true}, {Name: "NAME"},
		},
		text: func(out *output.Writer, _ int, e ioctl.ReferringEntry) {
			out.Printf("dir %d pos %d type %d name %s\n", e.At.Dir, e.At.Pos, e.Type, e.Name)
		},
		row: func(e ioctl.ReferringEntry) []string {
			return []string{
				strconv.FormatUint(e.At.Dir, 10), strconv.FormatUint(e.At.Pos, 10),
				strconv.Itoa(int(e.Type)), e.Name,
			}
		},
		json: func(e ioctl.ReferringEntry) any {
			return struct {
				Dir  uint64      `json:"dir_ino"`
				Pos  uint64      `json:"dir_pos"`
				Type uint8       `json:"type"`
				Name output.Name `json:"name"`
			}{e.At.Dir, e.At.Pos, e.Type, output.Name(e.Name)}
		},
	}
}
