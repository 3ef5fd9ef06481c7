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
		},
		{
			Number: BlockUnreadable, Name: "BLOCK_UNREADABLE", Severity: Error, Repair: Never,
			Title: "A metadata block cannot be read.",
		},
		{
			Number: BlockCRC, Name: "BLOCK_CRC", Severity: Error, Repair: Asked,
			Title: "The checksum of a metadata block is wrong.",
		},
		{
			Number: BlockMagic, Name: "BLOCK_MAGIC", Severity: Error, Repair: Asked,
			Title: "A metadata block is of another type than the reference to it.",
		},
		{
			Number: BlockFSID, Name: "BLOCK_FSID", Severity: Error, Repair: Asked,
			Title: "A metadata block belongs to another volume.",
		},
		{
			Number: BlockBlkno, Name: "BLOCK_BLKNO", Severity: Error, Repair: Asked,
			Title: "A metadata block carries another block number.",
		},
		{
			Number: BlockSeq, Name: "BLOCK_SEQ", Severity: Error, Repair: Asked,
			Title: "A metadata block is not the version that the reference to it means.",
		},
		{
			Number: BtreeRoot, Name: "BTREE_ROOT", Severity: Error, Repair: Asked,
			Title: "The reference to a tree and its height contradict each other.",
		},
		{
			Number: BtreeRootPad, Name: "BTREE_ROOT_PAD", Severity: Warning, Repair: Automatic,
			Title: "Padding in the reference to a tree is not zero.",
		},
		{
			Number: BtreeLevel, Name: "BTREE_LEVEL", Severity: Error, Repair: Asked, Upstream: []string{"SC_BTREE_BLOCK_LEVEL", "PB_BTREE_BLOCK_BAD_LEVEL"},
			Title: "A tree block is of another level than its place.",
		},
		{
			Number: BtreeItemCount, Name: "BTREE_ITEM_COUNT", Severity: Error, Repair: Asked,
			Title: "A tree block has an impossible number of items.",
		},
		{
			Number: BtreeEmptyLeaf, Name: "BTREE_EMPTY_LEAF", Severity: Error, Repair: Asked,
			Title: "A tree has a leaf without items.",
		},
		{
			Number: BtreeFewChildren, Name: "BTREE_FEW_CHILDREN", Severity: Error, Repair: Asked,
			Title: "A tree block that is not the root has a single child.",
		},
		{
			Number: BtreeItemBytes, Name: "BTREE_ITEM_BYTES", Severity: Error, Repair: Automatic,
			Title: "The bytes in use in a tree block are miscounted.",
		},
		{
			Number: BtreeMidFree, Name: "BTREE_MID_FREE", Severity: Error, Repair: Automatic,
			Title: "The free bytes in a tree block are miscounted.",
		},
		{
			Number: BtreeHeadPad, Name: "BTREE_HEAD_PAD", Severity: Warning, Repair: Automatic,
			Title: "Padding in the head of a tree block is not zero.",
		},
		{
			Number: AVLLink, Name: "AVL_LINK", Severity: Error, Repair: Asked,
			Title: "Links between the items of a tree block are broken.",
		},
		{
			Number: AVLHeight, Name: "AVL_HEIGHT", Severity: Error, Repair: Automatic,
			Title: "The height of an item in its tree block is wrong.",
		},
		{
			Number: AVLBalance, Name: "AVL_BALANCE", Severity: Error, Repair: Automatic,
			Title: "The items of a tree block are out of balance.",
		},
		{
			Number: AVLUnlinked, Name: "AVL_UNLINKED", Severity: Error, Repair: Asked,
			Title: "Items of a tree block cannot be reached.",
		},
		{
			Number: BtreeKeyOrder, Name: "BTREE_KEY_ORDER", Severity: Error, Repair: Asked,
			Title: "The keys of a tree block are out of order.",
		},
		{
			Number: BtreeKeyRange, Name: "BTREE_KEY_RANGE", Severity: Error, Repair: Asked,
			Title: "A key does not belong in its tree block.",
		},
		{
			Number: BtreeLastKey, Name: "BTREE_LAST_KEY", Severity: Error, Repair: Asked, Upstream: []string{"SC_BTREE_NO_CHILD_REF"},
			Title: "A parent's last key is not the last that can be below it.",
		},
		{
			Number: ItemPad, Name: "ITEM_PAD", Severity: Warning, Repair: Automatic,
			Title: "Padding in an item or its key is not zero.",
		},
		{
			Number: ItemFlags, Name: "ITEM_FLAGS", Severity: Error, Repair: Asked,
			Title: "An item has flags that do not exist.",
		},
		{
			Number: ItemDeletion, Name: "ITEM_DELETION", Severity: Error, Repair: Asked,
			Title: "An item that deletes another stands where none may be.",
		},
		{
			Number: ItemKind, Name: "ITEM_KIND", Severity: Error, Repair: Asked,
			Title: "An item stands in a tree that has no such items.",
		},
		{
			Number: ItemValueLength, Name: "ITEM_VALUE_LENGTH", Severity: Error, Repair: Asked,
			Title: "The value of an item has an impossible length.",
		},
		{
			Number: ItemValuePlace, Name: "ITEM_VALUE_PLACE", Severity: Error, Repair: Asked,
			Title: "The value of an item lies outside the room for values.",
		},
		{
			Number: ItemValueOverlap, Name: "ITEM_VALUE_OVERLAP", Severity: Error, Repair: Asked,
			Title: "The values of two items overlap.",
		},
		{
			Number: LeafHash, Name: "LEAF_HASH", Severity: Error, Repair: Automatic,
			Title: "The hash table of a leaf is wrong.",
		},
		{
			Number: ParentItem, Name: "PARENT_ITEM", Severity: Warning, Repair: Automatic,
			Title: "An item of a parent block has more than a reference.",
		},
		{
			Number: ItemSeq, Name: "ITEM_SEQ", Severity: Error, Repair: Asked,
			Title: "An item has a sequence number that its tree has no use for, or lacks one.",
		},
		{
			Number: KeyFields, Name: "KEY_FIELDS", Severity: Error, Repair: Asked,
			Title: "A key has values where its kind of item has none.",
		},
	}
}
