// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
)

func newDf(env *cli.Env) *cobra.Command {
	var (
		where location
		human bool
	)
	cmd := &cobra.Command{
		Use:     "df",
		GroupID: cli.GroupCore,
		Short:   "Show metadata and data block usage",
		Long: `Shows how many blocks of the two devices are used and free. What the volume
keeps back for itself counts as used.`,
		Example: `  scoutfs df -h -p /mnt/archive
  scoutfs df --meta-device /dev/meta --output json`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			env.IgnoreOperands(operands)
			return where.ask(cmd.Context(), func(t ioctl.Target) error {
				return showDf(cmd.Context(), env, t, human)
			})
		},
	}
	where.define(cmd)
	cmd.Flags().BoolVarP(&human, "human-readable", "h", false, "show sizes with units in place of blocks")
	reportsList(cmd)
	return cmd
}

// deviceUsage is the space on one of the devices, in blocks.
type deviceUsage struct {
	Type      string `json:"type"` // MetaData or Data
	BlockSize uint64 `json:"block_size"`
	Total     uint64 `json:"total_blocks"`
	Used      uint64 `json:"used_blocks"`
	Free      uint64 `json:"free_blocks"`
	Percent   uint64 `json:"used_percent"`
}

func showDf(ctx context.Context, env *cli.Env, t ioctl.Target, human bool) error {
	s, err := t.StatfsMore(ctx)
	if err != nil {
		return requestFailure(err, "statfs_more returned -1: error ", syscall.EIO)
	}
	entries, err := ioctl.AllocDetails(ctx, t)
	if err != nil {
		return requestFailure(err, "alloc_detail returned -1: error ", syscall.EIO)
	}
	var meta, data uint64
	for _, e := range entries {
		if e.Meta {
			meta += e.Blocks
		} else {
			data += e.Blocks
		}
	}
	meta -= min(meta, s.ReservedMetaBlocks)
	all := []deviceUsage{
		newDeviceUsage("MetaData", format.LargeBlockSize, s.TotalMetaBlocks, meta),
		newDeviceUsage("Data", format.SmallBlockSize, s.TotalDataBlocks, data),
	}
	out := env.Output()
	switch out.Form() {
	case output.JSON, output.JSONL:
		list := out.List()
		for _, u := range all {
			if err := list.Add(u); err != nil {
				return err
			}
		}
		return list.Close()
	case output.Table:
		table := out.Table(output.Column{Name: "TYPE"}, output.Column{Name: "SIZE", Right: true},
			output.Column{Name: "TOTAL", Right: true}, output.Column{Name: "USED", Right: true},
			output.Column{Name: "FREE", Right: true}, output.Column{Name: "USE%", Right: true})
		for _, u := range all {
			table.Row(u.cells(human)...)
		}
		return table.Close()
	}
	writeDfText(out, all, human)
	return out.Err()
}

func newDeviceUsage(name string, size, total, free uint64) deviceUsage {
	used := total - min(free, total)
	percent := uint64(0)
	if total > 0 {
		percent = used * 100 / total
	}
	return deviceUsage{name, size, total, used, free, percent}
}

func (u deviceUsage) cells(human bool) []string {
	count := func(blocks uint64) string {
		if human {
			return values.BaseSize(blocks * u.BlockSize)
		}
		return strconv.FormatUint(blocks, 10)
	}
	return []string{
		u.Type, strconv.FormatUint(u.BlockSize>>10, 10) + "KB",
		count(u.Total), count(u.Used), count(u.Free), strconv.FormatUint(u.Percent, 10),
	}
}

// writeDfText writes upstream's columns: right-aligned, with two blanks after
// each, the last one too.
func writeDfText(out *output.Writer, all []deviceUsage, human bool) {
	rows := [][]string{{"Type", "Size", "Total", "Used", "Free", "Use%"}}
	for _, u := range all {
		rows = append(rows, u.cells(human))
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, row := range rows {
		for i, cell := range row {
			out.Printf("%*s  ", widths[i], cell)
		}
		out.Printf("\n")
	}
}
