// SPDX-License-Identifier: GPL-2.0-or-later

// Package testvolume builds small volumes in memory, for tests that need files
// and directories of a known shape, or items that upstream would never write.
// A [Builder] collects items and supers' fields; [Builder.Devices] writes them
// as two devices. Nothing is checked and nothing follows from anything else
// but with [Builder].Account: what is wrong stays wrong.
package testvolume

import (
	"maps"
	"slices"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// Sizes of the devices.
const (
	MetaBlocks = 4096 // of 64 KiB
	DataBlocks = 4096 // of 4 KiB
)

// Builder is a volume in the making.
type Builder struct {
	// Super is the metadata super. Devices fills in FSRoot, LogsRoot,
	// SrchRoot, LogMerge and MountedClients from the items below.
	Super format.Super
	// Items are the filesystem's, all in fs_root.
	Items map[format.Key][]byte
	// LogTrees, Srch, Merge and Mounts are the items of the other trees.
	LogTrees, Srch, Merge, Mounts map[format.Key][]byte
	// PerBlock is how many items a btree block has at most.
	PerBlock int
	// Blocks takes blocks that the items refer to, such as search files.
	Blocks *testblock.Volume
	// Data is the data device without its super.
	Data *device.Memory
	// Account gives the volume what a sound one has besides its items: a
	// quorum slot, quorum blocks, and allocators with all blocks that are not
	// in use. Those are the trees of the items, and DataUsed blocks of the
	// data device from format.FirstDataBlkno on; blocks that were written
	// before are taken for free.
	Account  bool
	DataUsed uint64
}

// New returns a volume of format version 2 that has nothing but an empty root
// directory.
func New(tb testing.TB) *Builder {
	tb.Helper()
	b := &Builder{
		Items:    make(map[format.Key][]byte),
		LogTrees: make(map[format.Key][]byte),
		Srch:     make(map[format.Key][]byte),
		Merge:    make(map[format.Key][]byte),
		Mounts:   make(map[format.Key][]byte),
		PerBlock: 20,
		Blocks:   testblock.New(tb, MetaBlocks),
		Data:     device.NewMemory("data", DataBlocks*format.SmallBlockSize),
	}
	b.Super.FmtVers.Set(2)
	b.Super.Flags.Set(format.SuperFlagMeta)
	copy(b.Super.UUID[:], "a test's volume!")
	b.Super.Seq.Set(100)
	b.Super.NextIno.Set(1 << 20)
	b.Super.InodeCount.Set(1)
	b.Super.TotalMetaBlocks.Set(MetaBlocks)
	b.Super.TotalDataBlocks.Set(DataBlocks)
	b.Inode(format.RootIno, format.ModeDirectory|0o755, nil)
	return b
}

// Put sets the item of a key. The value is copied.
func (b *Builder) Put(k format.Key, value []byte) { b.Items[k] = slices.Clone(value) }

// Inode adds an inode; change may set further fields.
func (b *Builder) Inode(ino uint64, mode uint32, change func(*format.Inode)) {
	var in format.Inode
	in.Mode.Set(mode)
	in.Nlink.Set(1)
	in.NextReaddirPos.Set(format.FirstReaddirPos)
	if change != nil {
		change(&in)
	}
	b.Put(format.InodeKey(ino), format.Bytes(&in))
}

// File adds a regular file of a size.
func (b *Builder) File(ino, size uint64) {
	b.Inode(ino, format.ModeRegular|0o644, func(in *format.Inode) { in.Size.Set(size) })
}

// Link adds the three items of a directory entry.
func (b *Builder) Link(dir, pos, ino uint64, typ uint8, name string) {
	value := Dirent(pos, ino, typ, name)
	b.Put(format.DirentKey(dir, format.DirentNameHash(name), pos), value)
	b.Put(format.ReaddirKey(dir, pos), value)
	b.Put(format.LinkBackrefKey(ino, dir, pos), value)
}

// Dirent returns the value of a directory entry's items.
func Dirent(pos, ino uint64, typ uint8, name string) []byte {
	var d format.Dirent
	d.Ino.Set(ino)
	d.Hash.Set(format.DirentNameHash(name))
	d.Pos.Set(pos)
	d.Type = typ
	return append(slices.Clone(format.Bytes(&d)), name...)
}

// Symlink adds the inode and the target of a symbolic link.
func (b *Builder) Symlink(ino uint64, target string) {
	content := append([]byte(target), 0)
	b.Inode(ino, format.ModeSymlink|0o777, func(in *format.Inode) { in.Size.Set(uint64(len(content))) })
	nr := uint64(0)
	for part := range slices.Chunk(content, format.MaxBtreeValue) {
		b.Put(format.SymlinkKey(ino, nr), part)
		nr++
	}
}

// Xattr adds all parts of an extended attribute.
func (b *Builder) Xattr(ino, id uint64, name string, value []byte) {
	var head format.XattrHead
	head.ValLen.Set(uint16(len(value)))
	head.NameLen = byte(len(name))
	content := append(slices.Clone(format.Bytes(&head)), name...)
	content = append(content, value...)
	nr := uint8(0)
	for part := range slices.Chunk(content, format.MaxBtreeValue) {
		b.Put(format.XattrKey(ino, format.XattrNameHash(name), id, nr), part)
		nr++
	}
}

// Extent adds an extent of a file; blkno 0 is no blocks.
func (b *Builder) Extent(ino, first, length, blkno uint64, flags uint8) {
	b.Put(format.DataExtentKey(ino, format.Extent{Start: first, Len: length}), Extent(blkno, flags))
}

// Extent returns the value of an extent's item.
func Extent(blkno uint64, flags uint8) []byte {
	v := format.DataExtent{Flags: flags}
	v.Blkno.Set(blkno)
	return slices.Clone(format.Bytes(&v))
}

// Devices writes the volume. The devices can be written to afterwards.
func (b *Builder) Devices(tb testing.TB) device.Pair {
	tb.Helper()
	super := b.Super
	trees := format.FirstMetaBlkno + b.Blocks.Used()
	super.FSRoot.Set(b.tree(b.Items))
	super.LogsRoot.Set(b.tree(b.LogTrees))
	super.SrchRoot.Set(b.tree(b.Srch))
	super.LogMerge.Set(b.tree(b.Merge))
	super.MountedClients.Set(b.tree(b.Mounts))
	if b.Account {
		b.account(tb, &super, trees)
	}
	WriteSuper(tb, b.Blocks.Dev, &super)
	data := super
	data.Flags.Set(0)
	WriteSuper(tb, b.Data, &data)
	return device.Pair{Meta: b.Blocks.Dev, Data: b.Data}
}

// tree writes a tree. Every item has seq 1.
func (b *Builder) tree(values map[format.Key][]byte) format.Root {
	items := make([]testblock.Item, 0, len(values))
	for _, k := range slices.SortedFunc(maps.Keys(values), format.Key.Compare) {
		items = append(items, testblock.Item{Key: k, Seq: 1, Value: values[k]})
	}
	return b.Blocks.Tree(b.PerBlock, items...)
}

// WriteSuper writes a super, with a header for it, to the place that both
// devices have it.
func WriteSuper(tb testing.TB, dev device.Device, super *format.Super) {
	tb.Helper()
	block := make([]byte, format.SmallBlockSize)
	copy(block, format.Bytes(super))
	testblock.Seal(block, format.Ref{Blkno: format.SuperBlkno, Seq: super.Hdr.Seq.Get()}, format.MagicSuper)
	if _, err := dev.WriteAt(block, format.SuperBlkno<<format.SmallBlockShift); err != nil {
		tb.Fatal(err)
	}
}
