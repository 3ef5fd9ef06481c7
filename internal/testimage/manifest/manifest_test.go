// SPDX-License-Identifier: GPL-2.0-or-later

package manifest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine/format"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testimage/manifest"
)

// small has every section and every field.
const small = `[inodes]  one JSON object per path, depth-first in readdir order
{"path": ".", "ino": 1, "mode": "040755", "uid": 0, "gid": 7, "nlink": 2, "size": 3, "blocks": 0, "mtime": "5.000000001", "ctime": "-1.500000000", "atime": "0.000000000", "more": {"meta_seq": 1, "data_seq": 2, "data_version": 3, "online_blocks": 4, "offline_blocks": 5, "crtime": "6.000000000"}, "attr_x": {"x_mask": 1023, "x_flags": 1, "size": 3, "bits": 1, "project_id": 18446744073709551615, "ctime": "7.000000000", "crtime": "8.000000000"}, "xattrs": {"user.b": {"len": 2, "b64": "aGk="}, "user.a": {"len": 60, "sha256": "aa"}}, "hidden": {}}
{"path": "\udcff\ud83d\ude00\u00e9\"\\\n", "ino": 2, "mode": "100600", "uid": 1, "gid": 0, "nlink": 1, "size": 9000, "blocks": 8, "mtime": "1.000000000", "ctime": "1.000000000", "atime": "1.000000000", "attr_x": {"err": "ENOTSUP"}, "extents": 2, "map": [[0, 4096, 8192, 0], [8192, 0, 4096, 7]], "map_sha256": "bb", "online_parts": [[0, 8192, 2049, "cc"]]}
{"path": "c", "ino": 3, "mode": "020600", "uid": 0, "gid": 0, "nlink": 1, "size": 0, "blocks": 0, "mtime": "1.000000000", "ctime": "1.000000000", "atime": "1.000000000", "rdev": "10:200"}
{"path": "l", "ino": 4, "mode": "120777", "uid": 0, "gid": 0, "nlink": 1, "size": 4, "blocks": 0, "mtime": "1.000000000", "ctime": "1.000000000", "atime": "1.000000000", "target": "c"}
{"path": "m", "ino": 5, "mode": "120777", "uid": 0, "gid": 0, "nlink": 1, "size": 1001, "blocks": 0, "mtime": "1.000000000", "ctime": "1.000000000", "atime": "1.000000000", "target": {"len": 1000, "sha256": "dd"}, "sha256": "ee", "sparse_sha256": "ff", "online_parts": []}
[count] 5
[walk-inodes meta_seq]  scoutfs walk-inodes -p /mnt/m -- meta_seq 0 -1
#                    major                minor      ino                 
0                    0                    0          1                   
1                    9                    4          18446744073709551615
[walk-inodes data_seq]  scoutfs walk-inodes -p /mnt/m -- data_seq 0 -1
[search-xattrs]  scoutfs search-xattrs -p /mnt/m scoutfs.srch.a
2
3
[search-xattrs]  scoutfs search-xattrs -p /mnt/m scoutfs.srch.b
[read-xattr-totals]  scoutfs read-xattr-totals -p /mnt/m
1.2.3 = -4, 5
[read-xattr-index]  scoutfs read-xattr-index -p /mnt/m 0.0.0 255.-1.-1
255.18446744073709551615 = 7
[quota-list]  scoutfs quota-list -p /mnt/m
200 0,U,- 1000,G,S 7,P,- I 50 C
  7 13,L,- 15,L,- 17,L,- D 33 -
[quota-list unsorted]  scoutfs quota-list -U -p /mnt/m
[get-allocated-inos]  ioctl
1
4-6
[allocated but not seen in tree] 5 6
[statfs]  scoutfs statfs -p /mnt/m
fsid              855fe4509114ceed
rid               0ac64748ca8c300d
committed_seq     1
total_meta_blocks 98304
total_data_blocks 1048576
[scoutfs df]  scoutfs df -p /mnt/m
    Type  Size    Total   Used     Free  Use%  
MetaData  64KB    98304  34693    63611    35  
    Data   4KB  1048576     64  1048512     0  
[df]  df -k /mnt/m
Filesystem     1K-blocks  Used Available Use% Mounted on
/dev/vdb        10485760  1024  10484736   1% /mnt/m
[df inodes]  df -i /mnt/m
Filesystem      Inodes IUsed   IFree IUse% Mounted on
/dev/vdb       3145728     1 3145727    2% /mnt/m
[stat -f]  stat -f /mnt/m
  File: "/mnt/m"
    ID: 3e53617d462f612e Namelen: 255     Type: UNKNOWN (0x554f4353)
Block size: 4096       Fundamental block size: 4097
Blocks: Total: 1    Free: 2    Available: 3
Inodes: Total: 4    Free: 5
`

