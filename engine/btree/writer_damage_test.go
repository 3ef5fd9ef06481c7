// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// A damaged block is not changed: the error names it, and what it has can be
// saved.
func TestDamagedBlocksAreNotChanged(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(b *format.BtreeBlock){
		"an avl link":       func(b *format.BtreeBlock) { b.Item(2).Node.Left.Set(17) },
		"an avl loop":       func(b *format.BtreeBlock) { b.Item(0).Node.Left.Set(format.NodeOffset(1)) },
		"a height":          func(b *format.BtreeBlock) { b.Item(1).Node.Height = 5 },
		"the count":         func(b *format.BtreeBlock) { b.Head().NrItems.Set(3) },
		"the bytes":         func(b *format.BtreeBlock) { b.Head().TotalItemBytes.Set(1) },
		"the free bytes":    func(b *format.BtreeBlock) { b.Head().MidFreeLen.Set(65000) },
		"a value's place":   func(b *format.BtreeBlock) { b.Item(1).ValOff.Set(62510) },
		"values overlap":    func(b *format.BtreeBlock) { b.Item(1).ValOff = b.Item(2).ValOff },
		"the hash table":    func(b *format.BtreeBlock) { b.SetLeafHash(format.LeafHashBucket(format.InodeKey(60)), 0) },
		"a key out of room": func(b *format.BtreeBlock) { b.Item(3).Key.Set(format.InodeKey(500)) },
	} {
		for what, change := range map[string]func(w *btree.Writer) error{
			"force":  func(w *btree.Writer) error { return w.Force(t.Context(), btree.Item{Key: format.InodeKey(61)}) },
			"delete": func(w *btree.Writer) error { return w.Delete(t.Context(), format.InodeKey(60)) },
		} {
			v := testblock.New(t, 40)
			leaf := testblock.Btree(0, inodes(40, 10, 60, 20, 70, 30, 50)...)
			damage(mustView(leaf))
			root := v.Add(format.MagicBtree, testblock.Btree(1,
				testblock.RefItem(format.InodeKey(100), v.Add(format.MagicBtree, leaf)),
				testblock.RefItem(format.MaxKey(), v.Add(format.MagicBtree, testblock.Btree(0, inodes(200)...)))))
			g := openGarden(v)
			w := btree.NewWriter(g.blocks, format.Root{Ref: root, Height: 2}, format.TreeFSRoot)
			err := change(w)
			if what == "delete" && name == "the hash table" {
				continue // the item is not found
			}
			if c := (*format.CorruptError)(nil); !errors.As(err, &c) {
				t.Errorf("%s: %s: %v, want corruption", name, what, err)
			}
			if err := w.Force(t.Context(), btree.Item{Key: format.InodeKey(201)}); err != nil {
				t.Errorf("%s: changing another leaf: %v", name, err)
			}
			if freed := g.space.Freed(); len(freed) > 2 {
				t.Errorf("%s: blocks %v are freed, want the root and the other leaf", name, freed)
			}
		}
	}
}

// Two references to one block would have it freed twice.
func TestSharedBlocksAreNotChanged(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 40)
	empty := v.Add(format.MagicBtree, testblock.Btree(0))
	root := v.Add(format.MagicBtree, testblock.Btree(1,
		testblock.RefItem(format.InodeKey(100), empty),
		testblock.RefItem(format.InodeKey(200), empty),
		testblock.RefItem(format.MaxKey(), v.Add(format.MagicBtree, testblock.Btree(0, inodes(300)...)))))
	g := openGarden(v)
	w := btree.NewWriter(g.blocks, format.Root{Ref: root, Height: 2}, format.TreeFSRoot)
	if err := w.Force(t.Context(), btree.Item{Key: format.InodeKey(50)}); err != nil {
		t.Fatal(err)
	}
	err := w.Force(t.Context(), btree.Item{Key: format.InodeKey(150)})
	if c := (*format.CorruptError)(nil); !errors.As(err, &c) {
		t.Errorf("changing the block a second time: %v, want corruption", err)
	}
}

// FuzzBtreeWriter makes changes to a tree one of whose blocks is damaged. If
// they succeed, the blocks that they changed are sound.
func FuzzBtreeWriter(f *testing.F) {
	v := testblock.New(f, 200)
	root := v.Tree(4, everyThird(20)...) // leaves 2 to 6, their parents 7 and 8, the root 9
	f.Add(uint8(0), []byte{}, []byte{1, 2, 3, 131, 132, 133})
	for blkno := range uint8(8) {
		f.Add(blkno, []byte{2, 0, 9, 0}, []byte{3, 6, 9, 12, 140, 150, 160})
		f.Add(blkno, []byte{18, 0, 72, 0, 20, 0, 16, 0}, []byte{131, 134, 137, 140, 143, 146, 149})
		f.Add(blkno, []byte{33, 0, 255, 0}, []byte{200, 201, 202, 203, 3, 6, 9})
	}
	f.Fuzz(func(t *testing.T, which uint8, patches, ops []byte) {
		blkno := 2 + int64(which)%8
		b := make([]byte, format.LargeBlockSize)
		if _, err := v.Dev.ReadAt(b, blkno<<16); err != nil {
			t.Fatal(err)
		}
		patch(b, patches[:min(len(patches), 400)])
		binary.LittleEndian.PutUint64(b[24:], uint64(blkno)) // so that it is read
		format.Seal(b)
		dev := v.Dev.Clone("damaged")
		if _, err := dev.WriteAt(b, blkno<<16); err != nil {
			t.Fatal(err)
		}
		space := &testblock.Space{Next: 10, Limit: 200}
		seq := uint64(0)
		blocks := block.NewWriter(block.NewReader(dev, block.Options{FSID: testblock.FSID}), dev, testblock.FSID,
			space, func() uint64 { seq++; return seq })
		w := btree.NewWriter(blocks, root, format.TreeFSRoot)
		for _, op := range ops[:min(len(ops), 100)] {
			key := format.InodeKey(uint64(op & 0x7f))
			if op < 128 {
				// What fails must not have changed what is sound.
				_ = w.Force(t.Context(), btree.Item{Key: key, Value: make([]byte, int(op)*7)})
			} else {
				_ = w.Delete(t.Context(), key)
			}
		}
		checkDirty(t, w, blocks)
	})
}

// checkDirty verifies the blocks of a tree that were changed.
func checkDirty(t *testing.T, w *btree.Writer, blocks *block.Writer) {
	t.Helper()
	for at, err := range w.Tree().Blocks(t.Context()) {
		if err != nil || !blocks.IsDirty(at.Ref) {
			continue
		}
		opts := btree.VerifyOptions{Level: at.Level, Range: at.Range, Root: true, AnyItem: true}
		for v := range btree.Verify(at.Block, opts) {
			t.Fatalf("changed block %v: %v", at.Ref, v.Err)
		}
	}
}
