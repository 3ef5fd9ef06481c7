// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"fmt"
	"math"
	"syscall"

	"scoutfs/engine/format"
)

// InodeIndex is an index that WALK_INODES can walk.
type InodeIndex uint8

const (
	// IndexMetaSeq has every inode at the sequence number of its last change.
	IndexMetaSeq InodeIndex = iota
	// IndexDataSeq has every regular file at that of its data's last change.
	IndexDataSeq
)

// String is the name that commands give the index.
func (i InodeIndex) String() string {
	switch i {
	case IndexMetaSeq:
		return "meta_seq"
	case IndexDataSeq:
		return "data_seq"
	}
	return fmt.Sprintf("index %d", uint8(i))
}

// InodeEntry is an inode's place in an index, ordered by Major, Minor, Ino.
// In both indexes Major is the sequence number and Minor is 0.
type InodeEntry struct {
	Major uint64
	Minor uint32
	Ino   uint64
}

// LastInodeEntry is the place that no entry is behind.
func LastInodeEntry() InodeEntry {
	return InodeEntry{math.MaxUint64, math.MaxUint32, math.MaxUint64}
}

// Next is the place to go on from after e. ok is false if e was the last of
// all.
func (e InodeEntry) Next() (next InodeEntry, ok bool) {
	if e.Ino++; e.Ino != 0 {
		return e, true
	}
	if e.Minor++; e.Minor != 0 {
		return e, true
	}
	e.Major++
	return e, e.Major != 0
}

// WalkInodes asks for the entries of an index from First to Last, both
// included.
type WalkInodes struct {
	Index       InodeIndex
	First, Last InodeEntry
	Count       int // at most this many
}

// Encode returns the call for q.
func (q WalkInodes) Encode() Call {
	arg := walkInodesArg{NrEntries: u32(uint32(bounded(q.Count, MaxBatch))), Index: byte(q.Index)}
	setInodeEntry(&arg.First, q.First)
	setInodeEntry(&arg.Last, q.Last)
	return Call{Number: NumberWalkInodes, Arg: pack(arg)}
}

// Decode sets q to what the call asks.
func (q *WalkInodes) Decode(c Call) error {
	arg, err := argument[walkInodesArg](c, NumberWalkInodes)
	if err != nil {
		return err
	}
	*q = WalkInodes{
		Index: InodeIndex(arg.Index),
		First: inodeEntry(&arg.First),
		Last:  inodeEntry(&arg.Last),
		Count: bounded(arg.NrEntries.Get(), MaxBatch),
	}
	return nil
}

// EncodeReply returns the reply with the given entries.
func (q WalkInodes) EncodeReply(_ Call, entries []InodeEntry) (Reply, error) {
	return replyEach(entries, q.Count, setInodeEntry), nil
}

// DecodeReply returns the entries of a reply to q. The kernel module answers
// with one entry when asked for none; that one is dropped.
func (q WalkInodes) DecodeReply(r Reply) ([]InodeEntry, error) {
	return decodeEach(r, NumberWalkInodes, q.Count, inodeEntry)
}

func inodeEntry(w *walkEntry) InodeEntry {
	return InodeEntry{Major: w.Major.Get(), Minor: w.Minor.Get(), Ino: w.Ino.Get()}
}

func setInodeEntry(w *walkEntry, e InodeEntry) {
	w.Major.Set(e.Major)
	w.Ino.Set(e.Ino)
	w.Minor.Set(e.Minor)
}

// GetAllocatedInos asks which inode numbers from Start to the end of its
// group of 1024 (format.LockInodeGroup) are in use.
type GetAllocatedInos struct {
	Start uint64
	Count int // at most this many; 0 is an error
}

// Encode returns the call for q.
func (q GetAllocatedInos) Encode() Call {
	return Call{Number: NumberGetAllocatedInos, Arg: pack(getAllocatedInosArg{
		StartIno:  u64(q.Start),
		InosBytes: u64(uint64(bounded(q.Count, MaxBatch)) * inoSize),
	})}
}

// Decode sets q to what the call asks. It fails with EINVAL if there is no
// room for a single number.
func (q *GetAllocatedInos) Decode(c Call) error {
	arg, err := argument[getAllocatedInosArg](c, NumberGetAllocatedInos)
	if err != nil {
		return err
	}
	n := arg.InosBytes.Get()
	if n < inoSize {
		return &Error{Request: NumberGetAllocatedInos, Errno: syscall.EINVAL, Detail: "no room for a single inode number"}
	}
	*q = GetAllocatedInos{Start: arg.StartIno.Get(), Count: bounded(n/inoSize, MaxBatch)}
	return nil
}

// EncodeReply returns the reply with the given inode numbers.
func (q GetAllocatedInos) EncodeReply(_ Call, inos []uint64) (Reply, error) {
	return replyEach(inos, q.Count, setIno), nil
}

// DecodeReply returns the inode numbers of a reply to q.
func (q GetAllocatedInos) DecodeReply(r Reply) ([]uint64, error) {
	return decodeEach(r, NumberGetAllocatedInos, q.Count, ino)
}

func ino(w *format.U64) uint64       { return w.Get() }
func setIno(w *format.U64, v uint64) { w.Set(v) }
