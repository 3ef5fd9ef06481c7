// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"scoutfs/debug/surgery"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testtree"
)

// busyRID is the mount of a busy volume.
const busyRID = 0x1234567890abcdef

// surgeon adds structures to a volume.
type surgeon struct {
	t *testing.T
	v *surgery.Volume
}

// busy is a volume that a mount is using: it has an open log tree, takes part
// in a log merge, and deletes merged search files.
func busy(t *testing.T) device.Pair {
	t.Helper()
	tree := testtree.New(t, 2)
	dir := tree.Dir(format.RootIno, "directory")
	tree.Dir(dir, "empty")
	tree.Symlink(dir, "long", strings.Repeat("target/", 300))
	gone := tree.File(dir, "gone", testtree.Text("text"), testtree.Offline(3))
	pair := tree.Memory()
	s := surgeon{t, surgery.Open(pair)}
	super, err := s.v.Super()
	s.check(err)
	super.Seq.Set(1000)
	s.unlink(dir, gone)
	s.mount()
	s.logTree()
	s.merge()
	s.searchFiles()
	s.deletion()
	s.check(s.v.Write())
	return pair
}

func (s surgeon) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s surgeon) tree(name string) *surgery.Tree {
	s.t.Helper()
	tree, err := s.v.FindTree(name)
	s.check(err)
	return tree
}

func (s surgeon) insert(tree string, it surgery.NewItem) {
	s.t.Helper()
	s.check(s.v.Insert(s.tree(tree), it))
}

// block takes a free block for a structure.
func (s surgeon) block(magic uint32) (*surgery.Block, format.Ref) {
	s.t.Helper()
	blkno, err := s.v.TakeMeta()
	s.check(err)
	b, ref, err := s.v.NewBlock(blkno, magic, blkno*77)
	s.check(err)
	return b, ref
}

func viewOf[T any](s surgeon, b []byte) *T {
	s.t.Helper()
	t, err := format.View[T](b)
	s.check(err)
	return t
}

func (s surgeon) inode(ino uint64) *format.Inode {
	s.t.Helper()
	it, err := s.v.Find(s.tree("fs_root"), format.InodeKey(ino))
	s.check(err)
	value, err := s.v.Value(it)
	s.check(err)
	return viewOf[format.Inode](s, value)
}

// unlink removes the only name of a file, which somebody has open.
func (s surgeon) unlink(dir, ino uint64) {
	s.t.Helper()
	root := s.tree("fs_root")
	var names []surgery.Item
	for it, err := range s.v.Items(root, format.AllKeys()) {
		s.check(err)
		switch format.KindOf(it.Key) {
		case format.KindDirent, format.KindReaddir, format.KindLinkBackref:
			if viewOf[format.Dirent](s, it.Value).Ino.Get() == ino {
				names = append(names, it)
			}
		}
	}
	for _, it := range names {
		s.check(s.v.Remove(it))
	}
	s.inode(dir).Size.Set(s.inode(dir).Size.Get() - uint64(len("gone")))
	s.inode(ino).Nlink.Set(0)
	s.insert("fs_root", surgery.NewItem{Key: format.OrphanKey(ino), Seq: 1})
}

func (s surgeon) mount() {
	s.t.Helper()
	var m format.MountedClient
	m.Addr.SetIPv4(netip.MustParseAddrPort("192.0.2.7:4711"))
	s.insert("mounted_clients", surgery.NewItem{Key: format.MountedClientKey(busyRID), Value: format.Bytes(&m)})
}

// logTree adds an open log tree with a quota rule, a deletion, and space.
func (s surgeon) logTree() {
	s.t.Helper()
	var lt format.LogTrees
	lt.RID.Set(busyRID)
	lt.Nr.Set(1)
	lt.GetTransSeq.Set(600)
	lt.CommitTransSeq.Set(600)
	lt.MaxItemSeq.Set(550)
	s.insert("logs_root", surgery.NewItem{Key: format.LogTreesKey(busyRID, 1), Value: format.Bytes(&lt)})

	bloomBlock, ref := s.block(format.MagicBloom)
	bloom := viewOf[format.BloomBlock](s, bloomBlock.Bytes)
	items := s.tree("item_root")
	items.Log.BloomRef.Set(ref)
	var rule format.QuotaRule
	rule.NameVal[0].Set(3)
	rule.Limit.Set(100)
	for _, it := range []surgery.NewItem{
		{Key: format.QuotaRuleKey(rule.Hash(), 0), Seq: 500, Value: format.Bytes(&rule)},
		{Key: format.OrphanKey(5), Seq: 550, Flags: format.ItemFlagDeletion},
	} {
		s.check(s.v.Insert(items, it))
		lock, _ := format.LockRange(it.Key)
		bloom.Add(format.BloomBitsOf(lock.Start))
	}

	listBlock, ref := s.block(format.MagicAllocList)
	list := viewOf[format.AllocListBlock](s, listBlock.Bytes)
	items.Log.MetaAvail.Ref.Set(ref)
	for range 4 {
		blkno, err := s.v.TakeMeta()
		s.check(err)
		surgery.AppendList(&items.Log.MetaAvail, list, blkno)
	}
	s.moveData(items.Log)
}

