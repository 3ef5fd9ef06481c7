// SPDX-License-Identifier: GPL-2.0-or-later

package extract

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
	"scoutfs/walk/tree"
)

// job is a file of any kind but a directory that is to be extracted.
type job struct {
	node   tree.Node
	attr   tree.Attr
	folder *folder // used by the job
	name   string

	temp    string // in tmp, once it is written
	replace bool   // something is there that is to be replaced
	linked  bool   // it is another name of a file that was extracted
	offline []Range
	copied  atomic.Int64 // bytes
}

// addOffline notes an offline part.
func (j *job) addOffline(x tree.Extent) {
	if len(j.offline) < MaxRanges {
		j.offline = append(j.offline, Range{x.Offset, x.Length})
	}
}

// extract does a job. It returns true if the file waits for its name.
func (e *extraction) extract(j *job) (waits bool, err error) {
	if err := e.checkName(j.folder, j.name); err != nil {
		return false, err
	}
	if e.opts.SkipOffline && j.attr.Archive.OfflineBlocks > 0 {
		e.tellOffline(j, true)
		return false, nil
	}
	if j.attr.Nlink > 1 {
		defer e.lockInode(j.attr.Ino)()
	}
	done, err := e.look(j)
	if err != nil || done {
		return false, err
	}
	if j.attr.Nlink > 1 {
		done, err := e.takeLink(j)
		if err == nil && done {
			err = e.tellParts(j)
		}
		if err != nil || done {
			return done, err
		}
	}
	if err := e.write(j); err != nil || j.temp == "" {
		return false, err
	}
	t := target{dir: int(e.state.tmp.Fd()), name: j.temp, path: j.folder.dir.Name() + "/" + j.name}
	if err := e.setAttributes(e.ctx, t, j.node, &j.attr); err != nil {
		return false, errors.Join(err, e.discard(j.temp))
	}
	if len(j.offline) > 0 {
		e.tellOffline(j, false)
	}
	if j.attr.Nlink > 1 {
		if err := e.leaveLink(j); err != nil {
			return false, errors.Join(err, e.discard(j.temp))
		}
	}
	return true, nil
}

// look finds out whether the file is there already.
func (e *extraction) look(j *job) (done bool, err error) {
	var st unix.Stat_t
	err = unix.Fstatat(j.folder.fd(), j.name, &st, unix.AT_SYMLINK_NOFOLLOW)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	path := j.folder.dir.Name() + "/" + j.name
	if err != nil {
		return false, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	same, err := e.isComplete(j, &st)
	if err != nil {
		return false, err
	}
	isDir := st.Mode&unix.S_IFMT == unix.S_IFDIR
	switch {
	case same:
		e.count(func(r *Result) { r.Complete++ })
		if j.attr.Nlink > 1 {
			// Whatever name comes next is to be one of this file.
			_ = unix.Linkat(j.folder.fd(), j.name, int(e.state.links.Fd()), j.linkName(), 0)
		}
		return true, e.tellParts(j)
	case isDir:
		return false, &os.PathError{Op: "extract to", Path: path, Err: fmt.Errorf("a directory is there: %w", syscall.EISDIR)}
	case !e.opts.Overwrite:
		return false, &os.PathError{Op: "extract to", Path: path, Err: fmt.Errorf("another file is there: %w", syscall.EEXIST)}
	}
	j.replace = true
	return false, nil
}

// isComplete reports whether what is there is what would be extracted.
func (e *extraction) isComplete(j *job, st *unix.Stat_t) (bool, error) {
	a := &j.attr
	if st.Mode&unix.S_IFMT != a.Type() || !e.clock.stores(a.Mtime, st.Mtim) {
		return false, nil
	}
	switch {
	case a.IsRegular():
		return uint64(st.Size) == a.Size, nil
	case a.IsSymlink():
		want, err := e.src.Readlink(e.ctx, j.node)
		if err != nil {
			return false, err
		}
		got := make([]byte, format.MaxSymlinkSize)
		n, err := unix.Readlinkat(j.folder.fd(), j.name, got)
		return err == nil && string(got[:n]) == want, nil
	case a.Type() == format.ModeCharDevice || a.Type() == format.ModeBlockDevice:
		return st.Rdev == unix.Mkdev(a.RdevMajor, a.RdevMinor), nil
	}
	return true, nil
}

// tellParts tells which parts of a file whose content is there are offline.
func (e *extraction) tellParts(j *job) error {
	if j.attr.Archive.OfflineBlocks == 0 || !j.attr.IsRegular() {
		return nil
	}
	src, err := e.src.Open(e.ctx, j.node)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	for x, err := range src.Extents(e.ctx, 0) {
		if err != nil {
			return err
		}
		if x.Offline {
			j.addOffline(x)
		}
	}
	if len(j.offline) > 0 {
		e.tellOffline(j, false)
	}
	return nil
}

// write writes the file under a name in tmp. The name stays empty if the
// target takes no such file.
func (e *extraction) write(j *job) (err error) {
	tmp := int(e.state.tmp.Fd())
	switch j.attr.Type() {
	case format.ModeRegular:
		j.temp, err = e.writeFile(j)
		return err
	case format.ModeSymlink:
		content, err := e.src.Readlink(e.ctx, j.node)
		if err != nil {
			return err
		}
		temp := e.state.tempName()
		if err := unix.Symlinkat(content, tmp, temp); err != nil {
			return &os.PathError{Op: "symlink", Path: e.state.tmp.Name() + "/" + temp, Err: err}
		}
		j.temp = temp
		return nil
	case format.ModeFIFO, format.ModeSocket, format.ModeCharDevice, format.ModeBlockDevice:
		temp := e.state.tempName()
		dev := unix.Mkdev(j.attr.RdevMajor, j.attr.RdevMinor)
		err := unix.Mknodat(tmp, temp, j.attr.Type()|0o600, int(dev))
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EOPNOTSUPP) {
			e.notKept(j.node, "special file", err)
			return nil
		}
		if err != nil {
			return &os.PathError{Op: "mknod", Path: e.state.tmp.Name() + "/" + temp, Err: err}
		}
		j.temp = temp
		return nil
	}
	return fmt.Errorf("mode %o is of no known type of file: %w", j.attr.Mode, syscall.EINVAL)
}
