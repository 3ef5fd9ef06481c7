// SPDX-License-Identifier: GPL-2.0-or-later

package engine

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
)

// AllocDetail is [ioctl.Volume.AllocDetail].
func (t *Target) AllocDetail(ctx context.Context, q ioctl.AllocDetail) (entries []ioctl.AllocDetailEntry, err error) {
	err = t.v.Read(ctx, func(f *fs.FS) error {
		entries = nil
		for e, err := range f.AllocDetail(ctx) {
			if err != nil {
				return err
			}
			if len(entries) >= min(q.Count, ioctl.MaxBatch) {
				entries = nil
				return t.fail(ioctl.NumberAllocDetail, syscall.EOVERFLOW, "")
			}
			entries = append(entries, ioctl.AllocDetailEntry{ID: e.ID, Blocks: e.Blocks, Meta: e.Meta, Avail: e.Avail})
		}
		return nil
	})
	return entries, err
}

// ResizeDevices is [ioctl.Volume.ResizeDevices].
func (t *Target) ResizeDevices(ctx context.Context, q ioctl.ResizeDevices) error {
	return t.change(ioctl.NumberResizeDevices, func(w *writing) error {
		return w.log.Exclude(ctx, func(ctx context.Context) error {
			return w.server.Resize(ctx, q.TotalMetaBlocks, q.TotalDataBlocks)
		})
	})
}

// InjectTotlDelta is [ioctl.Volume.InjectTotlDelta].
func (t *Target) InjectTotlDelta(ctx context.Context, q ioctl.InjectTotlDelta) error {
	return t.change(ioctl.NumberInjectTotlDelta, func(w *writing) error {
		return w.writer.InjectTotlDelta(ctx, fs.Root(), q.Name, q.Total, q.Count)
	})
}

// AddQuotaRule is [ioctl.Volume.AddQuotaRule].
func (t *Target) AddQuotaRule(ctx context.Context, q ioctl.AddQuotaRule) error {
	return t.change(ioctl.NumberAddQuotaRule, func(w *writing) error {
		return w.writer.AddQuotaRule(ctx, fs.Root(), q.Rule.Format())
	})
}

// DelQuotaRule is [ioctl.Volume.DelQuotaRule].
func (t *Target) DelQuotaRule(ctx context.Context, q ioctl.DelQuotaRule) error {
	return t.change(ioctl.NumberDelQuotaRule, func(w *writing) error {
		return w.writer.DelQuotaRule(ctx, fs.Root(), q.Rule.Format())
	})
}

// change carries a request out that changes the volume.
func (t *Target) change(n ioctl.Number, do func(*writing) error) error {
	if t.v.writing == nil {
		return t.fail(n, syscall.EROFS, readOnlyDetail)
	}
	return changed(n, t.v.pair.Meta.Name(), do(t.v.writing))
}

const readOnlyDetail = "the volume was not opened for writing"

// changed makes the error of a request that changes something. What else there
// is to say of one that has an errno becomes its detail; damage, and a context
// that ended, stay what they are.
func changed(n ioctl.Number, object string, err error) error {
	var errno syscall.Errno
	_, corrupt := errors.AsType[*format.CorruptError](err)
	if err == nil || corrupt || errors.Is(err, context.Canceled) || !errors.As(err, &errno) {
		return err
	}
	detail := strings.TrimSuffix(strings.TrimSuffix(err.Error(), errno.Error()), ": ")
	return &ioctl.Error{Request: n, Object: object, Errno: errno, Detail: detail}
}

// DataWaiting fails: nothing waits on devices.
func (t *Target) DataWaiting(context.Context, ioctl.DataWaiting) ([]ioctl.DataWaiter, error) {
	return nil, t.noTasks(ioctl.NumberDataWaiting)
}

// DataWaitErr fails: nothing waits on devices.
func (t *Target) DataWaitErr(context.Context, ioctl.DataWaitErr) (int, error) {
	return 0, t.noTasks(ioctl.NumberDataWaitErr)
}
