// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"testing"

	"scoutfs/engine/format"
)

// kindRows are the tables of docs/format.md 3.2 and 3.3, typed in.
var kindRows = []struct {
	kind     format.ItemKind
	name     string
	key      format.Key // of the kind, from its constructor
	text     string     // the key, from the tables
	min, max int        // bytes of value
	fixed    int        // bytes of the value's described part, 0 for none
	tree     format.Tree
}{
	{format.KindMetaSeqIndex, "meta_seq", format.InodeIndexKey(format.TypeMetaSeq, 2, 3), "4.0.4.2.3.0", 0, 0, 0, format.TreeFSRoot},
	{format.KindDataSeqIndex, "data_seq", format.InodeIndexKey(format.TypeDataSeq, 2, 3), "4.0.8.2.3.0", 0, 0, 0, format.TreeFSRoot},
	{format.KindOrphan, "orphan", format.OrphanKey(2), "8.0.4.2.0.0", 0, 0, 0, format.TreeFSRoot},
	{format.KindQuotaRule, "quota_rule", format.QuotaRuleKey(2, 3), "10.0.4.2.3.0", 48, 48, 48, format.TreeFSRoot},
	{format.KindXattrTotl, "totl", format.TotlKey(1, 2, 3), "12.1.0.2.3.0", 16, 16, 16, format.TreeFSRoot},
	{format.KindXattrIndx, "indx", format.IndxKey(format.XattrIndx{Minor: 256, ID: 259}), "14.1.0.0.1.3", 0, 0, 0, format.TreeFSRoot},
	{format.KindInode, "inode", format.InodeKey(1), "16.1.4.0.0.0", 160, 168, 168, format.TreeFSRoot},
	{format.KindXattr, "xattr", format.XattrKey(1, 2, 3, 4), "16.1.8.2.3.4", 1, 896, 0, format.TreeFSRoot},
	{format.KindDirent, "dirent", format.DirentKey(1, 2, 3), "16.1.12.2.3.0", 33, 287, 32, format.TreeFSRoot},
	{format.KindReaddir, "readdir", format.ReaddirKey(1, 2), "16.1.16.2.0.0", 33, 287, 32, format.TreeFSRoot},
	{format.KindLinkBackref, "link_backref", format.LinkBackrefKey(1, 2, 3), "16.1.20.2.3.0", 33, 287, 32, format.TreeFSRoot},
	{format.KindSymlink, "symlink", format.SymlinkKey(1, 2), "16.1.24.2.0.0", 1, 896, 0, format.TreeFSRoot},
	{format.KindDataExtent, "data_extent", format.DataExtentKey(1, format.Extent{Start: 2, Len: 3}), "16.1.28.4.3.0", 16, 16, 16, format.TreeFSRoot},
	{format.KindLogTrees, "log_trees", format.LogTreesKey(1, 2), "24.1.0.2.0.0", 472, 472, 472, format.TreeLogsRoot},
	{format.KindMountedClient, "mounted_client", format.MountedClientKey(1), "28.1.0.0.0.0", 40, 40, 40, format.TreeMountedClients},
	{format.KindSrchLog, "srch_log", format.SrchLogKey(2), "32.0.4.2.0.0", 88, 88, 88, format.TreeSrchRoot},
	{format.KindSrchBlocks, "srch_blocks", format.SrchBlocksKey(2, 3), "32.0.8.2.3.0", 88, 88, 88, format.TreeSrchRoot},
	{format.KindSrchPending, "srch_pending", format.SrchPendingKey(2), "32.0.12.2.0.0", 584, 584, 584, format.TreeSrchRoot},
	{format.KindSrchBusy, "srch_busy", format.SrchBusyKey(2, 3), "32.0.16.2.3.0", 584, 584, 584, format.TreeSrchRoot},
	{format.KindFreeBlkno, "free_blkno", format.FreeBlknoKey(format.Extent{Start: 64, Len: 9}), "36.72.0.9.0.0", 0, 0, 0, format.TreeAlloc},
	{format.KindFreeOrder, "free_order", format.FreeOrderKey(format.Extent{Start: 64, Len: 9}), "40.18446744073709551614.0.72.9.0", 0, 0, 0, format.TreeAlloc},
	{format.KindLogMergeStatus, "log_merge_status", format.LogMergeStatusKey(), "44.0.0.0.0.0", 56, 56, 56, format.TreeLogMerge},
	{format.KindLogMergeRange, "log_merge_range", format.LogMergeRangeKey(format.XattrKey(1, 2, 3, 4)), "48.1.8.2.3.4", 64, 64, 64, format.TreeLogMerge},
	{format.KindLogMergeRequest, "log_merge_request", format.LogMergeRequestKey(1, 2), "52.1.0.2.0.0", 208, 208, 208, format.TreeLogMerge},
	{format.KindLogMergeComplete, "log_merge_complete", format.LogMergeCompleteKey(1), "56.1.0.0.0.0", 208, 208, 208, format.TreeLogMerge},
	{format.KindLogMergeFreeing, "log_merge_freeing", format.LogMergeFreeingKey(1), "60.1.0.0.0.0", 64, 64, 64, format.TreeLogMerge},
}

