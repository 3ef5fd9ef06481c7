// SPDX-License-Identifier: GPL-2.0-or-later

package extract

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// linkName is the name of a file among those that are to have several: its
// inode number, and before it the file system if there can be several.
func (j *job) linkName() string {
	name := strconv.FormatUint(j.attr.Ino, 10)
	if j.attr.Dev != 0 {
		name = strconv.FormatUint(j.attr.Dev, 10) + "." + name
	}
	return name
}

// lockInode keeps other jobs from extracting the same inode until the
// function that it returns is called.
func (e *extraction) lockInode(ino uint64) (unlock func()) {
	mu := &e.inodes[ino%uint64(len(e.inodes))]
	mu.Lock()
	return mu.Unlock
}

// takeLink makes the file another name of one that was extracted before. The
// name is made in tmp first, like that of any file.
func (e *extraction) takeLink(j *job) (done bool, err error) {
	// settleLink moves files from fresh to links meanwhile: the other way round,
	// one could be in neither when it is looked for there.
	for _, links := range []*os.File{e.state.fresh, e.state.links} {
		temp := e.state.tempName()
		err := e.linkFrom(j, links, temp)
		switch {
		case err == nil:
			j.temp, j.linked = temp, true
			return true, nil
		case !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EMLINK):
			return false, err
		}
	}
	return false, nil
}

// linkFrom makes a name for a file that waits for names. It fails with ENOENT
// if there is none, and with EMLINK if there cannot be more names; the next
// ones are then those of a copy.
func (e *extraction) linkFrom(j *job, links *os.File, temp string) error {
	name := j.linkName()
	failed := func(op string, err error) error {
		return &os.PathError{Op: op, Path: links.Name() + "/" + name, Err: err}
	}
	var st unix.Stat_t
	if err := unix.Fstatat(int(links.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return failed("stat", err)
	}
	err := error(unix.EMLINK)
	// The volume may have changed since an extraction that was interrupted.
	if e.clock.stores(j.attr.Mtime, st.Mtim) && (!j.attr.IsRegular() || uint64(st.Size) == j.attr.Size) {
		err = unix.Linkat(int(links.Fd()), name, int(e.state.tmp.Fd()), temp, 0)
	}
	if !errors.Is(err, unix.EMLINK) {
		if err != nil {
			return failed("link", err)
		}
		return nil
	}
	if err := unix.Unlinkat(int(links.Fd()), name, 0); err != nil {
		return failed("remove", err)
	}
	return failed("link", unix.EMLINK)
}

// leaveLink keeps a file that was written for its further names.
func (e *extraction) leaveLink(j *job) error {
	err := unix.Linkat(int(e.state.tmp.Fd()), j.temp, int(e.state.fresh.Fd()), j.linkName(), 0)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EMLINK) {
		e.notKept(j.node, "hard links", err)
		return nil
	}
	if err != nil {
		return &os.PathError{Op: "link", Path: e.state.fresh.Name() + "/" + j.linkName(), Err: err}
	}
	return nil
}

// settleLink says that a file which is kept for its further names is on
// stable storage.
func (e *extraction) settleLink(j *job) error {
	err := unix.Renameat(int(e.state.fresh.Fd()), j.linkName(), int(e.state.links.Fd()), j.linkName())
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return &os.PathError{Op: "rename", Path: e.state.fresh.Name() + "/" + j.linkName(), Err: err}
	}
	return nil
}
