// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"fmt"
	"strings"
	"testing"

	"scoutfs/engine/format"
)

// structures are the tables of docs/format.md 2 and 13, typed in: offset,
// size (times elements) and name of each field.
var structures = []struct {
	name   string
	layout *format.Layout
	size   int
	fields string
}{
	{"timespec", format.LayoutOf[format.Timespec](), 16, `
		0 8 sec
		8 4 nsec
		12 4 pad`},
	{"inet addr", format.LayoutOf[format.InetAddr](), 32, `
		0 2 family
		2 2 port
		4 4 addr
		8 24 spare`},
	{"block header", format.LayoutOf[format.BlockHeader](), 32, `
		0 4 crc
		4 4 magic
		8 8 fsid
		16 8 seq
		24 8 blkno`},
	{"block ref", format.LayoutOf[format.BlockRef](), 16, `
		0 8 blkno
		8 8 seq`},
	{"disk key", format.LayoutOf[format.DiskKey](), 32, `
		0 8 first
		8 8 second
		16 8 third
		24 1 fourth
		25 1 zone
		26 1 type
		27 5 pad`},
	{"avl node", format.LayoutOf[format.AVLNode](), 8, `
		0 2 parent
		2 2 left
		4 2 right
		6 1 height
		7 1 pad`},
	{"btree root", format.LayoutOf[format.BtreeRoot](), 24, `
		0 16 ref
		0 8 ref.blkno
		8 8 ref.seq
		16 1 height
		17 7 pad`},
	{"btree item", format.LayoutOf[format.BtreeItem](), 56, `
		0 8 node
		8 32 key
		8 8 key.first
		33 1 key.zone
		40 8 seq
		48 2 val_off
		50 2 val_len
		52 1 flags
		53 3 pad`},
	{"btree block head", format.LayoutOf[format.BtreeBlockHead](), 48, `
		0 32 hdr
		32 2 item_root
		34 2 nr_items
		36 2 total_item_bytes
		38 2 mid_free_len
		40 1 level
		41 7 pad`},
	{"alloc list head", format.LayoutOf[format.AllocListHead](), 32, `
		0 16 ref
		16 8 total_nr
		24 4 first_nr
		28 4 flags`},
	{"alloc list block head", format.LayoutOf[format.AllocListBlockHead](), 56, `
		0 32 hdr
		32 16 next
		48 4 start
		52 4 nr`},
	{"alloc list block", format.LayoutOf[format.AllocListBlock](), 65536, `
		0 32 hdr
		32 16 next
		48 4 start
		52 4 nr
		56 8*8185 blknos
		64 8 blknos[1]
		65528 8 blknos[8184]`},
	{"alloc root", format.LayoutOf[format.AllocRoot](), 40, `
		0 8 total_len
		8 4 flags
		12 4 pad
		16 24 root`},
	{"disk srch entry", format.LayoutOf[format.DiskSrchEntry](), 24, `
		0 8 hash
		8 8 ino
		16 8 id`},
	{"srch file", format.LayoutOf[format.SrchFile](), 88, `
		0 24 first
		24 24 last
		48 16 ref
		64 8 blocks
		72 8 entries
		80 1 height
		81 7 pad`},
	{"srch parent", format.LayoutOf[format.SrchParent](), 65536, `
		0 32 hdr
		32 16*4094 refs
		65528 8 refs[4093].seq`},
	{"srch block head", format.LayoutOf[format.SrchBlockHead](), 112, `
		0 32 hdr
		32 24 first
		56 24 last
		80 24 tail
		104 4 entry_nr
		108 4 entry_bytes`},
	{"srch block", format.LayoutOf[format.SrchBlock](), 65536, `
		0 32 hdr
		32 24 first
		56 24 last
		80 24 tail
		104 4 entry_nr
		108 4 entry_bytes
		112 65424 data`},
	{"srch compact input", format.LayoutOf[format.SrchCompactInput](), 104, `
		0 88 file
		88 8 blk
		96 8 pos`},
	{"srch compact", format.LayoutOf[format.SrchCompact](), 584, `
		0 32 meta_avail
		32 32 meta_freed
		64 8 id
		72 1 nr
		73 1 flags
		74 6 pad
		80 88 out
		168 104*4 in
		272 88 in[1].file
		576 8 in[3].pos`},
	{"log trees", format.LayoutOf[format.LogTrees](), 472, `
		0 32 meta_avail
		32 32 meta_freed
		64 24 item_root
		88 16 bloom_ref
		104 40 data_avail
		144 40 data_freed
		184 88 srch_file
		272 8 data_alloc_zone_blocks
		280 8*16 data_alloc_zones
		408 8 inode_count_delta
		416 8 get_trans_seq
		424 8 commit_trans_seq
		432 8 max_item_seq
		440 8 finalize_seq
		448 8 rid
		456 8 nr
		464 8 flags`},
	{"bloom block", format.LayoutOf[format.BloomBlock](), 65536, `
		0 32 hdr
		32 8 total_set
		40 65496 bits`},
	{"log merge status", format.LayoutOf[format.LogMergeStatus](), 56, `
		0 32 next_range_key
		32 8 nr_requests
		40 8 nr_complete
		48 8 seq`},
	{"log merge range", format.LayoutOf[format.LogMergeRange](), 64, `
		0 32 start
		32 32 end
		58 1 end.type`},
	{"log merge request", format.LayoutOf[format.LogMergeRequest](), 208, `
		0 32 meta_avail
		32 32 meta_freed
		64 24 logs_root
		88 24 root
		112 32 start
		144 32 end
		176 8 input_seq
		184 8 rid
		192 8 seq
		200 8 flags`},
	{"log merge complete", format.LayoutOf[format.LogMergeComplete](), 208, `
		0 32 meta_avail
		32 32 meta_freed
		64 24 root
		88 32 start
		120 32 end
		152 32 remain
		184 8 rid
		192 8 seq
		200 8 flags`},
	{"log merge freeing", format.LayoutOf[format.LogMergeFreeing](), 64, `
		0 24 root
		24 32 key
		56 8 seq`},
	{"inode v1", format.LayoutOf[format.InodeV1](), 160, inodeV1Fields},
	{"inode", format.LayoutOf[format.Inode](), 168, inodeV1Fields + `
		160 8 proj`},
	{"dirent", format.LayoutOf[format.Dirent](), 32, `
		0 8 ino
		8 8 hash
		16 8 pos
		24 1 type
		25 7 pad`},
	{"xattr head", format.LayoutOf[format.XattrHead](), 8, `
		0 2 val_len
		2 1 name_len
		3 5 pad`},
	{"xattr total", format.LayoutOf[format.XattrTotal](), 16, `
		0 8 total
		8 8 count`},
	{"data extent", format.LayoutOf[format.DataExtent](), 16, `
		0 8 blkno
		8 1 flags
		9 7 pad`},
	{"quota rule", format.LayoutOf[format.QuotaRule](), 48, `
		0 8*3 name_val
		16 8 name_val[2]
		24 8 limit
		32 1 prio
		33 1 op
		34 1 rule_flags
		35 1*3 name_source
		37 1 name_source[2]
		38 1*3 name_flags
		41 7 pad`},
	{"mounted client", format.LayoutOf[format.MountedClient](), 40, `
		0 32 addr
		32 1 flags
		33 7 pad`},
	{"quorum config", format.LayoutOf[format.QuorumConfig](), 488, `
		0 8 version
		8 32*15 slots
		456 32 slots[14]`},
	{"quorum event", format.LayoutOf[format.QuorumEvent](), 40, `
		0 8 write_nr
		8 8 rid
		16 8 term
		24 16 ts`},
	{"quorum block", format.LayoutOf[format.QuorumBlock](), 280, `
		0 32 hdr
		32 8 write_nr
		40 40*6 events
		40 40 events[0]
		80 40 events[1]
		120 40 events[2]
		160 40 events[3]
		200 40 events[4]
		240 40 events[5]
		264 8 events[5].ts.sec`},
	{"volume options", format.LayoutOf[format.VolumeOptions](), 520, `
		0 8 set_bits
		8 8 data_alloc_zone_blocks
		16 8*63 future`},
	{"super", format.LayoutOf[format.Super](), 1488, `
		0 32 hdr
		32 8 id
		40 8 fmt_vers
		48 8 flags
		56 16 uuid
		72 8 seq
		80 8 next_ino
		88 8 inode_count
		96 8 total_meta_blocks
		104 8 total_data_blocks
		112 488 qconf
		112 8 qconf.version
		120 32*15 qconf.slots
		186 2 qconf.slots[2].port
		600 40*2 meta_alloc
		600 40 meta_alloc[0]
		640 40 meta_alloc[1]
		680 40 data_alloc
		720 32*2 server_meta_avail
		752 32 server_meta_avail[1]
		784 32*2 server_meta_freed
		816 32 server_meta_freed[1]
		848 24 fs_root
		864 1 fs_root.height
		872 24 logs_root
		896 24 log_merge
		920 24 mounted_clients
		944 24 srch_root
		968 520 volopt
		976 8 volopt.data_alloc_zone_blocks`},
	{"acl head", format.LayoutOf[format.ACLHead](), 4, `
		0 4 version`},
	{"acl entry", format.LayoutOf[format.ACLEntry](), 8, `
		0 2 tag
		2 2 perm
		4 4 id`},
	{"quorum message", format.LayoutOf[format.QuorumMessage](), 32, `
		0 8 fsid
		8 8 version
		16 8 term
		24 1 type
		25 1 from
		26 2 pad
		28 4 crc`},
	{"net header", format.LayoutOf[format.NetHeader](), 32, `
		0 8 seq
		8 8 recv_seq
		16 8 id
		24 2 data_len
		26 1 cmd
		27 1 flags
		28 1 error
		29 3 pad`},
	{"net greeting", format.LayoutOf[format.NetGreeting](), 40, `
		0 8 fsid
		8 8 fmt_vers
		16 8 server_term
		24 8 rid
		32 8 flags`},
	{"net alloc inodes", format.LayoutOf[format.NetAllocInodes](), 8, `
		0 8 count`},
	{"net inode alloc", format.LayoutOf[format.NetInodeAlloc](), 16, `
		0 8 ino
		8 8 nr`},
	{"net roots", format.LayoutOf[format.NetRoots](), 72, `
		0 24 fs_root
		24 24 logs_root
		48 24 srch_root`},
	{"net last seq", format.LayoutOf[format.NetLastSeq](), 8, `
		0 8 seq`},
	{"net lock", format.LayoutOf[format.NetLock](), 48, `
		0 32 key
		32 8 write_seq
		40 1 old_mode
		41 1 new_mode
		42 6 pad`},
	{"net lock recover", format.LayoutOf[format.NetLockRecover](), 8 + 22*48, `
		0 2 nr
		2 6 pad
		8 48*22 locks`},
	{"open ino map args", format.LayoutOf[format.OpenInoMapArgs](), 16, `
		0 8 group_nr
		8 8 req_id`},
	{"open ino map", format.LayoutOf[format.OpenInoMap](), 144, `
		0 16 args
		16 8*16 bits`},
	{"net resize devices", format.LayoutOf[format.NetResizeDevices](), 16, `
		0 8 new_total_meta_blocks
		8 8 new_total_data_blocks`},
	{"net statfs", format.LayoutOf[format.NetStatfs](), 56, `
		0 16 uuid
		16 8 free_meta_blocks
		24 8 total_meta_blocks
		32 8 free_data_blocks
		40 8 total_data_blocks
		48 8 inode_count`},
}

