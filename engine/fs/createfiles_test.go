// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"time"

	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// TestManyFilesAreCreated reads back what was created, of sizes around that of
// a block, and more of them than one change creates.
func TestManyFilesAreCreated(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	dirs := []uint64{1, v.mkdir(1, "dir", 0o755)}
	sizes := []int{0, 1, blockSize - 1, blockSize, blockSize + 1, 3*blockSize + 5, 20, 6 << 20}
	var files []fs.NewFile
	for i := range 1500 {
		size := sizes[i%(len(sizes)-1)]
		if i == 700 {
			size = sizes[len(sizes)-1] // larger than what a change takes
		}
		files = append(files, fs.NewFile{
			Dir: dirs[i%2], Name: fmt.Sprint("file", i), Mode: 0o640, Data: pattern(size),
			Attr: fs.Attr{Mask: fs.AttrUID | fs.AttrGID | fs.AttrMtime, UID: uint32(i), GID: 7, Mtime: time.Unix(int64(i), 9)},
		})
	}
	n, err := v.CreateFiles(v.ctx, rootCaller(), files)
	v.must(err)
	if n != len(files) {
		t.Fatalf("%d files were created", n)
	}
	v.reopen()
	for i := range files {
		f := &files[i]
		var found uint64
		v.view(func(r *fs.FS) {
			e, err := r.Lookup(v.ctx, f.Dir, []byte(f.Name))
			v.must(err)
			found = e.Ino
		})
		in := v.inode(found)
		if found != f.Ino || in.Size != uint64(len(f.Data)) || in.Mode&0o7777 != 0o640 || in.UID != uint32(i) || in.GID != 7 ||
			!in.Mtime.Equal(f.Attr.Mtime) || in.OnlineBlocks != (in.Size+blockSize-1)/blockSize {
			t.Fatalf("%s is inode %d, want %d: %+v", f.Name, found, f.Ino, in)
		}
		data := make([]byte, len(f.Data)+1)
		if n, _ := v.ReadAt(v.ctx, found, data, 0); !bytes.Equal(data[:n], f.Data) {
			t.Fatalf("%s reads other bytes, the first at %d of %d", f.Name, firstDifference(data[:n], f.Data), n)
		}
	}
	v.check()
}

func TestRefusedNewFiles(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		who  fs.Caller
		bad  fs.NewFile
		want syscall.Errno
	}{
		{"empty name", rootCaller(), fs.NewFile{Dir: 1}, syscall.ENOENT},
		{"name that is there", rootCaller(), fs.NewFile{Dir: 1, Name: "file"}, syscall.EEXIST},
		{"name of the same batch", rootCaller(), fs.NewFile{Dir: 1, Name: "new"}, syscall.EEXIST},
		{"no directory", rootCaller(), fs.NewFile{Dir: noInode, Name: "x"}, syscall.ENOENT},
		{"not in a directory", rootCaller(), fs.NewFile{Dir: 1025, Name: "x"}, syscall.ENOTDIR},
		{"no permission", user(1), fs.NewFile{Dir: 1, Name: "x"}, syscall.EACCES},
		{"size", rootCaller(), fs.NewFile{Dir: 1, Name: "x", Attr: fs.Attr{Mask: fs.AttrSize}}, syscall.EINVAL},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newDataTree(t)
			before := v.items(allOf(1))
			test.bad.Data = pattern(10)
			n, err := v.CreateFiles(v.ctx, test.who, []fs.NewFile{{Dir: v.dir, Name: "new0", Data: pattern(10)}, {Dir: 1, Name: "new"}, test.bad})
			if n != 0 {
				t.Errorf("%d files were created", n)
			}
			is(t, err, test.want)
			if !sameItems(before, v.items(allOf(1))) {
				t.Error("something has changed")
			}
			v.check()
		})
	}
}

// TestNewFilesWithoutSpace creates more than there is room for, then makes
// room.
func TestNewFilesWithoutSpace(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{DataBlocks: 4096}, fs.WriterOptions{})
	var files []fs.NewFile
	for i := range 6 {
		files = append(files, fs.NewFile{Dir: 1, Name: fmt.Sprint("f", i), Data: pattern(3 << 20)})
	}
	n, err := v.CreateFiles(v.ctx, rootCaller(), files)
	is(t, err, syscall.ENOSPC)
	if n != 5 || len(v.list(1)) != n {
		t.Errorf("%d files were created, and there are %q", n, v.list(1))
	}
	v.must(v.Unlink(v.ctx, rootCaller(), 1, "f0"))
	n, err = v.CreateFiles(v.ctx, rootCaller(), files[5:])
	if n != 1 {
		t.Errorf("%d files were created", n)
	}
	is(t, err, 0)
	v.check()
}
