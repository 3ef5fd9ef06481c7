// SPDX-License-Identifier: GPL-2.0-or-later

package print

import "scoutfs/engine/format"

// The fragments below are shared by many lines of the grammar.

func (t text) header(hdr *format.BlockHeader, sum uint32) text {
	crc := hdr.CRC.Get()
	t = t.s("  hdr: crc ").x8(crc).s(" ")
	if crc != sum {
		t = t.s("(!= ").x8(sum).s(") ")
	}
	return t.s("magic ").x8(hdr.Magic.Get()).
		s(" fsid ").x(hdr.FSID.Get()).
		s(" blkno ").u(hdr.Blkno.Get()).
		s(" seq ").u(hdr.Seq.Get()).nl()
}

func (t text) key(k format.Key) text {
	return t.u(uint64(k.Zone)).s(".").u(k.First).s(".").u(uint64(k.Type)).
		s(".").u(k.Second).s(".").u(k.Third).s(".").u(uint64(k.Fourth))
}

func (t text) diskKey(k *format.DiskKey) text { return t.key(k.Key()) }

func (t text) ref(r *format.BlockRef) text {
	return t.s("blkno ").u(r.Blkno.Get()).s(" seq ").u(r.Seq.Get())
}

func (t text) root(r *format.BtreeRoot) text {
	return t.ref(&r.Ref).s(" height ").u(uint64(r.Height))
}

// superRoot is a root as the super shows it, with a hexadecimal seq.
func (t text) superRoot(r *format.BtreeRoot) text {
	return t.s("blkno ").u(r.Ref.Blkno.Get()).s(" seq ").x16(r.Ref.Seq.Get()).
		s(" height ").u(uint64(r.Height))
}

func (t text) listHead(l *format.AllocListHead) text {
	return t.ref(&l.Ref).
		s(" total_nr ").u(l.TotalNr.Get()).
		s(" first_nr ").u(uint64(l.FirstNr.Get())).
		s(" flags 0x").x(uint64(l.Flags.Get()))
}

func (t text) allocRoot(r *format.AllocRoot) text {
	return t.root(&r.Root).
		s(" total_len ").u(r.TotalLen.Get()).
		s(" flags 0x").x(uint64(r.Flags.Get()))
}

func (t text) srchEntry(e format.SrchEntry) text {
	return t.x16(e.Hash).s(".").u(e.Ino).s(".").u(e.ID)
}

func (t text) srchFile(f *format.SrchFile) text {
	return t.s("f ").srchEntry(f.First.Entry()).
		s(" l ").srchEntry(f.Last.Entry()).
		s(" blks ").u(f.Blocks.Get()).
		s(" ents ").u(f.Entries.Get()).
		s(" hei ").u(uint64(f.Height)).
		s(" blkno ").u(f.Ref.Blkno.Get()).
		s(" seq ").x16(f.Ref.Seq.Get())
}

// time shows nanoseconds with at least eight digits, as upstream does: 5 ns
// is .00000005.
func (t text) time(ts *format.Timespec) text {
	return t.u(ts.Sec.Get()).s(".").pad(uint64(ts.Nsec.Get()), 8)
}

// name shows printable ASCII as it is and everything else as dots, cut at
// the longest name.
func (t text) name(name []byte) text {
	for _, c := range name[:min(len(name), format.MaxNameLen)] {
		if c < 0x20 || c > 0x7e {
			c = '.'
		}
		t = append(t, c)
	}
	return t
}
