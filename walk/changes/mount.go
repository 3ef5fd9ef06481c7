// SPDX-License-Identifier: GPL-2.0-or-later

package changes

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

// Mount is a mounted volume, such as an *ioctl.Mount. Reading a feed needs
// CAP_DAC_READ_SEARCH.
type Mount interface {
	ioctl.Target

	// Stat is fstatat(2) of an inode of any kind: ESTALE if there is none.
	Stat(ctx context.Context, ino uint64) (unix.Stat_t, error)

	// Xattrs returns the extended attributes that listxattr(2) shows of an
	// inode of any kind, and those with the other names given if it has them.
	Xattrs(ctx context.Context, ino uint64, others []string) ([]ioctl.Xattr, error)
}

// mount is the source of a mounted volume.
type mount struct {
	Mount
	version1 atomic.Bool // the volume has no projects and no retention
}

// OnMount returns the feed's source on a mount, which stays the caller's to
// close. It can be used by many goroutines.
func OnMount(m Mount) Source { return &mount{Mount: m} }

// Committed is [Source.Committed].
func (m *mount) Committed(ctx context.Context) (uint64, error) {
	s, err := m.StatfsMore(ctx)
	return s.CommittedSeq, err
}

// Changes is [Source.Changes].
func (m *mount) Changes(ctx context.Context, after Position, last uint64, detail Detail) iter.Seq2[*Change, error] {
	return func(yield func(*Change, error) bool) {
		from, more := after.next()
		if !more || from.Seq > last {
			return
		}
		// Minor numbers are not stored and do not count.
		first := ioctl.InodeEntry{Major: from.Seq, Ino: from.Ino}
		end := ioctl.InodeEntry{Major: last, Minor: math.MaxUint32, Ino: math.MaxUint64}
		r := mountReader{mount: m, ctx: ctx, detail: detail}
		given := 0
		for e, err := range walk.Inodes(ctx, m, ioctl.IndexMetaSeq, first, end) {
			if err != nil {
				yield(nil, err)
				return
			}
			problem := r.look(e)
			if problem != nil && !ofInode(problem) {
				yield(nil, problem)
				return
			}
			if !yield(&r.record, problem) {
				return
			}
			// Directories may be renamed meanwhile.
			if given++; given%batch == 0 {
				r.paths.forget()
			}
		}
	}
}

// mountReader is one sequence in progress.
type mountReader struct {
	*mount
	ctx    context.Context
	detail Detail
	paths  dirPaths
	record Change
}

// isGone reports whether an error says that an inode is no longer there.
func isGone(err error) bool {
	return errors.Is(err, syscall.ESTALE) || errors.Is(err, syscall.ENOENT)
}

// ofInode reports whether an error is about one inode only: damage, a path
// that is too long, or directories that kept going or are a circle.
func ofInode(err error) bool {
	return errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ENAMETOOLONG) || errors.Is(err, syscall.ELOOP)
}

// look fills in the record of an index entry.
func (r *mountReader) look(e ioctl.InodeEntry) error {
	at := Position{Seq: e.Major, Ino: e.Ino}
	r.record = Change{At: at, Paths: r.record.Paths[:0]}
	err := r.fill(e.Ino)
	if isGone(err) {
		r.record = Change{At: at, Gone: true, Paths: r.record.Paths[:0]}
		return nil
	}
	return err
}

// fill fills in what is known of an inode; isGone tells that it is not there.
func (r *mountReader) fill(ino uint64) error {
	st, err := r.Stat(r.ctx, ino)
	if err != nil {
		return err
	}
	if st.Nlink == 0 {
		return syscall.ESTALE
	}
	r.record.Attributes = statAttributes(&st)
	if err := r.addPaths(ino); err != nil {
		return err
	}
	var hidden []string
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR:
		if hidden, err = r.addArchive(ino); err != nil {
			return err
		}
	}
	if r.detail.Xattrs {
		return r.addXattrs(ino, hidden)
	}
	return nil
}

func statAttributes(st *unix.Stat_t) Attributes {
	return Attributes{
		Mode:      st.Mode,
		Nlink:     uint32(st.Nlink),
		UID:       st.Uid,
		GID:       st.Gid,
		RdevMajor: unix.Major(st.Rdev),
		RdevMinor: unix.Minor(st.Rdev),
		Size:      uint64(st.Size),
		Blocks:    uint64(st.Blocks),
		Atime:     time.Unix(st.Atim.Unix()).UTC(),
		Mtime:     time.Unix(st.Mtim.Unix()).UTC(),
		Ctime:     time.Unix(st.Ctim.Unix()).UTC(),
	}
}

