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
			Means: "The items are what is left of a file whose inode is lost or was not deleted to the end. They take space, and contents may still be " +
				"found through extents and names. The kernel module never looks at them.",
		},
		{
			Number: RootMissing, Name: "ROOT_MISSING", Severity: Error, Repair: Asked,
			Title: "The root directory does not exist.",
			Means: "The volume cannot be mounted, and no path leads to any file. The files are there and can be reached by their inode numbers.",
		},
		{
			Number: InodeValue, Name: "INODE_VALUE", Severity: Error, Repair: Asked,
			Title: "An inode has a length that its format version does not have.",
			Means: "The kernel module refuses to open the inode with an I/O error. Its other items, contents and names among them, are still there.",
		},
		{
			Number: InodeMode, Name: "INODE_MODE", Severity: Error, Repair: Asked,
			Title: "An inode is of no known type.",
			Means: "The kernel module cannot open the inode. What it was can often be told from its other items: names in it, extents, or a target.",
		},
		{
			Number: InodeFlags, Name: "INODE_FLAGS", Severity: Error, Repair: Automatic,
			Title: "An inode has flags that do not exist or cannot be set on it.",
			Means: "A flag without meaning is ignored; one that an inode of this kind cannot have may block changes of the file, as retention does.",
		},
		{
			Number: InodeLinkCount, Name: "INODE_LINK_COUNT", Severity: Error, Repair: Automatic,
			Title: "An inode's link count is not the number of its links.",
			Means: "With a count that is too low the file is deleted while it still has names; with one that is too high it is never deleted. The " +
				"count follows from the names.",
		},
		{
			Number: DirectorySize, Name: "DIRECTORY_SIZE", Severity: Error, Repair: Automatic,
			Title: "A directory's size is not the length of its names.",
			Means: "Only what stat shows is wrong, but the kernel module goes below zero when names are removed. The size follows from the names.",
		},
		{
			Number: OnlineBlocks, Name: "ONLINE_BLOCKS", Severity: Error, Repair: Automatic, Upstream: []string{"SC_INODE_BLOCK_COUNTS"},
			Title: "An inode's count of online blocks is wrong.",
			Means: "stat, du and quotas show a wrong use of space, and releasing the file may fail. The count follows from the file's extents.",
		},
		{
			Number: OfflineBlocks, Name: "OFFLINE_BLOCKS", Severity: Error, Repair: Automatic, Upstream: []string{"SC_INODE_BLOCK_COUNTS"},
			Title: "An inode's count of offline blocks is wrong.",
			Means: "Archive software takes the file for staged or released when it is not. The count follows from the file's extents.",
		},
		{
			Number: InodeSeq, Name: "INODE_SEQ", Severity: Error, Repair: Asked,
			Title: "An inode has a sequence number beyond the volume's.",
			Means: "Archive software that follows changes may never see this inode's last change, or always sees it as new.",
		},
		{
			Number: NextReaddirPos, Name: "NEXT_READDIR_POS", Severity: Error, Repair: Automatic,
			Title: "A directory would give a new name a position that is in use.",
			Means: "A new name would take the place of one that exists, and one of the two is lost. Do not create files in the directory before the " +
				"position is raised.",
		},
		{
			Number: NextXattrID, Name: "NEXT_XATTR_ID", Severity: Error, Repair: Automatic,
			Title: "An inode would give a new attribute an id that is in use.",
			Means: "A new attribute would take the place of one that exists. Do not set attributes on the inode before the id is raised.",
		},
		{
			Number: InodeTime, Name: "INODE_TIME", Severity: Warning, Repair: Automatic,
			Title: "A time of an inode has an impossible number of nanoseconds.",
			Means: "Programs may show a wrong time or refuse the file. Contents are not concerned.",
		},
		{
			Number: InodeRdev, Name: "INODE_RDEV", Severity: Warning, Repair: Automatic,
			Title: "An inode that is no device has a device number.",
			Means: "Nobody uses the device number of such an inode. It means that something has written to the inode.",
		},
		{
			Number: InodeSize, Name: "INODE_SIZE", Severity: Error, Repair: Asked,
			Title: "An inode has an impossible size.",
			Means: "The kernel module cannot handle such a size. What is within the file's extents is still there.",
		},
		{
			Number: InodeNumber, Name: "INODE_NUMBER", Severity: Error, Repair: Asked,
			Title: "An inode has a number that none can have.",
			Means: "Such an inode is never reached by a name, and the number may be used as a mark by programs.",
		},
		{
			Number: InodeItems, Name: "INODE_ITEMS", Severity: Error, Repair: Asked,
			Title: "An inode has items that its type cannot have.",
			Means: "The items can never be used: a directory has no contents, and a file no names. Either they or the type of the inode are wrong, and " +
				"if it is the type they say what the inode was.",
		},
		{
			Number: DirentMissing, Name: "DIRENT_MISSING", Severity: Error, Repair: Automatic,
			Title: "A name cannot be looked up.",
			Means: "The name is listed and cannot be opened. It can be made anew from its other copies.",
		},
		{
			Number: ReaddirMissing, Name: "READDIR_MISSING", Severity: Error, Repair: Automatic,
			Title: "A name is not listed.",
			Means: "The name can be opened and is not listed, so copies of the directory miss it, and removing the directory fails. It can be made " +
				"anew from its other copies.",
		},
		{
			Number: BackrefMissing, Name: "BACKREF_MISSING", Severity: Error, Repair: Automatic,
			Title: "An inode does not know one of its names.",
			Means: "The file can be opened by this name, and asking for the paths of its inode does not tell it, so archive software may not know " +
				"where the file is. It can be made anew from the other copies.",
		},
		{
			Number: DirentHash, Name: "DIRENT_HASH", Severity: Error, Repair: Automatic,
			Title: "A name is filed under a wrong hash.",
			Means: "Looking the name up searches under another hash and does not find it. The right hash follows from the name.",
		},
		{
			Number: DirentNameLength, Name: "DIRENT_NAME_LENGTH", Severity: Error, Repair: Asked, Upstream: []string{"SC_DIRENT_NAME_LEN"},
			Title: "A name that is looked up has an impossible length.",
			Means: "The name cannot be looked up; the kernel module fails with an I/O error. Its other copies may be intact.",
		},
		{
			Number: ReaddirNameLength, Name: "READDIR_NAME_LENGTH", Severity: Error, Repair: Asked, Upstream: []string{"SC_DIRENT_READDIR_NAME_LEN"},
			Title: "A name that is listed has an impossible length.",
			Means: "Listing the directory fails with an I/O error at this name. Its other copies may be intact.",
		},
		{
			Number: BackrefNameLength, Name: "BACKREF_NAME_LENGTH", Severity: Error, Repair: Asked, Upstream: []string{"SC_DIRENT_BACKREF_NAME_LEN"},
			Title: "A name that an inode knows has an impossible length.",
			Means: "Asking for the paths of the inode fails with an I/O error. The other copies of the name may be intact.",
		},
		{
			Number: DirentType, Name: "DIRENT_TYPE", Severity: Error, Repair: Automatic,
			Title: "A name is of another type than its inode.",
			Means: "Programs that trust the type in a listing treat the file wrongly: they do not descend into a directory, or try to. The inode has " +
				"the right type.",
		},
		{
			Number: DirentPosition, Name: "DIRENT_POSITION", Severity: Error, Repair: Asked,
			Title: "A name's position contradicts its key.",
			Means: "The name cannot be removed: the kernel module looks for its copies at another position. The key of the item is most likely right.",
		},
		{
			Number: DirentDangling, Name: "DIRENT_DANGLING", Severity: Error, Repair: Asked,
			Title: "A name leads to an inode that does not exist.",
			Means: "Opening the name fails, and it cannot be removed by the kernel module. The inode is lost, or was deleted without the name.",
		},
		{
			Number: DirentDuplicate, Name: "DIRENT_DUPLICATE", Severity: Error, Repair: Asked,
			Title: "A directory has the same name twice.",
			Means: "Only the first of the two can be opened, and both are listed. Which one is right has to be decided by what they lead to.",
		},
		{
			Number: DirentDiffers, Name: "DIRENT_DIFFERS", Severity: Error, Repair: Asked,
			Title: "The copies of a name are not the same.",
			Means: "The name leads to different inodes, or has different spellings, depending on how it is asked for. What most copies say is most " +
				"likely right.",
		},
		{
			Number: DirentName, Name: "DIRENT_NAME", Severity: Error, Repair: Asked,
			Title: "A name holds what no name may hold.",
			Means: "The name is empty, a dot or two, or holds a slash or a zero byte, so no path leads to it and listing programs go astray. The inode " +
				"itself may be intact.",
		},
		{
			Number: DirectoryLinks, Name: "DIRECTORY_LINKS", Severity: Error, Repair: Asked,
			Title: "A directory has more than one parent.",
			Means: "A directory has one parent. With two, programs that walk the tree visit it twice, and moving it can make a circle. One of the " +
				"names has to go.",
		},
		{
			Number: DirectoryCycle, Name: "DIRECTORY_CYCLE", Severity: Error, Repair: Asked,
			Title: "Directories contain themselves.",
			Means: "No path from the root leads to these directories and what is below them, and programs that walk up never come to an end. They need " +
				"a new parent.",
		},
		{
			Number: InodeUnreachable, Name: "INODE_UNREACHABLE", Severity: Error, Repair: Asked,
			Title: "An inode with links has no names.",
			Means: "No path leads to the inode, though it is not queued for deletion: its names were lost. It can be reached by its number, and can be " +
				"given a name again.",
		},
		{
			Number: RootHasName, Name: "ROOT_HAS_NAME", Severity: Error, Repair: Asked,
			Title: "The root directory has a name.",
			Means: "The root is its own top. With a name in a directory the tree is a circle, and programs that walk it never come to an end.",
		},
		{
			Number: OrphanMissing, Name: "ORPHAN_MISSING", Severity: Error, Repair: Automatic,
			Title: "An inode without links is not queued for deletion.",
			Means: "The inode has no names and will never be deleted, so its space is lost. Queueing it is enough.",
		},
		{
			Number: OrphanLinked, Name: "ORPHAN_LINKED", Severity: Error, Repair: Automatic,
			Title: "An inode with links is queued for deletion.",
			Means: "Upstream looks at the link count before it deletes, so the file stays. The entry is looked at again and again, and has to go.",
		},
		{
			Number: OrphanStale, Name: "ORPHAN_STALE", Severity: Warning, Repair: Automatic,
			Title: "A number that is no inode is queued for deletion.",
			Means: "The entry is looked at again and again and nothing else happens. It can be taken away.",
		},
		{
			Number: SymlinkSize, Name: "SYMLINK_SIZE", Severity: Error, Repair: Asked, Upstream: []string{"SC_SYMLINK_INODE_SIZE"},
			Title: "A symbolic link has an impossible size.",
			Means: "Reading the link fails with an I/O error. What is left of the target is in its parts.",
		},
		{
			Number: SymlinkPartMissing, Name: "SYMLINK_PART_MISSING", Severity: Error, Repair: Asked, Upstream: []string{"SC_SYMLINK_MISSING_ITEM"},
			Title: "A part of a symbolic link's target is missing.",
			Means: "Reading the link fails with an I/O error. The other parts of its target are there.",
		},
		{
			Number: SymlinkEnd, Name: "SYMLINK_END", Severity: Error, Repair: Asked, Upstream: []string{"SC_SYMLINK_NOT_NULL_TERM"},
			Title: "A symbolic link's target does not end where it should.",
			Means: "Reading the link fails with an I/O error, as its target must end in a zero byte where its size says. The size or the target is " +
				"wrong.",
		},
		{
			Number: SymlinkPartSize, Name: "SYMLINK_PART_SIZE", Severity: Error, Repair: Asked,
			Title: "A part of a symbolic link's target has a wrong length.",
			Means: "Reading the link fails with an I/O error, as its parts do not add up to its size.",
		},
		{
			Number: SymlinkPartExtra, Name: "SYMLINK_PART_EXTRA", Severity: Error, Repair: Asked,
			Title: "A symbolic link has more parts than its size says.",
			Means: "The target reads as its size says. What follows is never used, unless the size is what is wrong.",
		},
	}
}
