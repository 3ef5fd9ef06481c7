// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/debug/surgery"
)

func newDebugSuper(env *cli.Env) *cobra.Command {
	return debugGroup("super", "Show or change the super block of either device", newSuperShow(env), newSuperSet(env))
}

func newSuperShow(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show DEVICE",
		Short:   "Show the bytes of a super block with the fields that they are",
		Long:    `As debug block show; DEVICE is a metadata or data device.`,
		Example: `  scoutfs debug super show /dev/meta`,
		RunE: func(_ *cobra.Command, operands []string) (err error) {
			if len(operands) != 1 {
				return cli.Usagef("one device is needed")
			}
			return showBlock(env, operands[0], surgery.SuperPlace(false), func(surgery.Line) bool { return true })
		},
	}
	cli.Reports(cmd, output.JSON, output.JSONL)
	return cmd
}

func newSuperSet(env *cli.Env) *cobra.Command {
	var o changeOptions
	cmd := &cobra.Command{
		Use:   "set DEVICE FIELD=VALUE...",
		Short: "Change fields of a super block",
		Long: `As debug block set; DEVICE is a metadata or data device. Other fields, such as
the header's sequence number, stay as they are.`,
		Example: `  scoutfs debug super set meta.img next_ino=2048 qconf.slots[0].port=42000`,
		RunE: func(_ *cobra.Command, operands []string) error {
			if len(operands) < 1 {
				return cli.Usagef("a device is needed")
			}
			return o.setFields(env, operands[0], surgery.SuperPlace(false), "", operands[1:])
		},
	}
	o.defineCRC(cmd)
	o.define(cmd)
	return cmd
}
