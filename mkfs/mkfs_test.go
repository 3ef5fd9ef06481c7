// SPDX-License-Identifier: GPL-2.0-or-later

package mkfs_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testcheck"
	"scoutfs/mkfs"
)

// goldenOptions are those of the reference's golden values.
func goldenOptions() mkfs.Options {
	return mkfs.Options{
		Identity:   mkfs.Identity{FSID: 0x1122334455667788, Created: time.Unix(0, 0)},
		Slots:      slots("0 127.0.0.1:12345"),
		AllowSmall: true,
	}
}

// slots reads "NR ADDR:PORT" each.
func slots(texts ...string) format.QuorumAddrs {
	var a format.QuorumAddrs
	for _, text := range texts {
		var nr int
		var addr string
		if _, err := fmt.Sscan(text, &nr, &addr); err != nil {
			panic(err)
		}
		a[nr] = netip.MustParseAddrPort(addr)
	}
	return a
}

func memoryPair(metaSize, dataSize int64) device.Pair {
	return device.Pair{Meta: device.NewMemory("meta", metaSize), Data: device.NewMemory("data", dataSize)}
}

// make plans and writes a volume on the whole of both devices.
func makeVolume(t testing.TB, pair device.Pair, opts mkfs.Options) *mkfs.Plan {
	t.Helper()
	plan, err := mkfs.NewPlan(opts, uint64(pair.Meta.Size()), uint64(pair.Data.Size()))
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Write(t.Context(), pair, mkfs.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	return plan
}

func readBlock(t testing.TB, dev device.Device, blkno uint64, size int) []byte {
	t.Helper()
	block := make([]byte, size)
	if _, err := dev.ReadAt(block, int64(blkno)*int64(size)); err != nil {
		t.Fatal(err)
	}
	return block
}

func readSuper(t testing.TB, dev device.Device) *format.Super {
	t.Helper()
	block := readBlock(t, dev, format.SuperBlkno, format.SmallBlockSize)
	if err := format.VerifyBlock(block, format.Want{Magic: format.MagicSuper, Blkno: format.SuperBlkno, AnySeq: true}); err != nil {
		t.Fatal(err)
	}
	super, err := format.View[format.Super](block)
	if err != nil {
		t.Fatal(err)
	}
	return super
}

// The sums are those of upstream's blocks (docs/format.md appendix A), and
// each covers every byte of its block.
func TestBlocksAreUpstreams(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		block  string
		data   bool
		blkno  uint64
		size   int
		v1, v2 uint32
	}{
		{"meta super", false, 16, format.SmallBlockSize, 0xa3d9c2db, 0x6d272505},
		{"data super", true, 16, format.SmallBlockSize, 0x251c0079, 0xebe2e7a7},
		{"quorum slot 0", false, 17, format.SmallBlockSize, 0x9d0323ce, 0x9d0323ce},
		{"quorum slot 14", false, 31, format.SmallBlockSize, 0x50945a7c, 0x50945a7c},
		{"fs_root", false, 2, format.LargeBlockSize, 0x4ba55087, 0xd2855e0f},
		{"server_meta_avail", false, 3, format.LargeBlockSize, 0x67a229e3, 0x67a229e3},
		{"data_alloc", false, 1028, format.LargeBlockSize, 0x98dc9a0b, 0x98dc9a0b},
		{"meta_alloc 0", false, 1029, format.LargeBlockSize, 0x842da92a, 0x842da92a},
		{"meta_alloc 1", false, 1030, format.LargeBlockSize, 0x9e0f4788, 0x9e0f4788},
	} {
		for version, want := range map[uint64]uint32{1: test.v1, 2: test.v2} {
			t.Run(fmt.Sprintf("%s v%d", test.block, version), func(t *testing.T) {
				t.Parallel()
				pair := memoryPair(1<<30, 2<<30)
				opts := goldenOptions()
				opts.FormatVersion = version
				makeVolume(t, pair, opts)
				dev := pair.Meta
				if test.data {
					dev = pair.Data
				}
				block := readBlock(t, dev, test.blkno, test.size)
				if sum := format.BlockCRC(block); sum != want {
					t.Errorf("bytes have crc %08x, upstream's %08x", sum, want)
				}
				hdr, err := format.View[format.BlockHeader](block)
				if err != nil {
					t.Fatal(err)
				}
				if got := hdr.CRC.Get(); got != want {
					t.Errorf("stored crc %08x, upstream's %08x", got, want)
				}
			})
		}
	}
}

func TestDefaultVersionIsNewest(t *testing.T) {
	t.Parallel()
	pair := memoryPair(1<<30, 1<<30)
	makeVolume(t, pair, goldenOptions())
	if got := readSuper(t, pair.Meta).FmtVers.Get(); got != format.MaxVersion {
		t.Errorf("version %d, want %d", got, format.MaxVersion)
	}
}

