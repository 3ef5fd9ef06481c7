// SPDX-License-Identifier: GPL-2.0-or-later

package format

import "encoding/binary"

// U16 is a little-endian unsigned 16-bit integer as stored on a device.
type U16 [2]byte

// Get returns the value.
func (u *U16) Get() uint16 { return binary.LittleEndian.Uint16(u[:]) }

// Set stores v.
func (u *U16) Set(v uint16) { binary.LittleEndian.PutUint16(u[:], v) }

// U32 is a little-endian unsigned 32-bit integer as stored on a device.
type U32 [4]byte

// Get returns the value.
func (u *U32) Get() uint32 { return binary.LittleEndian.Uint32(u[:]) }

// Set stores v.
func (u *U32) Set(v uint32) { binary.LittleEndian.PutUint32(u[:], v) }

// U64 is a little-endian unsigned 64-bit integer as stored on a device.
type U64 [8]byte

// Get returns the value.
func (u *U64) Get() uint64 { return binary.LittleEndian.Uint64(u[:]) }

// Set stores v.
func (u *U64) Set(v uint64) { binary.LittleEndian.PutUint64(u[:], v) }
