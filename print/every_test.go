// SPDX-License-Identifier: GPL-2.0-or-later

package print_test

import (
	"slices"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// part is one part of a volume: what one field of the super refers to.
type part struct {
	name string
	add  func(*testblock.Volume, *format.Super)
}

// everyPart is all parts there can be, each small, but with every structure
// that a print shows: trees have a parent, lists are chains, search files
// have a parent, and there are items of every kind.
func everyPart() []part {
	return []part{
		{"lists", func(v *testblock.Volume, s *format.Super) {
			s.ServerMetaAvail[0], s.ServerMetaFreed[1] = twoBlocks(v), twoBlocks(v)
		}},
		{"allocators", func(v *testblock.Volume, s *format.Super) {
			s.MetaAlloc[1], s.DataAlloc = freeTree(v), freeTree(v)
		}},
		{"mounted clients", func(v *testblock.Volume, s *format.Super) {
			s.MountedClients.Set(v.Tree(
				2,
				testblock.Item{Key: format.MountedClientKey(1), Value: make([]byte, 40)},
				testblock.Item{Key: format.MountedClientKey(2), Value: make([]byte, 40)},
				testblock.Item{Key: format.MountedClientKey(3), Value: make([]byte, 40)},
			))
		}},
		{"log merge", func(v *testblock.Volume, s *format.Super) {
			s.LogMerge.Set(v.Tree(3, itemsOf(format.TreeLogMerge)...))
		}},
		{"search files", func(v *testblock.Volume, s *format.Super) {
			file := srchFile(v)
			var compact format.SrchCompact
			compact.Nr = 2
			compact.In[0].File, compact.In[1].File = file, file
			s.SrchRoot.Set(v.Tree(
				2,
				testblock.Item{Key: format.SrchLogKey(1), Value: format.Bytes(&file)},
				testblock.Item{Key: format.SrchBlocksKey(2, 1), Value: format.Bytes(&file)},
				testblock.Item{Key: format.SrchPendingKey(1), Value: format.Bytes(&compact)},
				testblock.Item{Key: format.SrchBusyKey(1, 2), Value: format.Bytes(&compact)},
			))
		}},
		{"log trees", func(v *testblock.Volume, s *format.Super) {
			var log, empty format.LogTrees
			log.RID.Set(1)
			log.Nr.Set(1)
			log.MetaAvail, log.DataFreed, log.SrchFile = twoBlocks(v), freeTree(v), srchFile(v)
			log.ItemRoot.Set(v.Tree(6, itemsOf(format.TreeLogItems)...))
			log.DataAllocZones[0].Set(0x81)
			s.LogsRoot.Set(v.Tree(
				2,
				testblock.Item{Key: format.LogTreesKey(1, 1), Value: format.Bytes(&log)},
				testblock.Item{Key: format.LogTreesKey(1, 2), Value: format.Bytes(&empty)},
				testblock.Item{Key: format.LogTreesKey(1, 3), Value: format.Bytes(&empty)},
			))
		}},
		{"items", func(v *testblock.Volume, s *format.Super) {
			s.FSRoot.Set(v.Tree(6, itemsOf(format.TreeFSRoot)...))
		}},
	}
}

// volumeOf is a sound volume of these parts.
func volumeOf(t testing.TB, parts ...part) *testblock.Volume {
	t.Helper()
	v := testblock.New(t, 64)
	var super format.Super
	super.Flags.Set(format.SuperFlagMeta)
	for _, p := range parts {
		p.add(v, &super)
	}
	writeQuorum(t, v)
	writeSuper(t, v, &super)
	return v
}

func twoBlocks(v *testblock.Volume) format.AllocListHead {
	return v.List([]uint64{100, 101, 102, 200}, []uint64{300})
}

func freeTree(v *testblock.Volume) format.AllocRoot {
	return v.FreeTree(4, format.Extent{Start: 10, Len: 3}, format.Extent{Start: 20, Len: 1}, format.Extent{Start: 30, Len: 9})
}

func srchFile(v *testblock.Volume) format.SrchFile {
	return v.SrchFile(srchEntries(1), srchEntries(100))
}

func srchEntries(hash uint64) []format.SrchEntry {
	return []format.SrchEntry{{Hash: hash, Ino: 5, ID: 1}, {Hash: hash << 30, Ino: 6, ID: 2}}
}

// itemsOf is an item of each kind that a tree holds, in key order.
func itemsOf(tree format.Tree) []testblock.Item {
	var items []testblock.Item
	for kind := range format.ItemKinds {
		if !tree.Holds(kind) {
			continue
		}
		d := kind.Describe()
		it := testblock.Item{Key: format.Key{Zone: d.Zone, First: 1, Type: d.Type, Second: 2, Third: 1}, Seq: 1}
		switch kind {
		case format.KindXattr:
			var head format.XattrHead
			head.NameLen = 6
			head.ValLen.Set(2)
			it.Value = append(format.Bytes(&head), "user.avv"...)
		case format.KindSymlink:
			it.Value = []byte("../target\x00")
		case format.KindDirent, format.KindReaddir, format.KindLinkBackref:
			it.Value = append(make([]byte, format.Size[format.Dirent]()), "name"...)
		default:
			it.Value = make([]byte, d.MaxValue)
			for i := range it.Value {
				it.Value[i] = byte(i | 1)
			}
		}
		items = append(items, it)
	}
	slices.SortFunc(items, func(a, b testblock.Item) int { return a.Key.Compare(b.Key) })
	return items
}
