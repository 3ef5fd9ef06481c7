// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import "math"

// ExtentFlags describe an extent (linux/fiemap.h).
type ExtentFlags uint32

// The flags that scoutfs sets.
const (
	ExtentLast      ExtentFlags = 0x0001 // no further extents in the file
	ExtentUnknown   ExtentFlags = 0x0002 // no place on the device: offline
	ExtentDelalloc  ExtentFlags = 0x0004 // set together with ExtentUnknown
	ExtentUnwritten ExtentFlags = 0x0800 // allocated, reads as zeros
)

// FiemapFlags change what FIEMAP does (linux/fiemap.h).
type FiemapFlags uint32

// FiemapSync writes the file's data first.
const FiemapSync FiemapFlags = 0x0001

// Fiemap asks for a file's extents in a range of bytes. Every Linux file
// system may answer it.
type Fiemap struct {
	Start  uint64 // bytes
	Length uint64 // bytes; 2^64 - 1 is to the end
	Flags  FiemapFlags
	Count  int // room for this many; with 0, extents are only counted
}

// FiemapExtent is one extent; places and lengths are in bytes.
type FiemapExtent struct {
	Logical  uint64 // in the file
	Physical uint64 // on the data device; 0 with ExtentUnknown
	Length   uint64
	Flags    ExtentFlags
}

// FiemapResult holds the extents that start before the end of the range.
type FiemapResult struct {
	Extents []FiemapExtent
	Mapped  uint32 // their number, or with a Count of 0 what it would be
}

// Encode returns the call for q.
func (q Fiemap) Encode() Call {
	return Call{Number: NumberFiemap, Arg: pack(fiemapArg{
		Start:       u64(q.Start),
		Length:      u64(q.Length),
		Flags:       u32(uint32(q.Flags)),
		ExtentCount: u32(uint32(bounded(q.Count, MaxBatch))),
	})}
}

// Decode sets q to what the call asks.
func (q *Fiemap) Decode(c Call) error {
	arg, err := argument[fiemapArg](c, NumberFiemap)
	if err != nil {
		return err
	}
	*q = Fiemap{
		Start:  arg.Start.Get(),
		Length: arg.Length.Get(),
		Flags:  FiemapFlags(arg.Flags.Get()),
		Count:  bounded(arg.ExtentCount.Get(), MaxBatch),
	}
	return nil
}

// EncodeReply returns the reply with r.
func (q Fiemap) EncodeReply(c Call, r FiemapResult) (Reply, error) {
	arg, err := argument[fiemapArg](c, NumberFiemap)
	if err != nil {
		return Reply{}, err
	}
	out := *arg
	reply := replyEach(r.Extents, q.Count, setExtent)
	mapped := r.Mapped
	if q.Count > 0 {
		mapped = uint32(reply.Return)
	}
	out.MappedExtents.Set(mapped)
	return Reply{Arg: pack(out), Out: reply.Out}, nil
}

// DecodeReply returns the extents of a reply to q.
func (q Fiemap) DecodeReply(r Reply) (FiemapResult, error) {
	arg, err := written[fiemapArg](r, NumberFiemap)
	if err != nil {
		return FiemapResult{}, err
	}
	mapped := arg.MappedExtents.Get()
	// The request returns 0; how many there are is in the argument.
	r.Return = bounded(mapped, math.MaxInt32)
	extents, err := decodeEach(r, NumberFiemap, q.Count, extent)
	if q.Count > 0 {
		mapped = uint32(len(extents))
	}
	return FiemapResult{Extents: extents, Mapped: mapped}, err
}

func extent(w *fiemapExtent) FiemapExtent {
	return FiemapExtent{
		Logical:  w.Logical.Get(),
		Physical: w.Physical.Get(),
		Length:   w.Length.Get(),
		Flags:    ExtentFlags(w.Flags.Get()),
	}
}

func setExtent(w *fiemapExtent, e FiemapExtent) {
	w.Logical.Set(e.Logical)
	w.Physical.Set(e.Physical)
	w.Length.Set(e.Length)
	w.Flags.Set(uint32(e.Flags))
}
