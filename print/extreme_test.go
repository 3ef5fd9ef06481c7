// SPDX-License-Identifier: GPL-2.0-or-later

package print_test

import (
	"bytes"
	"context"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
	"scoutfs/print"
)

// volumeWithLeaf is a volume that has nothing but one leaf, as the root of
// all trees that items of the super's trees and of a log trees item can be
// in.
func volumeWithLeaf(t *testing.T, leaf []byte) *testblock.Volume {
	t.Helper()
	v := testblock.New(t, 64)
	root := format.Root{Ref: v.Add(format.MagicBtree, leaf), Height: 1}

	var logTrees format.LogTrees
	logTrees.RID.Set(7)
	logTrees.Nr.Set(1)
	logTrees.ItemRoot.Set(root)
	logTrees.DataAvail.Root.Set(root)
	logs := v.Tree(1, testblock.Item{Key: format.LogTreesKey(7, 1), Value: format.Bytes(&logTrees)})

	var super format.Super
	super.Flags.Set(format.SuperFlagMeta)
	super.LogsRoot.Set(logs)
	for _, tree := range []*format.BtreeRoot{&super.FSRoot, &super.LogMerge, &super.MountedClients, &super.SrchRoot, &super.DataAlloc.Root} {
		tree.Set(root)
	}
	writeQuorum(t, v)
	writeSuper(t, v, &super)
	return v
}

func writeSuper(t testing.TB, v *testblock.Volume, super *format.Super) {
	t.Helper()
	block := make([]byte, format.SmallBlockSize)
	copy(block, format.Bytes(super))
	writeSmall(t, v, block, format.Ref{Blkno: format.SuperBlkno, Seq: super.Hdr.Seq.Get()}, format.MagicSuper)
}

// writeQuorum writes the quorum blocks of a volume that nobody has mounted.
func writeQuorum(t testing.TB, v *testblock.Volume) {
	t.Helper()
	for slot := range uint64(format.QuorumSlots) {
		block := make([]byte, format.SmallBlockSize)
		writeSmall(t, v, block, format.Ref{Blkno: format.QuorumBlkno + slot}, format.MagicQuorum)
	}
}

func writeSmall(t testing.TB, v *testblock.Volume, block []byte, ref format.Ref, magic uint32) {
	t.Helper()
	testblock.Seal(block, ref, magic)
	if _, err := v.Dev.WriteAt(block, int64(ref.Blkno)*format.SmallBlockSize); err != nil {
		t.Fatal(err)
	}
}

// TestValuesAnywhereAreSurvived gives items of every kind values at every
// kind of place that two damaged fields can make.
func TestValuesAnywhereAreSurvived(t *testing.T) {
	t.Parallel()
	offsets := []uint16{
		0, 1, format.BtreeItemsOffset, 40000,
		format.LeafHashOffset - 1, format.LeafHashOffset, format.LeafHashOffset + 1, 65535,
	}
	lengths := []uint16{0, 1, 16, 32, 33, 48, 168, 472, 584, 896, 897, 20000, 65535}
	for kind := range format.ItemKinds {
		k := kind.Describe()
		key := format.Key{Zone: k.Zone, First: 1, Type: k.Type, Second: 2, Third: 3}
		items := make([]testblock.Item, len(offsets)*len(lengths))
		for i := range items {
			items[i].Key = key
		}
		leaf := testblock.Btree(0, items...)
		for _, fill := range []byte{0, 0xff, 'a'} {
			for i := format.BtreeItemsOffset + len(items)*format.BtreeItemSize; i < len(leaf); i++ {
				leaf[i] = fill
			}
			b, err := format.ViewBtreeBlock(leaf)
			if err != nil {
				t.Fatal(err)
			}
			for i := range items {
				b.Item(i).ValOff.Set(offsets[i%len(offsets)])
				b.Item(i).ValLen.Set(lengths[i/len(offsets)])
			}
			if printDamaged(t, volumeWithLeaf(t, leaf).Dev, k.Name) == "" {
				t.Errorf("%s: no problem reported", k.Name)
			}
		}
	}
}

// TestOutputOfOneBlockIsBounded fills a leaf with items that all claim the
// whole value region as theirs.
func TestOutputOfOneBlockIsBounded(t *testing.T) {
	t.Parallel()
	const most = 8 << 20
	items := make([]testblock.Item, 900)
	for i := range items {
		items[i].Key = format.SymlinkKey(1, uint64(i))
	}
	leaf := testblock.Btree(0, items...)
	b, err := format.ViewBtreeBlock(leaf)
	if err != nil {
		t.Fatal(err)
	}
	for i := range items {
		b.Item(i).ValOff.Set(format.BtreeItemsOffset)
		b.Item(i).ValLen.Set(format.LeafHashOffset - format.BtreeItemsOffset)
	}
	v := volumeWithLeaf(t, leaf)
	for _, form := range []print.Format{print.Text, print.JSONL} {
		var out bytes.Buffer
		result, err := print.Volume(context.Background(), v.Dev, &out,
			print.Options{Format: form, Select: print.Selection{Trees: []string{"fs_root"}}})
		if err != nil {
			t.Fatal(err)
		}
		if result.Items != 900 || out.Len() > most {
			t.Errorf("form %d: %d items in %d bytes of output", form, result.Items, out.Len())
		}
	}
}
