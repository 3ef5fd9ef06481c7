// SPDX-License-Identifier: GPL-2.0-or-later

package surgery

import (
	"errors"
	"fmt"
	"slices"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// Volume is a volume whose blocks can be held and changed.
type Volume struct {
	pair device.Pair
	held map[Place]*Block

	// The blocks read last without being held, oldest first.
	recent []*Block
}

// recentBlocks is how many blocks that are not held stay in memory: more than
// a search in one tree and in a few log trees passes over and over.
const recentBlocks = 64

// ErrNoDevice is the answer to anything on a device that was not given.
var ErrNoDevice = errors.New("the device is not given")

// Open returns a volume on two devices, of which either may be nil. It reads
// nothing.
func Open(pair device.Pair) *Volume {
	return &Volume{pair: pair, held: make(map[Place]*Block)}
}

// Place is where a block is.
type Place struct {
	Data  bool   // on the data device
	Small bool   // 4 KiB at a small block number, not 64 KiB at a large one
	Blkno uint64 // in units of its size
}

// SuperPlace is the place of a super.
func SuperPlace(data bool) Place { return Place{Data: data, Small: true, Blkno: format.SuperBlkno} }

// QuorumPlace is the place of the quorum block of a slot.
func QuorumPlace(slot int) Place {
	return Place{Small: true, Blkno: uint64(format.QuorumBlkno + slot)}
}

// MetaPlace is the place of a large metadata block.
func MetaPlace(blkno uint64) Place { return Place{Blkno: blkno} }

// Size returns the bytes of the block.
func (p Place) Size() int {
	if p.Small {
		return format.SmallBlockSize
	}
	return format.LargeBlockSize
}

// String names the block as errors do.
func (p Place) String() string {
	device := "meta"
	if p.Data {
		device = "data"
	}
	if p.Small {
		return fmt.Sprintf("%s small block %d", device, p.Blkno)
	}
	return fmt.Sprintf("%s block %d", device, p.Blkno)
}

// Block is a block in memory.
type Block struct {
	Place Place
	Bytes []byte
	// KeepCRC leaves the block's checksum as Bytes have it when the block is
	// written.
	KeepCRC bool
}

func (v *Volume) device(p Place) device.Device {
	if p.Data {
		return v.pair.Data
	}
	return v.pair.Meta
}

// read reads a block from its device.
func (v *Volume) read(p Place) ([]byte, error) {
	dev := v.device(p)
	if dev == nil {
		return nil, fmt.Errorf("%s: %w", p, ErrNoDevice)
	}
	if p.Blkno >= uint64(max(dev.Size(), 0))/uint64(p.Size()) {
		return nil, fmt.Errorf("%s is beyond the end of %s", p, dev.Name())
	}
	b := make([]byte, p.Size())
	_, err := dev.ReadAt(b, int64(p.Blkno)*int64(p.Size()))
	return b, err
}

// Hold returns a block that the caller may change. The same place gives the
// same block again.
func (v *Volume) Hold(p Place) (*Block, error) {
	if b := v.held[p]; b != nil {
		return b, nil
	}
	bytes, err := v.read(p)
	if err != nil {
		return nil, err
	}
	b := &Block{Place: p, Bytes: bytes}
	v.held[p] = b
	return b, nil
}

// Peek returns the bytes of a block, with all changes made so far. They must
// not be changed.
func (v *Volume) Peek(p Place) ([]byte, error) {
	if b := v.held[p]; b != nil {
		return b.Bytes, nil
	}
	for _, b := range v.recent {
		if b.Place == p {
			return b.Bytes, nil
		}
	}
	bytes, err := v.read(p)
	if err != nil {
		return nil, err
	}
	if len(v.recent) == recentBlocks {
		v.recent = v.recent[1:]
	}
	v.recent = append(v.recent, &Block{Place: p, Bytes: bytes})
	return bytes, nil
}

// Super holds the super of the metadata device.
func (v *Volume) Super() (*format.Super, error) {
	return hold[format.Super](v, SuperPlace(false))
}

// DataSuper holds the super of the data device.
func (v *Volume) DataSuper() (*format.Super, error) {
	return hold[format.Super](v, SuperPlace(true))
}

// Quorum holds the quorum block of a slot.
func (v *Volume) Quorum(slot int) (*format.QuorumBlock, error) {
	return hold[format.QuorumBlock](v, QuorumPlace(slot))
}

// Bloom holds a bloom block.
func (v *Volume) Bloom(blkno uint64) (*format.BloomBlock, error) {
	return hold[format.BloomBlock](v, MetaPlace(blkno))
}

// List holds a block of a block list.
func (v *Volume) List(blkno uint64) (*format.AllocListBlock, error) {
	return hold[format.AllocListBlock](v, MetaPlace(blkno))
}

// Tree holds a btree block.
func (v *Volume) Tree(blkno uint64) (*format.BtreeBlock, error) {
	return hold[format.BtreeBlock](v, MetaPlace(blkno))
}

// hold holds a block and views it.
func hold[T any](v *Volume, p Place) (*T, error) {
	b, err := v.Hold(p)
	if err != nil {
		return nil, err
	}
	return format.View[T](b.Bytes)
}

// peekTree views a btree block without holding it, and checks its level
// unless that is negative.
func (v *Volume) peekTree(blkno uint64, level int) (*format.BtreeBlock, error) {
	if blkno < format.FirstMetaBlkno {
		return nil, fmt.Errorf("a reference leads to meta block %d, which holds no tree", blkno)
	}
	bytes, err := v.Peek(MetaPlace(blkno))
	if err != nil {
		return nil, err
	}
	b, err := format.ViewBtreeBlock(bytes)
	if err != nil {
		return nil, err
	}
	if found := b.Head().Hdr.Magic.Get(); found != format.MagicBtree {
		return nil, damaged(blkno, "magic", fmt.Sprintf("%08x", found), fmt.Sprintf("%08x", format.MagicBtree))
	}
	if level >= 0 && b.Level() != level {
		return nil, damaged(blkno, "level", fmt.Sprint(b.Level()), fmt.Sprint(level))
	}
	return b, nil
}

func damaged(blkno uint64, field, found, expected string) error {
	return &format.CorruptError{
		Structure: format.MagicName(format.MagicBtree),
		Place:     fmt.Sprintf("meta blkno %d", blkno),
		Field:     field,
		Found:     found,
		Expected:  expected,
	}
}

// Size returns the bytes of a device.
func (v *Volume) Size(data bool) (int64, error) {
	dev := v.device(Place{Data: data})
	if dev == nil {
		return 0, ErrNoDevice
	}
	return dev.Size(), nil
}

// Mark is the state of what a volume held at some time.
type Mark map[Place][]byte

// Mark returns the present state.
func (v *Volume) Mark() Mark {
	m := make(Mark, len(v.held))
	for p, b := range v.held {
		m[p] = slices.Clone(b.Bytes)
	}
	return m
}

// Rollback returns to a state. Views of blocks that were held then stay good.
func (v *Volume) Rollback(m Mark) {
	for p, b := range v.held {
		if was, ok := m[p]; ok {
			copy(b.Bytes, was)
		} else {
			delete(v.held, p)
		}
	}
}

// metaBlocks returns how many large blocks the metadata device has.
func (v *Volume) metaBlocks() uint64 {
	size, err := v.Size(false)
	if err != nil || size < 0 {
		return 0
	}
	return uint64(size) / format.LargeBlockSize
}