func smallManifest() *manifest.Manifest {
	one := time.Unix(1, 0)
	quotas := make([]format.QuotaRule, 2)
	quotas[0] = format.QuotaRule{Prio: 200, NameSource: [3]byte{2, 3, 1}, NameFlags: [3]byte{0, 1, 0}, RuleFlags: 1}
	quotas[0].NameVal[1].Set(1000)
	quotas[0].NameVal[2].Set(7)
	quotas[0].Limit.Set(50)
	quotas[1] = format.QuotaRule{Prio: 7, Op: format.QuotaOpData}
	quotas[1].NameVal[0].Set(13)
	quotas[1].NameVal[1].Set(15)
	quotas[1].NameVal[2].Set(17)
	quotas[1].Limit.Set(33)
	return &manifest.Manifest{
		Inodes: []manifest.Inode{
			{
				Path: ".", Ino: 1, Mode: 0o40755, GID: 7, Nlink: 2, Size: 3,
				Mtime: time.Unix(5, 1), Ctime: time.Unix(-1, 500000000), Atime: time.Unix(0, 0),
				More:    &manifest.More{MetaSeq: 1, DataSeq: 2, DataVersion: 3, OnlineBlocks: 4, OfflineBlocks: 5, Crtime: time.Unix(6, 0)},
				AttrX:   &manifest.AttrX{Mask: 1023, Flags: 1, Size: 3, Bits: 1, ProjectID: 1<<64 - 1, Ctime: time.Unix(7, 0), Crtime: time.Unix(8, 0)},
				Extents: -1,
				Xattrs: []manifest.Xattr{
					{Name: "user.b", Value: manifest.Content{Len: 2, Bytes: []byte("hi")}},
					{Name: "user.a", Value: manifest.Content{Len: 60, SHA256: "aa"}},
				},
			},
			{
				Path: "\xff\U0001f600é\"\\\n", Ino: 2, Mode: 0o100600, UID: 1, Nlink: 1, Size: 9000, Blocks: 8,
				Mtime: one, Ctime: one, Atime: one,
				Extents: 2, Map: []manifest.Extent{{0, 4096, 8192, 0}, {8192, 0, 4096, 7}}, MapSHA256: "bb",
				PartlyOnline: true, OnlineParts: []manifest.Part{{0, 8192, 2049, "cc"}},
			},
			{Path: "c", Ino: 3, Mode: 0o20600, Nlink: 1, Mtime: one, Ctime: one, Atime: one, Rdev: manifest.Device{Major: 10, Minor: 200}, Extents: -1},
			{Path: "l", Ino: 4, Mode: 0o120777, Nlink: 1, Size: 4, Mtime: one, Ctime: one, Atime: one, Target: &manifest.Content{Len: 1, Bytes: []byte("c")}, Extents: -1},
			{
				Path: "m", Ino: 5, Mode: 0o120777, Nlink: 1, Size: 1001, Mtime: one, Ctime: one, Atime: one, Extents: -1,
				Target: &manifest.Content{Len: 1000, SHA256: "dd"}, SHA256: "ee", SparseSHA256: "ff", PartlyOnline: true,
			},
		},
		Count:      5,
		MetaSeq:    []manifest.IndexEntry{{0, 0, 1}, {9, 4, 1<<64 - 1}},
		Searches:   []manifest.Search{{Name: "scoutfs.srch.a", Inos: []uint64{2, 3}}, {Name: "scoutfs.srch.b"}},
		Totals:     []manifest.Total{{Name: [3]uint64{1, 2, 3}, Total: -4, Count: 5}},
		XattrIndex: []manifest.XattrIndexEntry{{Major: 255, Minor: 1<<64 - 1, Ino: 7}},
		Quotas:     quotas,
		Allocated:  []uint64{1, 4, 5, 6},
		Unlinked:   []uint64{5, 6},
		Statfs:     manifest.Statfs{FSID: 0x855fe4509114ceed, RID: 0x0ac64748ca8c300d, CommittedSeq: 1, TotalMetaBlocks: 98304, TotalDataBlocks: 1048576},
		ScoutfsDF: manifest.ScoutfsDF{
			Meta: manifest.DFRow{BlockKiB: 64, Total: 98304, Used: 34693, Free: 63611, UsePercent: 35},
			Data: manifest.DFRow{BlockKiB: 4, Total: 1048576, Used: 64, Free: 1048512},
		},
		DF:         manifest.DF{Total: 10485760, Used: 1024, Available: 10484736, UsePercent: 1},
		DFInodes:   manifest.DF{Total: 3145728, Used: 1, Available: 3145727, UsePercent: 2},
		FileSystem: manifest.StatF{ID: 0x3e53617d462f612e, Namelen: 255, Type: 0x554f4353, BlockSize: 4096, FragmentSize: 4097, Blocks: 1, Free: 2, Available: 3, Inodes: 4, FreeInodes: 5},
	}
}

