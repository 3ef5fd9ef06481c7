// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/fsck/items"
	"scoutfs/fsck/problem"
	"scoutfs/fsck/structure"
	"scoutfs/internal/testimage"
)

// flipped is a device on which one byte is another.
type flipped struct {
	device.Device
	off int64
}

func (f *flipped) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.Device.ReadAt(p, off)
	if i := f.off - off; i >= 0 && i < int64(n) {
		p[i] ^= 0xff
	}
	return n, err
}

// A leaf that cannot be read hides inodes, names and indexes, of which
// nothing must be said.
func TestNothingFollowsFromALostLeaf(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		if img.Name == "many" {
			return
		}
		t.Parallel()
		meta, err := device.Open(img.Meta, device.Options{Shared: true})
		if err != nil {
			t.Fatal(err)
		}
		defer meta.Close()
		sound, _ := volume(t, meta)
		leaves := leavesOf(t, sound)
		// Of the big volumes it takes long enough to read them a few times.
		step := 1 + len(leaves)/10
		if len(leaves) > 100 {
			step = 1 + len(leaves)/2
		}
		for i := 0; i < len(leaves); i += step {
			bad := &flipped{meta, int64(leaves[i])<<format.LargeBlockShift + 1000}
			r, search := volume(t, bad)
			r.FreeDataUnknown = true
			var found findings
			facts, err := items.Check(t.Context(), items.Options{Volume: r, Search: search, Report: found.report, Seed: seed, TempDir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found.wrong() {
				t.Errorf("without leaf %d: %d %v: found %s, expected %s", leaves[i], f.Number, &f.Place, f.Found, f.Expected)
			}
			incomplete := false
			for _, f := range found.all {
				incomplete = incomplete || f.Number == problem.CheckIncomplete
			}
			if !incomplete || !r.Unknown.Any() {
				t.Errorf("without leaf %d nothing is unknown; %+v", leaves[i], *facts)
			}
		}
	})
}

// leavesOf returns the leaves of the trees that make up the view.
func leavesOf(t *testing.T, r *structure.Result) (leaves []uint64) {
	t.Helper()
	roots := []format.Root{r.Super.FSRoot.Root()}
	for _, lt := range r.Snapshot.LogTrees {
		roots = append(roots, lt.ItemRoot.Root())
	}
	for _, root := range roots {
		tree := btree.Tree{Reader: r.Reader, Root: root}
		for b, err := range tree.Refs(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Level == 0 {
				leaves = append(leaves, b.Ref.Blkno)
			}
		}
	}
	return leaves
}

func TestRefusedLeavesAreUnknown(t *testing.T) {
	t.Parallel()
	meta := small(t).Memory().Meta
	r, _ := volume(t, meta)
	calls := 0
	facts, found := check(t, meta, items.Options{Volume: r, Workers: 1, Leaf: func(_ structure.TreeID, at btree.Block, err error) bool {
		if at.Block == nil || err != nil {
			t.Errorf("a leaf without content: %v", err)
		}
		calls++
		return false
	}})
	if calls == 0 || facts.Items != 0 || len(found.wrong()) > 0 || !r.Unknown.Any() {
		t.Errorf("%d calls, %d items, found %v", calls, facts.Items, found.wrong())
	}
}

func TestUnknownItemsAreNotUsed(t *testing.T) {
	t.Parallel()
	v := small(t)
	f := fileEntry()
	v.Item(f.readdir(), []byte("something"))
	meta := v.Memory().Meta
	r, _ := volume(t, meta)
	r.DataBlocks = dataBlocks
	k := f.readdir()
	r.Unknown.Add(format.Range{Start: k, End: k})
	facts, found := check(t, meta, items.Options{Volume: r})
	for _, f := range found.wrong() {
		t.Errorf("%d %v: found %s, expected %s", f.Number, &f.Place, f.Found, f.Expected)
	}
	if facts.Unjudged != 1 {
		t.Errorf("%d inodes not judged, want the directory", facts.Unjudged)
	}
}
