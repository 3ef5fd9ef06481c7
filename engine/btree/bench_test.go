// SPDX-License-Identifier: GPL-2.0-or-later

package btree_test

import (
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testimage"
)

const (
	benchItems = 400_000
	benchLeaf  = 400 // items in a leaf, as of a real fs tree
)

// benchTree is a tree of items such as a file system has, all in the cache.
func benchTree(b *testing.B) (tree *btree.Tree, keys []format.Key) {
	b.Helper()
	v := testblock.New(b, benchItems/benchLeaf+20)
	items := make([]testblock.Item, 0, benchItems)
	for ino := uint64(1); len(items) < benchItems; ino++ {
		for _, key := range []format.Key{
			format.InodeKey(ino),
			format.XattrKey(ino, ino*0x9e3779b97f4a7c15, 1, 0),
			format.LinkBackrefKey(ino, 7, ino),
			format.DataExtentKey(ino, format.Extent{Start: 0, Len: 5}),
		} {
			items = append(items, testblock.Item{Key: key, Seq: ino, Value: make([]byte, max(16, format.KindOf(key).Describe().MinValue))})
			keys = append(keys, key)
		}
	}
	r := block.NewReader(v.Dev, block.Options{CacheBytes: 2 * v.Dev.Size()})
	tree = &btree.Tree{Reader: r, Root: v.Tree(benchLeaf, items...)}
	for _, err := range tree.Items(b.Context(), format.AllKeys()) {
		if err != nil {
			b.Fatal(err)
		}
	}
	return tree, keys
}

// BenchmarkCursorWarm reads all items in order from the cache.
func BenchmarkCursorWarm(b *testing.B) {
	tree, _ := benchTree(b)
	run := func(name string, all func() uint64) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			sum := uint64(0)
			for b.Loop() {
				sum += all()
			}
			if sum == 0 {
				b.Fatal("nothing read")
			}
			b.ReportMetric(float64(benchItems)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mitems/s")
		})
	}
	run("key", func() (sum uint64) {
		c := tree.NewCursor(btree.CursorOptions{})
		for ok := c.Seek(b.Context(), format.Key{}); ok; ok = c.Next() {
			sum += c.Key().First
		}
		return sum
	})
	run("item", func() (sum uint64) {
		c := tree.NewCursor(btree.CursorOptions{})
		for ok := c.Seek(b.Context(), format.Key{}); ok; ok = c.Next() {
			it := c.Item()
			sum += it.Seq + uint64(len(it.Value))
		}
		return sum
	})
	run("whole", func() (sum uint64) {
		c := tree.NewCursor(btree.CursorOptions{Whole: true})
		for ok := c.Seek(b.Context(), format.Key{}); ok; ok = c.Next() {
			it := c.Item()
			sum += it.Seq + uint64(len(it.Value))
		}
		return sum
	})
	run("iterator", func() (sum uint64) {
		for it, err := range tree.Items(b.Context(), format.AllKeys()) {
			if err != nil {
				b.Fatal(err)
			}
			sum += it.Seq
		}
		return sum
	})
}

// BenchmarkFind finds single items at random places in the cache.
func BenchmarkFind(b *testing.B) {
	tree, keys := benchTree(b)
	run := func(name string, f func(key format.Key) error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := f(keys[i*7919%len(keys)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("lookup", func(key format.Key) error {
		_, err := tree.Lookup(b.Context(), key)
		return err
	})
	run("next", func(key format.Key) error {
		_, err := tree.Next(b.Context(), key)
		return err
	})
	run("prev", func(key format.Key) error {
		_, err := tree.Prev(b.Context(), key)
		return err
	})
	c := tree.NewCursor(btree.CursorOptions{})
	run("cursor", func(key format.Key) error {
		c.Seek(b.Context(), key)
		return c.Err()
	})
}

// BenchmarkVerifyBlock verifies a leaf of file system items, crc not
// included.
func BenchmarkVerifyBlock(b *testing.B) {
	tree, _ := benchTree(b)
	var leaf btree.Block
	for at, err := range tree.Blocks(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
		if at.Level == 0 {
			leaf = at
			break
		}
	}
	b.SetBytes(format.LargeBlockSize)
	b.ReportAllocs()
	for b.Loop() {
		for violation := range btree.Verify(leaf.Block, btree.VerifyOptions{Range: leaf.Range}) {
			b.Fatal(violation.Err)
		}
	}
	b.ReportMetric(float64(benchLeaf)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mitems/s")
}

// BenchmarkImage reads the file system tree of a volume with 95,226 inodes:
// its items from the cache, its items from the page cache, and all of its
// blocks from the page cache with everything verified.
func BenchmarkImage(b *testing.B) {
	img := testimage.Get(b, "many")
	r, super := openImage(b, img)
	items := func(b *testing.B, r *block.Reader) (n int) {
		b.Helper()
		tree := btree.Tree{Reader: r, Root: super.FSRoot.Root()}
		for _, err := range tree.Items(b.Context(), format.AllKeys()) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		return n
	}
	dev, err := device.Open(img.Meta, device.Options{Shared: true})
	if err != nil {
		b.Fatal(err)
	}
	defer dev.Close()
	fresh := func() *block.Reader { return block.NewReader(dev, block.Options{FSID: r.FSID()}) }
	b.Run("warm", func(b *testing.B) {
		r := block.NewReader(dev, block.Options{CacheBytes: 1 << 30})
		n := items(b, r)
		for b.Loop() {
			items(b, r)
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mitems/s")
	})
	b.Run("cold", func(b *testing.B) {
		n := 0
		for b.Loop() {
			r := fresh()
			n += items(b, r)
			r.Wait()
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mitems/s")
	})
	b.Run("verify", func(b *testing.B) {
		blocks := 0
		for b.Loop() {
			r := fresh()
			tree := btree.Tree{Reader: r, Root: super.FSRoot.Root()}
			for at, err := range tree.Blocks(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				blocks++
				for violation := range btree.Verify(at.Block, btree.VerifyOptions{Level: at.Level, Range: at.Range}) {
					b.Fatal(violation.Err)
				}
			}
			r.Wait()
		}
		b.ReportMetric(float64(blocks)*format.LargeBlockSize/b.Elapsed().Seconds()/1e6, "MB/s")
	})
}
