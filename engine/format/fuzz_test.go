// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"scoutfs/engine/format"
)

// What holds for any bytes: no decoder panics, what it returns lies inside
// its input, and what it accepts means the same when it is written again.

// corrupt fails the test unless err is nil or a *CorruptError.
func corrupt(t *testing.T, err error) {
	t.Helper()
	if c := (*format.CorruptError)(nil); err != nil && !errors.As(err, &c) {
		t.Errorf("error %v is a %T", err, err)
	}
}

// invalid fails the test unless err is nil or a *WireError.
func invalid(t *testing.T, err error) {
	t.Helper()
	if c := (*format.WireError)(nil); err != nil && !errors.As(err, &c) {
		t.Errorf("error %v is a %T", err, err)
	}
}

func FuzzKeyText(f *testing.F) {
	for _, s := range []string{"", "max", "16.1.4.0.0.0", "0x10.010.0", "1.2.3.4.5.6.7", "4.0.4.18446744073709551615.1.255"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := format.ParseKey(s)
		if err != nil {
			return
		}
		again, err := format.ParseKey(k.String())
		if err != nil || again != k {
			t.Errorf("%q is %s, which is %s, %v", s, k, again, err)
		}
	})
}

func FuzzKey(f *testing.F) {
	f.Add(make([]byte, 32), make([]byte, 32))
	f.Add(bytes.Repeat([]byte{0xff}, 32), bytes.Repeat([]byte{16}, 32))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		da, err := format.View[format.DiskKey](a)
		if err != nil {
			corrupt(t, err)
			return
		}
		k := da.Key()
		if k.Next().Prev() != k || k.Prev().Next() != k || !k.IsMax() && !k.Less(k.Next()) {
			t.Errorf("%s has no neighbours", k)
		}
		if r, ok := format.LockRange(k); ok && k.Zone != format.ZoneOrphan && k.Zone != format.ZoneInodeIndex && !r.Contains(k) {
			t.Errorf("%s is outside its lock %v", k, r)
		}
		if bucket := format.LeafHashBucket(k); bucket < 0 || bucket >= format.LeafHashSlots {
			t.Errorf("%s has bucket %d", k, bucket)
		}
		new(format.BloomBlock).Add(format.BloomBitsOf(k))
		if x := k.Indx(); k.Zone == format.ZoneXattrIndx && k.Type == 0 && format.IndxKey(x) != k {
			t.Errorf("%s is %+v, which is %s", k, x, format.IndxKey(x))
		}
		if e, ok := k.FreeExtent(); ok && e.Valid() && k.Zone == format.ZoneFreeBlkno && format.KindOf(k) == format.KindFreeBlkno {
			if back, _ := format.FreeBlknoKey(e).FreeExtent(); back != e {
				t.Errorf("%s is %v, which is %v", k, e, back)
			}
		}
		db, err := format.View[format.DiskKey](b)
		if err != nil {
			corrupt(t, err)
			return
		}
		if want := bytes.Compare(number(k), number(db.Key())); k.Compare(db.Key()) != want {
			t.Errorf("%s compares with %s as %d", k, db.Key(), k.Compare(db.Key()))
		}
	})
}

func FuzzSrchEntry(f *testing.F) {
	f.Add([]byte{0x28, 0, 0x10, 0xef, 0xcc, 0xaa, 0x88, 0x66, 0x44, 0x22, 0, 8}, uint64(0), uint64(0), uint64(0))
	f.Add([]byte{0xff, 0xff}, uint64(1), uint64(2), uint64(3))
	f.Add(bytes.Repeat([]byte{0xff}, 26), ^uint64(0), uint64(1)<<63, uint64(5))
	f.Fuzz(func(t *testing.T, b []byte, hash, ino, id uint64) {
		prev := format.SrchEntry{Hash: hash, Ino: ino, ID: id}
		e, n, ok := format.DecodeSrchEntry(b, prev)
		if !ok {
			if n != 0 || e != (format.SrchEntry{}) || len(b) >= format.SrchEntryMaxBytes {
				t.Errorf("%x: %v, %d without success", b, e, n)
			}
			return
		}
		if n < 2 || n > min(len(b), format.SrchEntryMaxBytes) {
			t.Errorf("%x has an entry of %d bytes", b, n)
		}
		// What follows an entry does not change it.
		if alone, m, ok := format.DecodeSrchEntry(slices.Clip(b[:n]), prev); !ok || m != n || alone != e {
			t.Errorf("%x is %v of %d bytes, alone %v of %d, %t", b, e, n, alone, m, ok)
		}
		again := format.AppendSrchEntry(nil, prev, e)
		if len(again) > n {
			t.Errorf("%x is written again as %x", b[:n], again)
		}
		if back, m, ok := format.DecodeSrchEntry(again, prev); !ok || m != len(again) || back != e {
			t.Errorf("%v is read again as %v of %d bytes, %t", e, back, m, ok)
		}
	})
}

