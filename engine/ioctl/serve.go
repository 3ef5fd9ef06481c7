// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"context"
	"math"
	"syscall"
)

// Server answers calls. It is the Doer of a volume and of one of its files.
type Server struct {
	Volume Volume
	File   File // that the calls are made on; may be nil if there are only calls about the volume

	// From finds the source of MOVE_BLOCKS by the FromFD of the call, and is
	// asked for each. Without it, or if it fails, the request fails with
	// EBADF.
	From func(ctx context.Context, fd uint64) (File, error)
}

// Do decodes a call, asks Volume or File, and encodes the reply. Permissions
// are not its business: see [Server.Serve]. An unknown number fails with
// ENOTTY, and so does a call about a file without one.
func (s Server) Do(ctx context.Context, c Call) (Reply, error) {
	if err := ctx.Err(); err != nil {
		return Reply{}, err
	}
	info, ok := c.Number.Info()
	if !ok || info.Subject == OnFile && s.File == nil {
		return Reply{}, &Error{Request: c.Number, Errno: syscall.ENOTTY}
	}
	if info.Subject == OnFile {
		return s.doFile(ctx, c)
	}
	return s.doVolume(ctx, c)
}

func (s Server) doVolume(ctx context.Context, c Call) (Reply, error) {
	switch v := s.Volume; c.Number {
	case NumberWalkInodes:
		return answer[WalkInodes](ctx, c, v.WalkInodes)
	case NumberInoPath:
		return answer[InoPath](ctx, c, v.InoPath)
	case NumberDataWaiting:
		return answer[DataWaiting](ctx, c, v.DataWaiting)
	case NumberSearchXattrs:
		return answer[SearchXattrs](ctx, c, v.SearchXattrs)
	case NumberStatfsMore:
		return answer[StatfsMore](ctx, c, func(ctx context.Context, _ StatfsMore) (StatfsMoreResult, error) {
			return v.StatfsMore(ctx)
		})
	case NumberDataWaitErr:
		return answer[DataWaitErr](ctx, c, v.DataWaitErr)
	case NumberAllocDetail:
		return answer[AllocDetail](ctx, c, v.AllocDetail)
	case NumberResizeDevices:
		return obey[ResizeDevices](ctx, c, v.ResizeDevices)
	case NumberReadXattrTotals:
		return answer[ReadXattrTotals](ctx, c, v.ReadXattrTotals)
	case NumberGetAllocatedInos:
		return answer[GetAllocatedInos](ctx, c, v.GetAllocatedInos)
	case NumberGetReferringEntries:
		return answer[GetReferringEntries](ctx, c, v.GetReferringEntries)
	case NumberGetQuotaRules:
		return answer[GetQuotaRules](ctx, c, v.GetQuotaRules)
	case NumberAddQuotaRule:
		return obey[AddQuotaRule](ctx, c, v.AddQuotaRule)
	case NumberDelQuotaRule:
		return obey[DelQuotaRule](ctx, c, v.DelQuotaRule)
	case NumberReadXattrIndex:
		return answer[ReadXattrIndex](ctx, c, v.ReadXattrIndex)
	case NumberInjectTotlDelta:
		return obey[InjectTotlDelta](ctx, c, v.InjectTotlDelta)
	}
	return Reply{}, &Error{Request: c.Number, Errno: syscall.ENOTTY}
}

func (s Server) doFile(ctx context.Context, c Call) (Reply, error) {
	switch f := s.File; c.Number {
	case NumberRelease:
		return obey[Release](ctx, c, f.Release)
	case NumberStage:
		return answer[Stage](ctx, c, f.Stage)
	case NumberStatMore:
		return answer[StatMore](ctx, c, func(ctx context.Context, _ StatMore) (StatMoreResult, error) {
			return f.StatMore(ctx)
		})
	case NumberSetattrMore:
		return obey[SetattrMore](ctx, c, f.SetattrMore)
	case NumberListxattrHidden:
		return answer[ListxattrHidden](ctx, c, f.ListxattrHidden)
	case NumberMoveBlocks:
		return obey[MoveBlocks](ctx, c, s.moveBlocks)
	case NumberGetAttrX:
		return answer[GetAttrX](ctx, c, f.GetAttrX)
	case NumberSetAttrX:
		return obey[SetAttrX](ctx, c, f.SetAttrX)
	case NumberPunchOffline:
		return obey[PunchOffline](ctx, c, f.PunchOffline)
	case NumberFiemap:
		return answer[Fiemap](ctx, c, f.Fiemap)
	}
	return Reply{}, &Error{Request: c.Number, Errno: syscall.ENOTTY}
}

// moveBlocks finds the source after the checks that come before it is looked
// at (kmod/src/ioctl.c: scoutfs_ioc_move_blocks).
func (s Server) moveBlocks(ctx context.Context, q MoveBlocks) error {
	switch {
	case q.Length == 0:
		return nil
	case q.overflows():
		return &Error{Request: NumberMoveBlocks, Errno: syscall.EOVERFLOW}
	case s.From == nil:
		return &Error{Request: NumberMoveBlocks, Errno: syscall.EBADF}
	}
	from, err := s.From(ctx, q.FromFD)
	if err != nil {
		return &Error{Request: NumberMoveBlocks, Errno: syscall.EBADF, Detail: err.Error()}
	}
	q.FromFD = 0
	return s.File.MoveBlocks(ctx, from, q)
}

