// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"scoutfs/engine/format"
)

// unhex decodes hexadecimal digits, ignoring white space.
func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCRCMatchesGoldenValues(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]uint32{
		"":          0xffffffff,
		"a":         0x3e2fbccf,
		"123456789": 0x1cf96d7c,
	} {
		if got := format.CRC([]byte(in)); got != want {
			t.Errorf("CRC(%q) = %08x, want %08x", in, got, want)
		}
	}
}

func TestBlockCRCMatchesGoldenValues(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		size  int
		magic uint32
		fsid  uint64
		seq   uint64
		blkno uint64
		want  uint32
	}{
		{"4 KiB of zeros", 4096, 0, 0, 0, 0, 0x58cda791},
		{"64 KiB of zeros", 65536, 0, 0, 0, 0, 0xe8a56956},
		{"quorum block", 4096, format.MagicQuorum, 0x1122334455667788, 1, 17, 0x9d0323ce},
		{"quorum block of the last slot", 4096, format.MagicQuorum, 0x1122334455667788, 1, 31, 0x50945a7c},
		{"btree block", 65536, format.MagicBtree, 0x1122334455667788, 1, 2, 0x96fb78b1},
		{"super block", 4096, format.MagicSuper, 0x1122334455667788, 1, 16, 0x907ba159},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			block := make([]byte, test.size)
			hdr, err := format.View[format.BlockHeader](block)
			if err != nil {
				t.Fatal(err)
			}
			hdr.Magic.Set(test.magic)
			hdr.FSID.Set(test.fsid)
			hdr.Seq.Set(test.seq)
			hdr.Blkno.Set(test.blkno)
			hdr.CRC.Set(0xdeadbeef) // not covered
			if got := format.BlockCRC(block); got != test.want {
				t.Errorf("BlockCRC = %08x, want %08x", got, test.want)
			}
			format.Seal(block)
			if got := hdr.CRC.Get(); got != test.want {
				t.Errorf("Seal stored %08x, want %08x", got, test.want)
			}
		})
	}
}

func TestHashesMatchGoldenValues(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in  string
		h32 uint32
		h64 uint64
	}{
		{"", 0x811c9dc5, 0xcbf29ce484222325},
		{"a", 0xe40c292c, 0xaf63dc4c8601ec8c},
		{strings.Repeat("\x00", 32), 0x0b2ae445, 0x0c8210784d8af5a5},
	} {
		if got := format.Hash32(test.in); got != test.h32 {
			t.Errorf("Hash32(%q) = %08x, want %08x", test.in, got, test.h32)
		}
		if got := format.Hash64([]byte(test.in)); got != test.h64 {
			t.Errorf("Hash64(%q) = %016x, want %016x", test.in, got, test.h64)
		}
	}
}

func TestDirentNameHashMatchesGoldenValues(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]uint64{
		"a":                      0x61000000e40c292c,
		"foo":                    0x666f6f00a9f37ed7,
		"file.txt":               0x566474640bc16a85,
		"lost+found":             0x67547574a3603574,
		"hello-world.txt":        0x171f7e13988dd0a8,
		"\xc3\xa9":               0xc3a900001e9de8c1,
		strings.Repeat("x", 255): 0x0f0f0f0f6318963f,
	} {
		if got := format.DirentNameHash(name); got != want {
			t.Errorf("DirentNameHash(%q) = %016x, want %016x", name, got, want)
		}
		if got := format.DirentNameHash([]byte(name)); got != want {
			t.Errorf("DirentNameHash(bytes of %q) = %016x, want %016x", name, got, want)
		}
	}
}

func TestXattrHashesMatchGoldenValues(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		xattr uint64
		srch  uint64
	}{
		{"user.a", 0x8ef14919, 0xf84162aa75418a8f},
		{"user.test", 0xf21778d1, 0x9dda95d0cb1dd6b0},
		{"security.selinux", 0x118241bd, 0x6853fe6533e196f3},
		{"system.posix_acl_access", 0x0cad41c7, 0x0cea5bb44587e165},
		{"scoutfs.srch.tag", 0x9d99d63b, 0x5c3ed93b9a431d74},
		{"scoutfs.hide.srch.foo", 0x31fbe68d, 0x2769ae58c8268f7a},
	} {
		if got := format.XattrNameHash(test.name); got != test.xattr {
			t.Errorf("XattrNameHash(%q) = %08x, want %08x", test.name, got, test.xattr)
		}
		if got := format.SrchHash([]byte(test.name)); got != test.srch {
			t.Errorf("SrchHash(%q) = %016x, want %016x", test.name, got, test.srch)
		}
	}
}

