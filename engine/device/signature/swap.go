// SPDX-License-Identifier: GPL-2.0-or-later

package signature

const (
	swapMagicLen  = 10 // at the end of the first page
	tuxOnIceMagic = "\xed\xc3\x02\xe9\x98\x56\xe5\x0c"
)

// pageSizes are those of the machines that may have made swap space.
func pageSizes() []int64 { return []int64{4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10} }

// swap recognises swap space of both versions (Linux include/linux/swap.h: union swap_header).
func swap(w *window) (Found, bool) {
	if w.at(0, 512).has(0, tuxOnIceMagic) {
		return Found{}, false
	}
	for _, page := range pageSizes() {
		switch magic := w.at(page-swapMagicLen, swapMagicLen); {
		case magic.has(0, "SWAP-SPACE"):
			return Found{Kind: Swap, Type: "swap", Offset: page - swapMagicLen}, true
		case magic.has(0, "SWAPSPACE2"):
			f, ok := swapHeader(w)
			f.Type, f.Offset = "swap", page-swapMagicLen
			return f, ok
		}
	}
	return Found{}, false
}

// hibernation recognises swap space that holds the image of a suspended system.
func hibernation(w *window) (Found, bool) {
	offset := int64(-1)
	if w.at(0, 512).has(0, tuxOnIceMagic) {
		offset = 0
	}
	for _, page := range pageSizes() {
		magic := w.at(page-swapMagicLen, swapMagicLen)
		if offset < 0 && magic.hasAny(0, "S1SUSPEND", "S2SUSPEND", "ULSUSPEND", "LINHIB0001") {
			offset = page - swapMagicLen
		}
	}
	if offset < 0 {
		return Found{}, false
	}
	f, _ := swapHeader(w)
	f.Kind, f.Type, f.Offset = Swap, "swsuspend", offset
	return f, true
}

// swapHeader reads what is 1 KiB into the first page and says whether it is sane, in either byte order.
func swapHeader(w *window) (Found, bool) {
	const version, maxBadPages = 1, (64<<10 - 1536 - swapMagicLen) / 4
	b := w.at(1<<10, 512)
	word := b.le32
	if b.be32(0) == version {
		word = b.be32
	}
	f := Found{Kind: Swap}
	// Tools from before names and identifiers left these bytes, and the padding after them, as they were.
	if b.zero(172, 8) {
		f.Label, f.UUID = b.text(28, 16), b.uuid(12)
	}
	return f, word(0) == version && word(4) != 0 && word(8) <= maxBadPages
}
