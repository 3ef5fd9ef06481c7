// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/debug/surgery"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

func newDebugItem(env *cli.Env) *cobra.Command {
	return debugGroup("item", "Show or change an item of a tree", newItemShow(env), newItemSet(env))
}

// itemHelp is about what both commands take.
const itemHelp = `TREE is fs_root, logs_root, log_merge, mounted_clients, srch_root,
meta_alloc[0], meta_alloc[1], data_alloc, or of a log tree item_root,
data_avail or data_freed, with :RID.NR behind it if there are several. KEY is
written as zone.first.type.second.third.fourth; what is left off is 0.`

func newItemShow(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show META-DEVICE TREE KEY",
		Short: "Show the bytes of an item with the fields that they are",
		Long: `Shows where an item is, with the blocks on the way from the root, and its
fields as debug block show does.

` + itemHelp,
		Example: `  scoutfs debug item show /dev/meta fs_root 16.1.4`,
		RunE: func(_ *cobra.Command, operands []string) (err error) {
			if len(operands) != 3 {
				return cli.Usagef("a metadata device, a tree and a key are needed")
			}
			return showItem(env, operands)
		},
	}
	cli.Reports(cmd, output.JSON, output.JSONL)
	return cmd
}

func showItem(env *cli.Env, operands []string) (err error) {
	dev, err := openToShow(operands[0])
	if err != nil {
		return err
	}
	pair := device.Pair{Meta: dev}
	defer closing(&err, pair)
	v := surgery.Open(pair)
	it, err := findItem(v, operands[1], operands[2])
	if err != nil {
		return err
	}
	block, err := v.Peek(surgery.MetaPlace(it.Leaf()))
	if err != nil {
		return err
	}
	out := env.Output()
	if !out.Form().Machine() {
		out.Printf("tree %s, blocks %s, item %d\n", it.Tree.Name, pathText(it.Path), it.Slot)
	}
	prefix := fmt.Sprintf("items[%d].", it.Slot)
	return writeDump(out, block, func(l surgery.Line) bool { return strings.HasPrefix(l.Name, prefix) })
}

func findItem(v *surgery.Volume, tree, key string) (surgery.Item, error) {
	t, err := v.FindTree(tree)
	if err != nil {
		return surgery.Item{}, err
	}
	k, err := format.ParseKey(key)
	if err != nil {
		return surgery.Item{}, cli.Usagef("%s", err)
	}
	return v.Find(t, k)
}

func pathText(path []uint64) string {
	words := make([]string, len(path))
	for i, blkno := range path {
		words[i] = fmt.Sprint(blkno)
	}
	return strings.Join(words, " > ")
}

func newItemSet(env *cli.Env) *cobra.Command {
	var o changeOptions
	var inPlace bool
	cmd := &cobra.Command{
		Use:   "set META-DEVICE TREE KEY FIELD=VALUE...",
		Short: "Change fields of an item",
		Long: `Changes fields of an item in its leaf, by the names that debug item show has
for them without the item in front, such as seq or value.nlink, and reports
each run of bytes that has changed.

A new key moves the item to where that belongs, if the leaf there has room.
With --in-place it stays where it is.

` + itemHelp,
		Example: `  scoutfs debug item set meta.img fs_root 16.1.4 value.nlink=3 value.flags=0x80
  scoutfs debug item set meta.img fs_root 16.1.4 key=16.2.4`,
		RunE: func(_ *cobra.Command, operands []string) error {
			if len(operands) < 3 {
				return cli.Usagef("a metadata device, a tree and a key are needed")
			}
			return o.setItem(env, operands, inPlace)
		},
	}
	cmd.Flags().BoolVar(&inPlace, "in-place", false, "change the key where the item is, whatever that does to the order")
	o.defineCRC(cmd)
	o.define(cmd)
	return cmd
}

func (o *changeOptions) setItem(env *cli.Env, operands []string, inPlace bool) (err error) {
	fields, err := assignments(operands[3:])
	if err != nil {
		return err
	}
	pair, err := o.openForChange(operands[0], "")
	if err != nil {
		return err
	}
	defer closing(&err, pair)
	v := surgery.Open(pair)
	it, err := findItem(v, operands[1], operands[2])
	if err != nil {
		return err
	}
	b, err := v.Hold(surgery.MetaPlace(it.Leaf()))
	if err != nil {
		return err
	}
	// The key comes last: it may move the item.
	isKey := func(f [2]string) bool { return f[0] == "key" }
	keys := slices.Collect(func(yield func([2]string) bool) {
		for _, f := range fields {
			if isKey(f) && !yield(f) {
				return
			}
		}
	})
	if err := o.assign(b, fmt.Sprintf("items[%d].", it.Slot), slices.DeleteFunc(fields, isKey)); err != nil {
		return err
	}
	for _, f := range keys {
		if err := moveItem(v, it, f[1], inPlace); err != nil {
			return err
		}
	}
	return o.report(env, v)
}

func moveItem(v *surgery.Volume, it surgery.Item, key string, inPlace bool) error {
	k, err := format.ParseKey(key)
	if err != nil {
		return cli.Usagef("%s", err)
	}
	if inPlace {
		return v.OverwriteKey(it, k)
	}
	return v.Rekey(it, k)
}
