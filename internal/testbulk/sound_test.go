// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/internal/testbulk"
)

// made makes a volume in memory.
func made(t testing.TB, o testbulk.Options) device.Pair {
	t.Helper()
	meta, data := testbulk.Sizes(o)
	pair := device.Pair{Meta: device.NewMemory("meta", meta), Data: device.NewMemory("data", data)}
	if err := testbulk.Write(t.Context(), pair, o); err != nil {
		t.Fatal(err)
	}
	return pair
}

func open(t testing.TB, pair device.Pair) *forest.Snapshot {
	t.Helper()
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		t.Fatal(err)
	}
	r := block.NewReader(pair.Meta, block.Options{FSID: super.Hdr.FSID.Get(), TotalBlocks: super.TotalMetaBlocks.Get()})
	s, err := forest.Load(t.Context(), r, super)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func cases() map[string]testbulk.Options {
	return map[string]testbulk.Options{
		"empty":                   {},
		"one file":                {Files: 1, LogTrees: 1},
		"all merged":              {Files: 3000},
		"one log tree":            {Files: 3000, LogTrees: 1, LogShare: 200},
		"log trees and scattered": {Files: 6000, Seed: 5, LogTrees: 5, LogShare: 400, Scatter: true},
	}
}

// inode is what the test collects of one.
type inode struct {
	item            format.Inode
	there           bool
	names           uint64 // entries that lead to it
	nameBytes       uint64 // of a directory's entries
	subdirs         uint32
	online, offline uint64
}

// The merged view is a file system in which everything that is said twice
// agrees.
func TestMergedViewIsSound(t *testing.T) {
	t.Parallel()
	for name, o := range cases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pair := made(t, o)
			s := open(t, pair)
			v := view{
				inodes: map[uint64]*inode{}, entries: map[string]int{}, indexed: map[string]int{},
				sums: map[format.Key]format.XattrTotal{}, found: map[format.SrchEntry]int{}, xattrs: map[format.Key][]byte{},
			}
			for it, err := range s.Items(t.Context(), format.AllKeys()) {
				if err != nil {
					t.Fatal(err)
				}
				if err := v.add(it); err != nil {
					t.Fatal(err)
				}
			}
			if err := v.addXattrs(); err != nil {
				t.Fatal(err)
			}
			v.addSearch(t, s)
			v.check(t)
			v.checkSpace(t, s)

			inodes := s.Super.InodeCount.Get()
			for _, lt := range s.LogTrees {
				inodes += lt.InodeCountDelta.Get()
			}
			if inodes != uint64(len(v.inodes)) {
				t.Errorf("the volume counts %d inodes, %d are there", inodes, len(v.inodes))
			}
			if o.LogTrees != len(s.LogTrees) {
				t.Errorf("%d log trees, want %d", len(s.LogTrees), o.LogTrees)
			}
		})
	}
}

type view struct {
	inodes  map[uint64]*inode
	entries map[string]int // kinds of items seen of each name's value
	indexed map[string]int // index entries, less those that inodes should have
	sums    map[format.Key]format.XattrTotal
	found   map[format.SrchEntry]int
	xattrs  map[format.Key][]byte // joined, by the key of the first part
	extents []format.Extent       // mapped ones
	lastEnd map[uint64]uint64
	rules   int
}

func (v *view) inode(ino uint64) *inode {
	if v.inodes[ino] == nil {
		v.inodes[ino] = &inode{}
	}
	return v.inodes[ino]
}

