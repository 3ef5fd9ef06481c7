// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"errors"
	"syscall"
	"testing"

	"scoutfs/engine/format"
)

func sealedBlock(t *testing.T, size int, magic uint32, fsid, blkno, seq uint64) []byte {
	t.Helper()
	block := make([]byte, size)
	hdr, err := format.View[format.BlockHeader](block)
	if err != nil {
		t.Fatal(err)
	}
	hdr.Magic.Set(magic)
	hdr.FSID.Set(fsid)
	hdr.Blkno.Set(blkno)
	hdr.Seq.Set(seq)
	format.Seal(block)
	return block
}

func TestVerifyBlockNamesTheFirstWrongField(t *testing.T) {
	t.Parallel()
	const fsid, blkno, seq = 0x1122334455667788, 2, 1 // of a golden block
	btree := format.Want{Magic: format.MagicBtree, FSID: fsid, Blkno: blkno, Seq: seq}
	with := func(change func(*format.Want)) format.Want {
		w := btree
		change(&w)
		return w
	}
	for _, test := range []struct {
		name string
		want format.Want
		size int
		harm bool // change the crc after sealing
		err  string
	}{
		{"right", btree, 65536, false, ""},
		{"any fsid", with(func(w *format.Want) { w.FSID = 0 }), 65536, false, ""},
		{"any seq", with(func(w *format.Want) { w.Seq, w.AnySeq = 3, true }), 65536, false, ""},
		{"a small block", btree, 4096, false, "corrupt btree block at meta blkno 2: length is 4096, expected 65536"},
		{"no block", btree, 32, false, "corrupt btree block at meta blkno 2: length is 32, expected 65536"},
		{"damaged", btree, 65536, true, "corrupt btree block at meta blkno 2: crc is 96fb78b0, expected 96fb78b1"},
		{
			"damaged and all fields wrong",
			format.Want{Magic: format.MagicBloom, FSID: 1, Blkno: 5, Seq: 3},
			65536, true,
			"corrupt bloom block at meta blkno 5: crc is 96fb78b0, expected 96fb78b1",
		},
		{
			"all fields wrong",
			format.Want{Magic: format.MagicBloom, FSID: 1, Blkno: 5, Seq: 3},
			65536, false,
			"corrupt bloom block at meta blkno 5: magic is e597f96d (btree block), expected 31995604",
		},
		{
			"all but magic",
			format.Want{Magic: format.MagicBtree, FSID: 1, Blkno: 5, Seq: 3},
			65536, false,
			"corrupt btree block at meta blkno 5: fsid is 1122334455667788, expected 0000000000000001",
		},
		{
			"blkno and seq",
			format.Want{Magic: format.MagicBtree, FSID: fsid, Blkno: 5, Seq: 3},
			65536, false,
			"corrupt btree block at meta blkno 5: blkno is 2, expected 5",
		},
		{
			"seq", with(func(w *format.Want) { w.Seq = 3 }), 65536, false,
			"corrupt btree block at meta blkno 2: seq is 1, expected 3",
		},
		{
			"super",
			format.Want{Magic: format.MagicSuper, Blkno: 16, AnySeq: true},
			4096, false,
			"corrupt super block at blkno 16: magic is e597f96d (btree block), expected 103c428b",
		},
		{
			"unknown magic",
			format.Want{Magic: 5, Blkno: 16},
			4096, false,
			"corrupt block at meta blkno 16: magic is e597f96d (btree block), expected 00000005",
		},
		{"less than a header", format.Want{Magic: 5}, 0, false, "corrupt block at meta blkno 0: length is 0, expected 32"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var block []byte
			if test.size > 0 {
				block = sealedBlock(t, test.size, format.MagicBtree, fsid, blkno, seq)
			}
			if test.harm {
				block[0] ^= 1
			}
			err := format.VerifyBlock(block, test.want)
			if test.err == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || err.Error() != test.err {
				t.Errorf("error %v, want %s", err, test.err)
			}
			if !errors.Is(err, syscall.EIO) {
				t.Error("the error is not EIO")
			}
		})
	}
}

