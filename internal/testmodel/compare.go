// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

// Settle compares the fields and blocks of inodes with the engine's after an
// operation, and takes over what the model does not predict. Inodes that the
// model does not have must not exist.
func (m *Model) Settle(ctx context.Context, f *fs.FS, inos ...uint64) error {
	for _, ino := range inos {
		in := m.inodes[ino]
		if in == nil {
			if _, err := f.Inode(ctx, ino); err == nil {
				return fmt.Errorf("inode %d still exists", ino)
			}
			continue
		}
		if err := m.settle(ctx, f, in); err != nil {
			return fmt.Errorf("inode %d: %w", ino, err)
		}
	}
	return nil
}

func (m *Model) settle(ctx context.Context, f *fs.FS, in *Inode) error {
	got, err := f.Inode(ctx, in.Ino)
	if err != nil {
		return err
	}
	if err := in.compareFields(&got); err != nil {
		return err
	}
	switch {
	case in.dataVersion == stays && got.DataVersion != in.DataVersion:
		return fmt.Errorf("data version is %d, want %d still", got.DataVersion, in.DataVersion)
	case in.dataVersion == moves && got.DataVersion <= in.DataVersion && in.DataSeq != 0:
		return fmt.Errorf("data version is %d, want more than %d", got.DataVersion, in.DataVersion)
	case in.dataSeq == stays && got.DataSeq != in.DataSeq:
		return fmt.Errorf("data seq is %d, want %d still", got.DataSeq, in.DataSeq)
	case in.dataSeq == moves && got.DataSeq != got.MetaSeq:
		return fmt.Errorf("data seq is %d, want %d, the meta seq", got.DataSeq, got.MetaSeq)
	}
	in.DataVersion, in.DataSeq = got.DataVersion, got.DataSeq
	in.dataVersion, in.dataSeq = stays, stays
	if !in.IsRegular() || in.Opaque {
		return nil
	}
	return in.settleBlocks(ctx, f)
}

func (in *Inode) compareFields(got *fs.Inode) error {
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"mode", got.Mode, in.Mode},
		{"nlink", got.Nlink, in.Nlink},
		{"uid", got.UID, in.UID},
		{"gid", got.GID, in.GID},
		{"rdev", got.Rdev, in.Rdev},
		{"size", got.Size, in.Size},
		{"project", got.Proj, in.Proj},
		{"retention", got.Retention(), in.Retained},
		{"online blocks", got.OnlineBlocks, in.OnlineBlocks()},
		{"offline blocks", got.OfflineBlocks, in.OfflineBlocks()},
	} {
		if in.Opaque && strings.HasSuffix(c.name, "blocks") {
			continue
		}
		if c.got != c.want {
			return fmt.Errorf("%s is %v, want %v", c.name, c.got, c.want)
		}
	}
	for _, c := range []struct {
		name      string
		got, want time.Time
	}{
		{"atime", got.Atime, in.Atime},
		{"mtime", got.Mtime, in.Mtime},
		{"ctime", got.Ctime, in.Ctime},
		{"crtime", got.Crtime, in.Crtime},
	} {
		if !c.got.Equal(c.want) {
			return fmt.Errorf("%s is %v, want %v", c.name, c.got, c.want)
		}
	}
	return nil
}

// settleBlocks compares which blocks are written and which are offline, and
// takes over which are allocated beside.
func (in *Inode) settleBlocks(ctx context.Context, f *fs.FS) error {
	for b, block := range in.Blocks {
		if block.Unwritten = false; !block.online() && !block.Offline {
			delete(in.Blocks, b)
		}
	}
	counted := map[uint64]bool{}
	for e, err := range f.Extents(ctx, in.Ino, 0) {
		if err != nil {
			return err
		}
		for b := e.Logical; b < e.End(); b++ {
			block := in.Blocks[b]
			written := e.Blkno != 0 && !e.Unwritten()
			offline := e.Offline() && !written
			if online := block != nil && block.online(); online != written {
				return fmt.Errorf("block %d is written: %t, want %t", b, written, online)
			}
			if want := block != nil && block.Offline; want != offline {
				return fmt.Errorf("block %d is offline: %t, want %t", b, offline, want)
			}
			if e.Unwritten() {
				if block == nil {
					block = &Block{}
					in.Blocks[b] = block
				}
				block.Unwritten = true
			}
			counted[b] = true
		}
	}
	for b := range in.Blocks {
		if !counted[b] {
			return fmt.Errorf("block %d is a hole", b)
		}
	}
	return nil
}

// Compare compares everything that the volume has.
func (m *Model) Compare(ctx context.Context, f *fs.FS) error {
	var inos []uint64
	for in, err := range f.Inodes(ctx, 0) {
		if err != nil {
			return err
		}
		inos = append(inos, in.Ino)
	}
	if want := m.Inos(); !slices.Equal(inos, want) {
		return fmt.Errorf("inodes are %v, want %v", inos, want)
	}
	for _, ino := range inos {
		if err := m.compareInode(ctx, f, m.inodes[ino]); err != nil {
			return fmt.Errorf("inode %d: %w", ino, err)
		}
	}
	return m.compareVolume(ctx, f)
}

