// SPDX-License-Identifier: GPL-2.0-or-later

package find

import (
	"context"
	"fmt"
	"slices"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

const (
	// maxPathBytes bounds the memory for paths of directories, in each of two
	// generations.
	maxPathBytes = 32 << 20
	// dirBytes is about what a directory takes besides its path.
	dirBytes = 128
	// fewLevels is how many directories a path goes up without the question
	// whether it ever ends.
	fewLevels = 1000
)

// directory is what is known of a directory.
type directory struct {
	path   []byte // as it is shown, with a slash at its end
	depth  int    // below the start
	inside bool   // at the start or below it; else nothing above means anything
}

// dirPaths finds paths of directories from the names that lead to them, and
// remembers them in two generations: when the young one is full it becomes
// the old one, whose directories are forgotten unless they are used again.
type dirPaths struct {
	fs         *fs.FS
	start      uint64
	first      *directory // that start is
	young, old map[uint64]*directory
	bytes      int // of young
}

// newDirPaths returns paths below a directory that is shown with a path.
func newDirPaths(f *fs.FS, start uint64, path string) *dirPaths {
	shown := []byte(path)
	if len(shown) == 0 || shown[len(shown)-1] != '/' {
		shown = append(shown, '/')
	}
	return &dirPaths{fs: f, start: start, first: &directory{path: shown, inside: true}}
}

func (d *dirPaths) put(ino uint64, dir *directory) {
	size := len(dir.path) + dirBytes
	if d.young == nil || d.bytes+size > maxPathBytes {
		d.old, d.young, d.bytes = d.young, make(map[uint64]*directory), 0
	}
	d.young[ino] = dir
	d.bytes += size
}

func (d *dirPaths) known(ino uint64) (*directory, bool) {
	if ino == d.start {
		return d.first, true
	}
	if dir, ok := d.young[ino]; ok {
		return dir, true
	}
	dir, ok := d.old[ino]
	if ok {
		d.put(ino, dir)
	}
	return dir, ok
}

// find returns a directory. One that has no way up to the root is an error
// the first time, and later not inside.
func (d *dirPaths) find(ctx context.Context, ino uint64) (*directory, error) {
	if dir, ok := d.known(ino); ok {
		return dir, nil
	}
	var below []fs.Entry // the last one leads to the directory that is reached
	for at := ino; ; {
		if dir, ok := d.known(at); ok {
			return d.descend(dir, below), nil
		}
		if at == format.RootIno {
			return d.descend(&directory{}, append(below, fs.Entry{Ino: at})), nil
		}
		up, err := d.up(ctx, at)
		if err == nil && len(below) == fewLevels {
			// It may go up for ever.
			_, err = d.fs.PathOf(ctx, at)
		}
		if err != nil {
			d.descend(&directory{}, append(below, fs.Entry{Ino: at}))
			return &directory{}, fmt.Errorf("directory %d: %w", ino, err)
		}
		below = append(below, up)
		at = up.Dir
	}
}

// up returns the entry that leads to a directory.
func (d *dirPaths) up(ctx context.Context, ino uint64) (fs.Entry, error) {
	for e, err := range d.fs.Backrefs(ctx, ino, 0, 0) {
		e.Ino = ino
		return e, err
	}
	return fs.Entry{}, fmt.Errorf("%w: %w", syscall.ENOENT, &format.CorruptError{
		Structure: "directory tree",
		Place:     fmt.Sprintf("directory %d", ino),
		Field:     "link_backref items",
		Found:     "none",
		Expected:  "one, for it has entries",
	})
}

// descend remembers the directories on the way down from one that is known.
func (d *dirPaths) descend(dir *directory, below []fs.Entry) *directory {
	for _, e := range slices.Backward(below) {
		next := &directory{}
		if dir.inside {
			next.inside = true
			next.depth = dir.depth + 1
			next.path = make([]byte, 0, len(dir.path)+len(e.Name)+1)
			next.path = append(append(append(next.path, dir.path...), e.Name...), '/')
		}
		d.put(e.Ino, next)
		dir = next
	}
	return dir
}
