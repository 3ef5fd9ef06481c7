// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/engine/ioctl"
)

// attribute is one attribute of get-attr-x.
type attribute struct {
	name, short string
	mask        ioctl.AttrMask
	value       func(a *ioctl.AttrX) namedValue
}

// attributes lists them in upstream's order.
func attributes() []attribute {
	u64 := func(get func(a *ioctl.AttrX) uint64) func(a *ioctl.AttrX) namedValue {
		return func(a *ioctl.AttrX) namedValue { return number("", get(a)) }
	}
	// Upstream does not pad the nanoseconds.
	timespec := func(get func(a *ioctl.AttrX) ioctl.Timespec) func(a *ioctl.AttrX) namedValue {
		return func(a *ioctl.AttrX) namedValue {
			ts := get(a)
			return namedValue{text: fmt.Sprintf("%d.%d", ts.Sec, ts.Nsec), json: seconds(ts)}
		}
	}
	return []attribute{
		{"meta_seq", "m", ioctl.AttrMetaSeq, u64(func(a *ioctl.AttrX) uint64 { return a.MetaSeq })},
		{"data_seq", "d", ioctl.AttrDataSeq, u64(func(a *ioctl.AttrX) uint64 { return a.DataSeq })},
		{"data_version", "v", ioctl.AttrDataVersion, u64(func(a *ioctl.AttrX) uint64 { return a.DataVersion })},
		{"online_blocks", "n", ioctl.AttrOnlineBlocks, u64(func(a *ioctl.AttrX) uint64 { return a.OnlineBlocks })},
		{"offline_blocks", "f", ioctl.AttrOfflineBlocks, u64(func(a *ioctl.AttrX) uint64 { return a.OfflineBlocks })},
		{"ctime", "c", ioctl.AttrCtime, timespec(func(a *ioctl.AttrX) ioctl.Timespec { return a.Ctime })},
		{"crtime", "r", ioctl.AttrCrtime, timespec(func(a *ioctl.AttrX) ioctl.Timespec { return a.Crtime })},
		{"size", "s", ioctl.AttrSize, u64(func(a *ioctl.AttrX) uint64 { return a.Size })},
		{"retention", "t", ioctl.AttrRetention, func(a *ioctl.AttrX) namedValue {
			if a.Retention {
				return namedValue{text: "1", json: true}
			}
			return namedValue{text: "0", json: false}
		}},
		{"project_id", "p", ioctl.AttrProjectID, u64(func(a *ioctl.AttrX) uint64 { return a.ProjectID })},
	}
}

func newGetAttrX(env *cli.Env) *cobra.Command {
	var where location
	all := attributes()
	wanted := make([]bool, len(all))
	cmd := &cobra.Command{
		Use:     "get-attr-x FILE",
		GroupID: cli.GroupAgent,
		Short:   "Get extra attributes from file",
		Long: `Prints a file's extra attributes: those asked for, or all. More than one are
printed with their names. A volume of format 1 has no retention and project_id.
With --meta-device FILE is a path inside the volume.`,
		Example: `  scoutfs get-attr-x -v /mnt/archive/file
  scoutfs get-attr-x --output json /mnt/archive/file`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case len(operands) == 0:
				return cli.Usagef("no filename given")
			case len(operands) > 1:
				return cli.Usagef("more than one argument given")
			}
			var mask ioctl.AttrMask
			for i := range all {
				if wanted[i] {
					mask |= all[i].mask
				}
			}
			return where.askReadOnly(cmd.Context(), operands[0], func(f ioctl.File) error {
				return showAttrX(cmd.Context(), env, f, operands[0], mask)
			})
		},
	}
	for i, a := range all {
		cmd.Flags().BoolVarP(&wanted[i], a.name, a.short, false, "print the "+a.name)
	}
	where.defineDevices(cmd)
	reportsList(cmd)
	return cmd
}

func showAttrX(ctx context.Context, env *cli.Env, f ioctl.File, path string, mask ioctl.AttrMask) error {
	got, err := getAttrX(ctx, f, mask)
	if err != nil {
		return ioctlFailure(err, fmt.Sprintf("attr_x ioctl failed on '%s'", path))
	}
	var values []namedValue
	for _, a := range attributes() {
		if got.Mask&a.mask != 0 {
			v := a.value(&got)
			v.name = a.name
			values = append(values, v)
		}
	}
	out := env.Output()
	if out.Form() != output.Text {
		return writeNamed(env, values, "")
	}
	for _, v := range values {
		if bits.OnesCount64(uint64(got.Mask)) == 1 {
			out.Printf("%s\n", v.text)
		} else {
			out.Printf("%s: %s\n", v.name, v.text)
		}
	}
	return out.Err()
}

// getAttrX gets the attributes in mask, or with none all that the volume's
// format has.
func getAttrX(ctx context.Context, f ioctl.File, mask ioctl.AttrMask) (ioctl.AttrX, error) {
	if mask != 0 {
		return f.GetAttrX(ctx, ioctl.GetAttrX{Mask: mask})
	}
	got, err := f.GetAttrX(ctx, ioctl.GetAttrX{Mask: ioctl.AttrAll})
	if errors.Is(err, syscall.EOPNOTSUPP) {
		return f.GetAttrX(ctx, ioctl.GetAttrX{Mask: ioctl.AttrV1})
	}
	return got, err
}
