// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// change is one atomic change in the making. It holds the inodes that it
// reads, so that all of its parts see and change the same ones; those that it
// made dirty are written when it ends, once each.
type change struct {
	w    *Writer
	tx   *txn.Tx
	view *FS       // with the change's own items, but inodes that are dirty
	now  time.Time // one moment for all times that the change sets

	held  map[uint64]*heldInode
	dirts []*heldInode // in the order in which they became dirty
	idle  bool         // there turned out to be nothing to do
}

// heldInode is an inode and what items there are of it.
type heldInode struct {
	Inode
	stored           bool   // has an item
	metaSeq, dataSeq uint64 // places in the indexes, if stored
	dirty            bool
}

func newChange(w *Writer, tx *txn.Tx) *change {
	return &change{
		w:    w,
		tx:   tx,
		view: New(tx.View(), w.data),
		now:  w.opts.Clock(),
		held: make(map[uint64]*heldInode, 4),
	}
}

// run makes the change that f makes.
func (c *change) run(f func(*change) error) error {
	if err := f(c); err != nil {
		return err
	}
	c.finish()
	return nil
}

// inode returns an inode to look at and change: ENOENT if there is none, or
// if it is being deleted. The pointer is the same each time. A change of its
// fields counts only with dirty.
func (c *change) inode(ctx context.Context, ino uint64) (*Inode, error) {
	if c.w.opens.deleting(ino) {
		return nil, fmt.Errorf("inode %d is being deleted: %w", ino, syscall.ENOENT)
	}
	return c.anyInode(ctx, ino)
}

// anyInode is inode that also finds one that is being deleted.
func (c *change) anyInode(ctx context.Context, ino uint64) (*Inode, error) {
	if h := c.held[ino]; h != nil {
		return &h.Inode, nil
	}
	in, err := c.view.Inode(ctx, ino)
	if err != nil {
		return nil, err
	}
	h := &heldInode{Inode: in, stored: true, metaSeq: in.MetaSeq, dataSeq: in.DataSeq}
	c.held[ino] = h
	return &h.Inode, nil
}

// newInode holds an inode that has no item yet. It is dirty.
func (c *change) newInode(in Inode) *Inode {
	h := &heldInode{Inode: in}
	c.held[in.Ino] = h
	c.dirty(&h.Inode)
	return &h.Inode
}

// dirty says that an inode, which the change holds, is to be written: its
// MetaSeq becomes the transaction's, and its items in the indexes move
// (docs/format.md 3.4; kmod/src/inode.c: scoutfs_update_inode_item). Version
// and times are up to the caller, since not every operation moves them.
func (c *change) dirty(in *Inode) {
	if h := c.held[in.Ino]; !h.dirty {
		h.dirty = true
		c.dirts = append(c.dirts, h)
	}
}

// changed is dirty with the version moved on, as almost every operation does.
func (c *change) changed(in *Inode) {
	in.Version++
	c.dirty(in)
}

// removeInode deletes the inode's item and its places in the indexes.
func (c *change) removeInode(in *Inode) {
	h := c.held[in.Ino]
	c.tx.Delete(format.InodeIndexKey(format.TypeMetaSeq, h.metaSeq, in.Ino))
	if in.IsRegular() {
		c.tx.Delete(format.InodeIndexKey(format.TypeDataSeq, h.dataSeq, in.Ino))
	}
	c.tx.Delete(format.InodeKey(in.Ino))
	c.tx.CountInodes(-1)
	h.dirty = false
}

// finish writes the dirty inodes.
func (c *change) finish() {
	for _, h := range c.dirts {
		if h.dirty {
			c.writeInode(h)
		}
	}
}

func (c *change) writeInode(h *heldInode) {
	h.MetaSeq = c.tx.Seq()
	c.moveIndex(h, format.TypeMetaSeq, h.metaSeq, h.MetaSeq)
	if h.IsRegular() {
		c.moveIndex(h, format.TypeDataSeq, h.dataSeq, h.DataSeq)
	}
	value := encodeInode(&h.Inode, c.tx.Super().FmtVers.Get())
	if h.stored {
		c.tx.Set(format.InodeKey(h.Ino), value)
	} else {
		c.tx.Create(format.InodeKey(h.Ino), value)
	}
}

// moveIndex gives an inode its place in an index. The old place is deleted
// whether or not there is an item, as the kernel does.
func (c *change) moveIndex(h *heldInode, typ uint8, from, to uint64) {
	if h.stored && from == to {
		return
	}
	if to == c.tx.Seq() {
		c.tx.Create(format.InodeIndexKey(typ, to, h.Ino), nil)
	} else {
		c.tx.Set(format.InodeIndexKey(typ, to, h.Ino), nil)
	}
	if h.stored {
		c.tx.Delete(format.InodeIndexKey(typ, from, h.Ino))
	}
}

// encodeInode returns the value of an inode's item.
func encodeInode(in *Inode, fmtVers uint64) []byte {
	v := new(format.Inode)
	v.Size.Set(in.Size)
	v.MetaSeq.Set(in.MetaSeq)
	v.DataSeq.Set(in.DataSeq)
	v.DataVersion.Set(in.DataVersion)
	v.OnlineBlocks.Set(in.OnlineBlocks)
	v.OfflineBlocks.Set(in.OfflineBlocks)
	v.NextReaddirPos.Set(in.NextReaddirPos)
	v.NextXattrID.Set(in.NextXattrID)
	v.Version.Set(in.Version)
	v.Nlink.Set(in.Nlink)
	v.UID.Set(in.UID)
	v.GID.Set(in.GID)
	v.Mode.Set(in.Mode)
	v.Rdev.Set(in.Rdev)
	v.Flags.Set(in.Flags)
	v.Atime.Set(in.Atime)
	v.Ctime.Set(in.Ctime)
	v.Mtime.Set(in.Mtime)
	v.Crtime.Set(in.Crtime)
	v.Proj.Set(in.Proj)
	return format.Bytes(v)[:format.InodeSize(fmtVers)]
}