func TestKeyHashesMatchGoldenValues(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		key    format.Key
		text   string
		bytes  string
		hash32 uint32
		bucket int
		hash64 uint64
		bits   [3]uint32
	}{
		{
			format.InodeIndexKey(format.TypeMetaSeq, 0, 1), "4.0.4.0.1.0",
			"00000000000000000000000000000000 0100000000000000 00 04 04 0000000000",
			0xf6d1cdfc, 252, 0x1a939d52aaedaadc,
			[3]uint32{25628, 289309, 155317},
		},
		{
			format.InodeKey(1), "16.1.4.0.0.0",
			"0100000000000000 00000000000000000000000000000000 00 10 04 0000000000",
			0x1aacbf90, 1040, 0xe9f7856b100ac9f0,
			[3]uint32{346928, 197249, 28757},
		},
		{
			format.FreeBlknoKey(format.Extent{Start: 1031, Len: 7677}), "36.8707.0.7677.0.0",
			"0322000000000000 fd1d000000000000 0000000000000000 00 24 00 0000000000",
			0x862ce7ba, 58, 0x2cb3e21f72c46f7a,
			[3]uint32{},
		},
		{
			format.FreeOrderKey(format.Extent{Start: 1031, Len: 7677}), "40.18446744073709551611.0.8707.7677.0",
			"fbffffffffffffff 0322000000000000 fd1d000000000000 00 28 00 0000000000",
			0x22e66f7a, 626, 0xf22875eb5891d33a,
			[3]uint32{},
		},
		{
			format.Key{Zone: 16},
			"16.0.0.0.0.0",
			"000000000000000000000000000000000000000000000000 00 10 00 0000000000",
			0xc5d51495, 117, 0xb75a57d3304dc7f5,
			[3]uint32{349301, 400905, 383775},
		},
		{
			format.Key{Zone: 16, First: 1024},
			"16.1024.0.0.0.0",
			"0004000000000000 00000000000000000000000000000000 00 10 00 0000000000",
			0x451a5c29, 705, 0xe68ce6e805057c09,
			[3]uint32{410633, 362016, 181083},
		},
		{
			format.OrphanKey(0), "8.0.4.0.0.0",
			"000000000000000000000000000000000000000000000000 00 08 04 0000000000",
			0x77281c89, 945, 0x6f94a35a072545e9,
			[3]uint32{418537, 160996, 431949},
		},
		{
			format.TotlKey(0, 0, 0), "12.0.0.0.0.0",
			"000000000000000000000000000000000000000000000000 00 0c 00 0000000000",
			0x972a8881, 1433, 0xcca445fc779d1361,
			[3]uint32{509345, 323443, 200855},
		},
		{
			format.IndxKey(format.XattrIndx{}), "14.0.0.0.0.0",
			"000000000000000000000000000000000000000000000000 00 0e 00 0000000000",
			0x2e7fce8b, 899, 0x41ff4ee7d3f56dab,
			[3]uint32{430123, 100990, 9851},
		},
		{
			format.Key{Zone: 10},
			"10.0.0.0.0.0",
			"000000000000000000000000000000000000000000000000 00 0a 00 0000000000",
			0xffd54277, 455, 0x57493d111b44b917,
			[3]uint32{64599, 21928, 350900},
		},
		{
			format.InodeIndexKey(format.TypeMetaSeq, 0, 0), "4.0.4.0.0.0",
			"000000000000000000000000000000000000000000000000 00 04 04 0000000000",
			0x2b2d503d, 1333, 0x6991b31abe02c31d,
			[3]uint32{30749, 251904, 427980},
		},
		{
			format.InodeIndexKey(format.TypeDataSeq, 1024, 0), "4.0.8.1024.0.0",
			"0000000000000000 0004000000000000 0000000000000000 00 04 08 0000000000",
			0x495c517d, 797, 0x59070165673bc8dd,
			[3]uint32{257053, 505895, 283397},
		},
	} {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			if got := test.key.String(); got != test.text {
				t.Errorf("String = %s", got)
			}
			var d format.DiskKey
			d.Set(test.key)
			if got, want := hex.EncodeToString(format.Bytes(&d)), hex.EncodeToString(unhex(t, test.bytes)); got != want {
				t.Errorf("bytes are %s, want %s", got, want)
			}
			if got := d.Key(); got != test.key {
				t.Errorf("read back as %s", got)
			}
			if got := format.Hash32(format.Bytes(&d)); got != test.hash32 {
				t.Errorf("hash32 is %08x, want %08x", got, test.hash32)
			}
			if got := format.Hash64(format.Bytes(&d)); got != test.hash64 {
				t.Errorf("hash64 is %016x, want %016x", got, test.hash64)
			}
			if got := format.LeafHashBucket(test.key); got != test.bucket {
				t.Errorf("bucket is %d, want %d", got, test.bucket)
			}
			if got := format.BloomBitsOf(test.key); test.bits != [3]uint32{} && got != test.bits {
				t.Errorf("bloom bits are %d, want %d", got, test.bits)
			}
		})
	}
}

