// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"context"
	"fmt"
	"iter"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// logTrees yields the values of logs_root, which are views of shared blocks.
// It ends with the first error.
func logTrees(ctx context.Context, blocks *block.Reader, super *format.Super) iter.Seq2[*format.LogTrees, error] {
	return func(yield func(*format.LogTrees, error) bool) {
		tree := btree.Tree{Reader: blocks, Root: super.LogsRoot.Root(), Kind: format.TreeLogsRoot}
		for it, err := range tree.Items(ctx, format.AllKeys()) {
			var lt *format.LogTrees
			if err == nil {
				if lt, err = format.ViewExact[format.LogTrees](it.Value); err != nil {
					err = fmt.Errorf("log trees item %v: %w", it.Key, err)
				} else if key := format.LogTreesKey(lt.RID.Get(), lt.Nr.Get()); key != it.Key {
					err = &format.CorruptError{Structure: "log trees item", Field: "key", Found: it.Key.String(), Expected: key.String()}
				}
			}
			if !yield(lt, err) || err != nil {
				return
			}
		}
	}
}

// maxSeq is where a counter of sequence numbers is taken for damaged: nobody
// comes there by counting, and what is left is enough to go on for long.
const maxSeq = 1 << 63

// greatestSeq returns the greatest sequence number that a volume knows
// (docs/format.md 7.2).
func greatestSeq(ctx context.Context, blocks *block.Reader, super *format.Super) (uint64, error) {
	seq := super.Seq.Get()
	for lt, err := range logTrees(ctx, blocks, super) {
		if err != nil {
			return 0, err
		}
		seq = max(seq, lt.MaxItemSeq.Get(), lt.GetTransSeq.Get(), lt.CommitTransSeq.Get(), lt.FinalizeSeq.Get())
	}
	if seq >= maxSeq {
		return 0, &format.CorruptError{
			Structure: "super block", Field: "seq, or one of a log trees item", Found: fmt.Sprint(seq),
			Expected: fmt.Sprintf("less than %d", uint64(maxSeq)),
		}
	}
	return seq, nil
}