func TestKindsAreAsDocumented(t *testing.T) {
	t.Parallel()
	if len(kindRows)+1 != int(format.ItemKinds) {
		t.Errorf("%d kinds are documented, %d exist", len(kindRows), format.ItemKinds-1)
	}
	for i, row := range kindRows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			d := row.kind.Describe()
			if int(row.kind) != i+1 || d.Kind != row.kind {
				t.Errorf("kind %d describes itself as %d, want %d", row.kind, d.Kind, i+1)
			}
			if got := row.key.String(); got != row.text {
				t.Errorf("key is %s, want %s", got, row.text)
			}
			if got := format.KindOf(row.key); got != row.kind {
				t.Errorf("KindOf(%s) = %s", row.key, got)
			}
			if d.Zone != row.key.Zone || !d.AnyType && d.Type != row.key.Type {
				t.Errorf("described with zone %d and type %d", d.Zone, d.Type)
			}
			if got := row.kind.String(); got != row.name {
				t.Errorf("name is %s", got)
			}
			if got, err := format.ParseItemKind(row.name); err != nil || got != row.kind {
				t.Errorf("ParseItemKind(%q) = %s, %v", row.name, got, err)
			}
			if d.MinValue != row.min || d.MaxValue != row.max {
				t.Errorf("value has %d to %d bytes, want %d to %d", d.MinValue, d.MaxValue, row.min, row.max)
			}
			fixed := 0
			if d.Value != nil {
				fixed = d.Value().Size
			}
			if fixed != row.fixed {
				t.Errorf("value's described part has %d bytes, want %d", fixed, row.fixed)
			}
			if fixed > row.max {
				t.Errorf("value's described part has %d bytes, the value at most %d", fixed, row.max)
			}
			if _, locked := format.LockRange(row.key); locked != d.FS || d.FS != (row.tree == format.TreeFSRoot) {
				t.Errorf("FS is %t, locked %t, tree %s", d.FS, locked, row.tree)
			}
			for tree := format.TreeFSRoot; tree <= format.TreeAlloc; tree++ {
				want := tree == row.tree || tree == format.TreeLogItems && row.tree == format.TreeFSRoot
				if got := tree.Holds(row.kind); got != want {
					t.Errorf("%s holds it: %t, want %t", tree, got, want)
				}
			}
		})
	}
}

// Fields without a name are zero in every key of a kind; the rows' keys have
// all other fields set, but for zeros that packing leaves.
func TestKindsNameTheKeyFieldsTheyUse(t *testing.T) {
	t.Parallel()
	for _, row := range kindRows {
		d := row.kind.Describe()
		for _, f := range []struct {
			field format.KeyField
			value uint64
			which string
		}{
			{d.First, row.key.First, "first"},
			{d.Second, row.key.Second, "second"},
			{d.Third, row.key.Third, "third"},
			{d.Fourth, uint64(row.key.Fourth), "fourth"},
		} {
			if f.field.Name == "" && f.value != 0 {
				t.Errorf("%s uses its %s field but does not name it", row.name, f.which)
			}
			if f.field.Name != "" && f.value == 0 && row.kind != format.KindXattrIndx && row.kind != format.KindOrphan {
				t.Errorf("%s names its %s field %s but does not use it", row.name, f.which, f.field.Name)
			}
		}
	}
}

func TestKindOfAgreesWithTheTable(t *testing.T) {
	t.Parallel()
	for zone := range 256 {
		for typ := range 256 {
			want := format.KindUnknown
			for kind := format.KindUnknown + 1; kind < format.ItemKinds; kind++ {
				d := kind.Describe()
				if int(d.Zone) == zone && (d.AnyType || int(d.Type) == typ) {
					want = kind
				}
			}
			if got := format.KindOf(format.Key{Zone: uint8(zone), Type: uint8(typ)}); got != want {
				t.Errorf("zone %d type %d is %s, want %s", zone, typ, got, want)
			}
		}
	}
}

func TestUnknownKind(t *testing.T) {
	t.Parallel()
	for _, kind := range []format.ItemKind{format.KindUnknown, format.ItemKinds, 255} {
		d := kind.Describe()
		if d.Kind != format.KindUnknown || kind.String() != "unknown" || d.MinValue != 0 || d.MaxValue != 896 {
			t.Errorf("kind %d is described as %+v", kind, d)
		}
		for tree := format.TreeFSRoot; tree <= format.TreeAlloc+1; tree++ {
			if tree.Holds(kind) {
				t.Errorf("%s holds kind %d", tree, kind)
			}
		}
	}
	for _, name := range []string{"unknown", "", "inodes"} {
		if kind, err := format.ParseItemKind(name); err == nil {
			t.Errorf("ParseItemKind(%q) = %s", name, kind)
		}
	}
}

func TestTreesHaveUpstreamNames(t *testing.T) {
	t.Parallel()
	for tree, want := range map[format.Tree]string{
		format.TreeFSRoot:         "fs_root",
		format.TreeLogItems:       "item_root",
		format.TreeLogsRoot:       "logs_root",
		format.TreeLogMerge:       "log_merge",
		format.TreeMountedClients: "mounted_clients",
		format.TreeSrchRoot:       "srch_root",
		format.TreeAlloc:          "alloc",
		format.TreeAlloc + 1:      "unknown tree",
	} {
		if got := tree.String(); got != want {
			t.Errorf("tree %d is %s, want %s", tree, got, want)
		}
	}
}
