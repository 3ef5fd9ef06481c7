// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"scoutfs/engine/fs"
)

// content makes bytes that are found nowhere else.
func (d *Driver) content(n uint64) []byte {
	data := make([]byte, n)
	stamp := d.Random.Uint64() | 1
	for i := range data {
		if i%8 == 0 {
			stamp = stamp*6364136223846793005 + 1442695040888963407
		}
		data[i] = byte(stamp >> (8 * (i % 8)))
	}
	return data
}

// place picks an offset in a file or a little behind it.
func (d *Driver) place(in *Inode, aligned bool) uint64 {
	size := uint64(0)
	if in != nil {
		size = min(in.Size, 60*blockSize)
	}
	off := d.Random.Uint64N(size + 3*blockSize)
	switch d.Random.IntN(4) {
	case 0:
		off = size
	case 1:
		off = 0
	}
	if aligned && !d.chance(20) {
		off -= off % blockSize
	}
	return off
}

func (d *Driver) length(aligned bool) uint64 {
	n := one(d, 1, 1+d.Random.Uint64N(200), blockSize, 2*blockSize, 1+d.Random.Uint64N(8*blockSize))
	if aligned && !d.chance(20) {
		n = (n + blockSize - 1) / blockSize * blockSize
	}
	return n
}

func (d *Driver) write(ctx context.Context) error {
	ino := d.file()
	in := d.Model.Inode(ino)
	off := d.place(in, d.chance(2))
	length := d.length(d.chance(2))
	if d.Large && d.chance(60) {
		length = d.Random.Uint64N(5 << 20)
	}
	data := d.content(length)
	d.say("write %d bytes at %d of %d", len(data), off, ino)
	d.touch(ino)
	d.overwrites(in, off, off+uint64(len(data)))
	n, err := d.Volume.Writer.Write(ctx, fs.ReadWrite(ino), data, off)
	if d.ranOut(err) {
		if n == 0 {
			return nil
		}
		data, err = data[:n], nil
	}
	return compare(err, d.Model.Write(d.Clock.Now(), ino, off, data))
}