func (v *view) add(it forest.Item) error {
	k := it.Key
	switch format.KindOf(k) {
	case format.KindInode:
		in := v.inode(k.First)
		in.there = true
		copy(format.Bytes(&in.item), it.Value)
		v.indexed[fmt.Sprint(format.InodeIndexKey(format.TypeMetaSeq, in.item.MetaSeq.Get(), k.First))]--
		if in.item.Mode.Get()&format.ModeTypeMask == format.ModeRegular {
			v.indexed[fmt.Sprint(format.InodeIndexKey(format.TypeDataSeq, in.item.DataSeq.Get(), k.First))]--
		}
		if in.item.Nlink.Get() == 0 {
			v.indexed[fmt.Sprint(format.OrphanKey(k.First))]--
		}
	case format.KindMetaSeqIndex, format.KindDataSeqIndex, format.KindOrphan, format.KindXattrIndx:
		v.indexed[fmt.Sprint(k)]++
	case format.KindQuotaRule:
		rule, err := format.ViewExact[format.QuotaRule](it.Value)
		if err != nil || rule.Check() != nil || rule.Hash() != k.Second {
			return fmt.Errorf("quota rule %v: %v, %v", k, err, rule.Check())
		}
		v.rules++
	case format.KindXattrTotl:
		t, err := format.ViewExact[format.XattrTotal](it.Value)
		if err != nil {
			return err
		}
		v.sums[k] = *t
	case format.KindXattr:
		first := k
		first.Fourth = 0
		v.xattrs[first] = append(v.xattrs[first], it.Value...)
	case format.KindDirent, format.KindReaddir, format.KindLinkBackref:
		return v.addName(it)
	case format.KindDataExtent:
		return v.addExtent(it)
	}
	return nil
}

func (v *view) addName(it forest.Item) error {
	d, name, err := format.ViewDirent(it.Value, "")
	if err != nil {
		return err
	}
	k, dir := it.Key, it.Key.First
	want := format.DirentKey(dir, d.Hash.Get(), d.Pos.Get())
	switch format.KindOf(k) {
	case format.KindReaddir:
		want = format.ReaddirKey(dir, d.Pos.Get())
	case format.KindLinkBackref:
		dir = k.Second
		want = format.LinkBackrefKey(d.Ino.Get(), dir, d.Pos.Get())
		v.inode(d.Ino.Get()).names++
		v.inode(dir).nameBytes += uint64(len(name))
		if d.Type == format.DirentDirectory {
			v.inode(dir).subdirs++
		}
	}
	if k != want || d.Hash.Get() != format.DirentNameHash(name) {
		return fmt.Errorf("name %q has key %v, want %v", name, k, want)
	}
	v.entries[fmt.Sprintf("%d %x", dir, it.Value)] += int(k.Type)
	return nil
}

func (v *view) addExtent(it forest.Item) error {
	e := it.Key.DataExtent()
	val, err := format.ViewExact[format.DataExtent](it.Value)
	if err != nil {
		return err
	}
	if err := val.Check(); err != nil {
		return err
	}
	in := v.inode(it.Key.First)
	if val.Online() {
		in.online += e.Len
	}
	if val.Offline() {
		in.offline += e.Len
	}
	if val.Flags&format.ExtentUnwritten == 0 && e.End() >= (in.item.Size.Get()+4095)/4096 {
		return fmt.Errorf("extent %v of inode %d is past its size of %d", e, it.Key.First, in.item.Size.Get())
	}
	if blkno := val.Blkno.Get(); blkno != 0 {
		v.extents = append(v.extents, format.Extent{Start: blkno, Len: e.Len})
	}
	if v.lastEnd == nil {
		v.lastEnd = map[uint64]uint64{}
	}
	if next, ok := v.lastEnd[it.Key.First]; ok && e.Start < next {
		return fmt.Errorf("extent %v of inode %d overlaps", e, it.Key.First)
	}
	v.lastEnd[it.Key.First] = e.End() + 1
	return nil
}

