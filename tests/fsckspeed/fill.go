// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"scoutfs/engine/format"
	"scoutfs/internal/testbulk"
)

// shrink is by how much the extents of files are shorter than in the volume,
// so that the file system need not be as large.
const shrink = 16

// fill makes the files of a volume of package testbulk in a folder of another
// file system, for its checker: the same names in the same directories, with
// as many extents, which are preallocated and take no writing, and the same
// attributes, with "user." for "scoutfs.".
func fill(args []string) error {
	flags := flag.NewFlagSet("fill", flag.ContinueOnError)
	files := flags.Uint64("files", 1_000_000, "files to make")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("fill takes one folder")
	}
	unix.Umask(0)
	dir, made := "", ""
	return testbulk.EachFile(testbulk.Options{Files: *files, Seed: 1}, func(f *testbulk.File) error {
		if dir = filepath.Join(flags.Arg(0), f.Dir); dir != made {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			made = dir
		}
		if err := fillFile(filepath.Join(dir, f.Name), f); err != nil {
			return fmt.Errorf("%s/%s: %w", f.Dir, f.Name, err)
		}
		return nil
	})
}

func fillFile(path string, f *testbulk.File) error {
	switch f.Mode & format.ModeTypeMask {
	case format.ModeSymlink:
		return os.Symlink(f.Target[:min(len(f.Target), 1000)], path)
	case format.ModeRegular:
	default:
		return unix.Mknod(path, f.Mode, 0)
	}
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, f.Mode&0o777)
	if err != nil {
		return err
	}
	for _, e := range f.Blocks {
		// Extents that touched would become one.
		start, blocks := e.Start/shrink*format.SmallBlockSize, (e.Len/shrink+1)*format.SmallBlockSize
		err = errors.Join(err, unix.Fallocate(fd, unix.FALLOC_FL_KEEP_SIZE, int64(start), int64(blocks)))
	}
	err = errors.Join(err, unix.Ftruncate(fd, int64(f.Size/shrink)))
	for _, x := range f.Xattrs {
		name := x.Name
		if rest, ok := strings.CutPrefix(name, "scoutfs."); ok {
			name = "user." + rest
		}
		setErr := unix.Fsetxattr(fd, name, []byte(x.Value), 0)
		if errors.Is(setErr, unix.ENOSPC) || errors.Is(setErr, unix.E2BIG) {
			continue // ext4 has room for less
		}
		err = errors.Join(err, setErr)
	}
	return errors.Join(err, unix.Close(fd))
}
