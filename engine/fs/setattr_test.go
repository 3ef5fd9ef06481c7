// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testlog"
)

// TestSetAttrEffects checks all fields of an inode after attributes were set.
func TestSetAttrEffects(t *testing.T) {
	t.Parallel()
	then := time.Unix(1000, 1)
	root := rootCaller()
	owner := fs.Caller{UID: 10, GID: 20, Groups: []uint32{30}}
	tests := []struct {
		name string
		who  fs.Caller
		mode uint32 // of the inode, which belongs to 10 and 20
		set  fs.Attr
		want func(in *fs.Inode)
	}{
		{"mode", owner, 0o100644, fs.Attr{Mask: fs.AttrMode, Mode: 0o104751}, func(in *fs.Inode) { in.Mode = 0o104751 }},
		{"type stays", owner, 0o100644, fs.Attr{Mask: fs.AttrMode, Mode: 0o040700}, func(in *fs.Inode) { in.Mode = 0o100700 }},
		{"setgid of one's group", owner, 0o100644, fs.Attr{Mask: fs.AttrMode, Mode: 0o2755}, func(in *fs.Inode) { in.Mode = 0o102755 }},
		{
			"setgid of another's group",
			fs.Caller{UID: 10, GID: 11},
			0o100644,
			fs.Attr{Mask: fs.AttrMode, Mode: 0o6755},
			func(in *fs.Inode) { in.Mode = 0o104755 },
		},
		{"group to a supplementary one", owner, 0o100644, fs.Attr{Mask: fs.AttrGID, GID: 30}, func(in *fs.Inode) { in.GID = 30 }},
		{"owner stays", owner, 0o100644, fs.Attr{Mask: fs.AttrUID, UID: 10}, func(in *fs.Inode) {}},
		{"owner by root", root, 0o100644, fs.Attr{Mask: fs.AttrUID, UID: 99}, func(in *fs.Inode) { in.UID = 99 }},
		{
			"owner takes privileges, even by root", root, 0o106755,
			fs.Attr{Mask: fs.AttrUID, UID: 99},
			func(in *fs.Inode) { in.UID, in.Mode = 99, 0o100755 },
		},
		{"owner leaves the mandatory lock bit", root, 0o102644, fs.Attr{Mask: fs.AttrUID, UID: 99}, func(in *fs.Inode) { in.UID = 99 }},
		{
			"owner and mode together", root, 0o100644,
			fs.Attr{Mask: fs.AttrUID | fs.AttrMode, UID: 99, Mode: 0o4711},
			func(in *fs.Inode) { in.UID, in.Mode = 99, 0o100711 },
		},
		{"owner of a directory leaves its bits", root, 0o042755, fs.Attr{Mask: fs.AttrUID, UID: 99}, func(in *fs.Inode) { in.UID = 99 }},
		{
			"times", owner, 0o100644,
			fs.Attr{Mask: fs.AttrAtime | fs.AttrMtime, Atime: then, Mtime: then.Add(1)},
			func(in *fs.Inode) { in.Atime, in.Mtime = then, then.Add(1) },
		},
		{"times before 1970", owner, 0o100644, fs.Attr{Mask: fs.AttrAtime, Atime: time.Unix(-5, 3)}, func(in *fs.Inode) { in.Atime = time.Unix(-5, 3) }},
		{"times now", owner, 0o100644, fs.Attr{Mask: fs.AttrAtimeNow | fs.AttrMtimeNow}, func(in *fs.Inode) { in.Atime, in.Mtime = in.Ctime, in.Ctime }},
		{
			"times now by who may write", user(1), 0o100666,
			fs.Attr{Mask: fs.AttrAtimeNow | fs.AttrMtimeNow},
			func(in *fs.Inode) { in.Atime, in.Mtime = in.Ctime, in.Ctime },
		},
		{"nothing", owner, 0o100644, fs.Attr{}, func(in *fs.Inode) {}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
			ino := v.nodeOf(10, 20, test.mode)
			v.sync()
			want := v.inode(ino)
			v.tick()
			got, err := v.SetAttr(v.ctx, test.who, ino, test.set)
			v.must(err)
			if got != v.inode(ino) {
				t.Errorf("returned is\n%+v, stored\n%+v", got, v.inode(ino))
			}
			if got.MetaSeq <= want.MetaSeq {
				t.Errorf("meta_seq is %d, was %d", got.MetaSeq, want.MetaSeq)
			}
			want.Ctime = v.time()
			want.Version++
			want.MetaSeq = got.MetaSeq
			test.want(&want)
			if got != want {
				t.Errorf("inode is\n%+v, want\n%+v", got, want)
			}
			v.check()
		})
	}
}

// nodeOf makes a file or directory with an owner and a mode.
func (v *writing) nodeOf(uid, gid, mode uint32) (ino uint64) {
	v.tb.Helper()
	if mode&format.ModeTypeMask == format.ModeDirectory {
		ino = v.mkdir(format.RootIno, "node", 0o700)
	} else {
		ino = v.made(v.Mknod(v.ctx, rootCaller(), format.RootIno, "node", mode, 0))
	}
	v.chown(ino, uid, gid, mode)
	return ino
}

