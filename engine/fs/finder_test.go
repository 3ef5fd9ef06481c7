// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"syscall"
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testvolume"
)

// TestAFinderFindsWhatLookupsFind asks for inodes that are there and others,
// in any order.
func TestAFinderFindsWhatLookupsFind(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	b := testvolume.New(t)
	for range 300 {
		ino := 2000 + random.Uint64N(600)
		b.File(ino, ino*3)
		for range random.IntN(4) {
			b.Link(format.RootIno, 10+random.Uint64N(1<<40), ino, format.DirentRegular, "name")
		}
		if random.IntN(3) == 0 {
			b.Xattr(ino, 0, "user.x", make([]byte, random.IntN(3000)))
		}
	}
	b.Put(format.InodeKey(2300), []byte("damaged"))
	f := load(t, b)
	finder := f.Finder()
	for range 5000 {
		ino := 1990 + random.Uint64N(620)
		want, wantErr := f.Inode(t.Context(), ino)
		got, err := finder.Inode(t.Context(), ino)
		if got != want || (err == nil) != (wantErr == nil) || errors.Is(err, syscall.ENOENT) != errors.Is(wantErr, syscall.ENOENT) {
			t.Fatalf("inode %d: %+v, %v; want %+v, %v", ino, got, err, want, wantErr)
		}
		if links, want := all(t, finder.Links(t.Context(), ino)), all(t, f.Backrefs(t.Context(), ino, 0, 0)); !reflect.DeepEqual(links, want) {
			t.Fatalf("links of %d: %v, want %v", ino, links, want)
		}
	}
}

func BenchmarkFinder(b *testing.B) {
	f := warm(b)
	var inos []uint64
	for e, err := range f.InodeIndex(b.Context(), format.TypeMetaSeq, fs.IndexEntry{}, fs.IndexEntry{Seq: 1 << 63}) {
		if err != nil {
			b.Fatal(err)
		}
		inos = append(inos, e.Ino)
	}
	finder := f.Finder()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, ino := range inos {
			if _, err := finder.Inode(b.Context(), ino); err != nil {
				b.Fatal(err)
			}
		}
		n += len(inos)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "inodes/s")
}