// addXattrs takes what attributes should have elsewhere off what is there.
func (v *view) addXattrs() error {
	for k, whole := range v.xattrs {
		_, name, value, err := format.ViewXattr(whole[:min(len(whole), format.MaxBtreeValue)])
		if err != nil {
			return err
		}
		head, err := format.View[format.XattrHead](whole)
		if err != nil {
			return err
		}
		if want := format.Size[format.XattrHead]() + len(name) + int(head.ValLen.Get()); len(whole) != want {
			return fmt.Errorf("xattr %v has %d bytes, want %d", k, len(whole), want)
		}
		if k.Third >= v.inode(k.First).item.NextXattrID.Get() || format.XattrNameHash(name) != k.Second {
			return fmt.Errorf("xattr %q has key %v", name, k)
		}
		tags, ok := format.ParseXattrTags(name)
		if !ok {
			return fmt.Errorf("name %q", name)
		}
		if tags.Srch {
			v.found[format.SrchEntry{Hash: format.SrchHash(name), Ino: k.First, ID: k.Third}]++
		}
		if tags.Indx {
			major, minor, _ := format.ParseIndx(name)
			v.indexed[fmt.Sprint(format.IndxKey(format.XattrIndx{Major: major, Minor: minor, Ino: k.First, ID: k.Third}))]--
		}
		if tags.Totl {
			a, b, c, _ := format.ParseTotl(name)
			n, ok := format.ParseTotlValue(value)
			if !ok {
				return fmt.Errorf("total of %q", value)
			}
			sum := v.sums[format.TotlKey(a, b, c)]
			sum.Total.Set(sum.Total.Get() - n)
			sum.Count.Set(sum.Count.Get() - 1)
			v.sums[format.TotlKey(a, b, c)] = sum
		}
		if string(name) == format.XattrACLAccess {
			entries, err := format.ViewACL(value)
			if err != nil || format.CheckACL(entries) != nil {
				return fmt.Errorf("acl: %v, %v", err, format.CheckACL(entries))
			}
		}
	}
	return nil
}

func (v *view) addSearch(t *testing.T, s *forest.Snapshot) {
	t.Helper()
	for source, err := range srch.Files(t.Context(), s.Blocks(), s.Super) {
		if err != nil {
			t.Fatal(err)
		}
		count, last := uint64(0), format.SrchEntry{}
		for b, err := range source.File.Leaves(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			for violation := range srch.VerifyLeaf(b.Leaf, source.Sorted, nil) {
				t.Error(violation)
			}
			d := srch.NewDecoder(b.Leaf)
			for e, ok := d.Next(); ok; e, ok = d.Next() {
				if source.Sorted && e.Compare(last) <= 0 {
					t.Errorf("entry %v after %v", e, last)
				}
				last = e
				v.found[e]++
				count++
			}
		}
		if count != source.File.Entries() {
			t.Errorf("a search file has %d entries, says %d", count, source.File.Entries())
		}
	}
}

func (v *view) check(t *testing.T) {
	t.Helper()
	for key, n := range v.indexed {
		if n != 0 {
			t.Errorf("index entry %s: %+d", key, n)
		}
	}
	for value, n := range v.entries {
		if n != format.TypeDirent+format.TypeReaddir+format.TypeLinkBackref {
			t.Errorf("name %s: items add up to %d", value, n)
		}
	}
	for key, sum := range v.sums {
		if !sum.IsZero() {
			t.Errorf("total %v: %d and %d too much", key, int64(sum.Total.Get()), int64(sum.Count.Get()))
		}
	}
	for e, n := range v.found {
		if n%2 != 0 {
			t.Errorf("search entry %v: attributes and entries add up to %d", e, n)
		}
	}
	for ino, in := range v.inodes {
		nlink := uint32(in.names)
		if in.item.Mode.Get()&format.ModeTypeMask == format.ModeDirectory {
			nlink = 2 + in.subdirs
			if in.item.Size.Get() != in.nameBytes {
				t.Errorf("directory %d has size %d, names of %d bytes", ino, in.item.Size.Get(), in.nameBytes)
			}
			if ino != format.RootIno && in.names != 1 {
				t.Errorf("directory %d has %d names", ino, in.names)
			}
		}
		if !in.there || in.item.Nlink.Get() != nlink {
			t.Errorf("inode %d is there: %v, has %d links, want %d", ino, in.there, in.item.Nlink.Get(), nlink)
		}
		if in.online != in.item.OnlineBlocks.Get() || in.offline != in.item.OfflineBlocks.Get() {
			t.Errorf("inode %d counts %d and %d blocks, has %d and %d", ino,
				in.item.OnlineBlocks.Get(), in.item.OfflineBlocks.Get(), in.online, in.offline)
		}
	}
}

