// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// unknown is a range that a cursor has told of.
type unknown struct {
	keys format.Range
	err  error
}

// scan reads what can be read of a tree and returns the inode numbers of its
// items and the ranges that are unknown.
func scan(t *testing.T, tree *btree.Tree, from uint64, opts btree.CursorOptions) (inos []uint64, lost []unknown) {
	t.Helper()
	opts.Damaged = func(keys format.Range, err error) error {
		lost = append(lost, unknown{keys, err})
		return nil
	}
	c := tree.NewCursor(opts)
	for ok := c.Seek(t.Context(), format.InodeKey(from)); ok; ok = c.Next() {
		inos = append(inos, c.Key().First)
	}
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	tree.Reader.Wait()
	return inos, lost
}

func TestLeavesAreShownWithTheirRange(t *testing.T) {
	t.Parallel()
	_, _, items := tallTree(t)
	for _, start := range []int{0, 7, 503, 999} {
		v, root, _ := tallTree(t)
		var want []btree.Block
		for b, err := range open(v, root).Blocks(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Level == 0 && !b.Range.End.Less(items[start].Key) {
				want = append(want, b)
			}
		}
		var got []btree.Block
		c := open(v, root).NewCursor(btree.CursorOptions{Whole: true, Leaf: func(b btree.Block, err error) error {
			got = append(got, b)
			return err
		}})
		for ok := c.Seek(t.Context(), items[start].Key); ok; ok = c.Next() {
			if last := got[len(got)-1]; !last.Range.Contains(c.Key()) {
				t.Fatalf("%v in %v", c.Key(), last.Range)
			}
		}
		if c.Err() != nil || len(got) != len(want) {
			t.Fatalf("from item %d: %d leaves, want %d; %v", start, len(got), len(want), c.Err())
		}
		for i := range got {
			if got[i].Ref != want[i].Ref || got[i].Range != want[i].Range || got[i].Level != 0 || *got[i].Block != *want[i].Block {
				t.Errorf("leaf %d is %v with %v, want %v with %v", i, got[i].Ref, got[i].Range, want[i].Ref, want[i].Range)
			}
		}
	}
}

