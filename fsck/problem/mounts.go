// SPDX-License-Identifier: GPL-2.0-or-later

package problem

// Quorum and mounts.
const (
	QuorumBlockUnreadable Number = 201
	QuorumBlockCRC        Number = 202
	QuorumBlockMagic      Number = 203
	QuorumBlockFSID       Number = 204
	QuorumBlockBlkno      Number = 205
	QuorumEventWriteNr    Number = 206
	QuorumEventRID        Number = 207
	QuorumBlockUnused     Number = 208
	QuorumEventTerm       Number = 209
	QuorumSlotFamily      Number = 210
	QuorumSlotPort        Number = 211
	QuorumSlotAddress     Number = 212
	QuorumSlotDuplicate   Number = 213
	QuorumNoSlots         Number = 214
	QuorumConfigVersion   Number = 215
	QuorumSlotUnused      Number = 216
	MountedClientFlags    Number = 220
	MountedClientRID      Number = 221
	MountedClientAddress  Number = 222
)

func mountsProblems() []Problem {
	return []Problem{
		{
			Number: QuorumBlockUnreadable, Name: "QUORUM_BLOCK_UNREADABLE", Severity: Error, Repair: Never,
			Title: "A quorum block cannot be read.",
		},
		{
			Number: QuorumBlockCRC, Name: "QUORUM_BLOCK_CRC", Severity: Error, Repair: Asked,
			Title: "The checksum of a quorum block is wrong.",
		},
		{
			Number: QuorumBlockMagic, Name: "QUORUM_BLOCK_MAGIC", Severity: Error, Repair: Asked,
			Title: "A quorum block does not hold what it should.",
		},
		{
			Number: QuorumBlockFSID, Name: "QUORUM_BLOCK_FSID", Severity: Error, Repair: Asked,
			Title: "A quorum block belongs to another volume.",
		},
		{
			Number: QuorumBlockBlkno, Name: "QUORUM_BLOCK_BLKNO", Severity: Error, Repair: Asked,
			Title: "A quorum block carries another block number.",
		},
		{
			Number: QuorumEventWriteNr, Name: "QUORUM_EVENT_WRITE_NR", Severity: Error, Repair: Asked,
			Title: "An event of a quorum block has a write number beyond that of the block.",
		},
		{
			Number: QuorumEventRID, Name: "QUORUM_EVENT_RID", Severity: Error, Repair: Asked,
			Title: "An event of a quorum block has no mount.",
		},
		{
			Number: QuorumBlockUnused, Name: "QUORUM_BLOCK_UNUSED", Severity: Warning, Repair: Automatic,
			Title: "A part of a quorum block that is not in use is not zero.",
		},
		{
			Number: QuorumEventTerm, Name: "QUORUM_EVENT_TERM", Severity: Error, Repair: Asked,
			Title: "The terms of a quorum block's events contradict each other.",
		},
		{
			Number: QuorumSlotFamily, Name: "QUORUM_SLOT_FAMILY", Severity: Error, Repair: Asked, Upstream: []string{"PB_QSLOT_BAD_FAM"},
			Title: "A quorum slot has an address of an unknown family.",
		},
		{
			Number: QuorumSlotPort, Name: "QUORUM_SLOT_PORT", Severity: Error, Repair: Never, Upstream: []string{"PB_QSLOT_BAD_PORT"},
			Title: "A quorum slot has no valid port.",
		},
		{
			Number: QuorumSlotAddress, Name: "QUORUM_SLOT_ADDRESS", Severity: Error, Repair: Never, Upstream: []string{"PB_QSLOT_BAD_ADDR"},
			Title: "A quorum slot has no valid address.",
		},
		{
			Number: QuorumSlotDuplicate, Name: "QUORUM_SLOT_DUPLICATE", Severity: Error, Repair: Never,
			Title: "Two quorum slots have the same address.",
		},
		{
			Number: QuorumNoSlots, Name: "QUORUM_NO_SLOTS", Severity: Error, Repair: Never,
			Title: "No quorum slot is configured.",
		},
		{
			Number: QuorumConfigVersion, Name: "QUORUM_CONFIG_VERSION", Severity: Warning, Repair: Automatic, Upstream: []string{"PB_QCONF_WRONG_VERSION"},
			Title: "The quorum configuration has no version.",
		},
		{
			Number: QuorumSlotUnused, Name: "QUORUM_SLOT_UNUSED", Severity: Warning, Repair: Automatic,
			Title: "A quorum slot that is not configured is not zero.",
		},
		{
			Number: MountedClientFlags, Name: "MOUNTED_CLIENT_FLAGS", Severity: Warning, Repair: Asked,
			Title: "The record of a mount has flags that do not exist.",
		},
		{
			Number: MountedClientRID, Name: "MOUNTED_CLIENT_RID", Severity: Error, Repair: Asked,
			Title: "The record of a mount has an identifier that no mount can have.",
		},
		{
			Number: MountedClientAddress, Name: "MOUNTED_CLIENT_ADDRESS", Severity: Warning, Repair: Asked,
			Title: "The record of a mount has no valid address.",
		},
	}
}
