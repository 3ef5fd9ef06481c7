// SPDX-License-Identifier: GPL-2.0-or-later

package format

import "fmt"

// VolumeOptDataAllocZoneBlocks is the bit of VolumeOptions.SetBits that says
// that DataAllocZoneBlocks is set. It is the only bit with a meaning.
const VolumeOptDataAllocZoneBlocks = 1

// VolumeOptions are options kept in the super, 520 bytes. Servers and mounts
// exchange them in the same form.
type VolumeOptions struct {
	SetBits             U64 `fmt:"hex"`
	DataAllocZoneBlocks U64
	Future              [63]U64 // options of bits 1 to 63, which must be unset
}

// CheckDataAllocZoneBlocks returns an error unless a data device of total
// small blocks may be divided into zones of this many blocks: a zone holds at
// least what one mount is given at a time, there are at most DataZones, and
// one fits the device (docs/format.md 6.4).
func CheckDataAllocZoneBlocks(blocks, total uint64) error {
	least := max(MinDataZoneBlocks, total/DataZones)
	switch {
	case total < least:
		return fmt.Errorf("a data device of %d blocks is smaller than the smallest zone of %d", total, least)
	case blocks < least || blocks > total:
		return fmt.Errorf("data_alloc_zone_blocks is %d, expected %d to %d", blocks, least, total)
	}
	return nil
}
