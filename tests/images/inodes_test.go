// SPDX-License-Identifier: GPL-2.0-or-later

package images_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testimage/manifest"
	"scoutfs/internal/testsample"
)

// checkPaths compares the tree: paths depth first, each directory's entries in
// the order of readdir.
func (v *volume) checkPaths(t *testing.T) {
	t.Helper()
	lines := v.manifest.Inodes
	next := 0
	var visit func(path string, e fs.Entry)
	visit = func(path string, e fs.Entry) {
		if next == len(lines) || lines[next].Path != path || lines[next].Ino != e.Ino {
			t.Fatalf("path %d is %q with inode %d, want %+v", next, path, e.Ino, lines[min(next, len(lines)-1)])
		}
		if mode, _ := format.ModeOfDirentType(e.Type); mode != lines[next].Mode&format.ModeTypeMask {
			t.Errorf("%s: entry of type %d, want that of mode %o", path, e.Type, lines[next].Mode)
		}
		next++
		if e.Type != format.DirentDirectory {
			return
		}
		if path == "." {
			path = ""
		} else {
			path += "/"
		}
		for e, err := range v.fs.Readdir(t.Context(), e.Ino, 0) {
			if err != nil {
				t.Fatal(err)
			}
			visit(path+string(e.Name), e)
		}
	}
	visit(".", fs.Entry{Ino: format.RootIno, Type: format.DirentDirectory})
	if next != len(lines) {
		t.Errorf("%d paths, want %d; the next is %q", next, len(lines), lines[next].Path)
	}
}

// checkedInodes is how many paths of a volume are looked at one by one, unless
// all are.
const checkedInodes = 4000

// checkInodes compares everything that the manifest says of paths.
func (v *volume) checkInodes(t *testing.T) {
	t.Helper()
	c := checker{volume: v, paths: v.inodesOfPaths()}
	for i := range v.manifest.Inodes {
		line := &v.manifest.Inodes[i]
		c.extents = c.extents || line.Extents >= 0
		c.contents = c.contents || line.SHA256 != "" || line.SparseSHA256 != "" || line.PartlyOnline
	}
	lines := testsample.Of(v.manifest.Inodes, checkedInodes)
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			buffer := make([]byte, 1<<20)
			for i := taken.Add(1); i <= int64(len(lines)) && !t.Failed(); i = taken.Add(1) {
				line := &lines[i-1]
				if err := c.line(t.Context(), line, buffer); err != nil {
					t.Errorf("%s: %v", line.Path, err)
				}
			}
		})
	}
	workers.Wait()
}

// checker compares lines. Whether a manifest has extents and contents at all
// is its own business; if it has, every regular file must have them.
type checker struct {
	*volume
	paths             map[string]uint64
	extents, contents bool
}

func (v *volume) inodesOfPaths() map[string]uint64 {
	paths := make(map[string]uint64, len(v.manifest.Inodes))
	for i := range v.manifest.Inodes {
		paths[v.manifest.Inodes[i].Path] = v.manifest.Inodes[i].Ino
	}
	return paths
}

func (c *checker) line(ctx context.Context, want *manifest.Inode, buffer []byte) error {
	got, err := c.describe(ctx, want, buffer)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Errorf("differs, -want +got:\n%s", cmp.Diff(want, got))
	}
	return c.links(ctx, want)
}

// describe says about an inode what a manifest says.
func (c *checker) describe(ctx context.Context, want *manifest.Inode, buffer []byte) (*manifest.Inode, error) {
	in, err := c.fs.Resolve(ctx, want.Path, false)
	if err != nil {
		return nil, err
	}
	got := &manifest.Inode{
		Path: want.Path, Ino: in.Ino, Mode: in.Mode, UID: in.UID, GID: in.GID, Nlink: in.Nlink,
		Size: in.Size, Blocks: in.Blocks(),
		Atime: in.Atime, Mtime: in.Mtime, Ctime: in.Ctime,
		Extents: -1,
	}
	switch in.Mode & format.ModeTypeMask {
	case format.ModeBlockDevice, format.ModeCharDevice:
		got.Rdev.Major, got.Rdev.Minor = format.SplitRdev(in.Rdev)
	case format.ModeSymlink:
		target, err := c.fs.Readlink(ctx, in)
		if err != nil {
			return nil, err
		}
		content := contentAs(want.Target, target)
		got.Target = &content
	case format.ModeRegular:
		if err := c.file(ctx, in, got, want, buffer); err != nil {
			return nil, err
		}
		fallthrough
	case format.ModeDirectory:
		got.More = &manifest.More{
			MetaSeq: in.MetaSeq, DataSeq: in.DataSeq, DataVersion: in.DataVersion,
			OnlineBlocks: in.OnlineBlocks, OfflineBlocks: in.OfflineBlocks, Crtime: in.Crtime,
		}
		if c.fs.Super().FmtVers.Get() >= 2 {
			got.AttrX = attrX(&in)
		}
	}
	return got, c.xattrs(ctx, got, want)
}

