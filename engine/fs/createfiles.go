// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"slices"
	"syscall"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// NewFile is a regular file to create, with all that it is to have.
type NewFile struct {
	Dir  uint64 // inode number of the directory
	Name string
	Mode uint32 // permissions, as for Create
	Data []byte
	// Attr is set once the data is there. AttrSize in its mask is EINVAL.
	Attr Attr

	Ino uint64 // of the file, once it is there
}

// What a change creates at most, unless it is one file.
const (
	filesPerChange = 512
	dataPerChange  = 4 << 20
)

// CreateFiles creates many files at once, in order, as Create, Write and SetAttr
// would: each file appears whole or not at all. It takes a change for each 512
// files or 4 MiB, whose data goes to neighbouring blocks of the device with
// large writes, and preallocates nothing.
//
// It returns how many files there are; with an error that is of the next one,
// or of one that would have come in the same change. Errors are those of
// Create, Write and SetAttr.
func (w *Writer) CreateFiles(ctx context.Context, who Caller, files []NewFile) (int, error) {
	for i := range files {
		if err := files[i].check(); err != nil {
			return 0, err
		}
	}
	for done := 0; done < len(files); {
		n := batchOf(files[done:])
		if err := w.createBatch(ctx, &who, files[done:done+n]); err != nil {
			return done, err
		}
		done += n
	}
	return len(files), nil
}

func (f *NewFile) check() error {
	if f.Attr.Mask&AttrSize != 0 {
		return fmt.Errorf("%q: the size of a new file is that of its data: %w", f.Name, syscall.EINVAL)
	}
	return checkNewName(f.Name)
}

func (f *NewFile) blocks() uint64 { return blocksFor(uint64(len(f.Data))) }

// batchOf returns how many of the files one change creates.
func batchOf(files []NewFile) int {
	size := 0
	for i := range files {
		if size += len(files[i].Data); i > 0 && size > dataPerChange || i == filesPerChange {
			return i
		}
	}
	return len(files)
}

func (w *Writer) createBatch(ctx context.Context, who *Caller, files []NewFile) error {
	total := uint64(0)
	for i := range files {
		total += files[i].blocks()
	}
	p := packer{w: w}
	if err := p.reserve(ctx, total); err != nil {
		return err
	}
	err := p.write(ctx, files)
	if err == nil {
		err = w.update(ctx, txn.Allocating, func(c *change) error { return p.create(ctx, c, who, files) })
	}
	if err != nil {
		w.returnBlocks(p.runs)
	}
	return err
}

// packer puts the data of many files side by side.
type packer struct {
	w    *Writer
	runs []format.Extent // reserved
}

// reserve reserves all blocks or fails.
func (p *packer) reserve(ctx context.Context, total uint64) error {
	for got := uint64(0); got < total; {
		run, err := p.w.log.ReserveData(ctx, total-got)
		if err != nil {
			p.w.returnBlocks(p.runs)
			return err
		}
		p.runs = append(p.runs, run)
		got += run.Len
	}
	return nil
}

// write writes the files' data to the blocks.
func (p *packer) write(ctx context.Context, files []NewFile) error {
	if len(p.runs) == 0 {
		return nil
	}
	if p.w.data == nil {
		return ErrNoDataDevice
	}
	buf, _ := p.w.packs.Get().(*[]byte)
	if buf == nil {
		fresh := device.AlignedBuffer(dataPerChange)
		buf = &fresh
	}
	defer p.w.packs.Put(buf)
	out := packWriter{data: p.w.data, runs: slices.Clone(p.runs), buf: (*buf)[:0]}
	for i := range files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := out.add(files[i].Data); err != nil {
			return fmt.Errorf("data of %q: %w", files[i].Name, err)
		}
	}
	return out.flush()
}

// create makes the files, with the blocks in the order in which write filled
// them.
func (p *packer) create(ctx context.Context, c *change, who *Caller, files []NewFile) error {
	at, runs := uint64(0), p.runs // at is in the first of the runs
	for _, run := range runs {
		c.tx.UseData(run)
	}
	for i := range files {
		f := &files[i]
		in, err := c.createFile(ctx, who, f)
		if err != nil {
			return err
		}
		f.Ino = in.Ino
		x := c.extents(in)
		for block, blocks := uint64(0), f.blocks(); block < blocks; {
			e := Extent{Logical: block, Len: min(blocks-block, runs[0].Len-at), Blkno: runs[0].Start + at}
			x.store(e)
			block += e.Len
			if at += e.Len; at == runs[0].Len {
				at, runs = 0, runs[1:]
			}
		}
	}
	return nil
}

// createFile makes a file, all but its extents.
func (c *change) createFile(ctx context.Context, who *Caller, f *NewFile) (*Inode, error) {
	dir, err := c.parentOfNew(ctx, who, f.Dir, f.Name)
	if err != nil {
		return nil, err
	}
	in, err := c.makeInode(ctx, who, dir, newNode{mode: format.ModeRegular | f.Mode&0o7777, nlink: 1})
	if err != nil {
		return nil, err
	}
	c.changed(in)
	if err := c.addEntry(ctx, dir, f.Name, in); err != nil {
		return nil, err
	}
	if len(f.Data) > 0 {
		if err := c.checkData(ctx, in); err != nil {
			return nil, err
		}
		in.Size = uint64(len(f.Data))
		c.dataChanged(in)
		c.changed(in)
	}
	if f.Attr.Mask == 0 {
		return in, nil
	}
	return c.setAttr(ctx, who, in.Ino, f.Attr)
}

// packWriter writes what is added to it, each time from the next block on, to
// runs of blocks.
type packWriter struct {
	data device.Device
	runs []format.Extent // what is not written yet
	buf  []byte          // what is to go to their beginning
}

// add adds a file's data and fills its last block up with zeros.
func (o *packWriter) add(p []byte) error {
	for len(p) > 0 {
		n := min(len(p), cap(o.buf)-len(o.buf))
		o.buf = append(o.buf, p[:n]...)
		p = p[n:]
		if rest := len(o.buf) % format.SmallBlockSize; rest != 0 {
			fill := o.buf[len(o.buf) : len(o.buf)+format.SmallBlockSize-rest]
			clear(fill)
			o.buf = o.buf[:len(o.buf)+len(fill)]
		}
		if len(o.buf) == cap(o.buf) {
			if err := o.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes what was added.
func (o *packWriter) flush() error {
	for p := o.buf; len(p) > 0; {
		run := &o.runs[0]
		n := min(uint64(len(p))/format.SmallBlockSize, run.Len)
		if _, err := o.data.WriteAt(p[:n*format.SmallBlockSize], int64(run.Start*format.SmallBlockSize)); err != nil {
			return err
		}
		p = p[n*format.SmallBlockSize:]
		if run.Start, run.Len = run.Start+n, run.Len-n; run.Len == 0 {
			o.runs = o.runs[1:]
		}
	}
	o.buf = o.buf[:0]
	return nil
}
