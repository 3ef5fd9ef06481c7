// SPDX-License-Identifier: GPL-2.0-or-later

package extract

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"scoutfs/walk/tree"
)

// folder is a directory of the target. It gets its attributes and is closed
// when nobody uses it any more: neither the walk, nor a job, nor a folder
// inside it.
type folder struct {
	parent *folder // nil for the target
	dir    *os.File
	node   tree.Node // in the volume
	attr   tree.Attr
	finish bool // it is to get the volume's attributes
	users  atomic.Int64
}

func (f *folder) fd() int { return int(f.dir.Fd()) }

func (f *folder) use() *folder {
	f.users.Add(1)
	return f
}

// checkName refuses what cannot be the name of a file.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return fmt.Errorf("%q is no name for a file: %w", name, syscall.EINVAL)
	}
	return nil
}

// open opens the folder for a directory of the volume, and makes it if there
// is none. known says whether attr is what the volume has.
func (e *extraction) open(parent *folder, n tree.Node, attr tree.Attr, known bool) (*folder, error) {
	name := n.Name()
	if err := e.checkName(parent, name); err != nil {
		return nil, err
	}
	path := parent.dir.Name() + "/" + name
	dir, err := openDir(parent.fd(), name, path)
	if errors.Is(err, syscall.EACCES) && e.reopen(parent, name) {
		dir, err = openDir(parent.fd(), name, path)
	}
	if e.isInTheWay(err) {
		if err := unix.Unlinkat(parent.fd(), name, 0); err != nil {
			return nil, &os.PathError{Op: "remove", Path: path, Err: err}
		}
		err = syscall.ENOENT
	}
	if errors.Is(err, syscall.ENOENT) {
		if err := e.makeFolder(parent, name, path); err != nil {
			return nil, err
		}
		dir, err = openDir(parent.fd(), name, path)
	}
	if err != nil {
		return nil, err
	}
	f := &folder{parent: parent.use(), dir: dir, node: n, attr: attr}
	f.users.Store(1)
	if err := e.enter(f, known); err != nil {
		e.drop(f)
		return nil, err
	}
	return f, nil
}

// isInTheWay reports whether opening a directory failed because there is
// something else that is to be replaced.
func (e *extraction) isInTheWay(err error) bool {
	return e.opts.Overwrite && (errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP))
}

// reopen makes a directory accessible that an earlier extraction made and
// finished with permissions under which nothing can be added. It reports
// whether to try again.
func (e *extraction) reopen(parent *folder, name string) bool {
	var st unix.Stat_t
	err := unix.Fstatat(parent.fd(), name, &st, unix.AT_SYMLINK_NOFOLLOW)
	if err != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR || !e.state.claimed(st.Ino) {
		return false
	}
	return unix.Fchmodat(parent.fd(), name, 0o700, 0) == nil
}

// makeFolder makes a directory. It is known as one that was made before it
// has its name.
func (e *extraction) makeFolder(parent *folder, name, path string) error {
	tmp, temp := int(e.state.tmp.Fd()), e.state.tempName()
	failed := func(err error) error { return &os.PathError{Op: "mkdir", Path: path, Err: err} }
	if err := unix.Mkdirat(tmp, temp, 0o700); err != nil {
		return failed(err)
	}
	var st unix.Stat_t
	err := unix.Fstatat(tmp, temp, &st, unix.AT_SYMLINK_NOFOLLOW)
	if err == nil {
		err = e.state.claim(st.Ino)
	}
	if err == nil {
		err = rename(tmp, temp, parent.fd(), name, false)
	}
	if parent.parent == nil {
		e.touched.Store(true)
	}
	if err != nil {
		return failed(errors.Join(err, unix.Unlinkat(tmp, temp, unix.AT_REMOVEDIR)))
	}
	return nil
}

// enter checks an open folder, and makes one that will get its permissions
// later writable.
func (e *extraction) enter(f *folder, known bool) error {
	var st unix.Stat_t
	if err := unix.Fstat(f.fd(), &st); err != nil {
		return &os.PathError{Op: "stat", Path: f.dir.Name(), Err: err}
	}
	if st.Dev != e.dev {
		return &os.PathError{Op: "enter", Path: f.dir.Name(), Err: fmt.Errorf("another file system is mounted there: %w", syscall.EXDEV)}
	}
	f.finish = known && (e.opts.Overwrite || e.state.claimed(st.Ino))
	const all = 0o700
	if f.finish && st.Mode&all != all {
		// Failing matters only if something has to be written.
		_ = unix.Fchmod(f.fd(), st.Mode&0o7777|all)
	}
	return nil
}

// drop ends a use of a folder.
func (e *extraction) drop(f *folder) {
	for f != nil && f.users.Add(-1) == 0 {
		if f.finish && e.ctx.Err() == nil {
			e.finishFolder(f)
		}
		if err := f.dir.Close(); err != nil {
			e.fail(f.node, err)
		}
		f = f.parent
	}
}

// finishFolder gives a folder the attributes of the volume's directory, times
// last, since everything that happened inside changed them.
func (e *extraction) finishFolder(f *folder) {
	t := target{dir: f.fd(), name: ".", path: f.dir.Name()}
	if err := e.setAttributes(e.ctx, t, f.node, &f.attr); err != nil {
		e.fail(f.node, err)
	}
}

// rename gives a file its name. Without replace it fails with EEXIST if there
// is one of the name.
func rename(fromDir int, from string, toDir int, to string, replace bool) error {
	if replace {
		return unix.Renameat(fromDir, from, toDir, to)
	}
	err := unix.Renameat2(fromDir, from, toDir, to, unix.RENAME_NOREPLACE)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	// The file system cannot do it in one step.
	var st unix.Stat_t
	if err := unix.Fstatat(toDir, to, &st, unix.AT_SYMLINK_NOFOLLOW); !errors.Is(err, unix.ENOENT) {
		return errors.Join(err, unix.EEXIST)
	}
	return unix.Renameat(fromDir, from, toDir, to)
}
