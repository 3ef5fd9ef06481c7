// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testlog"
)

// TestKernelItemsAreReproduced does with the API what was done through the
// kernel module to make the inodes of its volumes, and compares the items.
func TestKernelItemsAreReproduced(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"basic", "basic-v1", "archive"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kernel := openImage(t, testimage.Get(t, name))
			version := kernel.Super().FmtVers.Get()
			v := newWriting(t, testlog.Options{FormatVersion: version}, fs.WriterOptions{})
			r := replay{writing: v, kernel: kernel, counts: make(map[string]int)}
			for _, in := range all(t, kernel.Inodes(v.ctx, 0)) {
				r.inode(in)
			}
			r.rules()
			r.totals()
			t.Log(r.counts)
			for _, kind := range []string{"inode", "entry", "xattr"} {
				if r.counts[kind] == 0 {
					t.Errorf("no %s was compared", kind)
				}
			}
			v.check()
		})
	}
}

func openImage(tb testing.TB, img testimage.Image) *fs.FS {
	tb.Helper()
	meta, err := device.Open(img.Meta, device.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := meta.Close(); err != nil {
			tb.Error(err)
		}
	})
	_, super, err := block.ReadSuper(meta)
	if err != nil {
		tb.Fatal(err)
	}
	blocks := block.NewReader(meta, block.Options{FSID: super.Hdr.FSID.Get()})
	snapshot, err := forest.Load(tb.Context(), blocks, super)
	if err != nil {
		tb.Fatal(err)
	}
	return fs.New(snapshot, nil)
}

// replay makes what a volume of the kernel has in another one.
type replay struct {
	*writing
	kernel *fs.FS
	dirs   int
	counts map[string]int // of what was compared
}

// kernelItems returns items of the kernel's volume.
func (r *replay) kernelItems(within format.Range) (list []forest.Item) {
	r.tb.Helper()
	for it, err := range r.kernel.Snapshot().Items(r.ctx, within) {
		if err != nil {
			r.tb.Fatal(err)
		}
		it.Value = bytes.Clone(it.Value)
		list = append(list, it)
	}
	return list
}

func (r *replay) inode(in fs.Inode) {
	r.tb.Helper()
	node := uint64(0)
	for _, e := range all(r.tb, r.kernel.Backrefs(r.ctx, in.Ino, 0, 0)) {
		r.dirs++
		dir := r.mkdir(format.RootIno, fmt.Sprint("dir", r.dirs), 0o755)
		node = r.node(dir, &in, string(e.Name))
		r.entry(dir, node, &e)
	}
	if node == 0 {
		return
	}
	r.attributes(node, &in)
	r.target(node, in.Ino)
	r.xattrs(node, in.Ino)
}

// node makes an inode of the same type, owner and permissions.
func (r *replay) node(dir uint64, in *fs.Inode, name string) uint64 {
	r.tb.Helper()
	who := fs.Caller{UID: in.UID, GID: in.GID, Admin: true}
	switch in.Mode & format.ModeTypeMask {
	case format.ModeDirectory:
		return r.made(r.Mkdir(r.ctx, who, dir, name, in.Mode))
	case format.ModeSymlink:
		target, err := r.kernel.Readlink(r.ctx, *in)
		r.must(err)
		return r.made(r.Symlink(r.ctx, who, dir, name, string(target)))
	}
	return r.made(r.Mknod(r.ctx, who, dir, name, in.Mode, in.Rdev))
}

// entry compares the three items of an entry, but for the numbers of the
// inodes and the place in the directory.
func (r *replay) entry(dir, ino uint64, e *fs.Entry) {
	r.tb.Helper()
	pos := uint64(format.FirstReaddirPos)
	pairs := map[format.Key]format.Key{
		format.DirentKey(e.Dir, e.Hash, e.Pos):     format.DirentKey(dir, e.Hash, pos),
		format.ReaddirKey(e.Dir, e.Pos):            format.ReaddirKey(dir, pos),
		format.LinkBackrefKey(e.Ino, e.Dir, e.Pos): format.LinkBackrefKey(ino, dir, pos),
	}
	for theirs, ours := range pairs {
		want := r.kernelItems(format.Range{Start: theirs, End: theirs})
		got := r.items(format.Range{Start: ours, End: ours})
		if len(want) != 1 || len(got) != 1 {
			r.tb.Fatalf("entry %q has %d items %v, want %d", e.Name, len(got), ours, len(want))
		}
		// Number and position are the first and third field of 8 bytes.
		copy(want[0].Value[:8], got[0].Value[:8])
		copy(want[0].Value[16:24], got[0].Value[16:24])
		if !bytes.Equal(got[0].Value, want[0].Value) {
			r.tb.Errorf("item %v is\n%x, the kernel's\n%x", ours, got[0].Value, want[0].Value)
		}
	}
	r.counts["entry"]++
}

