// SPDX-License-Identifier: GPL-2.0-or-later

package engine_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"scoutfs/engine"
	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testvolume"
	"scoutfs/walk"
)

// blocksRead returns how many metadata blocks a question makes a volume read
// that was just opened, those that are read ahead included.
func blocksRead(target *engine.Target, ask func()) int {
	blocks := target.Volume().Blocks()
	before := blocks.Stats().Blocks
	ask()
	blocks.Wait()
	return int(blocks.Stats().Blocks - before)
}

// walkSome walks an inode index until it has seen so many entries, and returns
// how many there were.
func walkSome(tb testing.TB, target ioctl.Target, wanted int) (seen int) {
	tb.Helper()
	for _, err := range walk.Inodes(tb.Context(), target, ioctl.IndexMetaSeq, ioctl.InodeEntry{}, ioctl.LastInodeEntry()) {
		if err != nil {
			tb.Fatal(err)
		}
		if seen++; seen == wanted {
			break
		}
	}
	return seen
}

// levels is how many levels all trees of a volume's items have together.
func levels(tb testing.TB, target *engine.Target) int {
	tb.Helper()
	f, err := target.Volume().FS(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	n := int(f.Super().FSRoot.Height)
	for _, lt := range f.Snapshot().LogTrees {
		n += int(lt.ItemRoot.Height)
	}
	return n
}

// TestWalksCostWhatTheyAnswer makes sure that a part of an index costs the
// same however large the volume is, but for three blocks a level of its trees.
func TestWalksCostWhatTheyAnswer(t *testing.T) {
	t.Parallel()
	const wanted, slack = 1000, 3
	volume := func(entries int) *engine.Target {
		b := testvolume.New(t)
		b.PerBlock = 1000 // about as many as the kernel module puts there
		b.Super.Seq.Set(most)
		for i := range uint64(entries) {
			b.Put(format.InodeIndexKey(format.TypeMetaSeq, 1+i/7, i), nil)
		}
		return build(t, b)
	}
	cost := func(target *engine.Target) int {
		return blocksRead(target, func() {
			if n := walkSome(t, target, wanted); n != wanted {
				t.Errorf("%d entries, want %d", n, wanted)
			}
		})
	}
	const few, many = 20 * wanted, 200 * wanted
	small, large := volume(few), volume(many)
	if less, more := cost(small), cost(large); more > less+slack*levels(t, large) {
		t.Errorf("%d entries of %d cost %d blocks, of %d they cost %d", wanted, few, less, many, more)
	}
}

func TestWalksOfImagesCostWhatTheyAnswer(t *testing.T) {
	t.Parallel()
	const wanted, slack = 1000, 3
	type measured struct {
		name            string
		entries, blocks int
		allowed         int // blocks beyond those of another image
	}
	var smallest, largest measured
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		target := openImage(t, img)
		m := measured{name: img.Name, allowed: slack * levels(t, target)}
		m.blocks = blocksRead(target, func() { walkSome(t, target, wanted) })
		m.entries = walkSome(t, target, math.MaxInt)
		if m.entries < wanted {
			return
		}
		if smallest.entries == 0 || m.entries < smallest.entries {
			smallest = m
		}
		if m.entries > largest.entries {
			largest = m
		}
	})
	if smallest.name == largest.name {
		t.Fatal("there are no two images to compare")
	}
	if largest.blocks > smallest.blocks+largest.allowed {
		t.Errorf("%d entries cost %+v, and %+v", wanted, smallest, largest)
	}
}

// TestSearchesCostWhatTheyFind searches a sorted file of many leaves for
// little and for much.
func TestSearchesCostWhatTheyFind(t *testing.T) {
	t.Parallel()
	const leaves, perLeaf = 1000, 10
	names := map[int]string{0: "scoutfs.srch.none", 1: "scoutfs.srch.little", 100: "scoutfs.srch.much"}
	var entries []format.SrchEntry
	for i := range uint64(leaves * perLeaf) {
		entries = append(entries, format.SrchEntry{Hash: i * (most / (leaves * perLeaf)), Ino: 5})
	}
	for found, name := range names {
		for i := range found * perLeaf {
			entries[i*7] = format.SrchEntry{Hash: format.SrchHash(name), Ino: uint64(i)}
		}
	}
	slices.SortFunc(entries, format.SrchEntry.Compare)
	b := testvolume.New(t)
	file := b.Blocks.SrchFile(slices.Collect(slices.Chunk(entries, perLeaf))...)
	b.Srch[format.SrchBlocksKey(leaves, file.Ref.Blkno.Get())] = format.Bytes(&file)
	pair := b.Devices(t)
	for found, name := range names {
		t.Run(fmt.Sprintf("%d leaves", found), func(t *testing.T) {
			t.Parallel()
			target := open(t, pair, engine.Options{}).Target()
			got := 0
			blocks := blocksRead(target, func() { got = len(all(t, walk.SearchXattrs(t.Context(), target, name, 0, most))) })
			// The way to a leaf, the leaves of a binary search, and as many
			// as are read ahead.
			if most := 3 + 10 + 2*(found+1); blocks > most {
				t.Errorf("%d inodes cost %d blocks, want %d at most", got, blocks, most)
			}
		})
	}
}