func (d *Driver) read(ctx context.Context) error {
	ino := d.file()
	off, length := d.place(d.Model.Inode(ino), false), d.length(false)
	d.say("read %d bytes at %d of %d", length, off, ino)
	want, errno := d.Model.Read(ino, off, length)
	buf := make([]byte, length)
	n, err := d.Volume.Writer.ReadAt(ctx, ino, buf, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err := compare(err, errno); err != nil || errno != 0 {
		return err
	}
	if !bytes.Equal(buf[:n], want) {
		return fmt.Errorf("it reads %d bytes, want %d, or other ones", n, len(want))
	}
	return nil
}

func (d *Driver) truncate(ctx context.Context) error {
	ino := d.file()
	in := d.Model.Inode(ino)
	size := d.place(in, d.chance(2))
	d.say("truncate %d to %d", ino, size)
	d.touch(ino)
	d.overwrites(in, size, size+1) // the tail of the last block
	err := d.Volume.Writer.Truncate(ctx, root(), ino, size)
	return compare(err, d.Model.Truncate(d.Clock.Now(), ino, size))
}

func (d *Driver) fallocate(ctx context.Context) error {
	ino := d.file()
	off, length, mode := d.place(d.Model.Inode(ino), false), d.length(false), uint32(0)
	if d.chance(2) {
		mode = KeepSize
	}
	d.say("fallocate %d bytes at %d of %d, mode %d", length, off, ino, mode)
	d.touch(ino)
	err := d.Volume.Writer.Fallocate(ctx, fs.ReadWrite(ino), mode, off, length)
	if d.ranOut(err) {
		return d.Model.fallocatedPart(ctx, d.Volume.Writer, ino, off+length)
	}
	return compare(err, d.Model.Fallocate(ino, mode, off, length))
}

// overwrites takes note of a file if a range has blocks that are written.
func (d *Driver) overwrites(in *Inode, off, end uint64) {
	for b := off / blockSize; in != nil && b < blocksOf(end); b++ {
		if block := in.Blocks[b]; block != nil && block.online() {
			d.Overwritten[in.Ino] = true
		}
	}
}

// version is the data version of a file, or rarely another.
func (d *Driver) version(in *Inode) uint64 {
	if in == nil || d.chance(20) {
		return 1 << 50
	}
	return in.DataVersion
}

func (d *Driver) release(ctx context.Context) error {
	ino := d.inode(func(in *Inode) bool { return in.OnlineBlocks() > 0 })
	in := d.Model.Inode(ino)
	off, length := d.place(in, true), d.length(true)
	if in != nil && d.chance(2) {
		off, length = 0, blocksOf(in.Size)*blockSize
	}
	version := d.version(in)
	d.say("release %d bytes at %d of %d", length, off, ino)
	d.touch(ino)
	err := d.Volume.Writer.Release(ctx, fs.ReadWrite(ino), fs.ByteRange{Offset: off, Length: length}, version)
	return compare(err, d.Model.Release(ino, off, length, version))
}

func (d *Driver) stage(ctx context.Context) error {
	ino := d.inode(func(in *Inode) bool { return in.OfflineBlocks() > 0 })
	in := d.Model.Inode(ino)
	off, length := d.place(in, true), d.length(true)
	if in != nil && in.Size > 0 && !d.chance(8) {
		off = min(off, (in.Size-1)/blockSize*blockSize)
		length = min(length, in.Size-off)
		if d.chance(2) {
			off, length = 0, min(in.Size, 64*blockSize)
		}
	}
	data := d.content(length)
	version := d.version(in)
	d.say("stage %d bytes at %d of %d", length, off, ino)
	d.touch(ino)
	d.overwrites(in, off, off+length)
	n, err := d.Volume.Writer.Stage(ctx, fs.ReadWrite(ino), version, data, off)
	if d.ranOut(err) {
		if n == 0 {
			return nil
		}
		data, err = data[:n], nil
	}
	if err == nil && n != len(data) {
		return fmt.Errorf("it stages %d bytes of %d", n, len(data))
	}
	return compare(err, d.Model.Stage(ino, off, data, version))
}

func (d *Driver) punchOffline(ctx context.Context) error {
	ino := d.inode(func(in *Inode) bool { return in.OfflineBlocks() > 0 })
	in := d.Model.Inode(ino)
	off, length, version := d.place(in, true), d.length(true), d.version(in)
	d.say("punch offline %d bytes at %d of %d", length, off, ino)
	d.touch(ino)
	err := d.Volume.Writer.PunchOffline(ctx, root(), fs.ReadWrite(ino), fs.ByteRange{Offset: off, Length: length}, version, 0)
	return compare(err, d.Model.PunchOffline(ino, off, length, version, 0))
}

func (d *Driver) moveBlocks(ctx context.Context) error {
	q := Move{From: d.inode(func(in *Inode) bool { return in.OnlineBlocks() > 0 && in.OfflineBlocks() == 0 })}
	q.Stage = d.chance(2)
	q.To = d.inode(func(in *Inode) bool { return in.IsRegular() && (in.OfflineBlocks() > 0) == q.Stage })
	from, to := d.Model.Inode(q.From), d.Model.Inode(q.To)
	q.FromOff, q.ToOff, q.Len = d.place(from, true), d.place(to, true), d.length(true)
	if from != nil && d.chance(2) {
		q.FromOff, q.Len = 0, blocksOf(from.Size)*blockSize
	}
	q.DataVersion = d.version(to)
	if d.Model.stopsHalfWay(q) {
		return nil
	}
	flags := uint64(0)
	if q.Stage {
		flags = fs.MoveStage
	}
	d.say("move %+v", q)
	// What is written to the one in place now overwrites what the other had.
	d.Overwritten[q.From], d.Overwritten[q.To] = true, true
	d.touch(q.From, q.To)
	err := d.Volume.Writer.MoveBlocks(ctx, root(), q.From, q.To, fs.Move{
		FromOffset: q.FromOff, Length: q.Len, ToOffset: q.ToOff, DataVersion: q.DataVersion, Flags: flags,
	})
	return compare(err, d.Model.MoveBlocks(d.Clock.Now(), q))
}