func TestIndxKeyPacksItsFields(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		indx format.XattrIndx
		key  format.Key
	}{
		{
			format.XattrIndx{Major: 1, Minor: 2, Ino: 3, ID: 4},
			format.Key{Zone: 14, First: 0x0100000000000000, Second: 0x0200000000000000, Third: 0x0300000000000000, Fourth: 4},
		},
		{
			format.XattrIndx{Major: 255, Minor: 0x0123456789abcdef, Ino: 0x1122334455667788, ID: 0x99aabbccddeeff00},
			format.Key{Zone: 14, First: 0xff0123456789abcd, Second: 0xef11223344556677, Third: 0x8899aabbccddeeff, Fourth: 0},
		},
	} {
		if got := format.IndxKey(test.indx); got != test.key {
			t.Errorf("IndxKey(%+v) = %+v, want %+v", test.indx, got, test.key)
		}
		if got := test.key.Indx(); got != test.indx {
			t.Errorf("Indx of %s = %+v, want %+v", test.key, got, test.indx)
		}
	}
}

func TestFreeOrderMatchesGoldenValues(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ low, high, order uint64 }{
		{1, 7, 0},
		{8, 63, 1},
		{64, 511, 2},
		{512, 4095, 3},
		{4096, 32767, 4},
		{32768, 262143, 5},
		{262144, 2097151, 6},
		{1 << 51, 1<<52 - 1, 17},
		{0, 0, 0},
		{1 << 63, math.MaxUint64, 21},
	} {
		for _, n := range []uint64{test.low, test.high} {
			if got := format.FreeOrder(n); got != test.order {
				t.Errorf("FreeOrder(%d) = %d, want %d", n, got, test.order)
			}
		}
	}
}

func TestQuotaRuleHashMatchesGoldenValues(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		bytes string
		set   func(*format.QuotaRule)
		hash  uint64
	}{
		{"zero", strings.Repeat("00", 48), func(*format.QuotaRule) {}, 0xa09d945a1cd8d6e5},
		{
			"three literals", `0100000000000000 0200000000000000 0300000000000000 6400000000000000
				01 00 01 000000 000000 00000000000000`,
			func(r *format.QuotaRule) {
				for i := range r.NameVal {
					r.NameVal[i].Set(uint64(i + 1))
				}
				r.Limit.Set(100)
				r.Prio, r.Op, r.RuleFlags = 1, format.QuotaOpInode, format.QuotaRuleTotlCount
			}, 0x263784ece3097cd9,
		},
		{
			"one user", `0a00000000000000 e803000000000000 0000000000000000 0000100000000000
				07 01 00 000203 000100 00000000000000`,
			func(r *format.QuotaRule) {
				r.NameVal[0].Set(10)
				r.NameVal[1].Set(1000)
				r.Limit.Set(1 << 20)
				r.Prio, r.Op = 7, format.QuotaOpData
				r.NameSource = [3]byte{format.QuotaSourceLiteral, format.QuotaSourceUID, format.QuotaSourceGID}
				r.NameFlags[1] = format.QuotaNameSelect
			}, 0x06cb3d8da5716a46,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var r format.QuotaRule
			test.set(&r)
			if got, want := hex.EncodeToString(format.Bytes(&r)), hex.EncodeToString(unhex(t, test.bytes)); got != want {
				t.Errorf("bytes are %s, want %s", got, want)
			}
			if got := r.Hash(); got != test.hash {
				t.Errorf("hash is %016x, want %016x", got, test.hash)
			}
			r.Pad[6] = 1
			if got := r.Hash(); got != test.hash {
				t.Errorf("hash with a pad is %016x, want %016x", got, test.hash)
			}
		})
	}
}

func TestInetAddrIsStoredInHostOrder(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:12345": "0100 3930 0100007f",
		"10.0.0.1:1":      "0100 0100 0100000a",
	} {
		a := addrs(map[int]string{0: addr})
		var stored format.InetAddr
		stored.SetIPv4(a[0])
		if got := format.Bytes(&stored); string(got) != string(append(unhex(t, want), make([]byte, 24)...)) {
			t.Errorf("%s is stored as %x", addr, got)
		}
	}
}
