// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"errors"
	"slices"
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

func TestFreeTreeGivesEveryBlockOnce(t *testing.T) {
	t.Parallel()
	for _, perBlock := range []int{100, 40, 10, 4} {
		v := testblock.New(t, 200)
		root := v.Tree(perBlock, everyThird(100)...)
		tree := open(v, root)
		var want, got []uint64
		above := uint64(0)
		for at, err := range tree.Blocks(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, at.Ref.Blkno)
			if at.Level > 0 {
				above++
			}
		}
		tree = open(v, root)
		err := btree.FreeTree(t.Context(), tree.Reader, root, format.TreeLogItems, func(blkno uint64) error {
			got = append(got, blkno)
			return nil
		})
		tree.Reader.Wait()
		slices.Sort(want)
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("height %d: %v, %v; want %v", root.Height, got, err, want)
		}
		if read := tree.Reader.Stats().Blocks; read > above {
			t.Errorf("height %d: %d blocks were read, %d are no leaves", root.Height, read, above)
		}
	}
}

func TestFreeTreeEndsWithTheFirstError(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 200)
	root := v.Tree(4, everyThird(100)...)
	tree := open(v, root)
	calls := 0
	err := btree.FreeTree(t.Context(), tree.Reader, root, format.TreeLogItems, func(uint64) error {
		if calls++; calls == 5 {
			return errInjected
		}
		return nil
	})
	if !errors.Is(err, errInjected) || calls != 5 {
		t.Errorf("%v after %d calls, want the error of the 5th", err, calls)
	}
	v.Write(root.Ref.Blkno, testblock.NewBlock())
	err = btree.FreeTree(t.Context(), open(v, root).Reader, root, format.TreeLogItems, func(uint64) error { return nil })
	if c := (*format.CorruptError)(nil); !errors.As(err, &c) {
		t.Errorf("a damaged root: %v, want corruption", err)
	}
	if err := btree.FreeTree(t.Context(), tree.Reader, format.Root{}, format.TreeLogItems, nil); err != nil {
		t.Errorf("an empty tree: %v", err)
	}
}
