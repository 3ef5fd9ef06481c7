// SPDX-License-Identifier: GPL-2.0-or-later

package txn_test

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"syscall"
	"testing"

	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// What these tests write has to pass a check of the volume, so it is files: of
// no name, since those need the fewest items. The xattr of each counts in one
// total and is in the search files.

const (
	xattrName = "scoutfs.srch.totl.test.1.2.3"
	xattrID   = 0
)

func totalKey() format.Key { return format.TotlKey(1, 2, 3) }

func xattrKey(ino uint64) format.Key {
	return format.XattrKey(ino, format.XattrNameHash(xattrName), xattrID, 0)
}

func srchEntry(ino uint64) format.SrchEntry {
	return format.SrchEntry{Hash: format.SrchHash(xattrName), Ino: ino, ID: xattrID}
}

// file is what a test knows of a file.
type file struct {
	ino    uint64
	value  uint64 // that its xattr counts
	blocks format.Extent
}

// createFile makes a file with data blocks if any are wanted.
func createFile(ctx context.Context, tx *txn.Tx, value, blocks uint64) (file, error) {
	ino, err := tx.AllocIno(ctx)
	if err != nil {
		return file{}, err
	}
	f := file{ino: ino, value: value}
	if blocks > 0 {
		if f.blocks, err = tx.AllocData(ctx, blocks); err != nil {
			return file{}, err
		}
	}
	createFileWith(tx, f)
	return f, nil
}

// createFileWith makes a file of blocks that are taken already.
func createFileWith(tx *txn.Tx, f file) {
	var inode format.Inode
	inode.Mode.Set(format.ModeRegular | 0o600)
	inode.MetaSeq.Set(tx.Seq())
	inode.DataSeq.Set(tx.Seq())
	inode.NextReaddirPos.Set(format.FirstReaddirPos)
	inode.NextXattrID.Set(xattrID + 1)
	inode.Size.Set(f.blocks.Len << format.SmallBlockShift)
	inode.OnlineBlocks.Set(f.blocks.Len)
	tx.Create(format.InodeKey(f.ino), bytes.Clone(format.Bytes(&inode)))
	tx.Create(format.OrphanKey(f.ino), nil)
	tx.Create(format.InodeIndexKey(format.TypeMetaSeq, tx.Seq(), f.ino), nil)
	tx.Create(format.InodeIndexKey(format.TypeDataSeq, tx.Seq(), f.ino), nil)
	if f.blocks.Len > 0 {
		var extent format.DataExtent
		extent.Blkno.Set(f.blocks.Start)
		tx.Create(format.DataExtentKey(f.ino, format.Extent{Len: f.blocks.Len}), bytes.Clone(format.Bytes(&extent)))
	}
	tx.Create(xattrKey(f.ino), xattrValue(f.value))
	tx.AddTotal(totalKey(), f.value, 1)
	tx.AddSrch(srchEntry(f.ino))
	tx.CountInodes(1)
}

func xattrValue(value uint64) []byte {
	text := strconv.FormatUint(value, 10)
	var head format.XattrHead
	head.NameLen = uint8(len(xattrName))
	head.ValLen.Set(uint16(len(text)))
	return append(append(bytes.Clone(format.Bytes(&head)), xattrName...), text...)
}

// deleteFile takes everything away that createFile made.
func deleteFile(ctx context.Context, tx *txn.Tx, f file) error {
	it, err := tx.View().Lookup(ctx, format.InodeKey(f.ino))
	if err != nil {
		return err
	}
	inode, _, err := format.ViewInode(it.Value)
	if err != nil {
		return err
	}
	tx.Delete(format.InodeIndexKey(format.TypeMetaSeq, inode.MetaSeq.Get(), f.ino))
	tx.Delete(format.InodeIndexKey(format.TypeDataSeq, inode.DataSeq.Get(), f.ino))
	tx.Delete(format.InodeKey(f.ino))
	tx.Delete(format.OrphanKey(f.ino))
	if f.blocks.Len > 0 {
		tx.Delete(format.DataExtentKey(f.ino, format.Extent{Len: f.blocks.Len}))
		tx.FreeData(f.blocks)
	}
	tx.Delete(xattrKey(f.ino))
	tx.AddTotal(totalKey(), -f.value, ^uint64(0))
	tx.AddSrch(srchEntry(f.ino))
	tx.CountInodes(-1)
	return nil
}

// touchFile changes a file's inode, which moves it in the index.
func touchFile(ctx context.Context, tx *txn.Tx, f file) error {
	it, err := tx.View().Lookup(ctx, format.InodeKey(f.ino))
	if err != nil {
		return err
	}
	inode, err := format.View[format.Inode](bytes.Clone(it.Value))
	if err != nil {
		return err
	}
	if was := inode.MetaSeq.Get(); was != tx.Seq() {
		tx.Delete(format.InodeIndexKey(format.TypeMetaSeq, was, f.ino))
		tx.Create(format.InodeIndexKey(format.TypeMetaSeq, tx.Seq(), f.ino), nil)
		inode.MetaSeq.Set(tx.Seq())
	}
	inode.UID.Set(inode.UID.Get() + 1)
	tx.Set(format.InodeKey(f.ino), format.Bytes(inode))
	return nil
}

// checkFiles compares a view with the files that there should be.
func checkFiles(tb testing.TB, s *forest.Snapshot, files map[uint64]file) {
	tb.Helper()
	var total, found uint64
	for it, err := range s.Items(tb.Context(), format.AllKeys()) {
		if err != nil {
			tb.Fatal(err)
		}
		if it.Key.Zone != format.ZoneOrphan {
			continue
		}
		f, ok := files[it.Key.Second]
		if !ok {
			tb.Errorf("there is a file %d", it.Key.Second)
			continue
		}
		found++
		total += f.value
		for _, k := range []format.Key{format.InodeKey(f.ino), xattrKey(f.ino)} {
			if _, err := s.Lookup(tb.Context(), k); err != nil {
				tb.Errorf("file %d: %v", f.ino, err)
			}
		}
	}
	if found != uint64(len(files)) {
		tb.Errorf("there are %d files, want %d", found, len(files))
	}
	var sum format.XattrTotal
	it, err := s.Lookup(tb.Context(), totalKey())
	if err == nil {
		v, err := format.ViewExact[format.XattrTotal](it.Value)
		if err != nil {
			tb.Fatal(err)
		}
		sum = *v
	} else if !errors.Is(err, syscall.ENOENT) {
		tb.Fatal(err)
	}
	if sum.Total.Get() != total || sum.Count.Get() != uint64(len(files)) {
		tb.Errorf("the total is %d of %d, want %d of %d", sum.Total.Get(), sum.Count.Get(), total, len(files))
	}
}
