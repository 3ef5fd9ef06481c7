// SPDX-License-Identifier: GPL-2.0-or-later

package problem

// Free space and the ownership of blocks.
const (
	ListBlockBounds    Number = 401
	ListFirstCount     Number = 402
	ListTotalCount     Number = 403
	ListLoop           Number = 404
	ListEntryRange     Number = 405
	ListHead           Number = 406
	ListFlags          Number = 407
	ListNext           Number = 408
	AllocRootFlags     Number = 410
	AllocTotal         Number = 411
	FreeExtentKey      Number = 412
	FreeExtentRange    Number = 413
	FreeExtentOverlap  Number = 414
	FreeExtentNoOrder  Number = 415
	FreeExtentNoBlkno  Number = 416
	FreeExtentOrder    Number = 417
	MetaBlockTwice     Number = 450
	MetaBlockFreeUsed  Number = 451
	MetaBlockFreeTwice Number = 452
	MetaBlockLeaked    Number = 453
	DataBlockTwice     Number = 460
	DataBlockFreeUsed  Number = 461
	DataBlockFreeTwice Number = 462
	DataBlockLeaked    Number = 463
)

func spaceProblems() []Problem {
	return []Problem{
		{
			Number: ListBlockBounds, Name: "LIST_BLOCK_BOUNDS", Severity: Error, Repair: Asked,
			Title: "A block of a list claims more entries than it can have.",
			Means: "The entries cannot be trusted, so the free blocks that stand in the list are unknown. The kernel module would allocate from what " +
				"is no entry. Do not mount the volume.",
		},
		{
			Number: ListFirstCount, Name: "LIST_FIRST_COUNT", Severity: Error, Repair: Automatic,
			Title: "The count of entries in the first block of a list is wrong.",
			Means: "The kernel module takes the count from the head, and would leave out entries or take what is none. The block itself has the right " +
				"count.",
		},
		{
			Number: ListTotalCount, Name: "LIST_TOTAL_COUNT", Severity: Error, Repair: Automatic,
			Title: "The count of entries in a list is wrong.",
			Means: "The free space of the volume is shown wrongly, and the list may be refilled too late or too early. The count follows from the " +
				"blocks of the list.",
		},
		{
			Number: ListLoop, Name: "LIST_LOOP", Severity: Error, Repair: Asked,
			Title: "The blocks of a list lead back to themselves.",
			Means: "Whoever reads the list never comes to its end, and blocks are handed out twice. Do not mount the volume.",
		},
		{
			Number: ListEntryRange, Name: "LIST_ENTRY_RANGE", Severity: Error, Repair: Asked,
			Title: "A list holds the number of a block that does not exist.",
			Means: "Allocating the block fails with an I/O error, and stops the mount that does. The entry is damaged, and the block that should stand " +
				"there is nobody's.",
		},
		{
			Number: ListHead, Name: "LIST_HEAD", Severity: Error, Repair: Asked,
			Title: "The head of a list contradicts itself.",
			Means: "The list cannot be read, so its free blocks are unknown. Mounting the volume fails, or fails later.",
		},
		{
			Number: ListFlags, Name: "LIST_FLAGS", Severity: Warning, Repair: Automatic,
			Title: "A list has flags that do not exist.",
			Means: "The only flag says that space is low. Others come from a newer program or from damage, and nobody reads them.",
		},
		{
			Number: ListNext, Name: "LIST_NEXT", Severity: Error, Repair: Asked,
			Title: "The reference to a list's next block contradicts itself.",
			Means: "The list cannot be followed beyond this block, so the free blocks behind it are unknown and lost to the volume.",
		},
		{
			Number: AllocRootFlags, Name: "ALLOC_ROOT_FLAGS", Severity: Warning, Repair: Automatic,
			Title: "An allocator has flags that do not exist.",
			Means: "The only flag says that space is low. Others come from a newer program or from damage, and nobody reads them.",
		},
		{
			Number: AllocTotal, Name: "ALLOC_TOTAL", Severity: Error, Repair: Automatic,
			Title: "The total of an allocator is not the sum of its extents.",
			Means: "The free space of the volume is shown wrongly, and mounts may be told too late that space runs out. The total follows from the " +
				"extents.",
		},
		{
			Number: FreeExtentKey, Name: "FREE_EXTENT_KEY", Severity: Error, Repair: Asked,
			Title: "A free extent has an impossible place or length.",
			Means: "Nothing can be allocated from such an extent. Its key is damaged, and the blocks it stood for are nobody's.",
		},
		{
			Number: FreeExtentRange, Name: "FREE_EXTENT_RANGE", Severity: Error, Repair: Asked,
			Title: "A free extent lies outside the device.",
			Means: "Blocks that the device does not have would be allocated, and writing them fails: files lose data. Do not write to the volume.",
		},
		{
			Number: FreeExtentOverlap, Name: "FREE_EXTENT_OVERLAP", Severity: Error, Repair: Asked,
			Title: "Two extents of an allocator overlap.",
			Means: "The same blocks would be allocated twice, and two users overwrite each other. Do not write to the volume.",
		},
		{
			Number: FreeExtentNoOrder, Name: "FREE_EXTENT_NO_ORDER", Severity: Error, Repair: Automatic,
			Title: "A free extent cannot be found by its size.",
			Means: "The extent is never allocated from, and freeing its neighbours fails in the kernel module. The missing half follows from the other " +
				"one.",
		},
		{
			Number: FreeExtentNoBlkno, Name: "FREE_EXTENT_NO_BLKNO", Severity: Error, Repair: Automatic,
			Title: "A free extent cannot be found by its place.",
			Means: "Allocating from the extent fails in the kernel module, which then stops. The missing half follows from the other one.",
		},
		{
			Number: FreeExtentOrder, Name: "FREE_EXTENT_ORDER", Severity: Error, Repair: Automatic,
			Title: "A free extent is filed under a wrong size.",
			Means: "Allocating from the extent fails in the kernel module, which looks for it under the size that it has. The right place follows from " +
				"its length.",
		},
		{
			Number: MetaBlockTwice, Name: "META_BLOCK_TWICE", Severity: Error, Repair: Asked, Upstream: []string{"PB_META_REF_OVERLAPS_EXISTING"},
			Title: "A metadata block is used twice.",
			Means: "When one of the two users changes or frees the block, the other one loses what it has there. Do not write to the volume. At least " +
				"one of the two references is wrong: what is below both has to be compared.",
		},
		{
			Number: MetaBlockFreeUsed, Name: "META_BLOCK_FREE_USED", Severity: Error, Repair: Asked, Upstream: []string{"PB_META_FREE_OVERLAPS_EXISTING"},
			Title: "A metadata block is in use and free.",
			Means: "The block will be handed out and overwritten while it is in use, which destroys everything below it. Do not write to the volume. " +
				"What the block holds is still intact.",
		},
		{
			Number: MetaBlockFreeTwice, Name: "META_BLOCK_FREE_TWICE", Severity: Error, Repair: Automatic, Upstream: []string{"PB_META_FREE_OVERLAPS_EXISTING"},
			Title: "A metadata block is free twice.",
			Means: "The block will be handed out twice, and two users overwrite each other. Do not write to the volume. Nothing is lost yet, and " +
				"taking one of the two entries away is enough.",
		},
		{
			Number: MetaBlockLeaked, Name: "META_BLOCK_LEAKED", Severity: Warning, Repair: Automatic,
			Title: "A metadata block is neither in use nor free.",
			Means: "The space is lost, and nothing else. Upstream loses blocks when log trees and interrupted compactions are freed, which is told " +
				"apart as a note; these are others. They can be made free as long as nothing else is wrong with the volume.",
		},
		{
			Number: DataBlockTwice, Name: "DATA_BLOCK_TWICE", Severity: Error, Repair: Asked,
			Title: "A data block is used twice.",
			Means: "Two files, or two parts of one, share a block, and what was written last is in both. At least one of them has wrong contents: " +
				"compare both with what is in the archive.",
		},
		{
			Number: DataBlockFreeUsed, Name: "DATA_BLOCK_FREE_USED", Severity: Error, Repair: Asked,
			Title: "A data block is in use and free.",
			Means: "The block will be handed out to another file and overwritten. Do not write to the volume. What the file has there is still intact " +
				"unless that has happened.",
		},
		{
			Number: DataBlockFreeTwice, Name: "DATA_BLOCK_FREE_TWICE", Severity: Error, Repair: Automatic,
			Title: "A data block is free twice.",
			Means: "The block will be handed out twice, and two files overwrite each other. Do not write to the volume. Nothing is lost yet, and " +
				"taking one of the two entries away is enough.",
		},
		{
			Number: DataBlockLeaked, Name: "DATA_BLOCK_LEAKED", Severity: Warning, Repair: Automatic,
			Title: "A data block is neither in use nor free.",
			Means: "The space is lost, and nothing else. It can be made free as long as nothing else is wrong with the volume.",
		},
	}
}