func TestEverySectionAndFieldIsRead(t *testing.T) {
	t.Parallel()
	got, err := manifest.Parse(strings.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(smallManifest(), got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestFormatVersionWithoutQuotas(t *testing.T) {
	t.Parallel()
	const refusal = "GET_QUOTA_RULES ioctl failed: Operation not supported (95)\nscoutfs: quota-list failed: Operation not supported (95)\n"
	text := strings.Replace(small, "[quota-list unsorted]  scoutfs quota-list -U -p /mnt/m\n", "[quota-list unsorted]  scoutfs quota-list -U -p /mnt/m\n"+refusal, 1)
	got, err := manifest.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if !got.NoQuotas || got.QuotasUnsorted != nil {
		t.Errorf("no quotas is %v, with %d rules", got.NoQuotas, len(got.QuotasUnsorted))
	}
}

func TestWhatIsUnknownIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, new, want string }{
		{"section", "[df inodes]", "[df modes]", `unknown section "df modes"`},
		{"section that comes twice", "[df inodes]", "[df]", `section "df" comes twice`},
		{"missing section", "[read-xattr-totals]  scoutfs read-xattr-totals -p /mnt/m\n1.2.3 = -4, 5\n", "", `no section "read-xattr-totals"`},
		{"missing line", "committed_seq     1\n", "", "line 32: section statfs: "},
		{"missing last line", "Inodes: Total: 4    Free: 5\n", "", "section stat -f has 4 lines, expected 5"},
		{"missing inode", "[count] 5", "[count] 6", "5 inodes, expected 6"},
		{"field of an inode", `"uid": 0, "gid": 7`, `"uid": 0, "guid": 7`, `unknown field "guid" of an inode`},
		{"field of stat_more", `"data_version"`, `"version"`, `unknown field "version" of stat_more`},
		{"field of attr_x", `"bits"`, `"bytes"`, `unknown field "bytes" of attr_x`},
		{"other error of attr_x", "ENOTSUP", "EIO", "attr_x failed with EIO"},
		{"field of content", `"b64"`, `"b32"`, `unknown field "b32" of content`},
		{"content that is cut", `"len": 2, "b64"`, `"len": 3, "b64"`, "content of 2 bytes, not 3"},
		{"time without nanoseconds", `"5.000000001"`, `"5.1"`, `no time: "5.1"`},
		{"extent of three", "[8192, 0, 4096, 7]", "[8192, 0, 4096]", "3 elements, expected 4"},
		{"part of three", `2049, "cc"`, "2049", "part of a file with 3 elements"},
		{"line cut short", `"online_parts": []}`, `"online_parts": []`, `expected '}'`},
		{"more after the line", `"online_parts": []}`, `"online_parts": []} 1`, "more after the value"},
		{"row out of order", "1                    9", "2                    9", "not row 1"},
		{"line in a section without lines", "[count] 5\n", "[count] 5\n1\n", `unexpected line in section "count"`},
		{"quota rule", "D 33 -", "X 33 -", "quota rule"},
		{"total", "= -4, 5", "= -4", "read-xattr-totals"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(small, test.old, test.new, 1)
			if text == small {
				t.Fatal("nothing replaced")
			}
			_, err := manifest.Parse(strings.NewReader(text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestManifestsOfImagesAreRead(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Helper()
		if img.Manifest == "" {
			return
		}
		m := manifest.Read(t, img.Manifest)
		// The kernel's own numbers agree with each other in this way.
		inodes := make(map[uint64]bool)
		for i := range m.Inodes {
			inodes[m.Inodes[i].Ino] = true
		}
		if seen, used := len(inodes)+len(m.Unlinked), len(m.Allocated); seen != used || uint64(used) != m.DFInodes.Used {
			t.Errorf("%d inodes seen, %d allocated, %d in df", seen, used, m.DFInodes.Used)
		}
	})
}
