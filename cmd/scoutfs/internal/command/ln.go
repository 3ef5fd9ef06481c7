// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"errors"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/edit"
	"scoutfs/walk/tree"
)

type lnCommand struct {
	fileChange
	symbolic, force, noTarget, noDereference bool
}

func newLn(env *cli.Env) *cobra.Command {
	l := &lnCommand{fileChange: fileChange{env: env}}
	cmd := &cobra.Command{
		Use:   "ln TARGET... LINK",
		Short: "Make links between files, in a volume on its devices too",
		Long: `Gives a file a further name, or with -s makes a symbolic link. If LINK is a
directory, links have the names of their targets inside of it; with one
operand, in the working directory or the root of the volume. With --meta-device
paths are inside the volume; otherwise they are paths on this machine.`,
		Example: `  scoutfs ln -s --meta-device /dev/meta --data-device /dev/data data/2026 /latest`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case len(operands) == 0:
				return cli.Usagef("missing file operand")
			case l.noTarget && len(operands) != 2:
				return cli.Usagef("-T needs two operands")
			case len(operands) == 1:
				operands = append(operands, l.where.start())
			}
			last := len(operands) - 1
			return l.run(cmd.Context(), func() error { return l.linkAll(operands[:last], operands[last]) })
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&l.symbolic, "symbolic", "s", false, "make symbolic links")
	flags.BoolVarP(&l.force, "force", "f", false, "replace what has the name, unless it is a directory")
	flags.BoolVarP(&l.noTarget, "no-target-directory", "T", false, "LINK is the name even if it is a directory")
	flags.BoolVarP(&l.noDereference, "no-dereference", "n", false, "LINK is the name even if it is a symbolic link to a directory")
	l.define(cmd)
	return cmd
}

func (l *lnCommand) linkAll(targets []string, link string) error {
	toDir := !l.noTarget && l.isDirectory(link)
	if toDir && l.noDereference {
		n, err := l.files.Resolve(l.ctx, link, false)
		toDir = err == nil && n.IsDir()
	}
	if len(targets) > 1 && !toDir {
		return cannot("make links in", link, syscall.ENOTDIR)
	}
	return l.each(targets, "link", func(target string) error {
		path := link
		if toDir {
			path = into(link, target)
		}
		return l.link(target, path)
	})
}

func (l *lnCommand) link(target, path string) error {
	dir, name, err := edit.Parent(l.ctx, l.files, path, syscall.EEXIST)
	if err == nil {
		err = l.make(target, dir, name)
	}
	if l.force && errors.Is(err, syscall.EEXIST) {
		if err = l.clear(target, dir, name); err == nil {
			err = l.make(target, dir, name)
		}
	}
	if err != nil {
		return cannot("make the link", path, err)
	}
	return l.did(done{kind: "linked", path: path, from: target})
}

func (l *lnCommand) make(target string, dir tree.Node, name string) error {
	if l.symbolic {
		_, err := l.files.Symlink(l.ctx, dir, name, target)
		return err
	}
	n, err := l.files.Resolve(l.ctx, target, false)
	switch {
	case err != nil:
		return cannot("link to", target, err)
	case n.IsDir():
		return cannot("link to directory", target, syscall.EPERM)
	}
	return l.files.Link(l.ctx, n, dir, name)
}

// clear removes what has the name of a link, but not the target itself.
func (l *lnCommand) clear(target string, dir tree.Node, name string) error {
	if there, err := l.files.Resolve(l.ctx, tree.Join(dir.Path, name), false); err == nil && !l.symbolic {
		n, err := l.files.Resolve(l.ctx, target, false)
		if err == nil && n.Ino == there.Ino {
			return syscall.EEXIST
		}
	}
	return l.files.Unlink(l.ctx, dir, name)
}
