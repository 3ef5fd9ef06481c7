// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/ioctl"
)

func newSetattr(env *cli.Env) *cobra.Command {
	where := location{}
	var (
		ctime, crtime time.Time
		version, size uint64
		offline       bool
	)
	cmd := &cobra.Command{
		Use:     "setattr FILE",
		GroupID: cli.GroupAgent,
		Short:   "Set attributes on newly created empty file",
		Long: `Sets what a new, empty file is to have when it is restored: its size, whether
all of its data is offline, the data version, and times. The file must be a
regular one whose data version is still 0. Times that are not given stay as
they are; upstream's command sets them to 1970.

With --meta-device FILE is a path inside the volume.`,
		Example: `  scoutfs setattr -V 1 -s 1G -o /mnt/archive/restored`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			changed := cmd.Flags().Changed
			switch {
			case changed("data-version") && version == 0:
				return cli.Usagef("data version must not be 0")
			case len(operands) == 0:
				return cli.Usagef("no filename given")
			case len(operands) > 1:
				return cli.Usagef("more than one argument given")
			case size != 0 && version == 0:
				return cli.Usagef("must provide data-version if using --size option")
			case offline && size == 0:
				return cli.Usagef("must provide size if using --offline option")
			}
			ctx, path := cmd.Context(), operands[0]
			q := ioctl.SetattrMore{DataVersion: version, Size: size}
			if offline {
				q.Flags = ioctl.SetattrOffline
			}
			return where.askFile(ctx, path, os.O_WRONLY, func(f ioctl.File) error {
				err := keepTimes(ctx, f, &q, ctime, crtime)
				if err == nil {
					err = f.SetattrMore(ctx, q)
				}
				return ioctlFailure(err, fmt.Sprintf("setattr_more ioctl failed on '%s'", path))
			})
		},
	}
	flags := cmd.Flags()
	flags.VarP(values.Timespec(&ctime), "ctime", "t", "set the time of the last change of attributes to `SECS.NSECS`")
	flags.VarP(values.Timespec(&crtime), "crtime", "r", "set the time of creation to `SECS.NSECS`")
	flags.VarP(values.Uint64(&version), "data-version", "V", "set the data `VERSION`")
	flags.BoolVarP(&offline, "offline", "o", false, "all of the file's data is in the archive only")
	flags.VarP(values.Size(&size), "size", "s", "set the file's `SIZE`")
	where.defineWriting(env, cmd)
	cli.CommandLineOnly(cmd, "offline")
	return cmd
}

// keepTimes fills in the times of a request that always sets both: those that
// were asked for, or those that the file has.
func keepTimes(ctx context.Context, f ioctl.File, q *ioctl.SetattrMore, ctime, crtime time.Time) error {
	if ctime.IsZero() || crtime.IsZero() {
		now, err := f.GetAttrX(ctx, ioctl.GetAttrX{Mask: ioctl.AttrCtime | ioctl.AttrCrtime})
		if err != nil {
			return err
		}
		q.Ctime, q.Crtime = now.Ctime, now.Crtime
	}
	if !ctime.IsZero() {
		q.Ctime = ioctl.TimespecOf(ctime)
	}
	if !crtime.IsZero() {
		q.Crtime = ioctl.TimespecOf(crtime)
	}
	return nil
}
