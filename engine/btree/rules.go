// SPDX-License-Identifier: GPL-2.0-or-later

package btree

import "scoutfs/engine/format"

// Rule is one of the rules that a block has to keep (docs/format.md 5.1 to 5.5).
type Rule uint8

// The rules that Verify knows.
const (
	RuleLevel        Rule = iota // the block is of the level that its parent says
	RuleHeadPad                  // the head's pad is zero
	RuleItemCount                // nr_items is how many items there are
	RuleEmptyLeaf                // only a root may be a leaf without items
	RuleFewChildren              // a parent that is no root has two children at least
	RuleItemBytes                // total_item_bytes is the sum over the items
	RuleMidFree                  // mid_free_len is no more than what is free
	RuleAVLLink                  // AVL links lead to items, and back to their parents
	RuleAVLUnlinked              // the links lead to every item
	RuleAVLHeight                // an item's height is one more than the greater of those below
	RuleAVLBalance               // the heights below an item differ by one at most
	RuleKeyOrder                 // keys ascend
	RuleKeyRange                 // keys are in the range that the block's ancestors give it
	RuleLastKey                  // a parent's last key is the end of its range
	RulePad                      // an item's pads are zero
	RuleFlags                    // an item has no unknown flags
	RuleDeletion                 // only log trees have deletion items
	RuleKind                     // the tree has items of the kind
	RuleKeyFields                // key fields that the kind does not use are zero
	RuleValueLength              // the value's length is one that the kind can have
	RuleValuePlace               // the value lies in the room for values
	RuleValueOverlap             // values do not overlap
	RuleLeafHash                 // the hash table has every item and nothing else
	RuleParentItem               // a parent's items have neither seq nor flags
	RuleChildRef                 // a parent's values are references to blocks
)

// Unusable reports whether a block that breaks the rule cannot be searched or
// read, as opposed to one in which single items or numbers are wrong.
func (r Rule) Unusable() bool {
	switch r {
	case RuleLevel, RuleItemCount, RuleAVLLink, RuleAVLUnlinked, RuleKeyOrder, RuleKeyRange, RuleLastKey,
		RuleValuePlace, RuleValueOverlap:
		return true
	}
	return false
}

// NoSlot is the Slot of a violation that concerns the block as a whole.
const NoSlot = -1

// Violation is a rule that a block breaks.
type Violation struct {
	Rule Rule
	Slot int // of the item concerned, or NoSlot
	Err  *format.CorruptError
}
