// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

func (d *Driver) create(ctx context.Context) error {
	dir := d.dir()
	name, mode := d.newName(dir), one(d, uint32(0o644), 0o600, 0o4755, 0o2711)
	d.say("create %.40q in %d", name, dir)
	return d.make(dir, name, format.ModeRegular|mode, 0, "", func(who fs.Caller) (fs.Inode, error) {
		return d.Volume.Writer.Create(ctx, who, dir, name, mode)
	})
}

func (d *Driver) mkdir(ctx context.Context) error {
	dir := d.dir()
	name, mode := d.newName(dir), one(d, uint32(0o755), 0o700, 0o2775)
	d.say("mkdir %.40q in %d", name, dir)
	// mkdir(2) takes no setgid bit; directories inherit it.
	return d.make(dir, name, format.ModeDirectory|mode&^syscall.S_ISGID, 0, "", func(who fs.Caller) (fs.Inode, error) {
		return d.Volume.Writer.Mkdir(ctx, who, dir, name, mode)
	})
}

func (d *Driver) mknod(ctx context.Context) error {
	dir := d.dir()
	name := d.newName(dir)
	typ := one(d, uint32(format.ModeFIFO), format.ModeSocket, format.ModeCharDevice, format.ModeBlockDevice)
	rdev := uint32(0)
	if typ == format.ModeCharDevice || typ == format.ModeBlockDevice {
		rdev = uint32(d.Random.IntN(1 << 20))
	}
	d.say("mknod %.40q in %d", name, dir)
	return d.make(dir, name, typ|0o644, rdev, "", func(who fs.Caller) (fs.Inode, error) {
		return d.Volume.Writer.Mknod(ctx, who, dir, name, typ|0o644, rdev)
	})
}

func (d *Driver) symlink(ctx context.Context) error {
	dir := d.dir()
	name := d.newName(dir)
	target := strings.Repeat("t", one(d, 1, 10, 895, 896, 897, 1791, 1792, 4095))
	d.say("symlink %.40q of %d bytes in %d", name, len(target), dir)
	return d.make(dir, name, format.ModeSymlink|0o777, 0, target, func(who fs.Caller) (fs.Inode, error) {
		return d.Volume.Writer.Symlink(ctx, who, dir, name, target)
	})
}

func (d *Driver) make(dir uint64, name string, mode, rdev uint32, target string, do func(fs.Caller) (fs.Inode, error)) error {
	who, caller := d.who()
	want := d.Model.CanCreate(who, dir, name)
	made, err := do(caller)
	if d.ranOut(err) {
		return nil
	}
	if err := compare(err, want); err != nil || want != 0 {
		return err
	}
	d.Model.Create(who, d.Clock.Now(), dir, name, mode, rdev, target, made.Ino)
	d.touch(dir, made.Ino)
	return nil
}

func (d *Driver) tmpfile(ctx context.Context) error {
	dir := d.dir()
	who, caller := d.who()
	d.say("tmpfile in %d", dir)
	want := d.Model.CanCreate(who, dir, "no such name")
	made, err := d.Volume.Writer.Tmpfile(ctx, caller, dir, 0o640)
	if d.ranOut(err) {
		return nil
	}
	if err := compare(err, want); err != nil || want != 0 {
		return err
	}
	d.Model.Tmpfile(who, d.Clock.Now(), dir, 0o640, made.Ino)
	d.touch(dir, made.Ino)
	return nil
}

func (d *Driver) link(ctx context.Context) error {
	// Whether an inode whose names are gone may get one again is the VFS's
	// affair.
	ino := d.inode(func(in *Inode) bool { return !in.IsDir() && (in.Nlink > 0 || !in.everReferenced) })
	if in := d.Model.Inode(ino); in != nil && in.Nlink == 0 && in.everReferenced {
		return nil
	}
	dir := d.dir()
	name := d.newName(dir)
	d.say("link %d as %.40q in %d", ino, name, dir)
	_, err := d.Volume.Writer.Link(ctx, root(), ino, dir, name)
	if d.ranOut(err) {
		return nil
	}
	errno := errnoOf(err)
	want := d.Model.Link(d.Clock.Now(), ino, dir, name)
	if errno != 0 && want != 0 && (d.Model.Inode(ino) == nil || d.Model.Inode(ino).IsDir()) {
		return nil // which of two things that are wrong is found first
	}
	d.touch(ino, dir)
	return compare(err, want)
}

