// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"errors"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/txn"
	"scoutfs/internal/testlog"
	"scoutfs/internal/testvolume"
)

// smallVolume is too small for anything that takes blocks: its root has file
// (with the xattrs user.x and scoutfs.totl.1.2.3), dir (empty) and link (of
// file).
func smallVolume(t *testing.T) (v *writing, file, dir uint64) {
	t.Helper()
	v = newWriting(t, testlog.Options{MetaBlocks: 4096}, fs.WriterOptions{})
	v.must(v.volume.Log.Update(v.ctx, txn.Freeing, func(tx *txn.Tx) (err error) {
		if file, err = tx.AllocIno(v.ctx); err != nil {
			return err
		}
		if dir, err = tx.AllocIno(v.ctx); err != nil {
			return err
		}
		for k, value := range smallItems(t, file, dir, tx.Seq()) {
			tx.Set(k, value)
		}
		tx.Delete(format.InodeIndexKey(format.TypeMetaSeq, 0, format.RootIno))
		tx.AddTotal(format.TotlKey(1, 2, 3), 5, 1)
		tx.CountInodes(2)
		return nil
	}))
	return v, file, dir
}

func smallItems(t *testing.T, file, dir, seq uint64) map[format.Key][]byte {
	t.Helper()
	b := testvolume.New(t)
	b.Inode(format.RootIno, format.ModeDirectory|0o755, func(in *format.Inode) {
		in.Nlink.Set(3)
		in.Size.Set(uint64(len("file" + "dir" + "link")))
		in.NextReaddirPos.Set(5)
		in.MetaSeq.Set(seq)
	})
	b.Inode(file, format.ModeRegular|0o644, func(in *format.Inode) {
		in.Nlink.Set(2)
		in.NextXattrID.Set(2)
		in.MetaSeq.Set(seq)
		in.DataSeq.Set(seq)
	})
	b.Inode(dir, format.ModeDirectory|0o755, func(in *format.Inode) {
		in.Nlink.Set(2)
		in.MetaSeq.Set(seq)
	})
	b.Link(format.RootIno, 2, file, format.DirentRegular, "file")
	b.Link(format.RootIno, 3, dir, format.DirentDirectory, "dir")
	b.Link(format.RootIno, 4, file, format.DirentRegular, "link")
	b.Xattr(file, 0, "user.x", nil)
	b.Xattr(file, 1, "scoutfs.totl.1.2.3", []byte("5"))
	for _, ino := range []uint64{format.RootIno, file, dir} {
		b.Put(format.InodeIndexKey(format.TypeMetaSeq, seq, ino), nil)
	}
	b.Put(format.InodeIndexKey(format.TypeDataSeq, seq, file), nil)
	return b.Items
}

