// SPDX-License-Identifier: GPL-2.0-or-later

// Package status is one view of a volume: who it is, how full it is, who uses
// it, what is still to be done in it, and what of that somebody should know.
//
// [Read] looks at the devices, and [OnMount] at a mount. Devices are only
// read and need no claim; a [Status] of a volume that is in use is that of
// the last commit. A damaged volume is described as far as it can be: each
// part that could not be read is in Status.Damage, and the rest is there.
//
// The JSON form of a Status, and the ids of its hints, are described in
// docs/status.md; they only ever grow.
//
// # Bounds
//
// Lists hold [MaxListed] entries at most, while their counts and sums are of
// all. Whatever the bytes on the devices are, reading takes no longer than
// reading them once.
package status

import (
	"fmt"
)

// MaxListed is how many entries a list has at most.
const MaxListed = 10_000

// ID is an identifier that is shown in hexadecimal: of a volume or a mount.
type ID uint64

// String returns the 16 digits.
func (id ID) String() string { return fmt.Sprintf("%016x", uint64(id)) }

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// Status is what is known of a volume. Parts that could not be read, or that
// nobody can tell, are nil.
type Status struct {
	Volume   Volume    `json:"volume"`
	Devices  []Device  `json:"devices"`
	Options  *Options  `json:"options,omitempty"`
	Space    *Space    `json:"space,omitempty"`
	Inodes   *Inodes   `json:"inodes,omitempty"`
	Quorum   *Quorum   `json:"quorum,omitempty"`
	Mounts   *Mounts   `json:"mounts,omitempty"`
	LogTrees *LogTrees `json:"log_trees,omitempty"`
	Merge    *Merge    `json:"merge,omitempty"`
	Search   *Search   `json:"search,omitempty"`
	Local    *Local    `json:"local,omitempty"`
	Damage   []Damage  `json:"damage"`
	Hints    []Hint    `json:"hints"`
}

// Volume says which volume it is.
type Volume struct {
	FSID          ID      `json:"fsid"`
	UUID          string  `json:"uuid,omitempty"`
	FormatVersion uint64  `json:"format_version"`
	Seq           *uint64 `json:"seq,omitempty"`           // last sequence number that was given out, as of the super
	CommittedSeq  *uint64 `json:"committed_seq,omitempty"` // everything up to it is committed
	Commits       *uint64 `json:"commits,omitempty"`       // times that the super was written
}

// Device is one of the volume's devices.
type Device struct {
	Role          string `json:"role"`  // meta or data: what it was named as
	Holds         string `json:"holds"` // the same: what its super says that it is
	Name          string `json:"name"`
	Bytes         uint64 `json:"bytes"`
	BlockSize     uint64 `json:"block_size"`
	Blocks        uint64 `json:"blocks"` // that the volume uses
	FSID          ID     `json:"fsid"`
	UUID          string `json:"uuid"`
	FormatVersion uint64 `json:"format_version"`
}

// Roles of devices.
const (
	RoleMeta = "meta"
	RoleData = "data"
)

// Options are the volume's options and what its format version allows.
type Options struct {
	Features            []string `json:"features"`
	DataAllocZoneBlocks *uint64  `json:"data_alloc_zone_blocks"` // 4 KiB; null if not set
	Zones               uint64   `json:"zones"`                  // that the data device is divided into
	UnknownBits         uint64   `json:"unknown_bits,omitempty"` // options set that have no meaning
}

// Damage is a part of the volume that could not be read.
type Damage struct {
	Section string `json:"section"`
	Message string `json:"message"`
	Err     error  `json:"-"`
}

// Sections that can be damaged.
const (
	SectionVolume   = "volume"
	SectionDevices  = "devices"
	SectionInodes   = "inodes"
	SectionQuorum   = "quorum"
	SectionMounts   = "mounts"
	SectionLogTrees = "log_trees"
	SectionMerge    = "merge"
	SectionSearch   = "search"
	SectionLocal    = "local"
)
