// SPDX-License-Identifier: GPL-2.0-or-later

package structure

import (
	"context"
	"errors"
	"fmt"

	"scoutfs/engine/alloc"
	"scoutfs/engine/btree"
	"scoutfs/engine/format"
	"scoutfs/engine/srch"
	"scoutfs/fsck/problem"
)

// metaBlock is the place of a large block of the metadata device.
func metaBlock(blkno uint64) problem.Place {
	return problem.Place{Device: problem.MetaDevice, Blkno: blkno, Blocks: 1}
}

// smallMetaBlock is the place of a super or quorum block, which counts in
// small blocks.
func smallMetaBlock(blkno uint64, structure, field string) problem.Place {
	return problem.Place{Device: problem.MetaDevice, Blkno: blkno, Blocks: 1, Structure: structure, Field: field}
}

// inSuper is the place of a field of the metadata device's super.
func inSuper(field string) problem.Place { return smallMetaBlock(format.SuperBlkno, "super", field) }

// at adds a block to the place of what it is part of.
func at(p problem.Place, blkno uint64) problem.Place {
	p.Device, p.Blkno, p.Blocks = problem.MetaDevice, blkno, 1
	return p
}

// withKey adds an item to a place.
func withKey(p problem.Place, k format.Key) problem.Place {
	p.HasKey, p.Key = true, k
	return p
}

// withField adds a field to a place.
func withField(p problem.Place, field string) problem.Place {
	p.Field = field
	return p
}

// readProblem says what an error of reading a block means. ok is false for
// the end of the context, which means nothing.
func readProblem(err error) (number problem.Number, found, expected string, ok bool) {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return 0, "", "", false
	}
	header, ok := errors.AsType[*format.HeaderError](err)
	if !ok {
		if corrupt, ok := errors.AsType[*format.CorruptError](err); ok {
			return problem.BlockReference, corrupt.Found, corrupt.Expected, true
		}
		return problem.BlockUnreadable, err.Error(), "", true
	}
	return headerProblem(header.Part), header.Err.Found, header.Err.Expected, true
}

func headerProblem(part format.HeaderPart) problem.Number {
	switch part {
	case format.HeaderCRC:
		return problem.BlockCRC
	case format.HeaderMagic:
		return problem.BlockMagic
	case format.HeaderFSID:
		return problem.BlockFSID
	case format.HeaderBlkno:
		return problem.BlockBlkno
	case format.HeaderSeq:
		return problem.BlockSeq
	}
	return problem.BlockUnreadable
}

// misdirected reports whether an error of reading says that the reference may
// be what is wrong, so that the block it means may be any.
func misdirected(number problem.Number) bool {
	return number != problem.BlockCRC && number != problem.BlockUnreadable
}

// btreeProblem is the problem of breaking a rule of tree blocks.
func btreeProblem(rule btree.Rule) problem.Number {
	switch rule {
	case btree.RuleLevel:
		return problem.BtreeLevel
	case btree.RuleHeadPad:
		return problem.BtreeHeadPad
	case btree.RuleItemCount:
		return problem.BtreeItemCount
	case btree.RuleEmptyLeaf:
		return problem.BtreeEmptyLeaf
	case btree.RuleFewChildren:
		return problem.BtreeFewChildren
	case btree.RuleItemBytes:
		return problem.BtreeItemBytes
	case btree.RuleMidFree:
		return problem.BtreeMidFree
	case btree.RuleAVLLink:
		return problem.AVLLink
	case btree.RuleAVLUnlinked:
		return problem.AVLUnlinked
	case btree.RuleAVLHeight:
		return problem.AVLHeight
	case btree.RuleAVLBalance:
		return problem.AVLBalance
	case btree.RuleKeyOrder:
		return problem.BtreeKeyOrder
	case btree.RuleKeyRange:
		return problem.BtreeKeyRange
	case btree.RuleLastKey:
		return problem.BtreeLastKey
	case btree.RulePad:
		return problem.ItemPad
	case btree.RuleFlags:
		return problem.ItemFlags
	case btree.RuleDeletion:
		return problem.ItemDeletion
	case btree.RuleKind:
		return problem.ItemKind
	case btree.RuleKeyFields:
		return problem.KeyFields
	case btree.RuleValueLength:
		return problem.ItemValueLength
	case btree.RuleValuePlace:
		return problem.ItemValuePlace
	case btree.RuleValueOverlap:
		return problem.ItemValueOverlap
	case btree.RuleLeafHash:
		return problem.LeafHash
	case btree.RuleParentItem:
		return problem.ParentItem
	case btree.RuleChildRef:
		return problem.BlockReference
	}
	return problem.BtreeItemCount
}

func listProblem(rule alloc.ListRule) problem.Number {
	switch rule {
	case alloc.ListHead:
		return problem.ListHead
	case alloc.ListBounds:
		return problem.ListBlockBounds
	case alloc.ListFirst:
		return problem.ListFirstCount
	case alloc.ListTotal:
		return problem.ListTotalCount
	case alloc.ListLoop:
		return problem.ListLoop
	case alloc.ListEntry:
		return problem.ListEntryRange
	case alloc.ListNext:
		return problem.ListNext
	}
	return problem.ListHead
}

func extentProblem(rule alloc.ExtentRule) problem.Number {
	switch rule {
	case alloc.ExtentKey:
		return problem.FreeExtentKey
	case alloc.ExtentRange:
		return problem.FreeExtentRange
	case alloc.ExtentOverlap:
		return problem.FreeExtentOverlap
	case alloc.ExtentOrder:
		return problem.FreeExtentOrder
	case alloc.ExtentNoOrder:
		return problem.FreeExtentNoOrder
	case alloc.ExtentNoBlkno:
		return problem.FreeExtentNoBlkno
	case alloc.ExtentTotal:
		return problem.AllocTotal
	}
	return problem.FreeExtentKey
}

func searchProblem(rule srch.Rule) problem.Number {
	switch rule {
	case srch.RuleEncoding:
		return problem.SearchEncoding
	case srch.RuleOrder:
		return problem.SearchOrder
	case srch.RuleBounds:
		return problem.SearchLeafBounds
	}
	return problem.SearchEncoding
}

// count writes a number with the word for what is counted.
func count(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
