// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

// maxLoaded is how many blocks a file may have whose blocks Load remembers.
const maxLoaded = 512

// Load returns the model of a volume that others have written. Files with very
// many blocks, and inodes with ACLs, are opaque: a driver leaves them alone, and
// of the files only fields and attributes are compared.
func Load(ctx context.Context, f *fs.FS) (*Model, error) {
	m := &Model{Version: f.Super().FmtVers.Get(), inodes: map[uint64]*Inode{}, injected: map[[3]uint64]Total{}}
	for got, err := range f.Inodes(ctx, 0) {
		if err != nil {
			return nil, err
		}
		in := &Inode{
			Ino: got.Ino, Mode: got.Mode, Nlink: got.Nlink, UID: got.UID, GID: got.GID, Rdev: got.Rdev,
			Size: got.Size, Proj: got.Proj, Retained: got.Retention(), DataVersion: got.DataVersion, DataSeq: got.DataSeq,
			Atime: got.Atime, Mtime: got.Mtime, Ctime: got.Ctime, Crtime: got.Crtime,
			Xattrs: map[string]string{}, Names: map[string]uint64{}, Blocks: map[uint64]*Block{}, everReferenced: true,
		}
		m.inodes[in.Ino] = in
		if err := m.load(ctx, f, in, got); err != nil {
			return nil, fmt.Errorf("inode %d: %w", in.Ino, err)
		}
	}
	for _, in := range m.inodes {
		for _, ino := range in.Names {
			if child := m.inodes[ino]; child != nil && child.IsDir() {
				child.Parent = in.Ino
			}
		}
	}
	m.inodes[format.RootIno].Parent = format.RootIno
	return m, m.loadVolume(ctx, f)
}

func (m *Model) load(ctx context.Context, f *fs.FS, in *Inode, got fs.Inode) error {
	for x, err := range f.Xattrs(ctx, in.Ino, 0, 0) {
		if err != nil {
			return err
		}
		in.Xattrs[string(x.Name)] = string(x.Value)
		in.Opaque = in.Opaque || strings.HasPrefix(string(x.Name), "system.")
	}
	switch {
	case in.IsDir():
		for e, err := range f.Readdir(ctx, in.Ino, 0) {
			if err != nil {
				return err
			}
			in.Names[string(e.Name)] = e.Ino
			in.Order = append(in.Order, string(e.Name))
		}
	case in.IsSymlink():
		target, err := f.Readlink(ctx, got)
		in.Target = string(target)
		return err
	case in.IsRegular():
		return in.loadBlocks(ctx, f, got)
	}
	return nil
}

func (in *Inode) loadBlocks(ctx context.Context, f *fs.FS, got fs.Inode) error {
	for e, err := range f.Extents(ctx, in.Ino, 0) {
		if err != nil {
			return err
		}
		if uint64(len(in.Blocks))+e.Len > maxLoaded {
			in.Opaque = true
			clear(in.Blocks)
			return nil
		}
		for b := e.Logical; b < e.End(); b++ {
			block := &Block{Offline: e.Offline(), Unwritten: e.Unwritten()}
			if e.Blkno != 0 && !e.Unwritten() {
				block.Offline, block.Data = false, make([]byte, blockSize)
				if _, err := f.ReadAt(ctx, got, block.Data, b*blockSize); err != nil && !errors.Is(err, io.EOF) {
					return err
				}
			}
			in.Blocks[b] = block
		}
	}
	return nil
}

func (m *Model) loadVolume(ctx context.Context, f *fs.FS) error {
	for r, err := range f.QuotaRules(ctx, 0, 0) {
		if err != nil {
			return err
		}
		m.rules = append(m.rules, *r.Rule)
	}
	attributes := m.Totals()
	for t, err := range f.Totals(ctx, [3]uint64{}) {
		if err != nil {
			return err
		}
		of := attributes[t.Name]
		if beside := (Total{t.Total - of.Sum, t.Count - of.Count}); beside != (Total{}) {
			m.injected[t.Name] = beside
		}
	}
	return nil
}