// TestLowSpace makes changes while metadata blocks run low. What takes blocks
// is refused, after what else is wrong with it; what frees them goes on.
func TestLowSpace(t *testing.T) {
	t.Parallel()
	w, file, sub := smallVolume(t)
	ctx, root, dir := w.ctx, rootCaller(), uint64(format.RootIno)
	made := func(_ fs.Inode, err error) error { return err }
	rule := quotaRule(0, 0, 1, 0, "1", "2", "3")
	tests := []struct {
		name string
		do   func() error
		want syscall.Errno
	}{
		{"create", func() error { return made(w.Create(ctx, root, dir, "new", 0o600)) }, syscall.ENOSPC},
		{"create what there is", func() error { return made(w.Create(ctx, root, dir, "file", 0o600)) }, syscall.EEXIST},
		{"create without permission", func() error { return made(w.Create(ctx, user(1), dir, "new", 0o600)) }, syscall.EACCES},
		{"mkdir", func() error { return made(w.Mkdir(ctx, root, dir, "new", 0o700)) }, syscall.ENOSPC},
		{"mknod", func() error { return made(w.Mknod(ctx, root, dir, "new", format.ModeFIFO, 0)) }, syscall.ENOSPC},
		{"symlink", func() error { return made(w.Symlink(ctx, root, dir, "new", "x")) }, syscall.ENOSPC},
		{"tmpfile", func() error { return made(w.Tmpfile(ctx, root, dir, 0o600)) }, syscall.ENOSPC},
		{"link", func() error { return made(w.Link(ctx, root, file, dir, "new")) }, syscall.ENOSPC},
		{"link of a directory", func() error { return made(w.Link(ctx, root, sub, dir, "new")) }, syscall.EPERM},
		{"rename", func() error { return w.Rename(ctx, root, dir, "file", dir, "new", 0) }, syscall.ENOSPC},
		{"rename to another link", func() error { return w.Rename(ctx, root, dir, "file", dir, "link", 0) }, 0},
		{"rename of nothing", func() error { return w.Rename(ctx, root, dir, "none", dir, "new", 0) }, syscall.ENOENT},
		{"set an xattr", func() error { return w.SetXattr(ctx, root, file, "user.y", nil, 0) }, syscall.ENOSPC},
		{"set an xattr with bad tags", func() error { return w.SetXattr(ctx, root, file, "scoutfs.none.x", nil, 0) }, syscall.EINVAL},
		{"remove an xattr", func() error { return w.RemoveXattr(ctx, root, file, "user.x") }, syscall.ENOSPC},
		{"add a rule", func() error { return w.AddQuotaRule(ctx, root, rule) }, syscall.ENOSPC},
		{"delete a rule that is not there", func() error { return w.DelQuotaRule(ctx, root, rule) }, syscall.ENOENT},
		{"add to a total", func() error { return w.InjectTotlDelta(ctx, root, [3]uint64{1, 2, 3}, 1, 0) }, syscall.ENOSPC},
		{"chmod", func() error {
			return made(w.SetAttr(ctx, root, file, fs.Attr{Mask: fs.AttrMode, Mode: 0o600}))
		}, 0},
		{"truncate", func() error { return made(w.SetAttr(ctx, root, file, fs.Attr{Mask: fs.AttrSize, Size: 5})) }, 0},
		{"unlink", func() error { return w.Unlink(ctx, root, dir, "link") }, 0},
		{"rmdir", func() error { return w.Rmdir(ctx, root, dir, "dir") }, 0},
		{"unlink of the last link", func() error { return w.Unlink(ctx, root, dir, "file") }, 0},
	}
	for _, test := range tests {
		if err := test.do(); test.want == 0 && err != nil || test.want != 0 && !errors.Is(err, test.want) {
			t.Errorf("%s: error is %v, want %v", test.name, err, test.want)
		}
	}
	if n, err := w.DeleteOrphans(ctx); n != 0 || err != nil {
		t.Errorf("%d orphans were left, %v; the tmpfile was refused and the others are deleted", n, err)
	}
	w.check()
}

// TestLowSpaceForData is TestLowSpace of file data.
func TestLowSpaceForData(t *testing.T) {
	t.Parallel()
	w, file, _ := smallVolume(t)
	h, ctx, root := fs.ReadWrite(file), w.ctx, rootCaller()
	block := fs.ByteRange{Length: blockSize}
	version := w.inode(file).DataVersion
	tests := []struct {
		name string
		do   func() error
		want syscall.Errno
	}{
		{"write", func() error { _, err := w.Write(ctx, h, []byte("x"), 0); return err }, syscall.ENOSPC},
		{"write what is not open", func() error { _, err := w.Write(ctx, readOnly(file), []byte("x"), 0); return err }, syscall.EBADF},
		{"write to a directory", func() error { _, err := w.Write(ctx, fs.ReadWrite(format.RootIno), []byte("x"), 0); return err }, syscall.EISDIR},
		{"copy", func() error { _, err := w.WriteFrom(ctx, h, 0, 1, zeros{}); return err }, syscall.ENOSPC},
		{"new files", func() error {
			_, err := w.CreateFiles(ctx, root, []fs.NewFile{{Dir: format.RootIno, Name: "new", Data: []byte("x")}})
			return err
		}, syscall.ENOSPC},
		{"preallocate", func() error { return w.Fallocate(ctx, h, 0, 0, 1) }, syscall.ENOSPC},
		{"set attributes", func() error { return w.SetAttrX(ctx, root, file, fs.AttrX{Mask: fs.AttrXCtime}) }, syscall.ENOSPC},
		{"set attributes wrongly", func() error { return w.SetAttrX(ctx, root, file, fs.AttrX{Mask: fs.AttrXDataVersion}) }, syscall.EINVAL},
		{"truncate", func() error { return w.Truncate(ctx, root, file, 5*blockSize) }, 0},
		{"stage", func() error {
			version = w.inode(file).DataVersion
			_, err := w.Stage(ctx, h, version, make([]byte, blockSize), 0)
			return err
		}, syscall.ENOSPC},
		{"stage from a reader", func() error { return w.StageFrom(ctx, h, version, block, zeros{}, nil) }, syscall.ENOSPC},
		{"release", func() error { return w.Release(ctx, h, block, version) }, 0},
		{"punch", func() error { return w.PunchOffline(ctx, root, h, block, version, 0) }, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { is(t, test.do(), test.want) })
	}
	w.check()
}
