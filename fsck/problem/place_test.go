// SPDX-License-Identifier: GPL-2.0-or-later

package problem_test

import (
	"testing"

	"scoutfs/engine/format"
	"scoutfs/fsck/problem"
)

func TestPlacesAreNamedFromTheWholeToThePart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		place problem.Place
		want  string
	}{
		{problem.Place{}, ""},
		{problem.Place{Device: problem.MetaDevice}, "metadata device"},
		{
			problem.Place{Device: problem.MetaDevice, Blkno: 16, Blocks: 1, Structure: "super", Field: "total_meta_blocks"},
			"super in metadata block 16, field total_meta_blocks",
		},
		{problem.Place{Device: problem.DataDevice, Blkno: 64, Blocks: 3}, "data blocks 64 to 66"},
		{
			problem.Place{Device: problem.MetaDevice, Blkno: 1028, Blocks: 1, InTree: true, Tree: format.TreeLogItems, RID: 0xf1c9, Nr: 3, HasKey: true, Key: format.InodeKey(1), Ino: 1},
			"metadata block 1028 of item_root of 000000000000f1c9.3, key 16.1.4.0.0.0, inode 1",
		},
		{problem.Place{InTree: true, Tree: format.TreeFSRoot, HasKey: true, Key: format.InodeKey(1)}, "fs_root, key 16.1.4.0.0.0"},
		{problem.Place{Structure: "data_alloc"}, "data_alloc"},
		{problem.Place{Ino: 7, Name: "a\nb"}, `inode 7, name "a\nb"`},
	}
	for _, test := range tests {
		if got := test.place.String(); got != test.want {
			t.Errorf("%+v is %q, want %q", test.place, got, test.want)
		}
	}
}

func TestPlacesAreOrderedByDeviceTreeBlockAndKey(t *testing.T) {
	t.Parallel()
	ordered := []problem.Place{
		{},
		{Ino: 1},
		{Ino: 2, Name: "a"},
		{Ino: 2, Name: "b"},
		{InTree: true, Tree: format.TreeFSRoot, Blkno: 9, Blocks: 1},
		{InTree: true, Tree: format.TreeFSRoot, Blkno: 9, Blocks: 1, HasKey: true},
		{InTree: true, Tree: format.TreeFSRoot, Blkno: 9, Blocks: 1, HasKey: true, Key: format.InodeKey(1)},
		{InTree: true, Tree: format.TreeLogItems, RID: 1, Nr: 2, Blkno: 3, Blocks: 1},
		{InTree: true, Tree: format.TreeLogItems, RID: 1, Nr: 3},
		{Structure: "super", Field: "next_ino"},
		{Structure: "super", Field: "seq"},
		{Device: problem.MetaDevice, Blkno: 2, Blocks: 1},
		{Device: problem.MetaDevice, Blkno: 2, Blocks: 2},
		{Device: problem.DataDevice, Blkno: 1, Blocks: 1},
	}
	for i := range ordered {
		for j := range ordered {
			got, want := ordered[i].Compare(&ordered[j]), 0
			switch {
			case i < j:
				want = -1
			case i > j:
				want = 1
			}
			if got != want {
				t.Errorf("%v against %v is %d, want %d", &ordered[i], &ordered[j], got, want)
			}
		}
	}
}
