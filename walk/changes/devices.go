// SPDX-License-Identifier: GPL-2.0-or-later

package changes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"syscall"

	"scoutfs/engine"
	"scoutfs/engine/block"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/ioctl"
)

// batch is how many records are read from one snapshot of a volume that is
// being written, or asked of a mount at a time.
const batch = 1024

// devices is the source of a volume on its devices.
type devices struct{ volume *engine.Volume }

// OnDevices returns the feed's source on an open volume, which stays the
// caller's to close. It can be used by many goroutines.
func OnDevices(volume *engine.Volume) Source { return devices{volume} }

// Committed is [Source.Committed].
func (d devices) Committed(ctx context.Context) (seq uint64, err error) {
	err = d.volume.Read(ctx, func(f *fs.FS) error {
		seq, err = f.CommittedSeq(ctx)
		return err
	})
	return seq, err
}

// Changes is [Source.Changes].
func (d devices) Changes(ctx context.Context, after Position, last uint64, detail Detail) iter.Seq2[*Change, error] {
	return func(yield func(*Change, error) bool) {
		r := deviceReader{ctx: ctx, at: after, last: last, detail: detail, yield: yield}
		for !r.ended {
			if err := d.volume.Read(ctx, r.read); err != nil && !r.accept(err) {
				yield(nil, err)
				return
			}
		}
	}
}

// deviceReader is one sequence in progress.
type deviceReader struct {
	ctx    context.Context
	at     Position // of the last record that was given
	last   uint64
	detail Detail
	yield  func(*Change, error) bool
	ended  bool

	damaged   bool   // stale references are damage,
	damagedAt uint64 // as of this super's sequence number

	fs     *fs.FS // that the fields below belong to
	finder *fs.Finder
	paths  dirPaths
	links  []fs.Entry // of the record's inode
	record Change
}

// read gives a batch of records. When it is called again with a newer
// snapshot it goes on behind the last record that it gave.
func (r *deviceReader) read(f *fs.FS) error {
	if r.fs != f {
		r.fs, r.finder = f, f.Finder()
		r.paths.forget()
	}
	from, more := r.at.next()
	if !more || from.Seq > r.last {
		r.ended = true
		return nil
	}
	given := 0
	end := fs.IndexEntry(AfterSeq(r.last))
	for e, err := range f.InodeIndex(r.ctx, format.TypeMetaSeq, fs.IndexEntry(from), end) {
		if err == nil && r.ctx.Err() != nil {
			err = context.Cause(r.ctx)
		}
		if err != nil {
			return err
		}
		problem := r.look(e)
		if problem != nil && !r.ofRecord(problem) {
			return problem
		}
		r.at = r.record.At
		if !r.yield(&r.record, problem) {
			r.ended = true
			return nil
		}
		if given++; given == batch {
			return nil
		}
	}
	r.ended = true
	return nil
}

// ofRecord reports whether an error is about one record only. A reference
// that is stale may be the sign of a newer commit.
func (r *deviceReader) ofRecord(err error) bool {
	var corrupt *format.CorruptError
	return errors.As(err, &corrupt) && (!errors.Is(err, block.ErrStale) || r.staleIsDamage()) ||
		errors.Is(err, syscall.ENAMETOOLONG)
}

// accept takes an error with which a read ended as damage of the record that
// comes next, and reports whether it can be that: a reference that is stale
// although nobody has written since.
func (r *deviceReader) accept(err error) bool {
	if r.fs == nil || !errors.Is(err, block.ErrStale) || errors.Is(err, engine.ErrWritten) || r.staleIsDamage() {
		return false
	}
	r.damaged, r.damagedAt = true, r.fs.Super().Hdr.Seq.Get()
	return true
}

func (r *deviceReader) staleIsDamage() bool {
	return r.damaged && r.damagedAt == r.fs.Super().Hdr.Seq.Get()
}

// look fills in the record of an index entry.
func (r *deviceReader) look(e fs.IndexEntry) error {
	r.record = Change{
		At:     Position{Seq: e.Seq, Ino: e.Ino},
		Paths:  r.record.Paths[:0],
		Xattrs: r.record.Xattrs[:0],
	}
	in, err := r.finder.Inode(r.ctx, e.Ino)
	if errors.Is(err, syscall.ENOENT) {
		return missing(e, "inode item", "missing", "one, for the meta_seq index has it")
	}
	if err != nil {
		return err
	}
	if in.Nlink == 0 {
		r.record.Gone = true
		return nil
	}
	r.record.Attributes = attributesOf(&in)
	if err := r.addPaths(e); err != nil {
		return err
	}
	if r.detail.Xattrs {
		return r.addXattrs(e.Ino)
	}
	return nil
}

func missing(e fs.IndexEntry, field, found, expected string) error {
	return &format.CorruptError{
		Structure: "inode",
		Place:     fmt.Sprintf("inode %d, at %d in the meta_seq index", e.Ino, e.Seq),
		Field:     field,
		Found:     found,
		Expected:  expected,
	}
}

