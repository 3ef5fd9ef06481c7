// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/forest"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testsample"
)

// kernelMerge leaves a merge half done as servers and mounts do it
// (docs/format.md 7.5): jobs that change sub-trees of fs_root in blocks of their
// own, and completions that wait to be spliced.
type kernelMerge struct {
	tb     testing.TB
	pair   device.Pair
	server *server.Server
	status format.LogMergeStatus
	inputs []*format.LogTrees
	next   format.Key // of the next job
	rng    *rand.Rand
}

// jobBlocks is how many blocks a job gets.
const jobBlocks = 300

func beginKernelMerge(tb testing.TB, pair device.Pair, s *server.Server) *kernelMerge {
	tb.Helper()
	k := &kernelMerge{tb: tb, pair: pair, server: s, rng: rand.New(rand.NewPCG(9, 9))}
	k.inputs = forest.MergeInputs(loadSnapshot(tb, pair).LogTrees, nil)
	k.status.Seq.Set(s.AdvanceSeq())
	k.commit(func(ctx context.Context, c *server.Commit) {
		k.setRange(ctx, c, nil, format.AllKeys())
		k.force(ctx, c, format.LogMergeStatusKey(), format.Bytes(&k.status))
	})
	return k
}

func (k *kernelMerge) commit(change func(ctx context.Context, c *server.Commit)) {
	k.tb.Helper()
	err := k.server.Commit(k.tb.Context(), func(ctx context.Context, c *server.Commit) error {
		change(ctx, c)
		return nil
	})
	if err != nil {
		k.tb.Fatal(err)
	}
}

func (k *kernelMerge) change(c *server.Commit, f func(w *btree.Writer) error) {
	k.tb.Helper()
	w := btree.NewWriter(c.Blocks, c.Super.LogMerge.Root(), format.TreeLogMerge)
	if err := f(w); err != nil {
		k.tb.Fatal(err)
	}
	c.Super.LogMerge.Set(w.Root())
}

func (k *kernelMerge) force(ctx context.Context, c *server.Commit, key format.Key, value []byte) {
	k.tb.Helper()
	k.change(c, func(w *btree.Writer) error { return w.Force(ctx, btree.Item{Key: key, Value: value}) })
}

func (k *kernelMerge) delete(ctx context.Context, c *server.Commit, key format.Key) {
	k.tb.Helper()
	k.change(c, func(w *btree.Writer) error { return w.Delete(ctx, key) })
}

// setRange replaces a range item, or adds one.
func (k *kernelMerge) setRange(ctx context.Context, c *server.Commit, old *format.Key, r format.Range) {
	k.tb.Helper()
	if old != nil {
		k.delete(ctx, c, format.LogMergeRangeKey(*old))
	}
	var v format.LogMergeRange
	v.Start.Set(r.Start)
	v.End.Set(r.End)
	k.force(ctx, c, format.LogMergeRangeKey(r.Start), format.Bytes(&v))
}

// nextLogged is the first key at or after one that an input has.
func (k *kernelMerge) nextLogged(from format.Key) (least format.Key, ok bool) {
	for _, lt := range k.inputs {
		tree := btree.Tree{Reader: k.server.Blocks(), Root: lt.ItemRoot.Root(), Kind: format.TreeLogItems}
		it, err := tree.Next(k.tb.Context(), from)
		if errors.Is(err, syscall.ENOENT) {
			continue
		}
		if err != nil {
			k.tb.Fatal(err)
		}
		if !ok || it.Key.Less(least) {
			least, ok = it.Key, true
		}
	}
	return least, ok
}

// whole reports whether a job is given all of fs_root.
func whole(root format.Root) bool { return root.Height <= 2 }

// parentOf is fs_root's level-1 block that covers a key, or the root.
func (k *kernelMerge) parentOf(key format.Key) btree.Block {
	if root := k.server.Super().FSRoot.Root(); whole(root) {
		return btree.Block{Ref: root.Ref, Level: int(root.Height) - 1, Range: format.AllKeys()}
	}
	tree := btree.Tree{Reader: k.server.Blocks(), Root: k.server.Super().FSRoot.Root(), Kind: format.TreeFSRoot}
	for b, err := range tree.Refs(k.tb.Context()) {
		if err != nil {
			k.tb.Fatal(err)
		}
		if b.Level == 1 && b.Range.Contains(key) {
			return b
		}
	}
	k.tb.Fatalf("no parent for %v", key)
	return btree.Block{}
}

