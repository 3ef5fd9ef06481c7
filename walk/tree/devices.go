// SPDX-License-Identifier: GPL-2.0-or-later

package tree

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"syscall"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

// maxWritten is how often in a row a read is made, without getting anywhere,
// while the volume is written.
const maxWritten = 10

// Devices is the Tree of a volume on its devices. While somebody else writes the
// volume each call sees the last commit or a recent one, as a reader of a
// mounted volume would; two calls may see different ones. Of a volume that is
// open for writing each call sees all that was changed before, and a sequence
// some of what is changed meanwhile.
type Devices struct {
	volume *engine.Volume

	mu      sync.Mutex // guards current
	current *fs.FS
}

var _ Tree = (*Devices)(nil)

// OnDevices returns the tree of an open volume, which stays the caller's to
// close.
func OnDevices(volume *engine.Volume) *Devices { return &Devices{volume: volume} }

// Volume returns the volume whose tree it is.
func (d *Devices) Volume() *engine.Volume { return d.volume }

// FS returns the snapshot that is being read.
func (d *Devices) FS(ctx context.Context) (*fs.FS, error) { return d.newer(ctx, nil) }

// newer returns a snapshot other than old, or old if nobody writes the
// volume.
func (d *Devices) newer(ctx context.Context, old *fs.FS) (*fs.FS, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current != nil && d.current != old {
		return d.current, nil
	}
	next, err := d.volume.FS(ctx)
	if err == nil {
		d.current = next
	}
	return next, err
}

// Read calls do with a snapshot. If it fails because the volume is written, it
// is called again with a newer one, so it must be able to start over. If the
// volume is open for writing, do must not change it.
func (d *Devices) Read(ctx context.Context, do func(*fs.FS) error) error {
	if d.volume.Writer() != nil {
		return d.volume.Read(ctx, do)
	}
	var last *fs.FS
	for attempt := 1; ; attempt++ {
		f, err := d.newer(ctx, last)
		if err != nil {
			return err
		}
		if f == last {
			return fmt.Errorf("%w: the devices are not open as live ones", engine.ErrWritten)
		}
		err = do(f)
		written, superErr := d.volume.Written(f, err)
		switch {
		case superErr != nil:
			return superErr
		case !written:
			return err
		case attempt == maxWritten:
			return fmt.Errorf("%w, %d times: %w", engine.ErrWritten, attempt, err)
		}
		last = f
	}
}

// Sequence returns the values of a sequence that open starts at a place. When
// the volume is written meanwhile it goes on in a newer snapshot, from the
// place that next returns for the last value; ok is false if none can follow.
func Sequence[T, P any](ctx context.Context, d *Devices, from P, open func(*fs.FS, P) iter.Seq2[T, error], next func(T) (p P, ok bool)) iter.Seq2[T, error] {
	if d.volume.Writer() != nil {
		return batches(ctx, d, from, open, next)
	}
	return func(yield func(T, error) bool) {
		for ended := false; !ended; {
			failed := d.Read(ctx, func(f *fs.FS) error {
				moved := false
				for v, err := range open(f, from) {
					written, superErr := d.volume.Written(f, err)
					switch {
					case superErr != nil:
						return superErr
					case written && moved:
						return nil // not the same as getting nowhere
					case written:
						return err
					}
					more := yield(v, err)
					if err == nil {
						moved = true
						var ok bool
						from, ok = next(v)
						more = more && ok
					}
					if !more {
						break
					}
				}
				ended = true
				return nil
			})
			if failed != nil {
				var none T
				yield(none, failed)
				return
			}
		}
	}
}

// writtenBatch is how many values of a sequence are read at a time from a
// volume that is open for writing.
const writtenBatch = 256

// batches is Sequence of a volume that is open for writing. Values are read
// ahead of whoever uses them, since he may change the volume, which waits for
// reads.
func batches[T, P any](ctx context.Context, d *Devices, from P, open func(*fs.FS, P) iter.Seq2[T, error], next func(T) (p P, ok bool)) iter.Seq2[T, error] {
	type value struct {
		v   T
		err error
	}
	return func(yield func(T, error) bool) {
		var none T
		for more := true; more; {
			var batch []value
			more = false
			failed := d.Read(ctx, func(f *fs.FS) error {
				for v, err := range open(f, from) {
					batch = append(batch, value{v, err})
					if err != nil {
						continue
					}
					var ok bool
					if from, ok = next(v); !ok {
						return nil
					}
					if more = len(batch) >= writtenBatch; more {
						return nil
					}
				}
				return nil
			})
			for _, b := range batch {
				if !yield(b.v, b.err) {
					return
				}
			}
			if failed != nil {
				yield(none, failed)
				return
			}
		}
	}
}

// Resolve is [Tree.Resolve], with paths inside the volume. "" is the root.
func (d *Devices) Resolve(ctx context.Context, path string, follow bool) (Node, error) {
	if path == "" {
		path = "/"
	}
	var in fs.Inode
	err := d.Read(ctx, func(f *fs.FS) (err error) {
		in, err = f.Resolve(ctx, path, follow)
		return err
	})
	return Node{Path: path, Ino: in.Ino, Type: in.Mode & format.ModeTypeMask}, err
}

// Stat is [Tree.Stat]. All attributes are known.
func (d *Devices) Stat(ctx context.Context, n Node, _ Want) (Attr, error) {
	in, err := d.inode(ctx, n.Ino)
	return AttrOf(&in), err
}

func (d *Devices) inode(ctx context.Context, ino uint64) (in fs.Inode, err error) {
	err = d.Read(ctx, func(f *fs.FS) (err error) {
		in, err = f.Inode(ctx, ino)
		return err
	})
	return in, err
}