func attributesOf(in *fs.Inode) Attributes {
	major, minor := format.SplitRdev(in.Rdev)
	return Attributes{
		Mode:          in.Mode,
		Nlink:         in.Nlink,
		UID:           in.UID,
		GID:           in.GID,
		RdevMajor:     major,
		RdevMinor:     minor,
		Size:          in.Size,
		Blocks:        in.Blocks(),
		Atime:         in.Atime.UTC(),
		Mtime:         in.Mtime.UTC(),
		Ctime:         in.Ctime.UTC(),
		Archive:       true,
		Crtime:        in.Crtime.UTC(),
		MetaSeq:       in.MetaSeq,
		DataSeq:       in.DataSeq,
		DataVersion:   in.DataVersion,
		OnlineBlocks:  in.OnlineBlocks,
		OfflineBlocks: in.OfflineBlocks,
		ProjectID:     in.Proj,
		Retention:     in.Retention(),
	}
}

// addPaths fills in the record's paths.
func (r *deviceReader) addPaths(e fs.IndexEntry) error {
	if e.Ino == format.RootIno {
		r.record.Paths = append(r.record.Paths, "/")
		return nil
	}
	if err := r.findLinks(e.Ino); err != nil {
		return err
	}
	if len(r.links) == 0 {
		return missing(e, "link_backref items", "none", fmt.Sprintf("%d, for nlink says so", r.record.Nlink))
	}
	for i := range r.links {
		dir, err := r.dirPath(r.links[i].Dir)
		if err != nil {
			return err
		}
		r.record.Paths = append(r.record.Paths, join(dir, string(r.links[i].Name)))
	}
	if r.record.Mode&format.ModeTypeMask == format.ModeDirectory {
		r.paths.put(e.Ino, r.record.Paths[0])
	}
	return nil
}

// findLinks finds the first of an inode's links, or all of them.
func (r *deviceReader) findLinks(ino uint64) error {
	r.links = r.links[:0]
	for link, err := range r.finder.Links(r.ctx, ino) {
		if err != nil {
			return err
		}
		r.links = append(r.links, link)
		if !r.detail.AllPaths {
			break
		}
	}
	return nil
}

const (
	// maxPath is how long the path of a directory may be, without the slash
	// in front: as long as INO_PATH can return.
	maxPath = ioctl.MaxPathBytes - 25
	// manyAncestors is how long a way to the root has to be before it is
	// looked at for circles.
	manyAncestors = 64
)

// dirPath returns a directory's first path. Those of the directories above
// it are remembered too.
func (r *deviceReader) dirPath(dir uint64) (string, error) {
	var way []fs.Entry // from dir upwards
	var passed map[uint64]bool
	path, size := "/", 0
	for at := dir; at != format.RootIno; at = way[len(way)-1].Dir {
		if known, ok := r.paths.get(at); ok {
			path = known
			break
		}
		if len(way) == manyAncestors {
			passed = map[uint64]bool{}
		}
		if passed[at] {
			return "", detached(at, "below itself", "below the root")
		}
		if passed != nil {
			passed[at] = true
		}
		up, err := r.firstLink(at)
		if err != nil {
			return "", err
		}
		way = append(way, up)
		if size += len(up.Name) + 1; size > maxPath+1 {
			return "", fmt.Errorf("path of directory %d: %w", dir, syscall.ENAMETOOLONG)
		}
	}
	for _, link := range slices.Backward(way) {
		path = join(path, string(link.Name))
		r.paths.put(link.Ino, path)
		if len(path) > maxPath+1 {
			break
		}
	}
	if len(path) > maxPath+1 {
		return "", fmt.Errorf("path of directory %d: %w", dir, syscall.ENAMETOOLONG)
	}
	return path, nil
}

func (r *deviceReader) firstLink(dir uint64) (fs.Entry, error) {
	for link, err := range r.finder.Links(r.ctx, dir) {
		return link, err
	}
	return fs.Entry{}, detached(dir, "no link", "one, for it has entries")
}

func detached(dir uint64, found, expected string) error {
	return fmt.Errorf("%w: %w", syscall.ELOOP, &format.CorruptError{
		Structure: "directory tree",
		Place:     fmt.Sprintf("directory %d", dir),
		Field:     "link_backref items",
		Found:     found,
		Expected:  expected,
	})
}

func (r *deviceReader) addXattrs(ino uint64) error {
	for x, err := range r.fs.Xattrs(r.ctx, ino, 0, 0) {
		if err != nil {
			return err
		}
		r.record.Xattrs = append(r.record.Xattrs, Xattr{Name: string(x.Name), Value: bytes.Clone(x.Value)})
	}
	sortXattrs(r.record.Xattrs)
	return nil
}
