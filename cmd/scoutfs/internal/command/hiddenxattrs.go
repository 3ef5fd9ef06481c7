// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"strings"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

func newListHiddenXattrs(env *cli.Env) *cobra.Command {
	var where location
	cmd := &cobra.Command{
		Use:     "list-hidden-xattrs FILE",
		GroupID: cli.GroupInfo,
		Short:   "Print the names of hidden xattrs on file",
		Long: `Prints the names of a file's extended attributes with the hide tag, which
listxattr(2) leaves out. Bytes that are not printable are shown as "?" in text.
With --meta-device FILE is a path inside the volume.`,
		Example: `  scoutfs list-hidden-xattrs /mnt/archive/file`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case len(operands) == 0:
				return cli.Usagef("must specify filename")
			case len(operands) > 1:
				return cli.Usagef("more than one filename argument given")
			}
			ctx := cmd.Context()
			return where.askReadOnly(ctx, operands[0], func(f ioctl.File) error {
				return ioctlFailure(nameListing().write(env, walk.HiddenXattrs(ctx, f)), "listxattr_hidden ioctl failed")
			})
		},
	}
	where.defineDevices(cmd)
	reportsList(cmd)
	return cmd
}

func nameListing() listing[string] {
	return listing[string]{
		columns: []output.Column{{Name: "NAME"}},
		text:    func(out *output.Writer, _ int, name string) { out.Printf("%s\n", printable(name)) },
		row:     func(name string) []string { return []string{printable(name)} },
		json: func(name string) any {
			return struct {
				Name output.Name `json:"name"`
			}{output.Name(name)}
		},
	}
}

// printable replaces every byte that is not printable ASCII.
func printable(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if c < 0x20 || c > 0x7e {
			c = '?'
		}
		b.WriteByte(c)
	}
	return b.String()
}
