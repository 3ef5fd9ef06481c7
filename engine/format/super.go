// SPDX-License-Identifier: GPL-2.0-or-later

package format

import "github.com/google/uuid"

// SuperFlagMeta in Super.Flags marks the metadata device's super.
const SuperFlagMeta = 1

// Super is the super block of either device, 1488 bytes; the rest of its
// small block is zero. Only Hdr, FmtVers, Flags and UUID of the data
// device's super may be trusted (docs/format.md 1, 2.8).
type Super struct {
	Hdr             BlockHeader
	ID              U64 // unused
	FmtVers         U64
	Flags           U64      `fmt:"hex"`
	UUID            [16]byte `fmt:"uuid"`
	Seq             U64      // the one counter behind items, transactions, locks and merges
	NextIno         U64      // next inode number to hand out
	InodeCount      U64      // without the deltas in log trees
	TotalMetaBlocks U64      // large blocks
	TotalDataBlocks U64      // small blocks
	Qconf           QuorumConfig
	MetaAlloc       [2]AllocRoot
	DataAlloc       AllocRoot
	ServerMetaAvail [2]AllocListHead
	ServerMetaFreed [2]AllocListHead
	FSRoot          BtreeRoot
	LogsRoot        BtreeRoot
	LogMerge        BtreeRoot
	MountedClients  BtreeRoot
	SrchRoot        BtreeRoot
	Volopt          VolumeOptions
}

// IsMeta reports whether this is the metadata device's super.
func (s *Super) IsMeta() bool { return s.Flags.Get()&SuperFlagMeta != 0 }

// UUIDString is the volume's uuid in its usual lower-case form.
func (s *Super) UUIDString() string { return uuid.UUID(s.UUID).String() }

// VersionSupported reports whether the format version is one of ours.
func (s *Super) VersionSupported() bool {
	v := s.FmtVers.Get()
	return v >= MinVersion && v <= MaxVersion
}
