// SPDX-License-Identifier: GPL-2.0-or-later

package surgery_test

import (
	"bytes"
	"strings"
	"testing"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// blocks are blocks of each type, by name.
func blocks(tb testing.TB) map[string][]byte {
	tb.Helper()
	sealed := func(block []byte, magic uint32) []byte {
		testblock.Seal(block, format.Ref{Blkno: 7, Seq: 9}, magic)
		return block
	}
	var d format.Dirent
	d.Ino.Set(1024)
	var head format.XattrHead
	head.ValLen.Set(3)
	head.NameLen = 6
	var inode format.Inode
	inode.Nlink.Set(2)
	var ref format.BlockRef
	ref.Set(format.Ref{Blkno: 77, Seq: 78})
	bloom := testblock.NewBlock()
	bloom[32], bloom[40+5] = 1, 4
	parent := testblock.NewBlock()
	copy(parent[32:], format.Bytes(&ref))
	return map[string][]byte{
		"leaf": sealed(testblock.Btree(0,
			testblock.Item{Key: format.ReaddirKey(1, 2), Seq: 5, Value: append(bytes.Clone(format.Bytes(&d)), "name"...)},
			testblock.Item{Key: format.XattrKey(1, 8, 0, 0), Value: append(bytes.Clone(format.Bytes(&head)), "user.avwx"...)},
			testblock.Item{Key: format.InodeKey(1), Value: format.Bytes(&inode)},
			testblock.Item{Key: format.InodeKey(2), Value: format.Bytes(&inode.InodeV1)},
			testblock.Item{Key: format.SymlinkKey(3, 0), Value: []byte("to\x00")},
			testblock.Item{Key: format.OrphanKey(3)},
		), format.MagicBtree),
		"parent": sealed(testblock.Btree(1, testblock.RefItem(format.MaxKey(), ref.Ref())), format.MagicBtree),
		"list":   sealed(testblock.ListBlock(format.Ref{}, 2, 1000, 1001), format.MagicAllocList),
		"bloom":  sealed(bloom, format.MagicBloom),
		"srch leaf": sealed(testblock.SrchLeaf(format.SrchEntry{Hash: 0xab, Ino: 5, ID: 1},
			format.SrchEntry{Hash: 0xcd, Ino: 6}), format.MagicSrchBlock),
		"srch parent": sealed(parent, format.MagicSrchParent),
		"super":       sealed(make([]byte, format.SmallBlockSize), format.MagicSuper),
		"quorum":      sealed(make([]byte, format.SmallBlockSize), format.MagicQuorum),
		"unknown":     sealed(testblock.NewBlock(), 0x1234),
	}
}

func TestDumpNamesAndDecodes(t *testing.T) {
	t.Parallel()
	all := blocks(t)
	for _, test := range []struct{ block, name, value string }{
		{"leaf", "hdr.magic", "0xe597f96d"},
		{"leaf", "nr_items", "6"},
		{"leaf", "items[0].key", "16.1.16.2.0.0 readdir"},
		{"leaf", "items[0].seq", "5"},
		{"leaf", "items[0].value.ino", "1024"},
		{"leaf", "items[0].value.name", `"name"`},
		{"leaf", "items[1].value.name_len", "6"},
		{"leaf", "items[1].value.name", `"user.a"`},
		{"leaf", "items[1].value.data", `"vwx"`},
		{"leaf", "items[2].value.nlink", "2"},
		{"leaf", "items[2].value.proj", "0"},
		{"leaf", "items[3].value.crtime.nsec", "0"},
		{"leaf", "items[4].value.data", `"to\x00"`},
		{"leaf", "leaf_hash[1040]", "160 (item 2)"},
		{"parent", "items[0].value.blkno", "77"},
		{"list", "nr", "2"},
		{"list", "blknos[3]", "1001"},
		{"bloom", "total_set", "1"},
		{"bloom", "bits[5]", "00000100"},
		{"srch leaf", "last.hash", "0x00000000000000cd"},
		{"srch leaf", "entries[1]", "00000000000000cd.6.0"},
		{"srch parent", "refs[0].seq", "78"},
		{"super", "fs_root.height", "0"},
		{"super", "qconf.slots[14].port", "0"},
		{"quorum", "events[5].term", "0"},
		{"unknown", "hdr.blkno", "7"},
	} {
		found := false
		for l := range surgery.Dump(all[test.block]) {
			if l.Name != test.name {
				continue
			}
			found = true
			if l.Value != test.value {
				t.Errorf("%s: %s is %s, want %s", test.block, l.Name, l.Value, test.value)
			}
		}
		if !found {
			t.Errorf("%s has no %s", test.block, test.name)
		}
	}
	for l := range surgery.Dump(all["unknown"]) {
		if !strings.HasPrefix(l.Name, "hdr.") {
			t.Errorf("a block of an unknown type has %s", l.Name)
		}
	}
}

// Each line can be found by its name at its place, but for entries that are
// encoded together.
func TestEveryLineIsAField(t *testing.T) {
	t.Parallel()
	for name, block := range blocks(t) {
		for l := range surgery.Dump(block) {
			if strings.HasPrefix(l.Name, "entries[") {
				continue
			}
			f, err := surgery.FindField(block, l.Name)
			if err != nil || f.Offset != l.Offset || f.Size != l.Size {
				t.Errorf("%s: %s is at %d with %d bytes, found at %d with %d (%v)", name, l.Name, l.Offset, l.Size, f.Offset, f.Size, err)
			}
		}
	}
}

func TestFieldsAreSet(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		block, name, text string
		want              string // hexadecimal bytes, or what the error says
	}{
		{"leaf", "hdr.seq", "0x0102", "0201000000000000"},
		{"leaf", "nr_items", "65535", "ffff"},
		{"leaf", "nr_items", "-1", "ffff"},
		{"leaf", "nr_items", "65536", "no number of 16 bits"},
		{"leaf", "level", "010", "08"},
		{"leaf", "items[0].key", "16.2.4", "02000000000000000000000000000000000000000000000000100400000000 00"},
		{"leaf", "items[0].key", "16.2.4.x", "field 4"},
		{"leaf", "items[0].value.name", `"same"`, "73616d65"},
		{"leaf", "items[0].value.name", "0x00010203", "00010203"},
		{"leaf", "items[0].value.name", `"longer"`, "has 4 bytes"},
		{"leaf", "items[0].value.name", "other", "neither hexadecimal"},
		{"leaf", "items[5].value.name", "00", "no value"},
		{"leaf", "items[0].value.nlink", "1", "no field"},
		{"leaf", "items[9999].seq", "1", "name a field"},
		{"leaf", "leaf_hash[1511]", "7", "0700"},
		{"leaf", "leaf_hash[1512]", "7", "leaf_hash[1511]"},
		{"leaf", "hdr", "1", "name one of its fields"},
		{"leaf", "nothing", "1", "no field"},
		{"super", "uuid", "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "6ba7b8109dad41d180b400c04fd430c8"},
		{"super", "uuid", "6ba7", "uuid"},
		{"super", "meta_alloc", "1", "pick one"},
		{"list", "blknos[0]", "5", "0500000000000000"},
		{"bloom", "bits[0]", "0xff", "ff"},
	} {
		block := blocks(t)[test.block]
		before := bytes.Clone(block)
		f, err := surgery.FindField(block, test.name)
		if err == nil {
			err = f.Set(block, test.text)
		}
		if err != nil {
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s=%s: %v, want %s", test.name, test.text, err, test.want)
			}
			if !bytes.Equal(block, before) {
				t.Errorf("%s=%s: the block changed in spite of %v", test.name, test.text, err)
			}
			continue
		}
		want := strings.ReplaceAll(test.want, " ", "")
		var got strings.Builder
		for _, c := range block[f.Offset : f.Offset+f.Size] {
			got.WriteString(string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15]))
		}
		if got.String() != want {
			t.Errorf("%s=%s: bytes are %s, want %s", test.name, test.text, &got, want)
		}
		copy(before[f.Offset:], block[f.Offset:f.Offset+f.Size])
		if !bytes.Equal(block, before) {
			t.Errorf("%s=%s: more than the field changed", test.name, test.text)
		}
	}
}