// A magic that no block has is shown without a name.
func TestVerifyBlockShowsUnknownMagic(t *testing.T) {
	t.Parallel()
	block := sealedBlock(t, 4096, 0xabc, 1, 16, 1)
	err := format.VerifyBlock(block, format.Want{Magic: format.MagicSuper, Blkno: 16})
	if want := "corrupt super block at blkno 16: magic is 00000abc, expected 103c428b"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestEveryByteOfABlockIsCovered(t *testing.T) {
	t.Parallel()
	block := sealedBlock(t, 4096, format.MagicQuorum, 1, 17, 1)
	want := format.Want{Magic: format.MagicQuorum, FSID: 1, Blkno: 17, Seq: 1}
	for i := range block {
		block[i] ^= 0x10
		if err := format.VerifyBlock(block, want); err == nil {
			t.Errorf("byte %d may change", i)
		}
		block[i] ^= 0x10
	}
	if err := format.VerifyBlock(block, want); err != nil {
		t.Error(err)
	}
}

func TestBlockKinds(t *testing.T) {
	t.Parallel()
	for magic, want := range map[uint32]struct {
		name string
		size int
	}{
		0x103c428b: {"super block", 4096},
		0xbc310868: {"quorum block", 4096},
		0xe597f96d: {"btree block", 65536},
		0x8a93ac83: {"alloc list block", 65536},
		0x31995604: {"bloom block", 65536},
		0x897e4a7d: {"srch block", 65536},
		0xb23a2a05: {"srch parent block", 65536},
		0:          {"", 0},
	} {
		if name, size := format.MagicName(magic), format.BlockSize(magic); name != want.name || size != want.size {
			t.Errorf("%08x is %q of %d bytes, want %q of %d", magic, name, size, want.name, want.size)
		}
	}
}

func TestShortBytesAreNoBlock(t *testing.T) {
	t.Parallel()
	if got := format.BlockCRC(make([]byte, 31)); got != 0 {
		t.Errorf("crc of 31 bytes is %x", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("sealing 31 bytes did not panic")
		}
	}()
	format.Seal(make([]byte, 31))
}

func TestViewsCheckTheLength(t *testing.T) {
	t.Parallel()
	err := func(_ any, err error) error { return err }
	for _, test := range []struct {
		got  error
		want string
	}{
		{err(format.View[format.BlockRef](make([]byte, 16))), ""},
		{err(format.View[format.BlockRef](make([]byte, 17))), ""},
		{err(format.View[format.BlockRef](make([]byte, 15))), "corrupt block ref: length is 15 bytes, expected 16 bytes"},
		{err(format.View[format.BlockRef](nil)), "corrupt block ref: length is 0 bytes, expected 16 bytes"},
		{err(format.ViewExact[format.XattrTotal](make([]byte, 16))), ""},
		{err(format.ViewExact[format.XattrTotal](make([]byte, 15))), "corrupt xattr total: length is 15 bytes, expected 16 bytes"},
		{err(format.ViewExact[format.XattrTotal](make([]byte, 17))), "corrupt xattr total: length is 17 bytes, expected 16 bytes"},
		{err(format.ViewBtreeBlock(make([]byte, 65536))), ""},
		{err(format.ViewBtreeBlock(make([]byte, 65535))), "corrupt btree block: length is 65535 bytes, expected 65536 bytes"},
		{err(format.ViewBtreeBlock(make([]byte, 65537))), "corrupt btree block: length is 65537 bytes, expected 65536 bytes"},
		{err(format.ViewAllocListBlock(make([]byte, 65536))), ""},
		{err(format.ViewAllocListBlock(nil)), "corrupt alloc list block: length is 0 bytes, expected 65536 bytes"},
		{err(format.ViewBloomBlock(make([]byte, 65536))), ""},
		{err(format.ViewBloomBlock(nil)), "corrupt bloom block: length is 0 bytes, expected 65536 bytes"},
		{err(format.ViewSrchBlock(make([]byte, 65536))), ""},
		{err(format.ViewSrchBlock(nil)), "corrupt srch block: length is 0 bytes, expected 65536 bytes"},
		{err(format.ViewSrchParent(make([]byte, 65536))), ""},
		{err(format.ViewSrchParent(nil)), "corrupt srch parent: length is 0 bytes, expected 65536 bytes"},
	} {
		text := ""
		if test.got != nil {
			text = test.got.Error()
			if !errors.Is(test.got, syscall.EIO) {
				t.Errorf("%v is not EIO", test.got)
			}
		}
		if text != test.want {
			t.Errorf("error %q, want %q", text, test.want)
		}
	}
}

func TestViewsShareTheBytes(t *testing.T) {
	t.Parallel()
	b := make([]byte, 40)
	hdr, err := format.View[format.BlockHeader](b)
	if err != nil {
		t.Fatal(err)
	}
	hdr.Seq.Set(0x0102030405060708)
	if got := string(b[16:24]); got != "\x08\x07\x06\x05\x04\x03\x02\x01" {
		t.Errorf("seq is stored as %x", got)
	}
	b[4] = 0x8b
	if hdr.Magic.Get() != 0x8b {
		t.Error("a change of the bytes does not show")
	}
	if got := format.Bytes(hdr); len(got) != 32 || &got[0] != &b[0] {
		t.Errorf("Bytes returned other bytes")
	}
}

func TestCorruptErrorText(t *testing.T) {
	t.Parallel()
	whole := &format.CorruptError{
		Structure: "dirent", Place: "item 16.1.12.5.2.0", Field: "name length",
		Found: "0", Expected: "1 to 255", Source: format.SourceDirentNameLen,
	}
	for _, test := range []struct {
		err  *format.CorruptError
		want string
	}{
		{whole, "corrupt dirent at item 16.1.12.5.2.0: name length is 0, expected 1 to 255 (SC_DIRENT_NAME_LEN)"},
		{whole.At("item %s", format.InodeKey(1)), "corrupt dirent at item 16.1.4.0.0.0: name length is 0, expected 1 to 255 (SC_DIRENT_NAME_LEN)"},
		{&format.CorruptError{Structure: "inode"}, "corrupt inode"},
		{&format.CorruptError{Structure: "inode", Field: "size"}, "corrupt inode: size"},
		{&format.CorruptError{Structure: "inode", Found: "missing"}, "corrupt inode: is missing"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
	if whole.Place != "item 16.1.12.5.2.0" {
		t.Error("At changed its receiver")
	}
}

func TestRefs(t *testing.T) {
	t.Parallel()
	var stored format.BtreeRoot
	stored.Pad[3] = 1
	root := format.Root{Ref: format.Ref{Blkno: 5, Seq: 6}, Height: 2}
	stored.Set(root)
	if got := stored.Root(); got != root {
		t.Errorf("stored %v, read %v", root, got)
	}
	if stored.Pad != [7]byte{} {
		t.Error("the pad is not zero")
	}
	if root.Ref.IsZero() || !(format.Ref{Seq: 1}).IsZero() {
		t.Error("IsZero is wrong")
	}
	if got := root.Ref.String(); got != "meta blkno 5 seq 6" {
		t.Errorf("String is %s", got)
	}
}