func TestCursorGoesOnBehindDamage(t *testing.T) {
	t.Parallel()
	// 60 items in 20 leaves of 3, below 7 parents of 3, below 3 of 3, below
	// a root.
	tests := []struct {
		name   string
		level  int
		nr     int // of the block in its level
		change func(b *format.BtreeBlock)
		from   uint64
		lost   [2]uint64 // inode numbers
		whole  [2]uint64 // the same with Whole, if it differs
	}{
		{name: "leaf", level: 0, nr: 4, lost: [2]uint64{12, 14}},
		{name: "first leaf", level: 0, nr: 0, lost: [2]uint64{0, 2}},
		{name: "last leaf", level: 0, nr: 19, lost: [2]uint64{57, 59}},
		{name: "leaf that a search leads to", level: 0, nr: 4, from: 13, lost: [2]uint64{13, 14}},
		{name: "parent", level: 1, nr: 2, lost: [2]uint64{18, 26}},
		{name: "parent that a search leads to", level: 1, nr: 2, from: 20, lost: [2]uint64{20, 26}},
		{name: "upper parent", level: 2, nr: 1, lost: [2]uint64{27, 44}},
		{name: "last upper parent", level: 2, nr: 2, lost: [2]uint64{45, 59}},
		{name: "root", level: 3, nr: 0, lost: [2]uint64{0, 59}},
		{
			name: "value of one item", level: 0, nr: 4, lost: [2]uint64{13, 13},
			change: func(b *format.BtreeBlock) { b.Item(1).ValOff.Set(8) },
		},
		{
			name: "link inside a leaf", level: 0, nr: 4, lost: [2]uint64{12, 14}, whole: [2]uint64{14, 14},
			change: func(b *format.BtreeBlock) { b.Item(1).Node.Right.Set(3) },
		},
		{
			name: "order inside a leaf", level: 0, nr: 4, lost: [2]uint64{13, 14},
			change: func(b *format.BtreeBlock) { b.Item(1).Key.Set(format.InodeKey(11)) },
		},
		{
			name: "link inside a parent", level: 1, nr: 2, lost: [2]uint64{24, 26},
			change: func(b *format.BtreeBlock) { b.Item(1).Node.Right.Set(3) },
		},
		{
			name: "order inside a parent", level: 1, nr: 2, lost: [2]uint64{21, 26},
			change: func(b *format.BtreeBlock) { b.Item(1).Key.Set(format.InodeKey(19)) },
		},
		{
			name: "reference in a parent", level: 1, nr: 2, lost: [2]uint64{21, 23},
			change: func(b *format.BtreeBlock) { b.Item(1).ValLen.Set(8) },
		},
		{
			name: "first reference in a parent", level: 1, nr: 2, lost: [2]uint64{18, 20},
			change: func(b *format.BtreeBlock) { b.Item(0).ValLen.Set(8) },
		},
		{
			name: "first reference in a parent that a search leads to", level: 1, nr: 2, from: 19, lost: [2]uint64{19, 20},
			change: func(b *format.BtreeBlock) { b.Item(0).ValLen.Set(8) },
		},
		{
			name: "empty parent", level: 1, nr: 2, lost: [2]uint64{18, 26},
			change: func(b *format.BtreeBlock) { b.Head().ItemRoot.Set(0); b.Head().NrItems.Set(0) },
		},
	}
	for _, test := range tests {
		v := testblock.New(t, 100)
		var items []testblock.Item
		for ino := range uint64(60) {
			items = append(items, testblock.Item{Key: format.InodeKey(ino), Seq: 1, Value: make([]byte, 160)})
		}
		root := v.Tree(3, items...)
		var at []btree.Block
		for b, err := range open(v, root).Blocks(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Level == test.level {
				at = append(at, b)
			}
		}
		content := *at[test.nr].Block
		if test.change != nil {
			test.change(&content)
			format.Seal(content[:])
		} else {
			content[100]++
		}
		v.Write(at[test.nr].Ref.Blkno, content[:])

		tree := open(v, root)
		for name, opts := range map[string]btree.CursorOptions{
			"cached": {}, "batched": {Batch: tree.Reader.NewBatch(2)},
			"whole": {Whole: true}, "whole and batched": {Whole: true, Batch: tree.Reader.NewBatch(3)},
		} {
			want := test.lost
			if opts.Whole && test.whole != [2]uint64{} {
				want = test.whole
			}
			inos, lost := scan(t, tree, test.from, opts)
			checkLost(t, test.name+", "+name, test.from, want, inos, lost)
		}
	}
}

