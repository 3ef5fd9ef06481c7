// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"encoding/binary"
	"net/netip"
)

// Address families of an InetAddr.
const (
	FamilyNone = 0
	FamilyIPv4 = 1
	FamilyIPv6 = 2
)

// InetAddr is an IP address and port, 32 bytes. Port and IPv4 address are
// little-endian numbers of the host-order value. Bytes after Addr are
// undefined for IPv4: keep them, never interpret them (docs/format.md B).
type InetAddr struct {
	Family U16
	Port   U16
	Addr   U32
	Spare  [24]byte
}

// AddrPort returns an IPv4 address; ok is false for any other family.
func (a *InetAddr) AddrPort() (addr netip.AddrPort, ok bool) {
	if a.Family.Get() != FamilyIPv4 {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a.IPv4(), a.Port.Get()), true
}

// IPv4 returns Addr as an address, whatever the family says.
func (a *InetAddr) IPv4() netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], a.Addr.Get())
	return netip.AddrFrom4(b)
}

// SetIPv4 stores an IPv4 address and zeroes the spare bytes. An address of
// another family stores FamilyNone.
func (a *InetAddr) SetIPv4(ap netip.AddrPort) {
	*a = InetAddr{}
	if !ap.Addr().Unmap().Is4() {
		return
	}
	b := ap.Addr().Unmap().As4()
	a.Family.Set(FamilyIPv4)
	a.Port.Set(ap.Port())
	a.Addr.Set(binary.BigEndian.Uint32(b[:]))
}

// QuorumConfig is the volume's table of quorum slots, 488 bytes.
type QuorumConfig struct {
	Version U64 // starts at 1, grows with every change
	Slots   [QuorumSlots]InetAddr
}

// Configured reports whether a slot has an IPv4 address.
func (q *QuorumConfig) Configured(slot int) bool {
	return q.Slots[slot].Family.Get() == FamilyIPv4
}

// Indexes of QuorumBlock.Events (docs/format.md 9).
const (
	QuorumEventBegin = iota // the quorum service started on a mount
	QuorumEventTerm         // a greater term was adopted
	QuorumEventElect        // a vote was won
	QuorumEventFence        // older leaders are fenced
	QuorumEventStop         // the server stopped
	QuorumEventEnd          // the quorum service ended
	QuorumEvents
)

// QuorumEventName names an event as upstream's print does.
func QuorumEventName(event int) string {
	switch event {
	case QuorumEventBegin:
		return "begin"
	case QuorumEventTerm:
		return "term"
	case QuorumEventElect:
		return "elect"
	case QuorumEventFence:
		return "fence"
	case QuorumEventStop:
		return "stop"
	case QuorumEventEnd:
		return "end"
	}
	return ""
}

// QuorumEvent is one event of a quorum block, 40 bytes.
type QuorumEvent struct {
	WriteNr U64 // the block's WriteNr when the event was written
	RID     U64 `fmt:"hex"`
	Term    U64
	TS      Timespec
}

// QuorumBlock is what a quorum slot's mount keeps on the device, 280 bytes;
// the rest of its small block is zero.
type QuorumBlock struct {
	Hdr     BlockHeader
	WriteNr U64 // grows with every write
	Events  [QuorumEvents]QuorumEvent
}

// InUse reports whether the slot's mount may still be running: it began
// after it last ended.
func (q *QuorumBlock) InUse() bool {
	return q.Events[QuorumEventBegin].WriteNr.Get() > q.Events[QuorumEventEnd].WriteNr.Get()
}

// MountedClientQuorum in MountedClient.Flags says that the mount has a
// quorum slot.
const MountedClientQuorum = 1

// MountedClient is the value of a mounted_clients item, 40 bytes.
type MountedClient struct {
	Addr  InetAddr // the client's address as its server saw it
	Flags byte     `fmt:"hex"`
	Pad   [7]byte  // may hold anything
}
