// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/engine/ioctl"
)

// namedValue is a line of stat and statfs.
type namedValue struct {
	name string
	text string // in upstream's text
	json any
}

// writeNamed writes all values, or with field only that one.
func writeNamed(env *cli.Env, values []namedValue, field string) error {
	out := env.Output()
	if field != "" {
		values = slices.DeleteFunc(values, func(v namedValue) bool { return v.name != field })
		if !out.Form().Machine() {
			for _, v := range values {
				out.Printf("%s\n", v.text)
			}
			return out.Err()
		}
	}
	switch out.Form() {
	case output.JSON, output.JSONL:
		object := map[string]any{}
		for _, v := range values {
			object[v.name] = v.json
		}
		return out.Object(object)
	case output.Table:
		table := out.Table(output.Column{Name: "FIELD"}, output.Column{Name: "VALUE"})
		for _, v := range values {
			table.Row(v.name, v.text)
		}
		return table.Close()
	}
	for _, v := range values {
		out.Printf("%-17s %s\n", v.name, v.text)
	}
	return out.Err()
}

// checkField refuses a field that is none of those known.
func checkField(cmd *cobra.Command, field string, known []namedValue) error {
	if !cmd.Flags().Changed(singleFieldFlag) {
		return nil
	}
	for _, v := range known {
		if v.name == field {
			return nil
		}
	}
	return cli.Failf(syscall.EINVAL, "unknown field: '%s'", field)
}

const singleFieldFlag = "single-field"

func number(name string, v uint64) namedValue {
	return namedValue{name, strconv.FormatUint(v, 10), v}
}

// seconds writes a time as SECONDS.NANOSECONDS.
func seconds(ts ioctl.Timespec) string { return fmt.Sprintf("%d.%09d", ts.Sec, ts.Nsec) }

func newStat(env *cli.Env) *cobra.Command {
	var (
		where location
		field string
	)
	cmd := &cobra.Command{
		Use:     "stat FILE",
		Aliases: []string{"stat-more"},
		GroupID: cli.GroupInfo,
		Short:   "Show ScoutFS-specific inode information",
		Long: `Shows what stat(1) does not: sequence numbers, the data version, how many
4 KiB blocks are online and offline, and the time of creation. With
--meta-device FILE is a path inside the volume. It is also called stat-more.`,
		Example: `  scoutfs stat -s data_version /mnt/archive/file
  scoutfs stat --meta-device /dev/meta /dir/file`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case len(operands) > 1:
				return cli.Usagef("more than one argument")
			case len(operands) == 0:
				return cli.Usagef("missing operand")
			}
			if err := checkField(cmd, field, statValues(ioctl.StatMoreResult{})); err != nil {
				return err
			}
			return where.askReadOnly(cmd.Context(), operands[0], func(f ioctl.File) error {
				return showStat(cmd.Context(), env, f, field)
			})
		},
	}
	cmd.Flags().StringVarP(&field, singleFieldFlag, "s", "", "print only the value of `FIELD`")
	where.defineDevices(cmd)
	reportsList(cmd)
	return cmd
}

func showStat(ctx context.Context, env *cli.Env, f ioctl.File, field string) error {
	s, err := f.StatMore(ctx)
	if err != nil {
		return ioctlFailure(err, "ioctl failed")
	}
	return writeNamed(env, statValues(s), field)
}

func statValues(s ioctl.StatMoreResult) []namedValue {
	crtime := seconds(s.Crtime)
	return []namedValue{
		number("meta_seq", s.MetaSeq),
		number("data_seq", s.DataSeq),
		number("data_version", s.DataVersion),
		number("online_blocks", s.OnlineBlocks),
		number("offline_blocks", s.OfflineBlocks),
		{"crtime", crtime, crtime},
	}
}

func newStatfs(env *cli.Env) *cobra.Command {
	var (
		where location
		field string
	)
	cmd := &cobra.Command{
		Use:     "statfs",
		GroupID: cli.GroupInfo,
		Short:   "Show ScoutFS-specific filesystem information",
		Long: `Shows the volume's id, the mount's id (none on devices), the last committed
sequence number and the sizes of the devices in 64 KiB and 4 KiB blocks.`,
		Example: `  scoutfs statfs -p /mnt/archive -s committed_seq
  scoutfs statfs --meta-device /dev/meta --output json`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			env.IgnoreOperands(operands)
			if err := checkField(cmd, field, statfsValues(ioctl.StatfsMoreResult{})); err != nil {
				return err
			}
			return where.ask(cmd.Context(), func(t ioctl.Target) error {
				return showStatfs(cmd.Context(), env, t, field)
			})
		},
	}
	where.define(cmd)
	cmd.Flags().StringVarP(&field, singleFieldFlag, "s", "", "print only the value of `FIELD`")
	reportsList(cmd)
	return cmd
}

func showStatfs(ctx context.Context, env *cli.Env, t ioctl.Target, field string) error {
	s, err := t.StatfsMore(ctx)
	if err != nil {
		return ioctlFailure(err, "ioctl failed")
	}
	return writeNamed(env, statfsValues(s), field)
}

func statfsValues(s ioctl.StatfsMoreResult) []namedValue {
	id := func(name string, v uint64) namedValue { return namedValue{name, fixedHex(v), fixedHex(v)} }
	return []namedValue{
		id("fsid", s.FSID),
		id("rid", s.RID),
		number("committed_seq", s.CommittedSeq),
		number("total_meta_blocks", s.TotalMetaBlocks),
		number("total_data_blocks", s.TotalDataBlocks),
	}
}