// attrX is what GET_ATTR_X answers when it is asked for everything. The
// manifest leaves out what STAT_MORE says too.
func attrX(in *fs.Inode) *manifest.AttrX {
	a := &manifest.AttrX{Mask: 0x3ff, Size: in.Size, ProjectID: in.Proj, Ctime: in.Ctime, Crtime: in.Crtime}
	if in.Retention() {
		a.Bits = 1
	}
	return a
}

func (c *checker) xattrs(ctx context.Context, got, want *manifest.Inode) error {
	for x, err := range c.fs.Xattrs(ctx, got.Ino, 0, 0) {
		if err != nil {
			return err
		}
		list, wanted := &got.Xattrs, want.Xattrs
		if x.Hidden() {
			list, wanted = &got.Hidden, want.Hidden
		}
		var like *manifest.Content
		if n := len(*list); n < len(wanted) {
			like = &wanted[n].Value
		}
		*list = append(*list, manifest.Xattr{Name: string(x.Name), Value: contentAs(like, x.Value)})
		if err := checkACL(&x); err != nil {
			return err
		}
		named, err := c.fs.Xattr(ctx, got.Ino, string(x.Name))
		if err != nil || named.ID != x.ID || string(named.Value) != string(x.Value) {
			return fmt.Errorf("xattr %s by name is id %d with %d bytes (%w)", x.Name, named.ID, len(named.Value), err)
		}
	}
	return nil
}

func checkACL(x *fs.Xattr) error {
	if name := string(x.Name); name != format.XattrACLAccess && name != format.XattrACLDefault {
		return nil
	}
	entries, err := format.ViewACL(x.Value)
	if err != nil {
		return err
	}
	return format.CheckACL(entries)
}

// contentAs gives bytes the form in which the manifest has them.
func contentAs(like *manifest.Content, b []byte) manifest.Content {
	if like != nil && like.SHA256 != "" {
		sum := sha256.Sum256(b)
		return manifest.Content{Len: len(b), SHA256: hex.EncodeToString(sum[:])}
	}
	return manifest.Content{Len: len(b), Bytes: append([]byte{}, b...)}
}

// links checks that an inode's paths are those that lead to it, and as many
// as it has links.
func (c *checker) links(ctx context.Context, in *manifest.Inode) error {
	found := false
	n := uint32(0)
	for p, err := range c.fs.Paths(ctx, in.Ino, 0, 0) {
		if err != nil {
			return err
		}
		n++
		if ino, known := c.paths[string(p.Name)]; !known || ino != in.Ino {
			return fmt.Errorf("inode %d has the path %q, which leads to inode %d", in.Ino, p.Name, ino)
		}
		found = found || string(p.Name) == in.Path
	}
	isDir := in.Mode&format.ModeTypeMask == format.ModeDirectory
	switch {
	case in.Ino == format.RootIno && n == 0:
	case !found:
		return fmt.Errorf("not among the %d paths of inode %d", n, in.Ino)
	case isDir && n != 1 || !isDir && n != in.Nlink:
		return fmt.Errorf("%d paths of an inode with %d links", n, in.Nlink)
	}
	return nil
}

// mapShown is how many extents a manifest shows.
const mapShown = 64

// file fills in extents and content.
func (c *checker) file(ctx context.Context, in fs.Inode, got, want *manifest.Inode, buffer []byte) error {
	extents, err := fiemap(ctx, c.fs, in.Ino)
	if err != nil {
		return err
	}
	if c.extents {
		got.Extents = len(extents)
		got.Map = extents[:min(len(extents), mapShown)]
		got.MapSHA256 = mapSHA256(extents)
	}
	if !c.contents {
		return nil
	}
	written := slices.ContainsFunc(extents, func(e manifest.Extent) bool {
		return e.Flags&(fs.MapUnknown|fs.MapUnwritten) == 0
	})
	if written && !c.hasData {
		// The content cannot be known; the hashes are taken on trust.
		got.SHA256, got.SparseSHA256 = want.SHA256, want.SparseSHA256
		got.PartlyOnline, got.OnlineParts = want.PartlyOnline, want.OnlineParts
		return needsData(ctx, c.fs, in, buffer)
	}
	return c.content(ctx, in, extents, got, buffer)
}

func fiemap(ctx context.Context, f *fs.FS, ino uint64) ([]manifest.Extent, error) {
	var extents []manifest.Extent
	for e, err := range f.Fiemap(ctx, ino, 0) {
		if err != nil {
			return nil, err
		}
		extents = append(extents, manifest.Extent{Logical: e.Logical, Physical: e.Physical, Length: e.Length, Flags: e.Flags})
	}
	return extents, nil
}

func mapSHA256(extents []manifest.Extent) string {
	if len(extents) == 0 {
		return ""
	}
	sum := sha256.New()
	for _, e := range extents {
		var b []byte
		b = binary.LittleEndian.AppendUint64(b, e.Logical)
		b = binary.LittleEndian.AppendUint64(b, e.Physical)
		b = binary.LittleEndian.AppendUint64(b, e.Length)
		sum.Write(binary.LittleEndian.AppendUint32(b, e.Flags))
	}
	return sumText(sum)
}

func sumText(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
