// SPDX-License-Identifier: GPL-2.0-or-later

package images_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine/alloc"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testimage/manifest"
)

// checkNumbers compares sizes and free space. The numbers of a manifest are
// those of a mounted volume: the mount that took it had changed the volume
// already, on a copy of the devices. Two numbers show that.
//
// Free metadata blocks: the mount has some blocks of its own in use, and may
// have begun or finished merging log trees; see mountedFurniture and
// mergeInputs.
//
// The last committed sequence number: the mount's server has given out more
// of them; see lowestCommittedSeq.
//
// All other numbers must be equal, or follow from these two.
func (v *volume) checkNumbers(t *testing.T) {
	t.Helper()
	got, err := v.fs.Statfs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := v.manifest
	if free := m.ScoutfsDF.Data.Free; got.FreeDataBlocks != free {
		t.Errorf("%d free data blocks, want %d", got.FreeDataBlocks, free)
	}
	mounted := got
	mounted.FreeMetaBlocks = (m.FileSystem.Free - m.ScoutfsDF.Data.Free) / format.SmallPerLarge
	gained := int(mounted.FreeMetaBlocks) - int(got.FreeMetaBlocks) + v.mountedFurniture(&got) - v.furniture(t)
	if inputs := v.mergeInputs(t); gained > inputs || gained < -inputs {
		t.Errorf("the mount found %d free metadata blocks and left %d: merging gained %d, and had %d to merge",
			got.FreeMetaBlocks, mounted.FreeMetaBlocks, gained, inputs)
	}
	v.checkCommittedSeq(t)
	v.checkAllocDetail(t, &got)
	v.checkMountedNumbers(t, &mounted)
}

// checkMountedNumbers compares what statfs(2), df and scoutfs df show.
func (v *volume) checkMountedNumbers(t *testing.T, s *fs.Statfs) {
	t.Helper()
	m := v.manifest
	id := s.FSID()
	want := manifest.StatF{
		ID: uint64(id[0])<<32 | uint64(id[1]), Namelen: format.MaxNameLen, Type: format.FilesystemMagic,
		BlockSize: format.SmallBlockSize, FragmentSize: format.SmallBlockSize,
		Blocks: s.Blocks(), Free: s.FreeBlocks(), Available: s.FreeBlocks(),
		Inodes: s.Files(), FreeInodes: s.FreeFiles(),
	}
	if diff := cmp.Diff(m.FileSystem, want); diff != "" {
		t.Errorf("statfs, -kernel +ours:\n%s", diff)
	}
	if diff := cmp.Diff(m.DF, df(s.Blocks()*4, s.FreeBlocks()*4)); diff != "" {
		t.Errorf("df, -kernel +ours:\n%s", diff)
	}
	if diff := cmp.Diff(m.DFInodes, df(s.Files(), s.FreeFiles())); diff != "" {
		t.Errorf("df of inodes, -kernel +ours:\n%s", diff)
	}
	free := s.FreeMetaBlocks - min(s.FreeMetaBlocks, fs.ReservedMetaBlocks(1))
	scoutfs := manifest.ScoutfsDF{
		Meta: dfRow(64, s.TotalMetaBlocks, free),
		Data: dfRow(4, s.TotalDataBlocks, s.FreeDataBlocks),
	}
	if diff := cmp.Diff(m.ScoutfsDF, scoutfs); diff != "" {
		t.Errorf("scoutfs df, -kernel +ours:\n%s", diff)
	}
}

// df shows percentages rounded up.
func df(total, free uint64) manifest.DF {
	used := total - free
	return manifest.DF{Total: total, Used: used, Available: free, UsePercent: (used*100 + total - 1) / total}
}

// dfRow shows percentages rounded down.
func dfRow(kib, total, free uint64) manifest.DFRow {
	used := total - free
	return manifest.DFRow{BlockKiB: kib, Total: total, Used: used, Free: free, UsePercent: used * 100 / total}
}

// checkAllocDetail compares the sum of all stores of free blocks.
func (v *volume) checkAllocDetail(t *testing.T, s *fs.Statfs) {
	t.Helper()
	var meta, data uint64
	for store, err := range v.fs.AllocDetail(t.Context()) {
		switch {
		case err != nil:
			t.Fatal(err)
		case store.Meta:
			meta += store.Blocks
		default:
			data += store.Blocks
		}
	}
	if meta != s.FreeMetaBlocks || data != s.FreeDataBlocks {
		t.Errorf("stores hold %d and %d free blocks, statfs says %d and %d", meta, data, s.FreeMetaBlocks, s.FreeDataBlocks)
	}
}