func (d *Driver) unlink(ctx context.Context) error {
	dir := d.dir()
	name := d.oldName(dir)
	d.say("unlink %.40q in %d", name, dir)
	d.touchNamed(dir, name)
	err := d.Volume.Writer.Unlink(ctx, root(), dir, name)
	return compare(err, d.Model.Unlink(d.Clock.Now(), dir, name))
}

func (d *Driver) rmdir(ctx context.Context) error {
	dir := d.dir()
	name := d.oldName(dir)
	d.say("rmdir %.40q in %d", name, dir)
	d.touchNamed(dir, name)
	err := d.Volume.Writer.Rmdir(ctx, root(), dir, name)
	return compare(err, d.Model.Rmdir(d.Clock.Now(), dir, name))
}

// touchNamed touches a directory and what a name in it leads to.
func (d *Driver) touchNamed(dir uint64, name string) {
	d.touch(dir)
	if in := d.Model.Inode(dir); in != nil && in.Names[name] != 0 {
		d.touch(in.Names[name])
	}
}

func (d *Driver) rename(ctx context.Context) error {
	from, to := d.dir(), d.dir()
	if d.chance(3) {
		to = from
	}
	oldName, newName := d.oldName(from), d.newName(to)
	if d.chance(3) {
		newName = d.oldName(to)
	}
	flags := one(d, uint32(0), 0, 0, NoReplace)
	d.say("rename %.40q in %d to %.40q in %d, flags %d", oldName, from, newName, to, flags)
	d.touchNamed(from, oldName)
	d.touchNamed(to, newName)
	err := d.Volume.Writer.Rename(ctx, root(), from, oldName, to, newName, flags)
	if d.ranOut(err) {
		return nil
	}
	return compare(err, d.Model.Rename(d.Clock.Now(), from, oldName, to, newName, flags)...)
}

func (d *Driver) open(ctx context.Context) error {
	ino := d.any()
	if d.Model.Inode(ino) == nil {
		return nil
	}
	d.say("open %d", ino)
	d.Model.Open(ino)
	return compare(d.Volume.Writer.Open(ctx, ino))
}

func (d *Driver) close(ctx context.Context) error {
	ino := d.inode(func(in *Inode) bool { return in.Opens > 0 })
	if in := d.Model.Inode(ino); in == nil || in.Opens == 0 {
		return nil
	}
	d.say("close %d", ino)
	d.touch(ino)
	d.Model.Close(ino)
	return compare(d.Volume.Writer.Close(ctx, ino))
}

func (d *Driver) setAttr(ctx context.Context) error {
	ino := d.inode(func(in *Inode) bool { return !in.IsSymlink() })
	var a Attr
	var q fs.Attr
	id := uint32(d.Random.IntN(4))
	when := time.Unix(int64(d.Random.IntN(1<<31)), int64(d.Random.IntN(1_000_000_000)))
	switch d.Random.IntN(4) {
	case 0:
		mode := one(d, uint32(0o644), 0o7777, 0, 0o2710)
		a.Mode, q = &mode, fs.Attr{Mask: fs.AttrMode, Mode: mode}
	case 1:
		a.UID, q = &id, fs.Attr{Mask: fs.AttrUID, UID: id}
	case 2:
		a.GID, q = &id, fs.Attr{Mask: fs.AttrGID, GID: id}
	case 3:
		a.Mtime, q = &when, fs.Attr{Mask: fs.AttrMtime, Mtime: when}
		if d.chance(2) {
			a.Atime, q.Atime, q.Mask = &when, when, q.Mask|fs.AttrAtime
		}
	}
	d.say("setattr %#x of %d", q.Mask, ino)
	d.touch(ino)
	_, err := d.Volume.Writer.SetAttr(ctx, root(), ino, q)
	return compare(err, d.Model.SetAttr(d.Clock.Now(), ino, a))
}

// CloseAll closes every file that is open. Inodes without names go.
func (d *Driver) CloseAll(ctx context.Context) error {
	for _, ino := range d.Model.Inos() {
		for in := d.Model.Inode(ino); in != nil && in.Opens > 0; in = d.Model.Inode(ino) {
			d.Model.Close(ino)
			if err := d.Volume.Writer.Close(ctx, ino); err != nil {
				return fmt.Errorf("step %d, closing %d: %w", d.Steps, ino, err)
			}
		}
	}
	return nil
}
