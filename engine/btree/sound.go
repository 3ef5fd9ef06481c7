// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import (
	"encoding/binary"

	"scoutfs/engine/format"
)

// Offsets of an item's words; see format.BtreeItem. Integers are read eight
// bytes at a time, since this runs over every item of a volume.
const (
	itemNode   = 0  // parent, left, right, height, pad
	itemFirst  = 8  // the key starts here
	itemSecond = 16 //
	itemThird  = 24 //
	itemSmall  = 32 // the key's fourth, zone, type and pad
	itemSeq    = 40 //
	itemValue  = 48 // val_off, val_len, flags, pad
)

type itemBytes = [format.BtreeItemSize]byte

func word(it *itemBytes, off int) uint64 { return binary.LittleEndian.Uint64(it[off : off+8]) }

func itemAt(b *format.BtreeBlock, slot int) *itemBytes {
	off := format.BtreeItemsOffset + slot*format.BtreeItemSize
	return (*itemBytes)(b[off : off+format.BtreeItemSize])
}

// sound reports whether Verify would have nothing to say about the block. It
// answers for nearly every block there is, at a fraction of the cost of
// finding out what is wrong with one.
func (v *verifier) sound() bool {
	leaf := v.level == 0
	nr := int(v.head.NrItems.Get())
	switch {
	case v.level != v.opts.Level, v.head.Pad != [7]byte{}, nr > v.most:
		return false
	case !v.opts.Root && (nr == 0 || nr == 1 && !leaf), nr == 0 && !leaf:
		return false
	}
	v.loaded = load(v.b)
	if !v.soundItems() || !v.soundOrder() {
		return false
	}
	return !leaf || v.soundHash()
}

// soundItems checks everything but keys' order and the hash table, slot by
// slot.
//
// That the links make one tree of all items needs no walk: every link leads
// to an item that names its parent, so no item has two, there is one link
// less than items, and heights shrink along each, so no links go round.
func (v *verifier) soundItems() bool {
	var taken spaceMap
	b, nr, leaf := v.b, v.nr, v.level == 0
	var rules kindRules
	if leaf {
		rules.set(&v.opts)
	}
	end := b.ValueEnd()
	itemsEnd := format.BtreeItemsOffset + nr*format.BtreeItemSize
	lowest, total, links := end, nr*format.BtreeItemSize, 0
	for slot := range nr {
		it := itemAt(b, slot)
		node, small, val := word(it, itemNode), word(it, itemSmall), word(it, itemValue)
		if node>>56 != 0 || small>>24 != 0 || val>>40 != 0 {
			return false // pads
		}
		self := uint16(format.BtreeItemsOffset - format.AVLBase + slot*format.BtreeItemSize)
		left, right := uint16(node>>16), uint16(node>>32)
		lh, lok := v.soundChild(left, self)
		rh, rok := v.soundChild(right, self)
		if !lok || !rok || left == right && left != 0 {
			return false
		}
		if left != 0 {
			links++
		}
		if right != 0 {
			links++
		}
		if height := int(node >> 48 & 0xff); height != 1+max(lh, rh) && !v.mkfsHeight(slot) || lh-rh > 1 || rh-lh > 1 {
			return false
		}

		off, n, flags := int(val&0xffff), int(val>>16&0xffff), uint8(val>>32)
		if n == 0 {
			if off != 0 {
				return false
			}
		} else {
			room := format.ValueRoom(n)
			if n > format.MaxBtreeValue || off%format.BtreeValueAlign != 0 || off < itemsEnd || off+n > end ||
				!taken.take(off/format.BtreeValueAlign, (off+room)/format.BtreeValueAlign) {
				return false
			}
			total += room
			lowest = min(lowest, off)
		}
		switch {
		case !leaf:
			if !v.soundRef(it, n, flags) {
				return false
			}
		case !rules.allow(it, small, n, flags):
			return false
		}
	}
	root := v.head.ItemRoot.Get()
	if nr == 0 {
		if root != 0 {
			return false
		}
	} else if slot, ok := b.NodeSlot(root); !ok || links != nr-1 || uint16(word(itemAt(b, slot), itemNode)) != 0 {
		return false
	}
	return int(v.head.TotalItemBytes.Get()) == total && itemsEnd+int(v.head.MidFreeLen.Get()) <= lowest
}

// soundChild returns the height of the item that a link leads to, which must
// name the linking item as its parent.
func (v *verifier) soundChild(node, parent uint16) (height int, ok bool) {
	if node == 0 {
		return 0, true
	}
	slot, ok := v.b.NodeSlot(node)
	if !ok {
		return 0, false
	}
	child := word(itemAt(v.b, slot), itemNode)
	return int(child >> 48 & 0xff), uint16(child) == parent
}

// soundRef checks a parent's item.
func (v *verifier) soundRef(it *itemBytes, n int, flags uint8) bool {
	if n != format.BlockRefSize || flags != 0 || word(it, itemSeq) != 0 {
		return false
	}
	off := int(word(it, itemValue) & 0xffff)
	blkno := binary.LittleEndian.Uint64(v.b[off : off+8])
	return blkno >= format.FirstMetaBlkno && blkno <= format.MaxLargeBlkno
}

// soundOrder checks that keys ascend within the range. The links are known to
// make a tree.
func (v *verifier) soundOrder() bool {
	if v.opts.Ordered {
		return v.soundEnds()
	}
	var stack [maxAVLDepth]uint16
	depth, b := 0, v.b
	var last *itemBytes
	for node := v.head.ItemRoot.Get(); node != 0 || depth > 0; {
		for ; node != 0; depth++ {
			if depth == len(stack) {
				return false
			}
			stack[depth] = node
			node = uint16(word(nodeItem(b, node), itemNode) >> 16)
		}
		depth--
		it := nodeItem(b, stack[depth])
		if last == nil {
			if diskKey(it).Less(v.opts.Range.Start) {
				return false
			}
		} else if !ascend(last, it) {
			return false
		}
		last = it
		node = uint16(word(it, itemNode) >> 32)
	}
	if last == nil {
		return true
	}
	return v.soundEnd(last)
}

