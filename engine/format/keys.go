// SPDX-License-Identifier: GPL-2.0-or-later

package format

import "math"

// Zones, the most significant field of a key (docs/format.md 3.2).
const (
	ZoneInodeIndex       = 4
	ZoneOrphan           = 8
	ZoneQuota            = 10
	ZoneXattrTotl        = 12
	ZoneXattrIndx        = 14
	ZoneFS               = 16
	ZoneLock             = 20 // names of cluster locks only, never stored
	ZoneLogTrees         = 24
	ZoneMountedClient    = 28
	ZoneSrch             = 32
	ZoneFreeBlkno        = 36
	ZoneFreeOrder        = 40
	ZoneLogMergeStatus   = 44
	ZoneLogMergeRange    = 48
	ZoneLogMergeRequest  = 52
	ZoneLogMergeComplete = 56
	ZoneLogMergeFreeing  = 60
)

// Types, which tell items of one zone apart.
const (
	TypeMetaSeq     = 4 // ZoneInodeIndex
	TypeDataSeq     = 8 // ZoneInodeIndex
	TypeOrphan      = 4 // ZoneOrphan
	TypeQuotaRule   = 4 // ZoneQuota
	TypeInode       = 4 // ZoneFS
	TypeXattr       = 8
	TypeDirent      = 12
	TypeReaddir     = 16
	TypeLinkBackref = 20
	TypeSymlink     = 24
	TypeDataExtent  = 28
	TypeRenameLock  = 4 // ZoneLock
	TypeSrchLog     = 4 // ZoneSrch
	TypeSrchBlocks  = 8
	TypeSrchPending = 12
	TypeSrchBusy    = 16
)

// RenameLockKey is the start and end of the cluster lock that orders renames
// between directories. It covers no items.
func RenameLockKey() Key { return Key{Zone: ZoneLock, Type: TypeRenameLock} }

// InodeIndexKey is an inode's place in an index: typ is TypeMetaSeq or
// TypeDataSeq.
func InodeIndexKey(typ uint8, seq, ino uint64) Key {
	return Key{Zone: ZoneInodeIndex, Type: typ, Second: seq, Third: ino}
}

// OrphanKey marks an inode without links.
func OrphanKey(ino uint64) Key {
	return Key{Zone: ZoneOrphan, Type: TypeOrphan, Second: ino}
}

// QuotaRuleKey is the place of a rule; collision tells rules with the same
// hash apart.
func QuotaRuleKey(hash, collision uint64) Key {
	return Key{Zone: ZoneQuota, Type: TypeQuotaRule, Second: hash, Third: collision}
}

// TotlKey names a total.
func TotlKey(a, b, c uint64) Key {
	return Key{Zone: ZoneXattrTotl, First: a, Second: b, Third: c}
}

// XattrIndx is the content of an xattr index key.
type XattrIndx struct {
	Major uint8
	Minor uint64
	Ino   uint64
	ID    uint64
}

// IndxKey packs an xattr index entry into a key (docs/format.md 3.3).
func IndxKey(x XattrIndx) Key {
	return Key{
		Zone:   ZoneXattrIndx,
		First:  uint64(x.Major)<<56 | x.Minor>>8,
		Second: x.Minor<<56 | x.Ino>>8,
		Third:  x.Ino<<56 | x.ID>>8,
		Fourth: uint8(x.ID),
	}
}

// Indx unpacks an xattr index key.
func (k Key) Indx() XattrIndx {
	return XattrIndx{
		Major: uint8(k.First >> 56),
		Minor: k.First<<8 | k.Second>>56,
		Ino:   k.Second<<8 | k.Third>>56,
		ID:    k.Third<<8 | uint64(k.Fourth),
	}
}

// InodeKey is an inode's item.
func InodeKey(ino uint64) Key { return Key{Zone: ZoneFS, First: ino, Type: TypeInode} }

// XattrKey is one part of an xattr; hash is its XattrNameHash.
func XattrKey(ino, hash, id uint64, part uint8) Key {
	return Key{Zone: ZoneFS, First: ino, Type: TypeXattr, Second: hash, Third: id, Fourth: part}
}

// DirentKey is a directory entry by name; hash is its DirentNameHash.
func DirentKey(dir, hash, pos uint64) Key {
	return Key{Zone: ZoneFS, First: dir, Type: TypeDirent, Second: hash, Third: pos}
}

// ReaddirKey is a directory entry by position.
func ReaddirKey(dir, pos uint64) Key {
	return Key{Zone: ZoneFS, First: dir, Type: TypeReaddir, Second: pos}
}

// LinkBackrefKey is the entry of ino in dir at pos, found from ino.
func LinkBackrefKey(ino, dir, pos uint64) Key {
	return Key{Zone: ZoneFS, First: ino, Type: TypeLinkBackref, Second: dir, Third: pos}
}

// SymlinkKey is part nr of a symlink's target.
func SymlinkKey(ino, nr uint64) Key {
	return Key{Zone: ZoneFS, First: ino, Type: TypeSymlink, Second: nr}
}

// DataExtentKey is the item of an extent of file blocks. Extents are keyed
// by their last block, so the extent at or after block b is the first item
// at or after DataExtentKey(ino, Extent{b, 1}) (docs/format.md 3.5).
func DataExtentKey(ino uint64, e Extent) Key {
	return Key{Zone: ZoneFS, First: ino, Type: TypeDataExtent, Second: e.End(), Third: e.Len}
}

