// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// readEverything reads a tree in every way. It fails if keys are not in
// order or more is found than maxItems items and maxBlocks blocks, and
// returns whether there was any error.
func readEverything(tb testing.TB, tree *btree.Tree, probes []testblock.Item, maxItems, maxBlocks int) (failed bool) {
	tb.Helper()
	ctx := context.Background()
	items, last := 0, format.Key{}
	for it, err := range tree.Items(ctx, format.AllKeys()) {
		if err != nil {
			failed = true
			continue
		}
		if items > 0 && !last.Less(it.Key) {
			tb.Fatalf("%v after %v", it.Key, last)
		}
		if items++; items > maxItems {
			tb.Fatalf("more than %d items", maxItems)
		}
		last = it.Key
	}
	whole := tree.NewCursor(btree.CursorOptions{Whole: true})
	items, last = 0, format.Key{}
	for ok := whole.Seek(ctx, format.Key{}); ok; ok = whole.Next() {
		if items > 0 && !last.Less(whole.Key()) {
			tb.Fatalf("%v after %v", whole.Key(), last)
		}
		if items++; items > maxItems {
			tb.Fatalf("more than %d items", maxItems)
		}
		last = whole.Key()
	}
	if whole.Err() == nil && failed {
		tb.Fatal("a cursor over whole leaves has no error")
	}
	failed = failed || whole.Err() != nil
	blocks := 0
	for at, err := range tree.Blocks(ctx) {
		failed = failed || err != nil
		if blocks++; blocks > maxBlocks {
			tb.Fatalf("more than %d blocks and errors", maxBlocks)
		}
		if at.Block == nil || err != nil {
			continue
		}
		for range btree.Verify(at.Block, btree.VerifyOptions{Level: at.Level, Range: at.Range, AnyItem: true}) {
			failed = true
			break
		}
	}
	for _, probe := range probes {
		for name, find := range map[string]func(context.Context, format.Key) (btree.Item, error){
			"lookup": tree.Lookup, "next": tree.Next, "prev": tree.Prev,
		} {
			it, err := find(ctx, probe.Key)
			failed = failed || err != nil
			if err != nil {
				continue
			}
			order := it.Key.Compare(probe.Key)
			if name == "lookup" && order != 0 || name == "next" && order < 0 || name == "prev" && order > 0 {
				tb.Fatalf("%s %v found %v", name, probe.Key, it.Key)
			}
		}
	}
	tree.Reader.Wait()
	return failed
}

// Damage to any byte of any block of a tree, with a crc that agrees, must
// neither panic nor hang, and damage to what links blocks and items must be
// noticed.
func TestEveryDamagedByteIsSurvived(t *testing.T) {
	t.Parallel()
	items := everyThird(20)
	v := testblock.New(t, 20)
	root := v.Tree(4, items...) // leaves 2 to 6, their parents 7 and 8, the root 9
	for _, blkno := range []uint64{4, 7, 9} {
		bytes := make([]byte, format.LargeBlockSize)
		if _, err := v.Dev.ReadAt(bytes, int64(blkno)<<16); err != nil {
			t.Fatal(err)
		}
		b := mustView(bytes)
		lowest := b.ValueEnd()
		for slot := range b.NrItems() {
			lowest = min(lowest, int(b.Item(slot).ValOff.Get()))
		}
		for off := 32; off < len(bytes); off++ {
			switch {
			case off == 48+56*b.NrItems():
				off = lowest // nothing is in between
			case off > b.ValueEnd():
				off += 6 // the hash table is all alike
			}
			if off >= len(bytes) {
				break
			}
			for _, mask := range []byte{1, 0x38, 0xff} {
				// Any item may be a deletion as far as its tree is not known.
				flags := off < lowest && (off-48)%56 == 52 && mask == 1
				noticeable := meaningful(b, off, mask) && !flags
				bytes[off] ^= mask
				format.Seal(bytes)
				v.Write(blkno, bytes)
				if !readEverything(t, open(v, root), items, 40, 100) && noticeable {
					t.Errorf("blkno %d, byte %d flipped with %#x goes unnoticed", blkno, off, mask)
				}
				bytes[off] ^= mask
			}
		}
		format.Seal(bytes)
		v.Write(blkno, bytes)
	}
	if readEverything(t, open(v, root), items, len(items), 8) {
		t.Error("the undamaged tree is not sound")
	}
}

