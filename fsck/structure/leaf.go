// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

// leaves is what Leaf knows about the trees whose leaves it is given, and
// about those leaves.
type leaves struct {
	ctx   context.Context        // of Trees
	trees map[TreeID]*mergedTree // not changed after Trees
	// seen are the leaves that Leaf has been given, good those that turned
	// out to be usable.
	seen, good bitmap
}

// mergedTree is a tree of the merged view.
type mergedTree struct {
	id     TreeID
	kind   format.Tree
	height int
	// maxSeq bounds the seqs of a log tree's items, bloom is its filter.
	maxSeq uint64
	bloom  format.Ref

	mutex    sync.Mutex // guards what follows
	noBloom  bool       // a missing bit has been reported
	greatest seqPlace   // greatest seq of an item
}

// seqPlace is an item and its seq.
type seqPlace struct {
	seq, blkno uint64
	key        format.Key
}

func (t *mergedTree) place() problem.Place {
	return problem.Place{InTree: true, Tree: t.kind, RID: t.id.RID, Nr: t.id.Nr}
}

// Leaf checks a block of fs_root or of a log tree that a reader of the merged
// view has come to, with what at says about its place, and reports whether its
// items can be used. If it could not be read, err is why and at.Block nil.
//
// What is wrong with a leaf is reported by the first call. The keys of a leaf
// that cannot be used are Unknown when the call returns, as are those of single
// items that cannot be used in a leaf that can. Blocks above leaves are known
// from Trees, and their keys Unknown if they cannot be used.
func (c *Checker) Leaf(tree TreeID, b btree.Block, err error) bool {
	t := c.leaves.trees[tree]
	if t == nil || b.Level > 0 || c.reader.CheckRef(b.Ref, format.MagicBtree) != nil {
		return err == nil
	}
	if err != nil {
		c.unreadableLeaf(t, b, err)
		return false
	}
	// A leaf that two parents lead to may be usable in one place only.
	quarrel := c.ledger.quarrel.has(b.Ref.Blkno)
	first := c.leaves.seen.raise(b.Ref.Blkno)
	if !first && !quarrel && c.leaves.good.raised(b.Ref.Blkno) {
		return true
	}
	report := c.report
	if !first {
		report = func(problem.Number, problem.Place, string, string) {}
	} else {
		c.opts.Progress.Add(format.LargeBlockSize)
	}
	v := c.judgeLeaf(t, b, quarrel, report)
	if !first || v.unusable {
		return !v.unusable
	}
	c.leafItems(t, b, &v)
	c.leaves.good.raise(b.Ref.Blkno)
	return true
}

// unreadableLeaf reports a leaf once.
func (c *Checker) unreadableLeaf(t *mergedTree, b btree.Block, err error) {
	number, found, expected, ok := readProblem(err)
	if !ok {
		return // the check is over
	}
	c.result.Unknown.Add(b.Range)
	if number == problem.BlockReference {
		// The block is there, but it is no leaf of this place.
		if bytes, err := c.reader.Read(c.leaves.ctx, b.Ref, format.MagicBtree); err == nil {
			if b.Block, err = format.ViewBtreeBlock(bytes); err == nil {
				c.Leaf(t.id, b, nil)
				return
			}
		}
	}
	if !c.leaves.seen.raise(b.Ref.Blkno) {
		return
	}
	c.report(number, at(t.place(), b.Ref.Blkno), found, expected)
	if misdirected(number) {
		c.lost.Store(true)
	}
}

// judgeLeaf verifies a leaf and notes what of it is unknown. That a leaf which
// others claim too has keys of another place goes without saying: Finish
// reports the claims.
func (c *Checker) judgeLeaf(t *mergedTree, b btree.Block, quarrel bool, report reporter) verdict {
	opts := btree.VerifyOptions{Range: b.Range, Root: t.height == 1, Tree: t.kind, Ordered: b.Ordered}
	v := judge(b.Block, opts, at(t.place(), b.Ref.Blkno), func(n problem.Number, place problem.Place, found, expected string) {
		if !quarrel || n != problem.BtreeKeyRange {
			report(n, place, found, expected)
		}
	})
	if v.unusable {
		c.result.Unknown.Add(b.Range)
	}
	for _, keys := range v.keys(b.Block) {
		c.result.Unknown.Add(keys)
	}
	return v
}