// attributes sets what chmod, chown, utimes and set_attr_x can, and compares
// the inode's item, but for what data and entries have done to it.
func (r *replay) attributes(ino uint64, in *fs.Inode) {
	r.tb.Helper()
	set := fs.Attr{Mask: fs.AttrMode | fs.AttrAtime | fs.AttrMtime, Mode: in.Mode, Atime: in.Atime, Mtime: in.Mtime}
	if in.IsSymlink() {
		set.Mask &^= fs.AttrMode
	}
	_, err := r.SetAttr(r.ctx, rootCaller(), ino, set)
	r.must(err)
	x := fs.AttrX{Mask: fs.AttrXCtime | fs.AttrXCrtime, Ctime: in.Ctime, Crtime: in.Crtime, ProjectID: in.Proj}
	if r.kernel.Super().FmtVers.Get() >= 2 {
		x.Mask |= fs.AttrXProjectID
	}
	r.must(r.SetAttrX(r.ctx, rootCaller(), ino, x))
	theirs, ours := format.InodeKey(in.Ino), format.InodeKey(ino)
	want := r.kernelItems(format.Range{Start: theirs, End: theirs})[0].Value
	got := r.items(format.Range{Start: ours, End: ours})[0].Value
	if len(got) != len(want) {
		r.tb.Fatalf("the item of inode %d has %d bytes, the kernel's %d", in.Ino, len(got), len(want))
	}
	g, _, err := format.ViewInode(got)
	r.must(err)
	w, _, err := format.ViewInode(want)
	r.must(err)
	for _, pair := range [][2]*format.U64{
		{&w.MetaSeq, &g.MetaSeq},
		{&w.DataSeq, &g.DataSeq},
		{&w.DataVersion, &g.DataVersion},
		{&w.OnlineBlocks, &g.OnlineBlocks},
		{&w.OfflineBlocks, &g.OfflineBlocks},
		{&w.NextReaddirPos, &g.NextReaddirPos},
		{&w.NextXattrID, &g.NextXattrID},
		{&w.Version, &g.Version},
	} {
		*pair[0] = *pair[1]
	}
	w.Nlink = g.Nlink
	w.Flags = g.Flags
	if !in.IsSymlink() {
		w.Size = g.Size
	}
	if !bytes.Equal(got, want) {
		r.tb.Errorf("the item of inode %d is\n%x, the kernel's\n%x", in.Ino, got, want)
	}
	r.counts["inode"]++
}

func (r *replay) target(ino, kernelIno uint64) {
	r.tb.Helper()
	of := func(ino uint64) format.Range {
		return format.Range{Start: format.SymlinkKey(ino, 0), End: format.SymlinkKey(ino, 99)}
	}
	got, want := r.items(of(ino)), r.kernelItems(of(kernelIno))
	if !slices.EqualFunc(got, want, func(a, b forest.Item) bool {
		return a.Key.Second == b.Key.Second && bytes.Equal(a.Value, b.Value)
	}) {
		r.tb.Errorf("the target of inode %d is %v, the kernel's %v", kernelIno, got, want)
	}
	r.counts["target"] += len(want)
}

// xattrs sets xattrs in the order in which the kernel did, and compares all
// their parts, but for the id.
func (r *replay) xattrs(ino, kernelIno uint64) {
	r.tb.Helper()
	list := all(r.tb, r.kernel.Xattrs(r.ctx, kernelIno, 0, 0))
	slices.SortFunc(list, func(a, b fs.Xattr) int { return int(a.ID) - int(b.ID) })
	for _, x := range list {
		r.must(r.SetXattr(r.ctx, rootCaller(), ino, string(x.Name), x.Value, fs.XattrCreate))
	}
	of := func(ino uint64) format.Range {
		return format.Range{Start: format.XattrKey(ino, 0, 0, 0), End: format.XattrKey(ino, 1<<63, 0, 0)}
	}
	got, want := r.items(of(ino)), r.kernelItems(of(kernelIno))
	if !slices.EqualFunc(got, want, func(a, b forest.Item) bool {
		return a.Key.Second == b.Key.Second && a.Key.Fourth == b.Key.Fourth && bytes.Equal(a.Value, b.Value)
	}) {
		r.tb.Errorf("the xattrs of inode %d have %d items, the kernel's %d, or others", kernelIno, len(got), len(want))
	}
	r.counts["xattr"] += len(want)
}

func (r *replay) rules() {
	r.tb.Helper()
	want := make(map[format.Key]string)
	for _, it := range r.kernelItems(format.Range{Start: format.QuotaRuleKey(0, 0), End: format.QuotaRuleKey(1<<64-1, 1<<64-1)}) {
		want[it.Key] = string(it.Value)
	}
	for _, q := range all(r.tb, r.kernel.QuotaRules(r.ctx, 0, 0)) {
		r.must(r.AddQuotaRule(r.ctx, rootCaller(), *q.Rule))
	}
	got := make(map[format.Key]string)
	for _, it := range r.items(format.Range{Start: format.QuotaRuleKey(0, 0), End: format.QuotaRuleKey(1<<64-1, 1<<64-1)}) {
		got[it.Key] = string(it.Value)
	}
	if !maps.Equal(got, want) {
		r.tb.Errorf("quota rules are %x, the kernel's %x", got, want)
	}
	r.counts["rule"] += len(want)
}

// totals compares the sums of all xattrs that were set.
func (r *replay) totals() {
	r.tb.Helper()
	want := all(r.tb, r.kernel.Totals(r.ctx, [3]uint64{}))
	if got := r.tagged().totals; !slices.Equal(got, want) {
		r.tb.Errorf("totals are %v, the kernel's %v", got, want)
	}
	r.counts["total"] += len(want)
}
