// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

func (v *writing) orphans() (list []uint64) {
	v.tb.Helper()
	v.view(func(f *fs.FS) { list = all(v.tb, f.Orphans(v.ctx, 0)) })
	return list
}

// inodeItems counts the items that an inode has of its own.
func (v *writing) inodeItems(ino uint64) int {
	v.tb.Helper()
	return len(v.items(format.ItemsOfInode(ino)))
}

// big makes a file with data in pieces, xattrs of several parts, with tags
// and without, and an ACL.
func (v *writing) big(name string) uint64 {
	v.tb.Helper()
	ino := v.create(format.RootIno, name, 0o644)
	for i := range uint64(40) {
		if _, err := v.Write(v.ctx, fs.ReadWrite(ino), []byte("data"), i*3*format.SmallBlockSize); err != nil {
			v.tb.Fatal(err)
		}
	}
	for i := range 30 {
		v.must(v.SetXattr(v.ctx, rootCaller(), ino, fmt.Sprint("user.x", i), []byte(strings.Repeat("x", 100*i)), 0))
	}
	v.must(v.SetXattr(v.ctx, rootCaller(), ino, "scoutfs.totl.1.2.3", []byte("5"), 0))
	v.must(v.SetXattr(v.ctx, rootCaller(), ino, "scoutfs.srch.s", nil, 0))
	v.must(v.SetXattr(v.ctx, rootCaller(), ino, "scoutfs.indx.5.5", nil, 0))
	v.must(v.SetXattr(v.ctx, rootCaller(), ino, format.XattrACLAccess, acl(v.tb, "u::7", "u:99:6", "g::5", "m::6", "o::1"), 0))
	return ino
}

// TestDeletionLeavesNothing checks that all items of an inode go, of each
// type, and its data blocks and effects of tags with them.
func TestDeletionLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, synced := range []bool{false, true} {
		for _, version := range []uint64{1, 2} {
			t.Run(fmt.Sprint("version ", version, " synced ", synced), func(t *testing.T) {
				t.Parallel()
				v := newWriting(t, testlog.Options{FormatVersion: version}, fs.WriterOptions{})
				empty := keysOf(v)
				var file uint64
				if version == 2 {
					file = v.big("big")
				} else {
					file = v.create(format.RootIno, "big", 0o600)
				}
				dir := v.mkdir(format.RootIno, "dir", 0o755)
				link := v.made(v.Symlink(v.ctx, rootCaller(), format.RootIno, "link", strings.Repeat("t", 4000)))
				fifo := v.made(v.Mknod(v.ctx, rootCaller(), format.RootIno, "fifo", format.ModeFIFO, 0))
				if synced {
					v.reopen()
				}
				for _, name := range []string{"big", "link", "fifo"} {
					v.must(v.Unlink(v.ctx, rootCaller(), format.RootIno, name))
				}
				v.must(v.Rmdir(v.ctx, rootCaller(), format.RootIno, "dir"))
				for _, ino := range []uint64{file, dir, link, fifo} {
					if n := v.inodeItems(ino); n != 0 {
						t.Errorf("inode %d has %d items left", ino, n)
					}
				}
				if got := keysOf(v); !slices.Equal(got, empty) {
					t.Errorf("there is\n%v, want\n%v", got, empty)
				}
				if got := v.tagged(); len(got.totals)+len(got.indx)+len(got.found) != 0 {
					t.Errorf("tags have left %+v", got)
				}
				v.check()
			})
		}
	}
}

// keysOf returns the keys of all items but indexes, whose seqs move.
func keysOf(v *writing) (keys []format.Key) {
	for _, it := range v.items(format.AllKeys()) {
		if it.Key.Zone != format.ZoneInodeIndex {
			keys = append(keys, it.Key)
		}
	}
	return keys
}

