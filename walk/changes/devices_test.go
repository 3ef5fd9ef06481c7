// SPDX-License-Identifier: GPL-2.0-or-later

package changes_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testimage/manifest"
	"scoutfs/internal/testsample"
	"scoutfs/walk/changes"
)

func TestARecordHasEverythingAboutItsInode(t *testing.T) {
	t.Parallel()
	b := newBuilder(t)
	b.dir(1024, 2)
	b.name(format.RootIno, 1024, "dir")
	rdev, _ := format.MakeRdev(8, 1234)
	b.change(2000, 3, format.ModeBlockDevice|0o4755, func(in *format.Inode) {
		in.Nlink.Set(3)
		in.UID.Set(10)
		in.GID.Set(20)
		in.Rdev.Set(rdev)
		in.Size.Set(30)
		in.OnlineBlocks.Set(4)
		in.OfflineBlocks.Set(5)
		in.DataSeq.Set(2)
		in.DataVersion.Set(60)
		in.Proj.Set(70)
		in.Flags.Set(format.InodeFlagRetention)
		for i, ts := range []*format.Timespec{&in.Atime, &in.Mtime, &in.Ctime, &in.Crtime} {
			ts.Sec.Set(uint64(100 + i))
			ts.Nsec.Set(uint32(i))
		}
	})
	b.name(1024, 2000, "second\xff")
	b.name(format.RootIno, 2000, "first")
	b.name(1024, 2000, "third")
	long := []byte(strings.Repeat("x", 2000))
	b.Xattr(2000, 0, "user.z", long)
	b.Xattr(2000, 1, "scoutfs.hide.a", []byte("hidden"))
	b.Xattr(2000, 2, "trusted.empty", nil)

	feed := b.feed(changes.Options{After: changes.AfterSeq(2), Detail: changes.Detail{AllPaths: true, Xattrs: true}})
	got := collect(t, feed.Pass(t.Context()))
	var times [4]format.Timespec
	for i := range times {
		times[i].Sec.Set(uint64(100 + i))
		times[i].Nsec.Set(uint32(i))
	}
	want := []changes.Change{{
		At: changes.Position{Seq: 3, Ino: 2000},
		Attributes: changes.Attributes{
			Mode: format.ModeBlockDevice | 0o4755, Nlink: 3, UID: 10, GID: 20, RdevMajor: 8, RdevMinor: 1234,
			Size: 30, Blocks: 72, Atime: times[0].Time().UTC(), Mtime: times[1].Time().UTC(), Ctime: times[2].Time().UTC(),
			Archive: true, Crtime: times[3].Time().UTC(), MetaSeq: 3, DataSeq: 2, DataVersion: 60,
			OnlineBlocks: 4, OfflineBlocks: 5, ProjectID: 70, Retention: true,
		},
		Paths: []string{"/first", "/dir/second\xff", "/dir/third"},
		Xattrs: []changes.Xattr{
			{Name: "scoutfs.hide.a", Value: []byte("hidden")}, {Name: "trusted.empty", Value: []byte{}}, {Name: "user.z", Value: long},
		},
	}}
	for i := range got {
		for j := range got[i].Xattrs {
			if got[i].Xattrs[j].Value == nil {
				got[i].Xattrs[j].Value = []byte{}
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	brief := collect(t, b.feed(changes.Options{After: changes.AfterSeq(2)}).Pass(t.Context()))
	want[0].Paths, want[0].Xattrs = want[0].Paths[:1], nil
	if diff := cmp.Diff(want, brief); diff != "" {
		t.Errorf("without details: %s", diff)
	}
}

// TestDamageOfOneInodeIsToldInItsPlace damages the volume of everything() in
// one way each. All other records come as ever.
func TestDamageOfOneInodeIsToldInItsPlace(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		damage func(*builder)
		want   map[uint64]string // what the inodes' records become
	}{
		{
			"inode without an item", func(b *builder) { delete(b.Items, format.InodeKey(2049)) },
			map[uint64]string{2049: "damaged: inode item is missing"},
		},
		{
			"inode of a wrong size", func(b *builder) { b.Put(format.InodeKey(2049), make([]byte, 100)) },
			map[uint64]string{2049: "damaged: value length is 100"},
		},
		{
			"inode without names", func(b *builder) { b.unname(1024, 5, 2049, "in d") },
			map[uint64]string{2049: "damaged: link_backref items is none"},
		},
		{
			"name that is none", func(b *builder) { b.Put(format.LinkBackrefKey(2049, 1024, 5), []byte("short")) },
			map[uint64]string{2049: "damaged: name length is -27"},
		},
		{
			"directory without a name", func(b *builder) { b.unname(format.RootIno, 2, 1024, "d") },
			map[uint64]string{
				1024: "damaged: link_backref items is none",
				1025: "damaged: link_backref items is no link",
				2049: "damaged: link_backref items is no link",
				2050: "damaged: link_backref items is no link",
			},
		},
		{"directory below itself", func(b *builder) {
			b.unname(format.RootIno, 2, 1024, "d")
			b.name(1025, 1024, "d")
		}, map[uint64]string{
			1024: "damaged: link_backref items is below itself",
			1025: "damaged: link_backref items is below itself",
			2049: "damaged: link_backref items is below itself",
			2050: "damaged: link_backref items is below itself",
		}},
		{"unlinked inode that is open", func(b *builder) {
			b.unname(1024, 5, 2049, "in d")
			b.change(2049, 9, format.ModeRegular, func(in *format.Inode) { in.Nlink.Set(0) })
		}, map[uint64]string{2049: "gone"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := small(t)
			row.damage(b)
			want := everything()
			for i := range want {
				if what, ok := row.want[want[i].ino]; ok {
					want[i].what = what
				}
			}
			feed := b.feed(changes.Options{})
			if got := briefs(t, feed.Pass(t.Context())); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			if next, ok := feed.Next(); !ok || next != 12 {
				t.Errorf("next is %d %v", next, ok)
			}
		})
	}
}

func TestDamageOfTheIndexEndsThePass(t *testing.T) {
	t.Parallel()
	b := small(t)
	pair := b.Devices(t)
	v, err := engine.OpenDevices(t.Context(), pair, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := v.FS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The first leaf has the index.
	root := f.Super().FSRoot.Root()
	if err := flip(pair.Meta, int64(root.Ref.Blkno-2)<<format.LargeBlockShift+4000); err != nil {
		t.Fatal(err)
	}
	feed := changes.New(changes.OnDevices(v), changes.Options{})
	for c, err := range feed.Pass(t.Context()) {
		var corrupt *format.CorruptError
		if c != nil || !errors.As(err, &corrupt) {
			t.Fatalf("record %v, error %v", c, err)
		}
	}
	if feed.Position() != (changes.Position{}) {
		t.Errorf("it has moved on to %s", feed.Position())
	}
}

// TestABlockThatIsAnotherIsDamageOfItsInodes replaces a leaf by an intact block
// that is not the one referred to, as a write that got lost would, on a volume
// that nobody writes and on one that somebody might.
func TestABlockThatIsAnotherIsDamageOfItsInodes(t *testing.T) {
	t.Parallel()
	for _, live := range []bool{false, true} {
		b := newBuilder(t)
		for i := range uint64(200) {
			b.file(3000+i, 2)
			b.name(format.RootIno, 3000+i, fmt.Sprint(i))
		}
		v := b.open(engine.Options{Live: live, CacheBytes: 1})
		f, err := v.FS(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// Leaves are written before the parents; the last ones have inodes.
		leaf := f.Super().FSRoot.Root().Ref.Blkno - 10
		block := make([]byte, format.LargeBlockSize)
		if _, err := b.Blocks.Dev.ReadAt(block, int64(leaf)<<format.LargeBlockShift); err != nil {
			t.Fatal(err)
		}
		testblock.Seal(block, format.Ref{Blkno: leaf, Seq: 99}, format.MagicBtree)
		b.Blocks.Write(leaf, block)
		whole, damaged := 0, 0
		for c, err := range changes.New(changes.OnDevices(v), changes.Options{}).Pass(t.Context()) {
			switch {
			case c == nil:
				t.Fatalf("live %v: after %d records: %v", live, whole+damaged, err)
			case err != nil:
				damaged++
			default:
				whole++
			}
		}
		if whole+damaged != 201 || damaged == 0 || damaged > 20 {
			t.Errorf("live %v: %d records and %d damaged", live, whole, damaged)
		}
	}
}

// TestDeepDirectories makes a chain of directories with long names. The last
// paths are longer than a path can be.
func TestDeepDirectories(t *testing.T) {
	t.Parallel()
	const depth, length = 300, 250
	b := newBuilder(t)
	dir := uint64(format.RootIno)
	for i := range uint64(depth) {
		b.dir(3000+i, 2)
		b.name(dir, 3000+i, strings.Repeat("n", length))
		dir = 3000 + i
	}
	short, long := 0, 0
	for c, err := range b.feed(changes.Options{After: changes.AfterSeq(1)}).Pass(t.Context()) {
		i := int(c.At.Ino - 3000)
		switch {
		case err == nil && len(c.Paths[0]) == (i+1)*(length+1):
			short++
		case errors.Is(err, syscall.ENAMETOOLONG):
			long++
		default:
			t.Fatalf("directory %d: %d bytes, error %v", i, len(c.Paths[0]), err)
		}
	}
	// A directory's path is at most 65510 bytes, the entry in it any.
	if short != 65511/(length+1)+1 || short+long != depth {
		t.Errorf("%d with a path, %d without", short, long)
	}
}

// TestDirectoriesThatMoveAreSeen renames a directory between passes of a
// volume that is being written.
func TestDirectoriesThatMoveAreSeen(t *testing.T) {
	t.Parallel()
	b := small(t)
	b.commit(12)
	feed := changes.New(changes.OnDevices(b.open(engine.Options{Live: true})), changes.Options{})
	briefs(t, feed.Pass(t.Context()))
	b.unname(format.RootIno, 2, 1024, "d")
	b.name(format.RootIno, 1024, "renamed")
	b.dir(1024, 14)
	b.file(2050, 14)
	b.commit(14)
	want := []brief{{14, 1024, "/renamed"}, {14, 2050, "/renamed/e/in e"}}
	if got := briefs(t, feed.Pass(t.Context())); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestReadersBesideAWriter overwrites the blocks that a pass is reading, again
// and again.
func TestReadersBesideAWriter(t *testing.T) {
	t.Parallel()
	b := newBuilder(t)
	const files = 3000
	for i := range uint64(files) {
		b.file(5000+i, 2+i%7)
		b.name(format.RootIno, 5000+i, fmt.Sprint("file ", i))
	}
	b.commit(10)
	// Without a cache every read meets what was written last.
	live := b.open(engine.Options{Live: true, CacheBytes: 1})
	feed := changes.New(changes.OnDevices(live), changes.Options{})
	seen := map[uint64]int{}
	commits := uint64(0)
	for c, err := range feed.Pass(t.Context()) {
		if err != nil {
			t.Fatalf("after %d commits: %v", commits, err)
		}
		seen[c.At.Ino]++
		if len(seen)%500 == 0 {
			commits++
			b.rewrite(10 + commits)
		}
	}
	if commits < 5 {
		t.Errorf("written only %d times", commits)
	}
	if len(seen) != files+1 {
		t.Errorf("%d inodes, want %d", len(seen), files+1)
	}
	for ino, times := range seen {
		if times != 1 {
			t.Errorf("inode %d came %d times", ino, times)
		}
	}
}

// TestRecordsSayWhatTheKernelShowed compares the records of images with their
// manifests.
func TestRecordsSayWhatTheKernelShowed(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Parallel()
		if img.Manifest == "" {
			return
		}
		m := manifest.Read(t, img.Manifest)
		source := changes.OnDevices(openImage(t, img, engine.Options{}))
		got := collect(t, changes.New(source, changes.Options{Detail: changes.Detail{AllPaths: true}}).Pass(t.Context()))
		i := 0
		paths := map[string]*changes.Change{}
		for j := range got {
			c := &got[j]
			// An inode without names may have been deleted by the mount.
			if inode := (manifest.IndexEntry{Major: c.At.Seq, Ino: c.At.Ino}); c.Gone && !slices.Contains(m.MetaSeq, inode) {
				continue
			}
			if i == len(m.MetaSeq) || c.At != (changes.Position{Seq: m.MetaSeq[i].Major, Ino: m.MetaSeq[i].Ino}) {
				t.Fatalf("record %d is %s, the kernel's index has %v", j, c.At, m.MetaSeq[min(i, len(m.MetaSeq)-1)])
			}
			i++
			for _, path := range c.Paths {
				paths[path] = c
			}
		}
		if i != len(m.MetaSeq) || len(paths) != len(m.Inodes) {
			t.Errorf("%d records of %d, %d paths of %d", i, len(m.MetaSeq), len(paths), len(m.Inodes))
		}
		for _, j := range testsample.Indexes(len(m.Inodes), 3000) {
			in := &m.Inodes[j]
			c := paths["/"+strings.TrimPrefix(strings.TrimPrefix(in.Path, "."), "/")]
			if c == nil {
				t.Errorf("no record of %q", in.Path)
				continue
			}
			if diff := cmp.Diff(*in, asManifest(in, c)); diff != "" {
				t.Fatalf("%q: %s", in.Path, diff)
			}
		}
	})
}

// asManifest returns a manifest's line with what a record says in its place.
func asManifest(in *manifest.Inode, c *changes.Change) manifest.Inode {
	own := *in
	own.Ino, own.Mode, own.UID, own.GID, own.Nlink = c.At.Ino, c.Mode, c.UID, c.GID, c.Nlink
	own.Size, own.Blocks = c.Size, c.Blocks
	own.Rdev = manifest.Device{Major: c.RdevMajor, Minor: c.RdevMinor}
	own.Mtime, own.Ctime = c.Mtime, c.Ctime
	if in.More != nil {
		own.More = &manifest.More{
			MetaSeq: c.MetaSeq, DataSeq: c.DataSeq, DataVersion: c.DataVersion,
			OnlineBlocks: c.OnlineBlocks, OfflineBlocks: c.OfflineBlocks, Crtime: c.Crtime,
		}
	}
	if in.AttrX != nil {
		x := *in.AttrX
		x.ProjectID, x.Ctime, x.Crtime, x.Size, x.Bits = c.ProjectID, c.Ctime, c.Crtime, c.Size, 0
		if c.Retention {
			x.Bits = 1
		}
		own.AttrX = &x
	}
	return own
}
