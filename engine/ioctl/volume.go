// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import "syscall"

// StatfsMore asks for what statfs(2) does not say of the volume.
type StatfsMore struct{}

// StatfsMoreResult holds it. Metadata blocks are of 64 KiB, data blocks of
// 4 KiB; totals include the areas at the devices' starts that are never
// allocated.
type StatfsMoreResult struct {
	FSID               uint64 // of the volume
	RID                uint64 // of this mount
	CommittedSeq       uint64 // changes up to this sequence number are committed
	TotalMetaBlocks    uint64
	TotalDataBlocks    uint64
	ReservedMetaBlocks uint64 // kept back for deletion and for the server
}

// Encode returns the call for q.
func (q StatfsMore) Encode() Call { return Call{Number: NumberStatfsMore, Arg: pack(statfsMoreArg{})} }

// Decode fails if the call is not of this request.
func (q *StatfsMore) Decode(c Call) error {
	_, err := argument[statfsMoreArg](c, NumberStatfsMore)
	return err
}

// EncodeReply returns the reply with r.
func (q StatfsMore) EncodeReply(_ Call, r StatfsMoreResult) (Reply, error) {
	return Reply{Arg: pack(statfsMoreArg{
		FSID:               u64(r.FSID),
		RID:                u64(r.RID),
		CommittedSeq:       u64(r.CommittedSeq),
		TotalMetaBlocks:    u64(r.TotalMetaBlocks),
		TotalDataBlocks:    u64(r.TotalDataBlocks),
		ReservedMetaBlocks: u64(r.ReservedMetaBlocks),
	})}, nil
}

// DecodeReply returns the result of a reply to q.
func (q StatfsMore) DecodeReply(r Reply) (StatfsMoreResult, error) {
	arg, err := written[statfsMoreArg](r, NumberStatfsMore)
	if err != nil {
		return StatfsMoreResult{}, err
	}
	return StatfsMoreResult{
		FSID:               arg.FSID.Get(),
		RID:                arg.RID.Get(),
		CommittedSeq:       arg.CommittedSeq.Get(),
		TotalMetaBlocks:    arg.TotalMetaBlocks.Get(),
		TotalDataBlocks:    arg.TotalDataBlocks.Get(),
		ReservedMetaBlocks: arg.ReservedMetaBlocks.Get(),
	}, nil
}

// AllocDetail asks for every store of free blocks.
type AllocDetail struct {
	Count int // room for this many entries
}

// AllocDetailEntry is one store of free blocks. ID is 0 for those of the
// volume, 1 for the server's, and otherwise that of the mount, compaction or
// merge that holds the blocks.
type AllocDetailEntry struct {
	ID     uint64
	Blocks uint64 // of 64 KiB if Meta, of 4 KiB otherwise
	Type   uint8  // the kernel module always says 0
	Meta   bool
	Avail  bool // ready to be allocated, as opposed to freed lately
}

// Encode returns the call for q.
func (q AllocDetail) Encode() Call {
	return Call{Number: NumberAllocDetail, Arg: pack(allocDetailArg{EntriesNr: u64(uint64(bounded(q.Count, MaxBatch)))})}
}

// Decode sets q to what the call asks.
func (q *AllocDetail) Decode(c Call) error {
	arg, err := argument[allocDetailArg](c, NumberAllocDetail)
	if err != nil {
		return err
	}
	*q = AllocDetail{Count: bounded(arg.EntriesNr.Get(), MaxBatch)}
	return nil
}

// EncodeReply returns the reply with the given entries. It fails with
// EOVERFLOW if they are more than q.Count.
func (q AllocDetail) EncodeReply(_ Call, entries []AllocDetailEntry) (Reply, error) {
	if len(entries) > q.Count {
		return Reply{}, &Error{Request: NumberAllocDetail, Errno: syscall.EOVERFLOW}
	}
	return Reply{Return: len(entries), Out: encodeEach(entries, setAllocEntry)}, nil
}

// DecodeReply returns the entries of a reply to q.
func (q AllocDetail) DecodeReply(r Reply) ([]AllocDetailEntry, error) {
	return decodeEach(r, NumberAllocDetail, q.Count, allocDetailEntry)
}

func allocDetailEntry(w *allocEntry) AllocDetailEntry {
	return AllocDetailEntry{
		ID:     w.ID.Get(),
		Blocks: w.Blocks.Get(),
		Type:   w.Type,
		Meta:   w.Bits&allocMeta != 0,
		Avail:  w.Bits&allocAvail != 0,
	}
}

func setAllocEntry(w *allocEntry, e AllocDetailEntry) {
	w.ID.Set(e.ID)
	w.Blocks.Set(e.Blocks)
	w.Type = e.Type
	w.Bits = 0
	if e.Meta {
		w.Bits |= allocMeta
	}
	if e.Avail {
		w.Bits |= allocAvail
	}
}

// ResizeDevices asks to let the volume use more of its devices. 0 leaves a
// device as it is.
type ResizeDevices struct {
	TotalMetaBlocks uint64 // of 64 KiB
	TotalDataBlocks uint64 // of 4 KiB
}

// Encode returns the call for q.
func (q ResizeDevices) Encode() Call {
	return Call{Number: NumberResizeDevices, Arg: pack(resizeDevicesArg{
		NewTotalMetaBlocks: u64(q.TotalMetaBlocks),
		NewTotalDataBlocks: u64(q.TotalDataBlocks),
	})}
}

// Decode sets q to what the call asks.
func (q *ResizeDevices) Decode(c Call) error {
	arg, err := argument[resizeDevicesArg](c, NumberResizeDevices)
	if err != nil {
		return err
	}
	*q = ResizeDevices{TotalMetaBlocks: arg.NewTotalMetaBlocks.Get(), TotalDataBlocks: arg.NewTotalDataBlocks.Get()}
	return nil
}
