// SPDX-License-Identifier: GPL-2.0-or-later

package format

// Block sizes and places (docs/format.md 1). "Small" blocks are 4 KiB and
// hold supers, quorum blocks and file data; "large" blocks are 64 KiB and
// hold all other metadata.
const (
	SmallBlockShift = 12
	SmallBlockSize  = 1 << SmallBlockShift
	LargeBlockShift = 16
	LargeBlockSize  = 1 << LargeBlockShift

	SmallPerLarge = LargeBlockSize / SmallBlockSize

	SuperBlkno        = 16 // small block number of the super on both devices
	QuorumBlkno       = 17 // small block number of quorum slot 0
	QuorumSlots       = 15 // slots, and quorum blocks
	FirstMetaBlkno    = 2  // first large block number that trees may use
	FirstDataBlkno    = 64 // first small block number of file data
	SuperUsedBytes    = 1488
	MaxSmallBlkno     = 1<<52 - 1
	MaxLargeBlkno     = 1<<48 - 1
	FilesystemMagic   = 0x554f4353 // statfs type
	MinVersion        = 1
	MaxVersion        = 2
	MinDeviceSize     = 64 << 30 // smallest device mkfs accepts without being told otherwise, bytes
	MinMetaBlocksMkfs = 1033     // fewest large blocks that mkfs can lay out (docs/format.md 1)
)

// Block magics (docs/format.md 2.1).
const (
	MagicSuper      = 0x103c428b
	MagicQuorum     = 0xbc310868
	MagicBtree      = 0xe597f96d
	MagicAllocList  = 0x8a93ac83
	MagicBloom      = 0x31995604
	MagicSrchBlock  = 0x897e4a7d
	MagicSrchParent = 0xb23a2a05
)

// MagicName returns the structure name of a block magic, or "" if it is none.
func MagicName(magic uint32) string {
	switch magic {
	case MagicSuper:
		return "super block"
	case MagicQuorum:
		return "quorum block"
	case MagicBtree:
		return "btree block"
	case MagicAllocList:
		return "alloc list block"
	case MagicBloom:
		return "bloom block"
	case MagicSrchBlock:
		return "srch block"
	case MagicSrchParent:
		return "srch parent block"
	}
	return ""
}

// Btree blocks (docs/format.md 2.9, 5). Sizes and offsets are bytes.
const (
	MaxBtreeValue     = 896
	BtreeValueAlign   = 8
	MaxBtreeHeight    = 20
	BtreeItemsOffset  = 48 // of the item array, from the block start
	BtreeItemSize     = 56
	BlockRefSize      = 16 // the value of a parent's item
	LeafHashSlots     = 1512
	LeafHashBytes     = LeafHashSlots * 2
	LeafHashOffset    = LargeBlockSize - LeafHashBytes // from the block start
	BtreeParentBytes  = LargeBlockSize - BtreeItemsOffset
	BtreeLeafBytes    = LeafHashOffset - BtreeItemsOffset
	MaxLeafItems      = BtreeLeafBytes / BtreeItemSize // without values
	MaxParentItems    = BtreeParentBytes / (BtreeItemSize + BlockRefSize)
	BtreeJoinLowWater = BtreeParentBytes / 4 // blocks with fewer bytes of items are joined
)

// Search files and bloom filters (docs/format.md 2.9, 4.6, 8).
const (
	SrchParentRefs      = 4094
	SrchEntryMaxBytes   = 26
	SrchBlockSafeBytes  = 65398 // an entry may start only at or before this many bytes
	SrchLogRotateBlocks = 16    // a mount's search log of this many leaves is closed
	SrchCompactInputs   = 4
	BloomBits           = 523968
	BloomFunctions      = 3
	BloomShift          = 19
)

// Inodes, names and groups (docs/format.md 2.9, 11.2).
const (
	RootIno          = 1
	FirstFreeIno     = 1024 // next_ino of a new volume
	LockInodeGroup   = 1024 // inodes that share a cluster lock
	LockSeqGroup     = 1024 // index seqs that share a cluster lock
	MaxLinks         = 1<<31 - 1
	MaxNameLen       = 255 // of dirents and xattrs
	FirstReaddirPos  = 2   // . and .. have 0 and 1
	LastReaddirPos   = 1<<64 - 2
	MaxSymlinkSize   = 4096 // bytes, with the NUL
	MaxXattrValueLen = 65535
	MaxXattrParts    = 74
	MaxTotlText      = 23 // characters of a number in the name or value of a totl xattr
)

// Allocation (docs/format.md 2.9, 6). Meta blocks are large, data blocks
// small.
const (
	AllocListEntries     = 8185
	MkfsAvailBlocks      = 1024             // meta blocks in a new volume's server_meta_avail[0]
	MetaAvailFillLow     = 4092             // meta blocks below which an avail list is filled
	MetaAvailFillTarget  = AllocListEntries // up to this many
	DataAvailFillLow     = 262144           // data blocks below which a mount's are filled
	DataAvailFillTarget  = 1048576          // up to this many
	DataZones            = 1024
	MinDataZoneBlocks    = DataAvailFillTarget // smallest data allocation zone
	DefaultPreallocation = 2048                // data blocks
	LogMergeSpliceCount  = 8                   // finished merge jobs that are spliced at once
)
