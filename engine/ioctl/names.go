// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"bytes"
	"math"
	"syscall"

	"scoutfs/engine/format"
)

// DirPosition is the place of an entry in the namespace: a directory's inode
// number and the entry's position in it, as readdir numbers them. Names of one
// inode are ordered by Dir, then Pos. The zero value is before all of them.
type DirPosition struct {
	Dir uint64
	Pos uint64
}

// Next is the place to go on from after p. ok is false if p was the last of
// all.
func (p DirPosition) Next() (next DirPosition, ok bool) {
	if p.Pos++; p.Pos != 0 {
		return p, true
	}
	p.Dir++
	return p, p.Dir != 0
}

// MaxPathBytes is the largest buffer that INO_PATH can fill: it holds every
// path that the request can return.
const MaxPathBytes = math.MaxUint16

// InoPath asks for the path of an inode: of its first name at From or after.
type InoPath struct {
	Ino   uint64
	From  DirPosition
	Bytes int // room for the path, its NUL, and 24 bytes; MaxPathBytes at most
}

// InoPathResult is one path of an inode.
type InoPathResult struct {
	At   DirPosition // place of the path's last name
	Path string      // from the root of the volume, without a leading slash; the bytes of names as they are
}

// Encode returns the call for q.
func (q InoPath) Encode() Call {
	return Call{Number: NumberInoPath, Arg: pack(inoPathArg{
		Ino:         u64(q.Ino),
		DirIno:      u64(q.From.Dir),
		DirPos:      u64(q.From.Pos),
		ResultBytes: u16(uint16(bounded(q.Bytes, MaxPathBytes))),
	})}
}

// Decode sets q to what the call asks.
func (q *InoPath) Decode(c Call) error {
	arg, err := argument[inoPathArg](c, NumberInoPath)
	if err != nil {
		return err
	}
	*q = InoPath{
		Ino:   arg.Ino.Get(),
		From:  DirPosition{arg.DirIno.Get(), arg.DirPos.Get()},
		Bytes: int(arg.ResultBytes.Get()),
	}
	return nil
}

// EncodeReply returns the reply with the given path. It fails with
// ENAMETOOLONG if the path does not fit in q.Bytes.
func (q InoPath) EncodeReply(_ Call, r InoPathResult) (Reply, error) {
	n := len(r.Path) + 1
	if pathHeadSize+n > bounded(q.Bytes, MaxPathBytes) {
		return Reply{}, &Error{Request: NumberInoPath, Errno: syscall.ENAMETOOLONG}
	}
	out := make([]byte, 0, pathHeadSize+n)
	out = append(out, pack(inoPathHead{
		DirIno:    u64(r.At.Dir),
		DirPos:    u64(r.At.Pos),
		PathBytes: u16(uint16(n)),
	})...)
	out = append(out, r.Path...)
	return Reply{Out: append(out, 0)}, nil
}

// DecodeReply returns the path of a reply to q.
func (q InoPath) DecodeReply(r Reply) (InoPathResult, error) {
	if len(r.Out) < pathHeadSize {
		return InoPathResult{}, garbled(NumberInoPath, "%d bytes, expected %d or more", len(r.Out), pathHeadSize)
	}
	head, err := format.View[inoPathHead](r.Out)
	if err != nil {
		return InoPathResult{}, err
	}
	path := r.Out[pathHeadSize:]
	n := int(head.PathBytes.Get())
	if n == 0 || n > len(path) || bytes.IndexByte(path[:n], 0) != n-1 {
		return InoPathResult{}, garbled(NumberInoPath, "no path of %d bytes", n)
	}
	return InoPathResult{
		At:   DirPosition{head.DirIno.Get(), head.DirPos.Get()},
		Path: string(path[:n-1]),
	}, nil
}

// GetReferringEntries asks for the directory entries that name an inode, at
// From and after.
type GetReferringEntries struct {
	Ino   uint64
	From  DirPosition
	Bytes int // room for entries; one takes 30 bytes and its name's, rounded up to a multiple of 16
}

// ReferringEntry is one directory entry that names the inode asked for.
type ReferringEntry struct {
	At   DirPosition
	Ino  uint64
	Type uint8 // DT_ value of readdir(3)
	Last bool  // the inode has no further entries
	Name string
}

