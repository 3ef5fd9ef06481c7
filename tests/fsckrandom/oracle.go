// SPDX-License-Identifier: GPL-2.0-or-later

// Package fsckrandom damages volumes at random and compares what the check
// says with what the damage did.
//
// What it did is told by an oracle that knows nothing of package fsck: a
// digest of all that a volume shows and of how its blocks are accounted for.
// A check that finds a volume clean whose digest is another than that of the
// sound volume has missed damage. Left out of the digest is what may have any
// value: a time or an owner that was changed together with its block's
// checksum is as good as the one before.
package fsckrandom

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"

	"scoutfs/engine/alloc"
	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
)

// Digest stands for what a volume shows.
type Digest struct {
	View     uint64 // the merged items
	Searches uint64 // what searches would find
	Space    uint64 // which blocks are in use, and which are free in which allocator
	Inodes   uint64 // the count of inodes
}

// Oracle computes digests. Those of one Oracle can be compared. It is safe
// for concurrent use.
type Oracle struct{ seed maphash.Seed }

// NewOracle returns an Oracle.
func NewOracle() *Oracle { return &Oracle{maphash.MakeSeed()} }

// Of returns a volume's digest. The error says what could not be read, and
// is as telling as another digest.
func (o *Oracle) Of(ctx context.Context, meta device.Device) (Digest, error) {
	return o.digest(ctx, meta, func(uint64) {})
}

// digest also calls used for every block that something refers to.
func (o *Oracle) digest(ctx context.Context, meta device.Device, used func(blkno uint64)) (Digest, error) {
	_, super, err := block.ReadSuper(meta)
	if err != nil {
		return Digest{}, err
	}
	r := block.NewReader(meta, block.Options{
		FSID: super.Hdr.FSID.Get(), TotalBlocks: super.TotalMetaBlocks.Get(), CacheBytes: 16 << 20, Workers: -1,
	})
	s, err := forest.Load(ctx, r, super)
	if err != nil {
		return Digest{}, err
	}
	d := digester{o: o, used: used, ctx: ctx, s: s, r: r, super: super}
	for _, part := range []func() error{d.view, d.searches, d.space, d.inodes} {
		if err := part(); err != nil {
			return Digest{}, err
		}
	}
	return d.Digest, nil
}

type digester struct {
	Digest
	o     *Oracle
	used  func(blkno uint64)
	ctx   context.Context
	s     *forest.Snapshot
	r     *block.Reader
	super *format.Super
	buf   []byte
	sum   uint64
}

// take adds something to the sum that is being computed; order matters.
func (d *digester) take(b []byte) {
	d.sum = d.sum*0x9e3779b97f4a7c15 + maphash.Bytes(d.o.seed, b)
}

func (d *digester) takef(form string, args ...any) {
	d.buf = fmt.Appendf(d.buf[:0], form, args...)
	d.take(d.buf)
}

// block takes in a block that is in use.
func (d *digester) block(what string, ref format.Ref, level int) {
	d.takef("%s %v %d", what, ref, level)
	if !ref.IsZero() {
		d.used(ref.Blkno)
	}
}

// done returns the sum and begins another.
func (d *digester) done() uint64 {
	sum := d.sum
	d.sum = 0
	return sum
}

func (d *digester) view() error {
	var masked []byte
	for it, err := range d.s.Items(d.ctx, format.AllKeys()) {
		if err != nil {
			return err
		}
		d.buf = it.Key.Append(d.buf[:0])
		masked = append(append(masked[:0], d.buf...), ' ')
		start := len(masked)
		masked = append(masked, it.Value...)
		maskFree(it.Key, masked[start:])
		d.take(masked)
	}
	d.View = d.done()
	return nil
}

// maskFree clears the parts of a value that may be anything.
func maskFree(k format.Key, val []byte) {
	switch format.KindOf(k) {
	case format.KindInode:
		maskInode(val)
	case format.KindXattr:
		maskXattr(k, val)
	case format.KindSymlink:
		for i := range val {
			if val[i] != 0 {
				val[i] = 'x'
			}
		}
	}
}

func maskInode(val []byte) {
	in, err := format.View[format.InodeV1](val)
	if err != nil {
		return
	}
	if len(val) == format.Size[format.Inode]() {
		clear(val[format.Size[format.InodeV1]():])
	}
	switch mode := in.Mode.Get() & format.ModeTypeMask; mode {
	case format.ModeRegular:
		in.Size.Set(0) // but for its blocks, which are compared
	default:
		in.DataSeq.Set(0) // in no index
	}
	for _, n := range []*format.U64{&in.DataVersion, &in.NextReaddirPos, &in.NextXattrID, &in.Version} {
		n.Set(0)
	}
	for _, n := range []*format.U32{&in.UID, &in.GID, &in.Rdev, &in.Flags} {
		n.Set(0)
	}
	in.Mode.Set(in.Mode.Get() & format.ModeTypeMask)
	for _, t := range []*format.Timespec{&in.Atime, &in.Ctime, &in.Mtime, &in.Crtime} {
		*t = format.Timespec{}
	}
}

// maskXattr clears a value but for those that count in a total.
func maskXattr(k format.Key, val []byte) {
	if k.Fourth > 0 {
		clear(val)
		return
	}
	_, name, value, err := format.ViewXattr(val)
	if err != nil {
		return
	}
	if tags, ok := format.ParseXattrTags(name); !ok || !tags.Totl {
		clear(value)
	}
}

