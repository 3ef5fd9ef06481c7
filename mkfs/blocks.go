// SPDX-License-Identifier: GPL-2.0-or-later

package mkfs

import (
	"scoutfs/engine/format"
)

// rootMode is a directory that everybody may enter and read.
const rootMode = 0o040755

// fillFSRoot makes the leaf with all items of a new file system: the root
// directory and its place in the index of metadata changes.
func (p *Plan) fillFSRoot(block *format.BtreeBlock) {
	l := newLeaf(block)
	l.append(format.InodeIndexKey(format.TypeMetaSeq, 0, format.RootIno), nil)
	l.append(format.InodeKey(format.RootIno), p.rootInode())
}

// rootInode returns the value of the root directory's item, whose length
// depends on the format version (docs/format.md 10).
func (p *Plan) rootInode() []byte {
	var inode format.Inode
	inode.NextReaddirPos.Set(format.FirstReaddirPos)
	inode.Nlink.Set(2)
	inode.Mode.Set(rootMode)
	for _, ts := range []*format.Timespec{&inode.Atime, &inode.Ctime, &inode.Mtime, &inode.Crtime} {
		ts.Set(p.Created)
	}
	if p.FormatVersion < 2 {
		return format.Bytes(&inode.InodeV1)
	}
	return format.Bytes(&inode)
}

// fillAvailList makes the list of blocks from which the first server
// allocates.
func fillAvailList(block *format.BtreeBlock) {
	list, err := format.ViewAllocListBlock(block[:])
	if err != nil {
		panic(err) // the array has exactly the size of a list block
	}
	list.Nr.Set(format.MkfsAvailBlocks)
	for i := range uint64(format.MkfsAvailBlocks) {
		list.Blknos[i].Set(firstAvail + i)
	}
}

// fillExtentLeaf makes the tree of one free extent, which has two items.
func fillExtentLeaf(block *format.BtreeBlock, e format.Extent) {
	l := newLeaf(block)
	l.append(format.FreeBlknoKey(e), nil)
	l.append(format.FreeOrderKey(e), nil)
}

// super returns the super block of the data device, or of the metadata
// device with SuperFlagMeta.
func (p *Plan) super(flags uint64) []byte {
	block := make([]byte, format.SmallBlockSize)
	super, err := format.View[format.Super](block)
	if err != nil {
		panic(err) // a super is smaller than its block
	}
	super.FmtVers.Set(p.FormatVersion)
	super.Flags.Set(flags)
	super.UUID = p.UUID
	super.Seq.Set(1)
	super.NextIno.Set(format.FirstFreeIno)
	super.InodeCount.Set(1)
	super.TotalMetaBlocks.Set(p.MetaBlocks)
	super.TotalDataBlocks.Set(p.DataBlocks)
	super.Qconf.Version.Set(p.QuorumVersion)
	super.Qconf.SetAddrs(p.Slots)
	if p.DataAllocZoneBlocks != 0 {
		super.Volopt.SetBits.Set(format.VolumeOptDataAllocZoneBlocks)
		super.Volopt.DataAllocZoneBlocks.Set(p.DataAllocZoneBlocks)
	}

	super.FSRoot.Set(leafRoot(fsRootBlkno))
	super.ServerMetaAvail[0].Ref.Set(format.Ref{Blkno: availBlkno, Seq: blockSeq})
	super.ServerMetaAvail[0].TotalNr.Set(format.MkfsAvailBlocks)
	super.ServerMetaAvail[0].FirstNr.Set(format.MkfsAvailBlocks)
	setAllocRoot(&super.DataAlloc, dataAllocBlkno, p.dataExtent())
	for half := range super.MetaAlloc {
		setAllocRoot(&super.MetaAlloc[half], uint64(metaAllocBlkno+half), p.metaExtent(half))
	}
	p.seal(block, format.MagicSuper, format.SuperBlkno)
	return block
}

func setAllocRoot(root *format.AllocRoot, blkno uint64, e format.Extent) {
	root.TotalLen.Set(e.Len)
	root.Root.Set(leafRoot(blkno))
}

// leafRoot is a tree of one leaf.
func leafRoot(blkno uint64) format.Root {
	return format.Root{Ref: format.Ref{Blkno: blkno, Seq: blockSeq}, Height: 1}
}
