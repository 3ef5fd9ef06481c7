// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/debug/surgery"
	"scoutfs/engine/device"
)

func newDebug(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "debug COMMAND",
		GroupID: cli.GroupDebug,
		Short:   "Show and change single structures of a volume, or damage it in known ways",
		Long: `Commands for those who develop or repair: they show and change bytes of a
volume in place, with the names that the structures' fields have. Nothing is
kept consistent that they do not say to keep.`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if len(operands) > 0 {
				return cli.Usagef("no such command: 'debug %s'", operands[0])
			}
			return cli.Usagef("no command given")
		},
	}
	cmd.AddCommand(newDebugBlock(env), newDebugItem(env), newDebugKey(env), newDebugSuper(env), newDebugCorrupt(env))
	return cmd
}

// debugGroup is a command that only has others below it.
func debugGroup(use, short string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use + " COMMAND",
		Short: short,
		RunE: func(*cobra.Command, []string) error {
			return cli.Usagef("no command given")
		},
	}
	cmd.AddCommand(below...)
	return cmd
}

// changeOptions are the options of commands that change a volume.
type changeOptions struct {
	yes    bool
	dryRun bool
	crc    string
}

// define adds the options to a command.
func (o *changeOptions) define(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVarP(&o.dryRun, "dry-run", "n", false, "show what would change and change nothing")
	flags.BoolVar(&o.yes, "yes", false, "change block devices too")
	cli.Reports(cmd, output.JSON, output.JSONL)
}

// defineCRC adds the choice of what happens to checksums.
func (o *changeOptions) defineCRC(cmd *cobra.Command) {
	cmd.Flags().Var(values.Choice(&o.crc, "fix", "keep"), "crc", "`fix` the checksum of the changed block, or keep it as it is")
	o.crc = "fix"
}

// openForChange opens devices for writing, claimed. The data device may be
// absent.
func (o *changeOptions) openForChange(meta, data string) (pair device.Pair, err error) {
	for _, path := range []string{meta, data} {
		if path == "" {
			continue
		}
		if info, err := os.Stat(path); err == nil && isBlockDevice(info.Mode()) && !o.yes && !o.dryRun {
			return pair, cli.Failf(syscall.EPERM, "%s is a block device: with --yes it is changed all the same", path)
		}
	}
	if data != "" {
		return openBoth([2]string{"meta device", "data device"}, []string{meta, data})
	}
	pair.Meta, err = openDevice("device", meta, true)
	return pair, err
}

func isBlockDevice(mode fs.FileMode) bool {
	return mode&fs.ModeDevice != 0 && mode&fs.ModeCharDevice == 0
}

// shownChange is a change as JSON.
type shownChange struct {
	Device    string   `json:"device"` // meta or data
	Blkno     uint64   `json:"blkno"`  // in units of block_size
	BlockSize int      `json:"block_size"`
	Offset    int      `json:"offset"` // from the block's start
	Old       string   `json:"old"`    // hexadecimal
	New       string   `json:"new"`
	Fields    []string `json:"fields"`
}

// makeChanges writes what a volume's held blocks have changed, unless it is a
// dry run, and returns it.
func (o *changeOptions) makeChanges(v *surgery.Volume) ([]shownChange, error) {
	changes, err := v.Changes()
	if err != nil {
		return nil, err
	}
	shown := make([]shownChange, 0, len(changes))
	for _, c := range changes {
		s := shownChange{
			Device: "meta", Blkno: c.Place.Blkno, BlockSize: c.Place.Size(), Offset: c.Offset,
			Old: hex.EncodeToString(c.Old), New: hex.EncodeToString(c.New), Fields: v.FieldsOf(c),
		}
		if c.Place.Data {
			s.Device = "data"
		}
		shown = append(shown, s)
	}
	if o.dryRun {
		return shown, nil
	}
	return shown, v.Write()
}

// mostShown is how many bytes and fields of a change people are shown.
const mostShown = 16

func writeChanges(out *output.Writer, changes []shownChange) {
	if len(changes) == 0 {
		out.Printf("Nothing changes.\n")
	}
	for _, c := range changes {
		kind := "block"
		if c.BlockSize == smallBlockSize {
			kind = "small block"
		}
		out.Printf("%s %s %d offset %d: %s -> %s%s\n", c.Device, kind, c.Blkno, c.Offset,
			cutHex(c.Old), cutHex(c.New), cutFields(c.Fields))
	}
}

const smallBlockSize = 4096

func cutHex(text string) string {
	if len(text) > 2*mostShown {
		return fmt.Sprintf("%s... (%d bytes)", text[:2*mostShown], len(text)/2)
	}
	return text
}

func cutFields(fields []string) string {
	switch n := len(fields); {
	case n == 0:
		return ""
	case n > mostShown:
		return fmt.Sprintf(" (%s and %d more)", strings.Join(fields[:mostShown], ", "), n-mostShown)
	}
	return " (" + strings.Join(fields, ", ") + ")"
}

// assignments splits operands of the form FIELD=VALUE.
func assignments(operands []string) ([][2]string, error) {
	var all [][2]string
	for _, word := range operands {
		field, value, ok := strings.Cut(word, "=")
		if !ok || field == "" {
			return nil, cli.Usagef("'%s' is not of the form FIELD=VALUE", word)
		}
		all = append(all, [2]string{field, value})
	}
	if len(all) == 0 {
		return nil, cli.Usagef("no FIELD=VALUE given")
	}
	return all, nil
}

// openToShow opens a device to be looked at, whoever uses it.
func openToShow(path string) (device.Device, error) {
	dev, err := openForPrint(path)
	if err != nil {
		return nil, cli.Failf(err, "failed to open '%s': %s", path, errno.Text(err))
	}
	return dev, nil
}

// closing adds the error of closing devices to that of a command.
func closing(err *error, pair device.Pair) { *err = errors.Join(*err, pair.Close()) }

// shownLine is a line of a dump as JSON.
type shownLine struct {
	Offset int    `json:"offset"`
	Size   int    `json:"size"`
	Name   string `json:"name"`
	Value  string `json:"value"`
	Hex    string `json:"hex"`
}

// writeDump writes the fields of a block that match.
func writeDump(out *output.Writer, block []byte, match func(surgery.Line) bool) error {
	list := out.List()
	for l := range surgery.Dump(block) {
		if !match(l) {
			continue
		}
		bytes := block[l.Offset : l.Offset+l.Size]
		if out.Form().Machine() {
			if err := list.Add(shownLine{l.Offset, l.Size, l.Name, l.Value, hex.EncodeToString(bytes)}); err != nil {
				return err
			}
			continue
		}
		writeLine(out, l, bytes)
	}
	if out.Form().Machine() {
		return list.Close()
	}
	return out.Err()
}

// dumpWidth is how many bytes stand in a line of a dump.
const dumpWidth = 8

func writeLine(out *output.Writer, l surgery.Line, bytes []byte) {
	for at := 0; at < len(bytes); at += dumpWidth {
		row := bytes[at:min(at+dumpWidth, len(bytes))]
		text := fmt.Sprintf("%5d  %-*s", l.Offset+at, 3*dumpWidth-1, fmt.Sprintf("% x", row))
		if at == 0 {
			text += fmt.Sprintf("  %s = %s", l.Name, l.Value)
		}
		out.Printf("%s\n", strings.TrimRight(text, " "))
	}
}
