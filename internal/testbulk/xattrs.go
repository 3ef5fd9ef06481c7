// SPDX-License-Identifier: GPL-2.0-or-later

package testbulk

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"

	"scoutfs/engine/format"
)

// Kinds of extended attributes.
const (
	xattrComment = iota
	xattrSrch
	xattrTotl
	xattrIndx
	xattrACL
	xattrBig
	xattrBoth // srch and totl
	xattrDefaultACL
)

// How many names of each kind there are.
const (
	srchNames  = 8
	bothNames  = 8
	totlNames  = 512
	totals     = totlNames + bothNames
	majors     = 4
	indxPeriod = 1000 // files with the same minor
)

// xattr is an extended attribute of a file.
type xattr struct {
	kind  uint8
	id    uint64
	which uint64 // of the names of its kind
	value uint64 // what a total counts, or the length of a big value
	hash  uint64 // of the name, once addXattrs has it
}

// xattrs appends the attributes of a file, in the order in which they were
// made, and returns the next id. Added later are those of opXattr.
func (m *model) xattrs(list []xattr, f uint64, later bool) ([]xattr, uint64) {
	x := m.random(f, saltXattrs)
	if x%100 >= 60 && !later {
		return list, 0
	}
	id := x >> 60 % 2 // the first was removed
	add := func(kind uint8, which, value uint64) {
		list = append(list, xattr{kind: kind, id: id, which: which, value: value})
		id++
	}
	y := mix(x, 1)
	if x%100 < 60 {
		if x>>8%100 < 40 {
			add(xattrComment, 0, 0)
		}
		if x>>16%100 < 50 {
			add(xattrSrch, y%srchNames, 0)
		}
		if x>>24%100 < 17 {
			add(xattrTotl, y>>8%totlNames, y>>40%100_000)
		}
		if x>>32%100 < 9 {
			add(xattrIndx, y>>17%majors, 0)
		}
		if x>>40%100 < 3 && m.kind(f) != format.ModeSymlink {
			add(xattrACL, 0, 0)
		}
		if n := x >> 48 % 2000; n < 12 {
			add(xattrBig, 0, 900+y>>20%4000)
		} else if n == 13 {
			add(xattrBig, 0, 60_000)
		}
		if x>>52%100 < 2 {
			add(xattrBoth, y>>30%bothNames, y>>33%1000)
		}
	}
	if later {
		add(xattrIndx, (y>>17+1)%majors, 0)
		add(xattrBoth, (y>>30+1)%bothNames, y>>43%1000)
	}
	return list, id
}

// total is the index of the total that an attribute counts in.
func (a *xattr) total() (index int, ok bool) {
	switch a.kind {
	case xattrTotl:
		return int(a.which), true
	case xattrBoth:
		return int(totlNames + a.which), true
	}
	return 0, false
}

// totalKey is the key of a total; they ascend with the index.
func totalKey(index int) format.Key {
	if index < totlNames {
		return format.TotlKey(1, uint64(index)/16, uint64(index)%16)
	}
	return format.TotlKey(7, 7, uint64(index-totlNames))
}

// srchName is the index of the searchable name of an attribute.
func (a *xattr) srchName() (index int, ok bool) {
	switch a.kind {
	case xattrSrch:
		return int(a.which), true
	case xattrBoth:
		return int(srchNames + a.which), true
	}
	return 0, false
}

// srchHashes returns the hashes of searchable names by index.
func srchHashes() [srchNames + bothNames]uint64 {
	var hashes [srchNames + bothNames]uint64
	for i := range hashes {
		a := xattr{kind: xattrSrch, which: uint64(i)}
		if i >= srchNames {
			a = xattr{kind: xattrBoth, which: uint64(i - srchNames)}
		}
		hashes[i] = format.SrchHash(a.appendName(nil, 0))
	}
	return hashes
}

func minorOf(f uint64) uint64 { return f / indxPeriod }

// appendName appends the full name of an attribute of a file.
func (a *xattr) appendName(b []byte, f uint64) []byte {
	switch a.kind {
	case xattrComment:
		return append(b, "user.comment"...)
	case xattrSrch:
		return strconv.AppendUint(append(b, "scoutfs.hide.srch.sam_vol_"...), a.which, 10)
	case xattrTotl:
		b = append(b, "scoutfs.hide.totl.acct.1."...)
		b = strconv.AppendUint(b, a.which/16, 10)
		return strconv.AppendUint(append(b, '.'), a.which%16, 10)
	case xattrIndx:
		b = strconv.AppendUint(append(b, "scoutfs.hide.indx.period."...), a.which, 10)
		return strconv.AppendUint(append(b, '.'), minorOf(f), 10)
	case xattrACL:
		return append(b, format.XattrACLAccess...)
	case xattrBig:
		return append(b, "user.provenance"...)
	case xattrDefaultACL:
		return append(b, format.XattrACLDefault...)
	}
	return strconv.AppendUint(append(b, "scoutfs.hide.srch.totl.both.7.7."...), a.which, 10)
}

// appendValue appends an attribute's value.
func (a *xattr) appendValue(b []byte, f uint64) []byte {
	switch a.kind {
	case xattrComment:
		return strconv.AppendUint(append(b, "from tape "...), f%977, 10)
	case xattrSrch:
		return append(b, '1')
	case xattrTotl, xattrBoth:
		return strconv.AppendUint(b, a.value, 10)
	case xattrIndx:
		return b
	case xattrACL, xattrDefaultACL:
		return appendACL(b, f)
	}
	for i := range a.value {
		b = append(b, byte('a'+(f+i/7)%26))
	}
	return b
}

// appendACL appends an ACL that says what filePerm does.
func appendACL(b []byte, f uint64) []byte {
	b = binary.LittleEndian.AppendUint32(b, format.ACLVersion)
	for _, e := range [...]struct {
		tag, perm uint16
		id        uint32
	}{
		{format.ACLUserObj, filePerm >> 6 & 7, format.ACLUndefinedID},
		{format.ACLUser, 6, uint32(1000 + f%50)},
		{format.ACLGroupObj, 4, format.ACLUndefinedID},
		{format.ACLMask, filePerm >> 3 & 7, format.ACLUndefinedID},
		{format.ACLOther, filePerm & 7, format.ACLUndefinedID},
	} {
		b = binary.LittleEndian.AppendUint16(b, e.tag)
		b = binary.LittleEndian.AppendUint16(b, e.perm)
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return b
}

// addXattrs adds the items of attributes. They are sorted in place.
func (l *itemList) addXattrs(ino, f, seq uint64, list []xattr) {
	var scratch [format.MaxNameLen]byte
	for i := range list {
		list[i].hash = format.XattrNameHash(list[i].appendName(scratch[:0], f))
	}
	slices.SortFunc(list, func(a, b xattr) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.id, b.id))
	})
	for i := range list {
		a := &list[i]
		var head format.XattrHead
		l.scratch = append(l.scratch[:0], format.Bytes(&head)...)
		whole := a.appendName(l.scratch, f)
		nameLen := len(whole) - len(format.Bytes(&head))
		whole = a.appendValue(whole, f)
		head.NameLen = byte(nameLen)
		head.ValLen.Set(uint16(len(whole) - nameLen - len(format.Bytes(&head))))
		copy(whole, format.Bytes(&head))
		l.scratch = whole
		for part := 0; len(whole) > 0; part++ {
			n := min(len(whole), format.MaxBtreeValue)
			l.add(format.XattrKey(ino, a.hash, a.id, uint8(part)), seq, whole[:n])
			whole = whole[n:]
		}
	}
}
