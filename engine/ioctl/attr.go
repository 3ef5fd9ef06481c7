// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import "time"

// Timespec is a time as requests carry it. Nothing checks that Nsec is below
// a second.
type Timespec struct {
	Sec  uint64 // since 1970; signed, although requests call it unsigned
	Nsec uint32
}

// TimespecOf returns t as a Timespec.
func TimespecOf(t time.Time) Timespec {
	return Timespec{uint64(t.Unix()), uint32(t.Nanosecond())}
}

// Time returns ts as a time in UTC.
func (ts Timespec) Time() time.Time { return time.Unix(int64(ts.Sec), int64(ts.Nsec)).UTC() }

// StatMore asks for the fields of an inode that stat(2) does not show.
type StatMore struct{}

// StatMoreResult holds them.
type StatMoreResult struct {
	MetaSeq       uint64 // place in the meta_seq index
	DataSeq       uint64 // place in the data_seq index, for regular files
	DataVersion   uint64 // counts changes of the data
	OnlineBlocks  uint64 // 4 KiB blocks with data here
	OfflineBlocks uint64 // 4 KiB blocks with data in the archive only
	Crtime        Timespec
}

// Encode returns the call for q.
func (q StatMore) Encode() Call { return Call{Number: NumberStatMore, Arg: pack(statMoreArg{})} }

// Decode fails if the call is not of this request.
func (q *StatMore) Decode(c Call) error {
	_, err := argument[statMoreArg](c, NumberStatMore)
	return err
}

// EncodeReply returns the reply with r.
func (q StatMore) EncodeReply(_ Call, r StatMoreResult) (Reply, error) {
	return Reply{Arg: pack(statMoreArg{
		MetaSeq:       u64(r.MetaSeq),
		DataSeq:       u64(r.DataSeq),
		DataVersion:   u64(r.DataVersion),
		OnlineBlocks:  u64(r.OnlineBlocks),
		OfflineBlocks: u64(r.OfflineBlocks),
		CrtimeSec:     u64(r.Crtime.Sec),
		CrtimeNsec:    u32(r.Crtime.Nsec),
	})}, nil
}

// DecodeReply returns the result of a reply to q.
func (q StatMore) DecodeReply(r Reply) (StatMoreResult, error) {
	arg, err := written[statMoreArg](r, NumberStatMore)
	if err != nil {
		return StatMoreResult{}, err
	}
	return StatMoreResult{
		MetaSeq:       arg.MetaSeq.Get(),
		DataSeq:       arg.DataSeq.Get(),
		DataVersion:   arg.DataVersion.Get(),
		OnlineBlocks:  arg.OnlineBlocks.Get(),
		OfflineBlocks: arg.OfflineBlocks.Get(),
		Crtime:        Timespec{arg.CrtimeSec.Get(), arg.CrtimeNsec.Get()},
	}, nil
}

// SetattrFlags change what SETATTR_MORE does.
type SetattrFlags uint64

// SetattrOffline makes all of the file offline, up to its new size. It is the
// only flag.
const SetattrOffline SetattrFlags = 1 << 0

// SetattrMore asks to set a restored file's size and times.
type SetattrMore struct {
	DataVersion uint64 // 0 leaves it alone; must be set together with a size
	Size        uint64 // bytes
	Flags       SetattrFlags
	Ctime       Timespec // always set
	Crtime      Timespec // always set
}

// Encode returns the call for q.
func (q SetattrMore) Encode() Call {
	return Call{Number: NumberSetattrMore, Arg: pack(setattrMoreArg{
		DataVersion: u64(q.DataVersion),
		ISize:       u64(q.Size),
		Flags:       u64(uint64(q.Flags)),
		CtimeSec:    u64(q.Ctime.Sec),
		CtimeNsec:   u32(q.Ctime.Nsec),
		CrtimeNsec:  u32(q.Crtime.Nsec),
		CrtimeSec:   u64(q.Crtime.Sec),
	})}
}

// Decode sets q to what the call asks.
func (q *SetattrMore) Decode(c Call) error {
	arg, err := argument[setattrMoreArg](c, NumberSetattrMore)
	if err != nil {
		return err
	}
	*q = SetattrMore{
		DataVersion: arg.DataVersion.Get(),
		Size:        arg.ISize.Get(),
		Flags:       SetattrFlags(arg.Flags.Get()),
		Ctime:       Timespec{arg.CtimeSec.Get(), arg.CtimeNsec.Get()},
		Crtime:      Timespec{arg.CrtimeSec.Get(), arg.CrtimeNsec.Get()},
	}
	return nil
}

// AttrX returns the SET_ATTR_X that does what q does, as the kernel module
// carries it out (kmod/src/ioctl.c: scoutfs_ioc_setattr_more). Flags other
// than SetattrOffline are lost; check them first.
func (q SetattrMore) AttrX() SetAttrX {
	a := SetAttrX{
		Mask:        AttrCtime | AttrCrtime | AttrSize,
		DataVersion: q.DataVersion,
		Size:        q.Size,
		Ctime:       q.Ctime,
		Crtime:      q.Crtime,
	}
	if q.DataVersion != 0 {
		a.Mask |= AttrDataVersion
	}
	if q.Flags&SetattrOffline != 0 {
		a.Flags |= AttrSizeOffline
	}
	return a
}