// Every block of both devices has one owner, whatever the sizes.
func TestSpaceIsAccountedFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ metaBlocks, dataBlocks int64 }{
		{1033, 65}, {1034, 66}, {1035, 100}, {16384, 524288}, {16385, 524289}, {160 << 20, 2560 << 20},
	} {
		t.Run(fmt.Sprintf("%d meta %d data", test.metaBlocks, test.dataBlocks), func(t *testing.T) {
			t.Parallel()
			// The odd bytes at the end of each device are not a block.
			pair := memoryPair(test.metaBlocks<<16+65535, test.dataBlocks<<12+4095)
			makeVolume(t, pair, goldenOptions())
			super := readSuper(t, pair.Meta)
			if got := super.TotalMetaBlocks.Get(); got != uint64(test.metaBlocks) {
				t.Errorf("total_meta_blocks %d, want %d", got, test.metaBlocks)
			}
			if got := super.TotalDataBlocks.Get(); got != uint64(test.dataBlocks) {
				t.Errorf("total_data_blocks %d, want %d", got, test.dataBlocks)
			}

			owned := map[uint64]uint64{0: 2, 2: 1, 3: 1, 4: 1024, 1028: 1, 1029: 1, 1030: 1} // start to length
			for i := range super.MetaAlloc {
				e := freeExtent(t, pair.Meta, &super.MetaAlloc[i])
				owned[e.Start] = e.Len
			}
			next := uint64(0)
			for next < uint64(test.metaBlocks) {
				n, ok := owned[next]
				if !ok || n == 0 {
					t.Fatalf("nobody owns meta block %d", next)
				}
				next += n
			}
			if next != uint64(test.metaBlocks) {
				t.Errorf("meta blocks up to %d are owned, of %d", next, test.metaBlocks)
			}
			e := freeExtent(t, pair.Meta, &super.DataAlloc)
			if e.Start != 64 || e.Start+e.Len != uint64(test.dataBlocks) {
				t.Errorf("free data is %d blocks at %d, want up to %d", e.Len, e.Start, test.dataBlocks)
			}
			if test.metaBlocks < 1<<20 { // a check keeps four bits for each
				testcheck.Clean(t, pair)
			}
		})
	}
}

// freeExtent returns the extent in a tree of one, checking that both its
// items and the root agree.
func freeExtent(t *testing.T, dev device.Device, root *format.AllocRoot) format.Extent {
	t.Helper()
	ref := root.Root.Ref.Ref()
	raw := readBlock(t, dev, ref.Blkno, format.LargeBlockSize)
	err := format.VerifyBlock(raw, format.Want{Magic: format.MagicBtree, FSID: 0x1122334455667788, Blkno: ref.Blkno, Seq: ref.Seq})
	if err != nil {
		t.Fatal(err)
	}
	block, err := format.ViewBtreeBlock(raw)
	if err != nil {
		t.Fatal(err)
	}
	if block.NrItems() != 2 {
		t.Fatalf("%d items in an extent tree", block.NrItems())
	}
	byBlkno, ok1 := block.Item(0).Key.Key().FreeExtent()
	byOrder, ok2 := block.Item(1).Key.Key().FreeExtent()
	if !ok1 || !ok2 || byBlkno != byOrder {
		t.Fatalf("items name different extents %v and %v", byBlkno, byOrder)
	}
	if root.TotalLen.Get() != byBlkno.Len {
		t.Fatalf("root says %d blocks, tree holds %d", root.TotalLen.Get(), byBlkno.Len)
	}
	return byBlkno
}

func TestOptionsReachTheSupers(t *testing.T) {
	t.Parallel()
	pair := memoryPair(1<<30, 8<<30)
	opts := goldenOptions()
	opts.UUID = uuid.MustParse("00112233-4455-6677-8899-aabbccddeeff")
	opts.Slots = slots("2 10.0.0.1:1", "14 255.1.2.3:65534")
	opts.MaxMetaSize = 100<<20 + 5
	opts.MaxDataSize = 7<<30 + 5
	opts.DataAllocZoneBlocks = 1 << 20
	makeVolume(t, pair, opts)
	testcheck.Clean(t, pair)
	for name, dev := range map[string]device.Device{"meta": pair.Meta, "data": pair.Data} {
		super := readSuper(t, dev)
		if super.IsMeta() != (name == "meta") {
			t.Errorf("%s: meta flag is %v", name, super.IsMeta())
		}
		if super.UUIDString() != opts.UUID.String() {
			t.Errorf("%s: uuid %s", name, super.UUIDString())
		}
		if super.Qconf.Addrs() != opts.Slots || super.Qconf.Version.Get() != 1 {
			t.Errorf("%s: slots %v version %d", name, super.Qconf.Addrs(), super.Qconf.Version.Get())
		}
		if super.TotalMetaBlocks.Get() != 1600 || super.TotalDataBlocks.Get() != 7<<18 {
			t.Errorf("%s: %d meta and %d data blocks", name, super.TotalMetaBlocks.Get(), super.TotalDataBlocks.Get())
		}
		if super.Volopt.SetBits.Get() != 1 || super.Volopt.DataAllocZoneBlocks.Get() != 1<<20 {
			t.Errorf("%s: zone option %d, %d blocks", name, super.Volopt.SetBits.Get(), super.Volopt.DataAllocZoneBlocks.Get())
		}
	}
}
