// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
	"scoutfs/internal/testimage"
)

// warm opens the largest image with a cache that holds all of it.
func warm(b *testing.B) *fs.FS {
	b.Helper()
	meta, err := device.Open(testimage.Get(b, "many").Meta, device.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = meta.Close() })
	_, super, err := block.ReadSuper(meta)
	if err != nil {
		b.Fatal(err)
	}
	blocks := block.NewReader(meta, block.Options{FSID: super.Hdr.FSID.Get(), CacheBytes: 1 << 30})
	snapshot, err := forest.Load(b.Context(), blocks, super)
	if err != nil {
		b.Fatal(err)
	}
	return fs.New(snapshot, nil)
}

func BenchmarkScan(b *testing.B) {
	f := warm(b)
	for name, opts := range map[string]fs.ScanOptions{
		"inodes": {},
		"links":  {Links: true},
		"all":    {Links: true, Xattrs: true},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			inodes := 0
			for b.Loop() {
				for _, err := range f.Scan(b.Context(), opts) {
					if err != nil {
						b.Fatal(err)
					}
					inodes++
				}
			}
			b.ReportMetric(float64(inodes)/b.Elapsed().Seconds(), "inodes/s")
		})
	}
}

func BenchmarkInodeIndex(b *testing.B) {
	f := warm(b)
	b.ReportAllocs()
	entries := 0
	for b.Loop() {
		for _, err := range f.InodeIndex(b.Context(), format.TypeMetaSeq, fs.IndexEntry{}, fs.IndexEntry{Seq: 1 << 63, Ino: 1 << 63}) {
			if err != nil {
				b.Fatal(err)
			}
			entries++
		}
	}
	b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
}