func FuzzDirent(f *testing.F) {
	f.Add(append(make([]byte, 32), "name"...))
	f.Add(make([]byte, 32))
	f.Add(make([]byte, 288))
	f.Fuzz(func(t *testing.T, val []byte) {
		d, name, err := format.ViewDirent(val, format.SourceDirentNameLen)
		corrupt(t, err)
		if (err == nil) != (len(val) >= 33 && len(val) <= 287) {
			t.Errorf("%d bytes: %v", len(val), err)
		}
		if err != nil {
			return
		}
		if got := slices.Concat(format.Bytes(d), name); !bytes.Equal(got, val) {
			t.Errorf("%x is viewed as %x", val, got)
		}
		if mode, ok := format.ModeOfDirentType(d.Type); ok {
			if typ, ok := format.DirentTypeOfMode(mode); !ok || typ != d.Type {
				t.Errorf("type %d has mode %#o, which has type %d", d.Type, mode, typ)
			}
		}
		if got := uint32(format.DirentNameHash(name)); got != format.Hash32(name) {
			t.Errorf("hash of %q ends with %08x", name, got)
		}
	})
}

func FuzzXattr(f *testing.F) {
	f.Add(firstPart("user.a", []byte("value")))
	f.Add(firstPart("scoutfs.totl.1.2.3", bytes.Repeat([]byte{1}, 1000)))
	f.Add(make([]byte, 8))
	f.Fuzz(func(t *testing.T, val []byte) {
		x, name, value, err := format.ViewXattr(val)
		corrupt(t, err)
		if err != nil {
			return
		}
		if got := slices.Concat(format.Bytes(x), name, value); !bytes.Equal(got, val) {
			t.Errorf("%x is viewed as %x", val, got)
		}
		valLen := int(x.ValLen.Get())
		parts := format.XattrParts(len(name), valLen)
		if parts < 1 || parts > format.MaxXattrParts {
			t.Errorf("%d parts", parts)
		}
		if whole := parts == 1; whole != (len(value) == valLen) {
			t.Errorf("%d bytes of value with %d of %d in the first part", valLen, len(value), parts)
		}
	})
}

func FuzzXattrTags(f *testing.F) {
	for _, s := range []string{
		"", "user.a", "scoutfs.hide.", "scoutfs.hide.x", "scoutfs.hide.srch.totl.x.1.2.3",
		"scoutfs.indx.255.0x10", "scoutfs.totl.indx.x", "scoutfs.totl.01777777777777777777777.2.3", "5\n\x00",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		tags, ok := format.ParseXattrTags(name)
		if got, gotOK := format.ParseXattrTags([]byte(name)); got != tags || gotOK != ok {
			t.Errorf("the bytes of %q have other tags", name)
		}
		if tags.Any() && (!ok || len(name) < 14) || tags.Indx && tags.Totl {
			t.Errorf("%q has tags %+v, %t", name, tags, ok)
		}
		a, b, c, totl := format.ParseTotl(name)
		major, minor, indx := format.ParseIndx(name)
		if totl && indx && (uint64(major) != b || minor != c) {
			t.Errorf("%q is %d.%d.%d and %d.%d", name, a, b, c, major, minor)
		}
		if v, ok := format.ParseTotlValue(name); ok {
			if got, ok := format.ParseTotlValue([]byte(name)); !ok || got != v {
				t.Errorf("%q is %d, its bytes %d, %t", name, v, got, ok)
			}
			if _, _, c, ok := format.ParseTotl(".0.0." + name); !strings.Contains(name, ".") && (!ok || c != v) {
				t.Errorf("%q is %d, at the end of a name %d, %t", name, v, c, ok)
			}
		}
	})
}

