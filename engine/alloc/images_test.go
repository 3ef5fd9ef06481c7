// SPDX-License-Identifier: GPL-2.0-or-later

package alloc_test

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
	"testing"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/internal/testimage"
)

// account is who owns what of a volume's metadata device, by the list of
// docs/format.md 6.6.
type account struct {
	t     *testing.T
	r     *block.Reader
	super *format.Super
	owner []uint16 // by blkno, index in names; 0 is nobody
	names []string
	free  uint64 // blocks in lists and extents
	// shared has the blocks that a completed merge that is not yet spliced
	// may own together with fs_root.
	shared bool
}

func newAccount(t *testing.T, img testimage.Image) *account {
	t.Helper()
	dev, err := device.Open(img.Meta, device.Options{Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	_, super, err := block.ReadSuper(dev)
	if err != nil {
		t.Fatal(err)
	}
	total := super.TotalMetaBlocks.Get()
	r := block.NewReader(dev, block.Options{FSID: super.Hdr.FSID.Get(), TotalBlocks: total})
	t.Cleanup(func() {
		r.Wait()
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return &account{t: t, r: r, super: super, owner: make([]uint16, total), names: []string{"nobody"}}
}

func (a *account) claim(blkno uint64, name string) {
	a.t.Helper()
	if a.names[len(a.names)-1] != name {
		a.names = append(a.names, name)
	}
	if blkno < 2 || blkno >= uint64(len(a.owner)) {
		a.t.Fatalf("%s: block %d", name, blkno)
	}
	if other := a.owner[blkno]; other != 0 && !a.shared {
		a.t.Errorf("%s: block %d belongs to %s", name, blkno, a.names[other])
	}
	a.owner[blkno] = uint16(len(a.names) - 1)
}

func (a *account) tree(root format.Root, kind format.Tree, name string) {
	a.t.Helper()
	tree := btree.Tree{Reader: a.r, Root: root, Kind: kind}
	for b, err := range tree.Refs(a.t.Context()) {
		if err != nil {
			a.t.Errorf("%s: %v", name, err)
			continue
		}
		a.claim(b.Ref.Blkno, name)
	}
}

func (a *account) extents(root *format.AllocRoot, meta bool, name string) {
	a.t.Helper()
	a.tree(root.Root.Root(), format.TreeAlloc, name)
	first, end := uint64(format.FirstMetaBlkno), a.super.TotalMetaBlocks.Get()
	if !meta {
		first, end = format.FirstDataBlkno, a.super.TotalDataBlocks.Get()
	}
	x := alloc.OpenExtents(a.r, root)
	for err := range x.Verify(a.t.Context(), first, end) {
		a.t.Errorf("%s: %v", name, err)
	}
	for e, err := range x.All(a.t.Context()) {
		if err != nil {
			a.t.Fatal(err)
		}
		if !meta {
			continue
		}
		a.free += e.Len
		for blkno := e.Start; blkno <= e.End(); blkno++ {
			a.claim(blkno, name+" extent")
		}
	}
}

func (a *account) lists(name string, heads ...*format.AllocListHead) {
	a.t.Helper()
	for i, head := range heads {
		for b, err := range alloc.ListChain(a.t.Context(), a.r, *head) {
			if err != nil {
				a.t.Errorf("%s list %d: %v", name, i, err)
				continue
			}
			a.claim(b.Ref.Blkno, name+" list")
			a.free += uint64(len(b.Entries))
			for i := range b.Entries {
				a.claim(b.Entries[i].Get(), name+" list entry")
			}
		}
	}
}

func (a *account) srchFile(sfl *format.SrchFile, name string, refs func(*srch.File) func(func(srch.Block, error) bool)) {
	a.t.Helper()
	f, err := srch.Open(a.r, sfl)
	if err != nil {
		a.t.Errorf("%s: %v", name, err)
		return
	}
	if refs == nil {
		refs = func(f *srch.File) func(func(srch.Block, error) bool) { return f.Refs(a.t.Context()) }
	}
	for b, err := range refs(f) {
		if err != nil {
			a.t.Errorf("%s: %v", name, err)
			continue
		}
		a.claim(b.Ref.Blkno, name)
	}
}

func view[T any](a *account, it btree.Item) *T {
	a.t.Helper()
	v, err := format.ViewExact[T](it.Value)
	if err != nil {
		a.t.Fatalf("%v: %v", it.Key, err)
	}
	return v
}

// all claims everything.
func (a *account) all() {
	a.t.Helper()
	s := a.super
	a.tree(s.FSRoot.Root(), format.TreeFSRoot, "fs_root")
	a.tree(s.LogsRoot.Root(), format.TreeLogsRoot, "logs_root")
	a.tree(s.LogMerge.Root(), format.TreeLogMerge, "log_merge")
	a.tree(s.MountedClients.Root(), format.TreeMountedClients, "mounted_clients")
	a.tree(s.SrchRoot.Root(), format.TreeSrchRoot, "srch_root")
	a.extents(&s.DataAlloc, false, "data_alloc")
	for i := range 2 {
		a.extents(&s.MetaAlloc[i], true, fmt.Sprintf("meta_alloc[%d]", i))
		a.lists(fmt.Sprintf("server_meta[%d]", i), &s.ServerMetaAvail[i], &s.ServerMetaFreed[i])
	}
	for _, root := range []*format.BtreeRoot{&s.LogsRoot, &s.SrchRoot, &s.LogMerge} {
		tree := btree.Tree{Reader: a.r, Root: root.Root()}
		for it, err := range tree.Items(a.t.Context(), format.AllKeys()) {
			if err != nil {
				a.t.Fatal(err)
			}
			a.item(it)
		}
	}
}

func (a *account) item(it btree.Item) {
	a.t.Helper()
	name := fmt.Sprintf("%v %v", format.KindOf(it.Key), it.Key)
	switch format.KindOf(it.Key) {
	case format.KindLogTrees:
		v := view[format.LogTrees](a, it)
		a.lists(name, &v.MetaAvail, &v.MetaFreed)
		a.tree(v.ItemRoot.Root(), format.TreeLogItems, name)
		a.extents(&v.DataAvail, false, name+" data_avail")
		a.extents(&v.DataFreed, false, name+" data_freed")
		a.srchFile(&v.SrchFile, name, nil)
		if ref := v.BloomRef.Ref(); !ref.IsZero() {
			b, err := a.r.Read(a.t.Context(), ref, format.MagicBloom)
			if err != nil {
				a.t.Fatal(err)
			}
			bloom, err := format.ViewBloomBlock(b)
			if err != nil {
				a.t.Fatal(err)
			}
			set := 0
			for _, b := range bloom.Bits {
				set += bits.OnesCount8(b)
			}
			if uint64(set) != bloom.TotalSet.Get() {
				a.t.Errorf("%s: bloom block has %d bits, total_set is %d", name, set, bloom.TotalSet.Get())
			}
			a.claim(ref.Blkno, name)
		}
	case format.KindSrchLog, format.KindSrchBlocks:
		a.srchFile(view[format.SrchFile](a, it), name, nil)
	case format.KindSrchPending, format.KindSrchBusy:
		v := view[format.SrchCompact](a, it)
		a.lists(name, &v.MetaAvail, &v.MetaFreed)
		if v.Flags&format.SrchCompactDelete == 0 {
			a.srchFile(&v.Out, name, nil)
			return
		}
		for i := range v.Inputs() {
			in := &v.In[i]
			a.srchFile(&in.File, name, func(f *srch.File) func(func(srch.Block, error) bool) {
				return f.UnfreedRefs(a.t.Context(), in.Blk.Get(), in.Pos.Get())
			})
		}
	case format.KindLogMergeRequest:
		v := view[format.LogMergeRequest](a, it)
		a.lists(name, &v.MetaAvail, &v.MetaFreed)
	case format.KindLogMergeComplete:
		v := view[format.LogMergeComplete](a, it)
		if v.MetaAvail.Ref.Ref().IsZero() && v.MetaFreed.Ref.Ref().IsZero() {
			return
		}
		a.shared = true
		a.lists(name, &v.MetaAvail, &v.MetaFreed)
		a.tree(v.Root.Root(), format.TreeFSRoot, name)
		a.shared = false
	case format.KindLogMergeFreeing:
		v := view[format.LogMergeFreeing](a, it)
		tree := btree.Tree{Reader: a.r, Root: v.Root.Root(), Kind: format.TreeLogItems}
		for b, err := range tree.UnfreedRefs(a.t.Context(), v.Key.Key()) {
			if err != nil {
				a.t.Errorf("%s: %v", name, err)
				continue
			}
			a.claim(b.Ref.Blkno, name)
		}
	}
}

// Every metadata block of a volume is claimed exactly once, but for the
// parents of freed log trees, which upstream loses (docs/format.md B, 12).
func TestEveryMetadataBlockIsOwnedOnce(t *testing.T) {
	check := func(t *testing.T, img testimage.Image) {
		t.Helper()
		t.Parallel()
		a := newAccount(t, img)
		a.all()
		var lost []uint64
		for blkno := format.FirstMetaBlkno; blkno < len(a.owner); blkno++ {
			if a.owner[blkno] == 0 {
				lost = append(lost, uint64(blkno))
			}
		}
		for _, blkno := range lost {
			raw, err := a.r.ReadRaw(t.Context(), blkno)
			if err != nil {
				t.Fatal(err)
			}
			b, err := format.ViewBtreeBlock(raw)
			if err != nil || b.Head().Hdr.Magic.Get() != format.MagicBtree || b.Level() != 1 {
				t.Errorf("block %d belongs to nobody and is no parent of leaves", blkno)
			}
		}
		if len(lost) > 7 {
			t.Errorf("%d blocks belong to nobody", len(lost))
		}

		meta, data, err := alloc.FreeTotals(t.Context(), a.r, a.super)
		if err != nil {
			t.Fatal(err)
		}
		if meta != a.free {
			t.Errorf("%d free metadata blocks, lists and extents have %d", meta, a.free)
		}
		if meta == 0 || data == 0 || data >= a.super.TotalDataBlocks.Get() {
			t.Errorf("free blocks are %d and %d", meta, data)
		}
	}
	t.Run("images", func(t *testing.T) { testimage.Each(t, check) })
	t.Run("samples", func(t *testing.T) {
		testimage.EachSample(t, func(t *testing.T, img testimage.Image) {
			t.Helper()
			if strings.HasPrefix(img.Name, "mkfs-") {
				check(t, img)
			}
		})
	})
}

// mkfs's own numbers: docs/format.md 11.
func TestFreeTotalsOfNewVolumes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"empty-v1", "empty-v2"} {
		a := newAccount(t, testimage.Get(t, name))
		meta, data, err := alloc.FreeTotals(t.Context(), a.r, a.super)
		if err != nil {
			t.Fatal(err)
		}
		// Two static blocks, fs_root, the list block and three leaves.
		if want := a.super.TotalMetaBlocks.Get() - 7; meta != want {
			t.Errorf("%s: %d free metadata blocks, want %d", name, meta, want)
		}
		if want := a.super.TotalDataBlocks.Get() - 64; data != want {
			t.Errorf("%s: %d free data blocks, want %d", name, data, want)
		}
	}
}

func TestFreeTotalsThatOverflowAreCorrupt(t *testing.T) {
	t.Parallel()
	var super format.Super
	super.MetaAlloc[0].TotalLen.Set(math.MaxUint64)
	super.ServerMetaAvail[1].TotalNr.Set(1)
	r := block.NewReader(device.NewMemory("meta", 1<<20), block.Options{})
	if meta, _, err := alloc.FreeTotals(t.Context(), r, &super); err == nil {
		t.Errorf("%d free metadata blocks", meta)
	}
}
