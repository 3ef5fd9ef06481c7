// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"bytes"

	"scoutfs/engine/format"
)

func (t text) treeMembers(info *treeInfo) text {
	t = t.memberString("tree", info.name)
	if info.rid != 0 {
		t = t.member("rid").hexString(info.rid, 8).memberUint("nr", info.nr)
	}
	return t
}

func (e *jsonEncoder) btreeBlock(dst []byte, u *unit, b *format.BtreeBlock) []byte {
	t := text(dst).open("btree_block").treeMembers(u.tree).
		memberUint("blkno", u.ref.Blkno).
		sum(format.BlockCRC(b[:])).
		fields(e.btreeLayout, format.Bytes(b.Head())).s("}\n")
	for i, slot := range u.slots {
		if u.keep[i] {
			t = e.item(t, u, b, i, int(slot))
		}
	}
	return t
}

// item writes a leaf's item, or a parent's reference to a child.
func (e *jsonEncoder) item(t text, u *unit, b *format.BtreeBlock, index, slot int) text {
	it := b.Item(slot)
	k := it.Key.Key()
	leaf := b.Level() == 0
	structure := "item"
	if !leaf {
		structure = "child"
	}
	t = t.open(structure).treeMembers(u.tree).
		memberUint("blkno", u.ref.Blkno).
		memberUint("index", uint64(index)).
		memberUint("offset", uint64(format.BtreeItemsOffset+slot*format.BtreeItemSize)).
		member("key").s(`"`).key(k).s(`"`)
	val, ok := b.Value(it)
	if !leaf {
		if ref, err := format.View[format.BlockRef](val); ok && err == nil {
			t = t.member("ref").object(e.refLayout, format.Bytes(ref))
		}
		return t.s("}\n")
	}
	kind := format.KindOf(k)
	t = t.memberString("kind", kind.String()).keyMembers(kind, k)
	if u.tree.kind == format.TreeFSRoot || u.tree.kind == format.TreeLogItems {
		t = t.memberUint("seq", it.Seq.Get())
	}
	if it.Flags&format.ItemFlagDeletion != 0 {
		return t.member("deletion").s("true}\n")
	}
	if ok && len(val) > 0 {
		t = e.value(t, kind, k, val)
	}
	return t.s("}\n")
}

// keyMembers writes what the fields of a key mean for its kind.
func (t text) keyMembers(kind format.ItemKind, k format.Key) text {
	t = t.member("key_fields").s("{")
	start := len(t)
	switch kind {
	case format.KindXattrIndx:
		x := k.Indx()
		t = t.memberUint("major", uint64(x.Major)).memberUint("minor", x.Minor).
			memberUint("ino", x.Ino).memberUint("id", x.ID)
	case format.KindDataExtent:
		t = t.memberUint("ino", k.First).extent(k.DataExtent())
	case format.KindFreeBlkno, format.KindFreeOrder:
		e, _ := k.FreeExtent()
		t = t.extent(e)
	default:
		d := kind.Describe()
		t = t.keyField(d.First, k.First, 8).
			keyField(d.Second, k.Second, 8).
			keyField(d.Third, k.Third, 8).
			keyField(d.Fourth, uint64(k.Fourth), 1)
	}
	if len(t) > start {
		t = append(t[:start], t[start+1:]...) // the first member's comma
	}
	return t.s("}")
}

func (t text) keyField(f format.KeyField, v uint64, size int) text {
	switch {
	case f.Name == "":
		return t
	case f.Format == "hex":
		return t.member(f.Name).hexString(v, size)
	}
	return t.memberUint(f.Name, v)
}

func (t text) extent(e format.Extent) text {
	return t.memberUint("start", e.Start).memberUint("len", e.Len)
}

// value writes a leaf's value by its kind; one that does not fit its kind is
// written in base64, cut to the longest value that there can be: damaged items
// may each claim most of the block.
func (e *jsonEncoder) value(t text, kind format.ItemKind, k format.Key, val []byte) text {
	if len(val) > format.MaxBtreeValue {
		return t.memberBase64("value_base64", val[:format.MaxBtreeValue])
	}
	switch kind {
	case format.KindDirent, format.KindReaddir, format.KindLinkBackref:
		if d, name, err := format.ViewDirent(val, ""); err == nil {
			return t.member("value").object(e.values[kind], format.Bytes(d)).memberBytes("name", name)
		}
	case format.KindXattr:
		if k.Fourth != 0 {
			break
		}
		if x, name, part, err := format.ViewXattr(val); err == nil {
			return t.memberBytes("name", name).
				memberUint("val_len", uint64(x.ValLen.Get())).
				memberBase64("value_base64", part)
		}
	case format.KindSymlink:
		return t.memberBytes("target", bytes.TrimSuffix(val, []byte{0}))
	case format.KindInode:
		if len(val) == format.Size[format.InodeV1]() {
			return t.member("value").object(e.inodeV1Layout, val)
		}
		fallthrough
	default:
		if l := e.values[kind]; l != nil && len(val) == l.Size {
			return t.member("value").object(l, val)
		}
	}
	return t.memberBase64("value_base64", val)
}
