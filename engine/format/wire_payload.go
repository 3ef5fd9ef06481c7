// SPDX-License-Identifier: GPL-2.0-or-later

package format

// Flags of a client's NetGreeting.
const (
	GreetingFarewell = 1 // the client has asked to leave
	GreetingQuorum   = 2 // the mount has a quorum slot
)

// NetGreeting is the payload of the first message in either direction of a
// connection, 40 bytes (docs/format.md 13.3).
type NetGreeting struct {
	FSID       U64 `fmt:"hex"`
	FmtVers    U64
	ServerTerm U64 // the server's; from a client that of its last server, 0 for none
	RID        U64 `fmt:"hex"` // the client's, in both directions
	Flags      U64 `fmt:"hex"` // 0 from the server
}

// NetAllocInodes asks for inode numbers, 8 bytes (docs/format.md 13.5).
type NetAllocInodes struct {
	Count U64
}

// NetInodeAlloc is a run of inode numbers, 16 bytes.
type NetInodeAlloc struct {
	Ino U64 // the first
	Nr  U64 // how many, 0 when there are no more
}

// NetRoots are the roots that readers need, of the last stable super, 72
// bytes.
type NetRoots struct {
	FSRoot   BtreeRoot
	LogsRoot BtreeRoot
	SrchRoot BtreeRoot
}

// NetLastSeq is the greatest seq up to which every transaction is stable, 8
// bytes.
type NetLastSeq struct {
	Seq U64
}

// NetResizeDevices asks for larger devices, 16 bytes. 0 leaves a device as it
// is.
type NetResizeDevices struct {
	NewTotalMetaBlocks U64 // large blocks
	NewTotalDataBlocks U64 // small blocks
}

// NetStatfs tells how full a volume is, 56 bytes (docs/format.md 6.5).
type NetStatfs struct {
	UUID            [16]byte `fmt:"uuid"`
	FreeMetaBlocks  U64      // large blocks
	TotalMetaBlocks U64      // large blocks
	FreeDataBlocks  U64      // small blocks
	TotalDataBlocks U64      // small blocks
	InodeCount      U64      // with the deltas of log trees
}

// OpenInoMapArgs name a group of inode numbers whose open inodes are asked
// for, 16 bytes (docs/format.md 13.5).
type OpenInoMapArgs struct {
	GroupNr U64 // inode number divided by LockInodeGroup
	ReqID   U64 // the server's number for the question, 0 from a client
}

// OpenInoMap tells which inodes of a group clients hold open, 144 bytes. Bit
// b of group g stands for inode g*LockInodeGroup + b.
type OpenInoMap struct {
	Args OpenInoMapArgs
	Bits Bitmap1024
}
