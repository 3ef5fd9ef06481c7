// SPDX-License-Identifier: GPL-2.0-or-later

package problem

// Metadata blocks and trees.
const (
	BlockReference   Number = 301
	BlockUnreadable  Number = 302
	BlockCRC         Number = 303
	BlockMagic       Number = 304
	BlockFSID        Number = 305
	BlockBlkno       Number = 306
	BlockSeq         Number = 307
	BtreeRoot        Number = 310
	BtreeRootPad     Number = 311
	BtreeLevel       Number = 312
	BtreeItemCount   Number = 313
	BtreeEmptyLeaf   Number = 314
	BtreeFewChildren Number = 315
	BtreeItemBytes   Number = 316
	BtreeMidFree     Number = 317
	BtreeHeadPad     Number = 318
	AVLLink          Number = 320
	AVLHeight        Number = 321
	AVLBalance       Number = 322
	AVLUnlinked      Number = 323
	BtreeKeyOrder    Number = 324
	BtreeKeyRange    Number = 325
	BtreeLastKey     Number = 326
	ItemPad          Number = 327
	ItemFlags        Number = 328
	ItemDeletion     Number = 329
	ItemKind         Number = 330
	ItemValueLength  Number = 331
	ItemValuePlace   Number = 332
	ItemValueOverlap Number = 333
	LeafHash         Number = 334
	ParentItem       Number = 335
	ItemSeq          Number = 336
	KeyFields        Number = 337
)