func FuzzInode(f *testing.F) {
	f.Add(make([]byte, 160))
	f.Add(bytes.Repeat([]byte{0xff}, 168))
	f.Add(make([]byte, 167))
	f.Fuzz(func(t *testing.T, val []byte) {
		in, proj, err := format.ViewInode(val)
		corrupt(t, err)
		if (err == nil) != (len(val) == 160 || len(val) == 168) {
			t.Errorf("%d bytes: %v", len(val), err)
		}
		if err != nil {
			return
		}
		if len(val) == 160 && proj != 0 || &format.Bytes(in)[0] != &val[0] {
			t.Errorf("project %d of %d bytes", proj, len(val))
		}
		_ = in.Mtime.Time().String()
		rdev := in.Rdev.Get()
		if got, ok := format.RdevOfLinux(uint64(format.LinuxDev(rdev))); !ok || got != rdev {
			t.Errorf("device %#x became %#x, %t", rdev, got, ok)
		}
		size := in.Size.Get()
		sum := 0
		for nr := range format.SymlinkParts(size) {
			sum += format.SymlinkPartSize(size, nr)
		}
		if format.CheckSymlinkSize(size) == nil && uint64(sum) != size || sum > format.MaxSymlinkSize {
			t.Errorf("a symlink of size %d has %d bytes", size, sum)
		}
	})
}

func FuzzSymlinkTarget(f *testing.F) {
	f.Add([]byte("target\x00"))
	f.Add([]byte("a\x00b\x00"))
	f.Add([]byte("target"))
	f.Fuzz(func(t *testing.T, content []byte) {
		target, err := format.SymlinkTarget(content)
		corrupt(t, err)
		if err == nil && (bytes.IndexByte(target, 0) >= 0 || !bytes.HasPrefix(content, append(slices.Clip(target), 0))) {
			t.Errorf("content %q has the target %q", content, target)
		}
	})
}

func FuzzACL(f *testing.F) {
	f.Add([]byte{2, 0, 0, 0})
	f.Add([]byte{2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 4, 0, 5, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, val []byte) {
		entries, err := format.ViewACL(val)
		if err != nil {
			return
		}
		if len(val) != 4+8*len(entries) {
			t.Errorf("%d entries in %d bytes", len(entries), len(val))
		}
		if format.CheckACL(entries) == nil && len(entries) < 3 {
			t.Errorf("%x is a good ACL", val)
		}
	})
}

// FuzzValues runs the checks of small values on any bytes.
func FuzzValues(f *testing.F) {
	f.Add(make([]byte, 600))
	f.Add(bytes.Repeat([]byte{0xff}, 600))
	f.Fuzz(func(t *testing.T, val []byte) {
		if r, err := format.View[format.QuotaRule](val); err == nil {
			corrupt(t, r.Check())
			same := *r
			if r.Compare(&same) != 0 || r.Hash() != same.Hash() {
				t.Error("a rule differs from its copy")
			}
		}
		if d, err := format.View[format.DataExtent](val); err == nil {
			corrupt(t, d.Check())
			if d.Online() && d.Offline() {
				t.Errorf("%x is online and offline", format.Bytes(d))
			}
		}
		if c, err := format.View[format.SrchCompact](val); err == nil && len(c.Inputs()) > 4 {
			t.Errorf("%d inputs", len(c.Inputs()))
		}
		if l, err := format.View[format.LogTrees](val); err == nil {
			last := -1
			for n := range l.DataAllocZones.All() {
				if n <= last || n >= format.DataZones || !l.DataAllocZones.Has(n) {
					t.Errorf("zone %d after %d", n, last)
				}
				last = n
			}
		}
		if q, err := format.View[format.QuorumConfig](val); err == nil {
			for slot, ap := range q.Addrs() {
				if ap.IsValid() != q.Configured(slot) {
					t.Errorf("slot %d has the address %s", slot, ap)
				}
			}
		}
	})
}

// seededBlock makes a large block of pseudorandom bytes that starts with head,
// so that the fuzzer can steer the fields without 64 KiB of input.
func seededBlock(seed uint64, head []byte) []byte {
	block := make([]byte, format.LargeBlockSize)
	random := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)})
	if seed != 0 {
		random.Read(block)
	}
	copy(block, head)
	return block
}

