// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"scoutfs/engine/alloc"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/internal/testcheck"
)

// mustCommit commits a change.
func (v *volume) mustCommit(change func(context.Context, *server.Commit) error) {
	v.tb.Helper()
	if err := v.server.Commit(v.tb.Context(), change); err != nil {
		v.tb.Fatal(err)
	}
}

// takeAway makes a run of metadata blocks nobody's.
func (v *volume) takeAway(blocks uint64) (e format.Extent) {
	v.tb.Helper()
	v.mustCommit(func(ctx context.Context, c *server.Commit) (err error) {
		larger := &c.Super.MetaAlloc[0]
		if other := &c.Super.MetaAlloc[1]; other.TotalLen.Get() > larger.TotalLen.Get() {
			larger = other
		}
		x := alloc.NewExtentWriter(c.Blocks, *larger)
		e, err = x.TakeLargest(ctx, blocks)
		*larger = x.Root()
		return err
	})
	return e
}

// occupy commits so many blocks that are nobody's.
func (v *volume) occupy(blocks int) (refs []format.Ref) {
	v.tb.Helper()
	v.mustCommit(func(ctx context.Context, c *server.Commit) error {
		for range blocks {
			_, ref, err := c.Blocks.New(ctx, format.MagicBloom)
			if err != nil {
				return err
			}
			refs = append(refs, ref)
		}
		return nil
	})
	return refs
}

// vacate commits that such blocks are free.
func (v *volume) vacate(refs []format.Ref) {
	v.tb.Helper()
	v.mustCommit(func(ctx context.Context, c *server.Commit) error {
		for _, ref := range refs {
			if err := c.Blocks.Free(ctx, ref); err != nil {
				return err
			}
		}
		return nil
	})
}

// listed returns how many blocks wait in the lists of freed ones.
func listed(s *format.Super) (freed uint64) {
	return s.ServerMetaFreed[0].TotalNr.Get() + s.ServerMetaFreed[1].TotalNr.Get()
}

// Tens of thousands of single blocks that are freed at once do not fit one
// block of a list. The chain that they make grows shorter with each commit, and
// what commits free meanwhile is not lost.
func TestALongListOfFreedBlocksBecomesShort(t *testing.T) {
	t.Parallel()
	v := openVolume(t, makeVolume(t, 1<<17, 1<<16, nil), 1)
	v.commit()
	meta, _ := free(t, v)
	const blocks = 50_000
	e := v.takeAway(blocks)
	if e.Len != blocks {
		t.Fatalf("took %d blocks", e.Len)
	}
	v.mustCommit(func(_ context.Context, c *server.Commit) error {
		for i := range uint64(blocks / 2) {
			c.FreeMeta(format.Extent{Start: e.Start + 2*i, Len: 1})
		}
		return nil
	})
	if n := listed(v.server.Super()); n < 2*format.AllocListEntries {
		t.Fatalf("%d blocks wait in lists", n)
	}
	for i := 0; ; i++ {
		before := listed(v.server.Super())
		v.begin()
		v.fill(t)
		v.commit()
		checkNextMount(t, v.server.Super())
		if i%2 == 1 && listed(v.server.Super()) < 500 {
			break
		}
		if i > 40 {
			t.Fatalf("%d blocks wait after %d commits, %d before the last", listed(v.server.Super()), i, before)
		}
	}
	v.mustCommit(func(_ context.Context, c *server.Commit) error {
		for i := range uint64(blocks / 2) {
			c.FreeMeta(format.Extent{Start: e.Start + 2*i + 1, Len: 1})
		}
		return nil
	})
	testcheck.Clean(t, v.pair)
	v.begin()
	for _, ino := range slices.Sorted(maps.Keys(v.files)) {
		v.remove(ino)
	}
	for range 20 {
		v.commit()
	}
	testcheck.Clean(t, v.pair)
	if got, _ := free(t, v); got+8 < meta || got > meta+8 {
		t.Errorf("%d metadata blocks are free, at first %d", got, meta)
	}
}

