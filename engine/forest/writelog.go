// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	"context"
	"fmt"
	"iter"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
)

// WriteLog writes an overlay's changes into a log tree: items in place of those
// that are there, totals added to them (docs/format.md 7.4), and the start keys
// of their locks' ranges into the bloom filter (docs/format.md 4.6). It sets
// ItemRoot, BloomRef and MaxItemSeq of lt, whose place in logs_root is the
// caller's to write. It returns how many blocks the item tree has gained.
//
// Items that lie in no lock's range, so that no filter could lead to them, are
// an error. After an error lt is as it was, and the blocks are to be discarded.
func WriteLog(ctx context.Context, w *block.Writer, lt *format.LogTrees, o *Overlay) (blocks int, err error) {
	if o.Len() == 0 {
		return 0, nil
	}
	tree := btree.NewWriter(w, lt.ItemRoot.Root(), format.TreeLogItems)
	if err := tree.Apply(ctx, o.itemsOrErrors(), addToLog); err != nil {
		return 0, fmt.Errorf("writing log trees %016x.%d: %w", lt.RID.Get(), lt.Nr.Get(), err)
	}
	bloom, err := writeBloom(ctx, w, lt.BloomRef.Ref(), o)
	if err != nil {
		return 0, fmt.Errorf("writing the bloom filter of log trees %016x.%d: %w", lt.RID.Get(), lt.Nr.Get(), err)
	}
	lt.ItemRoot.Set(tree.Root())
	lt.BloomRef.Set(bloom)
	lt.MaxItemSeq.Set(o.maxSeq())
	return tree.Blocks(), nil
}

// addToLog is what becomes of an item in a log tree.
func addToLog(old *btree.Item, it btree.Item) (btree.Item, btree.Action, error) {
	if old == nil || it.Key.Zone != format.ZoneXattrTotl {
		return it, btree.Store, nil
	}
	sum, err := addTotals(old.Value, it.Value)
	if err != nil {
		return it, btree.Keep, fmt.Errorf("total %s: %w", it.Key, err)
	}
	it.Value = format.Bytes(&sum)
	return it, btree.Store, nil
}

// itemsOrErrors is Items that ends at an item that no bloom filter can hold.
func (o *Overlay) itemsOrErrors() iter.Seq2[btree.Item, error] {
	return func(yield func(btree.Item, error) bool) {
		for it := range o.Items() {
			var err error
			if _, ok := format.LockRange(it.Key); !ok {
				err = fmt.Errorf("no lock covers items like %s", it.Key)
			}
			if !yield(it, err) || err != nil {
				return
			}
		}
	}
}

// writeBloom adds to a bloom filter what it does not hold yet.
func writeBloom(ctx context.Context, w *block.Writer, ref format.Ref, o *Overlay) (format.Ref, error) {
	missing, err := missingBits(ctx, w, ref, o)
	if err != nil || len(missing) == 0 {
		return ref, err
	}
	var b []byte
	if ref.IsZero() {
		b, ref, err = w.New(ctx, format.MagicBloom)
	} else {
		b, ref, err = w.Change(ctx, ref, format.MagicBloom)
	}
	if err != nil {
		return format.Ref{}, err
	}
	bloom, err := format.ViewBloomBlock(b)
	if err != nil {
		return format.Ref{}, err
	}
	for _, bits := range missing {
		bloom.Add(bits)
	}
	return ref, nil
}

// missingBits returns the bits of the items' lock ranges that a filter lacks.
func missingBits(ctx context.Context, w *block.Writer, ref format.Ref, o *Overlay) ([][format.BloomFunctions]uint32, error) {
	var there *format.BloomBlock
	if !ref.IsZero() {
		b, err := w.Read(ctx, ref, format.MagicBloom)
		if err == nil {
			there, err = format.ViewBloomBlock(b)
		}
		if err != nil {
			return nil, err
		}
	}
	var missing [][format.BloomFunctions]uint32
	var last format.Range
	for it := range o.Items() {
		if last.End != (format.Key{}) && last.Contains(it.Key) {
			continue
		}
		last, _ = format.LockRange(it.Key)
		if bits := format.BloomBitsOf(last.Start); there == nil || !there.Has(bits) {
			missing = append(missing, bits)
		}
	}
	return missing, nil
}
