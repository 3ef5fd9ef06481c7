// SPDX-License-Identifier: GPL-2.0-or-later

package block_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

func TestPrefetchedBlocksAreHits(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 100)
	refs := addBlocks(v, 40)
	dev := &countingDevice{Device: v.Dev}
	r := block.NewReader(dev, block.Options{})
	// Two runs of neighbours, given out of order and some twice.
	wanted := append(append([]format.Ref{refs[30], refs[31]}, refs[:16]...), refs[2], refs[30])
	r.Prefetch(t.Context(), format.MagicBloom, wanted)
	r.Wait()
	if n := dev.requests.Load(); n != 2 {
		t.Errorf("%d requests to the device, want 2", n)
	}
	for _, ref := range wanted {
		if _, err := r.Read(t.Context(), ref, format.MagicBloom); err != nil {
			t.Error(err)
		}
	}
	want := block.Stats{Blocks: 18, Bytes: 18 << 16, Ahead: 18, Hits: 20}
	if got := r.Stats(); got != want {
		t.Errorf("stats are %+v, want %+v", got, want)
	}
	r.Prefetch(t.Context(), format.MagicBloom, wanted)
	r.Wait()
	if got := r.Stats(); got != want {
		t.Errorf("cached blocks were read again: %+v", got)
	}
}

func TestPrefetchOfBadBlocksIsHarmless(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 100)
	refs := addBlocks(v, 4)
	stale := format.Ref{Blkno: refs[1].Blkno, Seq: 1}
	unwritten := format.Ref{Blkno: 50, Seq: 1}
	r := block.NewReader(v.Dev, block.Options{})
	r.Prefetch(t.Context(), format.MagicBloom, []format.Ref{refs[0], stale, refs[2], unwritten, {}})
	r.Wait()
	for _, ref := range refs {
		if _, err := r.Read(t.Context(), ref, format.MagicBloom); err != nil {
			t.Error(err)
		}
	}
	if _, err := r.Read(t.Context(), stale, format.MagicBloom); !errors.Is(err, block.ErrStale) {
		t.Errorf("stale: %v", err)
	}
	if _, err := r.Read(t.Context(), unwritten, format.MagicBloom); err == nil {
		t.Error("unwritten: no error")
	}
}

func TestPrefetchDoesNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := testblock.New(t, 100)
		refs := addBlocks(v, 40)
		dev := &gatedDevice{Device: v.Dev, gate: make(chan struct{})}
		r := block.NewReader(dev, block.Options{Workers: 2})
		for i := 0; i < 40; i += 2 {
			r.Prefetch(t.Context(), format.MagicBloom, refs[i:i+1])
		}
		synctest.Wait()
		if n := dev.requests.Load(); n != 2 {
			t.Errorf("%d reads at once, want 2", n)
		}
		close(dev.gate)
		r.Wait()
		for _, ref := range refs {
			if _, err := r.Read(t.Context(), ref, format.MagicBloom); err != nil {
				t.Error(err)
			}
		}
	})
}

// A read that finds its block being read ahead must not suffer from the end
// of the other's context.
func TestEndOfPrefetchContextDoesNotFailReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := testblock.New(t, 100)
		refs := addBlocks(v, 40)
		gate := make(chan struct{})
		r := block.NewReader(&gatedDevice{Device: v.Dev, gate: gate}, block.Options{Workers: 1})
		ctx, cancel := context.WithCancel(t.Context())
		r.Prefetch(ctx, format.MagicBloom, []format.Ref{refs[0], refs[10], refs[20]})
		done := make(chan error)
		go func() {
			_, err := r.Read(t.Context(), refs[20], format.MagicBloom)
			done <- err
		}()
		synctest.Wait()
		cancel()
		close(gate)
		if err := <-done; err != nil {
			t.Error(err)
		}
		r.Wait()
	})
}

// A block that is needed now must not wait for others to be read ahead.
func TestReadOvertakesBlocksReadAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := testblock.New(t, 100)
		refs := addBlocks(v, 40)
		dev := &stuckDevice{Device: v.Dev, off: int64(refs[0].Blkno) << format.LargeBlockShift, gate: make(chan struct{})}
		r := block.NewReader(dev, block.Options{Workers: 1})
		r.Prefetch(t.Context(), format.MagicBloom, []format.Ref{refs[0], refs[10], refs[20]})
		synctest.Wait() // the only worker is stuck
		if _, err := r.Read(t.Context(), refs[20], format.MagicBloom); err != nil {
			t.Error(err)
		}
		close(dev.gate)
		r.Wait()
		want := block.Stats{Blocks: 3, Bytes: 3 << 16, Ahead: 2}
		if got := r.Stats(); got != want {
			t.Errorf("stats are %+v, want %+v", got, want)
		}
	})
}

// stuckDevice lets no read of one place end until the gate is closed.
type stuckDevice struct {
	device.Device
	off  int64
	gate chan struct{}
}

func (d *stuckDevice) ReadAt(p []byte, off int64) (int, error) {
	if off == d.off {
		<-d.gate
	}
	return d.Device.ReadAt(p, off)
}

func TestPrefetchCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 100)
	refs := addBlocks(v, 10)
	for _, opts := range []block.Options{{Workers: -1}, {CacheBytes: -1}} {
		dev := &countingDevice{Device: v.Dev}
		r := block.NewReader(dev, opts)
		r.Prefetch(t.Context(), format.MagicBloom, refs)
		r.Wait()
		if n := dev.requests.Load(); n != 0 {
			t.Errorf("%+v: %d reads", opts, n)
		}
	}
}

func TestPrefetchSurvivesDeviceErrors(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 100)
	refs := addBlocks(v, 10)
	dev := device.NewFaulty(v.Dev, device.Fault{Op: device.OpRead, Off: int64(refs[3].Blkno) << 16, Len: 1, Count: 2})
	r := block.NewReader(dev, block.Options{})
	r.Prefetch(t.Context(), format.MagicBloom, refs)
	r.Wait()
	dev.Clear()
	for _, ref := range refs {
		if _, err := r.Read(t.Context(), ref, format.MagicBloom); err != nil {
			t.Error(err)
		}
	}
}
