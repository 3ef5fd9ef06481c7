// SPDX-License-Identifier: GPL-2.0-or-later

package forest

import (
	"context"
	"fmt"

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
	items := logItems{overlay: o}
	if err := tree.Apply(ctx, items.all, addToLog); err != nil {
		return 0, fmt.Errorf("writing log trees %016x.%d: %w", lt.RID.Get(), lt.Nr.Get(), err)
	}
	bloom, err := addToBloom(ctx, w, lt.BloomRef.Ref(), items.locks)
	if err != nil {
		return 0, fmt.Errorf("writing the bloom filter of log trees %016x.%d: %w", lt.RID.Get(), lt.Nr.Get(), err)
	}
	lt.ItemRoot.Set(tree.Root())
	lt.BloomRef.Set(bloom)
	lt.MaxItemSeq.Set(items.maxSeq)
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

// logItems yields an overlay's items and remembers what they have in common.
type logItems struct {
	overlay *Overlay
	locks   []format.Range // that cover the items, each once
	maxSeq  uint64
}

// all yields the items, and ends with an error at one that no bloom filter can
// hold.
func (l *logItems) all(yield func(btree.Item, error) bool) {
	for it := range l.overlay.Items() {
		l.maxSeq = max(l.maxSeq, it.Seq)
		if n := len(l.locks); n == 0 || !l.locks[n-1].Contains(it.Key) {
			lock, ok := format.LockRange(it.Key)
			if !ok {
				yield(it, fmt.Errorf("no lock covers items like %s", it.Key))
				return
			}
			l.locks = append(l.locks, lock)
		}
		if !yield(it, nil) {
			return
		}
	}
}

// addToBloom adds to a bloom filter those locks that it does not hold yet.
func addToBloom(ctx context.Context, w *block.Writer, ref format.Ref, locks []format.Range) (format.Ref, error) {
	missing, err := missingBits(ctx, w, ref, locks)
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

// missingBits returns the bits of the locks that a filter lacks.
func missingBits(ctx context.Context, w *block.Writer, ref format.Ref, locks []format.Range) ([][format.BloomFunctions]uint32, error) {
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
	for _, lock := range locks {
		if bits := format.BloomBitsOf(lock.Start); there == nil || !there.Has(bits) {
			missing = append(missing, bits)
		}
	}
	return missing, nil
}