func (m *Model) compareInode(ctx context.Context, f *fs.FS, in *Inode) error {
	if err := m.settle(ctx, f, in); err != nil {
		return err
	}
	xattrs := map[string]string{}
	for x, err := range f.Xattrs(ctx, in.Ino, 0, 0) {
		if err != nil {
			return err
		}
		xattrs[string(x.Name)] = string(x.Value)
	}
	if !maps.Equal(xattrs, in.Xattrs) {
		return fmt.Errorf("xattrs are %.200q, want %.200q", xattrs, in.Xattrs)
	}
	switch {
	case in.IsDir():
		return in.compareNames(ctx, f)
	case in.IsSymlink():
		return in.compareTarget(ctx, f)
	case in.IsRegular() && !in.Opaque && !m.Unclear[in.Ino]:
		return in.compareData(ctx, f)
	}
	return nil
}

func (in *Inode) compareNames(ctx context.Context, f *fs.FS) error {
	var order []string
	for e, err := range f.Readdir(ctx, in.Ino, 0) {
		if err != nil {
			return err
		}
		if want := in.Names[string(e.Name)]; e.Ino != want {
			return fmt.Errorf("entry %q is inode %d, want %d", e.Name, e.Ino, want)
		}
		order = append(order, string(e.Name))
		found, err := f.Lookup(ctx, in.Ino, e.Name)
		if err != nil || found.Ino != e.Ino || found.Pos != e.Pos {
			return fmt.Errorf("entry %q: lookup finds inode %d at %d, %w", e.Name, found.Ino, found.Pos, err)
		}
	}
	if !slices.Equal(order, in.Order) {
		return fmt.Errorf("entries are %.300q, want %.300q", order, in.Order)
	}
	return nil
}

func (in *Inode) compareTarget(ctx context.Context, f *fs.FS) error {
	got, err := f.Inode(ctx, in.Ino)
	if err != nil {
		return err
	}
	target, err := f.Readlink(ctx, got)
	if err == nil && string(target) != in.Target {
		err = fmt.Errorf("target is %.100q, want %.100q", target, in.Target)
	}
	return err
}

// compareData compares the content of written blocks, and that others read as
// zeros.
func (in *Inode) compareData(ctx context.Context, f *fs.FS) error {
	got, err := f.Inode(ctx, in.Ino)
	if err != nil {
		return err
	}
	want, buf := make([]byte, blockSize), make([]byte, blockSize)
	for b, block := range in.Blocks {
		if block.Offline || b*blockSize >= in.Size {
			continue
		}
		clear(want)
		copy(want, block.Data)
		n := min(blockSize, in.Size-b*blockSize)
		if _, err := f.ReadAt(ctx, got, buf[:n], b*blockSize); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("block %d: %w", b, err)
		}
		if !bytes.Equal(buf[:n], want[:n]) {
			return fmt.Errorf("block %d has other content", b)
		}
	}
	return nil
}

// compareVolume compares what belongs to no inode.
func (m *Model) compareVolume(ctx context.Context, f *fs.FS) error {
	totals := map[[3]uint64]Total{}
	for t, err := range f.Totals(ctx, [3]uint64{}) {
		if err != nil {
			return err
		}
		totals[t.Name] = Total{t.Total, t.Count}
	}
	if want := m.Totals(); !maps.Equal(totals, want) {
		return fmt.Errorf("totals are %v, want %v", totals, want)
	}
	var rules []Rule
	for r, err := range f.QuotaRules(ctx, 0, 0) {
		if err != nil {
			return err
		}
		rules = append(rules, *r.Rule)
	}
	byOrder := func(a, b Rule) int { return a.Compare(&b) }
	if !slices.Equal(slices.SortedFunc(slices.Values(rules), byOrder), slices.SortedFunc(slices.Values(m.rules), byOrder)) {
		return fmt.Errorf("quota rules are %v, want %v", rules, m.rules)
	}
	return m.compareTagged(ctx, f)
}

// compareTagged compares the index of attributes and searches.
func (m *Model) compareTagged(ctx context.Context, f *fs.FS) error {
	var indexed, want []string
	names := map[string]bool{}
	for ino, in := range m.inodes {
		for name := range in.Xattrs {
			tags, ok := format.ParseXattrTags(name)
			if !ok {
				continue
			}
			names[name] = names[name] || tags.Srch
			if tags.Indx {
				major, minor, _ := format.ParseIndx(name)
				want = append(want, fmt.Sprint(major, minor, ino))
			}
		}
	}
	const most = math.MaxUint64
	for x, err := range f.XattrIndex(ctx, format.XattrIndx{}, format.XattrIndx{Major: math.MaxUint8, Minor: most, Ino: most, ID: most}) {
		if err != nil {
			return err
		}
		indexed = append(indexed, fmt.Sprint(x.Major, x.Minor, x.Ino))
	}
	slices.Sort(indexed)
	slices.Sort(want)
	if !slices.Equal(indexed, want) {
		return fmt.Errorf("indexed attributes are %v, want %v", indexed, want)
	}
	for name, srch := range names {
		if !srch {
			continue
		}
		if err := m.compareSearch(ctx, f, name); err != nil {
			return err
		}
	}
	return nil
}

func (m *Model) compareSearch(ctx context.Context, f *fs.FS, name string) error {
	found := map[uint64]bool{}
	for ino, err := range f.SearchXattrs(ctx, fs.Search{Name: name, Last: 1<<64 - 1}) {
		if err != nil {
			return err
		}
		found[ino] = true
	}
	if want := m.Tagged(name); !maps.Equal(found, want) {
		return fmt.Errorf("search for %q finds %v, want %v", name, found, want)
	}
	return nil
}