// checkCommittedSeq compares what STATFS_MORE says.
func (v *volume) checkCommittedSeq(t *testing.T) {
	t.Helper()
	super, m := v.fs.Super(), v.manifest.Statfs
	ours := manifest.Statfs{
		FSID: super.Hdr.FSID.Get(), RID: m.RID, CommittedSeq: m.CommittedSeq,
		TotalMetaBlocks: super.TotalMetaBlocks.Get(), TotalDataBlocks: super.TotalDataBlocks.Get(),
	}
	if diff := cmp.Diff(m, ours); diff != "" {
		t.Errorf("statfs_more, -kernel +ours:\n%s", diff)
	}
	for _, lt := range v.fs.Snapshot().LogTrees {
		if lt.RID.Get() == m.RID {
			t.Errorf("the mount of the manifest has log trees on the devices")
		}
	}
	lowest, exact := v.lowestCommittedSeq()
	if m.CommittedSeq < lowest || exact && m.CommittedSeq != lowest {
		t.Errorf("the kernel's committed seq is %d, want %d at least, exactly: %v", m.CommittedSeq, lowest, exact)
	}
	got, err := v.fs.CommittedSeq(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := uint64(0)
	for _, e := range v.manifest.MetaSeq {
		last = max(last, e.Major)
	}
	if got > lowest || got < last {
		t.Errorf("committed seq is %d, want at least %d, that of the last inode, and at most %d, that of the next mount", got, last, lowest)
	}
}

// lowestCommittedSeq is the committed sequence number that a mount starts
// with: its server goes on from the greatest number on the devices, takes one
// for each log tree that a dead mount left open, one for a merge if there is
// something to merge, and one for the mount's first transaction, which is not
// committed. Every later transaction adds to it; a mount that has nothing to
// merge, and only reads, has none.
func (v *volume) lowestCommittedSeq() (seq uint64, exact bool) {
	super, snapshot := v.fs.Super(), v.fs.Snapshot()
	seq = super.Seq.Get()
	open := uint64(0)
	for _, lt := range snapshot.LogTrees {
		seq = max(seq, lt.MaxItemSeq.Get())
		if !lt.Finalized() {
			open++
		}
	}
	seq += open
	if len(snapshot.LogTrees) > 0 && snapshot.Merge == nil {
		seq++
	}
	return seq, len(snapshot.LogTrees) == 0
}

// furniture counts the metadata blocks that hold free space, log trees items
// and mounts, rather than files.
func (v *volume) furniture(t *testing.T) int {
	t.Helper()
	super := v.fs.Super()
	n := v.lists(t, &super.ServerMetaAvail[0], &super.ServerMetaAvail[1], &super.ServerMetaFreed[0], &super.ServerMetaFreed[1])
	n += v.tree(t, format.TreeAlloc, &super.MetaAlloc[0].Root, &super.MetaAlloc[1].Root, &super.DataAlloc.Root)
	n += v.tree(t, format.TreeMountedClients, &super.MountedClients)
	n += v.tree(t, format.TreeLogsRoot, &super.LogsRoot)
	for _, lt := range v.fs.Snapshot().LogTrees {
		n += v.lists(t, &lt.MetaAvail, &lt.MetaFreed)
		n += v.tree(t, format.TreeAlloc, &lt.DataAvail.Root, &lt.DataFreed.Root)
	}
	return n
}

// mountedFurniture is what furniture counts on a small volume with one idle
// mount: two lists of available blocks and one of freed ones in the server,
// two trees of free metadata blocks, one with the mount, one with its log
// trees item, and in that a list of available metadata blocks and a tree of
// available data blocks. The volume's own tree of free data blocks is empty
// unless there are more than one mount is given.
func (v *volume) mountedFurniture(s *fs.Statfs) int {
	n := 2 + 1 + 2 + 1 + 1 + 1 + 1
	if s.FreeDataBlocks > format.DataAvailFillTarget {
		n++
	}
	return n
}

// mergeInputs counts the metadata blocks that merging can change: those of log
// trees, which are freed at its end, and as many that it can add to fs_root
// before; and two for each job that holds lists, and for log_merge. It is 0 if
// there is nothing to merge.
func (v *volume) mergeInputs(t *testing.T) int {
	t.Helper()
	n := 0
	for _, lt := range v.fs.Snapshot().LogTrees {
		n += v.tree(t, format.TreeLogItems, &lt.ItemRoot)
		if !lt.BloomRef.Ref().IsZero() {
			n++
		}
	}
	if len(v.fs.Snapshot().LogTrees) > 0 {
		n += 2
	}
	return n
}

func (v *volume) lists(t *testing.T, heads ...*format.AllocListHead) int {
	t.Helper()
	n := 0
	for _, head := range heads {
		for _, err := range alloc.ListChain(t.Context(), v.Blocks(), *head) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	return n
}

func (v *volume) tree(t *testing.T, kind format.Tree, roots ...*format.BtreeRoot) int {
	t.Helper()
	n := 0
	for _, root := range roots {
		tree := btree.Tree{Reader: v.Blocks(), Root: root.Root(), Kind: kind}
		for _, err := range tree.Refs(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	return n
}