func FuzzVerifyBlock(f *testing.F) {
	f.Add(uint32(4096), []byte{}, uint32(format.MagicSuper), uint64(1), uint64(16), uint64(1), false)
	f.Add(uint32(4096), []byte{}, uint32(format.MagicBtree), uint64(1), uint64(16), uint64(1), false)
	f.Add(uint32(31), []byte{}, uint32(0), uint64(0), uint64(0), uint64(0), true)
	f.Add(uint32(65536), []byte{}, uint32(format.MagicBtree), uint64(0), uint64(0), uint64(0), true)
	f.Fuzz(func(t *testing.T, size uint32, head []byte, magic uint32, fsid, blkno, seq uint64, anySeq bool) {
		block := make([]byte, size%(format.LargeBlockSize+2))
		copy(block, head)
		want := format.Want{Magic: magic, FSID: fsid, Blkno: blkno, Seq: seq, AnySeq: anySeq}
		corrupt(t, format.VerifyBlock(block, want))
		hdr, err := format.View[format.BlockHeader](block)
		if err != nil {
			return
		}
		hdr.Magic.Set(magic)
		hdr.FSID.Set(fsid)
		hdr.Blkno.Set(blkno)
		hdr.Seq.Set(seq)
		format.Seal(block)
		right := format.BlockSize(magic)
		if err := format.VerifyBlock(block, want); (err == nil) != (right == 0 || right == len(block)) {
			t.Errorf("%d bytes sealed with magic %08x: %v", len(block), magic, err)
		}
		block[4+int(seq%uint64(len(block)-4))] ^= 1
		if err := format.VerifyBlock(block, want); err == nil {
			t.Error("a changed block passes")
		}
	})
}

func FuzzBtreeBlockAccessors(f *testing.F) {
	f.Add(uint64(0), []byte{})
	f.Add(uint64(1), []byte{})
	f.Add(uint64(7), slices.Concat(make([]byte, 32), []byte{16, 0, 3, 0, 0, 0, 0, 0, 0}))
	f.Add(uint64(9), slices.Concat(make([]byte, 32), []byte{16, 0, 255, 255, 0, 0, 0, 0, 5}))
	f.Fuzz(func(t *testing.T, seed uint64, head []byte) {
		block := seededBlock(seed, head)
		before := bytes.Clone(block)
		b, err := format.ViewBtreeBlock(block)
		if err != nil {
			t.Fatal(err)
		}
		if b.NrItems() > format.MaxBtreeSlots || b.Level() != int(b.Head().Level) {
			t.Errorf("%d items at level %d", b.NrItems(), b.Level())
		}
		if slot, ok := b.NodeSlot(b.Head().ItemRoot.Get()); ok {
			b.Item(slot)
		}
		for i := range b.NrItems() {
			it := b.Item(i)
			for _, link := range []uint16{it.Node.Parent.Get(), it.Node.Left.Get(), it.Node.Right.Get()} {
				if slot, ok := b.NodeSlot(link); ok && (slot < 0 || slot >= b.NrItems() || format.NodeOffset(slot) != link) {
					t.Errorf("link %d is slot %d", link, slot)
				}
			}
			if val, ok := b.Value(it); ok && len(val) != int(it.ValLen.Get()) {
				t.Errorf("item %d has %d of %d bytes", i, len(val), it.ValLen.Get())
			}
			if kind := format.KindOf(it.Key.Key()); kind >= format.ItemKinds || kind.String() == "" {
				t.Errorf("item %d is of kind %d", i, kind)
			}
		}
		for i := range format.LeafHashSlots {
			b.LeafHash(i)
		}
		if !bytes.Equal(block, before) {
			t.Error("reading changed the block")
		}
	})
}

// FuzzLargeBlocks reads the other kinds of large blocks from any bytes.
func FuzzLargeBlocks(f *testing.F) {
	f.Add(uint64(0), []byte{})
	f.Add(uint64(1), []byte{})
	f.Add(uint64(2), slices.Concat(make([]byte, 48), []byte{0, 0, 0, 0, 0xf9, 0x1f, 0, 0}))
	f.Add(uint64(3), slices.Concat(make([]byte, 104), []byte{5, 0, 0, 0, 60, 0, 0, 0}))
	f.Fuzz(func(t *testing.T, seed uint64, head []byte) {
		block := seededBlock(seed, head)
		list, err := format.ViewAllocListBlock(block)
		if err != nil {
			t.Fatal(err)
		}
		if entries, ok := list.Entries(); ok != (uint64(list.Start.Get())+uint64(list.Nr.Get()) <= 8185) || ok && len(entries) != int(list.Nr.Get()) {
			t.Errorf("%d entries, %t", len(entries), ok)
		}
		srch, err := format.ViewSrchBlock(block)
		if err != nil {
			t.Fatal(err)
		}
		var e format.SrchEntry
		for rest := srch.Data[:]; ; {
			next, n, ok := format.DecodeSrchEntry(rest, e)
			if !ok {
				break
			}
			e, rest = next, rest[n:]
		}
		bloom, err := format.ViewBloomBlock(block)
		if err != nil {
			t.Fatal(err)
		}
		bits := format.BloomBitsOf(format.InodeKey(seed))
		before, had := bloom.TotalSet.Get(), bloom.Has(bits)
		bloom.Add(bits)
		if added := bloom.TotalSet.Get() - before; !bloom.Has(bits) || added > 3 || had && added != 0 {
			t.Errorf("bits %d were there: %t, %d were added", bits, had, added)
		}
	})
}

