// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"bytes"

	"scoutfs/engine/format"
)

func (t text) fsItem(k format.Key, seq uint64, flags byte, val valueWindow) text {
	t = t.s("    ").key(k).s(" ").u(seq)
	if flags&format.ItemFlagDeletion != 0 {
		return t.s(" d\n")
	}
	t = t.s(" -\n")
	switch k.Zone {
	case format.ZoneInodeIndex:
		if k.Type >= format.TypeMetaSeq && k.Type <= format.TypeDataSeq {
			return t.s("      index: major ").u(k.Second).s(" ino ").u(k.Third).nl()
		}
	case format.ZoneOrphan:
		if k.Type == format.TypeOrphan {
			return t.s("    orphan: ino ").u(k.Second).nl()
		}
	case format.ZoneQuota:
		return t.quotaRule(k, val)
	case format.ZoneXattrTotl:
		total := view[format.XattrTotal](val)
		return t.s("    xattr totl: ").u(k.First).s(".").u(k.Second).s(".").u(k.Third).
			s(" = ").i(int64(total.Total.Get())).s(", ").i(int64(total.Count.Get())).nl()
	case format.ZoneXattrIndx:
		// Upstream leaves out the newline.
		x := k.Indx()
		return t.s("    xattr indx: major ").u(uint64(x.Major)).s(" minor ").u(x.Minor).
			s(" ino ").u(x.Ino).s(" xid ").u(x.ID)
	case format.ZoneFS:
		switch k.Type {
		case format.TypeInode:
			return t.inode(k, val)
		case format.TypeXattr:
			return t.xattr(k, val)
		case format.TypeDirent, format.TypeReaddir, format.TypeLinkBackref:
			return t.dirent(k, val)
		case format.TypeSymlink:
			return t.symlink(k, val)
		case format.TypeDataExtent:
			return t.dataExtent(k, val)
		}
	}
	return t.s("      (unknown zone ").u(uint64(k.Zone)).s(" type ").u(uint64(k.Type)).s(")\n")
}

func (t text) quotaRule(k format.Key, val valueWindow) text {
	r := view[format.QuotaRule](val)
	t = t.s("    quota rule: hash 0x").x16(k.Second).s(" coll_nr ").u(k.Third).
		s("\n      [").u(uint64(r.Prio))
	for i := range r.NameVal {
		t = t.s(" ").u(r.NameVal[i].Get()).s(",").u(uint64(r.NameSource[i])).
			s(",").x(uint64(r.NameFlags[i]))
	}
	return t.s(" ").u(uint64(r.Op)).s(" ").u(r.Limit.Get()).s(" ").x(uint64(r.RuleFlags)).s("]\n")
}

// inode always shows a project id: for an inode of format 1, which has none,
// upstream shows the eight bytes that follow it in the block.
func (t text) inode(k format.Key, val valueWindow) text {
	in := view[format.Inode](val)
	return t.s("    inode: ino ").u(k.First).
		s(" size ").u(in.Size.Get()).
		s(" version ").u(in.Version.Get()).
		s(" proj ").u(in.Proj.Get()).
		s(" nlink ").u(uint64(in.Nlink.Get())).
		s("\n      uid ").u(uint64(in.UID.Get())).
		s(" gid ").u(uint64(in.GID.Get())).
		s(" mode 0").o(uint64(in.Mode.Get())).
		s(" rdev 0x").x(uint64(in.Rdev.Get())).
		s(" flags 0x").x(uint64(in.Flags.Get())).
		s("\n      next_readdir_pos ").u(in.NextReaddirPos.Get()).
		s(" meta_seq ").u(in.MetaSeq.Get()).
		s(" data_seq ").u(in.DataSeq.Get()).
		s(" data_version ").u(in.DataVersion.Get()).
		s("\n      atime ").time(&in.Atime).
		s(" ctime ").time(&in.Ctime).
		s("\n      mtime ").time(&in.Mtime).nl()
}

func (t text) xattr(k format.Key, val valueWindow) text {
	t = t.s("    xattr: ino ").u(k.First).
		s(" name_hash ").x8(uint32(k.Second)).
		s(" id ").u(k.Third).
		s(" part ").u(uint64(k.Fourth)).nl()
	if k.Fourth != 0 {
		return t
	}
	head := view[format.XattrHead](val)
	return t.s("      name_len ").u(uint64(head.NameLen)).
		s(" val_len ").u(uint64(head.ValLen.Get())).
		s(" name ").name(val.bytes(format.Size[format.XattrHead](), int(head.NameLen))).nl()
}

// dirent shows the key's first field as "dir", which for link backrefs is
// the entry's own inode.
func (t text) dirent(k format.Key, val valueWindow) text {
	d := view[format.Dirent](val)
	size := format.Size[format.Dirent]()
	n := val.len - size
	if n < 0 {
		// A length below the head's wraps in upstream's unsigned arithmetic
		// and is then cut to the longest name.
		n = format.MaxNameLen
	}
	return t.s("    dirent: dir ").u(k.First).
		s(" hash ").x16(d.Hash.Get()).
		s(" pos ").u(d.Pos.Get()).
		s(" type ").u(uint64(d.Type)).
		s(" ino ").u(d.Ino.Get()).
		s("\n      name ").name(val.bytes(size, min(n, format.MaxNameLen))).nl()
}

func (t text) symlink(k format.Key, val valueWindow) text {
	n := val.len
	if n > 0 && bytes.Equal(val.bytes(n-1, 1), []byte{0}) {
		n-- // a target's terminating zero
	}
	return t.s("    symlink: ino ").u(k.First).s(" nr ").u(k.Second).
		s("\n      target ").name(val.bytes(0, n)).nl()
}

func (t text) dataExtent(k format.Key, val valueWindow) text {
	v := view[format.DataExtent](val)
	e := k.DataExtent()
	return t.s("    extent: ino ").u(k.First).
		s(" iblock ").u(e.Start).
		s(" len ").u(e.Len).
		s(" blkno ").u(v.Blkno.Get()).
		s(" flags ").x(uint64(v.Flags)).nl()
}
