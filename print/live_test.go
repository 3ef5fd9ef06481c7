// SPDX-License-Identifier: GPL-2.0-or-later

package print_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
	"scoutfs/print"
)

// liveVolume is a volume that is committed to beside its reader, as a mount
// does: changed blocks go to free places, then the super to its own, and
// places that a commit freed are written again from the next one on.
type liveVolume struct {
	*device.Memory
	every int // reads from one commit to the next; 0 is no commits

	t          testing.TB
	mu         sync.Mutex
	reads      int
	volume     *testblock.Volume
	random     *rand.Rand
	super      format.Super
	seq        uint64
	fs, log    *liveNode
	logsRoot   format.Ref
	free, next []uint64          // places that this and the next commit can write
	start      map[string]uint64 // state at the first read
}

// liveNode is a btree block.
type liveNode struct {
	ref      format.Ref
	level    int
	items    []testblock.Item // of a leaf
	children []*liveNode      // of a parent
}

func newLiveVolume(t *testing.T, every int) *liveVolume {
	t.Helper()
	v := testblock.New(t, 2048)
	l := &liveVolume{Memory: v.Dev, every: every, t: t, volume: v, random: rand.New(rand.NewPCG(1, 2)), seq: 1}
	for blkno := uint64(format.FirstMetaBlkno); blkno < 1024; blkno++ {
		l.free = append(l.free, blkno)
	}
	l.super.Flags.Set(format.SuperFlagMeta)
	ino := uint64(0)
	l.fs, l.log = l.grow(3, &ino), l.grow(2, &ino)
	writeQuorum(t, v)
	l.commit()
	return l
}

// grow makes a tree of six children in each block.
func (l *liveVolume) grow(level int, ino *uint64) *liveNode {
	n := &liveNode{level: level}
	for range 6 {
		if level > 0 {
			n.children = append(n.children, l.grow(level-1, ino))
			continue
		}
		*ino++
		n.items = append(n.items, testblock.Item{Key: format.OrphanKey(*ino), Seq: l.seq})
	}
	l.write(n)
	return n
}

// write writes a changed block to a free place.
func (l *liveVolume) write(n *liveNode) {
	items := n.items
	for i, child := range n.children {
		key := format.MaxKey()
		if i < len(n.children)-1 {
			key = child.last()
		}
		items = append(items, testblock.RefItem(key, child.ref))
	}
	n.ref = l.move(n.ref, testblock.Btree(n.level, items...))
}

func (n *liveNode) last() format.Key {
	for ; n.level > 0; n = n.children[len(n.children)-1] {
	}
	return n.items[len(n.items)-1].Key
}

func (l *liveVolume) move(old format.Ref, block []byte) format.Ref {
	if !old.IsZero() {
		l.next = append(l.next, old.Blkno)
	}
	ref := format.Ref{Blkno: l.free[0], Seq: l.seq}
	l.free = l.free[1:]
	l.volume.Put(ref, format.MagicBtree, block)
	return ref
}

// change gives the items of a leaf a new seq.
func (l *liveVolume) change(n *liveNode) {
	if n.level > 0 {
		l.change(n.children[l.random.IntN(len(n.children))])
	}
	for i := range n.items {
		n.items[i].Seq = l.seq
	}
	l.write(n)
}

// commit changes leaves of both trees, and all that refers to them.
func (l *liveVolume) commit() {
	l.t.Helper()
	l.seq++
	for range 4 {
		l.change(l.fs)
		l.change(l.log)
	}
	var trees format.LogTrees
	trees.RID.Set(7)
	trees.Nr.Set(1)
	trees.ItemRoot.Set(format.Root{Ref: l.log.ref, Height: uint8(l.log.level + 1)})
	l.logsRoot = l.move(l.logsRoot, testblock.Btree(0,
		testblock.Item{Key: format.LogTreesKey(7, 1), Value: format.Bytes(&trees)}))
	l.super.Hdr.Seq.Set(l.seq)
	l.super.FSRoot.Set(format.Root{Ref: l.fs.ref, Height: uint8(l.fs.level + 1)})
	l.super.LogsRoot.Set(format.Root{Ref: l.logsRoot, Height: 1})
	writeSuper(l.t, l.volume, &l.super)
	// Recent places first, so that they are soon written again.
	l.free, l.next = append(l.next, l.free...), nil
}

// state maps each tree's keys to the seqs of the items.
func (l *liveVolume) state() map[string]uint64 {
	state := map[string]uint64{}
	var visit func(tree string, n *liveNode)
	visit = func(tree string, n *liveNode) {
		for _, it := range n.items {
			state[tree+" "+it.Key.String()] = it.Seq
		}
		for _, child := range n.children {
			visit(tree, child)
		}
	}
	visit("fs_root", l.fs)
	visit("item_root", l.log)
	return state
}

// ReadAt reads, and now and then commits.
func (l *liveVolume) ReadAt(p []byte, off int64) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.Memory.ReadAt(p, off)
	if l.start == nil {
		l.start = l.state()
	}
	if l.reads++; l.every > 0 && l.reads%l.every == 0 {
		l.commit()
	}
	return n, err
}

// TestVolumeBeingWrittenIsShownAsItWas prints while the volume changes: what
// is shown must be of the state that the print started from, and what is
// missing must be missed in the problems.
func TestVolumeBeingWrittenIsShownAsItWas(t *testing.T) {
	t.Parallel()
	lost := 0
	for _, every := range []int{0, 1, 2, 5, 17, 100} {
		l := newLiveVolume(t, every)
		var out bytes.Buffer
		result, err := print.Volume(context.Background(), l, &out, print.Options{
			Format: print.JSONL,
			Problem: func(err error) {
				if _, ok := errors.AsType[*print.OverwrittenError](err); !ok {
					t.Errorf("a commit every %d reads: %v", every, err)
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		shown := shownSeqs(t, out.Bytes())
		for item, seq := range shown {
			if l.start[item] != seq {
				t.Errorf("a commit every %d reads: %s has seq %d, want %d", every, item, seq, l.start[item])
			}
		}
		if result.Changed != (every > 0) || (result.Overwritten > 0) != (len(shown) < len(l.start)) {
			t.Errorf("a commit every %d reads: %d of %d items are shown, result is %+v", every, len(shown), len(l.start), result)
		}
		if every == 0 && !maps.Equal(shown, l.start) {
			t.Errorf("without commits %d items are shown, want %d", len(shown), len(l.start))
		}
		lost += len(l.start) - len(shown)
	}
	if lost == 0 {
		t.Error("nothing was overwritten in time")
	}
}

// shownSeqs maps the trees' keys in JSON lines to the seqs of the items.
func shownSeqs(t *testing.T, out []byte) map[string]uint64 {
	t.Helper()
	shown := map[string]uint64{}
	for line := range bytes.Lines(out) {
		var o struct {
			Structure, Tree, Key string
			Seq                  uint64
		}
		if err := json.Unmarshal(line, &o); err != nil {
			t.Fatal(err)
		}
		if o.Structure == "item" && o.Tree != "logs_root" {
			shown[o.Tree+" "+o.Key] = o.Seq
		}
	}
	return shown
}