// AttrOf returns the attributes of an inode.
func AttrOf(in *fs.Inode) Attr {
	major, minor := format.SplitRdev(in.Rdev)
	return Attr{
		Ino:       in.Ino,
		Size:      in.Size,
		Blocks:    in.Blocks(),
		Mode:      in.Mode,
		Nlink:     in.Nlink,
		UID:       in.UID,
		GID:       in.GID,
		RdevMajor: major,
		RdevMinor: minor,
		Atime:     in.Atime,
		Mtime:     in.Mtime,
		Ctime:     in.Ctime,
		Crtime:    in.Crtime,
		Archive: Archive{
			Known:         true,
			MetaSeq:       in.MetaSeq,
			DataSeq:       in.DataSeq,
			DataVersion:   in.DataVersion,
			OnlineBlocks:  in.OnlineBlocks,
			OfflineBlocks: in.OfflineBlocks,
			ProjectKnown:  true,
			Project:       in.Proj,
			Retention:     in.Retention(),
		},
	}
}

// ReadDir is [Tree.ReadDir], in the order of positions.
func (d *Devices) ReadDir(ctx context.Context, n Node) iter.Seq2[Node, error] {
	return func(yield func(Node, error) bool) {
		if n.Type != 0 && !n.IsDir() {
			yield(n, fmt.Errorf("%s: %w", n.Path, syscall.ENOTDIR))
			return
		}
		entries := Sequence(ctx, d, format.FirstReaddirPos,
			func(f *fs.FS, pos uint64) iter.Seq2[fs.Entry, error] { return f.Readdir(ctx, n.Ino, pos) },
			func(e fs.Entry) (uint64, bool) { return e.Pos + 1, e.Pos < format.LastReaddirPos })
		for e, err := range entries {
			if err != nil {
				if !yield(n, err) {
					return
				}
				continue
			}
			mode, _ := format.ModeOfDirentType(e.Type)
			if !yield(Node{Path: Join(n.Path, string(e.Name)), Ino: e.Ino, Type: mode}, nil) {
				return
			}
		}
	}
}

// Readlink is [Tree.Readlink].
func (d *Devices) Readlink(ctx context.Context, n Node) (string, error) {
	var target []byte
	err := d.Read(ctx, func(f *fs.FS) error {
		in, err := f.Inode(ctx, n.Ino)
		if err == nil {
			target, err = f.Readlink(ctx, in)
		}
		return err
	})
	return string(target), err
}

// Xattrs is [Tree.Xattrs].
func (d *Devices) Xattrs(ctx context.Context, n Node, values bool) iter.Seq2[Xattr, error] {
	type place struct{ hash, id uint64 }
	return func(yield func(Xattr, error) bool) {
		all := Sequence(ctx, d, place{},
			func(f *fs.FS, from place) iter.Seq2[fs.Xattr, error] {
				if values {
					return f.Xattrs(ctx, n.Ino, from.hash, from.id)
				}
				return f.XattrNames(ctx, n.Ino, from.hash, from.id)
			},
			func(x fs.Xattr) (place, bool) { return place{x.Hash, x.ID + 1}, x.ID+1 != 0 })
		for x, err := range all {
			if !yield(Xattr{Name: string(x.Name), Value: x.Value}, err) {
				return
			}
		}
	}
}

// Open is [Tree.Open].
func (d *Devices) Open(ctx context.Context, n Node) (File, error) {
	in, err := d.inode(ctx, n.Ino)
	if err != nil {
		return nil, err
	}
	if !in.IsRegular() {
		return nil, notRegular(n.Path, in.IsDir())
	}
	return &deviceFile{d: d, in: in, attr: AttrOf(&in)}, nil
}

func notRegular(path string, isDir bool) error {
	if isDir {
		return fmt.Errorf("%s: %w", path, syscall.EISDIR)
	}
	return fmt.Errorf("%s is no regular file: %w", path, syscall.EINVAL)
}

// deviceFile is an open file of a Devices.
type deviceFile struct {
	d    *Devices
	in   fs.Inode
	attr Attr
}

func (f *deviceFile) Attr() *Attr { return &f.attr }

func (f *deviceFile) Close() error { return nil }

func (f *deviceFile) Extents(ctx context.Context, from uint64) iter.Seq2[Extent, error] {
	return func(yield func(Extent, error) bool) {
		all := Sequence(ctx, f.d, from/format.SmallBlockSize,
			func(view *fs.FS, block uint64) iter.Seq2[fs.Extent, error] { return view.Extents(ctx, f.in.Ino, block) },
			func(e fs.Extent) (uint64, bool) { return e.End(), true })
		for e, err := range all {
			x := Extent{Offset: e.Logical * format.SmallBlockSize, Length: e.Len * format.SmallBlockSize, Offline: e.Offline()}
			if err == nil {
				if x.Offset >= f.in.Size {
					return
				}
				if e.Unwritten() && !e.Offline() {
					continue
				}
				x = cut(x, from, f.in.Size)
			}
			if !yield(x, err) {
				return
			}
		}
	}
}

// cut keeps the part of an extent that is inside a range, which it touches.
func cut(x Extent, start, end uint64) Extent {
	from, to := max(x.Offset, start), min(x.End(), end)
	return Extent{Offset: from, Length: to - from, Offline: x.Offline}
}

func (f *deviceFile) ReadAt(ctx context.Context, p []byte, off uint64) (n int, err error) {
	err = f.d.Read(ctx, func(view *fs.FS) (err error) {
		n, err = view.ReadAt(ctx, f.in, p, off)
		return err
	})
	return n, err
}
