// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"testing"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

// inodesOf lists all inodes.
func inodesOf(b *testing.B, f *fs.FS) []uint64 {
	b.Helper()
	var list []uint64
	for in, err := range f.Inodes(b.Context(), 0) {
		if err != nil {
			b.Fatal(err)
		}
		list = append(list, in.Ino)
	}
	return list
}

func BenchmarkInode(b *testing.B) {
	f := warm(b)
	list := inodesOf(b, f)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := f.Inode(b.Context(), list[i*7919%len(list)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInodes(b *testing.B) {
	f := warm(b)
	list := inodesOf(b, f)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, err := range f.Inodes(b.Context(), 0) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	if n != b.N*len(list) {
		b.Fatalf("%d inodes, want %d times %d", n, b.N, len(list))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/inode")
}

func BenchmarkLookup(b *testing.B) {
	f := warm(b)
	var entries []fs.Entry
	for e, err := range f.Readdir(b.Context(), format.RootIno, 0) {
		if err != nil {
			b.Fatal(err)
		}
		entries = append(entries, e)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e := &entries[i%len(entries)]
		if _, err := f.Lookup(b.Context(), e.Dir, e.Name); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPathOf(b *testing.B) {
	f := warm(b)
	list := inodesOf(b, f)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := f.PathOf(b.Context(), list[i*7919%len(list)]); err != nil {
			b.Fatal(err)
		}
	}
}
