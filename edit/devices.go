// SPDX-License-Identifier: GPL-2.0-or-later

package edit

import (
	"context"
	"fmt"
	"io"

	"golang.org/x/sys/unix"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/walk/tree"
)

// Devices is the Files of a volume that is open for writing on its devices.
type Devices struct {
	*tree.Devices
	writer *fs.Writer
	who    fs.Caller
}

var (
	_ Files = (*Devices)(nil)
	_ Bulk  = (*Devices)(nil)
)

// Caller is who makes changes: whoever owns what is made. He may change
// everything, as everybody may who can write to the devices.
type Caller struct {
	UID, GID uint32
	Umask    uint32
}

// OnDevices returns the files of a volume that was opened for writing and
// stays the caller's to close.
func OnDevices(volume *engine.Volume, who Caller) *Devices {
	return &Devices{
		Devices: tree.OnDevices(volume),
		writer:  volume.Writer(),
		who:     fs.Caller{UID: who.UID, GID: who.GID, Umask: who.Umask, Admin: true},
	}
}

// Caller returns who makes changes.
func (d *Devices) Caller() Caller { return Caller{d.who.UID, d.who.GID, d.who.Umask} }

func made(dir tree.Node, name string, in fs.Inode, err error) (tree.Node, error) {
	return tree.Node{Path: tree.Join(dir.Path, name), Ino: in.Ino, Type: in.Mode & format.ModeTypeMask}, err
}

// Create is [Files.Create].
func (d *Devices) Create(ctx context.Context, dir tree.Node, name string, mode uint32) (tree.Node, error) {
	in, err := d.writer.Create(ctx, d.who, dir.Ino, name, mode)
	return made(dir, name, in, err)
}

// Mkdir is [Files.Mkdir].
func (d *Devices) Mkdir(ctx context.Context, dir tree.Node, name string, mode uint32) (tree.Node, error) {
	in, err := d.writer.Mkdir(ctx, d.who, dir.Ino, name, mode)
	return made(dir, name, in, err)
}

// Mknod is [Files.Mknod].
func (d *Devices) Mknod(ctx context.Context, dir tree.Node, name string, mode, major, minor uint32) (tree.Node, error) {
	rdev, ok := format.MakeRdev(major, minor)
	if !ok {
		return tree.Node{Path: tree.Join(dir.Path, name)}, fmt.Errorf("no volume can have device %d:%d: %w", major, minor, unix.EINVAL)
	}
	in, err := d.writer.Mknod(ctx, d.who, dir.Ino, name, mode, rdev)
	return made(dir, name, in, err)
}

// Symlink is [Files.Symlink].
func (d *Devices) Symlink(ctx context.Context, dir tree.Node, name, target string) (tree.Node, error) {
	in, err := d.writer.Symlink(ctx, d.who, dir.Ino, name, target)
	return made(dir, name, in, err)
}

// Link is [Files.Link].
func (d *Devices) Link(ctx context.Context, n, dir tree.Node, name string) error {
	_, err := d.writer.Link(ctx, d.who, n.Ino, dir.Ino, name)
	return err
}

// Unlink is [Files.Unlink].
func (d *Devices) Unlink(ctx context.Context, dir tree.Node, name string) error {
	return d.writer.Unlink(ctx, d.who, dir.Ino, name)
}

// Rmdir is [Files.Rmdir].
func (d *Devices) Rmdir(ctx context.Context, dir tree.Node, name string) error {
	return d.writer.Rmdir(ctx, d.who, dir.Ino, name)
}

// Rename is [Files.Rename].
func (d *Devices) Rename(ctx context.Context, dir tree.Node, name string, newDir tree.Node, newName string, noReplace bool) error {
	flags := uint32(0)
	if noReplace {
		flags = unix.RENAME_NOREPLACE
	}
	return d.writer.Rename(ctx, d.who, dir.Ino, name, newDir.Ino, newName, flags)
}