// checkSpace checks that each block of the data device is in one file or
// free, and each of the metadata device in use once or free.
func (v *view) checkSpace(t *testing.T, s *forest.Snapshot) {
	t.Helper()
	for e, err := range alloc.OpenExtents(s.Blocks(), &s.Super.DataAlloc).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		v.extents = append(v.extents, e)
	}
	tiles(t, "data", v.extents, format.FirstDataBlkno, s.Super.TotalDataBlocks.Get())

	var meta []format.Extent
	used := func(blkno uint64) { meta = append(meta, format.Extent{Start: blkno, Len: 1}) }
	for i := range s.Super.MetaAlloc {
		for e, err := range alloc.OpenExtents(s.Blocks(), &s.Super.MetaAlloc[i]).All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			meta = append(meta, e)
		}
		for _, head := range []format.AllocListHead{s.Super.ServerMetaAvail[i], s.Super.ServerMetaFreed[i]} {
			for b, err := range alloc.ListChain(t.Context(), s.Blocks(), head) {
				if err != nil {
					t.Fatal(err)
				}
				used(b.Ref.Blkno)
				for _, blkno := range b.Entries {
					used(blkno.Get())
				}
			}
		}
	}
	for _, root := range roots(s) {
		tree := btree.Tree{Reader: s.Blocks(), Root: root.root, Kind: root.kind}
		for b, err := range tree.Blocks(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			used(b.Ref.Blkno)
			for err := range btree.Verify(b.Block, btree.VerifyOptions{Level: b.Level, Range: b.Range, Tree: root.kind}) {
				t.Error(err)
			}
		}
	}
	for _, lt := range s.LogTrees {
		if ref := lt.BloomRef.Ref(); !ref.IsZero() {
			used(ref.Blkno)
		}
	}
	for source, err := range srch.Files(t.Context(), s.Blocks(), s.Super) {
		if err != nil {
			t.Fatal(err)
		}
		for b, err := range source.File.Refs(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			used(b.Ref.Blkno)
		}
	}
	tiles(t, "metadata", meta, format.FirstMetaBlkno, s.Super.TotalMetaBlocks.Get())
}

type treeRoot struct {
	root format.Root
	kind format.Tree
}

func roots(s *forest.Snapshot) []treeRoot {
	list := []treeRoot{
		{s.Super.FSRoot.Root(), format.TreeFSRoot},
		{s.Super.LogsRoot.Root(), format.TreeLogsRoot},
		{s.Super.SrchRoot.Root(), format.TreeSrchRoot},
		{s.Super.MetaAlloc[0].Root.Root(), format.TreeAlloc},
		{s.Super.MetaAlloc[1].Root.Root(), format.TreeAlloc},
		{s.Super.DataAlloc.Root.Root(), format.TreeAlloc},
	}
	for _, lt := range s.LogTrees {
		list = append(list, treeRoot{lt.ItemRoot.Root(), format.TreeLogItems})
	}
	return list
}

func tiles(t *testing.T, device string, extents []format.Extent, from, to uint64) {
	t.Helper()
	slices.SortFunc(extents, func(a, b format.Extent) int { return int(int64(a.Start - b.Start)) })
	for _, e := range extents {
		if e.Start != from {
			t.Fatalf("%s device: extent %v, expected one at %d", device, e, from)
		}
		from += e.Len
	}
	if from != to {
		t.Errorf("%s device: extents up to %d of %d", device, from, to)
	}
}

func TestSameOptionsMakeTheSameVolume(t *testing.T) {
	t.Parallel()
	o := testbulk.Options{Files: 2000, LogTrees: 2, Scatter: true}
	a, b := made(t, o), made(t, o)
	o.Seed = 9
	c := made(t, o)
	equal := func(x, y device.Device) bool {
		bx, by := make([]byte, 1<<20), make([]byte, 1<<20)
		for off := int64(0); off < 64<<20; off += int64(len(bx)) {
			if _, err := x.ReadAt(bx, off); err != nil {
				t.Fatal(err)
			}
			if _, err := y.ReadAt(by, off); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(bx, by) {
				return false
			}
		}
		return true
	}
	if !equal(a.Meta, b.Meta) {
		t.Error("the same options make different volumes")
	}
	if equal(a.Meta, c.Meta) {
		t.Error("another seed makes the same volume")
	}
}

