// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"golang.org/x/sys/unix"

	"scoutfs/engine/device"
)

func TestReadManyFillsEveryRequest(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			contents := pattern(4<<20+777, 40)
			dev := kind.make(t, bytes.Clone(contents))
			random := rand.New(rand.NewPCG(6, 7))
			for _, workers := range []int{-1, 0, 1, 3, 16, 1000} {
				reqs := randomRequests(random, len(contents))
				if err := device.ReadMany(t.Context(), dev, reqs, workers); err != nil {
					t.Fatal(err)
				}
				for _, req := range reqs {
					if req.Err != nil || !bytes.Equal(req.Buf, contents[req.Off:][:len(req.Buf)]) {
						t.Fatalf("%d workers: %d bytes at %d differ: %v", workers, len(req.Buf), req.Off, req.Err)
					}
				}
			}
		})
	}
}

// randomRequests returns runs of adjacent requests with gaps between them, some
// overlapping, empty, unaligned or larger than a merged read, some in order and
// some not.
func randomRequests(random *rand.Rand, size int) []device.ReadRequest {
	var reqs []device.ReadRequest
	for range 20 {
		off := random.IntN(size)
		step := []int{64 << 10, 4096, 4096 + 512, 777, 2 << 20}[random.IntN(5)]
		skew := random.IntN(2)
		if skew == 0 {
			off &^= 4095
		}
		for range random.IntN(40) {
			length := min(step, size-off)
			buf := device.AlignedBuffer(length + skew)[skew:]
			reqs = append(reqs, device.ReadRequest{Off: int64(off), Buf: buf, Err: io.ErrNoProgress})
			off += length
		}
	}
	if random.IntN(2) == 0 {
		random.Shuffle(len(reqs), func(i, j int) { reqs[i], reqs[j] = reqs[j], reqs[i] })
	}
	return reqs
}

func TestReadManyOfNothing(t *testing.T) {
	t.Parallel()
	if err := device.ReadMany(t.Context(), device.NewMemory("memory", 4096), nil, 4); err != nil {
		t.Error(err)
	}
}

// vectorDevice counts the requests that reach a device, and can fail those that
// touch a byte.
type vectorDevice struct {
	device.Device
	bad int64 // -1 for none

	mutex  sync.Mutex
	merged []int // buffers in each vectored read
	single int
}

func (v *vectorDevice) ReadAt(p []byte, off int64) (int, error) {
	v.mutex.Lock()
	v.single++
	v.mutex.Unlock()
	if off <= v.bad && v.bad < off+int64(len(p)) {
		return 0, unix.EIO
	}
	return v.Device.ReadAt(p, off)
}