// request hands out a job. It returns false if nothing is left to merge.
func (k *kernelMerge) request() (format.LogMergeRequest, btree.Block, bool) {
	var req format.LogMergeRequest
	start, ok := k.nextLogged(k.next)
	if !ok {
		return req, btree.Block{}, false
	}
	parent := k.parentOf(start)
	req.Start.Set(start)
	req.End.Set(parent.Range.End)
	height := k.server.Super().FSRoot.Height
	if height > 2 {
		height = 2
		req.Flags.Set(format.LogMergeRequestSubtree)
	}
	req.RID.Set(77)
	req.Seq.Set(k.server.AdvanceSeq())
	req.InputSeq = k.status.Seq
	k.commit(func(ctx context.Context, c *server.Commit) {
		req.Root.Set(format.Root{Ref: parent.Ref, Height: height})
		req.LogsRoot = c.Super.LogsRoot
		old := k.next
		k.delete(ctx, c, format.LogMergeRangeKey(old))
		if !parent.Range.End.IsMax() {
			k.setRange(ctx, c, nil, format.Range{Start: parent.Range.End.Next(), End: format.MaxKey()})
		}
		req.MetaAvail = giveBlocks(ctx, k.tb, c)
		k.status.NrRequests.Set(k.status.NrRequests.Get() + 1)
		k.force(ctx, c, format.LogMergeStatusKey(), format.Bytes(&k.status))
		k.force(ctx, c, format.LogMergeRequestKey(77, req.Seq.Get()), format.Bytes(&req))
	})
	k.next = parent.Range.End.Next()
	return req, parent, true
}

// giveBlocks makes a list of blocks for a job of a mount. They are written
// once, so that they are nobody else's.
func giveBlocks(ctx context.Context, tb testing.TB, c *server.Commit) format.AllocListHead {
	tb.Helper()
	var head format.AllocListHead
	raw, ref, err := c.Blocks.New(ctx, format.MagicAllocList)
	if err != nil {
		tb.Fatal(err)
	}
	list, err := format.ViewAllocListBlock(raw)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range jobBlocks {
		_, free, err := c.Blocks.New(ctx, format.MagicBtree)
		if err != nil {
			tb.Fatal(err)
		}
		list.Blknos[i].Set(free.Blkno)
	}
	list.Nr.Set(jobBlocks)
	head.Ref.Set(ref)
	head.FirstNr.Set(jobBlocks)
	head.TotalNr.Set(jobBlocks)
	return head
}

// jobSpace are the blocks of a job.
type jobSpace struct{ avail, freed []uint64 }

func (s *jobSpace) Alloc(context.Context) (uint64, error) {
	blkno := s.avail[0]
	s.avail = s.avail[1:]
	return blkno, nil
}

func (s *jobSpace) Free(_ context.Context, blkno uint64) error {
	s.freed = append(s.freed, blkno)
	return nil
}