// A list that its owner gives up is freed with all that it names.
func TestFreeListFreesTheListToo(t *testing.T) {
	t.Parallel()
	v := openVolume(t, makeVolume(t, 1<<15, 1<<16, nil), 1)
	v.commit()
	meta, _ := free(t, v)
	e := v.takeAway(3000)
	var head format.AllocListHead
	v.mustCommit(func(ctx context.Context, c *server.Commit) error {
		l := &alloc.List{}
		for i := range uint64(2) {
			if i > 0 {
				l.Next, l.Rest, l.Entries = l.Ref, l.Total(), nil
			}
			for blkno := e.Start + 1500*i; blkno < e.Start+1500*(i+1); blkno++ {
				l.Entries = append(l.Entries, blkno)
			}
			block, ref, err := c.Blocks.New(ctx, format.MagicAllocList)
			if err != nil {
				return err
			}
			if err := l.Fill(block); err != nil {
				return err
			}
			l.Ref = ref
		}
		head = l.Head()
		return nil
	})
	v.mustCommit(func(ctx context.Context, c *server.Commit) error { return c.FreeList(ctx, head) })
	testcheck.Clean(t, v.pair)
	if got, _ := free(t, v); got+4 < meta || got > meta+4 {
		t.Errorf("%d metadata blocks are free, before %d", got, meta)
	}
	if err := v.server.Commit(t.Context(), func(ctx context.Context, c *server.Commit) error { return c.FreeList(ctx, head) }); err == nil {
		t.Error("a list was freed twice")
	}
}