func (v *vectorDevice) ReadVectorAt(bufs [][]byte, off int64) (int, error) {
	v.mutex.Lock()
	v.merged = append(v.merged, len(bufs))
	v.mutex.Unlock()
	total := 0
	for _, buf := range bufs {
		at := off + int64(total)
		if at <= v.bad && v.bad < at+int64(len(buf)) {
			return total, unix.EIO
		}
		n, err := v.Device.ReadAt(buf, at)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func requests(length int, offs ...int64) []device.ReadRequest {
	reqs := make([]device.ReadRequest, len(offs))
	for i, off := range offs {
		reqs[i] = device.ReadRequest{Off: off, Buf: make([]byte, length)}
	}
	return reqs
}

func sequence(length int, from, to int64) []device.ReadRequest {
	var offs []int64
	for off := from; off < to; off += int64(length) {
		offs = append(offs, off)
	}
	return requests(length, offs...)
}

func TestReadManyMergesAdjacentRequests(t *testing.T) {
	t.Parallel()
	const k = 1 << 10
	tests := []struct {
		name       string
		reqs       []device.ReadRequest
		wantMerged []int
		wantSingle int
	}{
		{"run of 64 KiB up to the limit", sequence(64*k, 0, 4<<20), []int{16, 16, 16, 16}, 0},
		{"gap", requests(64*k, 0, 64*k, 192*k, 256*k), []int{2, 2}, 0},
		{"out of order", requests(64*k, 128*k, 0, 64*k), []int{3}, 0},
		{"overlap", requests(64*k, 0, 32*k), nil, 2},
		{"same twice", requests(64*k, 0, 0), nil, 2},
		{"lone", requests(64*k, 64*k), nil, 1},
		{"larger than the limit", sequence(2<<20, 0, 4<<20), nil, 2},
		{"many small ones", sequence(1*k, 0, 512*k), []int{256, 256}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contents := pattern(4<<20, 41)
			dev := &vectorDevice{Device: memoryWith(t, contents), bad: -1}
			if err := device.ReadMany(t.Context(), dev, test.reqs, 1); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(dev.merged, test.wantMerged) || dev.single != test.wantSingle {
				t.Errorf("merged reads of %v requests and %d single ones, want %v and %d", dev.merged, dev.single, test.wantMerged, test.wantSingle)
			}
			for _, req := range test.reqs {
				if !bytes.Equal(req.Buf, contents[req.Off:][:len(req.Buf)]) {
					t.Errorf("%d bytes at %d differ", len(req.Buf), req.Off)
				}
			}
		})
	}
}

func TestReadManyConfinesFailureToItsRequest(t *testing.T) {
	t.Parallel()
	contents := pattern(4<<20, 42)
	for _, workers := range []int{1, 8} {
		dev := &vectorDevice{Device: memoryWith(t, contents), bad: 300<<10 + 5}
		reqs := sequence(64<<10, 0, 4<<20)
		err := device.ReadMany(t.Context(), dev, reqs, workers)
		if !errors.Is(err, unix.EIO) {
			t.Errorf("ReadMany: %v", err)
		}
		for i, req := range reqs {
			if i == 4 {
				if !errors.Is(req.Err, unix.EIO) {
					t.Errorf("bad request: %v", req.Err)
				}
				continue
			}
			if req.Err != nil || !bytes.Equal(req.Buf, contents[req.Off:][:len(req.Buf)]) {
				t.Errorf("request at %d: %v, or wrong bytes", req.Off, req.Err)
			}
		}
	}
}

func TestReadManyReturnsFirstErrorInOrderOfRequests(t *testing.T) {
	t.Parallel()
	dev := device.NewFaulty(device.NewMemory("memory", 1<<20),
		device.Fault{Off: 0, Len: 1, Err: unix.ENOMEM}, device.Fault{Off: 8192, Len: 1, Err: unix.EIO})
	err := device.ReadMany(t.Context(), dev, requests(4096, 4096, 8192, 0), 4)
	if !errors.Is(err, unix.EIO) {
		t.Errorf("error is %v, want that of the request at 8192", err)
	}
}

func TestReadManyPastTheEnd(t *testing.T) {
	t.Parallel()
	for _, direct := range []bool{false, true} {
		contents := pattern(100000, 43)
		dev := open(t, makeFile(t, contents), device.Options{Direct: direct})
		reqs := sequence(32<<10, 0, 200000)
		err := device.ReadMany(t.Context(), dev, reqs, 2)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("error is %v", err)
		}
		for i, want := range []error{nil, nil, nil, io.ErrUnexpectedEOF, io.EOF, io.EOF, io.EOF} {
			if !errors.Is(reqs[i].Err, want) {
				t.Errorf("request %d: %v, want %v", i, reqs[i].Err, want)
			}
		}
		if !bytes.Equal(reqs[3].Buf[:1696], contents[98304:]) {
			t.Error("the bytes before the end differ")
		}
	}
}

// gateDevice holds every read until it is let through.
type gateDevice struct {
	device.Device
	gate            chan struct{}
	running, atOnce atomic.Int32
}

func (g *gateDevice) ReadAt(p []byte, off int64) (int, error) {
	running := g.running.Add(1)
	defer g.running.Add(-1)
	for seen := g.atOnce.Load(); running > seen && !g.atOnce.CompareAndSwap(seen, running); seen = g.atOnce.Load() {
	}
	<-g.gate
	return g.Device.ReadAt(p, off)
}

func TestReadManyKeepsAllWorkersBusyAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dev := &gateDevice{Device: device.NewMemory("memory", 1<<20), gate: make(chan struct{})}
		done := make(chan error)
		go func() { done <- device.ReadMany(t.Context(), dev, sequence(4096, 0, 100*4096), 7) }()
		synctest.Wait()
		if running := dev.running.Load(); running != 7 {
			t.Errorf("%d reads are in progress, want 7", running)
		}
		close(dev.gate)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if most := dev.atOnce.Load(); most != 7 {
			t.Errorf("%d reads were in progress at once, want 7", most)
		}
	})
}

