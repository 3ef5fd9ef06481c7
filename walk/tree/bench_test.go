// SPDX-License-Identifier: GPL-2.0-or-later

package tree_test

import (
	"io"
	"os"
	"testing"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testtree"
	"scoutfs/walk/tree"
)

func BenchmarkWalk(b *testing.B) {
	img := testimage.Get(b, "many")
	volume, err := engine.Open(b.Context(), img.Meta, "", engine.Options{CacheBytes: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer volume.Close()
	tr := tree.OnDevices(volume)
	root := resolve(b, tr, "/")
	b.ReportAllocs()
	files := 0
	for b.Loop() {
		for _, err := range tree.Walk(b.Context(), tr, root, attrs(tr)) {
			if err != nil {
				b.Fatal(err)
			}
			files++
		}
	}
	b.ReportMetric(float64(files)/b.Elapsed().Seconds(), "files/s")
}

// BenchmarkWalkOnAMount walks files that the kernel has in memory.
func BenchmarkWalkOnAMount(b *testing.B) {
	tr := tree.OnMount()
	root, err := tr.Resolve(b.Context(), b.TempDir(), true)
	if err != nil {
		b.Fatal(err)
	}
	for i := range 100 {
		dir := tree.Join(root.Path, string(rune('a'+i%26))+string(rune('a'+i/26)))
		if err := os.Mkdir(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		for j := range 100 {
			if err := os.WriteFile(tree.Join(dir, string(rune('0'+j))), nil, 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	files := 0
	for b.Loop() {
		for _, err := range tree.Walk(b.Context(), tr, root, attrs(tr)) {
			if err != nil {
				b.Fatal(err)
			}
			files++
		}
	}
	b.ReportMetric(float64(files)/b.Elapsed().Seconds(), "files/s")
}

// BenchmarkStream has the speed of reading the device itself beside that of
// reading a file on it.
func BenchmarkStream(b *testing.B) {
	const size = 12 << 20
	v := testtree.New(b, 2)
	v.File(format.RootIno, "file", testtree.Data(make([]byte, size)))
	meta, data := v.Write(b.TempDir())
	b.Run("device", func(b *testing.B) {
		dev, err := os.Open(data)
		if err != nil {
			b.Fatal(err)
		}
		defer dev.Close()
		buf := make([]byte, tree.ChunkSize)
		b.SetBytes(size)
		for b.Loop() {
			for at := int64(0); at < size; at += int64(len(buf)) {
				if _, err := dev.ReadAt(buf, at+format.FirstDataBlkno*format.SmallBlockSize); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("file", func(b *testing.B) {
		volume, err := engine.Open(b.Context(), meta, data, engine.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer volume.Close()
		tr := tree.OnDevices(volume)
		f, err := tr.Open(b.Context(), resolve(b, tr, "/file"))
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(size)
		for b.Loop() {
			if _, err := tree.Stream(b.Context(), f, io.Discard, tree.StreamOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
