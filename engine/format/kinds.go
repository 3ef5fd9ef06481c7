// SPDX-License-Identifier: GPL-2.0-or-later

package format

import "fmt"

// ItemKind names a kind of btree item.
type ItemKind uint8

// All kinds of items, in the order of their keys' zones and types.
const (
	KindUnknown ItemKind = iota
	KindMetaSeqIndex
	KindDataSeqIndex
	KindOrphan
	KindQuotaRule
	KindXattrTotl
	KindXattrIndx
	KindInode
	KindXattr
	KindDirent
	KindReaddir
	KindLinkBackref
	KindSymlink
	KindDataExtent
	KindLogTrees
	KindMountedClient
	KindSrchLog
	KindSrchBlocks
	KindSrchPending
	KindSrchBusy
	KindFreeBlkno
	KindFreeOrder
	KindLogMergeStatus
	KindLogMergeRange
	KindLogMergeRequest
	KindLogMergeComplete
	KindLogMergeFreeing
	ItemKinds // number of kinds
)

// KeyField names one field of a kind's key. Empty fields are zero in every
// key of the kind.
type KeyField struct {
	Name   string
	Format string // as in Field: "" or "hex"
}

// Kind describes a kind of item (docs/format.md 3.2, 3.3).
type Kind struct {
	Kind ItemKind
	Name string
	Zone uint8
	Type uint8
	// AnyType: the type is not fixed by the kind, as for merge ranges.
	AnyType bool
	// First to Fourth name the key's fields.
	First, Second, Third, Fourth KeyField
	// MinValue and MaxValue bound the value's length in bytes, but for
	// deletion items, which have no value. Lengths between them may still be
	// invalid; only the decoders know.
	MinValue, MaxValue int
	// Value derives the layout of the value's fixed part; nil without one.
	Value func() *Layout
	// FS: lives in fs_root and log item trees.
	FS bool
}

// Describe returns the description of a kind, which must not be changed. That
// of KindUnknown allows any value.
func (k ItemKind) Describe() *Kind {
	if k >= ItemKinds {
		k = KindUnknown
	}
	return &kinds[k]
}

// String returns the kind's name.
func (k ItemKind) String() string { return k.Describe().Name }

// ParseItemKind finds a kind by its name.
func ParseItemKind(name string) (ItemKind, error) {
	for i := range kinds {
		if k := &kinds[i]; k.Name == name && k.Kind != KindUnknown {
			return k.Kind, nil
		}
	}
	return KindUnknown, fmt.Errorf("unknown item kind %q", name)
}

// KindOf returns the kind of the item with key k, KindUnknown if the format
// has none with that zone and type.
func KindOf(k Key) ItemKind {
	switch k.Zone {
	case ZoneInodeIndex:
		return byType(KindMetaSeqIndex, k.Type, TypeDataSeq)
	case ZoneOrphan:
		return byType(KindOrphan, k.Type, TypeOrphan)
	case ZoneQuota:
		return byType(KindQuotaRule, k.Type, TypeQuotaRule)
	case ZoneXattrTotl:
		return untyped(KindXattrTotl, k.Type)
	case ZoneXattrIndx:
		return untyped(KindXattrIndx, k.Type)
	case ZoneFS:
		return byType(KindInode, k.Type, TypeDataExtent)
	case ZoneLogTrees:
		return untyped(KindLogTrees, k.Type)
	case ZoneMountedClient:
		return untyped(KindMountedClient, k.Type)
	case ZoneSrch:
		return byType(KindSrchLog, k.Type, TypeSrchBusy)
	case ZoneFreeBlkno:
		return untyped(KindFreeBlkno, k.Type)
	case ZoneFreeOrder:
		return untyped(KindFreeOrder, k.Type)
	case ZoneLogMergeStatus:
		return untyped(KindLogMergeStatus, k.Type)
	case ZoneLogMergeRange:
		return KindLogMergeRange
	case ZoneLogMergeRequest:
		return untyped(KindLogMergeRequest, k.Type)
	case ZoneLogMergeComplete:
		return untyped(KindLogMergeComplete, k.Type)
	case ZoneLogMergeFreeing:
		return untyped(KindLogMergeFreeing, k.Type)
	}
	return KindUnknown
}

// byType picks the kind of a type. A zone's types are 4, 8, 12 and so on up
// to last, and their kinds follow each other.
func byType(first ItemKind, typ, last uint8) ItemKind {
	if typ == 0 || typ%4 != 0 || typ > last {
		return KindUnknown
	}
	return first + ItemKind(typ/4-1)
}

// untyped is the kind of a zone whose keys all have type 0.
func untyped(kind ItemKind, typ uint8) ItemKind {
	if typ != 0 {
		return KindUnknown
	}
	return kind
}

// Tree says which tree of a volume an item is in; values mean different
// things in fs_root and in log trees (docs/format.md 5.7).
type Tree uint8

// The trees of a volume.
const (
	TreeFSRoot Tree = iota
	TreeLogItems
	TreeLogsRoot
	TreeLogMerge
	TreeMountedClients
	TreeSrchRoot
	TreeAlloc
)

// String names the tree as upstream does.
func (t Tree) String() string {
	switch t {
	case TreeFSRoot:
		return "fs_root"
	case TreeLogItems:
		return "item_root"
	case TreeLogsRoot:
		return "logs_root"
	case TreeLogMerge:
		return "log_merge"
	case TreeMountedClients:
		return "mounted_clients"
	case TreeSrchRoot:
		return "srch_root"
	case TreeAlloc:
		return "alloc"
	}
	return "unknown tree"
}

// Holds reports whether items of kind k belong in the tree.
func (t Tree) Holds(k ItemKind) bool {
	switch t {
	case TreeFSRoot, TreeLogItems:
		return k.Describe().FS
	case TreeLogsRoot:
		return k == KindLogTrees
	case TreeLogMerge:
		return k >= KindLogMergeStatus && k <= KindLogMergeFreeing
	case TreeMountedClients:
		return k == KindMountedClient
	case TreeSrchRoot:
		return k >= KindSrchLog && k <= KindSrchBusy
	case TreeAlloc:
		return k == KindFreeBlkno || k == KindFreeOrder
	}
	return false
}