// A goroutine that was left behind would fail the bubble.
func TestReadManyStopsWhenContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		dev := &gateDevice{Device: device.NewMemory("memory", 1<<20), gate: make(chan struct{})}
		reqs := sequence(4096, 0, 100*4096)
		done := make(chan error, 1)
		go func() { done <- device.ReadMany(ctx, dev, reqs, 4) }()
		synctest.Wait()
		cancel(cause)
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("returned %v while reads were in progress", err)
		default:
		}
		close(dev.gate)
		if err := <-done; !errors.Is(err, cause) {
			t.Errorf("error is %v", err)
		}
		read := 0
		for _, req := range reqs {
			if req.Err == nil {
				read++
			} else if !errors.Is(req.Err, cause) {
				t.Errorf("request at %d: %v", req.Off, req.Err)
			}
		}
		if read != 4 {
			t.Errorf("%d requests were read, want the 4 in progress", read)
		}
	})
}

func TestReadManyWithEndedContextReadsNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dev := device.NewFaulty(device.NewMemory("memory", 1<<20), device.Fault{})
	reqs := sequence(4096, 0, 10*4096)
	if err := device.ReadMany(ctx, dev, reqs, 3); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if dev.Failed() != 0 {
		t.Errorf("%d reads were made", dev.Failed())
	}
	for _, req := range reqs {
		if !errors.Is(req.Err, context.Canceled) {
			t.Errorf("request at %d: %v", req.Off, req.Err)
		}
	}
	merging := &vectorDevice{Device: device.NewMemory("memory", 1<<20), bad: -1}
	if err := device.ReadMany(ctx, merging, reqs, 3); !errors.Is(err, context.Canceled) || len(merging.merged) != 0 {
		t.Errorf("error is %v after %d merged reads", err, len(merging.merged))
	}
}

// endingDevice ends a context when a merged read fails.
type endingDevice struct {
	device.Device
	end    context.CancelFunc
	single atomic.Int32
}

func (e *endingDevice) ReadVectorAt([][]byte, int64) (int, error) {
	e.end()
	return 0, unix.EIO
}

func (e *endingDevice) ReadAt(p []byte, off int64) (int, error) {
	e.single.Add(1)
	return e.Device.ReadAt(p, off)
}

func TestReadManyDoesNotReadPartsOfAFailedMergeAfterContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dev := &endingDevice{Device: device.NewMemory("memory", 1<<20), end: cancel}
	reqs := sequence(4096, 0, 8*4096)
	if err := device.ReadMany(ctx, dev, reqs, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	for _, req := range reqs {
		if !errors.Is(req.Err, context.Canceled) {
			t.Errorf("request at %d: %v", req.Off, req.Err)
		}
	}
	if n := dev.single.Load(); n != 0 {
		t.Errorf("%d reads were started after the context ended", n)
	}
}

// More direct reads at once than there are bounce buffers must all end.
func TestManyUnalignedDirectReadsAtOnce(t *testing.T) {
	t.Parallel()
	contents := pattern(8<<20, 44)
	dev := open(t, makeFile(t, contents), device.Options{Direct: true})
	var reqs []device.ReadRequest
	for off := int64(0); off+9000 < 8<<20; off += 20000 {
		reqs = append(reqs, device.ReadRequest{Off: off, Buf: device.AlignedBuffer(9001)[1:]})
	}
	if err := device.ReadMany(t.Context(), dev, reqs, 64); err != nil {
		t.Fatal(err)
	}
	for _, req := range reqs {
		if !bytes.Equal(req.Buf, contents[req.Off:][:len(req.Buf)]) {
			t.Errorf("bytes at %d differ", req.Off)
		}
	}
}

func TestReadAtDoesNotAllocate(t *testing.T) {
	for name, opts := range map[string]device.Options{"page cache": {}, "direct": {Direct: true}} {
		dev := open(t, makeFile(t, make([]byte, 1<<20)), opts)
		aligned, unaligned := device.AlignedBuffer(64<<10), device.AlignedBuffer(64<<10 + 1)[1:]
		for _, buf := range [][]byte{aligned, unaligned} {
			if n := testing.AllocsPerRun(20, func() {
				if _, err := dev.ReadAt(buf, 64<<10); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%s: %v allocations a read", name, n)
			}
		}
	}
}
