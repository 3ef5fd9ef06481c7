// SPDX-License-Identifier: GPL-2.0-or-later

package fsck

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

// Bounds on paths.
const (
	maxPaths      = 100_000  // that are looked up in one check
	maxComponents = 2048     // of a path; what is above is left out
	maxBadLinks   = 16       // of an inode, that are passed over
	maxPathBytes  = 64 << 10 // of a path
	pathCacheSize = 4096     // inodes whose path is remembered
)

// resolver finds the paths of inodes on a volume that may be damaged anywhere.
// It belongs to one goroutine.
type resolver struct {
	finder *fs.Finder // nil if the volume cannot be read
	left   int
	known  map[uint64]string
}

func newResolver(view *fs.FS) *resolver {
	r := &resolver{left: maxPaths, known: make(map[uint64]string)}
	if view != nil {
		r.finder = view.Finder()
	}
	return r
}

// path returns what Case.Path says.
func (r *resolver) path(ctx context.Context, ino uint64) string {
	if ino == 0 || r == nil || r.finder == nil {
		return ""
	}
	if path, ok := r.known[ino]; ok {
		return path
	}
	if r.left == 0 {
		return ""
	}
	r.left--
	path := r.find(ctx, ino)
	if len(r.known) == pathCacheSize {
		clear(r.known)
	}
	r.known[ino] = path
	return path
}

// find goes up from an inode as far as there are links, and not around in
// circles.
func (r *resolver) find(ctx context.Context, ino uint64) string {
	if ino == format.RootIno {
		return "/"
	}
	var names []string
	passed := make(map[uint64]bool)
	size := 0
	for at := ino; ; {
		name, dir, ok := r.up(ctx, at)
		switch {
		case !ok && len(names) == 0:
			return ""
		case !ok, passed[at], len(names) == maxComponents, size > maxPathBytes:
			names = append(names, fmt.Sprintf("[inode %d]", at))
			slices.Reverse(names)
			return strings.Join(names, "/")
		}
		passed[at] = true
		names = append(names, name)
		size += 1 + len(name)
		if dir == format.RootIno {
			names = append(names, "")
			slices.Reverse(names)
			return strings.Join(names, "/")
		}
		at = dir
	}
}

// up returns the first link of an inode that can be read.
func (r *resolver) up(ctx context.Context, ino uint64) (name string, dir uint64, ok bool) {
	bad := 0
	for e, err := range r.finder.Links(ctx, ino) {
		if err == nil {
			return string(e.Name), e.Dir, true
		}
		if bad++; bad == maxBadLinks {
			break
		}
	}
	return "", 0, false
}
