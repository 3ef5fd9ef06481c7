// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"errors"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/edit"
)

type mvCommand struct {
	fileChange
	noClobber, force, noTarget bool
}

func newMv(env *cli.Env) *cobra.Command {
	m := &mvCommand{fileChange: fileChange{env: env}}
	cmd := &cobra.Command{
		Use:   "mv SOURCE... DESTINATION",
		Short: "Move and rename files, in a volume on its devices too",
		Long: `Gives files another name or directory. If DESTINATION is a directory, files
keep their names inside of it. What has the name already is replaced, without
being asked for, unless -n is given. With --meta-device paths are inside the
volume; otherwise they are paths on this machine. Nothing is moved to another
file system.`,
		Example: `  scoutfs mv --meta-device /dev/meta --data-device /dev/data /incoming/a /done`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case len(operands) == 0:
				return cli.Usagef("missing file operand")
			case len(operands) == 1:
				return cli.Usagef("missing destination file operand after '%s'", operands[0])
			case m.noTarget && len(operands) > 2:
				return cli.Usagef("extra operand '%s'", operands[2])
			}
			last := len(operands) - 1
			return m.run(cmd.Context(), func() error { return m.moveAll(operands[:last], operands[last]) })
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&m.noClobber, "no-clobber", "n", false, "replace nothing")
	flags.BoolVarP(&m.force, "force", "f", false, "replace what is there, as is done anyway")
	flags.BoolVarP(&m.noTarget, "no-target-directory", "T", false, "DESTINATION is the new name even if it is a directory")
	m.define(cmd)
	return cmd
}

func (m *mvCommand) moveAll(sources []string, destination string) error {
	toDir := !m.noTarget && m.isDirectory(destination)
	if len(sources) > 1 && !toDir {
		return cannot("move to", destination, syscall.ENOTDIR)
	}
	return m.each(sources, "move", func(source string) error {
		target := destination
		if toDir {
			target = into(destination, source)
		}
		return m.move(source, target)
	})
}

func (m *mvCommand) move(source, target string) error {
	fromDir, from, err := edit.Parent(m.ctx, m.files, source, syscall.EBUSY)
	if err != nil {
		return err
	}
	toDir, to, err := edit.Parent(m.ctx, m.files, target, syscall.EBUSY)
	if err != nil {
		return cannot("move '"+shownName(source)+"' to", target, err)
	}
	err = m.files.Rename(m.ctx, fromDir, from, toDir, to, m.noClobber && !m.force)
	switch {
	case m.noClobber && errors.Is(err, syscall.EEXIST):
		return nil
	case errors.Is(err, syscall.ENOENT):
		return err
	case err != nil:
		return cannot("move '"+shownName(source)+"' to", target, err)
	}
	return m.did(done{kind: "renamed", path: target, from: source})
}