// A volume has what the checks of volumes are about.
func TestVolumeHasEveryKindOfItem(t *testing.T) {
	t.Parallel()
	s := open(t, made(t, testbulk.Options{Files: 20_000, LogTrees: 2}))
	kinds := map[format.ItemKind]int{}
	modes := map[uint32]bool{}
	states := map[string]bool{}
	largest := map[uint64]int{}
	parts, linked := 0, 0
	for it, err := range s.Items(t.Context(), format.AllKeys()) {
		if err != nil {
			t.Fatal(err)
		}
		kind := format.KindOf(it.Key)
		kinds[kind]++
		switch kind {
		case format.KindInode:
			in, _, err := format.ViewInode(it.Value)
			if err != nil {
				t.Fatal(err)
			}
			modes[in.Mode.Get()&format.ModeTypeMask] = true
			if in.Nlink.Get() > 1 && in.Mode.Get()&format.ModeTypeMask == format.ModeRegular {
				linked++
			}
		case format.KindDataExtent:
			e, err := format.ViewExact[format.DataExtent](it.Value)
			if err != nil {
				t.Fatal(err)
			}
			states[fmt.Sprint(e.Blkno.Get() != 0, e.Flags)] = true
		case format.KindReaddir:
			largest[it.Key.First]++
		case format.KindXattr:
			parts = max(parts, int(it.Key.Fourth)+1)
		}
	}
	for _, kind := range []format.ItemKind{
		format.KindMetaSeqIndex, format.KindDataSeqIndex, format.KindOrphan, format.KindQuotaRule, format.KindXattrTotl, format.KindXattrIndx,
		format.KindInode, format.KindXattr, format.KindDirent, format.KindReaddir, format.KindLinkBackref,
		format.KindSymlink, format.KindDataExtent,
	} {
		if kinds[kind] == 0 {
			t.Errorf("no %v item", kind)
		}
	}
	if len(modes) != 7 || len(states) != 4 || parts < 60 || linked == 0 {
		t.Errorf("%d file types, extents %v, xattrs of up to %d parts, %d files with several names", len(modes), states, parts, linked)
	}
	if most := slices.Max(slices.Collect(maps.Values(largest))); most < 2000 {
		t.Errorf("the largest directory has %d entries", most)
	}
	deletions := 0
	for _, lt := range s.LogTrees {
		tree := btree.Tree{Reader: s.Blocks(), Root: lt.ItemRoot.Root(), Kind: format.TreeLogItems}
		for it, err := range tree.Items(t.Context(), format.AllKeys()) {
			if err != nil {
				t.Fatal(err)
			}
			deletions += int(it.Flags & format.ItemFlagDeletion)
		}
	}
	if deletions == 0 {
		t.Error("no deletions in log trees")
	}
}

func TestBlocksAreFilledAsOftenSeen(t *testing.T) {
	t.Parallel()
	for _, scatter := range []bool{false, true} {
		s := open(t, made(t, testbulk.Options{Files: 48_000, Scatter: scatter}))
		tree := btree.Tree{Reader: s.Blocks(), Root: s.Super.FSRoot.Root(), Kind: format.TreeFSRoot}
		leaves, parents, used, ascending, last := 0, 0, 0, 0, uint64(0)
		for b, err := range tree.Blocks(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			for v := range btree.Verify(b.Block, btree.VerifyOptions{Level: b.Level, Range: b.Range, Tree: tree.Kind}) {
				t.Error(v.Err)
			}
			if b.Level > 0 {
				parents++
				continue
			}
			leaves++
			used += int(b.Block.Head().TotalItemBytes.Get())
			if b.Ref.Blkno > last {
				ascending++
			}
			last = b.Ref.Blkno
		}
		if fill := used * 100 / (leaves * format.BtreeLeafBytes); fill < 65 || fill > 85 {
			t.Errorf("leaves are filled to %d %%", fill)
		}
		if parents < 3 {
			t.Errorf("%d parents, expected those of several levels", parents)
		}
		if share := ascending * 100 / leaves; scatter && (share < 30 || share > 70) || !scatter && share < 99 {
			t.Errorf("scattered %v: %d %% of leaves lie behind the one before", scatter, share)
		}
	}
}

func TestTooManyLogTreesAreRefused(t *testing.T) {
	t.Parallel()
	if err := testbulk.Write(t.Context(), device.Pair{}, testbulk.Options{LogTrees: testbulk.MaxLogTrees + 1}); err == nil {
		t.Error("accepted")
	}
}
