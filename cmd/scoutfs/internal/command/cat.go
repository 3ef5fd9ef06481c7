// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/engine/fs"
	"scoutfs/walk/tree"
)

func newCat(env *cli.Env) *cobra.Command {
	var (
		where location
		wait  bool
	)
	cmd := &cobra.Command{
		Use:     "cat FILE...",
		GroupID: cli.GroupFiles,
		Short:   "Write the contents of files, holes as zeros",
		Long: `Writes the contents of files to the standard output, one after the other. With
--meta-device and --data-device, FILE is a path inside the volume.

A file is written up to its first byte that cannot be read. If that byte is
offline, its data is in the archive only: the message names the range, and the
command goes on with the next file and fails in the end. On a mount the file
can be staged first, or waited for with --wait.`,
		Example: `  scoutfs cat --meta-device /dev/meta --data-device /dev/data /dir/file > file
  scoutfs cat --wait /mnt/archive/file`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case len(operands) == 0:
				return cli.Usagef("missing operand")
			case where.offline() && where.dataDevice == "":
				return cli.Usagef("file data needs --data-device")
			case where.offline() && wait:
				return cli.Usagef("--wait needs a mount: nothing stages files on devices")
			}
			ctx := cmd.Context()
			return where.browse(ctx, func(t tree.Tree) error {
				p := newProblems(ctx, env)
				for _, path := range operands {
					err := catFile(ctx, env, t, path, wait)
					if lost := env.Output().Err(); lost != nil {
						return lost
					}
					if err != nil {
						if err := p.note(err); err != nil {
							return err
						}
					}
				}
				return p.failure()
			})
		},
	}
	cmd.Flags().BoolVarP(&wait, "wait", "w", false, "on a mount: wait until offline parts are staged")
	where.defineDevices(cmd)
	return cmd
}

// catFile writes a file's content.
func catFile(ctx context.Context, env *cli.Env, t tree.Tree, path string, wait bool) (err error) {
	n, err := t.Resolve(ctx, path, true)
	if err != nil {
		return atPath(path, err)
	}
	f, err := t.Open(ctx, n)
	if err != nil {
		return atPath(path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = tree.Stream(ctx, f, env.Output(), tree.StreamOptions{Wait: wait})
	if offline, ok := errors.AsType[*fs.OfflineError](err); ok {
		return cli.Failf(err, "%s: bytes %d to %d are offline: stage the file, or take it from the archive",
			shownName(path), offline.Offset, offline.Offset+offline.Length-1)
	}
	if err != nil {
		return atPath(path, err)
	}
	return nil
}
