// SPDX-License-Identifier: GPL-2.0-or-later

package mkfs

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"scoutfs/engine/format"
)

// Identity is what tells two volumes with the same options apart.
type Identity struct {
	FSID uint64    // in the header of every block; not 0
	UUID uuid.UUID // in both supers
	// Created is the four times of the root directory. Upstream's have
	// microsecond resolution.
	Created time.Time
}

// NewIdentity draws an FSID and a version 4 UUID from random, and cuts now to
// microseconds.
func NewIdentity(random io.Reader, now time.Time) (Identity, error) {
	id := Identity{Created: now.Truncate(time.Microsecond)}
	for id.FSID == 0 {
		var b [8]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return Identity{}, fmt.Errorf("draw a volume id: %w", err)
		}
		id.FSID = binary.LittleEndian.Uint64(b[:])
	}
	var err error
	if id.UUID, err = uuid.NewRandomFromReader(random); err != nil {
		return Identity{}, fmt.Errorf("draw a volume uuid: %w", err)
	}
	return id, nil
}

// Options say what volume to make. The zero value lacks an FSID and a quorum
// slot; everything else has a default.
type Options struct {
	Identity

	// FormatVersion is 1 or 2; 0 stands for the newest.
	FormatVersion uint64

	// Slots are the quorum slots, at least one.
	Slots format.QuorumAddrs

	// MaxMetaSize and MaxDataSize limit how much of each device is used, in
	// bytes, rounded down to whole blocks. 0 or more than there is stands
	// for the whole device.
	MaxMetaSize uint64
	MaxDataSize uint64

	// DataAllocZoneBlocks divides the data device into zones of so many
	// 4 KiB blocks, of which each mount prefers its own; 0 for none.
	DataAllocZoneBlocks uint64

	// AllowSmall accepts devices below format.MinDeviceSize.
	AllowSmall bool
}

// Use is how much of a device a volume takes. All numbers are bytes.
type Use struct {
	Size  uint64 // of the device
	Limit uint64 // asked for, rounded down to whole blocks; 0 for none
	Used  uint64 // the smaller of the two
}

// MetaUse applies a limit to a metadata device.
func MetaUse(size, limit uint64) Use { return useOf(size, limit, format.LargeBlockSize) }

// DataUse applies a limit to a data device.
func DataUse(size, limit uint64) Use { return useOf(size, limit, format.SmallBlockSize) }

func useOf(size, limit, unit uint64) Use {
	u := Use{Size: size, Limit: limit &^ (unit - 1), Used: size}
	if u.Limit != 0 {
		u.Used = min(size, u.Limit)
	}
	return u
}

// Small reports whether the used part is below format.MinDeviceSize, which
// takes Options.AllowSmall.
func (u Use) Small() bool { return u.Used < format.MinDeviceSize }
