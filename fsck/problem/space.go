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
	MetaSpaceLow       Number = 420
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
		},
		{
			Number: ListFirstCount, Name: "LIST_FIRST_COUNT", Severity: Error, Repair: Automatic,
			Title: "The count of entries in the first block of a list is wrong.",
		},
		{
			Number: ListTotalCount, Name: "LIST_TOTAL_COUNT", Severity: Error, Repair: Automatic,
			Title: "The count of entries in a list is wrong.",
		},
		{
			Number: ListLoop, Name: "LIST_LOOP", Severity: Error, Repair: Asked,
			Title: "The blocks of a list lead back to themselves.",
		},
		{
			Number: ListEntryRange, Name: "LIST_ENTRY_RANGE", Severity: Error, Repair: Asked,
			Title: "A list holds the number of a block that does not exist.",
		},
		{
			Number: ListHead, Name: "LIST_HEAD", Severity: Error, Repair: Asked,
			Title: "The head of a list contradicts itself.",
		},
		{
			Number: ListFlags, Name: "LIST_FLAGS", Severity: Warning, Repair: Automatic,
			Title: "A list has flags that do not exist.",
		},
		{
			Number: ListNext, Name: "LIST_NEXT", Severity: Error, Repair: Asked,
			Title: "The reference to a list's next block contradicts itself.",
		},
		{
			Number: AllocRootFlags, Name: "ALLOC_ROOT_FLAGS", Severity: Warning, Repair: Automatic,
			Title: "An allocator has flags that do not exist.",
		},
		{
			Number: AllocTotal, Name: "ALLOC_TOTAL", Severity: Error, Repair: Automatic,
			Title: "The total of an allocator is not the sum of its extents.",
		},
		{
			Number: FreeExtentKey, Name: "FREE_EXTENT_KEY", Severity: Error, Repair: Asked,
			Title: "A free extent has an impossible place or length.",
		},
		{
			Number: FreeExtentRange, Name: "FREE_EXTENT_RANGE", Severity: Error, Repair: Asked,
			Title: "A free extent lies outside the device.",
		},
		{
			Number: FreeExtentOverlap, Name: "FREE_EXTENT_OVERLAP", Severity: Error, Repair: Asked,
			Title: "Two extents of an allocator overlap.",
		},
		{
			Number: FreeExtentNoOrder, Name: "FREE_EXTENT_NO_ORDER", Severity: Error, Repair: Automatic,
			Title: "A free extent cannot be found by its size.",
		},
		{
			Number: FreeExtentNoBlkno, Name: "FREE_EXTENT_NO_BLKNO", Severity: Error, Repair: Automatic,
			Title: "A free extent cannot be found by its place.",
		},
		{
			Number: FreeExtentOrder, Name: "FREE_EXTENT_ORDER", Severity: Error, Repair: Automatic,
			Title: "A free extent is filed under a wrong size.",
		},
		{
			Number: MetaSpaceLow, Name: "META_SPACE_LOW", Severity: Warning, Repair: Never,
			Title: "The free metadata space is less than the next mount reserves.",
		},
		{
			Number: MetaBlockTwice, Name: "META_BLOCK_TWICE", Severity: Error, Repair: Asked, Upstream: []string{"PB_META_REF_OVERLAPS_EXISTING"},
			Title: "A metadata block is used twice.",
		},
		{
			Number: MetaBlockFreeUsed, Name: "META_BLOCK_FREE_USED", Severity: Error, Repair: Asked, Upstream: []string{"PB_META_FREE_OVERLAPS_EXISTING"},
			Title: "A metadata block is in use and free.",
		},
		{
			Number: MetaBlockFreeTwice, Name: "META_BLOCK_FREE_TWICE", Severity: Error, Repair: Automatic, Upstream: []string{"PB_META_FREE_OVERLAPS_EXISTING"},
			Title: "A metadata block is free twice.",
		},
		{
			Number: MetaBlockLeaked, Name: "META_BLOCK_LEAKED", Severity: Warning, Repair: Automatic,
			Title: "A metadata block is neither in use nor free.",
		},
		{
			Number: DataBlockTwice, Name: "DATA_BLOCK_TWICE", Severity: Error, Repair: Asked,
			Title: "A data block is used twice.",
		},
		{
			Number: DataBlockFreeUsed, Name: "DATA_BLOCK_FREE_USED", Severity: Error, Repair: Asked,
			Title: "A data block is in use and free.",
		},
		{
			Number: DataBlockFreeTwice, Name: "DATA_BLOCK_FREE_TWICE", Severity: Error, Repair: Automatic,
			Title: "A data block is free twice.",
		},
		{
			Number: DataBlockLeaked, Name: "DATA_BLOCK_LEAKED", Severity: Warning, Repair: Automatic,
			Title: "A data block is neither in use nor free.",
		},
	}
}
