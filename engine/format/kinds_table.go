// SPDX-License-Identifier: GPL-2.0-or-later

package format

// kinds is the one table of item kinds, indexed by ItemKind. Code that
// prints, checks or edits items of any kind reads it through Describe.
var kinds = [ItemKinds]Kind{
	KindUnknown: {Kind: KindUnknown, Name: "unknown", MaxValue: MaxBtreeValue},
	KindMetaSeqIndex: {
		Kind: KindMetaSeqIndex, Name: "meta_seq", Zone: ZoneInodeIndex, Type: TypeMetaSeq, FS: true,
		Second: KeyField{Name: "seq"}, Third: KeyField{Name: "ino"},
	},
	KindDataSeqIndex: {
		Kind: KindDataSeqIndex, Name: "data_seq", Zone: ZoneInodeIndex, Type: TypeDataSeq, FS: true,
		Second: KeyField{Name: "seq"}, Third: KeyField{Name: "ino"},
	},
	KindOrphan: {
		Kind: KindOrphan, Name: "orphan", Zone: ZoneOrphan, Type: TypeOrphan, FS: true,
		First: KeyField{Name: "rid", Format: "hex"}, Second: KeyField{Name: "ino"},
	},
	KindQuotaRule: {
		Kind: KindQuotaRule, Name: "quota_rule", Zone: ZoneQuota, Type: TypeQuotaRule, FS: true,
		Second:   KeyField{Name: "hash", Format: "hex"},
		Third:    KeyField{Name: "collision"},
		MinValue: 48, MaxValue: 48, Value: LayoutOf[QuotaRule],
	},
	KindXattrTotl: {
		Kind: KindXattrTotl, Name: "totl", Zone: ZoneXattrTotl, FS: true,
		First: KeyField{Name: "a"}, Second: KeyField{Name: "b"}, Third: KeyField{Name: "c"},
		MinValue: 16, MaxValue: 16, Value: LayoutOf[XattrTotal],
	},
	KindXattrIndx: {
		// The key packs major, minor, ino and id; see Key.Indx.
		Kind: KindXattrIndx, Name: "indx", Zone: ZoneXattrIndx, FS: true,
		First:  KeyField{Name: "major_minor", Format: "hex"},
		Second: KeyField{Name: "minor_ino", Format: "hex"},
		Third:  KeyField{Name: "ino_id", Format: "hex"},
		Fourth: KeyField{Name: "id_low", Format: "hex"},
	},
	KindInode: {
		Kind: KindInode, Name: "inode", Zone: ZoneFS, Type: TypeInode, FS: true,
		First:    KeyField{Name: "ino"},
		MinValue: 160, MaxValue: 168, Value: LayoutOf[Inode],
	},
	KindXattr: {
		Kind: KindXattr, Name: "xattr", Zone: ZoneFS, Type: TypeXattr, FS: true,
		First: KeyField{Name: "ino"}, Second: KeyField{Name: "hash", Format: "hex"},
		Third: KeyField{Name: "id"}, Fourth: KeyField{Name: "part"},
		MinValue: 1, MaxValue: MaxBtreeValue,
	},
	KindDirent: {
		Kind: KindDirent, Name: "dirent", Zone: ZoneFS, Type: TypeDirent, FS: true,
		First: KeyField{Name: "dir"}, Second: KeyField{Name: "hash", Format: "hex"},
		Third:    KeyField{Name: "pos"},
		MinValue: 33, MaxValue: 32 + MaxNameLen, Value: LayoutOf[Dirent],
	},
	KindReaddir: {
		Kind: KindReaddir, Name: "readdir", Zone: ZoneFS, Type: TypeReaddir, FS: true,
		First: KeyField{Name: "dir"}, Second: KeyField{Name: "pos"},
		MinValue: 33, MaxValue: 32 + MaxNameLen, Value: LayoutOf[Dirent],
	},
	KindLinkBackref: {
		Kind: KindLinkBackref, Name: "link_backref", Zone: ZoneFS, Type: TypeLinkBackref, FS: true,
		First: KeyField{Name: "ino"}, Second: KeyField{Name: "dir"}, Third: KeyField{Name: "pos"},
		MinValue: 33, MaxValue: 32 + MaxNameLen, Value: LayoutOf[Dirent],
	},
	KindSymlink: {
		Kind: KindSymlink, Name: "symlink", Zone: ZoneFS, Type: TypeSymlink, FS: true,
		First: KeyField{Name: "ino"}, Second: KeyField{Name: "nr"},
		MinValue: 1, MaxValue: MaxBtreeValue,
	},
	KindDataExtent: {
		Kind: KindDataExtent, Name: "data_extent", Zone: ZoneFS, Type: TypeDataExtent, FS: true,
		First: KeyField{Name: "ino"}, Second: KeyField{Name: "end"}, Third: KeyField{Name: "len"},
		MinValue: 16, MaxValue: 16, Value: LayoutOf[DataExtent],
	},
	KindLogTrees: {
		Kind: KindLogTrees, Name: "log_trees", Zone: ZoneLogTrees,
		First: KeyField{Name: "rid", Format: "hex"}, Second: KeyField{Name: "nr"},
		MinValue: 472, MaxValue: 472, Value: LayoutOf[LogTrees],
	},
	KindMountedClient: {
		Kind: KindMountedClient, Name: "mounted_client", Zone: ZoneMountedClient,
		First:    KeyField{Name: "rid", Format: "hex"},
		MinValue: 40, MaxValue: 40, Value: LayoutOf[MountedClient],
	},
	KindSrchLog: {
		Kind: KindSrchLog, Name: "srch_log", Zone: ZoneSrch, Type: TypeSrchLog,
		Second:   KeyField{Name: "blkno"},
		MinValue: 88, MaxValue: 88, Value: LayoutOf[SrchFile],
	},
	KindSrchBlocks: {
		Kind: KindSrchBlocks, Name: "srch_blocks", Zone: ZoneSrch, Type: TypeSrchBlocks,
		Second: KeyField{Name: "blocks"}, Third: KeyField{Name: "blkno"},
		MinValue: 88, MaxValue: 88, Value: LayoutOf[SrchFile],
	},
	KindSrchPending: {
		Kind: KindSrchPending, Name: "srch_pending", Zone: ZoneSrch, Type: TypeSrchPending,
		Second:   KeyField{Name: "id"},
		MinValue: 584, MaxValue: 584, Value: LayoutOf[SrchCompact],
	},
	KindSrchBusy: {
		Kind: KindSrchBusy, Name: "srch_busy", Zone: ZoneSrch, Type: TypeSrchBusy,
		Second: KeyField{Name: "rid", Format: "hex"}, Third: KeyField{Name: "id"},
		MinValue: 584, MaxValue: 584, Value: LayoutOf[SrchCompact],
	},
	KindFreeBlkno: {
		Kind: KindFreeBlkno, Name: "free_blkno", Zone: ZoneFreeBlkno,
		First: KeyField{Name: "end"}, Second: KeyField{Name: "len"},
	},
	KindFreeOrder: {
		Kind: KindFreeOrder, Name: "free_order", Zone: ZoneFreeOrder,
		First: KeyField{Name: "reverse_order"}, Second: KeyField{Name: "end"}, Third: KeyField{Name: "len"},
	},
	KindLogMergeStatus: {
		Kind: KindLogMergeStatus, Name: "log_merge_status", Zone: ZoneLogMergeStatus,
		MinValue: 56, MaxValue: 56, Value: LayoutOf[LogMergeStatus],
	},
	KindLogMergeRange: {
		// The key is the range's start with another zone.
		Kind: KindLogMergeRange, Name: "log_merge_range", Zone: ZoneLogMergeRange, AnyType: true,
		First: KeyField{Name: "start_first"}, Second: KeyField{Name: "start_second"},
		Third: KeyField{Name: "start_third"}, Fourth: KeyField{Name: "start_fourth"},
		MinValue: 64, MaxValue: 64, Value: LayoutOf[LogMergeRange],
	},
	KindLogMergeRequest: {
		Kind: KindLogMergeRequest, Name: "log_merge_request", Zone: ZoneLogMergeRequest,
		First: KeyField{Name: "rid", Format: "hex"}, Second: KeyField{Name: "seq"},
		MinValue: 208, MaxValue: 208, Value: LayoutOf[LogMergeRequest],
	},
	KindLogMergeComplete: {
		Kind: KindLogMergeComplete, Name: "log_merge_complete", Zone: ZoneLogMergeComplete,
		First:    KeyField{Name: "seq"},
		MinValue: 208, MaxValue: 208, Value: LayoutOf[LogMergeComplete],
	},
	KindLogMergeFreeing: {
		Kind: KindLogMergeFreeing, Name: "log_merge_freeing", Zone: ZoneLogMergeFreeing,
		First:    KeyField{Name: "seq"},
		MinValue: 64, MaxValue: 64, Value: LayoutOf[LogMergeFreeing],
	},
}
