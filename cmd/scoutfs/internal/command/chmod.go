// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/edit"
	"scoutfs/walk/tree"
)

type chmodCommand struct {
	fileChange
	recursive bool
	change    values.ModeChange
}

func newChmod(env *cli.Env) *cobra.Command {
	c := &chmodCommand{fileChange: fileChange{env: env}}
	cmd := &cobra.Command{
		Use:   "chmod MODE FILE...",
		Short: "Change permissions of files, in a volume on its devices too",
		Long: `Changes permissions. MODE is octal, or [ugoa...][-+=][rwxXst...|u|g|o] and more
of that behind commas, as for chmod(1); one that begins with a dash stands
behind '--'. Symbolic links are followed, but not those found with -R. With
--meta-device paths are inside the volume; otherwise they are paths on this
machine.`,
		Example: `  scoutfs chmod -R u=rwX,go=rX --meta-device /dev/meta --data-device /dev/data /dir
  scoutfs chmod -- -w file`,
		RunE: func(cmd *cobra.Command, operands []string) (err error) {
			switch len(operands) {
			case 0:
				return cli.Usagef("missing operand")
			case 1:
				return cli.Usagef("missing operand after '%s'", operands[0])
			}
			if c.change, err = values.ParseMode(operands[0]); err != nil {
				return cli.Usagef("%s", err)
			}
			return c.run(cmd.Context(), func() error {
				return c.each(operands[1:], "access", func(path string) error { return c.operand(path, c.recursive, c.apply) })
			})
		},
	}
	cmd.Flags().BoolVarP(&c.recursive, "recursive", "R", false, "change directories and all that is in them")
	c.define(cmd)
	cli.CommandLineOnly(cmd, "recursive")
	return cmd
}

// operand does something to what a path leads to, and to all below it. A
// symbolic link below is passed as itself.
func (c *fileChange) operand(path string, recursive bool, do func(tree.Node) error) error {
	n, err := c.files.Resolve(c.ctx, path, true)
	if err != nil {
		return err
	}
	if !recursive {
		return do(n)
	}
	return c.below(n, "change", true, do)
}

func (c *chmodCommand) apply(n tree.Node) error {
	a, err := c.files.Stat(c.ctx, n, 0)
	if err != nil {
		return err
	}
	if a.IsSymlink() {
		return nil // it has no permissions of its own
	}
	mode := c.change.Apply(a.Mode, a.IsDir(), umaskOf(c.files))
	if err := c.files.SetAttr(c.ctx, n, edit.Attr{Mode: &mode}); err != nil {
		return cannot("change permissions of", n.Path, err)
	}
	return c.did(done{kind: "mode-changed", text: fmt.Sprintf("mode changed to %04o of", mode), path: n.Path, detail: fmt.Sprintf("%04o", mode)})
}

// umaskOf is the umask that holds for what is made in files.
func umaskOf(files edit.Files) uint32 {
	if devices, ok := files.(*edit.Devices); ok {
		return devices.Caller().Umask
	}
	return caller().Umask
}
