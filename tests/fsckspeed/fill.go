// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// fill makes files in a folder of another file system, for its checker: as
// many in a directory and of the same mixture as package testbulk has. Their
// blocks are preallocated, so that they take no writing; an attribute is on
// every third.
func fill(args []string) error {
	flags := flag.NewFlagSet("fill", flag.ContinueOnError)
	files := flags.Int("files", 1_000_000, "files to make")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("fill takes one folder")
	}
	dir, left := "", 0
	for i, dirs := 0, 0; i < *files; i++ {
		if left == 0 {
			left = 10 + dirs*37%140
			if dirs == 3 {
				left = min(100_000, *files/8)
			}
			dir = filepath.Join(flags.Arg(0), fmt.Sprintf("area%d", dirs/256), fmt.Sprintf("project%d", dirs))
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			dirs++
		}
		left--
		if err := fillFile(filepath.Join(dir, fmt.Sprintf("simulation-output-%d.dat", i)), i); err != nil {
			return err
		}
	}
	return nil
}

func fillFile(path string, i int) error {
	switch i % 100 {
	case 7, 8, 9:
		return os.Symlink("../somewhere/else", path)
	case 10, 11:
		return unix.Mkfifo(path, 0o644)
	}
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if i%100 > 30 { // released files take no blocks in an archive's volume
		err = unix.Fallocate(fd, 0, 0, int64(1+i%8)*4096)
	}
	if i%3 == 0 {
		err = errors.Join(err, unix.Fsetxattr(fd, "user.comment", []byte("from tape"), 0))
	}
	return errors.Join(err, unix.Close(fd))
}
