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

// Limits and derived numbers (docs/format.md 2.9).
const (
	MaxBtreeValue        = 896
	BtreeValueAlign      = 8
	MaxBtreeHeight       = 20
	LeafHashSlots        = 1512
	LeafHashBytes        = LeafHashSlots * 2
	LeafHashOffset       = LargeBlockSize - LeafHashBytes // from the block start
	BtreeItemsOffset     = 48
	BtreeItemSize        = 56
	BtreeParentBytes     = LargeBlockSize - BtreeItemsOffset
	BtreeLeafBytes       = LeafHashOffset - BtreeItemsOffset
	MaxLeafItems         = BtreeLeafBytes / BtreeItemSize
	MaxParentItems       = BtreeParentBytes / (BtreeItemSize + BlockRefSize)
	BtreeJoinLowWater    = BtreeParentBytes / 4
	BlockRefSize         = 16
	AllocListEntries     = 8185
	SrchParentRefs       = 4094
	SrchEntryMaxBytes    = 26
	SrchBlockSafeBytes   = 65398 // an entry may start only at or before this many bytes
	SrchLogRotateBlocks  = 16
	SrchCompactInputs    = 4
	BloomBits            = 523968
	BloomFunctions       = 3
	BloomShift           = 19
	DataZones            = 1024
	LockInodeGroup       = 1024 // inodes that share a cluster lock
	LockSeqGroup         = 1024 // index seqs that share a cluster lock
	MaxNameLen           = 255  // of dirents and xattrs
	MaxSymlinkSize       = 4096 // bytes, with the NUL
	MaxXattrValueLen     = 65535
	MaxXattrParts        = 74
	MaxTotlText          = 23
	MaxLinks             = 1<<31 - 1
	FirstReaddirPos      = 2
	LastReaddirPos       = 1<<64 - 2
	RootIno              = 1
	FirstFreeIno         = 1024 // next_ino of a new volume
	MkfsAvailBlocks      = 1024 // blocks in a new volume's server_meta_avail[0]
	MinDataZoneBlocks    = 1 << 20
	DataAvailFillLow     = 262144
	DataAvailFillTarget  = 1048576
	MetaAvailFillLow     = 4092
	MetaAvailFillTarget  = 8185
	LogMergeSpliceCount  = 8
	MaxLogTreesPerLeaf   = 118
	DefaultPreallocation = 2048 // 4 KiB blocks
)
