// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import "scoutfs/engine/format"

// The structures of kmod/src/ioctl.h, and of linux/fiemap.h. Each is made of
// byte-aligned fields with its padding spelled out, so that it has exactly
// the size and offsets that C gives it. Fields named Ptr hold addresses in
// the caller's memory; only the code next to ioctl(2) looks at them.

// Sizes of the elements of buffers, in bytes.
const (
	walkEntrySize    = 24
	waitingEntrySize = 24
	allocEntrySize   = 24
	totalSize        = 40
	quotaRuleSize    = 48
	indexEntrySize   = 24
	inoSize          = 8
	fiemapExtentSize = 56
	pathHeadSize     = 24
	direntHeadSize   = 29 // the name follows, without padding
	direntAlign      = 16
)

type walkEntry struct {
	Major format.U64
	Ino   format.U64
	Minor format.U32
	Pad   [4]byte
}

type walkInodesArg struct {
	First      walkEntry
	Last       walkEntry
	EntriesPtr format.U64
	NrEntries  format.U32
	Index      byte
	Pad        [11]byte
}

type inoPathArg struct {
	Ino         format.U64
	DirIno      format.U64
	DirPos      format.U64
	ResultPtr   format.U64
	ResultBytes format.U16
	Pad         [6]byte
}

type inoPathHead struct {
	DirIno    format.U64
	DirPos    format.U64
	PathBytes format.U16
	Pad       [6]byte
}

type releaseArg struct {
	Offset      format.U64
	Length      format.U64
	DataVersion format.U64
}

type stageArg struct {
	DataVersion format.U64
	BufPtr      format.U64
	Offset      format.U64
	Length      format.U32 // signed
	Pad         [4]byte
}

type statMoreArg struct {
	MetaSeq       format.U64
	DataSeq       format.U64
	DataVersion   format.U64
	OnlineBlocks  format.U64
	OfflineBlocks format.U64
	CrtimeSec     format.U64
	CrtimeNsec    format.U32
	Pad           [4]byte
}

type waitingEntry struct {
	Ino    format.U64
	Iblock format.U64
	Op     byte
	Pad    [7]byte
}

type dataWaitingArg struct {
	Flags       format.U64
	AfterIno    format.U64
	AfterIblock format.U64
	EntsPtr     format.U64
	EntsNr      format.U16
	Pad         [6]byte
}

type setattrMoreArg struct {
	DataVersion format.U64
	ISize       format.U64
	Flags       format.U64
	CtimeSec    format.U64
	CtimeNsec   format.U32
	CrtimeNsec  format.U32
	CrtimeSec   format.U64
}

type listxattrHiddenArg struct {
	IDPos    format.U64
	BufPtr   format.U64
	BufBytes format.U32
	HashPos  format.U32
}

type searchXattrsArg struct {
	NextIno     format.U64
	LastIno     format.U64
	NamePtr     format.U64
	InodesPtr   format.U64
	OutputFlags format.U64
	NrInodes    format.U64
	NameBytes   format.U16
	Pad         [6]byte
}

type statfsMoreArg struct {
	FSID               format.U64
	RID                format.U64
	CommittedSeq       format.U64
	TotalMetaBlocks    format.U64
	TotalDataBlocks    format.U64
	ReservedMetaBlocks format.U64
}

type dataWaitErrArg struct {
	Ino         format.U64
	DataVersion format.U64
	Offset      format.U64
	Count       format.U64
	Op          format.U64
	Err         format.U64 // signed
}

type allocDetailArg struct {
	EntriesPtr format.U64
	EntriesNr  format.U64
}

type allocEntry struct {
	ID     format.U64
	Blocks format.U64
	Type   byte
	Bits   byte
	Pad    [6]byte
}

// Bits of an allocEntry.
const (
	allocMeta  = 1 << 0
	allocAvail = 1 << 1
)

type moveBlocksArg struct {
	FromFD      format.U64
	FromOff     format.U64
	Len         format.U64
	ToOff       format.U64
	DataVersion format.U64
	Flags       format.U64
}

type resizeDevicesArg struct {
	NewTotalMetaBlocks format.U64
	NewTotalDataBlocks format.U64
}

type readXattrTotalsArg struct {
	PosName     [3]format.U64
	TotalsPtr   format.U64
	TotalsBytes format.U64
}

type xattrTotal struct {
	Name  [3]format.U64
	Total format.U64
	Count format.U64
}

type getAllocatedInosArg struct {
	StartIno  format.U64
	InosPtr   format.U64
	InosBytes format.U64
}

type getReferringEntriesArg struct {
	Ino          format.U64
	DirIno       format.U64
	DirPos       format.U64
	EntriesPtr   format.U64
	EntriesBytes format.U64
}

type direntHead struct {
	DirIno     format.U64
	DirPos     format.U64
	Ino        format.U64
	EntryBytes format.U16
	Flags      byte
	DType      byte
	NameLen    byte
}

// direntLast is the flag of the last entry.
const direntLast = 1 << 0

type attrX struct {
	XMask         format.U64
	XFlags        format.U64
	MetaSeq       format.U64
	DataSeq       format.U64
	DataVersion   format.U64
	OnlineBlocks  format.U64
	OfflineBlocks format.U64
	CtimeSec      format.U64
	CtimeNsec     format.U32
	CrtimeNsec    format.U32
	CrtimeSec     format.U64
	Size          format.U64
	Bits          format.U64
	ProjectID     format.U64
}

// attrRetention is the bit of attrX.Bits for a retained file.
const attrRetention = 1 << 0

type getQuotaRulesArg struct {
	Iterator [2]format.U64
	RulesPtr format.U64
	RulesNr  format.U64
}

type indexEntry struct {
	Minor format.U64
	Ino   format.U64
	Major byte
	Pad   [7]byte
}

type readXattrIndexArg struct {
	Flags      format.U64
	First      indexEntry
	Last       indexEntry
	EntriesPtr format.U64
	EntriesNr  format.U64
}

type punchOfflineArg struct {
	Offset      format.U64
	Len         format.U64
	DataVersion format.U64
	Flags       format.U64
}

type injectTotlDeltaArg struct {
	Name  [3]format.U64
	Total format.U64 // signed
	Count format.U64 // signed
}

type fiemapArg struct {
	Start         format.U64
	Length        format.U64
	Flags         format.U32
	MappedExtents format.U32
	ExtentCount   format.U32
	Reserved      [4]byte
}

type fiemapExtent struct {
	Logical    format.U64
	Physical   format.U64
	Length     format.U64
	Reserved64 [16]byte
	Flags      format.U32
	Reserved   [12]byte
}
