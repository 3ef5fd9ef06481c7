// SPDX-License-Identifier: GPL-2.0-or-later

package walk

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"math"
	"syscall"

	"scoutfs/engine/ioctl"
)

// nameBytes is the room for names in one request.
const nameBytes = 64 << 10

// lastPosition is the place that no name is behind.
func lastPosition() ioctl.DirPosition {
	return ioctl.DirPosition{Dir: math.MaxUint64, Pos: math.MaxUint64}
}

func comparePositions(a, b ioctl.DirPosition) int {
	return cmp.Or(cmp.Compare(a.Dir, b.Dir), cmp.Compare(a.Pos, b.Pos))
}

// Paths yields the paths of an inode, one for each of its names, from a place
// on. The root and inodes without names have none.
func Paths(ctx context.Context, v ioctl.Volume, ino uint64, from ioctl.DirPosition) iter.Seq2[ioctl.InoPathResult, error] {
	q := question[ioctl.InoPathResult, ioctl.DirPosition]{
		request: ioctl.NumberInoPath,
		ask: func(from ioctl.DirPosition) ([]ioctl.InoPathResult, bool, error) {
			path, err := v.InoPath(ctx, ioctl.InoPath{Ino: ino, From: from, Bytes: ioctl.MaxPathBytes})
			if errors.Is(err, syscall.ENOENT) {
				return nil, false, nil
			}
			return []ioctl.InoPathResult{path}, true, err
		},
		place:   func(p ioctl.InoPathResult) ioctl.DirPosition { return p.At },
		compare: comparePositions,
		next:    ioctl.DirPosition.Next,
	}
	return q.between(ctx, from, lastPosition())
}

// ReferringEntries yields the directory entries of an inode from a place on.
func ReferringEntries(ctx context.Context, v ioctl.Volume, ino uint64, from ioctl.DirPosition) iter.Seq2[ioctl.ReferringEntry, error] {
	q := question[ioctl.ReferringEntry, ioctl.DirPosition]{
		request: ioctl.NumberGetReferringEntries,
		ask: func(from ioctl.DirPosition) ([]ioctl.ReferringEntry, bool, error) {
			entries, err := v.GetReferringEntries(ctx, ioctl.GetReferringEntries{Ino: ino, From: from, Bytes: nameBytes})
			for i := range entries {
				if entries[i].Last {
					return entries[:i+1], false, err
				}
			}
			return entries, true, err
		},
		place:   func(e ioctl.ReferringEntry) ioctl.DirPosition { return e.At },
		compare: comparePositions,
		next:    ioctl.DirPosition.Next,
	}
	return q.between(ctx, from, lastPosition())
}

// HiddenXattrs yields the names of a file's hidden xattrs.
func HiddenXattrs(ctx context.Context, f ioctl.File) iter.Seq2[string, error] {
	l := listing[string, ioctl.XattrPosition]{
		request: ioctl.NumberListxattrHidden,
		ask: func(from ioctl.XattrPosition) ([]string, ioctl.XattrPosition, error) {
			r, err := f.ListxattrHidden(ctx, ioctl.ListxattrHidden{From: from, Bytes: nameBytes})
			return r.Names, r.Next, err
		},
		compare: func(a, b ioctl.XattrPosition) int {
			return cmp.Or(cmp.Compare(a.Hash, b.Hash), cmp.Compare(a.ID, b.ID))
		},
	}
	return l.all(ctx)
}