const inodeV1Fields = `
		0 8 size
		8 8 meta_seq
		16 8 data_seq
		24 8 data_version
		32 8 online_blocks
		40 8 offline_blocks
		48 8 next_readdir_pos
		56 8 next_xattr_id
		64 8 version
		72 4 nlink
		76 4 uid
		80 4 gid
		84 4 mode
		88 4 rdev
		92 4 flags
		96 16 atime
		112 16 ctime
		128 16 mtime
		144 16 crtime`

func TestStructuresAreLaidOutAsDocumented(t *testing.T) {
	t.Parallel()
	for _, s := range structures {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if s.layout.Name != s.name {
				t.Errorf("name is %q", s.layout.Name)
			}
			if s.layout.Size != s.size {
				t.Errorf("size is %d, want %d", s.layout.Size, s.size)
			}
			documented := map[string]bool{}
			for row := range strings.SplitSeq(strings.TrimSpace(s.fields), "\n") {
				var offset int
				var size, path string
				if _, err := fmt.Sscan(row, &offset, &size, &path); err != nil {
					t.Fatalf("row %q: %v", row, err)
				}
				documented[path] = true
				f, err := s.layout.Find(path)
				if err != nil {
					t.Error(err)
					continue
				}
				got := fmt.Sprint(f.Size)
				if f.Count > 0 {
					got = fmt.Sprintf("%d*%d", f.Size, f.Count)
				}
				if f.Offset != offset || got != size {
					t.Errorf("%s is at %d with %s bytes, want %d with %s", path, f.Offset, got, offset, size)
				}
			}
			end := 0
			for _, f := range s.layout.Fields {
				if f.Offset != end {
					t.Errorf("%s is at %d, want %d: there may be no hidden padding", f.Name, f.Offset, end)
				}
				end = f.Offset + f.Size*max(f.Count, 1)
				if !documented[f.Name] {
					t.Errorf("%s is not documented", f.Name)
				}
			}
			if end != s.size {
				t.Errorf("the fields end at %d, want %d", end, s.size)
			}
		})
	}
}

