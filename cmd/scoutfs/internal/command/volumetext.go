// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"fmt"
	"strings"

	"scoutfs/engine/format"
)

// field is one line of the report about a volume that was made or changed.
type field struct{ label, value string }

// fields writes the lines with their values in one column, which has another
// place in some of upstream's commands.
func fields(column int, lines []field) string {
	var b strings.Builder
	for _, f := range lines {
		fmt.Fprintf(&b, "  %-*s%s\n", column-2, f.label+":", f.value)
	}
	return b.String()
}

// volumeColumn is where the values of most reports begin.
const volumeColumn = 26

// slotLines returns the configured slots as a value of several lines.
func slotLines(addrs format.QuorumAddrs) string {
	var lines []string
	for slot, addr := range addrs {
		if addr.IsValid() {
			lines = append(lines, fmt.Sprintf("%d: %s", slot, addr))
		}
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", volumeColumn))
}

// quorumSlot is a configured slot in JSON.
type quorumSlot struct {
	Slot    int    `json:"slot"`
	Address string `json:"address"` // ADDR:PORT
}

func quorumSlots(addrs format.QuorumAddrs) []quorumSlot {
	slots := []quorumSlot{}
	for slot, addr := range addrs {
		if addr.IsValid() {
			slots = append(slots, quorumSlot{slot, addr.String()})
		}
	}
	return slots
}

// fixedHex is an identifier in JSON.
func fixedHex(id uint64) string { return fmt.Sprintf("%016x", id) }
