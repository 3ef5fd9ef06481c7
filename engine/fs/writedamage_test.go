// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/engine/txn"
	"scoutfs/internal/testlog"
	"scoutfs/internal/testvolume"
)

// put sets an item to anything, or deletes it with nil.
func (v *writing) put(k format.Key, value []byte) {
	v.tb.Helper()
	v.must(v.volume.Log.Update(v.ctx, txn.Freeing, func(tx *txn.Tx) error {
		if value == nil {
			tx.Delete(k)
		} else {
			tx.Set(k, slices.Clone(value))
		}
		return nil
	}))
}

// edit changes the fields of an inode's item.
func (v *writing) edit(ino uint64, f func(*format.Inode)) {
	v.tb.Helper()
	k := format.InodeKey(ino)
	value := v.items(format.Range{Start: k, End: k})[0].Value
	in, err := format.ViewExact[format.Inode](value)
	v.must(err)
	f(in)
	v.put(k, value)
}

// TestWritingDamage changes what is damaged. It must fail as the kernel module
// does, and leave everything as it is.
func TestWritingDamage(t *testing.T) {
	t.Parallel()
	const file = "file"
	create := func(v *writing, _ uint64) error {
		_, err := v.Create(v.ctx, rootCaller(), format.RootIno, "new", 0o600)
		return err
	}
	set := func(name, value string) func(*writing, uint64) error {
		return func(v *writing, ino uint64) error {
			return v.SetXattr(v.ctx, rootCaller(), ino, name, []byte(value), 0)
		}
	}
	unlink := func(v *writing, _ uint64) error { return v.Unlink(v.ctx, rootCaller(), format.RootIno, file) }
	xattr := func(ino uint64, name string, part uint8) format.Key {
		return format.XattrKey(ino, format.XattrNameHash(name), 0, part)
	}
	tests := []struct {
		name   string
		damage func(v *writing, ino uint64)
		do     func(v *writing, ino uint64) error
		want   syscall.Errno
	}{
		{"position of another entry", func(v *writing, _ uint64) {
			v.edit(format.RootIno, func(in *format.Inode) { in.NextReaddirPos.Set(2) })
		}, create, syscall.EIO},
		{"no position left", func(v *writing, _ uint64) {
			v.edit(format.RootIno, func(in *format.Inode) { in.NextReaddirPos.Set(math.MaxUint64) })
		}, create, syscall.ENOSPC},
		{"entry of the name", func(v *writing, _ uint64) {
			v.put(format.DirentKey(format.RootIno, format.DirentNameHash("new"), 9), []byte("short"))
		}, create, syscall.EIO},
		{"entry of a name that is also there", func(v *writing, _ uint64) {
			v.put(format.DirentKey(format.RootIno, format.DirentNameHash(file), 9), []byte("short"))
		}, func(v *writing, _ uint64) error {
			_, err := v.Create(v.ctx, rootCaller(), format.RootIno, file, 0o600)
			return err
		}, syscall.EEXIST},
		{"entry without inode", func(v *writing, ino uint64) { v.put(format.InodeKey(ino), nil) }, unlink, syscall.ENOENT},
		{"inode of no length", func(v *writing, ino uint64) { v.put(format.InodeKey(ino), []byte{1}) }, unlink, syscall.EIO},
		{"inode of no type", func(v *writing, ino uint64) {
			v.edit(ino, func(in *format.Inode) { in.Mode.Set(0o644) })
		}, func(v *writing, _ uint64) error {
			return v.Rename(v.ctx, rootCaller(), format.RootIno, file, format.RootIno, "new", 0)
		}, syscall.EIO},
		{"directory below itself", func(v *writing, ino uint64) {
			dir := v.mkdir(format.RootIno, "dir", 0o755)
			sub := v.mkdir(dir, "sub", 0o755)
			v.put(format.LinkBackrefKey(dir, format.RootIno, 3), nil)
			v.put(format.LinkBackrefKey(dir, sub, 9), testvolume.Dirent(9, dir, format.DirentDirectory, "dir"))
		}, func(v *writing, _ uint64) error {
			v.mkdir(format.RootIno, "moved", 0o755)
			var dir fs.Entry
			v.view(func(f *fs.FS) {
				var err error
				dir, err = f.Lookup(v.ctx, format.RootIno, []byte("dir"))
				v.must(err)
			})
			return v.Rename(v.ctx, rootCaller(), format.RootIno, "moved", dir.Ino, "new", 0)
		}, syscall.ELOOP},
		{"links at their limit", func(v *writing, ino uint64) {
			v.edit(ino, func(in *format.Inode) { in.Nlink.Set(format.MaxLinks) })
		}, func(v *writing, ino uint64) error {
			_, err := v.Link(v.ctx, rootCaller(), ino, format.RootIno, "new")
			return err
		}, syscall.EMLINK},
		{"xattr without first part", func(v *writing, ino uint64) {
			v.must(set("user.x", strings.Repeat("x", 2000))(v, ino))
			v.put(xattr(ino, "user.x", 0), nil)
		}, set("user.x", "y"), syscall.EIO},
		{"xattr of a wrong length", func(v *writing, ino uint64) {
			v.must(set("user.x", "1")(v, ino))
			v.put(xattr(ino, "user.x", 0), []byte("\x05\x00\x06\x00\x00\x00\x00\x00user.x1"))
		}, set("user.x", "y"), syscall.EIO},
		{"totl xattr without number", func(v *writing, ino uint64) {
			v.must(set("scoutfs.totl.1.2.3", "1")(v, ino))
			v.put(xattr(ino, "scoutfs.totl.1.2.3", 0), []byte("\x01\x00\x12\x00\x00\x00\x00\x00scoutfs.totl.1.2.3x"))
		}, func(v *writing, ino uint64) error {
			return v.RemoveXattr(v.ctx, rootCaller(), ino, "scoutfs.totl.1.2.3")
		}, syscall.EIO},
		{"default ACL", func(v *writing, ino uint64) {
			v.must(set(format.XattrACLDefault, string(acl(v.tb, "u::7", "g::5", "o::1")))(v, format.RootIno))
			k := xattr(format.RootIno, format.XattrACLDefault, 0)
			value := v.items(format.Range{Start: k, End: k})[0].Value
			value[8+len(format.XattrACLDefault)] = 9 // its version
			v.put(k, value)
		}, create, syscall.EOPNOTSUPP},
		{"quota rule", func(v *writing, _ uint64) { v.put(format.QuotaRuleKey(1, 0), []byte("rule")) }, create, syscall.EIO},
		{"quota rule at the wrong place", func(v *writing, _ uint64) {
			r := quotaRule(0, 0, 0, 0, "1", "2", "3")
			v.put(format.QuotaRuleKey(r.Hash()+1, 0), format.Bytes(&r))
		}, create, syscall.EIO},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
			ino := v.create(format.RootIno, file, 0o644)
			test.damage(v, ino)
			v.Writer = fs.NewWriter(v.volume.Log, nil, v.opts) // that knows nothing of before
			before := keysOf(v)
			if err := test.do(v, ino); !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %v", err, test.want)
			}
			if test.want == syscall.ELOOP {
				return // its own directory was made meanwhile
			}
			if !slices.Equal(before, keysOf(v)) {
				t.Error("items have come or gone")
			}
		})
	}
}