func TestLayoutKindsAndFormats(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		layout *format.Layout
		path   string
		kind   format.FieldKind
		format string
		sub    string
	}{
		{format.LayoutOf[format.BlockHeader](), "crc", format.FieldUint, "hex", ""},
		{format.LayoutOf[format.AVLNode](), "height", format.FieldUint, "", ""},
		{format.LayoutOf[format.AVLNode](), "pad", format.FieldPad, "", ""},
		{format.LayoutOf[format.InetAddr](), "spare", format.FieldPad, "", ""},
		{format.LayoutOf[format.VolumeOptions](), "future", format.FieldPad, "", ""},
		{format.LayoutOf[format.VolumeOptions](), "future[62]", format.FieldPad, "", ""},
		{format.LayoutOf[format.Super](), "uuid", format.FieldBytes, "uuid", ""},
		{format.LayoutOf[format.Super](), "volopt", format.FieldStruct, "", "volume options"},
		{format.LayoutOf[format.Super](), "meta_alloc[1].root.ref", format.FieldStruct, "", "block ref"},
		{format.LayoutOf[format.LogMergeRange](), "start", format.FieldKey, "", "disk key"},
		{format.LayoutOf[format.LogMergeRange](), "start.zone", format.FieldUint, "", ""},
		{format.LayoutOf[format.LogTrees](), "data_alloc_zones", format.FieldUint, "", ""},
		{format.LayoutOf[format.LogTrees](), "inode_count_delta", format.FieldUint, "signed", ""},
		{format.LayoutOf[format.Inode](), "mode", format.FieldUint, "octal", ""},
		{format.LayoutOf[format.QuotaRule](), "name_source[1]", format.FieldUint, "", ""},
		{format.LayoutOf[format.QuotaRule](), "name_flags", format.FieldUint, "hex", ""},
		{format.LayoutOf[format.BloomBlock](), "bits", format.FieldBytes, "", ""},
		{format.LayoutOf[format.NetLock](), "old_mode", format.FieldUint, "", ""},
		{format.LayoutOf[format.NetHeader](), "cmd", format.FieldUint, "", ""},
	} {
		f, err := test.layout.Find(test.path)
		if err != nil {
			t.Error(err)
			continue
		}
		sub := ""
		if f.Sub != nil {
			sub = f.Sub.Name
		}
		if f.Kind != test.kind || f.Format != test.format || sub != test.sub {
			t.Errorf("%s %s is kind %d, format %q, structure %q, want %d, %q, %q",
				test.layout.Name, test.path, f.Kind, f.Format, sub, test.kind, test.format, test.sub)
		}
	}
}

