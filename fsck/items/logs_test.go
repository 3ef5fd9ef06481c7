// SPDX-License-Identifier: GPL-2.0-or-later

package items_test

import (
	"maps"
	"slices"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/fsck/items"
	"scoutfs/fsck/problem"
	"scoutfs/internal/testblock"
	"scoutfs/internal/testvolume"
)

// files describes a volume of a directory of files, each with a searchable
// attribute and one that counts in a total.
func files(t *testing.T, n uint64) *testvolume.Builder {
	t.Helper()
	b := testvolume.New(t)
	size := uint64(0)
	var sum format.XattrTotal
	var entries []format.SrchEntry
	for i := range n {
		ino := format.FirstFreeIno + i
		name := string(rune('a'+i%26)) + string(rune('a'+i/26))
		size += uint64(len(name))
		b.Link(format.RootIno, 2+i, ino, format.DirentRegular, name)
		b.Inode(ino, format.ModeRegular|0o644, func(in *format.Inode) {
			in.MetaSeq.Set(10)
			in.DataSeq.Set(9)
			in.NextXattrID.Set(2)
		})
		b.Put(format.InodeIndexKey(format.TypeMetaSeq, 10, ino), nil)
		b.Put(format.InodeIndexKey(format.TypeDataSeq, 9, ino), nil)
		b.Xattr(ino, 0, tagged, []byte("value"))
		b.Xattr(ino, 1, "scoutfs.totl.n.7.8.9", []byte("3"))
		entries = append(entries, format.SrchEntry{Hash: format.SrchHash(tagged), Ino: ino})
		sum.Total.Set(sum.Total.Get() + 3)
		sum.Count.Set(sum.Count.Get() + 1)
	}
	b.Inode(format.RootIno, format.ModeDirectory|0o755, func(in *format.Inode) {
		in.Nlink.Set(2)
		in.Size.Set(size)
		in.NextReaddirPos.Set(2 + n)
	})
	b.Put(format.InodeIndexKey(format.TypeMetaSeq, 0, format.RootIno), nil)
	b.Put(format.TotlKey(7, 8, 9), format.Bytes(&sum))
	b.Super.InodeCount.Set(1 + n)
	putSearch(t, b, entries)
	return b
}

const tagged = "scoutfs.srch.tagged"

// putSearch puts search entries into two files, of which one takes back what
// it says itself and is not true.
func putSearch(t *testing.T, b *testvolume.Builder, entries []format.SrchEntry) {
	t.Helper()
	clear(b.Srch)
	stray := format.SrchEntry{Hash: 5, Ino: 6, ID: 7}
	half := len(entries) / 2
	for _, part := range [][]format.SrchEntry{entries[:half], append([]format.SrchEntry{stray, stray}, entries[half:]...)} {
		file := b.Blocks.SrchFile(part)
		b.Srch[format.SrchLogKey(file.Ref.Blkno.Get())] = format.Bytes(&file)
	}
}

// wrongOf checks a volume and returns the numbers of what is wrong with it.
func wrongOf(t *testing.T, meta device.Device, opts items.Options) (numbers []problem.Number) {
	t.Helper()
	r, _ := volume(t, meta)
	r.DataBlocks = format.FirstDataBlkno
	opts.Volume = r
	_, found := check(t, meta, opts)
	for _, f := range found.wrong() {
		numbers = append(numbers, f.Number)
		t.Logf("%d %v: found %s, expected %s", f.Number, &f.Place, f.Found, f.Expected)
	}
	slices.Sort(numbers)
	return numbers
}

func TestSearchEntriesAreCompared(t *testing.T) {
	t.Parallel()
	entry := func(i uint64) format.SrchEntry {
		return format.SrchEntry{Hash: format.SrchHash(tagged), Ino: format.FirstFreeIno + i}
	}
	all := make([]format.SrchEntry, 10)
	for i := range all {
		all[i] = entry(uint64(i))
	}
	tests := []struct {
		name    string
		entries []format.SrchEntry
		want    []problem.Number
	}{
		{"all", all, nil},
		{"one missing", all[1:], one(problem.SearchEntryMissing)},
		{"one taken back", append(slices.Clone(all), entry(3)), one(problem.SearchEntryMissing)},
		{"one taken back and given again", append(slices.Clone(all), entry(3), entry(3)), nil},
		{"one of another file", append(slices.Clone(all), entry(70)), one(problem.SearchEntryStale)},
		{"one with another hash", append(slices.Clone(all), format.SrchEntry{Hash: 1, Ino: format.FirstFreeIno}), one(problem.SearchEntryStale)},
		{"one with another id", append(slices.Clone(all), format.SrchEntry{Hash: format.SrchHash(tagged), Ino: format.FirstFreeIno, ID: 1}), one(problem.SearchEntryStale)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := files(t, 10)
			putSearch(t, b, test.entries)
			if got := wrongOf(t, b.Devices(t).Meta, items.Options{}); !slices.Equal(got, test.want) {
				t.Errorf("found %v, want %v", got, test.want)
			}
		})
	}
}

