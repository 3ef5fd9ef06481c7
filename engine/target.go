// SPDX-License-Identifier: GPL-2.0-or-later

package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
)

// Target answers the archive requests straight from the devices. The caller
// is trusted: whoever can read the devices may ask everything, so no request
// fails for want of a capability. Requests that change a volume which is not
// open for writing fail with EROFS, and those about tasks that wait for data,
// which only a mount has, with EOPNOTSUPP.
//
// Answers wait for no commit: what was changed here is seen at once. An
// answer of several values that meets damage is cut off before it; the request
// for the next ones then fails with an error that matches EIO and, as all
// damage, is a *format.CorruptError.
type Target struct {
	v *Volume
}

var _ ioctl.Target = (*Target)(nil)

// Target returns the volume as an archive agent sees it. Its Close closes the
// volume.
func (v *Volume) Target() *Target { return &Target{v} }

// Close closes the volume.
func (t *Target) Close() error { return t.v.Close() }

// Volume returns the volume that the target asks.
func (t *Target) Volume() *Volume { return t.v }

// OpenPath is [ioctl.Target.OpenPath].
func (t *Target) OpenPath(ctx context.Context, path string, flags int) (ioctl.File, error) {
	return t.open(ctx, cmp.Or(path, "/"), flags, func(f *fs.FS) (fs.Inode, error) {
		in, err := f.Resolve(ctx, path, true)
		if cause := errors.Unwrap(err); cause != nil && err.Error() == path+": "+cause.Error() {
			err = cause // open names the path
		}
		return in, err
	})
}

// OpenIno is [ioctl.Target.OpenIno].
func (t *Target) OpenIno(ctx context.Context, ino uint64, flags int) (ioctl.File, error) {
	name := fmt.Sprintf("inode %d", ino)
	return t.open(ctx, name, flags, func(f *fs.FS) (fs.Inode, error) {
		in, err := f.Inode(ctx, ino)
		if ioctl.Errno(err) == syscall.ENOENT || err == nil && in.Nlink == 0 {
			return fs.Inode{}, syscall.ESTALE
		}
		return in, err
	})
}

func (t *Target) open(ctx context.Context, name string, flags int, find func(*fs.FS) (fs.Inode, error)) (ioctl.File, error) {
	failed := func(err error) error { return &os.PathError{Op: "open", Path: name, Err: err} }
	switch {
	case flags == os.O_RDONLY:
	case flags != os.O_WRONLY && flags != os.O_RDWR:
		return nil, failed(syscall.EINVAL)
	case t.v.writing == nil:
		return nil, failed(syscall.EROFS)
	}
	var in fs.Inode
	err := t.v.Read(ctx, func(f *fs.FS) (err error) {
		in, err = find(f)
		return err
	})
	if err != nil {
		return nil, failed(err)
	}
	switch {
	case !in.IsRegular() && !in.IsDir():
		return nil, failed(syscall.ENOTTY)
	case in.IsDir() && flags != os.O_RDONLY:
		return nil, failed(syscall.EISDIR)
	}
	if w := t.v.Writer(); w != nil {
		if err := w.Open(ctx, in.Ino); err != nil {
			return nil, failed(err)
		}
	}
	return &file{t, name, in.Ino, flags}, nil
}

// fail makes the error of a request about the volume.
func (t *Target) fail(n ioctl.Number, errno syscall.Errno, detail string) error {
	return &ioctl.Error{Request: n, Object: t.v.pair.Meta.Name(), Errno: errno, Detail: detail}
}

// noTasks refuses a request about waiting tasks.
func (t *Target) noTasks(n ioctl.Number) error {
	return t.fail(n, syscall.EOPNOTSUPP, "tasks wait for data on a mount, not on devices")
}

// take collects up to count answers. An error after some answers leaves them
// for the next call to run into, as the kernel module does.
func take[T, R any](answers iter.Seq2[T, error], count int, result func(T) R) ([]R, error) {
	var all []R
	if count = min(count, ioctl.MaxBatch); count <= 0 {
		return nil, nil
	}
	for v, err := range answers {
		if err != nil {
			if len(all) > 0 {
				return all, nil
			}
			return nil, err
		}
		if all = append(all, result(v)); len(all) == count {
			break
		}
	}
	return all, nil
}

func same[T any](v T) T { return v }

// StatfsMore is [ioctl.Volume.StatfsMore].
func (t *Target) StatfsMore(ctx context.Context) (r ioctl.StatfsMoreResult, err error) {
	err = t.v.Read(ctx, func(f *fs.FS) error {
		super := f.Super()
		clients := uint64(0)
		for _, err := range f.Mounts(ctx, 0) {
			if err != nil {
				return err
			}
			clients++
		}
		committed, err := f.CommittedSeq(ctx)
		if err != nil {
			return err
		}
		r = ioctl.StatfsMoreResult{
			FSID:               super.Hdr.FSID.Get(),
			CommittedSeq:       committed,
			TotalMetaBlocks:    super.TotalMetaBlocks.Get(),
			TotalDataBlocks:    super.TotalDataBlocks.Get(),
			ReservedMetaBlocks: fs.ReservedMetaBlocks(clients),
		}
		return nil
	})
	return r, err
}

