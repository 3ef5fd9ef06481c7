// SPDX-License-Identifier: GPL-2.0-or-later

package format

import "fmt"

// MaxNetData is the greatest payload of a message in bytes.
const MaxNetData = 1100

// NetFlagResponse in NetHeader.Flags marks a response. There is no other flag.
const NetFlagResponse = 1

// NetHeader starts every message between client and server, 32 bytes. DataLen
// bytes of payload follow (docs/format.md 13.2).
type NetHeader struct {
	Seq     U64 // the sender's number of this message, from 1, kept when it is sent again
	RecvSeq U64 // greatest Seq that the sender has received
	ID      U64 // the request's number, from 1; in a response that of its request
	DataLen U16
	Cmd     NetCommand
	Flags   byte `fmt:"hex"`
	Error   byte // of a response, see NetErrno
	Pad     [3]byte
}

// NetSide is an end of a connection.
type NetSide uint8

// The ends of a connection.
const (
	NetClient NetSide = iota // a mount
	NetServer                // the leader's server
)

// String returns "client" or "server".
func (s NetSide) String() string {
	if s == NetServer {
		return "server"
	}
	return "client"
}

// IsResponse reports whether the message answers a request of its receiver.
func (h *NetHeader) IsResponse() bool { return h.Flags&NetFlagResponse != 0 }

// Check returns a *WireError if a message with this header may not be sent
// to that side. What depends on earlier messages is left to the connection:
// duplicates, a second greeting, anything before the greeting, and responses
// that nobody waits for.
func (h *NetHeader) Check(to NetSide) error {
	if h.Seq.Get() == 0 {
		return headerFieldError("seq", "0", "at least 1")
	}
	if h.ID.Get() == 0 {
		return headerFieldError("id", "0", "at least 1")
	}
	if h.Cmd >= NetCommands {
		return headerFieldError("cmd", fmt.Sprint(uint8(h.Cmd)), fmt.Sprintf("at most %d", NetCommands-1))
	}
	if h.Flags&^NetFlagResponse != 0 {
		return headerFieldError("flags", fmt.Sprintf("%#x", h.Flags), "0 or 1")
	}
	if int(h.Error) >= NetErrors {
		return headerFieldError("error", fmt.Sprint(h.Error), fmt.Sprintf("at most %d", NetErrors-1))
	}
	if n := h.DataLen.Get(); n > MaxNetData {
		return headerFieldError("data_len", fmt.Sprint(n), fmt.Sprintf("at most %d", MaxNetData))
	}
	if !h.IsResponse() && h.Error != 0 {
		return headerFieldError("error", fmt.Sprint(h.Error), "0 in a request")
	}
	if !h.Cmd.sentTo(to, h.IsResponse()) {
		return headerFieldError("cmd", h.messageName(), "a message for a "+to.String())
	}
	return nil
}

// CheckPayload returns a *WireError if n, the bytes of payload, is not what
// the header's command has. The payload of a response with an error is not
// looked at and should be empty. LOCK_RECOVER responses are checked further
// by [ViewNetLockRecover].
func (h *NetHeader) CheckPayload(n int) error {
	if claimed := int(h.DataLen.Get()); n != claimed {
		return &WireError{h.messageName(), "payload", fmt.Sprintf("%d bytes", n), fmt.Sprintf("data_len %d", claimed)}
	}
	if h.Error != 0 {
		return nil
	}
	low, high := h.Cmd.payload(h.IsResponse())
	if n >= low && n <= high {
		return nil
	}
	expected := fmt.Sprintf("%d bytes", low)
	if high != low {
		expected = fmt.Sprintf("%d to %d bytes", low, high)
	}
	return &WireError{h.messageName(), "payload", fmt.Sprintf("%d bytes", n), expected}
}

// messageName is the message's name in errors: "LOCK request".
func (h *NetHeader) messageName() string {
	if h.IsResponse() {
		return h.Cmd.String() + " response"
	}
	return h.Cmd.String() + " request"
}

func headerFieldError(field, found, expected string) error {
	return &WireError{Structure: "net header", Field: field, Found: found, Expected: expected}
}
