// SPDX-License-Identifier: GPL-2.0-or-later

package extract

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
	"scoutfs/walk/tree"
)

// state is the folder inside the target for what is not finished:
//
//	volume   which volume is extracted
//	made     inode numbers of directories that were made, 8 bytes each
//	tmp/     files that have no name yet
//	links/   files that are to have several names, called by their inode
//	         numbers in the volume
//	fresh/   the same, not on stable storage yet
//
// A folder that exists was left by an extraction that was interrupted.
type state struct {
	target int    // descriptor of the target
	name   string // in the target
	dir    *os.File
	tmp    *os.File
	links  *os.File
	fresh  *os.File
	made   *os.File
	next   atomic.Uint64 // name in tmp

	mu   sync.Mutex // guards mine, and appending to made
	mine *roaring64.Bitmap
}

// stateName is the name of the folder, followed by a number if the volume
// has a file of this name.
const stateName = ".scoutfs-extract"

// chooseName returns a name that the volume's root does not have.
func chooseName(ctx context.Context, src tree.Tree) (string, error) {
	for i := range 100 {
		name := stateName
		if i > 0 {
			name += "." + strconv.Itoa(i)
		}
		_, err := src.Resolve(ctx, "/"+name, false)
		if err == nil {
			continue
		}
		if !errors.Is(err, syscall.ENOENT) {
			return "", err
		}
		return name, nil
	}
	return "", fmt.Errorf("the volume has too many files called %s*", stateName)
}

// openState makes or opens the folder and locks it.
func openState(target *os.File, name, identity string) (s *state, err error) {
	s = &state{target: int(target.Fd()), name: name, mine: roaring64.New()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.dir, err = makeDir(s.target, name, target.Name()+"/"+name); err != nil {
		return s, err
	}
	err = unix.Flock(int(s.dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return s, fmt.Errorf("another extraction into %s is running: %w", target.Name(), syscall.EBUSY)
	}
	if err != nil {
		return s, err
	}
	for name, sub := range s.folders() {
		if *sub, err = makeDir(int(s.dir.Fd()), name, s.dir.Name()+"/"+name); err != nil {
			return s, err
		}
	}
	// What is made in tmp must not inherit anything.
	err = unix.Fremovexattr(int(s.tmp.Fd()), format.XattrACLDefault)
	if err != nil && !errors.Is(err, unix.ENODATA) && !errors.Is(err, unix.EOPNOTSUPP) {
		return s, &os.PathError{Op: "remove the default ACL of", Path: s.tmp.Name(), Err: err}
	}
	if err = s.identify(identity); err != nil {
		return s, err
	}
	for _, sub := range []*os.File{s.tmp, s.fresh} {
		if err = empty(sub); err != nil {
			return s, err
		}
	}
	return s, s.loadMade()
}

// folders are the folders inside by their names.
func (s *state) folders() map[string]**os.File {
	return map[string]**os.File{"tmp": &s.tmp, "links": &s.links, "fresh": &s.fresh}
}

// makeDir opens a directory, which it makes if there is none.
func makeDir(dir int, name, path string) (*os.File, error) {
	if err := unix.Mkdirat(dir, name, 0o700); err != nil && !errors.Is(err, unix.EEXIST) {
		return nil, &os.PathError{Op: "mkdir", Path: path, Err: err}
	}
	return openDir(dir, name, path)
}

// openDir opens a directory itself, not what a symbolic link leads to.
func openDir(dir int, name, path string) (*os.File, error) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// identify notes which volume is extracted. Files that wait for further
// names are of no use to another one.
func (s *state) identify(identity string) error {
	const name = "volume"
	fd, err := unix.Openat(int(s.dir.Fd()), name, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return &os.PathError{Op: "open", Path: s.dir.Name() + "/" + name, Err: err}
	}
	file := os.NewFile(uintptr(fd), s.dir.Name()+"/"+name)
	defer file.Close()
	before, err := io.ReadAll(io.LimitReader(file, 4096))
	if err != nil || string(before) == identity {
		return err
	}
	if err := empty(s.links); err != nil {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = file.WriteAt([]byte(identity), 0)
	return err
}

// empty removes everything in a directory, which has empty directories at
// most.
func empty(dir *os.File) error {
	for {
		names, err := dir.Readdirnames(1000)
		for _, name := range names {
			err := unix.Unlinkat(int(dir.Fd()), name, 0)
			if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EPERM) {
				err = unix.Unlinkat(int(dir.Fd()), name, unix.AT_REMOVEDIR)
			}
			if err != nil && !errors.Is(err, unix.ENOENT) {
				return &os.PathError{Op: "remove", Path: dir.Name() + "/" + name, Err: err}
			}
		}
		if errors.Is(err, io.EOF) {
			_, err = dir.Seek(0, io.SeekStart)
			return err
		}
		if err != nil {
			return err
		}
	}
}

// loadMade reads which directories were made. The last number may be cut off.
func (s *state) loadMade() error {
	const name = "made"
	path := s.dir.Name() + "/" + name
	fd, err := unix.Openat(int(s.dir.Fd()), name, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	s.made = os.NewFile(uintptr(fd), path)
	in := bufio.NewReader(s.made)
	var ino [8]byte
	n := int64(0)
	for {
		if _, err := io.ReadFull(in, ino[:]); err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				return err
			}
			break
		}
		s.mine.Add(binary.LittleEndian.Uint64(ino[:]))
		n += int64(len(ino))
	}
	_, err = s.made.Seek(n, io.SeekStart)
	return err
}

// claim notes that a directory was made by this extraction.
func (s *state) claim(ino uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.mine.CheckedAdd(ino) {
		return nil
	}
	_, err := s.made.Write(binary.LittleEndian.AppendUint64(nil, ino))
	return err
}

// claimed reports whether a directory was made by this extraction.
func (s *state) claimed(ino uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mine.Contains(ino)
}

// tempName returns a name in tmp that nobody has.
func (s *state) tempName() string { return strconv.FormatUint(s.next.Add(1), 36) }

// remove removes the folder: nothing is unfinished.
func (s *state) remove() error {
	dir := int(s.dir.Fd())
	for name, sub := range s.folders() {
		if err := empty(*sub); err != nil {
			return err
		}
		if err := unix.Unlinkat(dir, name, unix.AT_REMOVEDIR); err != nil {
			return err
		}
	}
	return errors.Join(
		unix.Unlinkat(dir, "volume", 0),
		unix.Unlinkat(dir, "made", 0),
		unix.Unlinkat(s.target, s.name, unix.AT_REMOVEDIR))
}

// close gives the lock up.
func (s *state) close() error {
	var errs []error
	if s.dir != nil {
		// A process that is being started may have the folder open too for a
		// moment, and keep the lock.
		errs = append(errs, unix.Flock(int(s.dir.Fd()), unix.LOCK_UN))
	}
	for _, f := range []*os.File{s.made, s.tmp, s.links, s.fresh, s.dir} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
