// SPDX-License-Identifier: GPL-2.0-or-later

package engine

import (
	"context"
	"syscall"

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

// ResizeDevices fails: the volume is read only.
func (t *Target) ResizeDevices(context.Context, ioctl.ResizeDevices) error {
	return t.readOnly(ioctl.NumberResizeDevices)
}

// InjectTotlDelta fails: the volume is read only.
func (t *Target) InjectTotlDelta(context.Context, ioctl.InjectTotlDelta) error {
	return t.readOnly(ioctl.NumberInjectTotlDelta)
}

// AddQuotaRule fails: the volume is read only.
func (t *Target) AddQuotaRule(context.Context, ioctl.AddQuotaRule) error {
	return t.readOnly(ioctl.NumberAddQuotaRule)
}

// DelQuotaRule fails: the volume is read only.
func (t *Target) DelQuotaRule(context.Context, ioctl.DelQuotaRule) error {
	return t.readOnly(ioctl.NumberDelQuotaRule)
}

// DataWaiting fails: nothing waits on devices.
func (t *Target) DataWaiting(context.Context, ioctl.DataWaiting) ([]ioctl.DataWaiter, error) {
	return nil, t.noTasks(ioctl.NumberDataWaiting)
}

// DataWaitErr fails: nothing waits on devices.
func (t *Target) DataWaitErr(context.Context, ioctl.DataWaitErr) (int, error) {
	return 0, t.noTasks(ioctl.NumberDataWaitErr)
}
