// SPDX-License-Identifier: GPL-2.0-or-later

// Package testtree makes small volumes with any files, for tests that must
// run where there are no volumes from upstream, and for trees that no file
// system would write: entries called "..", directories that contain
// themselves, extents that lie.
//
// Inodes, counts and times are kept right until a test changes them; nothing
// is checked. A volume is sound unless a test makes it something else, or gives
// it attributes that are searched or totalled. What stands on the devices is
// written by package testvolume.
package testtree

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testvolume"
)

// Created is the time of everything that a test sets no other for.
func Created() time.Time { return time.Date(2024, 5, 6, 7, 8, 9, 123456789, time.UTC) }

// Volume is a volume that is being described. Inode numbers count up from
// format.FirstFreeIno.
type Volume struct {
	tb      testing.TB
	version uint64
	items   map[format.Key][]byte
	inodes  map[uint64]*format.Inode
	nextIno uint64
	seq     uint64
	data    []byte // of the data device, from format.FirstDataBlkno on
	later   int
}

// New returns a volume of a format version with an empty root.
func New(tb testing.TB, version uint64) *Volume {
	v := &Volume{
		tb:      tb,
		version: version,
		items:   make(map[format.Key][]byte),
		inodes:  make(map[uint64]*format.Inode),
		nextIno: format.FirstFreeIno,
		seq:     1,
	}
	v.inode(format.RootIno, format.ModeDirectory|0o755).Nlink.Set(2)
	return v
}

// Inode returns the inode with a number, to be changed before the volume is
// written.
func (v *Volume) Inode(ino uint64) *format.Inode {
	v.tb.Helper()
	in := v.inodes[ino]
	if in == nil {
		v.tb.Fatalf("no inode %d", ino)
	}
	return in
}

func (v *Volume) inode(ino uint64, mode uint32) *format.Inode {
	in := &format.Inode{}
	in.Mode.Set(mode)
	in.Nlink.Set(1)
	in.NextReaddirPos.Set(format.FirstReaddirPos)
	in.MetaSeq.Set(v.seq)
	if mode&format.ModeTypeMask == format.ModeRegular {
		in.DataSeq.Set(v.seq)
	}
	for _, ts := range []*format.Timespec{&in.Atime, &in.Ctime, &in.Mtime, &in.Crtime} {
		ts.Set(Created())
	}
	v.inodes[ino] = in
	v.seq++
	return in
}

// Add makes an inode and the entry that leads to it.
func (v *Volume) Add(dir uint64, name string, mode uint32) (ino uint64) {
	ino = v.nextIno
	v.nextIno++
	in := v.inode(ino, mode)
	if mode&format.ModeTypeMask == format.ModeDirectory {
		in.Nlink.Set(2)
		v.Inode(dir).Nlink.Set(v.Inode(dir).Nlink.Get() + 1)
	}
	v.Entry(dir, name, ino, mode)
	return ino
}

// Dir makes a directory.
func (v *Volume) Dir(dir uint64, name string) uint64 {
	return v.Add(dir, name, format.ModeDirectory|0o755)
}

// Symlink makes a symbolic link.
func (v *Volume) Symlink(dir uint64, name, target string) uint64 {
	ino := v.Add(dir, name, format.ModeSymlink|0o777)
	content := append([]byte(target), 0)
	v.Inode(ino).Size.Set(uint64(len(content)))
	for nr, part := range slices.Collect(slices.Chunk(content, format.MaxBtreeValue)) {
		v.items[format.SymlinkKey(ino, uint64(nr))] = part
	}
	return ino
}

// Device makes a device node.
func (v *Volume) Device(dir uint64, name string, mode, major, minor uint32) uint64 {
	ino := v.Add(dir, name, mode)
	rdev, _ := format.MakeRdev(major, minor)
	v.Inode(ino).Rdev.Set(rdev)
	return ino
}

// Link adds an entry for an inode and counts it.
func (v *Volume) Link(dir uint64, name string, ino uint64) {
	in := v.Inode(ino)
	in.Nlink.Set(in.Nlink.Get() + 1)
	v.Entry(dir, name, ino, in.Mode.Get())
}

// Entry writes the three items of an entry and changes nothing else but the
// directory's size and next position.
func (v *Volume) Entry(dir uint64, name string, ino uint64, mode uint32) {
	parent := v.Inode(dir)
	pos := parent.NextReaddirPos.Get()
	parent.NextReaddirPos.Set(pos + 1)
	parent.Size.Set(parent.Size.Get() + uint64(len(name)))
	var d format.Dirent
	d.Ino.Set(ino)
	d.Hash.Set(format.DirentNameHash(name))
	d.Pos.Set(pos)
	d.Type, _ = format.DirentTypeOfMode(mode)
	value := append(slices.Clone(format.Bytes(&d)), name...)
	v.items[format.DirentKey(dir, d.Hash.Get(), pos)] = value
	v.items[format.ReaddirKey(dir, pos)] = value
	v.items[format.LinkBackrefKey(ino, dir, pos)] = value
}

