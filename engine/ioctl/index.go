// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import "math"

// XattrIndexEntry is an inode's place in the index that indx attributes make
// up, ordered by Major, Minor, Ino.
type XattrIndexEntry struct {
	Major uint8
	Minor uint64
	Ino   uint64
}

// LastXattrIndexEntry is the place that no entry is behind.
func LastXattrIndexEntry() XattrIndexEntry {
	return XattrIndexEntry{math.MaxUint8, math.MaxUint64, math.MaxUint64}
}

// Next is the place to go on from after e. ok is false if e was the last of
// all.
func (e XattrIndexEntry) Next() (next XattrIndexEntry, ok bool) {
	if e.Ino++; e.Ino != 0 {
		return e, true
	}
	if e.Minor++; e.Minor != 0 {
		return e, true
	}
	e.Major++
	return e, e.Major != 0
}

// ReadXattrIndex asks for the entries of the index of indx attributes from
// First to Last, both included.
type ReadXattrIndex struct {
	First, Last XattrIndexEntry
	Count       int    // at most this many
	Flags       uint64 // none are defined; ignored
}

// Encode returns the call for q.
func (q ReadXattrIndex) Encode() Call {
	arg := readXattrIndexArg{Flags: u64(q.Flags), EntriesNr: u64(uint64(bounded(q.Count, MaxBatch)))}
	setXattrIndexEntry(&arg.First, q.First)
	setXattrIndexEntry(&arg.Last, q.Last)
	return Call{Number: NumberReadXattrIndex, Arg: pack(arg)}
}

// Decode sets q to what the call asks.
func (q *ReadXattrIndex) Decode(c Call) error {
	arg, err := argument[readXattrIndexArg](c, NumberReadXattrIndex)
	if err != nil {
		return err
	}
	*q = ReadXattrIndex{
		First: xattrIndexEntry(&arg.First),
		Last:  xattrIndexEntry(&arg.Last),
		Count: bounded(arg.EntriesNr.Get(), MaxBatch),
		Flags: arg.Flags.Get(),
	}
	return nil
}

// EncodeReply returns the reply with the given entries.
func (q ReadXattrIndex) EncodeReply(_ Call, entries []XattrIndexEntry) (Reply, error) {
	return replyEach(entries, q.Count, setXattrIndexEntry), nil
}

// DecodeReply returns the entries of a reply to q.
func (q ReadXattrIndex) DecodeReply(r Reply) ([]XattrIndexEntry, error) {
	return decodeEach(r, NumberReadXattrIndex, q.Count, xattrIndexEntry)
}

func xattrIndexEntry(w *indexEntry) XattrIndexEntry {
	return XattrIndexEntry{Major: w.Major, Minor: w.Minor.Get(), Ino: w.Ino.Get()}
}

func setXattrIndexEntry(w *indexEntry, e XattrIndexEntry) {
	w.Minor.Set(e.Minor)
	w.Ino.Set(e.Ino)
	w.Major = e.Major
}
