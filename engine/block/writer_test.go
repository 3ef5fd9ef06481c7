// SPDX-License-Identifier: GPL-2.0-or-later

package block_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// desk is a volume of some blocks with a Writer.
type desk struct {
	*testblock.Volume
	refs  []format.Ref
	space *testblock.Space
	r     *block.Reader
	w     *block.Writer
}

// newDesk returns n blocks of which nothing is cached. The Writer writes dev,
// or the volume's own device if that is nil.
func newDesk(tb testing.TB, n int, dev device.Device) *desk {
	tb.Helper()
	v := testblock.New(tb, 200)
	d := &desk{Volume: v, refs: addBlocks(v, n), space: v.Space()}
	if dev == nil {
		dev = v.Dev
	}
	d.r = block.NewReader(v.Dev, block.Options{FSID: testblock.FSID})
	d.w = block.NewWriter(d.r, dev, testblock.FSID, d.space, rand.New(rand.NewPCG(1, 2)).Uint64)
	return d
}

// onDevice returns the bytes of a block.
func (d *desk) onDevice(tb testing.TB, blkno uint64) []byte {
	tb.Helper()
	b := make([]byte, format.LargeBlockSize)
	if _, err := d.Dev.ReadAt(b, int64(blkno)<<format.LargeBlockShift); err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestChangedBlockIsACopy(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 3, nil)
	ref := d.refs[1]
	before := d.onDevice(t, ref.Blkno)
	b, now, err := d.w.Change(t.Context(), ref, format.MagicBloom)
	if err != nil {
		t.Fatal(err)
	}
	if now.Blkno == ref.Blkno || now.Seq == ref.Seq || now.Seq == 0 || !bytes.Equal(b[32:], before[32:]) {
		t.Fatalf("%v became %v", ref, now)
	}
	b[1000]++
	again, same, err := d.w.Change(t.Context(), now, format.MagicBloom)
	if err != nil || same != now || &again[0] != &b[0] {
		t.Errorf("a dirty block became %v, %v", same, err)
	}
	if read, err := d.w.Read(t.Context(), now, format.MagicBloom); err != nil || &read[0] != &b[0] {
		t.Errorf("a dirty block is not read: %v", err)
	}
	if old, err := d.w.Read(t.Context(), ref, format.MagicBloom); err != nil || !bytes.Equal(old, before) {
		t.Errorf("the old block is not read: %v", err)
	}
	if !d.w.IsDirty(now) || d.w.IsDirty(ref) || d.w.Dirty() != 1 || !slices.Equal(d.space.Freed(), []uint64{ref.Blkno}) {
		t.Errorf("%d dirty blocks, %v freed", d.w.Dirty(), d.space.Freed())
	}
	if !bytes.Equal(d.onDevice(t, now.Blkno), testblock.NewBlock()) {
		t.Error("the copy was written before Write")
	}

	if err := d.w.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(d.onDevice(t, ref.Blkno), before) {
		t.Error("the old block was overwritten")
	}
	fresh := block.NewReader(d.Dev, block.Options{FSID: testblock.FSID})
	got, err := fresh.Read(t.Context(), now, format.MagicBloom)
	if err != nil || got[1000] != before[1000]+1 || d.w.Dirty() != 0 || d.w.IsDirty(now) {
		t.Errorf("after Write: %v, %d dirty", err, d.w.Dirty())
	}
	reads := d.r.Stats().Blocks
	if cached, err := d.r.Read(t.Context(), now, format.MagicBloom); err != nil || &cached[0] != &b[0] || d.r.Stats().Blocks != reads {
		t.Errorf("what was written is not cached: %v", err)
	}
	if _, third, err := d.w.Change(t.Context(), now, format.MagicBloom); err != nil || third == now {
		t.Errorf("a written block was changed in place: %v, %v", third, err)
	}
}

func TestNewBlocksAreEmptyAndWhole(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1, nil)
	var refs []format.Ref
	for _, magic := range []uint32{format.MagicBtree, format.MagicBloom, format.MagicAllocList} {
		b, ref, err := d.w.New(t.Context(), magic)
		if err != nil || !bytes.Equal(b[32:], testblock.NewBlock()[32:]) {
			t.Fatalf("%v, %v", ref, err)
		}
		refs = append(refs, ref)
	}
	_, err := d.w.Read(t.Context(), refs[0], format.MagicBloom)
	if c := (*format.CorruptError)(nil); !errors.As(err, &c) {
		t.Errorf("a dirty block read as another kind: %v, want corruption", err)
	}
	_, err = d.w.Read(t.Context(), format.Ref{Blkno: refs[0].Blkno, Seq: refs[0].Seq + 1}, format.MagicBtree)
	if c := (*format.CorruptError)(nil); !errors.As(err, &c) {
		t.Errorf("a dirty block read with another seq: %v, want corruption", err)
	}
	if err := d.w.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	fresh := block.NewReader(d.Dev, block.Options{FSID: testblock.FSID})
	for i, magic := range []uint32{format.MagicBtree, format.MagicBloom, format.MagicAllocList} {
		if _, err := fresh.Read(t.Context(), refs[i], magic); err != nil {
			t.Error(err)
		}
	}
}