func TestLayoutFindRefusesWrongPaths(t *testing.T) {
	t.Parallel()
	super := format.LayoutOf[format.Super]()
	for path, want := range map[string]string{
		"":                         `super has no field ""`,
		"nothing":                  `super has no field "nothing"`,
		"hdr.nothing":              `block header has no field "nothing"`,
		"seq.low":                  `super: seq has no field "low"`,
		"uuid.low":                 `super: uuid has no field "low"`,
		"seq[0]":                   `super: seq has 0 elements, index is 0`,
		"meta_alloc[2]":            `super: meta_alloc has 2 elements, index is 2`,
		"qconf.slots[15]":          `quorum config: slots has 15 elements, index is 15`,
		"meta_alloc.root":          `super: meta_alloc is an array, pick an element with meta_alloc[0]`,
		"meta_alloc[-1]":           `super: bad index in "meta_alloc[-1]"`,
		"meta_alloc[+1]":           `super: bad index in "meta_alloc[+1]"`,
		"meta_alloc[]":             `super: bad index in "meta_alloc[]"`,
		"meta_alloc[1":             `super: bad index in "meta_alloc[1"`,
		"meta_alloc[1]x]":          `super: bad index in "meta_alloc[1]x]"`,
		"meta_alloc[4294967296]":   `super: bad index in "meta_alloc[4294967296]"`,
		"qconf.slots[2].port.high": `inet addr: port has no field "high"`,
	} {
		f, err := super.Find(path)
		if err == nil || err.Error() != want {
			t.Errorf("Find(%q): error %v, want %s", path, err, want)
		}
		if f.Name != "" {
			t.Errorf("Find(%q) returned field %q with its error", path, f.Name)
		}
	}
}

func TestLayoutOfWholeBlockHasNoFields(t *testing.T) {
	t.Parallel()
	l := format.LayoutOf[format.BtreeBlock]()
	if l.Name != "btree block" || l.Size != 65536 || len(l.Fields) != 0 {
		t.Errorf("got %q of %d bytes with %d fields", l.Name, l.Size, len(l.Fields))
	}
}
