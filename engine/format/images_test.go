// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"bytes"
	"errors"
	"io"
	"math/bits"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
	"scoutfs/internal/testimage"
)

// Every block that upstream ever wrote to its volumes, those that were freed
// since included, must pass every decoder, and what we would write in its
// place must be the same bytes.
func TestStructuresOfUpstreamsVolumes(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Parallel()
		checkVolume(t, img.Meta)
	})
}

func checkVolume(t *testing.T, path string) {
	device, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	read := func(off int64, size int) []byte {
		b := make([]byte, size)
		if _, err := device.ReadAt(b, off); err != nil {
			t.Fatal(err)
		}
		return b
	}

	block := read(format.SuperBlkno<<format.SmallBlockShift, format.SmallBlockSize)
	if err := format.VerifyBlock(block, format.Want{Magic: format.MagicSuper, Blkno: format.SuperBlkno, AnySeq: true}); err != nil {
		t.Fatal(err)
	}
	super, err := format.View[format.Super](block)
	if err != nil {
		t.Fatal(err)
	}
	fsid := super.Hdr.FSID.Get()
	if slots := super.Qconf.Addrs(); !super.IsMeta() || !super.VersionSupported() || slots.Check() != nil || slots.CheckMountable() != nil {
		t.Errorf("meta %t, version %d, slots %v", super.IsMeta(), super.FmtVers.Get(), slots)
	}
	for slot := range uint64(format.QuorumSlots) {
		blkno := format.QuorumBlkno + slot
		err := format.VerifyBlock(read(int64(blkno)<<format.SmallBlockShift, format.SmallBlockSize),
			format.Want{Magic: format.MagicQuorum, FSID: fsid, Blkno: blkno, AnySeq: true})
		if err != nil {
			t.Error(err)
		}
	}

	blocks := map[uint32]int{}
	for blkno := uint64(format.FirstMetaBlkno); ; blkno++ {
		data, err := unix.Seek(int(device.Fd()), int64(blkno)<<format.LargeBlockShift, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		blkno = uint64(data) >> format.LargeBlockShift
		if blkno >= super.TotalMetaBlocks.Get() {
			break
		}
		block := make([]byte, format.LargeBlockSize)
		if _, err := device.ReadAt(block, int64(blkno)<<format.LargeBlockShift); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		hdr, err := format.View[format.BlockHeader](block)
		if err != nil {
			t.Fatal(err)
		}
		magic := hdr.Magic.Get()
		if format.BlockSize(magic) == 0 {
			continue // never written
		}
		if err := format.VerifyBlock(block, format.Want{Magic: magic, FSID: fsid, Blkno: blkno, AnySeq: true}); err != nil {
			t.Error(err)
			continue
		}
		blocks[magic]++
		checkUpstreamBlock(t, blkno, magic, block)
	}
	if blocks[format.MagicBtree] < 4 || blocks[format.MagicAllocList] < 1 {
		t.Errorf("found only %d btree blocks and %d alloc list blocks", blocks[format.MagicBtree], blocks[format.MagicAllocList])
	}
}

func checkUpstreamBlock(t *testing.T, blkno uint64, magic uint32, block []byte) {
	switch magic {
	case format.MagicBtree:
		b, err := format.ViewBtreeBlock(block)
		if err != nil {
			t.Fatal(err)
		}
		checkUpstreamBtree(t, blkno, b)
	case format.MagicAllocList:
		b, err := format.ViewAllocListBlock(block)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := b.Entries(); !ok {
			t.Errorf("block %d: entries are outside the list", blkno)
		}
	case format.MagicBloom:
		b, err := format.ViewBloomBlock(block)
		if err != nil {
			t.Fatal(err)
		}
		set := 0
		for _, x := range b.Bits {
			set += bits.OnesCount8(x)
		}
		if want := int(b.TotalSet.Get()); set != want {
			t.Errorf("block %d: %d bloom bits are set, want %d", blkno, set, want)
		}
	case format.MagicSrchBlock:
		b, err := format.ViewSrchBlock(block)
		if err != nil {
			t.Fatal(err)
		}
		checkUpstreamSrch(t, blkno, b)
	}
}

// checkUpstreamSrch decodes a search block's entries and encodes them again.
func checkUpstreamSrch(t *testing.T, blkno uint64, b *format.SrchBlock) {
	encoded := b.Data[:b.EntryBytes.Get()]
	var again []byte
	var prev format.SrchEntry
	nr := 0
	for rest := encoded; len(rest) > 0; nr++ {
		e, n, ok := format.DecodeSrchEntry(rest, prev)
		if !ok {
			t.Errorf("block %d: entry %d is cut short", blkno, nr)
			return
		}
		again = format.AppendSrchEntry(again, prev, e)
		prev, rest = e, rest[n:]
	}
	if nr != int(b.EntryNr.Get()) || prev != b.Tail.Entry() {
		t.Errorf("block %d: %d entries to %v, want %d to %v", blkno, nr, prev, b.EntryNr.Get(), b.Tail.Entry())
	}
	if !bytes.Equal(again, encoded) {
		t.Errorf("block %d: the entries are encoded differently", blkno)
	}
}

func checkUpstreamBtree(t *testing.T, blkno uint64, b *format.BtreeBlock) {
	total, hashed := 0, 0
	for i := range b.NrItems() {
		it := b.Item(i)
		k := it.Key.Key()
		total += format.BtreeItemSize + format.ValueRoom(int(it.ValLen.Get()))
		val, ok := b.Value(it)
		if !ok || it.Key.Pad != [5]byte{} || it.Pad != [3]byte{} {
			t.Errorf("block %d item %s: value %t, pads %x and %x", blkno, k, ok, it.Key.Pad, it.Pad)
		}
		if b.Level() > 0 {
			if len(val) != format.BlockRefSize {
				t.Errorf("block %d item %s: child reference has %d bytes", blkno, k, len(val))
			}
			continue
		}
		if !inLeafHash(b, i, k) {
			t.Errorf("block %d item %s is not in the leaf hash", blkno, k)
		}
		kind := format.KindOf(k)
		low, high := kind.Describe().MinValue, kind.Describe().MaxValue
		if it.Deleted() {
			low, high = 0, 0
		}
		if kind == format.KindUnknown || len(val) < low || len(val) > high {
			t.Errorf("block %d item %s: kind %s, %d bytes of value", blkno, k, kind, len(val))
		}
		if !it.Deleted() {
			checkUpstreamItem(t, kind, k, val)
		}
	}
	if want := int(b.Head().TotalItemBytes.Get()); total != want {
		t.Errorf("block %d: items have %d bytes, want %d", blkno, total, want)
	}
	if b.Level() > 0 {
		return
	}
	for i := range format.LeafHashSlots {
		if b.LeafHash(i) != 0 {
			hashed++
		}
	}
	if hashed != b.NrItems() {
		t.Errorf("block %d: %d hash slots for %d items", blkno, hashed, b.NrItems())
	}
}

// inLeafHash looks an item up as readers do: from its key's bucket on, to the
// first empty slot.
func inLeafHash(b *format.BtreeBlock, slot int, k format.Key) bool {
	bucket := format.LeafHashBucket(k)
	for range format.LeafHashSlots {
		switch int(b.LeafHash(bucket)) {
		case format.BtreeItemsOffset + slot*format.BtreeItemSize:
			return true
		case 0:
			return false
		}
		bucket = (bucket + 1) % format.LeafHashSlots
	}
	return false
}

// checkUpstreamItem decodes an item that is no deletion.
func checkUpstreamItem(t *testing.T, kind format.ItemKind, k format.Key, val []byte) {
	switch kind {
	case format.KindInode:
		in, _, err := format.ViewInode(val)
		if err != nil {
			t.Errorf("%s: %v", k, err)
			return
		}
		typ, ok := format.DirentTypeOfMode(in.Mode.Get())
		if !ok || typ == format.DirentSymlink && format.CheckSymlinkSize(in.Size.Get()) != nil {
			t.Errorf("%s: mode %#o, size %d", k, in.Mode.Get(), in.Size.Get())
		}
	case format.KindDirent, format.KindReaddir, format.KindLinkBackref:
		d, name, err := format.ViewDirent(val, "")
		if err != nil {
			t.Errorf("%s: %v", k, err)
			return
		}
		hash := format.DirentNameHash(name)
		if hash != d.Hash.Get() || kind == format.KindDirent && k != format.DirentKey(k.First, hash, d.Pos.Get()) {
			t.Errorf("%s: name %q has hash %016x, stored %016x", k, name, hash, d.Hash.Get())
		}
		if d.Type >= format.DirentWhiteout {
			t.Errorf("%s: type %d", k, d.Type)
		}
	case format.KindXattr:
		if k.Fourth == 0 {
			checkUpstreamXattr(t, k, val)
		}
	case format.KindDataExtent:
		d, err := format.ViewExact[format.DataExtent](val)
		if err == nil {
			err = d.Check()
		}
		if e := k.DataExtent(); err != nil || !e.Valid() {
			t.Errorf("%s: extent %s, %v", k, e, err)
		}
	case format.KindQuotaRule:
		r, err := format.ViewExact[format.QuotaRule](val)
		if err == nil {
			err = r.Check()
		}
		if err != nil || r.Hash() != k.Second {
			t.Errorf("%s: %v", k, err)
		}
	case format.KindFreeBlkno:
		if e, _ := k.FreeExtent(); !e.Valid() || format.FreeBlknoKey(e) != k {
			t.Errorf("%s: extent %s", k, e)
		}
	case format.KindFreeOrder:
		if e, _ := k.FreeExtent(); !e.Valid() || format.FreeOrderKey(e) != k {
			t.Errorf("%s: extent %s", k, e)
		}
	case format.KindXattrIndx:
		if format.IndxKey(k.Indx()) != k {
			t.Errorf("%s: %+v", k, k.Indx())
		}
	}
}

func checkUpstreamXattr(t *testing.T, k format.Key, val []byte) {
	x, name, value, err := format.ViewXattr(val)
	if err != nil {
		t.Errorf("%s: %v", k, err)
		return
	}
	if hash := format.XattrNameHash(name); hash != k.Second {
		t.Errorf("%s: name %q has hash %08x", k, name, hash)
	}
	tags, ok := format.ParseXattrTags(name)
	if !ok {
		t.Errorf("%s: name %q has wrong tags", k, name)
	}
	if tags.Totl {
		_, _, _, ok := format.ParseTotl(name)
		if _, okValue := format.ParseTotlValue(value); !ok || !okValue {
			t.Errorf("%s: total of %q and %q", k, name, value)
		}
	}
	if tags.Indx {
		if _, _, ok := format.ParseIndx(name); !ok || x.ValLen.Get() != 0 {
			t.Errorf("%s: index of %q", k, name)
		}
	}
	if n := string(name); n == format.XattrACLAccess || n == format.XattrACLDefault {
		entries, err := format.ViewACL(value)
		if err == nil {
			err = format.CheckACL(entries)
		}
		if err != nil {
			t.Errorf("%s: %v", k, err)
		}
	}
}
