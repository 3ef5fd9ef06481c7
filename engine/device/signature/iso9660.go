// SPDX-License-Identifier: GPL-2.0-or-later

package signature

const (
	volumeDescriptors    = 32 << 10
	volumeDescriptorSize = 2 << 10
)

// iso9660 recognises the primary volume descriptor (ECMA-119 8.4) and then the root directory that it points to,
// because the descriptor of an image stored in another file system may happen to lie at the same place.
func iso9660(w *window) (Found, bool) {
	const primary, terminator, maxDescriptors = 1, 255, 16
	for i := range int64(maxDescriptors) {
		off := volumeDescriptors + i*volumeDescriptorSize
		b := w.at(off, volumeDescriptorSize)
		if !b.has(1, "CD001\x01") || b[0] == terminator {
			break
		}
		if b[0] != primary || !bothOrders32(b, 80) || !bothOrders16(b, 128) || !isoRootSane(w, b.part(156, 34), int64(b.le16(128))) {
			continue
		}
		const modified, created = 830, 813
		f := Found{Kind: Filesystem, Type: "iso9660", Offset: off, Label: b.text(40, 32), UUID: isoDate(b.part(modified, 17))}
		if f.UUID == "" {
			f.UUID = isoDate(b.part(created, 17))
		}
		return f, true
	}
	return Found{}, false
}

// bothOrders32 says whether the number at off is, as ECMA-119 7.3.3 wants, there in both byte orders.
func bothOrders32(b record, off int) bool { return b.le32(off) == b.be32(off+4) }

func bothOrders16(b record, off int) bool { return b.le16(off) == b.be16(off+2) }

// isoRootSane checks that the extent in the root's directory record starts with an entry for itself.
func isoRootSane(w *window, root record, blockSize int64) bool {
	const minRecord = 34
	block := root.le32(2)
	if blockSize == 0 || root.le32(10) < minRecord || !bothOrders32(root, 2) {
		return false
	}
	self := w.at(int64(block)*blockSize, minRecord)
	return self.u8(0) >= minRecord && self.u8(32) == 1 && self.zero(33, 1) && self.le32(2) == block
}

// isoDate writes a date of ECMA-119 8.4.26.1, which serves as a UUID, with dashes, or "" if it is not set.
func isoDate(b record) string {
	const digits, unset = 16, "0000000000000000"
	if b.has(0, unset) && b.u8(digits) == 0 {
		return ""
	}
	var s []byte
	for i, c := range b.part(0, digits) {
		if c < '0' || c > '9' {
			return ""
		}
		if i >= 4 && i%2 == 0 {
			s = append(s, '-')
		}
		s = append(s, c)
	}
	return string(s)
}
