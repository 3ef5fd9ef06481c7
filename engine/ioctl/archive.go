// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import "math"

// Release asks to free the data of a file's blocks and to mark them offline.
// All of it is in bytes and multiples of 4096, and may reach past the end of
// the file.
type Release struct {
	Offset      uint64
	Length      uint64
	DataVersion uint64 // must be the file's
}

// Encode returns the call for q.
func (q Release) Encode() Call {
	return Call{Number: NumberRelease, Arg: pack(releaseArg{
		Offset:      u64(q.Offset),
		Length:      u64(q.Length),
		DataVersion: u64(q.DataVersion),
	})}
}

// Decode sets q to what the call asks.
func (q *Release) Decode(c Call) error {
	arg, err := argument[releaseArg](c, NumberRelease)
	if err != nil {
		return err
	}
	*q = Release{Offset: arg.Offset.Get(), Length: arg.Length.Get(), DataVersion: arg.DataVersion.Get()}
	return nil
}

// Stage asks to write a file's archived data back.
type Stage struct {
	DataVersion uint64 // must be the file's
	Offset      uint64 // bytes, a multiple of 4096
	Data        []byte // ends on a multiple of 4096 or at the end of the file
}

// maxStageLength is the largest multiple of 4096 that the argument's signed
// length can hold.
const maxStageLength = math.MaxInt32 &^ 4095

// Encode returns the call for q. It aliases q.Data, of which it takes
// 2 GiB - 4096 bytes at most.
func (q Stage) Encode() Call {
	data := q.Data[:min(len(q.Data), maxStageLength)]
	return Call{
		Number: NumberStage,
		Arg: pack(stageArg{
			DataVersion: u64(q.DataVersion),
			Offset:      u64(q.Offset),
			Length:      u32(uint32(len(data))),
		}),
		In: data,
	}
}

// Decode sets q to what the call asks; q.Data aliases c.In and is no longer
// than that. It fails with EINVAL if the length is negative.
func (q *Stage) Decode(c Call) error {
	arg, err := argument[stageArg](c, NumberStage)
	if err != nil {
		return err
	}
	n := arg.Length.Get()
	if n > math.MaxInt32 {
		return invalid(NumberStage, "length of %d", int32(n))
	}
	*q = Stage{
		DataVersion: arg.DataVersion.Get(),
		Offset:      arg.Offset.Get(),
		Data:        c.In[:min(len(c.In), int(n))],
	}
	return nil
}

// EncodeReply returns the reply of a request that wrote n bytes.
func (q Stage) EncodeReply(_ Call, n int) (Reply, error) { return Reply{Return: n}, nil }

// DecodeReply returns how many bytes were written.
func (q Stage) DecodeReply(r Reply) (int, error) {
	if r.Return < 0 || r.Return > len(q.Data) {
		return 0, garbled(NumberStage, "%d bytes written of %d", r.Return, len(q.Data))
	}
	return r.Return, nil
}

// MoveFlags change what MOVE_BLOCKS does.
type MoveFlags uint64

// MoveStage moves into an offline extent of the destination and leaves its
// times and data version alone. It is the only flag.
const MoveStage MoveFlags = 1 << 0

// MoveBlocks asks to move data from one file to another without copying it.
// Offsets and Length are bytes and multiples of 4096, but Length may end at
// the size of the source.
type MoveBlocks struct {
	FromOffset  uint64
	Length      uint64
	ToOffset    uint64
	DataVersion uint64 // with MoveStage it must be the destination's
	Flags       MoveFlags

	// FromFD names the source to the carrier: a file descriptor for
	// ioctl(2). Whoever asks a File leaves it 0, and no File looks at it.
	FromFD uint64
}

// Encode returns the call for q.
func (q MoveBlocks) Encode() Call {
	return Call{Number: NumberMoveBlocks, Arg: pack(moveBlocksArg{
		FromFD:      u64(q.FromFD),
		FromOff:     u64(q.FromOffset),
		Len:         u64(q.Length),
		ToOff:       u64(q.ToOffset),
		DataVersion: u64(q.DataVersion),
		Flags:       u64(uint64(q.Flags)),
	})}
}

// Decode sets q to what the call asks.
func (q *MoveBlocks) Decode(c Call) error {
	arg, err := argument[moveBlocksArg](c, NumberMoveBlocks)
	if err != nil {
		return err
	}
	*q = MoveBlocks{
		FromFD:      arg.FromFD.Get(),
		FromOffset:  arg.FromOff.Get(),
		Length:      arg.Len.Get(),
		ToOffset:    arg.ToOff.Get(),
		DataVersion: arg.DataVersion.Get(),
		Flags:       MoveFlags(arg.Flags.Get()),
	}
	return nil
}

// overflows reports whether a range to move ends beyond 2^64 - 1.
func (q MoveBlocks) overflows() bool {
	last := q.Length - 1
	return q.Length != 0 && (q.FromOffset > math.MaxUint64-last || q.ToOffset > math.MaxUint64-last)
}

// PunchOffline asks to turn the offline extents of a range into holes.
// Offset and Length are bytes and multiples of 4096.
type PunchOffline struct {
	Offset      uint64
	Length      uint64
	DataVersion uint64 // must be the file's
	Flags       uint64 // none are defined
}

// Encode returns the call for q.
func (q PunchOffline) Encode() Call {
	return Call{Number: NumberPunchOffline, Arg: pack(punchOfflineArg{
		Offset:      u64(q.Offset),
		Len:         u64(q.Length),
		DataVersion: u64(q.DataVersion),
		Flags:       u64(q.Flags),
	})}
}

// Decode sets q to what the call asks.
func (q *PunchOffline) Decode(c Call) error {
	arg, err := argument[punchOfflineArg](c, NumberPunchOffline)
	if err != nil {
		return err
	}
	*q = PunchOffline{
		Offset:      arg.Offset.Get(),
		Length:      arg.Len.Get(),
		DataVersion: arg.DataVersion.Get(),
		Flags:       arg.Flags.Get(),
	}
	return nil
}