// Encode returns the call for q.
func (q GetReferringEntries) Encode() Call {
	return Call{Number: NumberGetReferringEntries, Arg: pack(getReferringEntriesArg{
		Ino:          u64(q.Ino),
		DirIno:       u64(q.From.Dir),
		DirPos:       u64(q.From.Pos),
		EntriesBytes: u64(uint64(bounded(q.Bytes, MaxBytes))),
	})}
}

// Decode sets q to what the call asks.
func (q *GetReferringEntries) Decode(c Call) error {
	arg, err := argument[getReferringEntriesArg](c, NumberGetReferringEntries)
	if err != nil {
		return err
	}
	*q = GetReferringEntries{
		Ino:   arg.Ino.Get(),
		From:  DirPosition{arg.DirIno.Get(), arg.DirPos.Get()},
		Bytes: bounded(arg.EntriesBytes.Get(), MaxBytes),
	}
	return nil
}

// EncodeReply returns the reply with as many of the given entries as fit in
// q.Bytes. It fails with EINVAL if the first does not.
func (q GetReferringEntries) EncodeReply(_ Call, entries []ReferringEntry) (Reply, error) {
	var r Reply
	for _, e := range entries {
		if len(e.Name) > format.MaxNameLen {
			return Reply{}, &Error{Request: NumberGetReferringEntries, Errno: syscall.EIO, Detail: "a name of more than 255 bytes"}
		}
		size := direntSize(len(e.Name))
		if len(r.Out)+size > q.Bytes {
			if r.Return == 0 {
				return Reply{}, &Error{Request: NumberGetReferringEntries, Errno: syscall.EINVAL, Detail: "no room for a single entry"}
			}
			break
		}
		r.Out = appendDirent(r.Out, e, size)
		r.Return++
	}
	return r, nil
}

// DecodeReply returns the entries of a reply to q.
func (q GetReferringEntries) DecodeReply(r Reply) ([]ReferringEntry, error) {
	if r.Return < 0 || r.Return > len(r.Out)/direntSize(0) {
		return nil, garbled(NumberGetReferringEntries, "%d entries in %d bytes", r.Return, len(r.Out))
	}
	if r.Return == 0 {
		return nil, nil
	}
	end := 0
	for i := range r.Return {
		size, ok := checkDirent(r.Out[end:])
		if !ok {
			return nil, garbled(NumberGetReferringEntries, "a broken entry %d at byte %d of %d", i, end, len(r.Out))
		}
		end += size
	}
	entries := make([]ReferringEntry, 0, r.Return)
	names := string(r.Out[:end]) // one copy that all names share
	for at := 0; at < end; {
		e, size, err := dirent(r.Out[at:], names[at:])
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
		at += size
	}
	return entries, nil
}

// direntSize is how many bytes an entry takes with its name.
func direntSize(name int) int {
	return (direntHeadSize + name + 1 + direntAlign - 1) &^ (direntAlign - 1)
}

func appendDirent(out []byte, e ReferringEntry, size int) []byte {
	end := len(out) + size
	head := direntHead{
		DirIno:     u64(e.At.Dir),
		DirPos:     u64(e.At.Pos),
		Ino:        u64(e.Ino),
		EntryBytes: u16(uint16(size)),
		DType:      e.Type,
		NameLen:    byte(len(e.Name)),
	}
	if e.Last {
		head.Flags = direntLast
	}
	out = append(out, pack(head)...)
	out = append(out, e.Name...)
	return append(out, make([]byte, end-len(out))...)
}

// checkDirent returns the size of the entry at the start of b; ok is false if
// it is not all there.
func checkDirent(b []byte) (size int, ok bool) {
	head, err := format.View[direntHead](b)
	if err != nil {
		return 0, false
	}
	size = int(head.EntryBytes.Get())
	return size, size <= len(b) && direntHeadSize+int(head.NameLen) < size
}

// dirent decodes the entry at the start of b, which was checked and of which
// names is a copy.
func dirent(b []byte, names string) (e ReferringEntry, size int, err error) {
	head, err := format.View[direntHead](b)
	if err != nil {
		return e, 0, err
	}
	return ReferringEntry{
		At:   DirPosition{head.DirIno.Get(), head.DirPos.Get()},
		Ino:  head.Ino.Get(),
		Type: head.DType,
		Last: head.Flags&direntLast != 0,
		Name: names[direntHeadSize : direntHeadSize+int(head.NameLen)],
	}, int(head.EntryBytes.Get()), nil
}