// searches adds up the entries that are there an odd number of times.
func (d *digester) searches() error {
	for source, err := range srch.Files(d.ctx, d.r, d.super) {
		if err != nil {
			return err
		}
		for b, err := range source.File.Leaves(d.ctx, 0) {
			if err != nil {
				return err
			}
			decoder := srch.NewDecoder(b.Leaf)
			for e, ok := decoder.Next(); ok; e, ok = decoder.Next() {
				d.buf = fmt.Appendf(d.buf[:0], "%x.%d.%d", e.Hash, e.Ino, e.ID)
				d.sum ^= maphash.Bytes(d.o.seed, d.buf)
			}
			if err := decoder.Err(); err != nil {
				return err
			}
		}
	}
	d.Searches = d.done()
	return nil
}

func (d *digester) inodes() error {
	d.Inodes = d.super.InodeCount.Get()
	for _, lt := range d.s.LogTrees {
		d.Inodes += lt.InodeCountDelta.Get()
	}
	return nil
}

// space takes in every allocator, and every block in use.
func (d *digester) space() error {
	s := d.super
	d.takef("%d %d", s.TotalMetaBlocks.Get(), s.TotalDataBlocks.Get())
	for i := range s.MetaAlloc {
		if err := firstError(d.extents(&s.MetaAlloc[i]), d.list(s.ServerMetaAvail[i]), d.list(s.ServerMetaFreed[i])); err != nil {
			return err
		}
	}
	if err := d.extents(&s.DataAlloc); err != nil {
		return err
	}
	trees := []btree.Tree{
		{Root: s.FSRoot.Root(), Kind: format.TreeFSRoot},
		{Root: s.LogsRoot.Root(), Kind: format.TreeLogsRoot},
		{Root: s.LogMerge.Root(), Kind: format.TreeLogMerge},
		{Root: s.MountedClients.Root(), Kind: format.TreeMountedClients},
		{Root: s.SrchRoot.Root(), Kind: format.TreeSrchRoot},
	}
	for _, lt := range d.s.LogTrees {
		d.block("bloom", lt.BloomRef.Ref(), 0)
		err := firstError(d.list(lt.MetaAvail), d.list(lt.MetaFreed), d.extents(&lt.DataAvail), d.extents(&lt.DataFreed))
		if err != nil {
			return err
		}
		trees = append(trees, btree.Tree{Root: lt.ItemRoot.Root(), Kind: format.TreeLogItems})
	}
	for i := range trees {
		if err := d.tree(trees[i]); err != nil {
			return err
		}
	}
	if err := firstError(d.srchSpace(), d.mergeSpace()); err != nil {
		return err
	}
	d.Space = d.done()
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *digester) extents(root *format.AllocRoot) error {
	d.takef("total %d", root.TotalLen.Get())
	x := alloc.OpenExtents(d.r, root)
	for e, err := range x.All(d.ctx) {
		if err != nil {
			return err
		}
		d.takef("%v", e)
	}
	for e, err := range x.BySize(d.ctx) {
		if err != nil {
			return err
		}
		d.takef("%v", e)
	}
	return d.tree(x.Tree)
}

func (d *digester) list(head format.AllocListHead) error {
	d.takef("list %d", head.TotalNr.Get())
	var entries []uint64
	for b, err := range alloc.ListChain(d.ctx, d.r, head) {
		if err != nil {
			return err
		}
		d.block("list", b.Ref, 0)
		for i := range b.Entries {
			entries = append(entries, b.Entries[i].Get())
		}
	}
	slices.Sort(entries)
	d.takef("%d", entries)
	return nil
}

func (d *digester) tree(t btree.Tree) error {
	t.Reader = d.r
	d.takef("%v tree", t.Kind)
	for b, err := range t.Refs(d.ctx) {
		if err != nil {
			return err
		}
		d.block("block", b.Ref, b.Level)
	}
	return nil
}

func (d *digester) srchSpace() error {
	for source, err := range srch.Files(d.ctx, d.r, d.super) {
		if err != nil {
			return err
		}
		for b, err := range source.File.Refs(d.ctx) {
			if err != nil {
				return err
			}
			d.block("block", b.Ref, b.Level)
		}
	}
	t := btree.Tree{Reader: d.r, Root: d.super.SrchRoot.Root(), Kind: format.TreeSrchRoot}
	for it, err := range t.Items(d.ctx, format.AllKeys()) {
		if err != nil {
			return err
		}
		d.takef("%v", it.Key)
		if kind := format.KindOf(it.Key); kind != format.KindSrchPending && kind != format.KindSrchBusy {
			continue
		}
		c, err := format.ViewExact[format.SrchCompact](it.Value)
		if err != nil {
			return err
		}
		if err := firstError(d.list(c.MetaAvail), d.list(c.MetaFreed)); err != nil {
			return err
		}
	}
	return nil
}

func (d *digester) mergeSpace() error {
	t := btree.Tree{Reader: d.r, Root: d.super.LogMerge.Root(), Kind: format.TreeLogMerge}
	for it, err := range t.Items(d.ctx, format.AllKeys()) {
		if err != nil {
			return err
		}
		d.takef("%v", it.Key)
		switch format.KindOf(it.Key) {
		case format.KindLogMergeRequest:
			v, err := format.ViewExact[format.LogMergeRequest](it.Value)
			if err == nil {
				err = firstError(d.list(v.MetaAvail), d.list(v.MetaFreed))
			}
			if err != nil {
				return err
			}
		case format.KindLogMergeComplete:
			v, err := format.ViewExact[format.LogMergeComplete](it.Value)
			if err == nil {
				err = firstError(d.list(v.MetaAvail), d.list(v.MetaFreed))
			}
			if err != nil {
				return err
			}
			d.takef("%v", v.Root.Root())
		case format.KindLogMergeFreeing:
			v, err := format.ViewExact[format.LogMergeFreeing](it.Value)
			if err != nil {
				return err
			}
			d.takef("%v %v", v.Root.Root(), v.Key.Key())
		}
	}
	return nil
}
