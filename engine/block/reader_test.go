// SPDX-License-Identifier: GPL-2.0-or-later

package block_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testblock"
)

// bloom returns the bytes of a block that is told from others by n.
func bloom(n byte) []byte {
	b := testblock.NewBlock()
	b[1000] = n
	return b
}

// addBlocks writes n blocks and returns their references.
func addBlocks(v *testblock.Volume, n int) []format.Ref {
	refs := make([]format.Ref, n)
	for i := range refs {
		refs[i] = v.Add(format.MagicBloom, bloom(byte(i)))
	}
	return refs
}

func TestReadReturnsTheBlockReferredTo(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 16)
	refs := addBlocks(v, 5)
	r := block.NewReader(v.Dev, block.Options{FSID: testblock.FSID})
	for round := range 2 {
		for i, ref := range refs {
			b, err := r.Read(t.Context(), ref, format.MagicBloom)
			if err != nil {
				t.Fatal(err)
			}
			if len(b) != format.LargeBlockSize || b[1000] != byte(i) {
				t.Errorf("round %d: wrong bytes of %v", round, ref)
			}
		}
	}
	want := block.Stats{Blocks: 5, Bytes: 5 << 16, Hits: 5}
	if got := r.Stats(); got != want {
		t.Errorf("stats are %+v, want %+v", got, want)
	}
}

func TestReadTellsStaleFromDamaged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		field  string // that the error names
		stale  bool
		change func(b []byte, hdr *format.BlockHeader)
		reseal bool
	}{
		{"crc", false, func(b []byte, _ *format.BlockHeader) { b[5000] ^= 1 }, false},
		{"crc", false, func(_ []byte, hdr *format.BlockHeader) { hdr.CRC.Set(hdr.CRC.Get() + 1) }, false},
		{"crc", false, func(_ []byte, hdr *format.BlockHeader) { hdr.Seq.Set(3) }, false},
		{"crc", false, func(b []byte, _ *format.BlockHeader) { clear(b) }, false},
		{"magic", true, func(_ []byte, hdr *format.BlockHeader) { hdr.Magic.Set(format.MagicBtree) }, true},
		{"fsid", true, func(_ []byte, hdr *format.BlockHeader) { hdr.FSID.Set(1) }, true},
		{"blkno", true, func(_ []byte, hdr *format.BlockHeader) { hdr.Blkno.Set(3) }, true},
		{"seq", true, func(_ []byte, hdr *format.BlockHeader) { hdr.Seq.Set(3) }, true},
	}
	for _, test := range tests {
		v := testblock.New(t, 16)
		b := bloom(1)
		ref := v.Add(format.MagicBloom, b)
		hdr, err := format.View[format.BlockHeader](b)
		if err != nil {
			t.Fatal(err)
		}
		test.change(b, hdr)
		if test.reseal {
			format.Seal(b)
		}
		v.Write(ref.Blkno, b)

		r := block.NewReader(v.Dev, block.Options{FSID: testblock.FSID})
		for range 2 { // a failure is not cached as a success
			got, err := r.Read(t.Context(), ref, format.MagicBloom)
			var corrupt *format.CorruptError
			if !errors.As(err, &corrupt) || corrupt.Field != test.field || corrupt.Place != "meta blkno 2" {
				t.Errorf("%s: error is %v", test.field, err)
			}
			if errors.Is(err, block.ErrStale) != test.stale {
				t.Errorf("%s: stale is %v, want %v", test.field, !test.stale, test.stale)
			}
			if !errors.Is(err, syscall.EIO) {
				t.Errorf("%s: %v is not EIO", test.field, err)
			}
			if got != nil {
				t.Errorf("%s: got bytes with the error", test.field)
			}
		}
	}
}

func TestReadRefusesReferencesOutsideTheDevice(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 16)
	for _, test := range []struct {
		total uint64
		blkno uint64
	}{
		{0, 0},
		{0, 1},
		{0, 16},
		{0, math.MaxUint64},
		{10, 10},
		{10, 15},
		{math.MaxUint64, math.MaxUint64 - 1},
		{math.MaxUint64, 1 << 47},
		{math.MaxUint64, 1 << 48},
	} {
		dev := &countingDevice{Device: v.Dev}
		r := block.NewReader(dev, block.Options{TotalBlocks: test.total})
		ref := format.Ref{Blkno: test.blkno, Seq: 1}
		_, err := r.Read(t.Context(), ref, format.MagicBtree)
		var corrupt *format.CorruptError
		if !errors.As(err, &corrupt) || corrupt.Field != "blkno" || errors.Is(err, block.ErrStale) {
			t.Errorf("blkno %d of %d: error is %v", test.blkno, test.total, err)
		}
		r.Prefetch(t.Context(), format.MagicBtree, []format.Ref{ref})
		r.Wait()
		if n := dev.requests.Load(); n != 0 {
			t.Errorf("blkno %d of %d: the device was read %d times", test.blkno, test.total, n)
		}
	}
}

