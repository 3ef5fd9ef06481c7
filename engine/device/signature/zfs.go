// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import "strconv"

// zfs recognises a vdev by any of its four labels, two at either end, each of which holds the pool's configuration as an
// XDR encoded name-value list (OpenZFS include/sys/vdev_impl.h: vdev_label_t; module/nvpair/nvpair.c).
func zfs(w *window) (Found, bool) {
	const labelSize, listOffset, listSize, minSize = 256 << 10, 16 << 10, 112 << 10, 64 << 20
	if w.size < minSize {
		return Found{}, false
	}
	end := w.size - w.size%labelSize
	for _, label := range []int64{0, labelSize, end - 2*labelSize, end - labelSize} {
		if head := w.at(label+listOffset, 12); !zfsListHeader(head) {
			continue
		}
		if f, ok := zfsConfig(w.at(label+listOffset, listSize)); ok {
			f.Offset = label
			return f, true
		}
	}
	return Found{}, false
}

// zfsListHeader checks the encoding (XDR), the byte order mark, the list's version and its flags (unique names).
func zfsListHeader(b record) bool {
	return b.u8(0) == 1 && b.u8(1) <= 1 && b.zero(2, 2) && b.be32(4) == 0 && b.be32(8) == 1
}

// zfsConfig walks the top level of the list. A label is one when it names its vdev and tells either a transaction
// group or that the vdev is a spare or cache, which have none.
func zfsConfig(b record) (Found, bool) {
	const typeUint64, typeString = 8, 9
	const stateSpare, stateL2Cache, stateLast = 3, 4, 7
	f := Found{Kind: VolumeManager, Type: "zfs_member"}
	var guid, txg uint64
	state := ^uint64(0)
	for off := 12; ; {
		size, nameLen := int64(b.be32(off)), int64(b.be32(off+8))
		pair := b.part(off, int(min(size, int64(len(b)))))
		value := 12 + (nameLen+3)&^3
		if size < 8 || size%4 != 0 || pair == nil || value+8 > size {
			break
		}
		name, kind, data := string(pair.part(12, int(nameLen))), pair.be32(int(value)), int(value)+8
		switch {
		case name == "guid" && kind == typeUint64:
			guid = pair.be64(data)
		case name == "state" && kind == typeUint64:
			state = pair.be64(data)
		case name == "txg" && kind == typeUint64:
			txg = pair.be64(data)
		case name == "pool_guid" && kind == typeUint64:
			f.UUID = strconv.FormatUint(pair.be64(data), 10)
		case name == "name" && kind == typeString:
			f.Label = pair.text(data+4, int(min(pair.be32(data), 256)))
		}
		off += int(size)
	}
	return f, guid != 0 && state <= stateLast && (txg > 0 || state == stateSpare || state == stateL2Cache)
}
