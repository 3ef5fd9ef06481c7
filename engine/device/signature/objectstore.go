// SPDX-License-Identifier: GPL-2.0-or-later

package signature

// bluestore recognises a Ceph OSD's device by its label, which starts with two lines of text (Ceph
// src/os/bluestore/BlueStore.cc: _write_bdev_label).
func bluestore(w *window) (Found, bool) {
	const magic, uuidLength = "bluestore block device", 36
	b := w.at(0, 512)
	f := Found{Kind: ObjectStore, Type: "ceph_bluestore"}
	if b.has(len(magic), "\n") {
		f.UUID = b.text(len(magic)+1, uuidLength)
	}
	return f, b.has(0, magic)
}

// mpool recognises a device of an object storage media pool (libblkid/src/superblocks/mpool.c).
func mpool(w *window) (Found, bool) {
	const sumOffset = 62
	b := w.at(0, 512)
	return Found{
		Kind: ObjectStore, Type: "mpool", Label: b.text(8, 32), UUID: b.uuid(40),
		Damaged: b.le32(sumOffset) != ^crcRegister(castagnoli(), ^uint32(0), b.part(0, sumOffset)),
	}, b.has(0, "mpoolDev")
}