func TestUnreadableSearchFilesAreNotJudged(t *testing.T) {
	t.Parallel()
	b := files(t, 10)
	clear(b.Srch)
	meta := b.Devices(t).Meta
	r, _ := volume(t, meta)
	r.DataBlocks, r.SearchUnknown = format.FirstDataBlkno, true
	_, found := check(t, meta, items.Options{Volume: r})
	if wrong := found.wrong(); len(wrong) > 0 || len(found.all) != 1 || found.all[0].Number != problem.CheckIncomplete {
		t.Errorf("found %v", found.all)
	}
}

// logged moves some items of a volume to a log tree, and leaves older ones in
// their places.
func logged(t *testing.T, b *testvolume.Builder, change func(fs, log map[format.Key][]byte)) device.Device {
	t.Helper()
	log := map[format.Key][]byte{}
	change(b.Items, log)
	var logItems []testblock.Item
	for _, k := range slices.SortedFunc(maps.Keys(log), format.Key.Compare) {
		it := testblock.Item{Key: k, Seq: 50, Value: log[k]}
		if it.Value == nil {
			it.Flags = format.ItemFlagDeletion
		}
		logItems = append(logItems, it)
	}
	var lt format.LogTrees
	lt.RID.Set(5)
	lt.Nr.Set(1)
	lt.ItemRoot.Set(b.Blocks.Tree(20, logItems...))
	lt.BloomRef.Set(b.Blocks.Add(format.MagicBloom, testblock.NewBlock()))
	lt.InodeCountDelta.Set(3)
	b.Super.InodeCount.Set(b.Super.InodeCount.Get() - 3)
	b.LogTrees[format.LogTreesKey(5, 1)] = format.Bytes(&lt)
	return b.Devices(t).Meta
}

func TestLogTreesCount(t *testing.T) {
	t.Parallel()
	stale := func(v []byte) []byte { return append(slices.Clone(v), 0) }
	meta := logged(t, files(t, 40), func(fs, log map[format.Key][]byte) {
		for k, v := range fs {
			switch {
			case k.Zone == format.ZoneInodeIndex:
			case k.Zone == format.ZoneXattrTotl:
				// A third of it is a delta.
				var part, rest format.XattrTotal
				part.Total.Set(3 * 13)
				part.Count.Set(13)
				rest.Total.Set(3 * 27)
				rest.Count.Set(27)
				fs[k], log[k] = format.Bytes(&rest), format.Bytes(&part)
			case k.Type == format.TypeReaddir, k.Type == format.TypeInode && k.Third%3 == 0:
				// What fs_root has is too old.
				log[k], fs[k] = v, stale(v)
			case k.Type == format.TypeXattr && k.First%2 == 0:
				log[k] = v
				delete(fs, k)
			}
		}
		// And what is not any more.
		for i := range uint64(20) {
			fs[format.InodeIndexKey(format.TypeMetaSeq, 1, format.FirstFreeIno+i)] = nil
			log[format.InodeIndexKey(format.TypeMetaSeq, 1, format.FirstFreeIno+i)] = nil
			fs[format.ReaddirKey(format.RootIno, 1000+i)] = []byte("gone")
			log[format.ReaddirKey(format.RootIno, 1000+i)] = nil
		}
	})
	for _, workers := range []int{1, 5} {
		if got := wrongOf(t, meta, items.Options{Workers: workers}); len(got) > 0 {
			t.Errorf("with %d workers: found %v", workers, got)
		}
	}
	// The same with one deletion that should not be.
	meta = logged(t, files(t, 40), func(_, log map[format.Key][]byte) {
		log[format.ReaddirKey(format.RootIno, 9)] = nil
	})
	if got := wrongOf(t, meta, items.Options{}); !slices.Equal(got, one(problem.ReaddirMissing)) {
		t.Errorf("found %v", got)
	}
}

func TestWorkersShareWhatTheyFind(t *testing.T) {
	t.Parallel()
	b := files(t, 400)
	for i := range uint64(400) {
		ino := format.FirstFreeIno + i
		switch i % 4 {
		case 0:
			delete(b.Items, format.InodeIndexKey(format.TypeMetaSeq, 10, ino))
		case 1:
			b.Inode(ino, format.ModeRegular|0o644, func(in *format.Inode) {
				in.MetaSeq.Set(10)
				in.DataSeq.Set(9)
				in.NextXattrID.Set(2)
				in.Nlink.Set(2)
			})
		}
	}
	b.PerBlock = 10
	meta := b.Devices(t).Meta
	for _, workers := range []int{1, 2, 7} {
		counts := map[problem.Number]int{}
		for _, n := range wrongOf(t, meta, items.Options{Workers: workers, Memory: 1}) {
			counts[n]++
		}
		if want := map[problem.Number]int{problem.MetaSeqIndexMissing: 100, problem.InodeLinkCount: 100}; !maps.Equal(counts, want) {
			t.Errorf("with %d workers: found %v, want %v", workers, counts, want)
		}
	}
}