func FuzzDump(f *testing.F) {
	for _, block := range blocks(f) {
		f.Add(block)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, size := range []int{format.SmallBlockSize, format.LargeBlockSize} {
			block := make([]byte, size)
			copy(block, data)
			for l := range surgery.Dump(block) {
				if l.Offset < 0 || l.Size < 0 || l.Offset+l.Size > size {
					t.Fatalf("%s is at %d with %d bytes of %d", l.Name, l.Offset, l.Size, size)
				}
			}
		}
	})
}

func FuzzField(f *testing.F) {
	for _, block := range blocks(f) {
		f.Add(block, "items[0].value.name", "1")
		f.Add(block, "hdr.seq", "-1")
		f.Add(block, "leaf_hash[3]", `"x"`)
	}
	f.Fuzz(func(t *testing.T, data []byte, name, text string) {
		block := make([]byte, format.LargeBlockSize)
		copy(block, data)
		field, err := surgery.FindField(block, name)
		if err != nil {
			return
		}
		before := field.Text(block)
		if err := field.Set(block, text); err != nil && field.Text(block) != before {
			t.Fatalf("%s changed in spite of %v", name, err)
		}
	})
}

func FuzzSrchEntries(f *testing.F) {
	f.Add(blocks(f)["srch leaf"])
	f.Fuzz(func(t *testing.T, data []byte) {
		block := make([]byte, format.LargeBlockSize)
		copy(block, data)
		b, err := format.ViewSrchBlock(block)
		if err != nil {
			t.Fatal(err)
		}
		entries, err := surgery.SrchEntries(b)
		if err != nil {
			return
		}
		if err := surgery.SetSrchEntries(b, entries); err != nil {
			t.Fatal(err)
		}
		again, err := surgery.SrchEntries(b)
		if err != nil || len(again) != len(entries) {
			t.Fatalf("%d entries became %d: %v", len(entries), len(again), err)
		}
	})
}
