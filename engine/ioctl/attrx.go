// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import "scoutfs/engine/format"

// AttrMask is a set of attributes to get or to set.
type AttrMask uint64

// The attributes. Setting AttrMetaSeq, AttrDataSeq and the block counts is
// accepted and does nothing.
const (
	AttrMetaSeq AttrMask = 1 << iota
	AttrDataSeq
	AttrDataVersion
	AttrOnlineBlocks
	AttrOfflineBlocks
	AttrCtime
	AttrCrtime
	AttrSize
	AttrRetention // format version 2
	AttrProjectID // format version 2

	// AttrAll are all attributes that there are in format version 2.
	AttrAll AttrMask = 1<<iota - 1
	// AttrV1 are all attributes that there are in format version 1.
	AttrV1 = AttrAll &^ (AttrRetention | AttrProjectID)
)

// AttrFlags change what GET_ATTR_X and SET_ATTR_X do.
type AttrFlags uint64

// AttrSizeOffline makes all of the file offline when its size is set. It is
// the only flag.
const AttrSizeOffline AttrFlags = 1 << 0

// AttrX holds the attributes that Mask says; other fields mean nothing.
type AttrX struct {
	Mask          AttrMask
	Flags         AttrFlags
	MetaSeq       uint64
	DataSeq       uint64
	DataVersion   uint64
	OnlineBlocks  uint64 // of 4 KiB
	OfflineBlocks uint64 // of 4 KiB
	Ctime         Timespec
	Crtime        Timespec
	Size          uint64 // bytes
	Retention     bool
	ProjectID     uint64
}

// SetAttrX asks to set the attributes in its Mask.
type SetAttrX AttrX

// Encode returns the call for q.
func (q SetAttrX) Encode() Call {
	return Call{Number: NumberSetAttrX, Arg: pack(encodeAttrX(AttrX(q)))}
}

// Decode sets q to what the call asks.
func (q *SetAttrX) Decode(c Call) error {
	arg, err := argument[attrX](c, NumberSetAttrX)
	if err != nil {
		return err
	}
	*q = SetAttrX(decodeAttrX(arg))
	return nil
}

// GetAttrX asks for the attributes in its Mask.
type GetAttrX struct {
	Mask  AttrMask
	Flags AttrFlags
}

// Encode returns the call for q.
func (q GetAttrX) Encode() Call {
	return Call{Number: NumberGetAttrX, Arg: pack(attrX{XMask: u64(uint64(q.Mask)), XFlags: u64(uint64(q.Flags))})}
}

// Decode sets q to what the call asks.
func (q *GetAttrX) Decode(c Call) error {
	arg, err := argument[attrX](c, NumberGetAttrX)
	if err != nil {
		return err
	}
	*q = GetAttrX{Mask: AttrMask(arg.XMask.Get()), Flags: AttrFlags(arg.XFlags.Get())}
	return nil
}

// EncodeReply returns the reply with those attributes of a that q asks for.
// It writes up to the last of them in the argument, and leaves the caller's
// bytes in fields between them that were not asked for.
func (q GetAttrX) EncodeReply(c Call, a AttrX) (Reply, error) {
	arg, err := argument[attrX](c, NumberGetAttrX)
	if err != nil {
		return Reply{}, err
	}
	out, from := *arg, encodeAttrX(a)
	end := 0
	for _, f := range attrFields {
		if q.Mask&f.mask != 0 {
			copy(format.Bytes(&out)[f.offset:f.end], format.Bytes(&from)[f.offset:f.end])
			end = max(end, f.end)
		}
	}
	if end == 0 {
		return Reply{}, nil
	}
	return Reply{Arg: format.Bytes(&out)[:end]}, nil
}

// DecodeReply returns the attributes of a reply to q. Those that were not
// asked for are zero.
func (q GetAttrX) DecodeReply(r Reply) (AttrX, error) {
	var arg attrX
	for _, f := range attrFields {
		if q.Mask&f.mask == 0 {
			continue
		}
		if len(r.Arg) < f.end {
			return AttrX{}, garbled(NumberGetAttrX, "argument of %d bytes, expected %d", len(r.Arg), f.end)
		}
		copy(format.Bytes(&arg)[f.offset:f.end], r.Arg[f.offset:f.end])
	}
	a := decodeAttrX(&arg)
	a.Mask, a.Flags = q.Mask, q.Flags
	return a, nil
}

// attrFields are the bytes of attrX that hold each attribute.
var attrFields = [...]struct {
	mask        AttrMask
	offset, end int
}{
	{AttrMetaSeq, 16, 24},
	{AttrDataSeq, 24, 32},
	{AttrDataVersion, 32, 40},
	{AttrOnlineBlocks, 40, 48},
	{AttrOfflineBlocks, 48, 56},
	{AttrCtime, 56, 68},
	{AttrCrtime, 68, 80},
	{AttrSize, 80, 88},
	{AttrRetention, 88, 96},
	{AttrProjectID, 96, 104},
}

func encodeAttrX(a AttrX) attrX {
	w := attrX{
		XMask:         u64(uint64(a.Mask)),
		XFlags:        u64(uint64(a.Flags)),
		MetaSeq:       u64(a.MetaSeq),
		DataSeq:       u64(a.DataSeq),
		DataVersion:   u64(a.DataVersion),
		OnlineBlocks:  u64(a.OnlineBlocks),
		OfflineBlocks: u64(a.OfflineBlocks),
		CtimeSec:      u64(a.Ctime.Sec),
		CtimeNsec:     u32(a.Ctime.Nsec),
		CrtimeNsec:    u32(a.Crtime.Nsec),
		CrtimeSec:     u64(a.Crtime.Sec),
		Size:          u64(a.Size),
		ProjectID:     u64(a.ProjectID),
	}
	if a.Retention {
		w.Bits.Set(attrRetention)
	}
	return w
}

func decodeAttrX(w *attrX) AttrX {
	return AttrX{
		Mask:          AttrMask(w.XMask.Get()),
		Flags:         AttrFlags(w.XFlags.Get()),
		MetaSeq:       w.MetaSeq.Get(),
		DataSeq:       w.DataSeq.Get(),
		DataVersion:   w.DataVersion.Get(),
		OnlineBlocks:  w.OnlineBlocks.Get(),
		OfflineBlocks: w.OfflineBlocks.Get(),
		Ctime:         Timespec{w.CtimeSec.Get(), w.CtimeNsec.Get()},
		Crtime:        Timespec{w.CrtimeSec.Get(), w.CrtimeNsec.Get()},
		Size:          w.Size.Get(),
		Retention:     w.Bits.Get()&attrRetention != 0,
		ProjectID:     w.ProjectID.Get(),
	}
}