func blocksProblems() []Problem {
	return []Problem{
		{
			Number: BlockReference, Name: "BLOCK_REFERENCE", Severity: Error, Repair: Asked,
			Title: "A reference leads outside the metadata device.",
			Means: "The number of the block is none that the volume has, so everything below the reference is lost to readers. The block that holds " +
				"the reference is damaged.",
		},
		{
			Number: BlockUnreadable, Name: "BLOCK_UNREADABLE", Severity: Error, Repair: Never,
			Title: "A metadata block cannot be read.",
			Means: "The device reports an error, so what is in the block is out of reach: the keys below it are not checked, and the kernel module " +
				"fails with an I/O error when it needs them. Look for errors of the disk in the system's log, and copy the device to a sound one " +
				"first.",
		},
		{
			Number: BlockCRC, Name: "BLOCK_CRC", Severity: Error, Repair: Asked,
			Title: "The checksum of a metadata block is wrong.",
			Means: "Bytes of the block have changed since it was written, on the disk or on the way from it. Everything below the block counts as " +
				"lost: it is not checked, and the kernel module fails with an I/O error when it needs it.",
		},
		{
			Number: BlockMagic, Name: "BLOCK_MAGIC", Severity: Error, Repair: Asked,
			Title: "A metadata block is of another type than the reference to it.",
			Means: "Something else stands where the block should be, and is intact: a write that got lost, or one that went to a wrong place. " +
				"Everything below the block counts as lost.",
		},
		{
			Number: BlockFSID, Name: "BLOCK_FSID", Severity: Error, Repair: Asked,
			Title: "A metadata block belongs to another volume.",
			Means: "Blocks of another volume were written over this one. Find out which volume shares the device before anything is repaired, as it " +
				"may go on writing. Everything below the block counts as lost.",
		},
		{
			Number: BlockBlkno, Name: "BLOCK_BLKNO", Severity: Error, Repair: Asked,
			Title: "A metadata block carries another block number.",
			Means: "A block was written to a wrong place. It is intact, but the one that belongs here is lost, and everything below it counts as lost.",
		},
		{
			Number: BlockSeq, Name: "BLOCK_SEQ", Severity: Error, Repair: Asked,
			Title: "A metadata block is not the version that the reference to it means.",
			Means: "The block is intact, and older or newer than the reference to it: a write was lost, or the block was freed and used for something " +
				"else. Everything below it counts as lost.",
		},
		{
			Number: BtreeRoot, Name: "BTREE_ROOT", Severity: Error, Repair: Asked,
			Title: "The reference to a tree and its height contradict each other.",
			Means: "Without a root of the right height the tree cannot be read, and everything in it counts as lost. Damage of this kind comes from " +
				"the block that holds the reference.",
		},
		{
			Number: BtreeRootPad, Name: "BTREE_ROOT_PAD", Severity: Warning, Repair: Automatic,
			Title: "Padding in the reference to a tree is not zero.",
			Means: "Nobody reads these bytes. That they are not zero means that something has written to the block that holds the reference.",
		},
		{
			Number: BtreeLevel, Name: "BTREE_LEVEL", Severity: Error, Repair: Asked, Upstream: []string{"SC_BTREE_BLOCK_LEVEL", "PB_BTREE_BLOCK_BAD_LEVEL"},
			Title: "A tree block is of another level than its place.",
			Means: "A parent leads to a block from another part of a tree. What should be there is lost to readers, who stop at such a block with an " +
				"I/O error.",
		},
		{
			Number: BtreeItemCount, Name: "BTREE_ITEM_COUNT", Severity: Error, Repair: Asked,
			Title: "A tree block has an impossible number of items.",
			Means: "The block cannot hold so many items, so none of them can be trusted. Everything in and below the block counts as lost.",
		},
		{
			Number: BtreeEmptyLeaf, Name: "BTREE_EMPTY_LEAF", Severity: Error, Repair: Asked,
			Title: "A tree has a leaf without items.",
			Means: "Upstream never leaves such a leaf but as the only block of a tree. What it held is lost, or was deleted by something that does not " +
				"know how. Readers pass over it.",
		},
		{
			Number: BtreeFewChildren, Name: "BTREE_FEW_CHILDREN", Severity: Error, Repair: Asked,
			Title: "A tree block that is not the root has a single child.",
			Means: "The volume can be read. The kernel module expects a neighbour for each block that it joins with another when items are deleted, " +
				"and fails where there is none.",
		},
		{
			Number: BtreeItemBytes, Name: "BTREE_ITEM_BYTES", Severity: Error, Repair: Automatic,
			Title: "The bytes in use in a tree block are miscounted.",
			Means: "Names and contents are not concerned. The count decides when blocks are split and joined, so a wrong one lets the kernel module " +
				"fail when it changes the block. It follows from the items.",
		},
		{
			Number: BtreeMidFree, Name: "BTREE_MID_FREE", Severity: Error, Repair: Automatic,
			Title: "The free bytes in a tree block are miscounted.",
			Means: "A count that is too great lets the next item be written over values that are in use. Do not write to the volume before it is " +
				"corrected; it follows from the items.",
		},
		{
			Number: BtreeHeadPad, Name: "BTREE_HEAD_PAD", Severity: Warning, Repair: Automatic,
			Title: "Padding in the head of a tree block is not zero.",
			Means: "Nobody reads these bytes. That they are not zero means that something has written to the block.",
		},
		{
			Number: AVLLink, Name: "AVL_LINK", Severity: Error, Repair: Asked,
			Title: "Links between the items of a tree block are broken.",
			Means: "Items are found by following these links. Some of the block's items cannot be found, or searching them does not end. The items " +
				"themselves may be intact: scoutfs print --block shows them.",
		},
		{
			Number: AVLHeight, Name: "AVL_HEIGHT", Severity: Error, Repair: Automatic,
			Title: "The height of an item in its tree block is wrong.",
			Means: "Items can be found. The heights are used to keep the tree of items in balance, so the next change of the block can put it out of " +
				"balance. They follow from the links.",
		},
		{
			Number: AVLBalance, Name: "AVL_BALANCE", Severity: Error, Repair: Automatic,
			Title: "The items of a tree block are out of balance.",
			Means: "Items can be found, with more steps than needed. The next change of the block may fail in the kernel module. The links can be made " +
				"anew from the keys.",
		},
		{
			Number: AVLUnlinked, Name: "AVL_UNLINKED", Severity: Error, Repair: Asked,
			Title: "Items of a tree block cannot be reached.",
			Means: "No search finds these items, so what they hold is missing from the volume: files, names or free space. Items that were meant to be " +
				"deleted can look the same.",
		},
		{
			Number: BtreeKeyOrder, Name: "BTREE_KEY_ORDER", Severity: Error, Repair: Asked,
			Title: "The keys of a tree block are out of order.",
			Means: "Searches go the wrong way at these keys, so some items cannot be found though they are there. Inserting into the block makes it " +
				"worse.",
		},
		{
			Number: BtreeKeyRange, Name: "BTREE_KEY_RANGE", Severity: Error, Repair: Asked,
			Title: "A key does not belong in its tree block.",
			Means: "A search for this key goes to another block, so the item cannot be found though it is there. It may have a second version where it " +
				"belongs.",
		},
		{
			Number: BtreeLastKey, Name: "BTREE_LAST_KEY", Severity: Error, Repair: Asked, Upstream: []string{"SC_BTREE_NO_CHILD_REF"},
			Title: "A parent's last key is not the last that can be below it.",
			Means: "A search for a key beyond it finds no block and fails with an I/O error, and what stands there cannot be found. Inserting such a " +
				"key fails too.",
		},
		{
			Number: ItemPad, Name: "ITEM_PAD", Severity: Warning, Repair: Automatic,
			Title: "Padding in an item or its key is not zero.",
			Means: "Nobody reads these bytes. That they are not zero means that something has written to the block.",
		},
		{
			Number: ItemFlags, Name: "ITEM_FLAGS", Severity: Error, Repair: Asked,
			Title: "An item has flags that do not exist.",
			Means: "An item is either there or says that one was deleted. With other flags readers cannot know which of the two is meant.",
		},
		{
			Number: ItemDeletion, Name: "ITEM_DELETION", Severity: Error, Repair: Asked,
			Title: "An item that deletes another stands where none may be.",
			Means: "In this place an item cannot delete anything: it hides what should be seen, or fails whoever reads it. Most likely its flags are " +
				"damaged.",
		},
		{
			Number: ItemKind, Name: "ITEM_KIND", Severity: Error, Repair: Asked,
			Title: "An item stands in a tree that has no such items.",
			Means: "The tree's readers pass over the item or fail at it. Its key is damaged, or the block belongs to another tree.",
		},
		{
			Number: ItemValueLength, Name: "ITEM_VALUE_LENGTH", Severity: Error, Repair: Asked,
			Title: "The value of an item has an impossible length.",
			Means: "What the item says cannot be understood, so it counts as lost: an inode, a name, an extent or whatever its key stands for.",
		},
		{
			Number: ItemValuePlace, Name: "ITEM_VALUE_PLACE", Severity: Error, Repair: Asked,
			Title: "The value of an item lies outside the room for values.",
			Means: "The value would lie over other parts of the block or outside of it. The item counts as lost, and changing the block would destroy " +
				"others.",
		},
		{
			Number: ItemValueOverlap, Name: "ITEM_VALUE_OVERLAP", Severity: Error, Repair: Asked,
			Title: "The values of two items overlap.",
			Means: "At least one of the two values is wrong, and a change of one changes the other. Neither can be trusted.",
		},
		{
			Number: LeafHash, Name: "LEAF_HASH", Severity: Error, Repair: Automatic,
			Title: "The hash table of a leaf is wrong.",
			Means: "The kernel module looks single items up through this table, so some of them cannot be found though they are there. The table " +
				"follows from the items.",
		},
		{
			Number: ParentItem, Name: "PARENT_ITEM", Severity: Warning, Repair: Automatic,
			Title: "An item of a parent block has more than a reference.",
			Means: "Only the reference is used. That the rest is not zero means that something has written to the block.",
		},
		{
			Number: ItemSeq, Name: "ITEM_SEQ", Severity: Error, Repair: Asked,
			Title: "An item has a sequence number that its tree has no use for, or lacks one.",
			Means: "Where log trees are merged, the item with the greatest sequence number counts. A wrong number lets an old version win, or hides a " +
				"new one.",
		},
		{
			Number: KeyFields, Name: "KEY_FIELDS", Severity: Error, Repair: Asked,
			Title: "A key has values where its kind of item has none.",
			Means: "The item can only be found under this odd key, where nobody looks. Its key is damaged, and what it should be is missing.",
		},
	}
}