// leafItems looks at what items say beside their place: sequence numbers,
// locks and padding.
func (c *Checker) leafItems(t *mergedTree, b btree.Block, v *verdict) {
	nr := b.Block.NrItems()
	var greatest seqPlace
	bloom := bloomCheck{c: c, t: t, bloom: c.bloomOf(t)}
	for slot := range nr {
		if len(v.bad) > 0 && slices.Contains(v.bad, slot) {
			continue
		}
		it := b.Block.Item(slot)
		seq := it.Seq.Get()
		if seq > greatest.seq {
			greatest = seqPlace{seq, b.Ref.Blkno, it.Key.Key()}
		}
		if seq == 0 {
			c.report(problem.ItemSeq, withKey(at(t.place(), b.Ref.Blkno), it.Key.Key()), "0", "at least 1")
		}
		if bloom.bloom != nil {
			bloom.item(b.Ref.Blkno, it)
		}
		if pad := valuePad(b.Block, it); pad != 0 {
			c.report(problem.ItemPad, withField(withKey(at(t.place(), b.Ref.Blkno), it.Key.Key()), "value"), "padding that is not zero", "zero")
		}
	}
	t.note(greatest)
	if t.kind == format.TreeFSRoot && greatest.seq > c.seqs.limit {
		c.seqs.items(t, b)
	}
}

// note takes the item of a leaf with the greatest seq.
func (t *mergedTree) note(p seqPlace) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if p.seq > t.greatest.seq || p.seq == t.greatest.seq && p.key.Less(t.greatest.key) {
		t.greatest = p
	}
}

// valuePad returns the padding bytes of an item's value, ORed together. Only
// lengths that the kind can have are looked at.
func valuePad(b *format.BtreeBlock, it *format.BtreeItem) uint64 {
	val, _ := b.Value(it)
	word := func(off int) uint64 { return binary.LittleEndian.Uint64(val[off : off+8]) }
	switch it.Key.Zone {
	case format.ZoneFS:
	case format.ZoneQuota:
		if len(val) == format.Size[format.QuotaRule]() {
			return word(40) >> 8
		}
		return 0
	default:
		return 0
	}
	switch it.Key.Type {
	case format.TypeInode:
		if len(val) >= format.Size[format.InodeV1]() {
			return (word(104) | word(120) | word(136) | word(152)) >> 32
		}
	case format.TypeDirent, format.TypeReaddir, format.TypeLinkBackref:
		if len(val) > format.Size[format.Dirent]() {
			return word(24) >> 8
		}
	case format.TypeXattr:
		if it.Key.Fourth == 0 && len(val) >= format.Size[format.XattrHead]() {
			return word(0) >> 24
		}
	case format.TypeDataExtent:
		if len(val) == format.Size[format.DataExtent]() {
			return word(8) >> 8
		}
	}
	return 0
}

// bloomCheck looks for the locks of a leaf's items in the tree's filter.
// Neighbouring items have one lock, mostly.
type bloomCheck struct {
	c     *Checker
	t     *mergedTree
	bloom *format.BloomBlock
	lock  format.Range // that was found last
}

func (k *bloomCheck) item(blkno uint64, it *format.BtreeItem) {
	key := it.Key.Key()
	if k.lock.Contains(key) && k.lock.Start.Zone == key.Zone && k.lock.Start.Zone != 0 {
		return
	}
	lock, ok := format.LockRange(key)
	if !ok {
		return
	}
	if k.bloom.Has(format.BloomBitsOf(lock.Start)) {
		k.lock = lock
		return
	}
	k.t.mutex.Lock()
	reported := k.t.noBloom
	k.t.noBloom = true
	k.t.mutex.Unlock()
	if !reported {
		k.c.report(problem.BloomBit, withKey(at(k.t.place(), blkno), key), "no bits for lock "+lock.Start.String(), "all of them")
	}
}

// bloomOf returns a log tree's filter, nil if it has none that can be read.
func (c *Checker) bloomOf(t *mergedTree) *format.BloomBlock {
	if t.bloom.IsZero() {
		return nil
	}
	b, err := c.reader.Read(c.leaves.ctx, t.bloom, format.MagicBloom)
	if err != nil {
		return nil
	}
	bloom, err := format.ViewBloomBlock(b)
	if err != nil {
		return nil
	}
	return bloom
}
