// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"errors"
	"syscall"
	"testing"

	"scoutfs/engine/alloc"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
)

// On a metadata device of 64 MiB, of which most is used by logs, a merge takes
// many commits, each as large as the space that there is allows, and gives the
// space back.
func TestAMergeGetsAlongWithLittleSpace(t *testing.T) {
	t.Parallel()
	pair := makeVolume(t, 1100, 1<<12, nil)
	s, err := openServer(t, pair, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	before, _, err := alloc.FreeTotals(t.Context(), s.Blocks(), s.Super())
	if err != nil {
		t.Fatal(err)
	}
	fillLogs(t, s, 8_000)
	if err := s.Merge(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	checkMerged(t, pair)
	fs := btree.Tree{Reader: s.Blocks(), Root: s.Super().FSRoot.Root(), Kind: format.TreeFSRoot}
	items, blocks := 0, uint64(0)
	for _, err := range fs.Items(t.Context(), format.AllKeys()) {
		if err != nil {
			t.Fatal(err)
		}
		items++
	}
	for _, err := range fs.Refs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		blocks++
	}
	const mkfsItems = 2
	if items != 2*8_000+mkfsItems {
		t.Errorf("%d items are left, want %d", items, 2*8_000+mkfsItems)
	}
	after, _, err := alloc.FreeTotals(t.Context(), s.Blocks(), s.Super())
	if err != nil {
		t.Fatal(err)
	}
	// The trees of free space may have grown by a few blocks.
	if lost := before - after - (blocks - 1); int64(lost) < -4 || int64(lost) > 8 {
		t.Errorf("%d blocks were free and %d are, while fs_root has %d", before, after, blocks)
	}
}

// fillLogs adds four log trees: three of so many items, and one that deletes as
// many.
func fillLogs(t *testing.T, s *server.Server, items uint64) {
	t.Helper()
	for rid := range uint64(4) {
		addLogTree(t, s, 100+rid, func(yield func(btree.Item, error) bool) {
			for i := range items {
				it := btree.Item{Key: format.XattrKey(1024+i, rid, 0, 0), Seq: 100 + rid, Value: make([]byte, 800)}
				if rid == 3 {
					it.Key, it.Flags, it.Value = format.XattrKey(1024+i, i%3, 0, 0), format.ItemFlagDeletion, nil
				}
				if !yield(it, nil) {
					return
				}
			}
		})
	}
}

// A merge for which there is not enough space fails, having merged a part of
// the logs, and what the filesystem holds is what it held.
func TestAMergeWithoutSpaceChangesNothing(t *testing.T) {
	t.Parallel()
	pair := makeVolume(t, 1100, 1<<12, nil)
	s, err := openServer(t, pair, 1)
	if err != nil {
		t.Fatal(err)
	}
	fillLogs(t, s, 12_000)
	before := loadView(t, pair)
	for range 2 {
		if err := s.Merge(t.Context(), nil); !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		compareViews(t, "merged in part", loadView(t, pair), before)
	}
	if snapshot := loadSnapshot(t, pair); snapshot.Merge == nil || len(snapshot.LogTrees) != 4 {
		t.Error("no merge is in progress")
	}
}
