// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"math"
	"os"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

func newGetFiemap(env *cli.Env) *cobra.Command {
	var (
		where             location
		physical, logical bool
		bytes, data       bool
	)
	cmd := &cobra.Command{
		Use:     "get-fiemap FILE",
		GroupID: cli.GroupDebug,
		Short:   "Print fiemap extent mapping",
		Long: `Prints a file's extents: where they are in the file and on the device, how
long they are, and flags: O for one whose place is unknown, which is what an
offline extent looks like, U for one that is not written, L for the last.
With --meta-device FILE is a path inside the volume.

With --data it prints where the file has data, as lseek(2) finds it: written
and offline blocks, joined, up to the end of the file.`,
		Example: `  scoutfs get-fiemap -Lb /mnt/archive/file
  scoutfs get-fiemap --data -b /mnt/archive/file
  scoutfs get-fiemap --meta-device /dev/meta --output json /file`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case len(operands) > 1:
				return cli.Usagef("more than one argument given")
			case physical && logical:
				return cli.Usagef("can't pass both -P and -L options")
			case data && (physical || logical):
				return cli.Usagef("can't pass --data with -P or -L")
			case len(operands) == 0:
				return cli.Usagef("no filename given")
			}
			return where.askReadOnly(cmd.Context(), operands[0], func(f ioctl.File) error {
				unit, err := blockSize(f)
				if err != nil {
					return err
				}
				if bytes {
					unit = 1
				}
				if data {
					return showData(cmd.Context(), env, f, unit)
				}
				return showFiemap(cmd.Context(), env, f, fiemapText{unit, !physical, !logical})
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&physical, "physical", "P", false, "print only places on the device")
	flags.BoolVarP(&logical, "logical", "L", false, "print only places in the file")
	flags.BoolVarP(&bytes, "byte", "b", false, "print bytes in place of 4 KiB blocks")
	flags.BoolVar(&data, "data", false, "print the ranges that have data")
	where.defineDevices(cmd)
	cli.Extension(cmd, "data")
	reportsList(cmd)
	return cmd
}

// blockSize is the unit in which a file's extents are printed, st_blksize.
func blockSize(f ioctl.File) (uint64, error) {
	mounted, ok := f.(*ioctl.MountFile)
	if !ok {
		return format.SmallBlockSize, nil
	}
	info, err := mounted.OS().Stat()
	if err != nil {
		return 0, cli.Failf(err, "stat failed on '%s': %s", mounted.OS().Name(), errno.Text(err))
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Blksize > 0 {
		return uint64(st.Blksize), nil
	}
	return format.SmallBlockSize, nil
}

// showData prints the ranges with data in whole units, the last one rounded
// up.
func showData(ctx context.Context, env *cli.Env, f ioctl.File, unit uint64) error {
	seeker, ok := f.(ioctl.Seeker)
	if !ok {
		return cli.Failf(syscall.EOPNOTSUPP, "the file cannot be searched for data")
	}
	l := listing[walk.DataRange]{
		columns: []output.Column{{Name: "OFFSET", Right: true}, {Name: "LENGTH", Right: true}},
		text: func(out *output.Writer, i int, r walk.DataRange) {
			out.Printf("%d: offset: %d length: %d\n", i, r.Start/unit, (r.End-r.Start+unit-1)/unit)
		},
		row: func(r walk.DataRange) []string {
			return []string{strconv.FormatUint(r.Start/unit, 10), strconv.FormatUint((r.End-r.Start+unit-1)/unit, 10)}
		},
		json: func(r walk.DataRange) any {
			return struct {
				Offset uint64 `json:"offset"` // bytes
				Length uint64 `json:"length"`
			}{r.Start, r.End - r.Start}
		},
	}
	err := l.write(env, walk.DataRanges(ctx, seeker, 0))
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return cli.Failf(err, "lseek failed on '%s': %s", path.Path, errno.Text(err))
	}
	return err
}

// fiemapText says what of an extent the text shows.
type fiemapText struct {
	unit              uint64 // bytes
	logical, physical bool
}

func showFiemap(ctx context.Context, env *cli.Env, f ioctl.File, show fiemapText) error {
	extents := 0
	l := listing[ioctl.FiemapExtent]{
		columns: []output.Column{
			{Name: "LOGICAL", Right: true}, {Name: "PHYSICAL", Right: true}, {Name: "LENGTH", Right: true}, {Name: "FLAGS"},
		},
		text: func(out *output.Writer, i int, e ioctl.FiemapExtent) {
			out.Printf("%d: offset: ", i)
			if show.logical {
				out.Printf("%d ", e.Logical/show.unit)
			}
			if show.physical {
				out.Printf("%d ", e.Physical/show.unit)
			}
			out.Printf("length: %d flags: %s\n", e.Length/show.unit, fiemapFlags(e.Flags))
			extents++
		},
		row: func(e ioctl.FiemapExtent) []string {
			return []string{
				strconv.FormatUint(e.Logical/show.unit, 10), strconv.FormatUint(e.Physical/show.unit, 10),
				strconv.FormatUint(e.Length/show.unit, 10), fiemapFlags(e.Flags),
			}
		},
		json: func(e ioctl.FiemapExtent) any {
			return struct {
				Logical   uint64 `json:"logical"` // bytes
				Physical  uint64 `json:"physical"`
				Length    uint64 `json:"length"`
				Offline   bool   `json:"offline"`
				Unwritten bool   `json:"unwritten"`
				Last      bool   `json:"last"`
			}{
				e.Logical, e.Physical, e.Length,
				e.Flags&ioctl.ExtentUnknown != 0, e.Flags&ioctl.ExtentUnwritten != 0, e.Flags&ioctl.ExtentLast != 0,
			}
		},
	}
	if err := l.write(env, walk.Extents(ctx, f, 0, math.MaxUint64)); err != nil {
		return ioctlFailure(err, "get_fiemap ioctl failed")
	}
	out := env.Output()
	if out.Form() == output.Text {
		out.Printf("extents: %d\n", extents)
	}
	return out.Err()
}

func fiemapFlags(f ioctl.ExtentFlags) string {
	flag := func(bit ioctl.ExtentFlags, name string) string {
		if f&bit != 0 {
			return name
		}
		return "."
	}
	return flag(ioctl.ExtentUnknown, "O") + flag(ioctl.ExtentUnwritten, "U") + flag(ioctl.ExtentLast, "L")
}