func TestSeqOfABlockIsNeverZero(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1, nil)
	numbers := []uint64{0, 0, 7}
	w := block.NewWriter(d.r, d.Dev, testblock.FSID, d.space, func() uint64 {
		n := numbers[0]
		numbers = numbers[1:]
		return n
	})
	if _, ref, err := w.New(t.Context(), format.MagicBtree); err != nil || ref.Seq != 7 {
		t.Errorf("%v, %v; want seq 7", ref, err)
	}
}

// What is given up goes to the allocator once, and is not written.
func TestFreedBlocks(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 3, nil)
	_, fresh, err := d.w.New(t.Context(), format.MagicBtree)
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []format.Ref{fresh, d.refs[0]} {
		if err := d.w.Free(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
	}
	if want := []uint64{fresh.Blkno, d.refs[0].Blkno}; !slices.Equal(d.space.Freed(), want) || d.w.Dirty() != 0 {
		t.Errorf("%v are freed, want %v", d.space.Freed(), want)
	}
	_, _, err = d.w.Change(t.Context(), d.refs[0], format.MagicBloom)
	for name, err := range map[string]error{
		"changed after":            err,
		"freed twice":              d.w.Free(t.Context(), d.refs[0]),
		"new, freed twice":         d.w.Free(t.Context(), fresh),
		"not on the device":        d.w.Free(t.Context(), format.Ref{Blkno: 1 << 40, Seq: 1}),
		"before the first block":   d.w.Free(t.Context(), format.Ref{Blkno: 1, Seq: 1}),
		"with a dirty one's place": freeDirtyPlace(t, d),
	} {
		if c := (*format.CorruptError)(nil); !errors.As(err, &c) {
			t.Errorf("%s: %v, want corruption", name, err)
		}
	}
	if n := len(d.space.Freed()); n != 2 {
		t.Errorf("%d blocks are freed, want 2", n)
	}
}

func freeDirtyPlace(t *testing.T, d *desk) error {
	t.Helper()
	_, ref, err := d.w.New(t.Context(), format.MagicBtree)
	if err != nil {
		t.Fatal(err)
	}
	ref.Seq++
	return d.w.Free(t.Context(), ref)
}

func TestAllocatorIsNotTrusted(t *testing.T) {
	t.Parallel()
	for name, hand := range map[string]func(d *desk, dirty, freed format.Ref) uint64{
		"a dirty block":         func(_ *desk, dirty, _ format.Ref) uint64 { return dirty.Blkno },
		"a block freed before":  func(_ *desk, _, freed format.Ref) uint64 { return freed.Blkno },
		"the super":             func(*desk, format.Ref, format.Ref) uint64 { return 0 },
		"one beyond the device": func(*desk, format.Ref, format.Ref) uint64 { return 200 },
	} {
		d := newDesk(t, 2, nil)
		_, dirty, err := d.w.Change(t.Context(), d.refs[0], format.MagicBloom)
		if err != nil {
			t.Fatal(err)
		}
		d.space.Next = hand(d, dirty, d.refs[0])
		d.space.Limit = 1000
		_, _, err = d.w.New(t.Context(), format.MagicBtree)
		if c := (*format.CorruptError)(nil); !errors.As(err, &c) {
			t.Errorf("%s: %v, want corruption", name, err)
		}
	}
}

func TestErrorsOfTheAllocatorChangeNothing(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	d := newDesk(t, 2, nil)
	for failing := range 2 {
		calls := 0
		d.space.Fail = func() error {
			if calls++; calls == failing+1 {
				return broken
			}
			return nil
		}
		if _, _, err := d.w.Change(t.Context(), d.refs[0], format.MagicBloom); !errors.Is(err, broken) {
			t.Errorf("call %d fails: %v", failing, err)
		}
		if d.w.Dirty() != 0 {
			t.Errorf("call %d fails: %d dirty blocks", failing, d.w.Dirty())
		}
	}
	d.space.Fail = nil
	if _, _, err := d.w.Change(t.Context(), d.refs[0], format.MagicBloom); err != nil {
		t.Errorf("after failures: %v", err)
	}
	d.space.Limit = d.space.Next
	if _, _, err := d.w.New(t.Context(), format.MagicBtree); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("no space: %v, want ENOSPC", err)
	}
}

