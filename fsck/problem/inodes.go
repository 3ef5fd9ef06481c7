// SPDX-License-Identifier: GPL-2.0-or-later

package problem

// Inodes, names and links.
const (
	InodeMissing       Number = 701
	RootMissing        Number = 702
	InodeValue         Number = 703
	InodeMode          Number = 704
	InodeFlags         Number = 705
	InodeLinkCount     Number = 706
	DirectorySize      Number = 707
	OnlineBlocks       Number = 708
	OfflineBlocks      Number = 709
	InodeSeq           Number = 710
	NextReaddirPos     Number = 711
	NextXattrID        Number = 712
	InodeTime          Number = 713
	InodeRdev          Number = 714
	InodeProject       Number = 715
	InodeSize          Number = 716
	InodeNumber        Number = 717
	InodeItems         Number = 718
	DirentMissing      Number = 730
	ReaddirMissing     Number = 731
	BackrefMissing     Number = 732
	DirentHash         Number = 733
	DirentNameLength   Number = 734
	ReaddirNameLength  Number = 735
	BackrefNameLength  Number = 736
	DirentType         Number = 737
	DirentPosition     Number = 738
	DirentDangling     Number = 739
	DirentDuplicate    Number = 740
	DirentDiffers      Number = 741
	DirentName         Number = 742
	DirectoryLinks     Number = 744
	DirectoryCycle     Number = 745
	InodeUnreachable   Number = 746
	RootHasName        Number = 747
	OrphanMissing      Number = 750
	OrphanLinked       Number = 751
	OrphanStale        Number = 752
	SymlinkSize        Number = 760
	SymlinkPartMissing Number = 761
	SymlinkEnd         Number = 762
	SymlinkPartSize    Number = 763
	SymlinkPartExtra   Number = 764
)