// DataExtent returns the file blocks of a data extent key. From a damaged
// key the extent may not be [Extent.Valid].
func (k Key) DataExtent() Extent { return Extent{k.Second - k.Third + 1, k.Third} }

// LogTreesKey is generation nr of a mount's log trees.
func LogTreesKey(rid, nr uint64) Key { return Key{Zone: ZoneLogTrees, First: rid, Second: nr} }

// MountedClientKey is a mount that is connected to the server.
func MountedClientKey(rid uint64) Key { return Key{Zone: ZoneMountedClient, First: rid} }

// SrchLogKey is an unsorted search file.
func SrchLogKey(blkno uint64) Key { return Key{Zone: ZoneSrch, Type: TypeSrchLog, Second: blkno} }

// SrchBlocksKey is a sorted search file.
func SrchBlocksKey(blocks, blkno uint64) Key {
	return Key{Zone: ZoneSrch, Type: TypeSrchBlocks, Second: blocks, Third: blkno}
}

// SrchPendingKey is a compaction that no mount works on.
func SrchPendingKey(id uint64) Key { return Key{Zone: ZoneSrch, Type: TypeSrchPending, Second: id} }

// SrchBusyKey is a compaction that a mount works on.
func SrchBusyKey(rid, id uint64) Key {
	return Key{Zone: ZoneSrch, Type: TypeSrchBusy, Second: rid, Third: id}
}

// FreeBlknoKey is a free extent by place, keyed by its last block.
func FreeBlknoKey(e Extent) Key { return Key{Zone: ZoneFreeBlkno, First: e.End(), Second: e.Len} }

// FreeOrderKey is a free extent by size: greatest order first, then lowest
// end.
func FreeOrderKey(e Extent) Key {
	return Key{Zone: ZoneFreeOrder, First: math.MaxUint64 - FreeOrder(e.Len), Second: e.End(), Third: e.Len}
}

// FreeExtent returns the extent of a key in ZoneFreeBlkno or ZoneFreeOrder;
// ok is false for other zones. From a damaged key the extent may not be
// [Extent.Valid].
func (k Key) FreeExtent() (e Extent, ok bool) {
	switch k.Zone {
	case ZoneFreeBlkno:
		return Extent{k.First - k.Second + 1, k.Second}, true
	case ZoneFreeOrder:
		return Extent{k.Second - k.Third + 1, k.Third}, true
	}
	return Extent{}, false
}

// LogMergeStatusKey is the one status item of a log merge.
func LogMergeStatusKey() Key { return Key{Zone: ZoneLogMergeStatus} }

// LogMergeRangeKey is the item of a range to merge: its start with another
// zone, so the items' order is not the ranges' order (docs/format.md 3.3).
func LogMergeRangeKey(start Key) Key {
	start.Zone = ZoneLogMergeRange
	return start
}

// LogMergeRequestKey is a merge job of a mount.
func LogMergeRequestKey(rid, seq uint64) Key {
	return Key{Zone: ZoneLogMergeRequest, First: rid, Second: seq}
}

// LogMergeCompleteKey is a finished merge job.
func LogMergeCompleteKey(seq uint64) Key { return Key{Zone: ZoneLogMergeComplete, First: seq} }

// LogMergeFreeingKey is a merged log tree being freed.
func LogMergeFreeingKey(seq uint64) Key { return Key{Zone: ZoneLogMergeFreeing, First: seq} }

// Range is a range of keys, both ends included.
type Range struct {
	Start, End Key
}

// Contains reports whether k is in the range.
func (r Range) Contains(k Key) bool { return !k.Less(r.Start) && !r.End.Less(k) }

// AllKeys is the range of every key.
func AllKeys() Range { return Range{Key{}, MaxKey()} }

// ItemsOfInode is the range of all ZoneFS items of one inode.
func ItemsOfInode(ino uint64) Range {
	end := MaxKey()
	end.Zone, end.First = ZoneFS, ino
	return Range{Key{Zone: ZoneFS, First: ino}, end}
}

// LockRange is the range of the cluster lock that covers a filesystem item;
// its start is what bloom filters hold (docs/format.md 4.7). ok is false for
// items that no lock covers. A damaged key, with numbers in fields that its
// kind does not use, may lie outside the range.
func LockRange(k Key) (r Range, ok bool) {
	r = Range{Key{Zone: k.Zone}, MaxKey()}
	r.End.Zone = k.Zone
	switch k.Zone {
	case ZoneFS:
		r.Start.First = k.First &^ (LockInodeGroup - 1)
		r.End.First = k.First | (LockInodeGroup - 1)
	case ZoneInodeIndex:
		r.Start.Type, r.Start.Second = k.Type, k.Second&^(LockSeqGroup-1)
		r.End = InodeIndexKey(k.Type, k.Second|(LockSeqGroup-1), math.MaxUint64)
	case ZoneOrphan:
		r.Start.Type = TypeOrphan
		r.End = OrphanKey(math.MaxUint64)
	case ZoneXattrTotl, ZoneXattrIndx, ZoneQuota:
	default:
		return Range{}, false
	}
	return r, true
}