// Xattr adds an extended attribute, and the items that index one with the
// indx tag.
func (v *Volume) Xattr(ino uint64, name, value string) {
	in := v.Inode(ino)
	id := in.NextXattrID.Get()
	in.NextXattrID.Set(id + 1)
	var head format.XattrHead
	head.ValLen.Set(uint16(len(value)))
	head.NameLen = byte(len(name))
	whole := append(slices.Clone(format.Bytes(&head)), name+value...)
	for nr, part := range slices.Collect(slices.Chunk(whole, format.MaxBtreeValue)) {
		v.items[format.XattrKey(ino, format.XattrNameHash(name), id, uint8(nr))] = part
	}
	if tags, ok := format.ParseXattrTags(name); ok && tags.Indx {
		major, minor, _ := format.ParseIndx(name)
		v.items[format.IndxKey(format.XattrIndx{Major: major, Minor: minor, Ino: ino, ID: id})] = []byte{}
	}
}

// Item writes an item as it is, or with a nil value leaves it out.
func (v *Volume) Item(k format.Key, value []byte) { v.items[k] = value }

// Later makes the volume one whose metadata was written later than before:
// its trees lie elsewhere, and where they were there is something else.
func (v *Volume) Later() { v.later += laterBlocks }

// laterBlocks is more than the trees of any test take.
const laterBlocks = 400

// perBlock is how many items of the greatest size fit into a leaf.
const perBlock = 60

// Memory writes the volume to two devices in memory.
func (v *Volume) Memory() device.Pair {
	v.tb.Helper()
	b := testvolume.New(v.tb)
	for range v.later {
		b.Blocks.Add(format.MagicBloom, testblock.NewBlock())
	}
	b.PerBlock = perBlock
	b.Super.Hdr.Seq.Set(uint64(1 + v.later))
	b.Super.FmtVers.Set(v.version)
	b.Super.InodeCount.Set(uint64(len(v.inodes)))
	b.Super.NextIno.Set(v.nextIno)
	b.Super.Seq.Set(v.seq)
	for ino, in := range v.inodes {
		value := format.Bytes(in)
		if v.version < 2 {
			value = format.Bytes(&in.InodeV1)
		}
		b.Put(format.InodeKey(ino), value)
		b.Put(format.InodeIndexKey(format.TypeMetaSeq, in.MetaSeq.Get(), ino), nil)
		if in.Mode.Get()&format.ModeTypeMask == format.ModeRegular {
			b.Put(format.InodeIndexKey(format.TypeDataSeq, in.DataSeq.Get(), ino), nil)
		}
	}
	for k, value := range v.items {
		if value == nil {
			delete(b.Items, k)
			continue
		}
		b.Put(k, value)
	}
	b.Account = true
	b.DataUsed = uint64(len(v.data)) / format.SmallBlockSize
	if _, err := b.Data.WriteAt(v.data, format.FirstDataBlkno*format.SmallBlockSize); err != nil {
		v.tb.Fatal(err)
	}
	return b.Devices(v.tb)
}

// Write writes the volume to two new files in a folder.
func (v *Volume) Write(folder string) (meta, data string) {
	v.tb.Helper()
	pair := v.Memory()
	meta, data = filepath.Join(folder, "meta.img"), filepath.Join(folder, "data.img")
	for path, from := range map[string]device.Device{meta: pair.Meta, data: pair.Data} {
		if err := save(path, from); err != nil {
			v.tb.Fatal(err)
		}
	}
	return meta, data
}

// save copies a device to a new sparse file.
func save(path string, from device.Device) error {
	if err := device.CreateSparse(path, from.Size(), 0o600); err != nil {
		return err
	}
	to, err := device.Open(path, device.Options{Write: true})
	if err != nil {
		return err
	}
	block, zero := make([]byte, format.LargeBlockSize), make([]byte, format.LargeBlockSize)
	for off := int64(0); off < from.Size() && err == nil; off += int64(len(block)) {
		if _, err = io.ReadFull(io.NewSectionReader(from, off, int64(len(block))), block); err == nil && !bytes.Equal(block, zero) {
			_, err = to.WriteAt(block, off)
		}
	}
	return errors.Join(err, to.Close())
}
