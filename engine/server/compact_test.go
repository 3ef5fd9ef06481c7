// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/engine/srch"
	"scoutfs/internal/testcheck"
)

// pairs are entries of which each is there twice: the search files of a volume
// without attributes.
func pairs(rng *rand.Rand, n int) []format.SrchEntry {
	var list []format.SrchEntry
	for range n {
		e := format.SrchEntry{Hash: rng.Uint64(), Ino: 1 + rng.Uint64N(1<<40), ID: rng.Uint64N(3)}
		list = append(list, e, e)
	}
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// changeSrch changes srch_root in a commit.
func changeSrch(t testing.TB, s *server.Server, change func(ctx context.Context, c *server.Commit, w *btree.Writer) error) {
	t.Helper()
	err := s.Commit(t.Context(), func(ctx context.Context, c *server.Commit) error {
		w := btree.NewWriter(c.Blocks, c.Super.SrchRoot.Root(), format.TreeSrchRoot)
		if err := change(ctx, c, w); err != nil {
			return err
		}
		c.Super.SrchRoot.Set(w.Root())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// addFile adds a search file of entries, which are sorted unless it is a log.
func addFile(t testing.TB, s *server.Server, log bool, list []format.SrchEntry) format.SrchFile {
	t.Helper()
	if !log {
		slices.SortFunc(list, format.SrchEntry.Compare)
	}
	var file format.SrchFile
	changeSrch(t, s, func(ctx context.Context, c *server.Commit, w *btree.Writer) (err error) {
		if file, err = srch.Append(ctx, c.Blocks, file, list); err != nil {
			return err
		}
		key := format.SrchLogKey(file.Ref.Ref().Blkno)
		if !log {
			key = format.SrchBlocksKey(file.Blocks.Get(), file.Ref.Ref().Blkno)
		}
		return w.Insert(ctx, btree.Item{Key: key, Value: format.Bytes(&file)})
	})
	return file
}

// srchItems counts the items of srch_root by kind, and sorted files by tier.
func srchItems(t testing.TB, pair device.Pair) (kinds map[format.ItemKind]int, tiers map[int]int) {
	t.Helper()
	s := loadSnapshot(t, pair)
	kinds, tiers = map[format.ItemKind]int{}, map[int]int{}
	tree := btree.Tree{Reader: s.Blocks(), Root: s.Super.SrchRoot.Root(), Kind: format.TreeSrchRoot}
	for it, err := range tree.Items(t.Context(), format.AllKeys()) {
		if err != nil {
			t.Fatal(err)
		}
		kinds[format.KindOf(it.Key)]++
		if format.KindOf(it.Key) == format.KindSrchBlocks {
			tiers[srch.Tier(it.Key.Second)]++
		}
	}
	return kinds, tiers
}

// fillSearchFiles adds files of every kind, with entries that cancel each other
// and others that do not, which it returns.
func fillSearchFiles(t testing.TB, s *server.Server, rng *rand.Rand, logs, small, large int) (odd []format.SrchEntry) {
	t.Helper()
	list := pairs(rng, 400*(logs+small)+5000*large)
	for range 100 + 4000*large {
		odd = append(odd, format.SrchEntry{Hash: rng.Uint64(), Ino: 5, ID: 6})
	}
	list = append(list, odd...)
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	take := func(n int) []format.SrchEntry {
		n = min(n, len(list))
		some := slices.Clone(list[:n])
		list = list[n:]
		return some
	}
	for range logs {
		addFile(t, s, true, take(800))
	}
	for range small {
		addFile(t, s, false, take(800))
	}
	for range large - 1 {
		addFile(t, s, false, take(10000))
	}
	if large > 0 {
		addFile(t, s, false, take(len(list)))
	}
	slices.SortFunc(odd, format.SrchEntry.Compare)
	return odd
}

func TestCompactionLeavesFewFilesOfEachTier(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	pair := makeVolume(t, 1<<12, 1<<12, nil)
	s := openInSteps(t, pair, 1, 1)
	odd := fillSearchFiles(t, s, rng, 9, 6, 4)

	recorder := device.NewPairRecorder(pair)
	s = openInSteps(t, recorder.Pair(), 2, 1)
	if err := s.CompactSrch(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for _, n := range superWrites(recorder) {
		if got := searchEntries(t, recorder.Prefix(n)); !slices.Equal(got, odd) {
			t.Errorf("after %d operations %d entries are found, want %d, or others", n, len(got), len(odd))
		}
	}
	kinds, tiers := srchItems(t, pair)
	if kinds[format.KindSrchLog] >= 4 || kinds[format.KindSrchPending]+kinds[format.KindSrchBusy] > 0 {
		t.Errorf("%d log files, %d pending and %d busy compactions are left",
			kinds[format.KindSrchLog], kinds[format.KindSrchPending], kinds[format.KindSrchBusy])
	}
	for tier, n := range tiers {
		if n >= 4 {
			t.Errorf("%d files of tier %d are left", n, tier)
		}
	}
	// Entries without an attribute are taken back, for the check.
	addFile(t, s, true, odd)
	testcheck.Clean(t, pair)
}

func TestCompactionsOfDeadMountsAreEnded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		work func(ctx context.Context, c *server.Commit, w *btree.Writer, item *format.SrchCompact) error
	}{
		{"not begun", func(context.Context, *server.Commit, *btree.Writer, *format.SrchCompact) error { return nil }},
		{"half done", func(ctx context.Context, c *server.Commit, _ *btree.Writer, item *format.SrchCompact) error {
			done, err := srch.Compact(ctx, c.Blocks.Reader(), c.Blocks, item, 2)
			if done {
				err = errors.New("there is nothing left to do")
			}
			return err
		}},
		{"half deleted", func(ctx context.Context, c *server.Commit, w *btree.Writer, item *format.SrchCompact) error {
			done, err := srch.Compact(ctx, c.Blocks.Reader(), c.Blocks, item, 1000)
			if err != nil || !done {
				return errors.Join(err, errors.New("it should have been done"))
			}
			out := &item.Out
			if err := w.Insert(ctx, btree.Item{Key: format.SrchBlocksKey(out.Blocks.Get(), out.Ref.Ref().Blkno), Value: format.Bytes(out)}); err != nil {
				return err
			}
			for i := range item.Inputs() {
				file := &item.In[i].File
				if err := w.Delete(ctx, format.SrchBlocksKey(file.Blocks.Get(), file.Ref.Ref().Blkno)); err != nil {
					return err
				}
				item.In[i].Blk.Set(0)
				item.In[i].Pos.Set(0)
			}
			item.Flags = format.SrchCompactDelete
			// The first leaf of the first input is free already.
			f, err := srch.Open(c.Blocks.Reader(), &item.In[0].File)
			if err != nil {
				return err
			}
			_, ref, err := f.Leaf(ctx, 0)
			if err != nil {
				return err
			}
			item.In[0].Blk.Set(1)
			item.In[0].Pos.Set(1)
			c.FreeMeta(format.Extent{Start: ref.Blkno, Len: 1})
			return nil
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			const rid = 0x123456
			pair := makeVolume(t, 1<<12, 1<<12, nil)
			s := openInSteps(t, pair, 1, 1)
			odd := fillSearchFiles(t, s, rand.New(rand.NewPCG(3, 4)), 0, 0, 4)
			item := format.SrchCompact{Flags: format.SrchCompactSorted, Nr: 4}
			snapshot := loadSnapshot(t, pair)
			i := 0
			for source, err := range srch.Files(t.Context(), snapshot.Blocks(), snapshot.Super) {
				if err != nil {
					t.Fatal(err)
				}
				item.In[i].File = fileOf(t, pair, source.Key)
				i++
			}
			item.ID.Set(item.In[0].File.Ref.Ref().Blkno)
			changeSrch(t, s, func(ctx context.Context, c *server.Commit, w *btree.Writer) error {
				if err := test.work(ctx, c, w, &item); err != nil {
					return err
				}
				item.MetaAvail = giveBlocks(ctx, t, c)
				clients := btree.NewWriter(c.Blocks, c.Super.MountedClients.Root(), format.TreeMountedClients)
				client := format.MountedClient{}
				if err := clients.Insert(ctx, btree.Item{Key: format.MountedClientKey(rid), Value: format.Bytes(&client)}); err != nil {
					return err
				}
				c.Super.MountedClients.Set(clients.Root())
				return w.Insert(ctx, btree.Item{Key: format.SrchBusyKey(rid, item.ID.Get()), Value: format.Bytes(&item)})
			})
			report, err := recoverVolume(t, pair, dead(1))
			if err != nil || report.Compactions != 1 || len(report.Mounts) != 1 || report.Mounts[0].RID != rid {
				t.Fatalf("%+v, %v", *report, err)
			}
			if got := searchEntries(t, pair); !slices.Equal(got, odd) {
				t.Errorf("%d entries are found, want %d, or others", len(got), len(odd))
			}
			s = openInSteps(t, pair, 2, 1)
			if err := s.CompactSrch(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if got := searchEntries(t, pair); !slices.Equal(got, odd) {
				t.Errorf("after compaction %d entries are found, want %d, or others", len(got), len(odd))
			}
			if kinds, _ := srchItems(t, pair); len(kinds) != 1 || kinds[format.KindSrchBlocks] != 1 {
				t.Errorf("srch_root has %v", kinds)
			}
			addFile(t, s, true, odd)
			testcheck.Clean(t, pair)
		})
	}
}

// fileOf returns what a search file's item says.
func fileOf(t testing.TB, pair device.Pair, key format.Key) format.SrchFile {
	t.Helper()
	s := loadSnapshot(t, pair)
	tree := btree.Tree{Reader: s.Blocks(), Root: s.Super.SrchRoot.Root(), Kind: format.TreeSrchRoot}
	it, err := tree.Lookup(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	file, err := format.ViewExact[format.SrchFile](it.Value)
	if err != nil {
		t.Fatal(err)
	}
	return *file
}
