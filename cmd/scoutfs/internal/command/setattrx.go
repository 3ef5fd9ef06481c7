// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/ioctl"
)

func newSetAttrX(env *cli.Env) *cobra.Command {
	where := location{}
	var (
		attr          ioctl.SetAttrX
		ctime, crtime time.Time
		retention     uint64
		offline       bool
	)
	cmd := &cobra.Command{
		Use:     "set-attr-x FILE",
		GroupID: cli.GroupAgent,
		Short:   "Set extra attributes on file",
		Long: `Sets extra attributes of a file: all that are given, or none if one of them
cannot be set. Size and data version can only be set of a regular file whose
data version is still 0, and only together. A file under retention takes no
change but the end of its retention. Sequence numbers and block counts are
accepted and stay as they are, as with upstream's command.

With --meta-device FILE is a path inside the volume.`,
		Example: `  scoutfs set-attr-x -p 1001 /mnt/archive/dir
  scoutfs set-attr-x -t 1 /mnt/archive/file`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			flags := cmd.Flags()
			attr.Mask = givenAttributes(flags)
			switch {
			case attr.Mask&ioctl.AttrDataVersion != 0 && attr.DataVersion == 0:
				return cli.Usagef("data version must not be 0")
			case len(operands) == 0:
				return cli.Usagef("no filename given")
			case len(operands) > 1:
				return cli.Usagef("more than one argument given")
			case offline && attr.Size == 0:
				return cli.Usagef("--offline needs a size")
			case attr.Mask == 0:
				env.Warnf("no attribute was given, so nothing is changed")
				return nil
			}
			attr.Ctime, attr.Crtime = ioctl.TimespecOf(ctime), ioctl.TimespecOf(crtime)
			attr.Retention = retention != 0
			if offline {
				attr.Flags = ioctl.AttrSizeOffline
			}
			ctx, path := cmd.Context(), operands[0]
			// Directories, which have a project too, cannot be opened for writing.
			return where.askFile(ctx, path, os.O_RDONLY, func(f ioctl.File) error {
				return ioctlFailure(f.SetAttrX(ctx, attr), fmt.Sprintf("attr_x ioctl failed on '%s'", path))
			})
		},
	}
	flags := cmd.Flags()
	flags.VarP(values.Uint64(&attr.MetaSeq), "meta_seq", "m", "accepted, and ignored by the volume: `NUMBER`")
	flags.VarP(values.Uint64(&attr.DataSeq), "data_seq", "d", "accepted, and ignored by the volume: `NUMBER`")
	flags.VarP(values.Uint64(&attr.DataVersion), "data_version", "v", "set the data `VERSION`")
	flags.VarP(values.Uint64(&attr.OnlineBlocks), "online_blocks", "n", "accepted, and ignored by the volume: `NUMBER`")
	flags.VarP(values.Uint64(&attr.OfflineBlocks), "offline_blocks", "f", "accepted, and ignored by the volume: `NUMBER`")
	flags.VarP(values.Timespec(&ctime), "ctime", "c", "set the time of the last change of attributes to `SECS.NSECS`")
	flags.VarP(values.Timespec(&crtime), "crtime", "r", "set the time of creation to `SECS.NSECS`")
	flags.VarP(values.Uint64(&attr.Size), "size", "s", "set the file's size to `BYTES`")
	flags.VarP(values.Uint64(&retention), "retention", "t", "`NUMBER`: 1 puts the file under retention, 0 ends it")
	flags.VarP(values.Uint64(&attr.ProjectID), "project_id", "p", "set the `PROJECT`")
	flags.BoolVar(&offline, "offline", false, "with --size: all of the file's data is in the archive only")
	where.defineWriting(env, cmd)
	cli.Extension(cmd, "offline")
	cli.CommandLineOnly(cmd, "offline")
	return cmd
}

// givenAttributes returns the attributes that the command line sets.
func givenAttributes(flags *pflag.FlagSet) (mask ioctl.AttrMask) {
	for _, a := range attributes() {
		if flags.Changed(a.name) {
			mask |= a.mask
		}
	}
	return mask
}