// decoded is a pointer to a request that Decode fills in; replying also
// encodes its result.
type (
	decoded[Q any] interface {
		*Q
		Decode(c Call) error
	}
	replying[Q, R any] interface {
		decoded[Q]
		EncodeReply(c Call, r R) (Reply, error)
	}
)

// answer carries out a call that has a result.
func answer[Q, R any, P replying[Q, R]](ctx context.Context, c Call, do func(context.Context, Q) (R, error)) (Reply, error) {
	var q Q
	if err := P(&q).Decode(c); err != nil {
		return Reply{}, err
	}
	result, err := do(ctx, q)
	if err != nil {
		return Reply{}, err
	}
	return P(&q).EncodeReply(c, result)
}

// obey carries out a call that has none.
func obey[Q any, P decoded[Q]](ctx context.Context, c Call, do func(context.Context, Q) error) (Reply, error) {
	var q Q
	if err := P(&q).Decode(c); err != nil {
		return Reply{}, err
	}
	return Reply{}, do(ctx, q)
}

// Task is a task that has called ioctl(2) on a file system in userspace: its
// memory, its rights, and the descriptor that it called ioctl(2) on.
type Task interface {
	// ReadMemory fills p from addr, WriteMemory writes p to addr. Anything
	// but all of p is an error, whatever it is; the request then fails with
	// EFAULT.
	ReadMemory(p []byte, addr uint64) error
	WriteMemory(p []byte, addr uint64) error

	Capable(c Capability) bool

	// Readable and Writable say what the descriptor was opened for.
	Readable() bool
	Writable() bool
}

// Serve carries out the ioctl(2) of a task: the request n with its argument
// at addr. It returns what ioctl(2) returns; for err, that is [Errno].
//
// Missing rights of the descriptor that mean EBADF come first, then missing
// capabilities, then bad addresses, then the checks of Volume and File, as in
// the kernel module; two requests differ, SETATTR_MORE and SET_ATTR_X, which
// there see a read-only file system before the missing capability. STAGE takes
// [MaxStage] bytes at most and returns a short count for more. A reply that
// cannot be written to the task's memory is EFAULT, also when the request
// took effect.
func (s Server) Serve(ctx context.Context, task Task, n Number, addr uint64) (int, error) {
	info, ok := n.Info()
	if !ok {
		return 0, &Error{Request: n, Errno: syscall.ENOTTY}
	}
	if err := info.admit(task); err != nil {
		return 0, err
	}
	c := Call{Number: n, Arg: make([]byte, n.Size())}
	if info.Data&ArgumentIn != 0 {
		if err := task.ReadMemory(c.Arg, addr); err != nil {
			return 0, &Error{Request: n, Errno: syscall.EFAULT, Detail: err.Error()}
		}
	}
	if align := info.out.align; align != 0 && info.out.address(c.Arg, addr)%uint64(align) != 0 {
		return 0, invalid(n, "buffer at %#x, not a multiple of %d", info.out.address(c.Arg, addr), align)
	}
	if info.in.exists() {
		var err error
		if c.In, err = readBuffer(task, info.in, c.Arg); err != nil {
			return 0, &Error{Request: n, Errno: syscall.EFAULT, Detail: err.Error()}
		}
	}
	reply, err := s.Do(ctx, c)
	if err != nil {
		return 0, err
	}
	if err := writeReply(task, info, c, reply, addr); err != nil {
		return 0, &Error{Request: n, Errno: syscall.EFAULT, Detail: err.Error()}
	}
	return reply.Return, nil
}

// admit checks what the kernel module checks before it looks at the argument.
func (i Info) admit(task Task) error {
	if i.OpenErrno == syscall.EBADF && (i.Readable && !task.Readable() || i.Writable && !task.Writable()) {
		return &Error{Request: i.Number, Errno: syscall.EBADF}
	}
	if i.Capability != NoCapability && !task.Capable(i.Capability) {
		return &Error{Request: i.Number, Errno: syscall.EPERM}
	}
	return nil
}

// readBuffer reads what the argument's input pointer points to, MaxStage
// bytes at most. A length that is negative as 32 bits is left to Decode.
func readBuffer(task Task, in buffer, arg []byte) ([]byte, error) {
	size := in.size(arg)
	if size == 0 || size > math.MaxInt32 {
		return nil, nil
	}
	b := make([]byte, min(size, MaxStage))
	return b, task.ReadMemory(b, in.address(arg, 0))
}

// writeReply writes results before the argument that counts them.
func writeReply(task Task, info Info, c Call, r Reply, addr uint64) error {
	if len(r.Out) != 0 {
		if err := task.WriteMemory(r.Out, info.out.address(c.Arg, addr)); err != nil {
			return err
		}
	}
	if len(r.Arg) != 0 {
		return task.WriteMemory(r.Arg, addr)
	}
	return nil
}