func TestErrorsOfDamagedTrees(t *testing.T) {
	t.Parallel()
	leaf := func(items ...testblock.Item) []byte { return testblock.Btree(0, items...) }
	tests := []struct {
		name   string
		build  func(v *testblock.Volume) format.Root
		field  string
		source string
		not    []string // ways to read that need not notice
	}{
		{
			name: "child of the wrong level",
			build: func(v *testblock.Volume) format.Root {
				child := v.Add(format.MagicBtree, testblock.Btree(1, testblock.RefItem(format.MaxKey(), format.Ref{Blkno: 2, Seq: 1})))
				return format.Root{Ref: v.Add(format.MagicBtree, testblock.Btree(1, testblock.RefItem(format.MaxKey(), child))), Height: 2}
			},
			field: "level", source: format.SourceBtreeBlockLevel,
		},
		{
			name: "parent that refers to itself",
			build: func(v *testblock.Volume) format.Root {
				ref := v.NextRef()
				v.Add(format.MagicBtree, testblock.Btree(1, testblock.RefItem(format.MaxKey(), ref)))
				return format.Root{Ref: ref, Height: 2}
			},
			field: "level", source: format.SourceBtreeBlockLevel,
		},
		{
			name: "root of the wrong level",
			build: func(v *testblock.Volume) format.Root {
				return format.Root{Ref: v.Add(format.MagicBtree, leaf(inodes(1)...)), Height: 3}
			},
			field: "level", source: format.SourceBtreeBlockLevel,
		},
		{
			name: "parent without items",
			build: func(v *testblock.Volume) format.Root {
				return format.Root{Ref: v.Add(format.MagicBtree, testblock.Btree(1)), Height: 2}
			},
			field: "last key", source: format.SourceBtreeNoChildRef,
		},
		{
			name: "parent that ends too early",
			build: func(v *testblock.Volume) format.Root {
				child := v.Add(format.MagicBtree, leaf())
				return format.Root{Ref: v.Add(format.MagicBtree, testblock.Btree(1, testblock.RefItem(format.Key{}, child))), Height: 2}
			},
			field: "last key", source: format.SourceBtreeNoChildRef,
			not: []string{"items", "blocks"}, // they do not look for a key that is missing
		},
		{
			name: "child reference of the wrong size",
			build: func(v *testblock.Volume) format.Root {
				it := testblock.Item{Key: format.MaxKey(), Value: make([]byte, 24)}
				return format.Root{Ref: v.Add(format.MagicBtree, testblock.Btree(1, it)), Height: 2}
			},
			field: "value",
		},
		{
			name: "child reference to nothing",
			build: func(v *testblock.Volume) format.Root {
				return format.Root{Ref: v.Add(format.MagicBtree, testblock.Btree(1, testblock.RefItem(format.MaxKey(), format.Ref{}))), Height: 2}
			},
			field: "blkno",
		},
		{
			name: "value outside the block",
			build: func(v *testblock.Volume) format.Root {
				b := leaf(inodes(1)...)
				mustView(b).Item(0).ValOff.Set(65528)
				return format.Root{Ref: v.Add(format.MagicBtree, b), Height: 1}
			},
			field: "value", not: []string{"blocks"},
		},
		{
			name: "value of more than a value can have",
			build: func(v *testblock.Volume) format.Root {
				b := leaf(inodes(1)...)
				mustView(b).Item(0).ValOff.Set(1000)
				mustView(b).Item(0).ValLen.Set(897)
				return format.Root{Ref: v.Add(format.MagicBtree, b), Height: 1}
			},
			field: "value", not: []string{"blocks"},
		},
		{
			name: "link to itself",
			build: func(v *testblock.Volume) format.Root {
				b := leaf(inodes(1)...)
				mustView(b).Item(0).Node.Left.Set(format.NodeOffset(0))
				mustView(b).Item(0).Node.Right.Set(format.NodeOffset(0))
				return format.Root{Ref: v.Add(format.MagicBtree, b), Height: 1}
			},
			field: "avl tree", not: []string{"lookup", "blocks"},
		},
		{
			name: "link outside the items",
			build: func(v *testblock.Volume) format.Root {
				b := leaf(inodes(1)...)
				mustView(b).Item(0).Node.Left.Set(60000)
				mustView(b).Item(0).Node.Right.Set(60000)
				return format.Root{Ref: v.Add(format.MagicBtree, b), Height: 1}
			},
			field: "avl link", not: []string{"lookup", "blocks"},
		},
		{
			name: "hash slot outside the items",
			build: func(v *testblock.Volume) format.Root {
				b := leaf(inodes(1)...)
				for i := range format.LeafHashSlots {
					mustView(b).SetLeafHash(i, 104)
				}
				return format.Root{Ref: v.Add(format.MagicBtree, b), Height: 1}
			},
			field: "hash slot 1040", not: []string{"next", "prev", "seek", "items", "blocks"},
		},
		{
			name: "leaf with keys of the next one",
			build: func(v *testblock.Volume) format.Root {
				first := v.Add(format.MagicBtree, leaf(inodes(1, 9)...))
				second := v.Add(format.MagicBtree, leaf(inodes(7)...))
				return format.Root{Ref: v.Add(format.MagicBtree, testblock.Btree(1,
					testblock.RefItem(format.InodeKey(5), first),
					testblock.RefItem(format.MaxKey(), second))), Height: 2}
			},
			field: "last key", not: []string{"lookup", "next", "prev", "blocks"},
		},
		{
			name: "leaf with keys of the one before",
			build: func(v *testblock.Volume) format.Root {
				first := v.Add(format.MagicBtree, leaf(inodes(1, 3)...))
				second := v.Add(format.MagicBtree, leaf(inodes(2)...))
				return format.Root{Ref: v.Add(format.MagicBtree, testblock.Btree(1,
					testblock.RefItem(format.InodeKey(5), first),
					testblock.RefItem(format.MaxKey(), second))), Height: 2}
			},
			field: "key", not: []string{"lookup", "next", "prev", "blocks"},
		},
		{
			name: "items that no link leads to",
			build: func(v *testblock.Volume) format.Root {
				b := leaf(inodes(1, 2)...) // slot 1 is the root
				mustView(b).Item(1).Node.Left.Set(0)
				return format.Root{Ref: v.Add(format.MagicBtree, b), Height: 1}
			},
			field: "avl tree", not: []string{"lookup", "next", "prev", "blocks", "seek", "items"},
		},
		{
			name: "items that no link leads to, in a later leaf",
			build: func(v *testblock.Volume) format.Root {
				b := leaf(inodes(7, 8)...)
				mustView(b).Item(1).Node.Left.Set(0)
				first := v.Add(format.MagicBtree, leaf(inodes(1)...))
				return format.Root{Ref: v.Add(format.MagicBtree, testblock.Btree(1,
					testblock.RefItem(format.InodeKey(5), first),
					testblock.RefItem(format.MaxKey(), v.Add(format.MagicBtree, b)))), Height: 2}
			},
			field: "avl tree", not: []string{"lookup", "next", "prev", "blocks"},
		},
	}
	for _, test := range tests {
		v := testblock.New(t, 20)
		tree := open(v, test.build(v))
		tree.Kind = format.TreeLogItems
		silent := map[string]bool{}
		for _, name := range test.not {
			silent[name] = true
		}
		for name, err := range everyError(t.Context(), tree) {
			if silent[name] {
				continue
			}
			var corrupt *format.CorruptError
			if !errors.As(err, &corrupt) || corrupt.Field != test.field || corrupt.Source != test.source {
				t.Errorf("%s: %s: error is %v", test.name, name, err)
				continue
			}
			if text := err.Error(); !strings.Contains(text, "item_root") {
				t.Errorf("%s: %s: error %q does not name the tree", test.name, name, text)
			}
		}
	}
}

