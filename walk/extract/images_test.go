// SPDX-License-Identifier: GPL-2.0-or-later

package extract_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testimage/manifest"
	"scoutfs/walk/extract"
	"scoutfs/walk/tree"
)

// What is extracted of an image is what the kernel showed of it.
func TestImages(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for _, name := range []string{"basic", "archive", "two-mounts", "dirty"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			img := testimage.Get(t, name)
			m := manifest.Read(t, img.Manifest)
			volume, err := engine.Open(t.Context(), img.Meta, img.Data, engine.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer volume.Close()
			into := filepath.Join(t.TempDir(), "into")
			r, told := run(t, tree.OnDevices(volume), into, extract.Options{})
			if r.Failed > 0 {
				t.Fatalf("%+v: %q", r, told)
			}
			c := comparer{T: t, into: into, inos: make(map[uint64]uint64)}
			for i := range m.Inodes {
				c.compare(&m.Inodes[i])
			}
			if c.offline != r.Offline+r.Partial {
				t.Errorf("%d files are told to be offline, want %d", r.Offline+r.Partial, c.offline)
			}
			if got := r.Files + r.Symlinks + r.Specials + r.HardLinks + r.Directories; got != uint64(len(m.Inodes)) {
				t.Errorf("%d things were extracted, want %d: %+v", got, len(m.Inodes), r)
			}
		})
	}
}

type comparer struct {
	*testing.T
	into    string
	inos    map[uint64]uint64 // of the image to those of the folder
	offline uint64            // names
}

func (c *comparer) compare(in *manifest.Inode) {
	path := filepath.Join(c.into, in.Path)
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		c.Error(err)
		return
	}
	kind := in.Mode & format.ModeTypeMask
	wantSize := in.Size
	switch kind {
	case format.ModeDirectory:
		wantSize = uint64(st.Size)
	case format.ModeSymlink:
		wantSize--
	}
	switch {
	case st.Mode != in.Mode, st.Uid != in.UID, st.Gid != in.GID, uint64(st.Size) != wantSize,
		kind != format.ModeDirectory && st.Nlink != uint64(in.Nlink),
		st.Rdev != unix.Mkdev(in.Rdev.Major, in.Rdev.Minor):
		c.Errorf("%q is %+v, want %+v", in.Path, st, in)
	case st.Mtim != unix.NsecToTimespec(in.Mtime.UnixNano()) && in.Mtime.Year() < 2446: // ext4 ends there
		c.Errorf("%q: mtime %v, want %v", in.Path, st.Mtim, in.Mtime)
	}
	if before, again := c.inos[in.Ino]; again && before != st.Ino {
		c.Errorf("%q is no hard link", in.Path)
	}
	if in.More != nil && kind == format.ModeRegular && in.More.OfflineBlocks > 0 {
		c.offline++
	}
	c.inos[in.Ino] = st.Ino
	c.xattrs(path, in)
	switch {
	case in.Target != nil:
		target, err := os.Readlink(path)
		if err != nil || !is([]byte(target), *in.Target) {
			c.Errorf("%q leads to %q, %v", in.Path, target, err)
		}
	case in.SHA256 != "":
		c.part(path, 0, in.Size, in.SHA256)
	case in.PartlyOnline:
		for _, p := range in.OnlineParts {
			c.part(path, p.Offset, p.Length, p.SHA256)
		}
	}
	if kind == format.ModeRegular && in.More != nil {
		// Holes are kept: no more is allocated than was online, but for the
		// file system's own structures.
		if most := in.More.OnlineBlocks*format.SmallBlockSize + 64<<10; uint64(st.Blocks)*512 > most {
			c.Errorf("%q takes %d bytes, want %d at most", in.Path, st.Blocks*512, most)
		}
	}
}

func is(b []byte, want manifest.Content) bool {
	if want.SHA256 == "" {
		return bytes.Equal(b, want.Bytes)
	}
	sum := sha256.Sum256(b)
	return len(b) == want.Len && hex.EncodeToString(sum[:]) == want.SHA256
}

// xattrs compares those that only scoutfs takes with nothing.
func (c *comparer) xattrs(path string, in *manifest.Inode) {
	value := make([]byte, 1<<16)
	for _, x := range in.Xattrs {
		n, err := unix.Lgetxattr(path, x.Name, value)
		switch {
		case len(x.Name) > 8 && x.Name[:8] == "scoutfs.":
		case err != nil && x.Value.Len > 3000:
			// ext4 has room for less than scoutfs.
		case err != nil || !is(value[:n], x.Value):
			c.Errorf("%q: xattr %q has %d bytes, %v, want %d", in.Path, x.Name, n, err, x.Value.Len)
		}
	}
}

func (c *comparer) part(path string, offset, length uint64, want string) {
	file, err := os.Open(path)
	if err != nil {
		c.Error(err)
		return
	}
	defer file.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.NewSectionReader(file, int64(offset), int64(length)))
	if got := hex.EncodeToString(sum.Sum(nil)); err != nil || uint64(n) != length || got != want {
		c.Errorf("%q: %d bytes at %d have the hash %s, %v, want %s", path, n, offset, got, err, want)
	}
}