// WalkInodes is [ioctl.Volume.WalkInodes].
func (t *Target) WalkInodes(ctx context.Context, q ioctl.WalkInodes) (entries []ioctl.InodeEntry, err error) {
	var typ uint8
	switch q.Index {
	case ioctl.IndexMetaSeq:
		typ = format.TypeMetaSeq
	case ioctl.IndexDataSeq:
		typ = format.TypeDataSeq
	default:
		return nil, t.fail(ioctl.NumberWalkInodes, syscall.EINVAL, "unknown index")
	}
	err = t.v.Read(ctx, func(f *fs.FS) error {
		// A mount may still commit changes with lower numbers than others have
		// committed already.
		committed, err := f.CommittedSeq(ctx)
		if err != nil {
			return err
		}
		from := fs.IndexEntry{Seq: q.First.Major, Ino: q.First.Ino}
		to := fs.IndexEntry{Seq: q.Last.Major, Ino: q.Last.Ino}
		if committed < to.Seq {
			to = fs.IndexEntry{Seq: committed, Ino: math.MaxUint64}
		}
		entries, err = take(f.InodeIndex(ctx, typ, from, to), q.Count, func(e fs.IndexEntry) ioctl.InodeEntry {
			return ioctl.InodeEntry{Major: e.Seq, Ino: e.Ino}
		})
		return err
	})
	return entries, err
}

// GetAllocatedInos is [ioctl.Volume.GetAllocatedInos].
func (t *Target) GetAllocatedInos(ctx context.Context, q ioctl.GetAllocatedInos) (inos []uint64, err error) {
	if q.Count <= 0 {
		return nil, t.fail(ioctl.NumberGetAllocatedInos, syscall.EINVAL, "no room for a number")
	}
	err = t.v.Read(ctx, func(f *fs.FS) (err error) {
		inos, err = take(f.AllocatedInos(ctx, q.Start, q.Start|(format.LockInodeGroup-1)), q.Count, same)
		return err
	})
	return inos, err
}

// ReadXattrTotals is [ioctl.Volume.ReadXattrTotals].
func (t *Target) ReadXattrTotals(ctx context.Context, q ioctl.ReadXattrTotals) (totals []ioctl.XattrTotal, err error) {
	if q.Count <= 0 {
		return nil, t.fail(ioctl.NumberReadXattrTotals, syscall.EINVAL, "no room for a total")
	}
	err = t.v.Read(ctx, func(f *fs.FS) (err error) {
		totals, err = take(f.Totals(ctx, q.From), q.Count, func(s fs.Total) ioctl.XattrTotal {
			return ioctl.XattrTotal{Name: s.Name, Total: s.Total, Count: s.Count}
		})
		return err
	})
	return totals, err
}

// ReadXattrIndex is [ioctl.Volume.ReadXattrIndex].
func (t *Target) ReadXattrIndex(ctx context.Context, q ioctl.ReadXattrIndex) (entries []ioctl.XattrIndexEntry, err error) {
	from := format.XattrIndx{Major: q.First.Major, Minor: q.First.Minor, Ino: q.First.Ino}
	to := format.XattrIndx{Major: q.Last.Major, Minor: q.Last.Minor, Ino: q.Last.Ino, ID: 1<<64 - 1}
	if format.IndxKey(to).Less(format.IndxKey(from)) {
		return nil, t.fail(ioctl.NumberReadXattrIndex, syscall.EINVAL, "the first position is behind the last")
	}
	err = t.v.Read(ctx, func(f *fs.FS) (err error) {
		entries, err = take(distinct(f.XattrIndex(ctx, from, to)), q.Count, same)
		return err
	})
	return entries, err
}

// distinct merges the entries of several xattrs of one inode at one place.
func distinct(index iter.Seq2[format.XattrIndx, error]) iter.Seq2[ioctl.XattrIndexEntry, error] {
	return func(yield func(ioctl.XattrIndexEntry, error) bool) {
		var last ioctl.XattrIndexEntry
		first := true
		for x, err := range index {
			e := ioctl.XattrIndexEntry{Major: x.Major, Minor: x.Minor, Ino: x.Ino}
			if err == nil && !first && e == last {
				continue
			}
			if !yield(e, err) || err != nil {
				return
			}
			last, first = e, false
		}
	}
}

// GetQuotaRules is [ioctl.Volume.GetQuotaRules].
func (t *Target) GetQuotaRules(ctx context.Context, q ioctl.GetQuotaRules) (r ioctl.GetQuotaRulesResult, err error) {
	r.Next = q.From
	if q.Count <= 0 {
		return r, nil
	}
	err = t.v.Read(ctx, func(f *fs.FS) error {
		if f.Super().FmtVers.Get() < 2 {
			return t.fail(ioctl.NumberGetQuotaRules, syscall.EOPNOTSUPP, "")
		}
		r = ioctl.GetQuotaRulesResult{Next: q.From}
		rules, err := take(f.QuotaRules(ctx, q.From[0], q.From[1]), q.Count, func(rule fs.QuotaRule) ioctl.QuotaRule {
			r.Next = afterRule(rule)
			return ioctl.QuotaRuleOf(rule.Rule)
		})
		r.Rules = rules
		return err
	})
	return r, err
}

// afterRule is the place behind a rule; behind the last that can be there is
// none, and its own is as good as any.
func afterRule(r fs.QuotaRule) ioctl.QuotaIterator {
	switch {
	case r.Collision < math.MaxUint64:
		return ioctl.QuotaIterator{r.Hash, r.Collision + 1}
	case r.Hash < math.MaxUint64:
		return ioctl.QuotaIterator{r.Hash + 1, 0}
	}
	return ioctl.QuotaIterator{r.Hash, r.Collision}
}
