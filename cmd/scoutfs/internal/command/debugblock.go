// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/debug/surgery"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

func newDebugBlock(env *cli.Env) *cobra.Command {
	return debugGroup("block", "Show or change a metadata block", newBlockShow(env), newBlockSet(env))
}

// blockPlace reads the name of a block: a block number of 64 KiB, "super", or
// "quorum" with the number of a slot.
func blockPlace(word string) (surgery.Place, error) {
	if word == "super" {
		return surgery.SuperPlace(false), nil
	}
	if text, ok := strings.CutPrefix(word, "quorum"); ok {
		slot, err := strconv.Atoi(text)
		if err != nil || slot < 0 || slot >= format.QuorumSlots {
			return surgery.Place{}, cli.Usagef("'%s' is no quorum slot: there are quorum0 to quorum%d", word, format.QuorumSlots-1)
		}
		return surgery.QuorumPlace(slot), nil
	}
	blkno, err := values.ParseUint64(word)
	if err != nil {
		return surgery.Place{}, cli.Usagef("'%s' is neither a block number nor super or quorum0 to quorum%d", word, format.QuorumSlots-1)
	}
	return surgery.MetaPlace(blkno), nil
}

func newBlockShow(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show META-DEVICE BLOCK",
		Short: "Show the bytes of a metadata block with the fields that they are",
		Long: `Each line has the offset in the block, bytes in hexadecimal, and the name and
value of their field, which debug block set takes. Padding, entries of tables
and bytes of bloom filters that are zero, and bytes in no field, are left out.

BLOCK is the number of a block of 64 KiB, super, or quorum and the number of a
slot. The device is not claimed; the block is shown whatever it holds.

The JSON forms report offset, size, name, value, and hex, the bytes.`,
		Example: `  scoutfs debug block show /dev/meta 1028
  scoutfs debug block show /dev/meta quorum0`,
		RunE: func(_ *cobra.Command, operands []string) (err error) {
			if len(operands) != 2 {
				return cli.Usagef("a metadata device and a block are needed")
			}
			place, err := blockPlace(operands[1])
			if err != nil {
				return err
			}
			return showBlock(env, operands[0], place, func(surgery.Line) bool { return true })
		},
	}
	cli.Reports(cmd, output.JSON, output.JSONL)
	return cmd
}

// showBlock shows the lines of a block of a device that match.
func showBlock(env *cli.Env, path string, place surgery.Place, match func(surgery.Line) bool) (err error) {
	dev, err := openToShow(path)
	if err != nil {
		return err
	}
	pair := device.Pair{Meta: dev}
	defer closing(&err, pair)
	block, err := surgery.Open(pair).Peek(place)
	if err != nil {
		return err
	}
	return writeDump(env.Output(), block, match)
}

func newBlockSet(env *cli.Env) *cobra.Command {
	var o changeOptions
	cmd := &cobra.Command{
		Use:   "set META-DEVICE BLOCK FIELD=VALUE...",
		Short: "Change fields of a metadata block",
		Long: `Changes fields in place, by the names that debug block show has for them, and
reports each run of bytes that has changed. Nothing else is changed but the
block's checksum.

A VALUE is a number in decimal, hexadecimal after 0x, or octal after 0, a key
as zone.first.type.second.third.fourth, a UUID, a text in quotes, or
hexadecimal bytes. The device is claimed, and refused if it is in use.

The JSON forms report for each change device, blkno in units of block_size,
offset, the bytes old and new in hexadecimal, and fields.`,
		Example: `  scoutfs debug block set meta.img 1028 hdr.seq=7
  scoutfs debug block set --crc=keep meta.img super next_ino=0x400`,
		RunE: func(_ *cobra.Command, operands []string) error {
			if len(operands) < 2 {
				return cli.Usagef("a metadata device and a block are needed")
			}
			place, err := blockPlace(operands[1])
			if err != nil {
				return err
			}
			return o.setFields(env, operands[0], place, "", operands[2:])
		},
	}
	o.defineCRC(cmd)
	o.define(cmd)
	return cmd
}

// setFields changes fields of a block whose names begin with prefix.
func (o *changeOptions) setFields(env *cli.Env, path string, place surgery.Place, prefix string, operands []string) (err error) {
	fields, err := assignments(operands)
	if err != nil {
		return err
	}
	pair, err := o.openForChange(path, "")
	if err != nil {
		return err
	}
	defer closing(&err, pair)
	v := surgery.Open(pair)
	b, err := v.Hold(place)
	if err != nil {
		return err
	}
	if err := o.assign(b, prefix, fields); err != nil {
		return err
	}
	return o.report(env, v)
}

// assign sets fields of a block.
func (o *changeOptions) assign(b *surgery.Block, prefix string, fields [][2]string) error {
	b.KeepCRC = o.crc == "keep"
	for _, f := range fields {
		field, err := surgery.FindField(b.Bytes, prefix+f[0])
		if err == nil {
			err = field.Set(b.Bytes, f[1])
		}
		if err != nil {
			return cli.Usagef("%s", err)
		}
	}
	return nil
}

// report makes the changes and reports them.
func (o *changeOptions) report(env *cli.Env, v *surgery.Volume) error {
	changes, err := o.makeChanges(v)
	if err != nil {
		return err
	}
	out := env.Output()
	if out.Form().Machine() {
		list := out.List()
		for _, c := range changes {
			if err := list.Add(c); err != nil {
				return err
			}
		}
		return list.Close()
	}
	writeChanges(out, changes)
	return out.Err()
}