// soundEnds checks the range of keys that are known to ascend.
func (v *verifier) soundEnds() bool {
	node := v.head.ItemRoot.Get()
	if node == 0 {
		return true
	}
	first, last := nodeItem(v.b, node), nodeItem(v.b, node)
	for next := node; next != 0; next = uint16(word(first, itemNode) >> 16) {
		first = nodeItem(v.b, next)
	}
	for next := node; next != 0; next = uint16(word(last, itemNode) >> 32) {
		last = nodeItem(v.b, next)
	}
	return !diskKey(first).Less(v.opts.Range.Start) && v.soundEnd(last)
}

// soundEnd checks the last key of a block.
func (v *verifier) soundEnd(last *itemBytes) bool {
	order := diskKey(last).Compare(v.opts.Range.End)
	return order == 0 || order < 0 && v.level == 0
}

func nodeItem(b *format.BtreeBlock, node uint16) *itemBytes {
	off := int(node) + format.AVLBase
	return (*itemBytes)(b[off : off+format.BtreeItemSize])
}

func diskKey(it *itemBytes) format.Key {
	small := word(it, itemSmall)
	return format.Key{
		Zone: uint8(small >> 8), First: word(it, itemFirst), Type: uint8(small >> 16),
		Second: word(it, itemSecond), Third: word(it, itemThird), Fourth: uint8(small),
	}
}

// ascend reports whether a's key is before b's.
func ascend(a, b *itemBytes) bool {
	as, bs := word(a, itemSmall), word(b, itemSmall)
	if az, bz := uint8(as>>8), uint8(bs>>8); az != bz {
		return az < bz
	}
	if af, bf := word(a, itemFirst), word(b, itemFirst); af != bf {
		return af < bf
	}
	if at, bt := uint8(as>>16), uint8(bs>>16); at != bt {
		return at < bt
	}
	if a2, b2 := word(a, itemSecond), word(b, itemSecond); a2 != b2 {
		return a2 < b2
	}
	if a3, b3 := word(a, itemThird), word(b, itemThird); a3 != b3 {
		return a3 < b3
	}
	return uint8(as) < uint8(bs)
}

// soundHash checks that the hash table leads to every item and has no more
// entries than there are items.
func (v *verifier) soundHash() bool {
	b := v.b
	table := (*[format.LeafHashBytes]byte)(b[format.LeafHashOffset:])
	if usedSlots(table) != v.nr {
		return false
	}
	var hashes [hashLanes]uint32
	for slot := 0; slot < v.nr; slot += hashLanes {
		n := min(hashLanes, v.nr-slot)
		hashKeys(&hashes, b, slot, n)
		for i := range n {
			want := uint16(format.BtreeItemsOffset + (slot+i)*format.BtreeItemSize)
			bucket := int(hashes[i] % format.LeafHashSlots)
			for {
				found := binary.LittleEndian.Uint16(table[2*bucket : 2*bucket+2])
				if found == want {
					break
				}
				if found == 0 {
					return false
				}
				// The table has more slots than items, so some are zero.
				if bucket++; bucket == format.LeafHashSlots {
					bucket = 0
				}
			}
		}
	}
	return true
}

// usedSlots counts the slots of a hash table that are not zero.
func usedSlots(table *[format.LeafHashBytes]byte) (n int) {
	for off := 0; off < len(table); off += 8 {
		w := binary.LittleEndian.Uint64(table[off : off+8])
		// The top bit of each 16 is set if any of them is.
		const low = 0x7fff_7fff_7fff_7fff
		w = (w&low + low | w) &^ low
		n += int(w>>15&1 + w>>31&1 + w>>47&1 + w>>63)
	}
	return n
}

// hashLanes is how many keys are hashed at once: each step of a hash waits for
// the one before, so that hashing one key leaves the processor idle.
const hashLanes = 4

// hashKeys sets the hashes of the n keys from a slot on, whose pads are zero
// (docs/format.md 4.2).
func hashKeys(hashes *[hashLanes]uint32, b *format.BtreeBlock, slot, n int) {
	const (
		offset = 0x811c9dc5
		prime  = 0x01000193
		used   = 27 // bytes before the pad
		// A zero byte multiplies only; the pad has five.
		pad = prime * prime % (1 << 32) * prime % (1 << 32) * prime % (1 << 32) * prime % (1 << 32)
	)
	last := slot + n - 1
	k0 := itemAt(b, slot)[itemFirst : itemFirst+used]
	k1 := itemAt(b, min(slot+1, last))[itemFirst : itemFirst+used]
	k2 := itemAt(b, min(slot+2, last))[itemFirst : itemFirst+used]
	k3 := itemAt(b, min(slot+3, last))[itemFirst : itemFirst+used]
	h0, h1, h2, h3 := uint32(offset), uint32(offset), uint32(offset), uint32(offset)
	for i := range used {
		h0 = (h0 ^ uint32(k0[i])) * prime
		h1 = (h1 ^ uint32(k1[i])) * prime
		h2 = (h2 ^ uint32(k2[i])) * prime
		h3 = (h3 ^ uint32(k3[i])) * prime
	}
	*hashes = [hashLanes]uint32{h0 * pad, h1 * pad, h2 * pad, h3 * pad}
}
