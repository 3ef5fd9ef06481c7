// SPDX-License-Identifier: GPL-2.0-or-later

package signature

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// udf recognises UDF by following it as a reader does: the recognition sequence, whose descriptors are a block apart but no
// less than 2 KiB, the anchor that tells the block size, and the volume descriptors, of which the logical volume's says
// that it is UDF (ECMA-167 2/8 and 3/8.4, OSTA UDF 2.2.4).
func udf(w *window) (Found, bool) {
	var blockSizes []int64
	if udfRecognised(w, volumeDescriptorSize) {
		blockSizes = []int64{512, 1 << 10, 2 << 10}
	}
	if udfRecognised(w, 4<<10) {
		blockSizes = append(blockSizes, 4<<10)
	}
	for _, blockSize := range blockSizes {
		for _, block := range []int64{256, 512} {
			anchor := w.at(block*blockSize, 512)
			if !udfTag(anchor, udfAnchor, uint32(block)) {
				continue
			}
			const maxDescriptors = 16
			n := min(int64(anchor.le32(16))/blockSize, maxDescriptors)
			if f, ok := udfVolume(w, anchor.le32(20), n, blockSize); ok {
				return f, true
			}
		}
	}
	return Found{}, false
}

// Tag identifiers of ECMA-167 3/7.2.1.
const (
	udfPrimary       = 1
	udfAnchor        = 2
	udfLogicalVolume = 6
)

// udfRecognised looks for an NSR descriptor in a recognition sequence with the given distance between descriptors.
func udfRecognised(w *window, stride int64) bool {
	const maxDescriptors = 32
	for i := range int64(maxDescriptors) {
		b := w.at(volumeDescriptors+i*stride, 7)
		if b.hasAny(1, "NSR02", "NSR03") {
			return true
		}
		if !b.hasAny(1, "BEA01", "BOOT2", "CD001", "CDW02", "TEA01") {
			return false
		}
	}
	return false
}

// udfTag checks a descriptor's tag: its identifier, its own address and the sum of its bytes.
func udfTag(b record, id uint16, location uint32) bool {
	var sum uint8
	for i, c := range b.part(0, 16) {
		if i != 4 {
			sum += c
		}
	}
	return b.le16(0) == id && b.le32(12) == location && sum == b.u8(4)
}

func udfVolume(w *window, location uint32, n, blockSize int64) (Found, bool) {
	f := Found{Kind: Filesystem, Type: "udf", Offset: volumeDescriptors}
	isUDF := false
	for i := range n {
		at := location + uint32(i)
		b := w.at(int64(at)*blockSize, 512)
		switch {
		case udfTag(b, udfPrimary, at) && f.UUID == "":
			f.UUID = udfUUID(b.dstring(72, 128))
		case udfTag(b, udfLogicalVolume, at) && b.has(217, "*OSTA UDF Compliant"):
			isUDF = true
			f.Label = printable(b.dstring(84, 128))
		}
	}
	return f, isUDF
}

// dstring returns the OSTA compressed Unicode string in the n bytes at off: first the bits per character, last the
// length (OSTA UDF 2.1.3).
func (b record) dstring(off, n int) string {
	p := b.part(off, n)
	length := min(int(p.u8(n-1)), n-1)
	switch {
	case length < 2:
		return ""
	case p[0] == 16:
		return p.part(1, length-1).decodeUTF16(binary.BigEndian)
	case p[0] != 8:
		return ""
	}
	var latin1 []rune
	for _, c := range p[1:length] {
		latin1 = append(latin1, rune(c))
	}
	return string(latin1)
}

// udfUUID makes an identifier of 16 hexadecimal digits from the start of the volume set's name, whose first 16
// characters are meant to be that. What is not is encoded: half of it if the time in the first half is
// (libblkid/src/superblocks/udf.c: gen_uuid_from_volset_id).
func udfUUID(volumeSet string) string {
	const half = 8
	if len(volumeSet) < half {
		return ""
	}
	s := (volumeSet + strings.Repeat("\x00", half))[:2*half]
	switch digits := len(s) - len(strings.TrimLeft(s, "0123456789abcdefABCDEF")); {
	case digits < half:
		return hex.EncodeToString([]byte(s[:half]))
	case digits < 2*half:
		return strings.ToLower(s[:half]) + hex.EncodeToString([]byte(s[half:half+half/2]))
	}
	return strings.ToLower(s)
}