func TestReadBeyondTheDeviceIsADeviceError(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 16)
	r := block.NewReader(v.Dev, block.Options{TotalBlocks: 32})
	for _, read := range []func() ([]byte, error){
		func() ([]byte, error) { return r.Read(t.Context(), format.Ref{Blkno: 20, Seq: 1}, format.MagicBtree) },
		func() ([]byte, error) { return r.ReadRaw(t.Context(), 20) },
	} {
		var failed *device.Error
		if _, err := read(); !errors.As(err, &failed) || !errors.Is(err, io.EOF) {
			t.Errorf("error is %v", err)
		}
	}
	if _, err := r.ReadRaw(t.Context(), 1<<48); err == nil {
		t.Error("no error for an offset that does not fit")
	}
}

func TestReadFollowsABlockThatIsOverwritten(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 16)
	old := v.Add(format.MagicBloom, bloom(1))
	r := block.NewReader(v.Dev, block.Options{})
	if _, err := r.Read(t.Context(), old, format.MagicBloom); err != nil {
		t.Fatal(err)
	}

	// The new version is reached although the old one is cached.
	fresh := format.Ref{Blkno: old.Blkno, Seq: old.Seq + 1}
	if _, err := r.Read(t.Context(), fresh, format.MagicBloom); !errors.Is(err, block.ErrStale) {
		t.Errorf("before it is written: %v", err)
	}
	v.Put(fresh, format.MagicBloom, bloom(2))
	if b, err := r.Read(t.Context(), fresh, format.MagicBloom); err != nil || b[1000] != 2 {
		t.Errorf("new version: %v", err)
	}
	if _, err := r.Read(t.Context(), old, format.MagicBloom); !errors.Is(err, block.ErrStale) {
		t.Errorf("old version: %v", err)
	}
	if _, err := r.Read(t.Context(), fresh, format.MagicBtree); !errors.Is(err, block.ErrStale) {
		t.Errorf("cached, with another magic: %v", err)
	}
}

func TestReadAgainWhenABlockWasTorn(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 16)
	ref := v.Add(format.MagicBloom, bloom(1))
	dev := &tearingDevice{Device: v.Dev}
	r := block.NewReader(dev, block.Options{})
	dev.tear.Store(1)
	if b, err := r.Read(t.Context(), ref, format.MagicBloom); err != nil || b[1000] != 1 {
		t.Errorf("torn once: %v", err)
	}
	r.Invalidate(ref)
	dev.tear.Store(2)
	if _, err := r.Read(t.Context(), ref, format.MagicBloom); err == nil || errors.Is(err, block.ErrStale) {
		t.Errorf("torn twice: %v", err)
	}
}

func TestReadRawShowsWhatIsThere(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 16)
	want := bytes.Repeat([]byte{0xa5}, format.LargeBlockSize)
	v.Write(1, want)
	r := block.NewReader(v.Dev, block.Options{FSID: testblock.FSID})
	got, err := r.ReadRaw(t.Context(), 1)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("wrong bytes, %v", err)
	}
	clear(got) // the caller's own
	if got, err = r.ReadRaw(t.Context(), 1); err != nil || !bytes.Equal(got, want) {
		t.Errorf("wrong bytes the second time, %v", err)
	}
}

func TestInvalidatedBlockIsReadAgain(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 16)
	ref := v.Add(format.MagicBloom, bloom(1))
	r := block.NewReader(v.Dev, block.Options{})
	if _, err := r.Read(t.Context(), ref, format.MagicBloom); err != nil {
		t.Fatal(err)
	}
	v.Put(ref, format.MagicBloom, bloom(2))
	r.Invalidate(ref)
	if b, err := r.Read(t.Context(), ref, format.MagicBloom); err != nil || b[1000] != 2 {
		t.Errorf("after Invalidate: %v", err)
	}
}

func TestInvalidatedReadDoesNotEnterTheCache(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := testblock.New(t, 16)
		ref := v.Add(format.MagicBloom, bloom(1))
		dev := &gatedDevice{Device: v.Dev, gate: make(chan struct{})}
		r := block.NewReader(dev, block.Options{})
		var reads sync.WaitGroup
		reads.Go(func() {
			if _, err := r.Read(t.Context(), ref, format.MagicBloom); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait() // the read has begun
		r.Invalidate(ref)
		close(dev.gate)
		reads.Wait()
		before := r.Stats().Blocks
		if _, err := r.Read(t.Context(), ref, format.MagicBloom); err != nil {
			t.Error(err)
		}
		if got := r.Stats().Blocks; got != before+1 {
			t.Error("the invalidated read was answered from the cache")
		}
	})
}

func TestConcurrentReadsOfABlockShareOneRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := testblock.New(t, 16)
		ref := v.Add(format.MagicBloom, bloom(1))
		dev := &gatedDevice{Device: v.Dev, gate: make(chan struct{})}
		r := block.NewReader(dev, block.Options{})

		var reads sync.WaitGroup
		for range 20 {
			reads.Go(func() {
				if b, err := r.Read(t.Context(), ref, format.MagicBloom); err != nil || b[1000] != 1 {
					t.Error(err)
				}
			})
		}
		// One that gives up does not take the others with it.
		ctx, cancel := context.WithCancelCause(t.Context())
		bored := errors.New("bored")
		reads.Go(func() {
			if _, err := r.Read(ctx, ref, format.MagicBloom); err != nil && !errors.Is(err, bored) {
				t.Error(err)
			}
		})
		// One that wants another version of the block does not share it.
		reads.Go(func() {
			if _, err := r.Read(t.Context(), format.Ref{Blkno: ref.Blkno, Seq: 1}, format.MagicBloom); !errors.Is(err, block.ErrStale) {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel(bored)
		synctest.Wait()
		close(dev.gate)
		reads.Wait()
		if n := dev.requests.Load(); n != 2 {
			t.Errorf("%d reads of the device, want 2", n)
		}
	})
}

func TestReadStopsWithItsContext(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 16)
	ref := v.Add(format.MagicBloom, bloom(1))
	r := block.NewReader(v.Dev, block.Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if _, err := r.Read(ctx, ref, format.MagicBloom); !errors.Is(err, enough) {
		t.Errorf("Read: %v", err)
	}
	if _, err := r.ReadRaw(ctx, 2); !errors.Is(err, enough) {
		t.Errorf("ReadRaw: %v", err)
	}
	if n := r.Stats().Blocks; n != 0 {
		t.Errorf("%d blocks were read", n)
	}
}

func TestDeviceErrorsPassAndAreNotKept(t *testing.T) {
	t.Parallel()
	v := testblock.New(t, 16)
	ref := v.Add(format.MagicBloom, bloom(1))
	r := block.NewReader(device.NewFaulty(v.Dev, device.Fault{Op: device.OpRead, Count: 1}), block.Options{})
	var failed *device.Error
	if _, err := r.Read(t.Context(), ref, format.MagicBloom); !errors.As(err, &failed) {
		t.Errorf("first read: %v", err)
	}
	if _, err := r.Read(t.Context(), ref, format.MagicBloom); err != nil {
		t.Errorf("second read: %v", err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	const blocks, cached = 300, 100
	v := testblock.New(t, blocks+format.FirstMetaBlkno)
	refs := addBlocks(v, blocks)
	for _, limit := range []int64{-1, 1, cached << format.LargeBlockShift} {
		r := block.NewReader(v.Dev, block.Options{CacheBytes: limit})
		r.Prefetch(t.Context(), format.MagicBloom, refs)
		r.Wait()
		for _, ref := range refs {
			if _, err := r.Read(t.Context(), ref, format.MagicBloom); err != nil {
				t.Fatal(err)
			}
		}
		// Every block that now misses cannot be in the cache.
		hits := r.Stats().Hits
		for _, ref := range refs {
			if _, err := r.Read(t.Context(), ref, format.MagicBloom); err != nil {
				t.Fatal(err)
			}
		}
		got := r.Stats().Hits - hits
		if most := uint64(max(0, limit>>format.LargeBlockShift)); got > most {
			t.Errorf("%d bytes of cache: %d hits, at most %d are possible", limit, got, most)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	const blocks = 200
	v := testblock.New(t, blocks+format.FirstMetaBlkno)
	refs := addBlocks(v, blocks)
	r := block.NewReader(v.Dev, block.Options{CacheBytes: 70 << format.LargeBlockShift, Workers: 3})
	var users sync.WaitGroup
	for u := range 8 {
		users.Go(func() {
			for n := range 2000 {
				i := (n*(u+1) + n*n) % blocks
				switch n % 16 {
				case 0:
					r.Prefetch(t.Context(), format.MagicBloom, refs[i:min(i+20, blocks)])
				case 1:
					r.Invalidate(refs[i])
				}
				b, err := r.Read(t.Context(), refs[i], format.MagicBloom)
				if err != nil || b[1000] != byte(i) {
					t.Errorf("block %d: %v", i, err)
					return
				}
			}
		})
	}
	users.Wait()
	r.Wait()
}

// countingDevice counts read requests.
type countingDevice struct {
	device.Device
	requests atomic.Int64
}

func (d *countingDevice) ReadAt(p []byte, off int64) (int, error) {
	d.requests.Add(1)
	return d.Device.ReadAt(p, off)
}

func (d *countingDevice) ReadVectorAt(bufs [][]byte, off int64) (int, error) {
	d.requests.Add(1)
	done := 0
	for _, b := range bufs {
		n, err := d.Device.ReadAt(b, off+int64(done))
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// gatedDevice lets no read end until the gate is closed.
type gatedDevice struct {
	device.Device
	gate     chan struct{}
	requests atomic.Int64
}

func (d *gatedDevice) ReadAt(p []byte, off int64) (int, error) {
	d.requests.Add(1)
	<-d.gate
	return d.Device.ReadAt(p, off)
}

// tearingDevice damages as many reads as tear says.
type tearingDevice struct {
	device.Device
	tear atomic.Int64
}

func (d *tearingDevice) ReadAt(p []byte, off int64) (int, error) {
	n, err := d.Device.ReadAt(p, off)
	if d.tear.Add(-1) >= 0 {
		clear(p[len(p)/2:])
		p[len(p)-1] = 1
	}
	return n, err
}
