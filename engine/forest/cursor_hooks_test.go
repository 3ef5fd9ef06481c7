// SPDX-License-Identifier: GPL-2.0-or-later

package forest_test

import (
	"fmt"
	"slices"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// twoTrees is a view of 40 inodes in fs_root, four to a leaf, of which a log
// tree deletes every tenth and rewrites the one after.
func twoTrees(t *testing.T) (*testblock.Volume, *format.Super) {
	t.Helper()
	v := testblock.New(t, 100)
	var fs, log []testblock.Item
	for ino := range uint64(40) {
		fs = append(fs, testblock.Item{Key: format.InodeKey(ino), Seq: 1, Value: make([]byte, 160)})
		switch ino % 10 {
		case 0:
			log = append(log, testblock.Item{Key: format.InodeKey(ino), Seq: 2, Flags: format.ItemFlagDeletion})
		case 1:
			log = append(log, testblock.Item{Key: format.InodeKey(ino), Seq: 2, Value: make([]byte, 168)})
		}
	}
	var super format.Super
	super.FSRoot.Set(v.Tree(4, fs...))
	lt := logTrees(1, 1)
	lt.ItemRoot.Set(v.Tree(4, log...))
	lt.BloomRef.Set(v.Add(format.MagicBloom, testblock.NewBlock()))
	super.LogsRoot.Set(v.Tree(4, testblock.Item{Key: format.LogTreesKey(1, 1), Value: format.Bytes(lt)}))
	return v, &super
}

func logTrees(rid, nr uint64) *format.LogTrees {
	lt := &format.LogTrees{}
	lt.RID.Set(rid)
	lt.Nr.Set(nr)
	return lt
}

func TestHooksSeeEveryLeafOfEveryTree(t *testing.T) {
	t.Parallel()
	v, super := twoTrees(t)
	s, err := forest.Load(t.Context(), block.NewReader(v.Dev, block.Options{}), super)
	if err != nil {
		t.Fatal(err)
	}
	leaves := map[forest.Tree]int{}
	c := s.CursorWith(format.AllKeys(), forest.CursorOptions{Whole: true, Leaf: func(tree forest.Tree, b btree.Block, err error) error {
		leaves[tree]++
		return err
	}})
	var got []uint64
	for c.Next(t.Context()) {
		got = append(got, c.Item().Key.First)
	}
	var want []uint64
	for ino := range uint64(40) {
		if ino%10 != 0 {
			want = append(want, ino)
		}
	}
	if c.Err() != nil || !slices.Equal(got, want) {
		t.Errorf("inodes are %v, want %v; %v", got, want, c.Err())
	}
	log := forest.Tree{Kind: format.TreeLogItems, RID: 1, Nr: 1}
	if n := len(leaves); n != 2 || leaves[forest.Tree{}] != 10 || leaves[log] != 2 {
		t.Errorf("leaves are %v", leaves)
	}
}

func TestDamageInOneTreeLeavesTheOthers(t *testing.T) {
	t.Parallel()
	for _, damaged := range []forest.Tree{{}, {Kind: format.TreeLogItems, RID: 1, Nr: 1}} {
		v, super := twoTrees(t)
		s, err := forest.Load(t.Context(), block.NewReader(v.Dev, block.Options{}), super)
		if err != nil {
			t.Fatal(err)
		}
		var lost []format.Range
		c := s.CursorWith(format.AllKeys(), forest.CursorOptions{
			Leaf: func(tree forest.Tree, b btree.Block, _ error) error {
				if tree == damaged && b.Range.Contains(format.InodeKey(11)) {
					return fmt.Errorf("refused")
				}
				return nil
			},
			Damaged: func(tree forest.Tree, keys format.Range, err error) error {
				if tree != damaged {
					t.Errorf("%v is damaged", tree)
				}
				lost = append(lost, keys)
				return nil
			},
		})
		var got []uint64
		for c.Next(t.Context()) {
			got = append(got, c.Item().Key.First)
		}
		if c.Err() != nil || len(lost) != 1 || !lost[0].Contains(format.InodeKey(11)) {
			t.Fatalf("lost %v, %v", lost, c.Err())
		}
		for ino := range uint64(40) {
			want := ino%10 != 0
			if lost[0].Contains(format.InodeKey(ino)) {
				// What the sound tree says counts.
				want = damaged.Kind != format.TreeFSRoot || ino%10 == 1
			}
			if slices.Contains(got, ino) != want {
				t.Errorf("%v: inode %d is found: %t", damaged, ino, !want)
			}
		}
	}
}

func TestDamagedTotalIsUnknown(t *testing.T) {
	t.Parallel()
	for _, size := range []int{16, 8} {
		v := testblock.New(t, 20)
		var super format.Super
		super.FSRoot.Set(v.Tree(4,
			testblock.Item{Key: format.TotlKey(1, 2, 3), Seq: 1, Value: slices.Repeat([]byte{1}, size)},
			testblock.Item{Key: format.TotlKey(1, 2, 4), Seq: 1, Value: slices.Repeat([]byte{1}, 16)},
		))
		s, err := forest.Load(t.Context(), block.NewReader(v.Dev, block.Options{}), &super)
		if err != nil {
			t.Fatal(err)
		}
		n, lost := 0, 0
		c := s.CursorWith(format.AllKeys(), forest.CursorOptions{Damaged: func(_ forest.Tree, keys format.Range, _ error) error {
			if keys.Start != format.TotlKey(1, 2, 3) || keys.End != keys.Start {
				t.Errorf("%v is unknown", keys)
			}
			lost++
			return nil
		}})
		for c.Next(t.Context()) {
			n++
		}
		want := 2 - (16-size)/8
		if c.Err() != nil || n != want || lost != 2-want {
			t.Errorf("%d totals, %d unknown, %v", n, lost, c.Err())
		}
	}
}

func TestLeavesAreThoseOfTheBiggestTree(t *testing.T) {
	t.Parallel()
	v, super := twoTrees(t)
	s, err := forest.Load(t.Context(), block.NewReader(v.Dev, block.Options{}), super)
	if err != nil {
		t.Fatal(err)
	}
	var next format.Key
	n := 0
	for keys := range s.Leaves(t.Context()) {
		if keys.Start != next {
			t.Errorf("leaf %d has %v, want one from %v", n, keys, next)
		}
		next = keys.End.Next()
		n++
	}
	if n != 10 {
		t.Errorf("%d leaves", n)
	}
}
