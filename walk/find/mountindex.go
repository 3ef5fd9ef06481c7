// SPDX-License-Identifier: GPL-2.0-or-later

package find

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
	"scoutfs/walk/tree"
)

// mounted is the volume that a search on a mount is about.
type mounted struct {
	ioctl.Volume
	close func() error
	// below is the way from the root of the volume to the start, without
	// slashes around it; empty for the root itself.
	below string
}

// openMounted opens the volume that a path is on.
func openMounted(path string) (*mounted, error) {
	below, err := insideVolume(path)
	if err != nil {
		return nil, err
	}
	m, err := ioctl.OpenMount(path)
	if err != nil {
		return nil, err
	}
	return &mounted{Volume: m, close: m.Close, below: below}, nil
}

// insideVolume returns the way to a path from the root of its file system.
func insideVolume(path string) (string, error) {
	resolved, err := filepath.Abs(path)
	if err == nil {
		resolved, err = filepath.EvalSymlinks(resolved)
	}
	if err != nil {
		return "", err
	}
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, resolved, 0, unix.STATX_MNT_ID, &st); err != nil {
		return "", err
	}
	mounts, err := mountinfo.GetMounts(func(m *mountinfo.Info) (skip, stop bool) {
		found := uint64(m.ID) == st.Mnt_id
		return !found, found
	})
	if err != nil {
		return "", err
	}
	if len(mounts) != 1 {
		return "", errors.New("its mount is not in /proc/self/mountinfo")
	}
	way, err := filepath.Rel(mounts[0].Mountpoint, resolved)
	if err != nil {
		return "", err
	}
	return strings.Trim(filepath.Join(mounts[0].Root, way), "/"), nil
}

// indexOnMount asks the index of a mounted volume. Whatever goes wrong is a
// reason to walk.
func (s *Search) indexOnMount(ctx context.Context, h hint) (found *indexed, detail string, err error) {
	v, err := s.openMounted(s.start.Path)
	if err != nil {
		return nil, err.Error(), nil
	}
	defer func() {
		if found == nil {
			err = errors.Join(err, v.close())
		}
	}()
	// Paths of inodes need a capability. The root has none.
	_, err = v.InoPath(ctx, ioctl.InoPath{Ino: format.RootIno, Bytes: ioctl.MaxPathBytes})
	if err != nil && !errors.Is(err, syscall.ENOENT) {
		return nil, err.Error(), nil
	}
	inos := roaring64.New()
	if h.kind == inoHint {
		if h.span.Max-h.span.Min >= fewInodes {
			return nil, "the range of inode numbers is long", nil
		}
		inos.AddRange(h.span.Min, min(h.span.Max, math.MaxUint64-1)+1)
	} else if inos, _, err = gather(requested(ctx, v, h), 1<<63); err != nil {
		if ctx.Err() != nil {
			return nil, "", context.Cause(ctx)
		}
		return nil, err.Error(), nil
	}
	return &indexed{inos.GetCardinality(), s.examineOnMount(v, inos, h.kind)}, h.String(), nil
}

// examineOnMount looks inodes up by their paths.
func (s *Search) examineOnMount(v *mounted, inos *roaring64.Bitmap, answered hintKind) func(context.Context, func(*Match, error) bool) {
	return func(ctx context.Context, yield func(*Match, error) bool) {
		for i := inos.Iterator(); i.HasNext(); {
			s.look()
			ino := i.Next()
			if ino == s.start.Ino && !s.examinePath(ctx, s.start.Path, ino, answered, yield) {
				break
			}
			if !s.examineInode(ctx, v, ino, answered, yield) {
				break
			}
		}
		if err := v.close(); err != nil {
			yield(nil, err)
		}
	}
}

// examineInode looks at an inode under each of its paths below the start.
func (s *Search) examineInode(ctx context.Context, v *mounted, ino uint64, answered hintKind, yield func(*Match, error) bool) bool {
	for p, err := range walk.Paths(ctx, v, ino, ioctl.DirPosition{}) {
		if err != nil {
			return yield(nil, fmt.Errorf("inode %d: %w", ino, err))
		}
		rest := p.Path
		if v.below != "" {
			var inside bool
			if rest, inside = strings.CutPrefix(p.Path, v.below+"/"); !inside {
				continue
			}
		}
		if s.query.MaxDepth >= 0 && strings.Count(rest, "/") >= s.query.MaxDepth {
			continue
		}
		if !s.examinePath(ctx, tree.Join(s.start.Path, rest), ino, answered, yield) {
			return false
		}
	}
	return true
}

// examinePath tests the file at a path if it still is the inode.
func (s *Search) examinePath(ctx context.Context, path string, ino uint64, answered hintKind, yield func(*Match, error) bool) bool {
	n := tree.Node{Path: path}
	if !s.matcher.name([]byte(n.Name())) || !s.matcher.path([]byte(path)) {
		return true
	}
	a, err := s.tree.Stat(ctx, n, s.matcher.want)
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR) || err == nil && a.Ino != ino {
		return true // it was renamed meanwhile, or hidden by another mount
	}
	matches := false
	if err == nil && s.matcher.attributes(&a, answered) {
		matches, err = s.matcher.have(ctx, s.tree, n)
	}
	if err != nil {
		return yield(nil, at(path, err))
	}
	return !matches || yield(&Match{Path: []byte(path), Attr: a}, nil)
}
