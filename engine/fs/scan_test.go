// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"scoutfs/engine/block"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testtree"
)

// scanned is a volume for scans: directories with many entries, files with
// many xattrs and extents, hard links.
func scanned(t *testing.T) (*testtree.Volume, []string) {
	v := testtree.New(t, 2)
	want := []string{"1  "}
	dir := v.Dir(format.RootIno, "dir")
	want = append(want, fmt.Sprintf("%d 1/dir ", dir))
	for i := range 40 {
		name := fmt.Sprintf("file-%02d", i)
		ino := v.File(dir, name, testtree.Text("x"), testtree.Offline(2))
		links := []string{fmt.Sprintf("%d/%s", dir, name)}
		var xattrs []string
		for x := range i % 5 {
			xattrs = append(xattrs, fmt.Sprintf("user.%d", x))
			v.Xattr(ino, xattrs[x], strings.Repeat("v", 100*i))
		}
		if i%3 == 0 {
			v.Link(format.RootIno, "link-"+name, ino)
			links = append(links, "1/link-"+name)
		}
		slices.Sort(links)
		slices.Sort(xattrs)
		want = append(want, fmt.Sprintf("%d %s %s", ino, strings.Join(links, ","), strings.Join(xattrs, ",")))
	}
	return v, want
}

func newFS(t *testing.T, v *testtree.Volume) *fs.FS {
	t.Helper()
	pair := v.Memory()
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := forest.Load(t.Context(), block.NewReader(pair.Meta, block.Options{FSID: testblock.FSID}), super)
	if err != nil {
		t.Fatal(err)
	}
	return fs.New(snapshot, pair.Data)
}

func recordText(r *fs.Record) string {
	var links, xattrs []string
	for i := range r.Links {
		links = append(links, fmt.Sprintf("%d/%s", r.Links[i].Dir, r.Links[i].Name))
	}
	for i := range r.Xattrs {
		xattrs = append(xattrs, string(r.Xattrs[i].Name))
	}
	slices.Sort(links)
	slices.Sort(xattrs)
	return fmt.Sprintf("%d %s %s", r.Inode.Ino, strings.Join(links, ","), strings.Join(xattrs, ","))
}

func TestScanCollectsLinksAndXattrs(t *testing.T) {
	t.Parallel()
	v, want := scanned(t)
	f := newFS(t, v)
	var got []string
	for r, err := range f.Scan(t.Context(), fs.ScanOptions{Links: true, Xattrs: true}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, recordText(r))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = nil
	for r, err := range f.Scan(t.Context(), fs.ScanOptions{From: format.FirstFreeIno + 5, To: format.FirstFreeIno + 7}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, recordText(r))
	}
	if diff := cmp.Diff([]string{"1029  ", "1030  ", "1031  "}, got); diff != "" {
		t.Error(diff)
	}
}

func TestScanGoesOnBehindDamage(t *testing.T) {
	t.Parallel()
	v, want := scanned(t)
	const inode, xattr, link = format.FirstFreeIno + 3, format.FirstFreeIno + 9, format.FirstFreeIno + 12
	v.Item(format.InodeKey(inode), []byte("short"))
	v.Item(format.XattrKey(xattr, format.XattrNameHash("user.1"), 1, 0), []byte{1})
	v.Item(format.LinkBackrefKey(link, format.FirstFreeIno, 13), []byte("short"))
	f := newFS(t, v)
	var got []string
	var damaged []uint64
	for r, err := range f.Scan(t.Context(), fs.ScanOptions{Links: true, Xattrs: true}) {
		if _, ok := errors.AsType[*format.CorruptError](err); ok {
			damaged = append(damaged, r.Inode.Ino)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, recordText(r))
	}
	if diff := cmp.Diff([]uint64{inode, xattr, link}, damaged); diff != "" {
		t.Error(diff)
	}
	want = slices.DeleteFunc(want, func(s string) bool {
		return strings.HasPrefix(s, fmt.Sprint(inode, " ")) || strings.HasPrefix(s, fmt.Sprint(xattr, " ")) || strings.HasPrefix(s, fmt.Sprint(link, " "))
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
