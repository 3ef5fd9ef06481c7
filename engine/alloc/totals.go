// SPDX-License-Identifier: GPL-2.0-or-later

package alloc

import (
	"context"
	"fmt"
	"math/bits"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// FreeTotals returns how many blocks of each device are free, wherever they
// wait: large blocks in the allocators, the server's lists, and the lists of
// mounts, compactions and merges; small blocks in the data allocator and the
// mounts' trees (docs/format.md 6.5). It adds up what roots and heads say and
// reads only the trees that hold them.
func FreeTotals(ctx context.Context, r *block.Reader, super *format.Super) (meta, data uint64, err error) {
	t := totals{meta: total{name: "free metadata blocks"}, data: total{name: "free data blocks"}}
	for i := range super.MetaAlloc {
		t.meta.add(super.MetaAlloc[i].TotalLen.Get())
		t.lists(&super.ServerMetaAvail[i], &super.ServerMetaFreed[i])
	}
	t.data.add(super.DataAlloc.TotalLen.Get())

	logs := btree.Tree{Reader: r, Root: super.LogsRoot.Root(), Kind: format.TreeLogsRoot}
	srch := btree.Tree{Reader: r, Root: super.SrchRoot.Root(), Kind: format.TreeSrchRoot}
	merge := btree.Tree{Reader: r, Root: super.LogMerge.Root(), Kind: format.TreeLogMerge}
	for _, tree := range []*btree.Tree{&logs, &srch, &merge} {
		for it, err := range tree.Items(ctx, format.AllKeys()) {
			if err == nil {
				err = t.item(it)
			}
			if err != nil {
				return 0, 0, err
			}
		}
	}
	if t.meta.overflow || t.data.overflow {
		return 0, 0, t.overflowError()
	}
	return t.meta.sum, t.data.sum, nil
}

// totals adds up free blocks.
type totals struct {
	meta, data total
}

type total struct {
	name     string
	sum      uint64
	overflow bool
}

func (t *total) add(n uint64) {
	sum, carry := bits.Add64(t.sum, n, 0)
	t.sum = sum
	t.overflow = t.overflow || carry != 0
}

func (t *totals) lists(heads ...*format.AllocListHead) {
	for _, head := range heads {
		t.meta.add(head.TotalNr.Get())
	}
}

// item adds what an item holds, if its kind holds any.
func (t *totals) item(it btree.Item) error {
	var err error
	switch format.KindOf(it.Key) {
	case format.KindLogTrees:
		var v *format.LogTrees
		if v, err = format.ViewExact[format.LogTrees](it.Value); err == nil {
			t.lists(&v.MetaAvail, &v.MetaFreed)
			t.data.add(v.DataAvail.TotalLen.Get())
			t.data.add(v.DataFreed.TotalLen.Get())
		}
	case format.KindSrchPending, format.KindSrchBusy:
		var v *format.SrchCompact
		if v, err = format.ViewExact[format.SrchCompact](it.Value); err == nil {
			t.lists(&v.MetaAvail, &v.MetaFreed)
		}
	case format.KindLogMergeRequest:
		var v *format.LogMergeRequest
		if v, err = format.ViewExact[format.LogMergeRequest](it.Value); err == nil {
			t.lists(&v.MetaAvail, &v.MetaFreed)
		}
	case format.KindLogMergeComplete:
		var v *format.LogMergeComplete
		if v, err = format.ViewExact[format.LogMergeComplete](it.Value); err == nil {
			t.lists(&v.MetaAvail, &v.MetaFreed)
		}
	}
	if err != nil {
		return fmt.Errorf("%s item %v: %w", format.KindOf(it.Key), it.Key, err)
	}
	return nil
}

func (t *totals) overflowError() error {
	which := &t.meta
	if !which.overflow {
		which = &t.data
	}
	return &format.CorruptError{
		Structure: "allocator totals",
		Field:     which.name,
		Found:     "more than 2^64",
		Expected:  "no more than the device has",
	}
}
