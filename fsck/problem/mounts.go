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
			Means: "The mount whose slot it is cannot start, and the others cannot see whether it leads. Look for errors of the disk in the system's " +
				"log. Without enough other slots no mount can become the leader.",
		},
		{
			Number: QuorumBlockCRC, Name: "QUORUM_BLOCK_CRC", Severity: Error, Repair: Asked,
			Title: "The checksum of a quorum block is wrong.",
			Means: "Mounts cannot read the state of this slot: the kernel module stops with an error when it looks for a leader. The block tells " +
				"nothing but who ran when, so an empty one takes its place when no mount is running.",
		},
		{
			Number: QuorumBlockMagic, Name: "QUORUM_BLOCK_MAGIC", Severity: Error, Repair: Asked,
			Title: "A quorum block does not hold what it should.",
			Means: "Mounts cannot read the state of this slot. The block was overwritten with something else; an empty one takes its place when no " +
				"mount is running.",
		},
		{
			Number: QuorumBlockFSID, Name: "QUORUM_BLOCK_FSID", Severity: Error, Repair: Asked,
			Title: "A quorum block belongs to another volume.",
			Means: "Mounts cannot read the state of this slot. The block was copied from another volume; an empty one takes its place when no mount is " +
				"running.",
		},
		{
			Number: QuorumBlockBlkno, Name: "QUORUM_BLOCK_BLKNO", Severity: Error, Repair: Asked,
			Title: "A quorum block carries another block number.",
			Means: "Mounts cannot read the state of this slot. The block was written to a wrong place, so the one that belongs there is lost; an empty " +
				"one takes its place when no mount is running.",
		},
		{
			Number: QuorumEventWriteNr, Name: "QUORUM_EVENT_WRITE_NR", Severity: Error, Repair: Asked,
			Title: "An event of a quorum block has a write number beyond that of the block.",
			Means: "Whether the slot's mount is still running is told by comparing these numbers, so a wrong one can make a dead mount look alive or " +
				"the other way round. Make sure that no mount runs before the block is made anew.",
		},
		{
			Number: QuorumEventRID, Name: "QUORUM_EVENT_RID", Severity: Error, Repair: Asked,
			Title: "An event of a quorum block has no mount.",
			Means: "An event says which mount caused it, and leaders are fenced by that identifier. Nobody can be fenced for an event without one. " +
				"Make sure that no mount runs before the block is made anew.",
		},
		{
			Number: QuorumBlockUnused, Name: "QUORUM_BLOCK_UNUSED", Severity: Warning, Repair: Automatic,
			Title: "A part of a quorum block that is not in use is not zero.",
			Means: "Nobody reads these bytes. That they are not zero means that something has written to the block.",
		},
		{
			Number: QuorumEventTerm, Name: "QUORUM_EVENT_TERM", Severity: Error, Repair: Asked,
			Title: "The terms of a quorum block's events contradict each other.",
			Means: "Terms tell which leader is the last one. Wrong ones can send mounts to a leader that does not exist, or keep one from being " +
				"fenced. Make sure that no mount runs before the block is made anew.",
		},
		{
			Number: QuorumSlotFamily, Name: "QUORUM_SLOT_FAMILY", Severity: Error, Repair: Asked, Upstream: []string{"PB_QSLOT_BAD_FAM"},
			Title: "A quorum slot has an address of an unknown family.",
			Means: "The slot counts as not configured, or mounts fail to start. Write the table of slots anew with scoutfs change-quorum-config.",
		},
		{
			Number: QuorumSlotPort, Name: "QUORUM_SLOT_PORT", Severity: Error, Repair: Never, Upstream: []string{"PB_QSLOT_BAD_PORT"},
			Title: "A quorum slot has no valid port.",
			Means: "The mount of this slot cannot be reached by the others and cannot lead. Write the table of slots anew with scoutfs change-quorum- " +
				"config.",
		},
		{
			Number: QuorumSlotAddress, Name: "QUORUM_SLOT_ADDRESS", Severity: Error, Repair: Never, Upstream: []string{"PB_QSLOT_BAD_ADDR"},
			Title: "A quorum slot has no valid address.",
			Means: "The mount of this slot cannot be reached by the others and cannot lead. Write the table of slots anew with scoutfs change-quorum- " +
				"config.",
		},
		{
			Number: QuorumSlotDuplicate, Name: "QUORUM_SLOT_DUPLICATE", Severity: Error, Repair: Never,
			Title: "Two quorum slots have the same address.",
			Means: "Two mounts cannot listen at one address, and votes go to the wrong one. Write the table of slots anew with scoutfs change-quorum- " +
				"config.",
		},
		{
			Number: QuorumNoSlots, Name: "QUORUM_NO_SLOTS", Severity: Error, Repair: Never,
			Title: "No quorum slot is configured.",
			Means: "No mount can become the leader, so the volume cannot be mounted. Write the table of slots anew with scoutfs change-quorum-config.",
		},
		{
			Number: QuorumConfigVersion, Name: "QUORUM_CONFIG_VERSION", Severity: Warning, Repair: Automatic, Upstream: []string{"PB_QCONF_WRONG_VERSION"},
			Title: "The quorum configuration has no version.",
			Means: "Mounts compare the version of the configuration to agree on it; the first one is 1. scoutfs change-quorum-config writes the table " +
				"with a version.",
		},
		{
			Number: QuorumSlotUnused, Name: "QUORUM_SLOT_UNUSED", Severity: Warning, Repair: Automatic,
			Title: "A quorum slot that is not configured is not zero.",
			Means: "The slot is not used. That its bytes are not zero means that something has written them; scoutfs change-quorum-config writes the " +
				"whole table anew.",
		},
		{
			Number: MountedClientFlags, Name: "MOUNTED_CLIENT_FLAGS", Severity: Warning, Repair: Asked,
			Title: "The record of a mount has flags that do not exist.",
			Means: "The record says which mount has to be recovered, and that still works. The flags come from a newer program or from damage.",
		},
		{
			Number: MountedClientRID, Name: "MOUNTED_CLIENT_RID", Severity: Error, Repair: Asked,
			Title: "The record of a mount has an identifier that no mount can have.",
			Means: "The leader waits for this mount to come back or tries to fence it, and neither can succeed. The record goes once nothing else is " +
				"known of such a mount.",
		},
		{
			Number: MountedClientAddress, Name: "MOUNTED_CLIENT_ADDRESS", Severity: Warning, Repair: Asked,
			Title: "The record of a mount has no valid address.",
			Means: "The address is handed to the fence agent when the mount has to be fenced, which may fail then. Fence the mount by its identifier.",
		},
	}
}
