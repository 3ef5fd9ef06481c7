// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/edit"
	"scoutfs/walk/tree"
)

type fallocateCommand struct {
	fileChange
	offset, length uint64
	keepSize       bool
}

func newFallocate(env *cli.Env) *cobra.Command {
	f := &fallocateCommand{fileChange: fileChange{env: env}}
	cmd := &cobra.Command{
		Use:   "fallocate -l LENGTH FILE",
		Short: "Allocate blocks of a file ahead, in a volume on its devices too",
		Long: `Allocates the blocks of a range of a file that has none there; they read as
zeros. A file that is shorter becomes longer unless -n is given, and one that
is not there is made. scoutfs neither punches holes nor collapses or inserts
ranges; for holes in offline data there is punch-offline.

With --meta-device FILE is a path inside the volume; otherwise it is a path on
this machine.`,
		Example: `  scoutfs fallocate -l 1G --meta-device /dev/meta --data-device /dev/data /file`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case !cmd.Flags().Changed("length"):
				return cli.Usagef("no length argument specified")
			case f.length == 0:
				return cli.Usagef("invalid length value specified")
			case len(operands) == 0:
				return cli.Usagef("no filename specified")
			}
			return f.run(cmd.Context(), func() error { return f.each(operands, "allocate blocks of", f.allocate) })
		},
	}
	flags := cmd.Flags()
	flags.VarP(values.Size(&f.length), "length", "l", "allocate `BYTES`; required")
	flags.VarP(values.Size(&f.offset), "offset", "o", "from this `BYTE` on")
	flags.BoolVarP(&f.keepSize, "keep-size", "n", false, "leave the size of the file as it is")
	f.define(cmd)
	return cmd
}

func (f *fallocateCommand) allocate(path string) error {
	n, err := f.files.Resolve(f.ctx, path, true)
	if errors.Is(err, syscall.ENOENT) {
		var dir tree.Node
		var name string
		if dir, name, err = edit.Parent(f.ctx, f.files, path, syscall.EISDIR); err == nil {
			n, err = f.files.Create(f.ctx, dir, name, 0o666)
		}
	}
	if err == nil {
		err = f.files.Fallocate(f.ctx, n, f.offset, f.length, f.keepSize)
	}
	if err != nil {
		return err
	}
	return f.did(done{kind: "allocated", text: fmt.Sprintf("allocated %d bytes of", f.length), path: path})
}