// SetAttr is [Files.SetAttr]. Owners come first, since changing them takes bits
// from the mode.
func (d *Devices) SetAttr(ctx context.Context, n tree.Node, c Attr) error {
	var a fs.Attr
	if c.UID != nil {
		a.Mask, a.UID = a.Mask|fs.AttrUID, *c.UID
	}
	if c.GID != nil {
		a.Mask, a.GID = a.Mask|fs.AttrGID, *c.GID
	}
	if c.Mode != nil && *c.Mode&takenBits != 0 && a.Mask != 0 {
		if _, err := d.writer.SetAttr(ctx, d.who, n.Ino, a); err != nil {
			return err
		}
		a = fs.Attr{}
	}
	if c.Mode != nil {
		a.Mask, a.Mode = a.Mask|fs.AttrMode, *c.Mode
	}
	if c.Atime != nil {
		a.Mask, a.Atime = a.Mask|fs.AttrAtime, *c.Atime
	}
	if c.Mtime != nil {
		a.Mask, a.Mtime = a.Mask|fs.AttrMtime, *c.Mtime
	}
	_, err := d.writer.SetAttr(ctx, d.who, n.Ino, a)
	return err
}

// takenBits are setuid and setgid, which a change of owner takes away.
const takenBits = 0o6000

// SetXattr is [Files.SetXattr].
func (d *Devices) SetXattr(ctx context.Context, n tree.Node, name string, value []byte, flags XattrFlags) error {
	return d.writer.SetXattr(ctx, d.who, n.Ino, name, value, uint32(flags))
}

// RemoveXattr is [Files.RemoveXattr].
func (d *Devices) RemoveXattr(ctx context.Context, n tree.Node, name string) error {
	return d.writer.RemoveXattr(ctx, d.who, n.Ino, name)
}

// Truncate is [Files.Truncate].
func (d *Devices) Truncate(ctx context.Context, n tree.Node, size uint64) error {
	return d.writer.Truncate(ctx, d.who, n.Ino, size)
}

// Fallocate is [Files.Fallocate].
func (d *Devices) Fallocate(ctx context.Context, n tree.Node, off, length uint64, keepSize bool) error {
	mode := uint32(0)
	if keepSize {
		mode = fs.FallocateKeepSize
	}
	return d.writer.Fallocate(ctx, fs.ReadWrite(n.Ino), mode, off, length)
}

// CreateFiles is [Bulk.CreateFiles].
func (d *Devices) CreateFiles(ctx context.Context, files []NewFile) (int, error) {
	all := make([]fs.NewFile, len(files))
	for i := range files {
		f := &files[i]
		all[i] = fs.NewFile{
			Dir: f.Dir.Ino, Name: f.Name, Mode: f.Mode, Data: f.Data,
			Attr: fs.Attr{
				Mask: fs.AttrMode | fs.AttrUID | fs.AttrGID | fs.AttrAtime | fs.AttrMtime,
				Mode: f.Mode, UID: f.UID, GID: f.GID, Atime: f.Atime, Mtime: f.Mtime,
			},
		}
	}
	return d.writer.CreateFiles(ctx, d.who, all)
}

// Write is [Files.Write].
func (d *Devices) Write(ctx context.Context, n tree.Node) (Writer, error) {
	if n.Type != format.ModeRegular {
		return nil, fmt.Errorf("%s is no regular file: %w", n.Path, unix.EINVAL)
	}
	if err := d.writer.Open(ctx, n.Ino); err != nil {
		return nil, err
	}
	return deviceWriter{d.writer, fs.ReadWrite(n.Ino)}, nil
}

type deviceWriter struct {
	writer *fs.Writer
	file   fs.Handle
}

func (w deviceWriter) WriteAt(ctx context.Context, p []byte, off uint64) error {
	_, err := w.writer.Write(ctx, w.file, p, off)
	return err
}

func (w deviceWriter) WriteFrom(ctx context.Context, off, length uint64, from io.Reader) error {
	_, err := w.writer.WriteFrom(ctx, w.file, off, length, from)
	return err
}

// Close gives the file up. One that lost its last name meanwhile is deleted,
// even if the context of its user has ended.
func (w deviceWriter) Close() error { return w.writer.Close(context.Background(), w.file.Ino) }