// On a metadata device that gets full, no commit fails that takes no more than
// there is room for, and everything can be deleted again.
func TestACommitThatFitsSucceedsOnAFullDevice(t *testing.T) {
	t.Parallel()
	v := openVolume(t, makeVolume(t, 1300, 1<<16, nil), 1)
	v.commit()
	away := v.occupy(350) // makes it sooner full
	meta, data := free(t, v)
	if !v.server.Low() {
		t.Error("a small device is not low on space")
	}
	// What a batch takes: each leaf that it touches, of which there are two
	// places, gets full and is copied.
	const batch, need = 100, 12
	commits := 0
	for idle := 0; idle < 4; {
		if v.server.Room() < 200 { // to delete again what there is
			v.begin()
			v.commit()
			idle++
			continue
		}
		idle = 0
		v.begin()
		v.fill0(t, batch)
		dirty := 0
		v.mustCommit(func(ctx context.Context, c *server.Commit) error {
			err := v.apply(ctx, c)
			dirty = c.Blocks.Dirty()
			return err
		})
		clear(v.changes)
		v.inodes = 0
		if dirty > need {
			t.Fatalf("a batch took %d blocks", dirty)
		}
		checkNextMount(t, v.server.Super())
		if commits++; commits > 4000 {
			t.Fatal("the device does not get full")
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	// What is left is what both lists keep, and the 200 of each.
	if m, _ := free(t, v); m > 900 || m > meta-50 {
		t.Errorf("%d of %d blocks are left", m, meta)
	}
	inos := slices.Sorted(maps.Keys(v.files))
	for part := range slices.Chunk(inos, 2000) {
		v.begin()
		for _, ino := range part {
			v.remove(ino)
		}
		v.commit()
		checkNextMount(t, v.server.Super())
	}
	for range 4 {
		v.commit()
	}
	if m, d := free(t, v); m+8 < meta || m > meta+8 || d != data {
		t.Errorf("%d and %d blocks are free, at first %d and %d", m, d, meta, data)
	}
	v.vacate(away)
	testcheck.Clean(t, v.pair)
}

// A data device in single free blocks is used up and given back, in commits
// that change many extents of its tree.
func TestFragmentsOfTheDataDeviceAreAllUsed(t *testing.T) {
	t.Parallel()
	const blocks = 6000
	v := openVolume(t, makeVolume(t, 1<<17, blocks+format.FirstDataBlkno, nil), 1)
	v.begin()
	for range blocks {
		if _, err := v.create(1, 1); err != nil {
			t.Fatal(err)
		}
	}
	v.commit()
	if _, d := free(t, v); d != 0 {
		t.Fatalf("%d data blocks are free", d)
	}
	inos := slices.Sorted(maps.Keys(v.files))
	v.begin()
	for i, ino := range inos {
		if i%2 == 0 {
			v.remove(ino)
		}
	}
	if got := v.server.Data().Freed(); got != blocks/2 {
		t.Errorf("%d data blocks wait to be free", got)
	}
	if _, err := v.server.Data().Reserve(t.Context(), 1); err == nil {
		t.Error("freed blocks are given out before the commit")
	}
	v.commit()
	testcheck.Clean(t, v.pair)
	v.begin()
	if _, err := v.create(blocks/2, 5); err != nil {
		t.Fatal(err)
	}
	v.commit()
	testcheck.Clean(t, v.pair)
	v.begin()
	for _, ino := range slices.Sorted(maps.Keys(v.files)) {
		v.remove(ino)
	}
	v.commit()
	testcheck.Clean(t, v.pair)
	if _, d := free(t, v); d != blocks {
		t.Errorf("%d data blocks are free", d)
	}
}

// takeAll allocates all blocks that a commit's caller may take, and gives each
// up, which does not make it one that may be taken.
func takeAll(ctx context.Context, c *server.Commit) (n int, err error) {
	for ; c.Room() > 0; n++ {
		_, ref, err := c.Blocks.New(ctx, format.MagicBloom)
		if err == nil {
			err = c.Blocks.Free(ctx, ref)
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// Blocks that a commit frees are given out neither by it nor by the next, which
// takes them from the other pair of lists.
func TestFreedBlocksWait(t *testing.T) {
	t.Parallel()
	v := openVolume(t, makeVolume(t, 1<<13, 1<<12, nil), 1)
	refs := v.occupy(50)
	givenUp := errors.New("given up")
	taken := func(free bool) {
		t.Helper()
		err := v.server.Commit(t.Context(), func(ctx context.Context, c *server.Commit) error {
			if free {
				for _, ref := range refs {
					if err := c.Blocks.Free(ctx, ref); err != nil {
						return err
					}
				}
			}
			n := 0
			for ; ; n++ {
				_, ref, err := c.Blocks.New(ctx, format.MagicBloom)
				if err != nil {
					break
				}
				if slices.ContainsFunc(refs, func(r format.Ref) bool { return r.Blkno == ref.Blkno }) {
					t.Errorf("block %d is used again too early", ref.Blkno)
				}
				if err := c.Blocks.Free(ctx, ref); err != nil { // saves memory
					return err
				}
			}
			if n < 100 {
				t.Errorf("only %d blocks were to be had", n)
			}
			return givenUp
		})
		if !errors.Is(err, givenUp) {
			t.Fatal(err)
		}
	}
	taken(true)
	v.vacate(refs)
	taken(false)
	testcheck.Clean(t, v.pair)
}

// What Room promises holds in the worst case: every block is taken, the data
// device is in fragments of which many change, and much is freed in bulk.
func TestACommitMayTakeAllThatThereIsRoomFor(t *testing.T) {
	t.Parallel()
	v := openVolume(t, makeVolume(t, 1<<16, 1<<14, nil), 1)
	v.begin()
	for range 5000 {
		if _, err := v.create(1, 1); err != nil {
			t.Fatal(err)
		}
	}
	v.commit()
	bulk := v.takeAway(20_000)
	inos := slices.Sorted(maps.Keys(v.files))
	v.begin()
	for i, ino := range inos {
		if i%2 == 0 {
			v.remove(ino)
		}
	}
	taken := 0
	v.mustCommit(func(ctx context.Context, c *server.Commit) (err error) {
		if err := v.apply(ctx, c); err != nil {
			return err
		}
		for i := range bulk.Len / 2 {
			c.FreeMeta(format.Extent{Start: bulk.Start + 2*i, Len: 1})
		}
		taken, err = takeAll(ctx, c)
		return err
	})
	clear(v.changes)
	v.inodes = 0
	if taken < 100 {
		t.Errorf("only %d blocks were to be had", taken)
	}
	checkNextMount(t, v.server.Super())
	v.mustCommit(func(ctx context.Context, c *server.Commit) error {
		for i := range bulk.Len / 2 {
			c.FreeMeta(format.Extent{Start: bulk.Start + 2*i + 1, Len: 1})
		}
		_, err := takeAll(ctx, c)
		return err
	})
	checkNextMount(t, v.server.Super())
	testcheck.Clean(t, v.pair)
}

// When there is nothing to fill a list from, commits leave what the server of
// the next mount needs in the list that they take blocks from.
func TestTheNextMountFindsBlocksOnAnExhaustedDevice(t *testing.T) {
	t.Parallel()
	v := openVolume(t, makeVolume(t, 1300, 1<<12, nil), 1)
	var taken []format.Extent
	v.mustCommit(func(ctx context.Context, c *server.Commit) error {
		for i := range c.Super.MetaAlloc {
			x := alloc.NewExtentWriter(c.Blocks, c.Super.MetaAlloc[i])
			e, err := x.TakeLargest(ctx, 1<<20)
			if err != nil {
				return err
			}
			taken = append(taken, e)
			c.Super.MetaAlloc[i] = x.Root()
		}
		return nil
	})
	for range 6 {
		v.mustCommit(func(ctx context.Context, c *server.Commit) error {
			_, err := takeAll(ctx, c)
			return err
		})
		checkNextMount(t, v.server.Super())
	}
	v.mustCommit(func(_ context.Context, c *server.Commit) error {
		c.FreeMeta(taken...)
		return nil
	})
	testcheck.Clean(t, v.pair)
}
