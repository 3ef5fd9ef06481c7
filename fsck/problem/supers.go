// SPDX-License-Identifier: GPL-2.0-or-later

package problem

// Supers and geometry.
const (
	MetaSuperUnreadable    Number = 101
	MetaSuperMagic         Number = 102
	MetaSuperCRC           Number = 103
	MetaSuperBlkno         Number = 104
	FormatVersion          Number = 105
	MetaSuperFlag          Number = 106
	SuperFlagsUnknown      Number = 107
	SuperUnused            Number = 108
	TotalMetaBlocks        Number = 109
	TotalDataBlocks        Number = 110
	NextIno                Number = 111
	SuperSeq               Number = 112
	InodeCount             Number = 113
	MetaSuperFSID          Number = 114
	DataSuperUnreadable    Number = 120
	DataSuperMagic         Number = 121
	DataSuperCRC           Number = 122
	DataSuperFSID          Number = 123
	DataSuperUUID          Number = 124
	DataSuperFormatVersion Number = 125
	DataSuperFlag          Number = 126
	DataSuperBlkno         Number = 127
	VolumeOptionUnknown    Number = 130
	VolumeOptionZoneBlocks Number = 131
	VolumeOptionUnset      Number = 132
)

func supersProblems() []Problem {
	return []Problem{
		{
			Number: MetaSuperUnreadable, Name: "META_SUPER_UNREADABLE", Severity: Fatal, Repair: Never,
			Title: "The super block of the metadata device cannot be read.",
			Means: "The device does not return the 4 KiB from which everything else is found, so nothing can be checked or mounted. Look for errors of " +
				"the disk or its path in the system's log. If the disk is lost, only a copy of the metadata device brings the volume back.",
		},
		{
			Number: MetaSuperMagic, Name: "META_SUPER_MAGIC", Severity: Fatal, Repair: Never, Upstream: []string{"PB_SB_HDR_MAGIC_INVALID"},
			Title: "The metadata device does not hold a super block.",
			Means: "Either this is not the metadata device of a scoutfs volume, or its super block was overwritten. Make sure that the right device " +
				"was named, and that data and metadata device were not exchanged. The super has no second copy on the metadata device: most of it " +
				"has to come from a backup.",
		},
		{
			Number: MetaSuperCRC, Name: "META_SUPER_CRC", Severity: Error, Repair: Asked, Upstream: []string{"PB_SB_HDR_CRC_INVALID"},
			Title: "The checksum of the metadata device's super block is wrong.",
			Means: "The kernel module refuses to mount the volume. Bytes of the super have changed since it was written, and which ones cannot be told " +
				"from the checksum: what the rest of the check finds shows whether the super can still be trusted. Writing a right checksum is all " +
				"that is needed if it finds nothing.",
		},
		{
			Number: MetaSuperBlkno, Name: "META_SUPER_BLKNO", Severity: Warning, Repair: Automatic,
			Title: "The super block of the metadata device carries another block number.",
			Means: "The kernel module compares this number and refuses to mount the volume. Super blocks stand at block 16 only, so the right number " +
				"is known.",
		},
		{
			Number: FormatVersion, Name: "FORMAT_VERSION", Severity: Fatal, Repair: Never, Upstream: []string{"PB_SB_BAD_FMT_VERS"},
			Title: "The volume has a format version that this program does not know.",
			Means: "Nothing is known of how such a volume is laid out, so nothing was checked. If a newer program made the volume, use that one. If " +
				"not, the field is damaged, and 1 and 2 are the only versions that there are.",
		},
		{
			Number: MetaSuperFlag, Name: "META_SUPER_FLAG", Severity: Error, Repair: Automatic, Upstream: []string{"PB_SB_BAD_FLAG"},
			Title: "The super block of the metadata device is not marked as such.",
			Means: "The kernel module takes the device for a data device and refuses to mount the volume. Make sure that the two devices were not " +
				"exchanged; otherwise only the flag has to be set.",
		},
		{
			Number: SuperFlagsUnknown, Name: "SUPER_FLAGS_UNKNOWN", Severity: Error, Repair: Asked, Upstream: []string{"PB_SB_BAD_FLAG"},
			Title: "A super block has flags that do not exist.",
			Means: "Flags may mean that the volume has something this program does not know. No released version of scoutfs sets them, so damage is " +
				"more likely. The kernel module ignores them.",
		},
		{
			Number: SuperUnused, Name: "SUPER_UNUSED", Severity: Warning, Repair: Automatic,
			Title: "A part of a super block that is not in use is not zero.",
			Means: "Nobody reads these bytes, so nothing follows for the volume. That they are not zero means that something has written them: a newer " +
				"program, or damage that may have hit other blocks too.",
		},
		{
			Number: TotalMetaBlocks, Name: "TOTAL_META_BLOCKS", Severity: Error, Repair: Asked,
			Title: "The volume claims another number of metadata blocks than it can have.",
			Means: "If the volume claims more blocks than the device has, the device was cut off or exchanged for a smaller one, and blocks behind its " +
				"end are lost. The kernel module refuses to mount it. Give the device its old size back before anything else.",
		},
		{
			Number: TotalDataBlocks, Name: "TOTAL_DATA_BLOCKS", Severity: Error, Repair: Asked,
			Title: "The volume claims another number of data blocks than it can have.",
			Means: "If the volume claims more blocks than the data device has, the device was cut off or exchanged for a smaller one, and file " +
				"contents behind its end are lost. The kernel module refuses to mount it. Give the device its old size back before anything else.",
		},
		{
			Number: NextIno, Name: "NEXT_INO", Severity: Error, Repair: Automatic,
			Title: "The next inode number to hand out is not above those in use.",
			Means: "New files would get numbers of inodes that exist, and their items would be mixed. Do not write to the volume before the number is " +
				"raised above the greatest one in use.",
		},
		{
			Number: SuperSeq, Name: "SUPER_SEQ", Severity: Error, Repair: Automatic,
			Title: "The volume's sequence number is behind one that is in use.",
			Means: "Changes made from now on could have lower sequence numbers than older ones and lose against them when logs are merged. Do not " +
				"write to the volume before the number is raised.",
		},
		{
			Number: InodeCount, Name: "INODE_COUNT", Severity: Warning, Repair: Automatic,
			Title: "The volume's count of inodes is not the number of its inodes.",
			Means: "Only df shows this count, so names and contents are not concerned. It follows from the inodes that exist and the counts that log " +
				"trees add.",
		},
		{
			Number: MetaSuperFSID, Name: "META_SUPER_FSID", Severity: Error, Repair: Automatic,
			Title: "The super block of the metadata device carries the identifier of another volume.",
			Means: "Every block of a volume carries the volume's identifier, and those of this device agree on one that its super does not have. The " +
				"kernel module would refuse every block. The identifier that the others carry has to be written into the super.",
		},
		{
			Number: DataSuperUnreadable, Name: "DATA_SUPER_UNREADABLE", Severity: Error, Repair: Never,
			Title: "The super block of the data device cannot be read.",
			Means: "The kernel module cannot mount the volume. Metadata was checked without the data device. Look for errors of the disk in the " +
				"system's log, and read the files with --read-data to see what else cannot be read.",
		},
		{
			Number: DataSuperMagic, Name: "DATA_SUPER_MAGIC", Severity: Error, Repair: Asked, Upstream: []string{"PB_DATA_DEV_SB_INVALID"},
			Title: "The data device does not hold a super block.",
			Means: "Either this is not the data device of a scoutfs volume, or its first blocks were overwritten: look whether it holds something else " +
				"now. Its super is a copy of what the metadata device says and can be written again; what else was overwritten, only the files " +
				"show.",
		},
		{
			Number: DataSuperCRC, Name: "DATA_SUPER_CRC", Severity: Error, Repair: Automatic, Upstream: []string{"PB_DATA_DEV_SB_INVALID"},
			Title: "The checksum of the data device's super block is wrong.",
			Means: "The kernel module refuses to mount the volume. The data device's super holds nothing that the metadata device does not have, so it " +
				"can be written again.",
		},
		{
			Number: DataSuperFSID, Name: "DATA_SUPER_FSID", Severity: Error, Repair: Never, Upstream: []string{"PB_DATA_DEV_SB_INVALID"},
			Title: "The data device belongs to another volume.",
			Means: "The kernel module refuses to mount the two devices together. Most likely a device of another volume was named: the metadata refers " +
				"to blocks that hold other files. Name the data device that belongs to this volume.",
		},
		{
			Number: DataSuperUUID, Name: "DATA_SUPER_UUID", Severity: Error, Repair: Asked, Upstream: []string{"PB_DATA_DEV_SB_INVALID"},
			Title: "The two devices have different UUIDs.",
			Means: "The kernel module refuses to mount the two devices together. With equal volume identifiers and different UUIDs, one of the two was " +
				"prepared for another copy of the volume: find out which before the super is written again.",
		},
		{
			Number: DataSuperFormatVersion, Name: "DATA_SUPER_FORMAT_VERSION", Severity: Error, Repair: Automatic, Upstream: []string{"PB_DATA_DEV_SB_INVALID"},
			Title: "The two devices have different format versions.",
			Means: "A change of the format version was interrupted between the two devices. Run scoutfs change-format-version again with the same " +
				"version: it completes the change.",
		},
		{
			Number: DataSuperFlag, Name: "DATA_SUPER_FLAG", Severity: Error, Repair: Asked, Upstream: []string{"PB_DATA_DEV_SB_INVALID"},
			Title: "The super block of the data device is marked as that of a metadata device.",
			Means: "The kernel module refuses to mount the volume. Make sure that the metadata device was not named twice or in the wrong place. On a " +
				"true data device only the flag has to be cleared.",
		},
		{
			Number: DataSuperBlkno, Name: "DATA_SUPER_BLKNO", Severity: Warning, Repair: Automatic, Upstream: []string{"PB_DATA_DEV_SB_INVALID"},
			Title: "The super block of the data device carries another block number.",
			Means: "The kernel module compares this number and refuses to mount the volume. The data device's super can be written again from the " +
				"metadata device.",
		},
		{
			Number: VolumeOptionUnknown, Name: "VOLUME_OPTION_UNKNOWN", Severity: Error, Repair: Asked,
			Title: "A volume option is set that does not exist.",
			Means: "The kernel module ignores options that it does not know. No released version sets them, so they come from a newer program or from " +
				"damage.",
		},
		{
			Number: VolumeOptionZoneBlocks, Name: "VOLUME_OPTION_ZONE_BLOCKS", Severity: Error, Repair: Asked,
			Title: "The size of data allocation zones is out of bounds.",
			Means: "The kernel module refuses to use the option, or divides the data device into zones that do not fit. Files are not concerned. Set " +
				"the option to a value in bounds, or clear it, once the volume is mounted.",
		},
		{
			Number: VolumeOptionUnset, Name: "VOLUME_OPTION_UNSET", Severity: Warning, Repair: Automatic,
			Title: "A volume option has a value without being set.",
			Means: "The value of an option that is not set is not used. It means that something has written to these bytes.",
		},
	}
}