// addArchive fills in what the archive requests tell, and returns the names
// of hidden attributes if they are wanted.
func (r *mountReader) addArchive(ino uint64) (hidden []string, err error) {
	file, err := r.OpenIno(r.ctx, ino, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	more, err := file.StatMore(r.ctx)
	if err != nil {
		return nil, err
	}
	extra, err := r.project(file)
	if err != nil {
		return nil, err
	}
	a := &r.record.Attributes
	a.Archive = true
	a.Crtime = more.Crtime.Time()
	a.MetaSeq, a.DataSeq, a.DataVersion = more.MetaSeq, more.DataSeq, more.DataVersion
	a.OnlineBlocks, a.OfflineBlocks = more.OnlineBlocks, more.OfflineBlocks
	a.ProjectID, a.Retention = extra.ProjectID, extra.Retention
	if !r.detail.Xattrs {
		return nil, nil
	}
	for name, err := range walk.HiddenXattrs(r.ctx, file) {
		if err != nil {
			return nil, err
		}
		hidden = append(hidden, name)
	}
	return hidden, nil
}

// project gets the attributes that format version 1 does not have.
func (r *mountReader) project(file ioctl.File) (ioctl.AttrX, error) {
	if r.version1.Load() {
		return ioctl.AttrX{}, nil
	}
	extra, err := file.GetAttrX(r.ctx, ioctl.GetAttrX{Mask: ioctl.AttrProjectID | ioctl.AttrRetention})
	if errors.Is(err, syscall.EOPNOTSUPP) {
		r.version1.Store(true)
		return ioctl.AttrX{}, nil
	}
	return extra, err
}

const (
	// oneEntryBytes is room for the longest directory entry.
	oneEntryBytes = 512
	// maxMoves is how often names are read again because a directory above
	// has gone meanwhile, as often as the kernel module looks for a path.
	maxMoves = 10
)

// addPaths fills in the record's paths.
func (r *mountReader) addPaths(ino uint64) error {
	if ino == format.RootIno {
		r.record.Paths = append(r.record.Paths, "/")
		return nil
	}
	for range maxMoves {
		r.record.Paths = r.record.Paths[:0]
		err := r.tryPaths(ino)
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return fmt.Errorf("path of inode %d: %w", ino, syscall.ELOOP)
}

// errMoved says that a directory has gone that had the inode.
var errMoved = errors.New("directory has gone")

func (r *mountReader) tryPaths(ino uint64) error {
	links, err := r.links(ino)
	if err != nil {
		return err
	}
	if len(links) == 0 {
		return syscall.ESTALE // unlinked meanwhile
	}
	for _, link := range links {
		dir, err := r.dirPath(link.At.Dir)
		if err != nil {
			return err
		}
		r.record.Paths = append(r.record.Paths, join(dir, link.Name))
	}
	return nil
}

// links returns the first of an inode's links, or all of them.
func (r *mountReader) links(ino uint64) ([]ioctl.ReferringEntry, error) {
	if !r.detail.AllPaths {
		return r.GetReferringEntries(r.ctx, ioctl.GetReferringEntries{Ino: ino, Bytes: oneEntryBytes})
	}
	var links []ioctl.ReferringEntry
	for link, err := range walk.ReferringEntries(r.ctx, r, ino, ioctl.DirPosition{}) {
		if err != nil {
			return nil, err
		}
		links = append(links, link)
	}
	return links, nil
}

// dirPath returns a directory's first path.
func (r *mountReader) dirPath(dir uint64) (string, error) {
	if dir == format.RootIno {
		return "/", nil
	}
	if path, ok := r.paths.get(dir); ok {
		return path, nil
	}
	found, err := r.InoPath(r.ctx, ioctl.InoPath{Ino: dir, Bytes: ioctl.MaxPathBytes})
	if errors.Is(err, syscall.ENOENT) {
		return "", errMoved
	}
	if err != nil {
		return "", err
	}
	path := "/" + found.Path
	r.paths.put(dir, path)
	return path, nil
}

func (r *mountReader) addXattrs(ino uint64, hidden []string) error {
	xattrs, err := r.Mount.Xattrs(r.ctx, ino, hidden)
	if err != nil {
		return err
	}
	for _, x := range xattrs {
		r.record.Xattrs = append(r.record.Xattrs, Xattr(x))
	}
	sortXattrs(r.record.Xattrs)
	return nil
}
