// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"encoding/binary"
	"unsafe"
)

// BtreeRoot refers to a btree's root block, 24 bytes. Height 0 is an empty
// tree with a zero Ref; a root block has level Height-1.
type BtreeRoot struct {
	Ref    BlockRef
	Height byte
	Pad    [7]byte
}

// Root is a BtreeRoot's value.
type Root struct {
	Ref    Ref
	Height uint8
}

// Root returns the root's value.
func (r *BtreeRoot) Root() Root { return Root{r.Ref.Ref(), r.Height} }

// Set stores v with a zero pad.
func (r *BtreeRoot) Set(v Root) {
	r.Ref.Set(v.Ref)
	r.Height = v.Height
	r.Pad = [7]byte{}
}

// AVLNode links an item into its block's AVL tree, 8 bytes. Links are node
// offsets (see [NodeOffset]); 0 is none.
type AVLNode struct {
	Parent U16
	Left   U16
	Right  U16
	Height byte // 1 for a node without children
	Pad    byte
}

// BtreeItem is one slot of a btree block's item array, 56 bytes.
type BtreeItem struct {
	Node   AVLNode
	Key    DiskKey
	Seq    U64  // item version; used in fs_root and log item trees only
	ValOff U16  // byte offset of the value from the block start, 0 without a value
	ValLen U16  // bytes, at most MaxBtreeValue
	Flags  byte // ItemFlagDeletion
	Pad    [3]byte
}

// ItemFlagDeletion marks an item of a log tree that deletes its key.
const ItemFlagDeletion = 1

// Deleted reports whether the item deletes its key.
func (it *BtreeItem) Deleted() bool { return it.Flags&ItemFlagDeletion != 0 }

// ValueRoom is what a value of this length takes in a block: its length
// rounded up to BtreeValueAlign.
func ValueRoom(valLen int) int { return (valLen + BtreeValueAlign - 1) &^ (BtreeValueAlign - 1) }

// BtreeBlockHead is the head of a btree block, 48 bytes (docs/format.md 2.2).
type BtreeBlockHead struct {
	Hdr            BlockHeader
	ItemRoot       U16 // node offset of the AVL root, 0 if there are no items
	NrItems        U16
	TotalItemBytes U16 // sum of 56 + ValLen rounded up to 8
	MidFreeLen     U16 // contiguous free bytes between item array and values
	Level          byte
	Pad            [7]byte
}

// BtreeBlock is a whole 64 KiB btree block. Its accessors are safe on any
// bytes: offsets and counts from the block are checked before they are used.
type BtreeBlock [LargeBlockSize]byte

// ViewBtreeBlock views a block's bytes; anything but 64 KiB is an error.
func ViewBtreeBlock(b []byte) (*BtreeBlock, error) { return ViewExact[BtreeBlock](b) }

// Head returns the block's head.
func (b *BtreeBlock) Head() *BtreeBlockHead {
	return (*BtreeBlockHead)(unsafe.Pointer(b))
}

// Level returns the block's level, 0 for leaves.
func (b *BtreeBlock) Level() int { return int(b[40]) }

// NrItems returns the number of items that the head claims, cut to what the
// block can hold.
func (b *BtreeBlock) NrItems() int {
	return min(int(binary.LittleEndian.Uint16(b[34:36])), MaxBtreeSlots)
}

// MaxBtreeSlots is the most item slots that fit between the head and the
// block's end.
const MaxBtreeSlots = BtreeParentBytes / BtreeItemSize

// NodeOffset is the AVL offset of slot i: its distance from the item_root
// field (docs/format.md 5.3).
func NodeOffset(i int) uint16 { return uint16(BtreeItemsOffset - AVLBase + i*BtreeItemSize) }

// AVLBase is the address in a block that AVL offsets are relative to.
const AVLBase = 32

// NodeSlot returns the slot of a node offset. ok is false for 0 and for an
// offset that is not an item's or lies outside the block's NrItems.
func (b *BtreeBlock) NodeSlot(node uint16) (slot int, ok bool) {
	n := int(node) - (BtreeItemsOffset - AVLBase)
	if n < 0 || n%BtreeItemSize != 0 {
		return 0, false
	}
	n /= BtreeItemSize
	return n, n < b.NrItems()
}

// Item returns slot i. It panics unless 0 <= i < MaxBtreeSlots.
func (b *BtreeBlock) Item(i int) *BtreeItem {
	off := BtreeItemsOffset + i*BtreeItemSize
	return (*BtreeItem)(unsafe.Pointer((*[BtreeItemSize]byte)(b[off : off+BtreeItemSize])))
}

// ValueEnd is the end of the value region: the leaf hash table in leaves,
// the block's end in parents.
func (b *BtreeBlock) ValueEnd() int {
	if b.Level() == 0 {
		return LeafHashOffset
	}
	return LargeBlockSize
}

// Value returns the bytes of an item's value; they alias the block. ok is
// false if they reach outside the value region.
func (b *BtreeBlock) Value(it *BtreeItem) (val []byte, ok bool) {
	n := int(it.ValLen.Get())
	if n == 0 {
		return nil, true
	}
	off := int(it.ValOff.Get())
	if off < BtreeItemsOffset || off+n > b.ValueEnd() {
		return nil, false
	}
	return b[off : off+n : off+n], true
}

// LeafHash returns slot i of a leaf's hash table: the block offset of an
// item, or 0. It panics unless 0 <= i < LeafHashSlots.
func (b *BtreeBlock) LeafHash(i int) uint16 {
	off := LeafHashOffset + 2*i
	return binary.LittleEndian.Uint16(b[off : off+2])
}

// SetLeafHash stores slot i of a leaf's hash table.
func (b *BtreeBlock) SetLeafHash(i int, v uint16) {
	off := LeafHashOffset + 2*i
	binary.LittleEndian.PutUint16(b[off:off+2], v)
}