// checkLost checks that a scan of 60 inodes has lost a range and nothing else.
func checkLost(t *testing.T, name string, from uint64, lostRange [2]uint64, inos []uint64, lost []unknown) {
	t.Helper()
	var want []uint64
	for ino := from; ino < 60; ino++ {
		if ino < lostRange[0] || ino > lostRange[1] {
			want = append(want, ino)
		}
	}
	if fmt.Sprint(inos) != fmt.Sprint(want) {
		t.Errorf("%s: items are %v, want %v", name, inos, want)
	}
	for ino := lostRange[0]; ino <= lostRange[1]; ino++ {
		found := 0
		for _, l := range lost {
			if l.keys.Contains(format.InodeKey(ino)) {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%s: inode %d is in %d of %v", name, ino, found, lost)
		}
	}
	for _, l := range lost {
		if l.err == nil || l.keys.Contains(format.InodeKey(lostRange[0]-1)) && lostRange[0] > 0 || l.keys.Contains(format.InodeKey(lostRange[1]+1)) && lostRange[1] < 59 {
			t.Errorf("%s: %v is lost, want %v; %v", name, l.keys, lostRange, l.err)
		}
	}
}

// A cursor with a batch reads the same items, with no block of the tree read
// twice.
func TestBatchedCursorReadsEachLeafOnce(t *testing.T) {
	t.Parallel()
	v, root, items := tallTree(t)
	for _, size := range []int{1, 3, 64} {
		for _, start := range []int{0, 7, 503, 999} {
			tree := open(v, root)
			leaves := 0
			c := tree.NewCursor(btree.CursorOptions{
				Whole: true, Batch: tree.Reader.NewBatch(size),
				Leaf: func(_ btree.Block, err error) error { leaves++; return err },
			})
			n := start
			for ok := c.Seek(t.Context(), items[start].Key); ok; ok = c.Next() {
				if it := c.Item(); it.Key != items[n].Key || !bytes.Equal(it.Value, items[n].Value) {
					t.Fatalf("item %d is %v", n, it.Key)
				}
				n++
			}
			tree.Reader.Wait()
			if c.Err() != nil || n != len(items) {
				t.Errorf("%d items, %v", n, c.Err())
			}
			above := 0
			for b, err := range tree.Refs(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				above += min(b.Level, 1)
			}
			if got := tree.Reader.Stats().Blocks; got > uint64(leaves+above) {
				t.Errorf("batches of %d from item %d: %d blocks read for %d leaves below %d parents", size, start, got, leaves, above)
			}
		}
	}
}

func TestRefusedLeavesAreUnknown(t *testing.T) {
	t.Parallel()
	v, root, items := tallTree(t)
	refused := errors.New("refused")
	n := 0
	inos, lost := scan(t, open(v, root), 0, btree.CursorOptions{Whole: true, Leaf: func(btree.Block, error) error {
		if n++; n == 3 {
			return refused
		}
		return nil
	}})
	if len(inos) != len(items)-5 || len(lost) != 1 || !errors.Is(lost[0].err, refused) {
		t.Errorf("%d items, lost %v", len(inos), lost)
	}
	// Without Damaged the cursor ends.
	c := open(v, root).NewCursor(btree.CursorOptions{Leaf: func(btree.Block, error) error { return refused }})
	if c.Seek(t.Context(), format.Key{}) || !errors.Is(c.Err(), refused) {
		t.Errorf("error is %v", c.Err())
	}
	// And where Damaged says so.
	enough := errors.New("enough")
	c = open(v, root).NewCursor(btree.CursorOptions{
		Leaf:    func(btree.Block, error) error { return refused },
		Damaged: func(format.Range, error) error { return enough },
	})
	if c.Seek(t.Context(), format.Key{}) || !errors.Is(c.Err(), enough) {
		t.Errorf("error is %v", c.Err())
	}
}

func TestEndOfContextIsNoDamage(t *testing.T) {
	t.Parallel()
	v, root, _ := tallTree(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	enough := errors.New("enough")
	c := open(v, root).NewCursor(btree.CursorOptions{
		ReadAhead: -1,
		Leaf:      func(_ btree.Block, err error) error { return err },
		Damaged: func(keys format.Range, err error) error {
			t.Errorf("%v is lost: %v", keys, err)
			return nil
		},
	})
	n := 0
	for ok := c.Seek(ctx, format.Key{}); ok; ok = c.Next() {
		if n++; n == 20 {
			cancel(enough)
		}
	}
	if !errors.Is(c.Err(), enough) {
		t.Errorf("%d items, %v", n, c.Err())
	}
}

func TestWholeRangeIsReadAheadFromTheStart(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 300)
	root := v.Tree(100, everyThird(10_000)...) // 100 leaves below one parent
	r := block.NewReader(v.Dev, block.Options{})
	tree := open(v, root)
	tree.Reader = r
	c := tree.NewCursor(btree.CursorOptions{Whole: true, ReadAhead: 64})
	if !c.Seek(t.Context(), format.Key{}) {
		t.Fatal(c.Err())
	}
	r.Wait()
	if got := r.Stats(); got.Ahead != 64 || got.Blocks != 66 {
		t.Errorf("%d of %d blocks read ahead, want 64 of 66", got.Ahead, got.Blocks)
	}
}
