// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"context"
	"errors"
	"syscall"
)

// VolumeClient is the Volume at the other end of a Doer.
type VolumeClient struct{ Doer Doer }

// FileClient is the file at the other end of a Doer: a [File] but for Close
// and MoveBlocks. For that, only the carrier knows how to name another file;
// it sets the request's FromFD and carries its call.
type FileClient struct{ Doer Doer }

// request is what all requests can do, and answered what those with a result
// can do.
type (
	request interface {
		Encode() Call
	}
	answered[R any] interface {
		request
		DecodeReply(r Reply) (R, error)
	}
)

// ask makes a request that has a result.
func ask[R any](ctx context.Context, d Doer, q answered[R]) (R, error) {
	reply, err := d.Do(ctx, q.Encode())
	if err != nil {
		var none R
		return none, err
	}
	return q.DecodeReply(reply)
}

// tell makes a request that has none.
func tell(ctx context.Context, d Doer, q request) error {
	_, err := d.Do(ctx, q.Encode())
	return err
}

// StatfsMore is [Volume.StatfsMore].
func (v VolumeClient) StatfsMore(ctx context.Context) (StatfsMoreResult, error) {
	return ask(ctx, v.Doer, StatfsMore{})
}

// AllocDetail is [Volume.AllocDetail].
func (v VolumeClient) AllocDetail(ctx context.Context, q AllocDetail) ([]AllocDetailEntry, error) {
	return ask(ctx, v.Doer, q)
}

// ResizeDevices is [Volume.ResizeDevices].
func (v VolumeClient) ResizeDevices(ctx context.Context, q ResizeDevices) error {
	return tell(ctx, v.Doer, q)
}

// WalkInodes is [Volume.WalkInodes].
func (v VolumeClient) WalkInodes(ctx context.Context, q WalkInodes) ([]InodeEntry, error) {
	return ask(ctx, v.Doer, q)
}

// GetAllocatedInos is [Volume.GetAllocatedInos].
func (v VolumeClient) GetAllocatedInos(ctx context.Context, q GetAllocatedInos) ([]uint64, error) {
	return ask(ctx, v.Doer, q)
}

// InoPath is [Volume.InoPath].
func (v VolumeClient) InoPath(ctx context.Context, q InoPath) (InoPathResult, error) {
	return ask(ctx, v.Doer, q)
}

// GetReferringEntries is [Volume.GetReferringEntries].
func (v VolumeClient) GetReferringEntries(ctx context.Context, q GetReferringEntries) ([]ReferringEntry, error) {
	return ask(ctx, v.Doer, q)
}

// SearchXattrs is [Volume.SearchXattrs].
func (v VolumeClient) SearchXattrs(ctx context.Context, q SearchXattrs) (SearchXattrsResult, error) {
	return ask(ctx, v.Doer, q)
}

// ReadXattrTotals is [Volume.ReadXattrTotals].
func (v VolumeClient) ReadXattrTotals(ctx context.Context, q ReadXattrTotals) ([]XattrTotal, error) {
	return ask(ctx, v.Doer, q)
}

// ReadXattrIndex is [Volume.ReadXattrIndex].
func (v VolumeClient) ReadXattrIndex(ctx context.Context, q ReadXattrIndex) ([]XattrIndexEntry, error) {
	return ask(ctx, v.Doer, q)
}

// InjectTotlDelta is [Volume.InjectTotlDelta].
func (v VolumeClient) InjectTotlDelta(ctx context.Context, q InjectTotlDelta) error {
	return tell(ctx, v.Doer, q)
}

// DataWaiting is [Volume.DataWaiting].
func (v VolumeClient) DataWaiting(ctx context.Context, q DataWaiting) ([]DataWaiter, error) {
	return ask(ctx, v.Doer, q)
}

// DataWaitErr is [Volume.DataWaitErr].
func (v VolumeClient) DataWaitErr(ctx context.Context, q DataWaitErr) (int, error) {
	return ask(ctx, v.Doer, q)
}

// GetQuotaRules is [Volume.GetQuotaRules].
func (v VolumeClient) GetQuotaRules(ctx context.Context, q GetQuotaRules) (GetQuotaRulesResult, error) {
	return ask(ctx, v.Doer, q)
}

// AddQuotaRule is [Volume.AddQuotaRule].
func (v VolumeClient) AddQuotaRule(ctx context.Context, q AddQuotaRule) error {
	return tell(ctx, v.Doer, q)
}

// DelQuotaRule is [Volume.DelQuotaRule].
func (v VolumeClient) DelQuotaRule(ctx context.Context, q DelQuotaRule) error {
	return tell(ctx, v.Doer, q)
}

// StatMore is [File.StatMore].
func (f FileClient) StatMore(ctx context.Context) (StatMoreResult, error) {
	return ask(ctx, f.Doer, StatMore{})
}

// GetAttrX is [File.GetAttrX].
func (f FileClient) GetAttrX(ctx context.Context, q GetAttrX) (AttrX, error) {
	return ask(ctx, f.Doer, q)
}

// SetAttrX is [File.SetAttrX].
func (f FileClient) SetAttrX(ctx context.Context, q SetAttrX) error { return tell(ctx, f.Doer, q) }

// SetattrMore is [File.SetattrMore].
func (f FileClient) SetattrMore(ctx context.Context, q SetattrMore) error {
	return tell(ctx, f.Doer, q)
}

// ListxattrHidden is [File.ListxattrHidden].
func (f FileClient) ListxattrHidden(ctx context.Context, q ListxattrHidden) (ListxattrHiddenResult, error) {
	return ask(ctx, f.Doer, q)
}

// Release is [File.Release].
func (f FileClient) Release(ctx context.Context, q Release) error { return tell(ctx, f.Doer, q) }

// Stage is [File.Stage].
func (f FileClient) Stage(ctx context.Context, q Stage) (int, error) { return ask(ctx, f.Doer, q) }

// PunchOffline is [File.PunchOffline].
func (f FileClient) PunchOffline(ctx context.Context, q PunchOffline) error {
	return tell(ctx, f.Doer, q)
}

// Fiemap is [File.Fiemap].
func (f FileClient) Fiemap(ctx context.Context, q Fiemap) (FiemapResult, error) {
	return ask(ctx, f.Doer, q)
}

// AllocDetails returns every store of free blocks of v, however many there
// are up to [MaxBatch].
func AllocDetails(ctx context.Context, v Volume) ([]AllocDetailEntry, error) {
	for count := 256; ; count *= 4 {
		entries, err := v.AllocDetail(ctx, AllocDetail{Count: count})
		if !errors.Is(err, syscall.EOVERFLOW) || count >= MaxBatch {
			return entries, err
		}
	}
}
