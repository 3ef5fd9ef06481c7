// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"errors"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/edit"
	"scoutfs/progress"
	"scoutfs/walk/tree"
)

type rmCommand struct {
	fileChange
	recursive, force, dir bool
}

func newRm(env *cli.Env) *cobra.Command {
	r := &rmCommand{fileChange: fileChange{env: env}}
	cmd := &cobra.Command{
		Use:   "rm FILE...",
		Short: "Remove files, in a volume on its devices too",
		Long: `Removes names of files, and directories with all that is in them if -r is
given. Nothing is asked. With --meta-device paths are inside the volume;
otherwise they are paths on this machine. The root of a volume and "." are not
removed.

A run that was stopped has removed a part; run it again to go on.`,
		Example: `  scoutfs rm -r --meta-device /dev/meta --data-device /dev/data /old /older`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if len(operands) == 0 && !r.force {
				return cli.Usagef("missing operand")
			}
			return r.run(cmd.Context(), func() error {
				env.Progress().Phase("remove", progress.Items, progress.Unknown)
				return r.each(operands, "remove", r.remove)
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&r.recursive, "recursive", "r", false, "remove directories and all that is in them")
	flags.BoolVarP(&r.force, "force", "f", false, "let it pass if a file is not there")
	flags.BoolVarP(&r.dir, "dir", "d", false, "remove empty directories")
	flags.BoolVarP(&r.recursive, "recurse", "R", false, "as -r")
	r.define(cmd)
	cli.CommandLineOnly(cmd, "recursive", "recurse", "dir")
	return cmd
}

func (r *rmCommand) remove(path string) error {
	dir, name, err := edit.Parent(r.ctx, r.files, path, syscall.EBUSY)
	var n tree.Node
	if err == nil {
		n, err = r.files.Resolve(r.ctx, tree.Join(dir.Path, name), false)
	}
	if r.force && (errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR)) {
		return nil
	}
	switch {
	case err != nil:
		return err
	case !n.IsDir():
		return r.removed(path, r.files.Unlink(r.ctx, dir, name))
	case r.recursive:
		return r.removeTree(dir, n)
	case r.dir:
		return r.removed(path, r.files.Rmdir(r.ctx, dir, name))
	}
	return syscall.EISDIR
}

func (r *rmCommand) removed(path string, err error) error {
	if err != nil {
		return err
	}
	r.env.Progress().Add(1)
	return r.did(done{kind: "removed", path: path})
}

// removeTree removes a directory and all that is in it, from below. Each name
// is removed from the directory that it was found in.
func (r *rmCommand) removeTree(dir, root tree.Node) error {
	parents := []tree.Node{dir}
	for found, err := range tree.Walk(r.ctx, r.files, root, tree.WalkOptions[struct{}]{Leave: true}) {
		n := found.Node
		parents = parents[:min(len(parents), found.Depth+1)]
		if err == nil {
			parent := parents[found.Depth]
			switch {
			case n.IsDir() && !found.Left:
				parents = append(parents, n)
			case n.IsDir():
				err = r.removed(n.Path, r.files.Rmdir(r.ctx, parent, n.Name()))
			default:
				err = r.removed(n.Path, r.files.Unlink(r.ctx, parent, n.Name()))
			}
		}
		if err != nil && !(r.force && errors.Is(err, syscall.ENOENT)) {
			if err := r.problems.note(cannot("remove", n.Path, err)); err != nil {
				return err
			}
		}
	}
	return nil
}