// A tree whose blocks all refer to one block of the level below has more
// paths than anyone can walk.
func TestSharedBlocksDoNotMultiplyWork(t *testing.T) {
	t.Parallel()
	const fan = 150
	for _, items := range [][]testblock.Item{nil, inodes(7)} {
		v := testblock.New(t, 40)
		ref := v.Add(format.MagicBtree, testblock.Btree(0, items...))
		for level := 1; level < format.MaxBtreeHeight; level++ {
			var refs []testblock.Item
			for i := range uint64(fan) {
				refs = append(refs, testblock.RefItem(format.InodeKey(i*10), ref))
			}
			refs[fan-1].Key = format.MaxKey()
			ref = v.Add(format.MagicBtree, testblock.Btree(level, refs...))
		}
		tree := open(v, format.Root{Ref: ref, Height: format.MaxBtreeHeight})
		probes := inodes(0, 7, 77, 5000, 1<<40)
		if !readEverything(t, tree, probes, 1, 2*fan*format.MaxBtreeHeight+100) {
			t.Error("no error")
		}
	}
}

func TestFreeingLogTreeOwnsWhatIsLeft(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 40)
	items := everyThird(16)     // 8 leaves: blknos 2 to 9
	root := v.Tree(2, items...) // level 1: 10 to 13; level 2: 14 and 15; root: 16
	lastOf := func(leaf int) format.Key { return items[2*leaf+1].Key }
	tests := []struct {
		progress format.Key
		want     string
	}{
		{format.Key{}, "[2 3 4 5 6 7 8 9 10 11 12 13 14 15 16]"},
		{lastOf(0), "[2 3 4 5 6 7 8 9 10 11 12 13 14 15 16]"},
		{lastOf(0).Next(), "[3 4 5 6 7 8 9 10 11 12 13 14 15 16]"},
		{lastOf(2).Next(), "[5 6 7 8 9 10 11 12 13 14 15 16]"},
		{lastOf(3), "[5 6 7 8 9 10 11 12 13 14 15 16]"},
		// Now the parents of the first half cannot be reached any more.
		{lastOf(3).Next(), "[6 7 8 9 12 13 15 16]"},
		{lastOf(6).Next(), "[9 12 13 15 16]"},
		{format.MaxKey(), "[]"},
	}
	for _, test := range tests {
		tree := open(v, root)
		owned := map[uint64]bool{}
		for b, err := range tree.UnfreedRefs(t.Context(), test.progress) {
			if err != nil {
				t.Fatal(err)
			}
			owned[b.Ref.Blkno] = true
		}
		var list []uint64
		for blkno := uint64(2); blkno < 40; blkno++ {
			if owned[blkno] {
				list = append(list, blkno)
			}
		}
		if got := fmt.Sprint(list); got != test.want {
			t.Errorf("progress %v: blocks are %s, want %s", test.progress, got, test.want)
		}
	}
	// What is freed may hold anything, and is not read.
	v.Write(2, testblock.NewBlock())
	v.Write(10, testblock.NewBlock())
	v.Write(14, testblock.NewBlock())
	for _, err := range open(v, root).UnfreedRefs(t.Context(), lastOf(3).Next()) {
		if err != nil {
			t.Error(err)
		}
	}
}