// moveData gives a log tree the end of the server's free data blocks.
func (s surgeon) moveData(log *format.LogTrees) {
	s.t.Helper()
	server, mount := s.tree("data_alloc"), s.tree("data_avail")
	var free format.Extent
	for it, err := range s.v.Items(server, format.AllKeys()) {
		s.check(err)
		if e, ok := it.Key.FreeExtent(); ok && it.Key.Zone == format.ZoneFreeBlkno && e.Len > free.Len {
			free = e
		}
	}
	kept, given := free, format.Extent{Start: free.Start + free.Len - 100, Len: 100}
	kept.Len -= given.Len
	for _, k := range []func(format.Extent) format.Key{format.FreeBlknoKey, format.FreeOrderKey} {
		it, err := s.v.Find(server, k(free))
		s.check(err)
		s.check(s.v.Rekey(it, k(kept)))
		s.check(s.v.Insert(mount, surgery.NewItem{Key: k(given)}))
	}
	server.Alloc.TotalLen.Set(server.Alloc.TotalLen.Get() - given.Len)
	log.DataAvail.TotalLen.Set(given.Len)
}

// merge adds a log merge with a request of the mount.
func (s surgeon) merge() {
	s.t.Helper()
	var status format.LogMergeStatus
	status.Seq.Set(700)
	status.NrRequests.Set(1)
	s.insert("log_merge", surgery.NewItem{Key: format.LogMergeStatusKey(), Value: format.Bytes(&status)})
	var r format.LogMergeRequest
	r.RID.Set(busyRID)
	r.Seq.Set(701)
	r.InputSeq.Set(700)
	r.Start.Set(format.InodeKey(1))
	r.End.Set(format.InodeKey(2000))
	s.insert("log_merge", surgery.NewItem{Key: format.LogMergeRequestKey(busyRID, 701), Value: format.Bytes(&r)})
}

// searchFile makes a search file of leaves, under a parent if there are
// several.
func (s surgeon) searchFile(leaves ...[]format.SrchEntry) format.SrchFile {
	s.t.Helper()
	var f format.SrchFile
	var refs []format.Ref
	for _, entries := range leaves {
		b, ref := s.block(format.MagicSrchBlock)
		s.check(surgery.SetSrchEntries(viewOf[format.SrchBlock](s, b.Bytes), entries))
		refs = append(refs, ref)
	}
	all := slices.Concat(leaves...)
	f.First.Set(slices.MinFunc(all, format.SrchEntry.Compare))
	f.Last.Set(slices.MaxFunc(all, format.SrchEntry.Compare))
	f.Entries.Set(uint64(len(all)))
	f.Blocks.Set(uint64(len(leaves)))
	f.Height = 1
	f.Ref.Set(refs[0])
	if len(refs) > 1 {
		b, ref := s.block(format.MagicSrchParent)
		parent := viewOf[format.SrchParent](s, b.Bytes)
		for i, leaf := range refs {
			parent.Refs[i].Set(leaf)
		}
		f.Height = 2
		f.Ref.Set(ref)
	}
	return f
}

// searchFiles adds a sorted file of two leaves and a log, whose entries cancel
// each other.
func (s surgeon) searchFiles() {
	s.t.Helper()
	var entries []format.SrchEntry
	for i := range uint64(12) {
		entries = append(entries, format.SrchEntry{Hash: 1000 + i*i, Ino: 1024, ID: i})
	}
	sorted := s.searchFile(entries[:6], entries[6:])
	s.insert("srch_root", surgery.NewItem{
		Key: format.SrchBlocksKey(2, sorted.Ref.Blkno.Get()), Value: format.Bytes(&sorted),
	})
	log := s.searchFile(entries)
	s.insert("srch_root", surgery.NewItem{Key: format.SrchLogKey(log.Ref.Blkno.Get()), Value: format.Bytes(&log)})
}

// deletion adds a compaction of the mount that is about to delete its inputs.
func (s surgeon) deletion() {
	s.t.Helper()
	var c format.SrchCompact
	c.Flags = format.SrchCompactDelete
	for i := range uint64(2) {
		c.In[i].File = s.searchFile([]format.SrchEntry{{Hash: i, Ino: 1, ID: 2}})
		c.Nr++
	}
	id := c.In[0].File.Ref.Blkno.Get()
	c.ID.Set(id)
	s.insert("srch_root", surgery.NewItem{Key: format.SrchBusyKey(busyRID, id), Value: format.Bytes(&c)})
}
