// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// soundExample is a sound block of many items, of a level and a tree.
func soundExample(tb testing.TB, level int, tree format.Tree) (*format.BtreeBlock, VerifyOptions) {
	tb.Helper()
	var items []testblock.Item
	for ino := range uint64(100) {
		switch {
		case level > 0:
			items = append(items, testblock.RefItem(format.InodeKey(ino), format.Ref{Blkno: ino + 2, Seq: 1}))
		case tree == format.TreeAlloc:
			items = append(items, testblock.Item{Key: format.FreeBlknoKey(format.Extent{Start: 10 * ino, Len: 5})})
		default:
			items = append(items,
				testblock.Item{Key: format.InodeKey(ino), Value: make([]byte, 160)},
				testblock.Item{Key: format.SymlinkKey(ino, 0), Value: make([]byte, 1+ino)},
				testblock.Item{Key: format.DataExtentKey(ino, format.Extent{Start: 0, Len: 5}), Value: make([]byte, 16)})
		}
	}
	if tree == format.TreeLogItems && level == 0 {
		items[7].Flags, items[7].Value = format.ItemFlagDeletion, nil
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	b, err := format.ViewBtreeBlock(testblock.Btree(level, items...))
	if err != nil {
		tb.Fatal(err)
	}
	end := format.MaxKey()
	if level > 0 {
		end = format.InodeKey(99)
	}
	return b, VerifyOptions{Level: level, Tree: tree, Range: format.Range{End: end}}
}

// agree fails unless the quick answer and the thorough one are the same.
func agree(tb testing.TB, b *format.BtreeBlock, opts VerifyOptions) (sound bool) {
	tb.Helper()
	var first *Violation
	v := verifier{b: b, head: b.Head(), opts: opts, nr: b.NrItems(), level: b.Level(), most: format.MaxLeafItems, yield: func(v Violation) bool {
		first = &v
		return false
	}}
	if v.level > 0 {
		v.most = format.MaxParentItems
	}
	sound = v.sound()
	v.verify()
	if sound != (first == nil) {
		tb.Fatalf("sound is %v, but the first violation is %v", sound, first)
	}
	return sound
}

// FuzzQuickAndThoroughAgree changes bytes of blocks: each four of patches are
// an offset, a mask and what to do.
func FuzzQuickAndThoroughAgree(f *testing.F) {
	for which := range uint8(8) {
		f.Add(which, []byte{})
		f.Add(which, []byte{33, 0, 3, 0})
		f.Add(which, []byte{40, 0, 1, 0})
		f.Add(which, []byte{50, 0, 1, 1, 200, 0, 9, 200})
	}
	f.Fuzz(func(t *testing.T, which uint8, patches []byte) {
		trees := [...]format.Tree{format.TreeFSRoot, format.TreeLogItems, format.TreeAlloc, format.TreeSrchRoot}
		b, opts := soundExample(t, int(which>>2&1), trees[which&3])
		opts.Root, opts.AnyItem = which>>3&1 != 0, which>>4&1 != 0
		used := 48 + 56*(b.NrItems()+1)
		for ; len(patches) >= 4; patches = patches[4:] {
			off := int(binary.LittleEndian.Uint16(patches))
			if patches[3] < 200 {
				off = 32 + off%(used-32)
			}
			b[off] ^= patches[2]
		}
		agree(t, b, opts)
	})
}

func TestQuickAndThoroughAgreeOnEveryByte(t *testing.T) {
	t.Parallel()
	for _, level := range []int{0, 1} {
		b, opts := soundExample(t, level, format.TreeLogItems)
		if !agree(t, b, opts) {
			t.Fatalf("the example of level %d is not sound", level)
		}
		random := rand.New(rand.NewPCG(3, 4))
		for off := 32; off < len(b); off += 1 + random.IntN(25) {
			if off == 48+56*b.NrItems() {
				off = format.LeafHashOffset
			}
			mask := byte(1) << random.IntN(8)
			b[off] ^= mask
			agree(t, b, opts)
			b[off] ^= mask
		}
	}
}
