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
		},
		{
			Number: MetaSuperMagic, Name: "META_SUPER_MAGIC", Severity: Fatal, Repair: Never, Upstream: []string{"PB_SB_HDR_MAGIC_INVALID"},
			Title: "The metadata device does not hold a super block.",
		},
		{
			Number: MetaSuperCRC, Name: "META_SUPER_CRC", Severity: Error, Repair: Asked, Upstream: []string{"PB_SB_HDR_CRC_INVALID"},
			Title: "The checksum of the metadata device's super block is wrong.",
		},
		{
			Number: MetaSuperBlkno, Name: "META_SUPER_BLKNO", Severity: Warning, Repair: Automatic,
			Title: "The super block of the metadata device carries another block number.",
		},
		{
			Number: FormatVersion, Name: "FORMAT_VERSION", Severity: Fatal, Repair: Never, Upstream: []string{"PB_SB_BAD_FMT_VERS"},
			Title: "The volume has a format version that this program does not know.",
		},
		{
			Number: MetaSuperFlag, Name: "META_SUPER_FLAG", Severity: Error, Repair: Automatic, Upstream: []string{"PB_SB_BAD_FLAG"},
			Title: "The super block of the metadata device is not marked as such.",
		},
		{
			Number: SuperFlagsUnknown, Name: "SUPER_FLAGS_UNKNOWN", Severity: Error, Repair: Asked, Upstream: []string{"PB_SB_BAD_FLAG"},
			Title: "A super block has flags that do not exist.",
		},
		{
			Number: SuperUnused, Name: "SUPER_UNUSED", Severity: Warning, Repair: Automatic,
			Title: "A part of a super block that is not in use is not zero.",
		},
		{
			Number: TotalMetaBlocks, Name: "TOTAL_META_BLOCKS", Severity: Error, Repair: Asked,
			Title: "The volume claims another number of metadata blocks than it can have.",
		},
		{
			Number: TotalDataBlocks, Name: "TOTAL_DATA_BLOCKS", Severity: Error, Repair: Asked,
			Title: "The volume claims another number of data blocks than it can have.",
		},
		{
			Number: NextIno, Name: "NEXT_INO", Severity: Error, Repair: Automatic,
			Title: "The next inode number to hand out is not above those in use.",
		},
		{
			Number: SuperSeq, Name: "SUPER_SEQ", Severity: Error, Repair: Automatic,
			Title: "The volume's sequence number is behind one that is in use.",
		},
		{
			Number: InodeCount, Name: "INODE_COUNT", Severity: Warning, Repair: Automatic,
			Title: "The volume's count of inodes is not the number of its inodes.",
		},
		{
			Number: DataSuperUnreadable, Name: "DATA_SUPER_UNREADABLE", Severity: Error, Repair: Never,
			Title: "The super block of the data device cannot be read.",
		},
		{
			Number: DataSuperMagic, Name: "DATA_SUPER_MAGIC", Severity: Error, Repair: Asked, Upstream: []string{"PB_DATA_DEV_SB_INVALID"},
			Title: "The data device does not hold a super block.",
		},
		{
			Number: DataSuperCRC, Name: "DATA_SUPER_CRC", Severity: Error, Repair: Automatic, Upstream: []string{"PB_DATA_DEV_SB_INVALID"},
			Title: "The checksum of the data device's super block is wrong.",
		},
		{
			Number: DataSuperFSID, Name: "DATA_SUPER_FSID", Severity: Error, Repair: Never, Upstream: []string{"PB_DATA_DEV_SB_INVALID"},
			Title: "The data device belongs to another volume.",
		},
		{
			Number: DataSuperUUID, Name: "DATA_SUPER_UUID", Severity: Error, Repair: Asked, Upstream: []string{"PB_DATA_DEV_SB_INVALID"},
			Title: "The two devices have different UUIDs.",
		},
		{
			Number: DataSuperFormatVersion, Name: "DATA_SUPER_FORMAT_VERSION", Severity: Error, Repair: Automatic, Upstream: []string{"PB_DATA_DEV_SB_INVALID"},
			Title: "The two devices have different format versions.",
		},
		{
			Number: DataSuperFlag, Name: "DATA_SUPER_FLAG", Severity: Error, Repair: Asked, Upstream: []string{"PB_DATA_DEV_SB_INVALID"},
			Title: "The super block of the data device is marked as that of a metadata device.",
		},
		{
			Number: DataSuperBlkno, Name: "DATA_SUPER_BLKNO", Severity: Warning, Repair: Automatic, Upstream: []string{"PB_DATA_DEV_SB_INVALID"},
			Title: "The super block of the data device carries another block number.",
		},
		{
			Number: VolumeOptionUnknown, Name: "VOLUME_OPTION_UNKNOWN", Severity: Error, Repair: Asked,
			Title: "A volume option is set that does not exist.",
		},
		{
			Number: VolumeOptionZoneBlocks, Name: "VOLUME_OPTION_ZONE_BLOCKS", Severity: Error, Repair: Asked,
			Title: "The size of data allocation zones is out of bounds.",
		},
		{
			Number: VolumeOptionUnset, Name: "VOLUME_OPTION_UNSET", Severity: Warning, Repair: Automatic,
			Title: "A volume option has a value without being set.",
		},
	}
}