// run does a job up to so many items, and stores its completion.
func (k *kernelMerge) run(req format.LogMergeRequest, parent btree.Block, items int) {
	k.tb.Helper()
	ctx := k.tb.Context()
	space := &jobSpace{}
	raw, err := k.server.Blocks().Read(ctx, req.MetaAvail.Ref.Ref(), format.MagicAllocList)
	if err != nil {
		k.tb.Fatal(err)
	}
	list, err := format.ViewAllocListBlock(raw)
	if err != nil {
		k.tb.Fatal(err)
	}
	entries, _ := list.Entries()
	for i := range entries {
		space.avail = append(space.avail, entries[i].Get())
	}
	space.freed = append(space.freed, req.MetaAvail.Ref.Ref().Blkno)
	w := block.NewWriter(k.server.Blocks(), k.pair.Meta, k.server.Super().Hdr.FSID.Get(), space, k.rng.Uint64)
	root := k.server.Super().FSRoot.Root()
	fs := btree.NewWriter(w, root, format.TreeFSRoot)
	within := format.Range{Start: req.Start.Key(), End: req.End.Key()}
	left, err := forest.Merge(ctx, fs, k.inputs, []format.Range{within}, func() bool { items--; return items < 0 })
	if err != nil {
		k.tb.Fatal(err)
	}
	done := format.LogMergeComplete{Start: req.Start, End: req.End, RID: req.RID, Seq: req.Seq}
	done.Root.Set(fs.Root())
	if !whole(root) {
		done.Root.Set(format.Root{Ref: k.subtree(w, fs, space, root, parent), Height: 2})
	}
	if len(left) > 0 {
		done.Flags.Set(format.LogMergeCompleteRemain)
		done.Remain.Set(left[0].Start)
	}
	done.MetaAvail, done.MetaFreed = k.writeList(w, &space.avail), k.writeList(w, &space.freed)
	// The lists' own blocks came from the list while it was written.
	k.fixList(w, done.MetaAvail, space.avail)
	done.MetaAvail.FirstNr.Set(uint32(len(space.avail)))
	done.MetaAvail.TotalNr.Set(uint64(len(space.avail)))
	if err := w.Write(ctx); err != nil {
		k.tb.Fatal(err)
	}
	k.commit(func(ctx context.Context, c *server.Commit) {
		k.delete(ctx, c, format.LogMergeRequestKey(77, req.Seq.Get()))
		k.status.NrRequests.Set(k.status.NrRequests.Get() - 1)
		k.status.NrComplete.Set(k.status.NrComplete.Get() + 1)
		k.force(ctx, c, format.LogMergeStatusKey(), format.Bytes(&k.status))
		k.force(ctx, c, format.LogMergeCompleteKey(done.Seq.Get()), format.Bytes(&done))
	})
}

// subtree returns the block that has become of a job's parent. A job does not
// have the blocks above it, so it can neither have changed nor freed them.
func (k *kernelMerge) subtree(w *block.Writer, fs *btree.Writer, space *jobSpace, root format.Root, parent btree.Block) format.Ref {
	k.tb.Helper()
	if fs.Root() == root {
		return parent.Ref
	}
	var now format.Ref
	for b, err := range fs.Tree().Refs(k.tb.Context()) {
		switch {
		case err != nil:
			k.tb.Fatal(err)
		case b.Level == 1 && b.Range == parent.Range:
			now = b.Ref
		}
	}
	if fs.Root().Height != 3 || now.IsZero() {
		k.tb.Fatal("the job has split or joined its parent")
	}
	if err := w.Free(k.tb.Context(), fs.Root().Ref); err != nil {
		k.tb.Fatal(err)
	}
	space.freed = slices.DeleteFunc(space.freed, func(blkno uint64) bool { return blkno == root.Ref.Blkno })
	return now
}

// writeList writes a list's only block.
func (k *kernelMerge) writeList(w *block.Writer, blknos *[]uint64) format.AllocListHead {
	k.tb.Helper()
	var head format.AllocListHead
	_, ref, err := w.New(k.tb.Context(), format.MagicAllocList)
	if err != nil {
		k.tb.Fatal(err)
	}
	head.Ref.Set(ref)
	head.FirstNr.Set(uint32(len(*blknos)))
	head.TotalNr.Set(uint64(len(*blknos)))
	k.fixList(w, head, *blknos)
	return head
}

func (k *kernelMerge) fixList(w *block.Writer, head format.AllocListHead, blknos []uint64) {
	k.tb.Helper()
	raw, err := w.Read(k.tb.Context(), head.Ref.Ref(), format.MagicAllocList)
	if err != nil {
		k.tb.Fatal(err)
	}
	list, err := format.ViewAllocListBlock(raw)
	if err != nil {
		k.tb.Fatal(err)
	}
	list.Nr.Set(uint32(len(blknos)))
	for i, blkno := range blknos {
		list.Blknos[i].Set(blkno)
	}
}

