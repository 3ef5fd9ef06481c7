// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

func newReadXattrTotals(env *cli.Env) *cobra.Command {
	var where location
	cmd := &cobra.Command{
		Use:     "read-xattr-totals",
		GroupID: cli.GroupInfo,
		Short:   "Read .totl. xattr totals",
		Long: `Prints each total of the extended attributes with the totl tag: its name of
three numbers, the sum of the values and the number of attributes.`,
		Example: `  scoutfs read-xattr-totals -p /mnt/archive
  scoutfs read-xattr-totals --meta-device /dev/meta --output table`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			env.IgnoreOperands(operands)
			ctx := cmd.Context()
			return where.ask(ctx, func(t ioctl.Target) error {
				return ioctlFailure(totalListing().write(env, walk.Totals(ctx, t, ioctl.TotalName{})), "read_xattr_totals ioctl failed")
			})
		},
	}
	where.define(cmd)
	reportsList(cmd)
	return cmd
}

func totalListing() listing[ioctl.XattrTotal] {
	return listing[ioctl.XattrTotal]{
		columns: []output.Column{
			{Name: "NAME"}, {Name: "TOTAL", Right: true}, {Name: "COUNT", Right: true},
		},
		text: func(out *output.Writer, _ int, t ioctl.XattrTotal) {
			out.Printf("%s = %d, %d\n", t.Name, int64(t.Total), int64(t.Count))
		},
		row: func(t ioctl.XattrTotal) []string {
			return []string{t.Name.String(), strconv.FormatInt(int64(t.Total), 10), strconv.FormatInt(int64(t.Count), 10)}
		},
		json: func(t ioctl.XattrTotal) any {
			return struct {
				Name  ioctl.TotalName `json:"name"`
				Total int64           `json:"total"`
				Count int64           `json:"count"`
			}{t.Name, int64(t.Total), int64(t.Count)}
		},
	}
}

func newReadXattrIndex(env *cli.Env) *cobra.Command {
	var where location
	cmd := &cobra.Command{
		Use:     "read-xattr-index [FIRST [LAST]]",
		GroupID: cli.GroupInfo,
		Short:   "Read .indx. xattr index",
		Long: `Prints the inodes in the index of the extended attributes with the indx tag,
from FIRST to LAST, both included. A position is MAJOR.MINOR.INO; the index is
read from its start and to its end where they are left out.`,
		Example: `  scoutfs read-xattr-index -p /mnt/archive 7.0.0 7.-1.-1
  scoutfs read-xattr-index --meta-device /dev/meta`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			first, last, err := parseIndexRange(operands)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return where.ask(ctx, func(t ioctl.Target) error {
				return ioctlFailure(indexListing().write(env, walk.XattrIndex(ctx, t, first, last)), "read_xattr_index ioctl failed")
			})
		},
	}
	where.define(cmd)
	reportsList(cmd)
	return cmd
}

func parseIndexRange(operands []string) (first, last ioctl.XattrIndexEntry, err error) {
	last = ioctl.LastXattrIndexEntry()
	if len(operands) > 2 {
		return first, last, cli.Usagef("more than two entry arguments given")
	}
	for i, to := range []*ioctl.XattrIndexEntry{&first, &last}[:len(operands)] {
		if *to, err = parseIndexPosition(operands[i]); err != nil {
			return first, last, err
		}
	}
	if cmp.Or(cmp.Compare(first.Major, last.Major), cmp.Compare(first.Minor, last.Minor), cmp.Compare(first.Ino, last.Ino)) > 0 {
		return first, last, cli.Failf(syscall.EINVAL, "first index position %s must be less than last index position %s",
			indexPosition(first), indexPosition(last))
	}
	return first, last, nil
}

func parseIndexPosition(text string) (ioctl.XattrIndexEntry, error) {
	var e ioctl.XattrIndexEntry
	parts := strings.Split(text, ".")
	bad := cli.Failf(syscall.EINVAL, "bad index position entry argument '%s', it must be in the form \"a.b.ino\" "+
		"where each value can be prefixed by '0' for octal or '0x' for hex", text)
	if len(parts) != 3 {
		return e, bad
	}
	var numbers [3]uint64
	for i, part := range parts {
		v, err := values.ParseUint64(part)
		if part == "" || err != nil {
			return e, bad
		}
		numbers[i] = v
	}
	if numbers[0] > math.MaxUint8 {
		return e, cli.Failf(syscall.EINVAL, "initial major index position '%d' must be between 0 and 255, inclusive.", int64(numbers[0]))
	}
	return ioctl.XattrIndexEntry{Major: uint8(numbers[0]), Minor: numbers[1], Ino: numbers[2]}, nil
}

func indexPosition(e ioctl.XattrIndexEntry) string {
	return fmt.Sprintf("%d.%d.%d", e.Major, e.Minor, e.Ino)
}

func indexListing() listing[ioctl.XattrIndexEntry] {
	return listing[ioctl.XattrIndexEntry]{
		columns: []output.Column{
			{Name: "MAJOR", Right: true}, {Name: "MINOR", Right: true}, {Name: "INO", Right: true},
		},
		text: func(out *output.Writer, _ int, e ioctl.XattrIndexEntry) {
			out.Printf("%d.%d = %d\n", e.Major, e.Minor, e.Ino)
		},
		row: func(e ioctl.XattrIndexEntry) []string {
			return []string{strconv.Itoa(int(e.Major)), strconv.FormatUint(e.Minor, 10), strconv.FormatUint(e.Ino, 10)}
		},
		json: func(e ioctl.XattrIndexEntry) any {
			return struct {
				Major uint8  `json:"major"`
				Minor uint64 `json:"minor"`
				Ino   uint64 `json:"ino"`
			}(e)
		},
	}
}
