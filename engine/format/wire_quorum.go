// SPDX-License-Identifier: GPL-2.0-or-later

package format

import "fmt"

// QuorumMessageType says what a quorum message means (docs/format.md 13.1).
type QuorumMessageType uint8

// The types of quorum messages.
const (
	QuorumRequestVote  QuorumMessageType = iota // a candidate asks for a vote
	QuorumVote                                  // a member votes for the receiver
	QuorumHeartbeat                             // the leader lives
	QuorumResignation                           // a leader leaves
	QuorumMessageTypes                          // number of types
)

// String names the type in lower case.
func (t QuorumMessageType) String() string {
	switch t {
	case QuorumRequestVote:
		return "request vote"
	case QuorumVote:
		return "vote"
	case QuorumHeartbeat:
		return "heartbeat"
	case QuorumResignation:
		return "resignation"
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// QuorumMessage is one UDP datagram between members of the quorum, 32 bytes.
type QuorumMessage struct {
	FSID    U64 `fmt:"hex"`
	Version U64 // 0; receivers do not look at it
	Term    U64 // the sender's
	Type    QuorumMessageType
	From    byte // the sender's slot
	Pad     [2]byte
	CRC     U32 `fmt:"hex"` // Sum
}

// Sum is the CRC that the message should carry: of all bytes before it, the
// pad included.
func (m *QuorumMessage) Sum() uint32 {
	b := Bytes(m)
	return CRC(b[:len(b)-len(m.CRC)])
}

// Seal stores the crc of a finished message.
func (m *QuorumMessage) Seal() { m.CRC.Set(m.Sum()) }

// ViewQuorumMessage views a received datagram, which may be longer than a
// message. The error is a *WireError if it is too short, if crc, fsid, type or
// slot are wrong, or if the slot is not configured; such a datagram is to be
// dropped without an answer (kmod/src/quorum.c: recv_msg).
func ViewQuorumMessage(datagram []byte, fsid uint64, conf *QuorumConfig) (*QuorumMessage, error) {
	m, err := View[QuorumMessage](datagram)
	if err != nil {
		return nil, quorumMessageError("length", fmt.Sprint(len(datagram)), fmt.Sprintf("at least %d", Size[QuorumMessage]()))
	}
	if found, sum := m.CRC.Get(), m.Sum(); found != sum {
		return nil, quorumMessageError("crc", fmt.Sprintf("%08x", found), fmt.Sprintf("%08x", sum))
	}
	if found := m.FSID.Get(); found != fsid {
		return nil, quorumMessageError("fsid", fmt.Sprintf("%016x", found), fmt.Sprintf("%016x", fsid))
	}
	if m.Type >= QuorumMessageTypes {
		return nil, quorumMessageError("type", fmt.Sprint(uint8(m.Type)), fmt.Sprintf("at most %d", QuorumMessageTypes-1))
	}
	if m.From >= QuorumSlots {
		return nil, quorumMessageError("from", fmt.Sprint(m.From), fmt.Sprintf("at most %d", QuorumSlots-1))
	}
	if !conf.Configured(int(m.From)) {
		return nil, quorumMessageError("from", fmt.Sprint(m.From), "a configured slot")
	}
	return m, nil
}

func quorumMessageError(field, found, expected string) error {
	return &WireError{Structure: "quorum message", Field: field, Found: found, Expected: expected}
}