// TestDeletionOfDamage unlinks what cannot be deleted: the name goes, and the
// inode stays an orphan.
func TestDeletionOfDamage(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	bad, good := v.create(format.RootIno, "bad", 0o644), v.create(format.RootIno, "good", 0o644)
	v.put(format.XattrKey(bad, 5, 5, 3), []byte("part"))
	is(t, v.Unlink(v.ctx, rootCaller(), format.RootIno, "bad"), syscall.EIO)
	if got := v.list(format.RootIno); !slices.Equal(got, []string{"good"}) {
		t.Errorf("entries are %q, want the good one", got)
	}
	v.must(v.Open(v.ctx, good))
	v.must(v.Unlink(v.ctx, rootCaller(), format.RootIno, "good"))
	v.reopen()
	if n, err := v.DeleteOrphans(v.ctx); n != 1 || !errors.Is(err, syscall.EIO) {
		t.Errorf("%d orphans were deleted, %v, want the good one and EIO for the other", n, err)
	}
	v.put(format.XattrKey(bad, 5, 5, 3), nil)
	if n, err := v.DeleteOrphans(v.ctx); n != 1 || err != nil {
		t.Errorf("%d orphans were deleted, %v, want the other too", n, err)
	}
	v.check()
}

func TestRetainedFileIsLinked(t *testing.T) {
	t.Parallel()
	v := newWriting(t, testlog.Options{}, fs.WriterOptions{})
	ino := v.create(format.RootIno, "file", 0o644)
	v.must(v.SetAttrX(v.ctx, rootCaller(), ino, fs.AttrX{Mask: fs.AttrXRetention, Retention: true}))
	_, err := v.Link(v.ctx, rootCaller(), ino, format.RootIno, "link")
	is(t, err, 0)
	is(t, v.Unlink(v.ctx, rootCaller(), format.RootIno, "link"), syscall.EPERM)
	v.check()
}