func FuzzWireHeader(f *testing.F) {
	f.Add(format.Bytes(netHeader(format.CmdStatfs, nil)), false)
	f.Add(format.Bytes(netHeader(format.CmdLock, func(h *format.NetHeader) { h.Flags = 1; h.DataLen.Set(48) })), true)
	f.Add(bytes.Repeat([]byte{0xff}, 32), true)
	f.Fuzz(func(t *testing.T, b []byte, server bool) {
		h, err := format.View[format.NetHeader](b)
		if err != nil {
			return
		}
		to := format.NetClient
		if server {
			to = format.NetServer
		}
		err = h.Check(to)
		invalid(t, err)
		invalid(t, h.CheckPayload(len(b)))
		if err != nil {
			return
		}
		if h.Cmd.Info() == nil || h.DataLen.Get() > format.MaxNetData || h.Seq.Get() == 0 || h.ID.Get() == 0 {
			t.Errorf("%x is a good header", format.Bytes(h))
		}
		if got := format.NetErrorOf(format.NetErrno(h.Error)); got != h.Error {
			t.Errorf("wire error %d became %d", h.Error, got)
		}
	})
}

func FuzzWireLockRecover(f *testing.F) {
	f.Add(recoverResponse().Payload())
	f.Add(recoverResponse(1, 2, 3).Payload())
	f.Add([]byte{23, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		locks, err := format.ViewNetLockRecover(b)
		invalid(t, err)
		if err != nil {
			return
		}
		h := netHeader(format.CmdLockRecover, func(h *format.NetHeader) { h.Flags = 1; h.DataLen.Set(uint16(len(b))) })
		if err := h.CheckPayload(len(b)); err != nil {
			t.Error(err)
		}
		r := new(format.NetLockRecover)
		r.Nr.Set(uint16(len(locks)))
		r.Pad = [6]byte(b[2:8])
		copy(r.Locks[:], locks)
		if !bytes.Equal(r.Payload(), b) {
			t.Errorf("%x is written again as %x", b, r.Payload())
		}
	})
}

func FuzzQuorumMessage(f *testing.F) {
	f.Add(make([]byte, 32))
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	f.Fuzz(func(t *testing.T, datagram []byte) {
		conf := new(format.QuorumConfig)
		conf.Slots[3].Family.Set(format.FamilyIPv4)
		_, err := format.ViewQuorumMessage(datagram, 0, conf)
		invalid(t, err)
		m, err := format.View[format.QuorumMessage](datagram)
		if err != nil {
			return
		}
		m.FSID.Set(0)
		m.Seal()
		_, err = format.ViewQuorumMessage(datagram, 0, conf)
		invalid(t, err)
		if (err == nil) != (m.Type < format.QuorumMessageTypes && m.From == 3) {
			t.Errorf("type %d from slot %d: %v", m.Type, m.From, err)
		}
	})
}

func FuzzLayoutFind(f *testing.F) {
	for _, s := range []string{"hdr.seq", "qconf.slots[14].addr", "meta_alloc[1].root.ref.blkno", "volopt.future[62]", "x[", "[]"} {
		f.Add(s)
	}
	super := format.LayoutOf[format.Super]()
	f.Fuzz(func(t *testing.T, path string) {
		field, err := super.Find(path)
		if err == nil && (field.Offset < 0 || field.Offset+field.Size*max(field.Count, 1) > super.Size) {
			t.Errorf("%s is at %d with %d bytes", path, field.Offset, field.Size)
		}
	})
}