func inodesProblems() []Problem {
	return []Problem{
		{
			Number: InodeMissing, Name: "INODE_MISSING", Severity: Error, Repair: Asked,
			Title: "There are items of an inode that does not exist.",
		},
		{
			Number: RootMissing, Name: "ROOT_MISSING", Severity: Error, Repair: Asked,
			Title: "The root directory does not exist.",
		},
		{
			Number: InodeValue, Name: "INODE_VALUE", Severity: Error, Repair: Asked,
			Title: "An inode has a length that its format version does not have.",
		},
		{
			Number: InodeMode, Name: "INODE_MODE", Severity: Error, Repair: Asked,
			Title: "An inode is of no known type.",
		},
		{
			Number: InodeFlags, Name: "INODE_FLAGS", Severity: Error, Repair: Automatic,
			Title: "An inode has flags that do not exist or cannot be set on it.",
		},
		{
			Number: InodeLinkCount, Name: "INODE_LINK_COUNT", Severity: Error, Repair: Automatic,
			Title: "An inode's link count is not the number of its links.",
		},
		{
			Number: DirectorySize, Name: "DIRECTORY_SIZE", Severity: Error, Repair: Automatic,
			Title: "A directory's size is not the length of its names.",
		},
		{
			Number: OnlineBlocks, Name: "ONLINE_BLOCKS", Severity: Error, Repair: Automatic, Upstream: []string{"SC_INODE_BLOCK_COUNTS"},
			Title: "An inode's count of online blocks is wrong.",
		},
		{
			Number: OfflineBlocks, Name: "OFFLINE_BLOCKS", Severity: Error, Repair: Automatic, Upstream: []string{"SC_INODE_BLOCK_COUNTS"},
			Title: "An inode's count of offline blocks is wrong.",
		},
		{
			Number: InodeSeq, Name: "INODE_SEQ", Severity: Error, Repair: Asked,
			Title: "An inode has a sequence number beyond the volume's.",
		},
		{
			Number: NextReaddirPos, Name: "NEXT_READDIR_POS", Severity: Error, Repair: Automatic,
			Title: "A directory would give a new name a position that is in use.",
		},
		{
			Number: NextXattrID, Name: "NEXT_XATTR_ID", Severity: Error, Repair: Automatic,
			Title: "An inode would give a new attribute an id that is in use.",
		},
		{
			Number: InodeTime, Name: "INODE_TIME", Severity: Warning, Repair: Automatic,
			Title: "A time of an inode has an impossible number of nanoseconds.",
		},
		{
			Number: InodeRdev, Name: "INODE_RDEV", Severity: Warning, Repair: Automatic,
			Title: "An inode that is no device has a device number.",
		},
		{
			Number: InodeProject, Name: "INODE_PROJECT", Severity: Error, Repair: Automatic,
			Title: "An inode of format 1 has a project.",
		},
		{
			Number: InodeSize, Name: "INODE_SIZE", Severity: Error, Repair: Asked,
			Title: "An inode has an impossible size.",
		},
		{
			Number: InodeNumber, Name: "INODE_NUMBER", Severity: Error, Repair: Asked,
			Title: "An inode has a number that none can have.",
		},
		{
			Number: InodeItems, Name: "INODE_ITEMS", Severity: Error, Repair: Asked,
			Title: "An inode has items that its type cannot have.",
		},
		{
			Number: DirentMissing, Name: "DIRENT_MISSING", Severity: Error, Repair: Automatic,
			Title: "A name cannot be looked up.",
		},
		{
			Number: ReaddirMissing, Name: "READDIR_MISSING", Severity: Error, Repair: Automatic,
			Title: "A name is not listed.",
		},
		{
			Number: BackrefMissing, Name: "BACKREF_MISSING", Severity: Error, Repair: Automatic,
			Title: "An inode does not know one of its names.",
		},
		{
			Number: DirentHash, Name: "DIRENT_HASH", Severity: Error, Repair: Automatic,
			Title: "A name is filed under a wrong hash.",
		},
		{
			Number: DirentNameLength, Name: "DIRENT_NAME_LENGTH", Severity: Error, Repair: Asked, Upstream: []string{"SC_DIRENT_NAME_LEN"},
			Title: "A name that is looked up has an impossible length.",
		},
		{
			Number: ReaddirNameLength, Name: "READDIR_NAME_LENGTH", Severity: Error, Repair: Asked, Upstream: []string{"SC_DIRENT_READDIR_NAME_LEN"},
			Title: "A name that is listed has an impossible length.",
		},
		{
			Number: BackrefNameLength, Name: "BACKREF_NAME_LENGTH", Severity: Error, Repair: Asked, Upstream: []string{"SC_DIRENT_BACKREF_NAME_LEN"},
			Title: "A name that an inode knows has an impossible length.",
		},
		{
			Number: DirentType, Name: "DIRENT_TYPE", Severity: Error, Repair: Automatic,
			Title: "A name is of another type than its inode.",
		},
		{
			Number: DirentPosition, Name: "DIRENT_POSITION", Severity: Error, Repair: Asked,
			Title: "A name's position contradicts its key.",
		},
		{
			Number: DirentDangling, Name: "DIRENT_DANGLING", Severity: Error, Repair: Asked,
			Title: "A name leads to an inode that does not exist.",
		},
		{
			Number: DirentDuplicate, Name: "DIRENT_DUPLICATE", Severity: Error, Repair: Asked,
			Title: "A directory has the same name twice.",
		},
		{
			Number: DirentDiffers, Name: "DIRENT_DIFFERS", Severity: Error, Repair: Asked,
			Title: "The copies of a name are not the same.",
		},
		{
			Number: DirentName, Name: "DIRENT_NAME", Severity: Error, Repair: Asked,
			Title: "A name holds what no name may hold.",
		},
		{
			Number: DirectoryLinks, Name: "DIRECTORY_LINKS", Severity: Error, Repair: Asked,
			Title: "A directory has more than one parent.",
		},
		{
			Number: DirectoryCycle, Name: "DIRECTORY_CYCLE", Severity: Error, Repair: Asked,
			Title: "Directories contain themselves.",
		},
		{
			Number: InodeUnreachable, Name: "INODE_UNREACHABLE", Severity: Error, Repair: Asked,
			Title: "An inode with links has no names.",
		},
		{
			Number: RootHasName, Name: "ROOT_HAS_NAME", Severity: Error, Repair: Asked,
			Title: "The root directory has a name.",
		},
		{
			Number: OrphanMissing, Name: "ORPHAN_MISSING", Severity: Error, Repair: Automatic,
			Title: "An inode without links is not queued for deletion.",
		},
		{
			Number: OrphanLinked, Name: "ORPHAN_LINKED", Severity: Error, Repair: Automatic,
			Title: "An inode with links is queued for deletion.",
		},
		{
			Number: OrphanStale, Name: "ORPHAN_STALE", Severity: Warning, Repair: Automatic,
			Title: "A number that is no inode is queued for deletion.",
		},
		{
			Number: SymlinkSize, Name: "SYMLINK_SIZE", Severity: Error, Repair: Asked, Upstream: []string{"SC_SYMLINK_INODE_SIZE"},
			Title: "A symbolic link has an impossible size.",
		},
		{
			Number: SymlinkPartMissing, Name: "SYMLINK_PART_MISSING", Severity: Error, Repair: Asked, Upstream: []string{"SC_SYMLINK_MISSING_ITEM"},
			Title: "A part of a symbolic link's target is missing.",
		},
		{
			Number: SymlinkEnd, Name: "SYMLINK_END", Severity: Error, Repair: Asked, Upstream: []string{"SC_SYMLINK_NOT_NULL_TERM"},
			Title: "A symbolic link's target does not end where it should.",
		},
		{
			Number: SymlinkPartSize, Name: "SYMLINK_PART_SIZE", Severity: Error, Repair: Asked,
			Title: "A part of a symbolic link's target has a wrong length.",
		},
		{
			Number: SymlinkPartExtra, Name: "SYMLINK_PART_EXTRA", Severity: Error, Repair: Asked,
			Title: "A symbolic link has more parts than its size says.",
		},
	}
}