// Blocks that could not be written stay dirty, and can be written later.
func TestFailedWriteKeepsBlocksDirty(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 1, nil)
	faulty := device.NewFaulty(d.Dev, device.Fault{Op: device.OpWrite, After: 20, Count: 1})
	w := block.NewWriter(d.r, faulty, testblock.FSID, d.space, rand.New(rand.NewPCG(1, 2)).Uint64)
	var refs []format.Ref
	for range 50 {
		_, ref, err := w.New(t.Context(), format.MagicBtree)
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, ref)
	}
	if err := w.Write(t.Context()); !errors.Is(err, syscall.EIO) || w.Dirty() != 50 {
		t.Fatalf("%v, %d dirty; want EIO and 50", err, w.Dirty())
	}
	ended, end := context.WithCancelCause(t.Context())
	broken := errors.New("broken")
	end(broken)
	if err := w.Write(ended); !errors.Is(err, broken) || w.Dirty() != 50 {
		t.Fatalf("%v, %d dirty; want the context's cause and 50", err, w.Dirty())
	}
	if err := w.Write(t.Context()); err != nil || w.Dirty() != 0 {
		t.Fatalf("%v, %d dirty", err, w.Dirty())
	}
	fresh := block.NewReader(d.Dev, block.Options{FSID: testblock.FSID})
	for _, ref := range refs {
		if _, err := fresh.Read(t.Context(), ref, format.MagicBtree); err != nil {
			t.Error(err)
		}
	}
}

// A block number that is used again after a commit has the new block in the
// cache, not the old one.
func TestPlaceIsUsedAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, 2, nil)
	old := d.refs[0]
	if _, err := d.r.Read(t.Context(), old, format.MagicBloom); err != nil {
		t.Fatal(err)
	}
	if err := d.w.Free(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	if err := d.w.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.space.Commit(rand.New(rand.NewPCG(1, 2)))
	b, ref, err := d.w.New(t.Context(), format.MagicBloom)
	if err != nil || ref.Blkno != old.Blkno {
		t.Fatalf("%v, %v; want the place of %v", ref, err, old)
	}
	b[5000] = 77
	if err := d.w.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := d.r.Read(t.Context(), ref, format.MagicBloom); err != nil || got[5000] != 77 {
		t.Errorf("the new block: %v", err)
	}
	if _, err := d.r.Read(t.Context(), old, format.MagicBloom); !errors.Is(err, block.ErrStale) {
		t.Errorf("the old block: %v, want ErrStale", err)
	}
}

// Neighbours are written as one if the device can, and everything is there.
func TestWritingManyBlocks(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 2000)
	vectors := &vectorDevice{Memory: v.Dev}
	r := block.NewReader(v.Dev, block.Options{FSID: testblock.FSID})
	space := v.Space()
	w := block.NewWriter(r, vectors, testblock.FSID, space, rand.New(rand.NewPCG(1, 2)).Uint64)
	var refs []format.Ref
	for i := range 300 {
		if i%100 == 50 {
			space.Next += 7
		}
		b, ref, err := w.New(t.Context(), format.MagicBtree)
		if err != nil {
			t.Fatal(err)
		}
		b[60000] = byte(i)
		refs = append(refs, ref)
	}
	if err := w.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	fresh := block.NewReader(v.Dev, block.Options{FSID: testblock.FSID})
	for i, ref := range refs {
		if b, err := fresh.Read(t.Context(), ref, format.MagicBtree); err != nil || b[60000] != byte(i) {
			t.Errorf("block %d: %v", i, err)
		}
	}
	if n := vectors.calls; n > 30 {
		t.Errorf("%d requests for 300 blocks in 4 runs", n)
	}
}

// vectorDevice is a Memory that takes several buffers at once.
type vectorDevice struct {
	*device.Memory
	mutex sync.Mutex
	calls int
}

func (d *vectorDevice) WriteAt(p []byte, off int64) (int, error) {
	return d.WriteVectorAt([][]byte{p}, off)
}

func (d *vectorDevice) WriteVectorAt(bufs [][]byte, off int64) (int, error) {
	d.mutex.Lock()
	d.calls++
	d.mutex.Unlock()
	return d.Memory.WriteAt(bytes.Join(bufs, nil), off)
}
