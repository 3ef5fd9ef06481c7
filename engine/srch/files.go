// SPDX-License-Identifier: GPL-2.0-or-later

package srch

import (
	"context"
	"fmt"
	"iter"
	"math"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// Source is a search file of a volume.
type Source struct {
	File   *File
	Sorted bool
	Key    format.Key // of the item that describes it
}

// Files yields all search files that a search has to visit: the sorted
// ones, the logs waiting for compaction, and those that mounts append to
// (docs/format.md 8.5). It ends with the first error.
func Files(ctx context.Context, r *block.Reader, super *format.Super) iter.Seq2[Source, error] {
	return func(yield func(Source, error) bool) {
		srch := btree.Tree{Reader: r, Root: super.SrchRoot.Root(), Kind: format.TreeSrchRoot}
		logs := btree.Tree{Reader: r, Root: super.LogsRoot.Root(), Kind: format.TreeLogsRoot}
		sorted := format.Range{Start: format.SrchBlocksKey(0, 0), End: format.SrchBlocksKey(math.MaxUint64, math.MaxUint64)}
		waiting := format.Range{Start: format.SrchLogKey(0), End: format.SrchLogKey(math.MaxUint64)}
		_ = yieldFiles(ctx, &srch, sorted, yield) &&
			yieldFiles(ctx, &srch, waiting, yield) &&
			yieldFiles(ctx, &logs, format.AllKeys(), yield)
	}
}

// yieldFiles yields the files that a range of items describe, and reports
// whether to go on.
func yieldFiles(ctx context.Context, tree *btree.Tree, keys format.Range, yield func(Source, error) bool) bool {
	for it, err := range tree.Items(ctx, keys) {
		var source Source
		if err == nil {
			source, err = sourceOf(tree.Reader, it)
		}
		if err != nil {
			yield(Source{}, err)
			return false
		}
		if source.File.height > 0 && !yield(source, nil) {
			return false
		}
	}
	return true
}

func sourceOf(r *block.Reader, it btree.Item) (Source, error) {
	kind := format.KindOf(it.Key)
	var sfl *format.SrchFile
	if kind == format.KindLogTrees {
		lt, err := format.ViewExact[format.LogTrees](it.Value)
		if err != nil {
			return Source{}, fmt.Errorf("item %v: %w", it.Key, err)
		}
		sfl = &lt.SrchFile
	} else {
		var err error
		if sfl, err = format.ViewExact[format.SrchFile](it.Value); err != nil {
			return Source{}, fmt.Errorf("item %v: %w", it.Key, err)
		}
	}
	f, err := Open(r, sfl)
	if err != nil {
		return Source{}, fmt.Errorf("item %v: %w", it.Key, err)
	}
	return Source{File: f, Sorted: kind == format.KindSrchBlocks, Key: it.Key}, nil
}