func TestSetAttrRefusals(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	v.chown(format.RootIno, 0, 0, 0o777)
	file := v.nodeOf(10, 20, format.ModeRegular|0o644)
	kept := v.made(v.Create(v.ctx, fs.Caller{UID: 10, GID: 20}, format.RootIno, "kept", 0o666))
	v.must(v.SetAttrX(v.ctx, rootCaller(), kept, fs.AttrX{Mask: fs.AttrXRetention, Retention: true}))
	link := v.made(v.Symlink(v.ctx, fs.Caller{UID: 10, GID: 20}, format.RootIno, "link", "x"))
	owner := fs.Caller{UID: 10, GID: 20}
	then := time.Unix(5, 5)
	tests := []struct {
		name string
		who  fs.Caller
		ino  uint64
		set  fs.Attr
		want syscall.Errno
	}{
		{"no inode", rootCaller(), 99, fs.Attr{Mask: fs.AttrMode}, syscall.ENOENT},
		{"owner by the owner", owner, file, fs.Attr{Mask: fs.AttrUID, UID: 11}, syscall.EPERM},
		{"the same owner by another", user(1), file, fs.Attr{Mask: fs.AttrUID, UID: 10}, syscall.EPERM},
		{"group that is not the owner's", owner, file, fs.Attr{Mask: fs.AttrGID, GID: 30}, syscall.EPERM},
		{"one's group on another's file", fs.Caller{UID: 1, GID: 30}, file, fs.Attr{Mask: fs.AttrGID, GID: 30}, syscall.EPERM},
		{"mode by another", user(1), file, fs.Attr{Mask: fs.AttrMode, Mode: 0o777}, syscall.EPERM},
		{"mode by a member of the group", fs.Caller{UID: 1, GID: 20}, file, fs.Attr{Mask: fs.AttrMode, Mode: 0o777}, syscall.EPERM},
		{"times by another", user(1), file, fs.Attr{Mask: fs.AttrAtime | fs.AttrMtime, Atime: then, Mtime: then}, syscall.EPERM},
		{"one time now by another", user(1), file, fs.Attr{Mask: fs.AttrAtimeNow}, syscall.EPERM},
		{"times now without write permission", user(1), file, fs.Attr{Mask: fs.AttrAtimeNow | fs.AttrMtimeNow}, syscall.EACCES},
		{"write permission before ownership", user(1), file, fs.Attr{Mask: fs.AttrAtimeNow | fs.AttrMtimeNow | fs.AttrMode}, syscall.EACCES},
		{"retained", owner, kept, fs.Attr{Mask: fs.AttrMode, Mode: 0o600}, syscall.EPERM},
		{"retained, by root", rootCaller(), kept, fs.Attr{Mask: fs.AttrUID, UID: 1}, syscall.EPERM},
		{"retained, times now", rootCaller(), kept, fs.Attr{Mask: fs.AttrAtimeNow | fs.AttrMtimeNow}, syscall.EPERM},
		{"retained, size", rootCaller(), kept, fs.Attr{Mask: fs.AttrSize}, syscall.EPERM},
		{"mode of a symbolic link", owner, link, fs.Attr{Mask: fs.AttrMode, Mode: 0o700}, syscall.EOPNOTSUPP},
		{"size of a directory", rootCaller(), format.RootIno, fs.Attr{Mask: fs.AttrSize}, syscall.EISDIR},
		{"size of a symbolic link", rootCaller(), link, fs.Attr{Mask: fs.AttrSize}, syscall.EINVAL},
		{"size without permission", user(1), file, fs.Attr{Mask: fs.AttrSize, Size: 5}, syscall.EACCES},
		{"owner before size", owner, file, fs.Attr{Mask: fs.AttrSize | fs.AttrUID, Size: 5, UID: 4}, syscall.EPERM},
	}
	for _, test := range tests {
		before := v.items(format.AllKeys())
		if _, err := v.SetAttr(v.ctx, test.who, test.ino, test.set); !errors.Is(err, test.want) {
			t.Errorf("%s: error is %v, want %v", test.name, err, test.want)
		}
		if !sameItems(before, v.items(format.AllKeys())) {
			t.Errorf("%s: items have changed", test.name)
		}
	}
	v.check()
}

func TestSizeTakesPrivileges(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		who  fs.Caller
		mode uint32
		want uint32
	}{
		{"of its owner", user(10), 0o6777, 0o777},
		{"not by root", rootCaller(), 0o6777, 0o6777},
		{"no mandatory lock bit of one's group", user(10), 0o2666, 0o2666},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
			ino := v.nodeOf(10, 10, format.ModeRegular|test.mode)
			in, err := v.SetAttr(v.ctx, test.who, ino, fs.Attr{Mask: fs.AttrSize, Size: 12345})
			v.must(err)
			if in.Size != 12345 || in.Mode != format.ModeRegular|test.want {
				t.Errorf("size is %d, mode %#o, want 12345 and %#o", in.Size, in.Mode, test.want)
			}
			v.check()
		})
	}
}