func TestOpenKeepsInode(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	file := v.big("file")
	v.must(v.Open(v.ctx, file))
	v.must(v.Open(v.ctx, file))
	v.must(v.Unlink(v.ctx, rootCaller(), format.RootIno, "file"))
	if got := v.orphans(); !slices.Equal(got, []uint64{file}) {
		t.Errorf("orphans are %d, want %d", got, file)
	}
	if n, err := v.DeleteOrphans(v.ctx); n != 0 || err != nil {
		t.Errorf("%d orphans were deleted, %v; it is open", n, err)
	}
	v.must(v.SetXattr(v.ctx, rootCaller(), file, "user.still", []byte("works"), 0))
	v.must(v.Close(v.ctx, file))
	v.sync()
	v.hasXattr(file, "user.still", []byte("works"))
	v.must(v.Close(v.ctx, file))
	if v.exists(file) || len(v.orphans()) != 0 {
		t.Error("the inode is there after the last close")
	}
	is(t, v.Close(v.ctx, file), syscall.EBADF)
	is(t, v.Open(v.ctx, file), syscall.ENOENT)
	is(t, v.Close(v.ctx, file), syscall.EBADF) // the failed Open does not count
	v.check()
}

func TestCloseKeepsLinkedInode(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	tmp := v.made(v.Tmpfile(v.ctx, rootCaller(), format.RootIno, 0o600))
	v.made(v.Link(v.ctx, rootCaller(), tmp, format.RootIno, "kept"))
	if got := v.orphans(); len(got) != 0 {
		t.Errorf("orphans are %d, want none", got)
	}
	v.must(v.Close(v.ctx, tmp))
	if got := v.inode(tmp).Nlink; got != 1 {
		t.Errorf("there are %d links, want 1", got)
	}
	v.check()
}

// TestCrashLeavesOrphans opens a volume whose files were unlinked and open, and
// a file that never had a link, as a crash leaves them.
func TestCrashLeavesOrphans(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	var lost []uint64
	for _, name := range numbered("file", 5) {
		ino := v.big(name)
		lost = append(lost, ino)
		v.must(v.Open(v.ctx, ino))
		v.must(v.Unlink(v.ctx, rootCaller(), format.RootIno, name))
	}
	lost = append(lost, v.made(v.Tmpfile(v.ctx, rootCaller(), format.RootIno, 0o600)))
	v.reopen()
	if got := v.orphans(); !slices.Equal(got, lost) {
		t.Errorf("orphans are %d, want %d", got, lost)
	}
	_, err := v.Link(v.ctx, rootCaller(), lost[5], format.RootIno, "back")
	is(t, err, syscall.ENOENT)
	v.must(v.Open(v.ctx, lost[2]))
	if n, err := v.DeleteOrphans(v.ctx); n != 5 || err != nil {
		t.Errorf("%d orphans were deleted, %v, want 5", n, err)
	}
	if got := v.orphans(); !slices.Equal(got, lost[2:3]) {
		t.Errorf("orphans are %d, want the open one, %d", got, lost[2])
	}
	v.must(v.Close(v.ctx, lost[2]))
	v.sync()
	if got := v.orphans(); len(got) != 0 {
		t.Errorf("orphans are %d, want none", got)
	}
	v.check()
}

// TestDeletionGoesOn interrupts the deletion of an inode, which is done after
// that.
func TestDeletionGoesOn(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	file := v.big("file")
	ctx, cancel := context.WithCancel(v.ctx)
	v.must(v.Open(ctx, file))
	v.must(v.Unlink(ctx, rootCaller(), format.RootIno, "file"))
	cancel()
	if err := v.Close(ctx, file); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
	if !slices.Equal(v.orphans(), []uint64{file}) {
		t.Error("the inode is no orphan")
	}
	if n, err := v.DeleteOrphans(v.ctx); n != 1 || err != nil {
		t.Errorf("%d orphans were deleted, %v, want 1", n, err)
	}
	if n := v.inodeItems(file); n != 0 {
		t.Errorf("%d items are left", n)
	}
	v.check()
}
