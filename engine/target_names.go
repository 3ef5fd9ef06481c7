// SPDX-License-Identifier: GPL-2.0-or-later

package engine

import (
	"context"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
)

// inoPathHead is what INO_PATH writes before the path: the place of its last
// name and the path's length.
const inoPathHead = 24

// InoPath is [ioctl.Volume.InoPath].
func (t *Target) InoPath(ctx context.Context, q ioctl.InoPath) (r ioctl.InoPathResult, err error) {
	err = t.v.Read(ctx, func(f *fs.FS) error {
		for p, err := range f.Paths(ctx, q.Ino, q.From.Dir, q.From.Pos) {
			if err != nil {
				return err
			}
			if inoPathHead+len(p.Name)+1 > min(q.Bytes, ioctl.MaxPathBytes) {
				return t.fail(ioctl.NumberInoPath, syscall.ENAMETOOLONG, "")
			}
			r = ioctl.InoPathResult{At: ioctl.DirPosition{Dir: p.Entry.Dir, Pos: p.Entry.Pos}, Path: string(p.Name)}
			return nil
		}
		return t.fail(ioctl.NumberInoPath, syscall.ENOENT, "the inode has no further names")
	})
	return r, err
}

// referringBytes is the room that GET_REFERRING_ENTRIES needs for an entry: a
// head, the name and a NUL, in multiples of 16.
func referringBytes(nameLen int) int { return (29 + nameLen + 1 + 15) &^ 15 }

// GetReferringEntries is [ioctl.Volume.GetReferringEntries].
func (t *Target) GetReferringEntries(ctx context.Context, q ioctl.GetReferringEntries) (entries []ioctl.ReferringEntry, err error) {
	err = t.v.Read(ctx, func(f *fs.FS) error {
		entries = nil
		room := min(q.Bytes, ioctl.MaxBytes)
		for e, err := range f.Backrefs(ctx, q.Ino, q.From.Dir, q.From.Pos) {
			if err != nil {
				return unless(len(entries) > 0, err)
			}
			room -= referringBytes(len(e.Name))
			if room < 0 && len(entries) == 0 {
				return t.fail(ioctl.NumberGetReferringEntries, syscall.EINVAL, "no room for the first entry")
			}
			if room < 0 {
				return nil
			}
			entries = append(entries, ioctl.ReferringEntry{
				At:   ioctl.DirPosition{Dir: e.Dir, Pos: e.Pos},
				Ino:  e.Ino,
				Type: format.LinuxDirentType(e.Type),
				Name: string(e.Name),
			})
		}
		if len(entries) > 0 {
			entries[len(entries)-1].Last = true
		}
		return nil
	})
	return entries, err
}

// SearchXattrs is [ioctl.Volume.SearchXattrs].
func (t *Target) SearchXattrs(ctx context.Context, q ioctl.SearchXattrs) (r ioctl.SearchXattrsResult, err error) {
	if len(q.Name) > format.MaxNameLen {
		return r, t.fail(ioctl.NumberSearchXattrs, syscall.EINVAL, "the name is longer than 255 bytes")
	}
	if q.Count <= 0 || q.LastIno < q.NextIno {
		return r, nil
	}
	if tags, ok := format.ParseXattrTags(q.Name); !ok || !tags.Srch {
		return r, t.fail(ioctl.NumberSearchXattrs, syscall.EINVAL, "the name has no srch tag, or its tags are wrong")
	}
	err = t.v.Read(ctx, func(f *fs.FS) error {
		r = ioctl.SearchXattrsResult{End: true}
		for ino, err := range f.SearchXattrs(ctx, fs.Search{Name: q.Name, First: q.NextIno, Last: q.LastIno}) {
			if err != nil {
				r.End = false
				return unless(len(r.Inos) > 0, err)
			}
			if len(r.Inos) == min(q.Count, ioctl.MaxBatch) {
				r.End = false
				return nil
			}
			r.Inos = append(r.Inos, ino)
		}
		return nil
	})
	return r, err
}