// splice begins what a server does when jobs are done: it puts a completion's
// sub-tree into fs_root, and leaves its item.
func (k *kernelMerge) splice(n int) {
	k.tb.Helper()
	k.commit(func(ctx context.Context, c *server.Commit) {
		fs := btree.NewWriter(c.Blocks, c.Super.FSRoot.Root(), format.TreeFSRoot)
		tree := btree.Tree{Reader: k.server.Blocks(), Root: c.Super.LogMerge.Root(), Kind: format.TreeLogMerge}
		for it, err := range tree.Items(ctx, format.Range{Start: format.LogMergeCompleteKey(0), End: format.LogMergeFreeingKey(0)}) {
			if err != nil {
				k.tb.Fatal(err)
			}
			if n--; n < 0 {
				break
			}
			v, err := format.ViewExact[format.LogMergeComplete](it.Value)
			if err != nil {
				k.tb.Fatal(err)
			}
			own := *v
			if whole(fs.Root()) {
				fs = btree.NewWriter(c.Blocks, own.Root.Root(), format.TreeFSRoot)
			} else if err := fs.Splice(ctx, own.Start.Key(), own.Root.Root()); err != nil {
				k.tb.Fatal(err)
			}
			for _, head := range []*format.AllocListHead{&own.MetaAvail, &own.MetaFreed} {
				if err := c.FreeList(ctx, *head); err != nil {
					k.tb.Fatal(err)
				}
				*head = format.AllocListHead{}
			}
			k.force(ctx, c, it.Key, format.Bytes(&own))
		}
		c.Super.FSRoot.Set(fs.Root())
		k.status.NrComplete.Set(8)
		k.force(ctx, c, format.LogMergeStatusKey(), format.Bytes(&k.status))
	})
}

// halfDone is what a kernel has done of a merge.
type halfDone struct {
	name    string
	items   []int // of the jobs that are done
	open    bool  // one more was handed out
	spliced int   // of the completions
}

func TestMergesOfSubtreesThatAKernelLeftHalfDoneAreFinished(t *testing.T) {
	t.Parallel()
	for _, test := range testsample.Of([]halfDone{
		{name: "spliced ones", items: []int{60, 1 << 30, 30}, spliced: 2},
		{name: "jobs with and without a rest", items: []int{1 << 30, 40, 100}},
		{name: "one job", items: []int{1 << 30}},
		{name: "a job that did nothing", items: []int{0, 100}},
		{name: "a job in progress", items: []int{50}, open: true},
		{name: "all spliced", items: []int{60, 1 << 30}, spliced: 2},
	}, 1) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, "many", 3)
		})
	}
}

func TestMergesOfSmallTreesThatAKernelLeftHalfDoneAreFinished(t *testing.T) {
	t.Parallel()
	for _, test := range []halfDone{
		{name: "a finished job", items: []int{1 << 30}},
		{name: "a job with a rest", items: []int{700}},
		{name: "a job that is spliced", items: []int{700}, spliced: 1},
		{name: "a job in progress", open: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, "two-mounts", 1)
		})
	}
}

// run leaves an image's merge half done, and finishes it.
func (h halfDone) run(t *testing.T, image string, height uint8) {
	t.Helper()
	pair := overlayImage(t, testimage.Get(t, image))
	before, entries := loadView(t, pair), inodes(loadSnapshot(t, pair))
	s, err := openServer(t, pair, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Super().FSRoot.Height; got != height {
		t.Fatalf("fs_root has height %d, want %d", got, height)
	}
	k := beginKernelMerge(t, pair, s)
	for _, items := range h.items {
		req, parent, ok := k.request()
		if !ok {
			break
		}
		k.run(req, parent, items)
	}
	if h.open {
		k.request()
	}
	if h.spliced > 0 {
		k.splice(h.spliced)
	}
	if testsample.All() || height == 1 {
		compareViews(t, "half merged", loadView(t, pair), before)
	}
	if found := problems(t, pair); found != "" && !h.open {
		t.Fatalf("the half done merge is not sound:\n%s", found)
	}
	if err := s.Merge(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	compareViews(t, "merged", loadView(t, pair), before)
	checkMerged(t, pair)
	if n := inodes(loadSnapshot(t, pair)); n != entries {
		t.Errorf("%d inodes are counted, want %d", n, entries)
	}
	if found := problems(t, pair); found != "" {
		t.Errorf("after the merge:\n%s", found)
	}
}
