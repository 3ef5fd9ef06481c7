// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"scoutfs/engine/device"
)

func memoryWith(tb testing.TB, contents []byte) *device.Memory {
	tb.Helper()
	m := device.NewMemory("memory", int64(len(contents)))
	write(tb, m, contents, 0)
	return m
}

func TestRecorderKeepsOperationsInOrder(t *testing.T) {
	t.Parallel()
	r := device.NewRecorder(device.NewMemory("memory", 1<<20))
	p := fill(1, 4)
	write(t, r, p, 100)
	p[0] = 9 // the record must not share the caller's memory
	flush(t, r)
	if err := r.Discard(4096, 8192); err != nil {
		t.Fatal(err)
	}
	write(t, r, fill(2, 2), 200)
	want := []device.Op{
		{Kind: device.OpWrite, Seq: 0, Off: 100, Len: 4, Data: fill(1, 4)},
		{Kind: device.OpFlush, Seq: 1},
		{Kind: device.OpDiscard, Seq: 2, Off: 4096, Len: 8192},
		{Kind: device.OpWrite, Seq: 3, Off: 200, Len: 2, Data: fill(2, 2)},
	}
	if diff := cmp.Diff(want, r.Ops()); diff != "" {
		t.Error(diff)
	}
	if r.Len() != 4 {
		t.Errorf("Len() = %d", r.Len())
	}
}

func TestRecorderKeepsWhatArrivedOfFailedOperations(t *testing.T) {
	t.Parallel()
	m := device.NewMemory("memory", 1<<20)
	r := device.NewRecorder(device.NewFaulty(m,
		device.Fault{Op: device.OpWrite, Count: 1, Done: 512},
		device.Fault{Op: device.OpFlush, Count: 1},
		device.Fault{Op: device.OpDiscard},
	))
	if n, err := r.WriteAt(fill(1, 4096), 0); n != 512 || !errors.Is(err, unix.EIO) {
		t.Fatalf("WriteAt = %d, %v", n, err)
	}
	if err := r.Flush(); !errors.Is(err, unix.EIO) {
		t.Fatalf("Flush: %v", err)
	}
	if err := r.Discard(0, 4096); !errors.Is(err, unix.EIO) {
		t.Fatalf("Discard: %v", err)
	}
	if _, err := r.WriteAt(fill(1, 1), 1<<30); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("WriteAt: %v", err)
	}
	want := append(fill(1, 512), make([]byte, 3584)...)
	wantContents(t, m, 0, want)
	wantContents(t, r.Prefix(r.Len()), 0, want)
	for _, op := range r.Ops() {
		if op.Kind == device.OpFlush {
			t.Error("a failed flush was recorded")
		}
	}
}

func TestPrefixIsTheStateAfterThatManyOperations(t *testing.T) {
	t.Parallel()
	contents := pattern(oddSize, 30)
	path := makeFile(t, contents)
	recorders := map[string]*device.Recorder{
		"memory":  device.NewRecorder(memoryWith(t, contents)),
		"file":    device.NewRecorder(open(t, path, device.Options{Write: true})),
		"overlay": device.NewRecorder(device.NewOverlay("overlay", memoryWith(t, contents))),
	}
	for name, r := range recorders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(3, 4))
			states := [][]byte{contents}
			early := r.Prefix(0)
			for len(states) < 40 {
				state := bytes.Clone(states[len(states)-1])
				off := random.IntN(oddSize)
				length := random.IntN(min(oddSize-off, 100<<10))
				switch random.IntN(4) {
				case 0:
					flush(t, r)
				case 1:
					if err := r.Discard(int64(off), int64(length)); err != nil {
						t.Fatal(err)
					}
					clear(state[off : off+length])
				default:
					p := pattern(length, byte(random.Uint32()))
					write(t, r, p, int64(off))
					copy(state[off:], p)
				}
				states = append(states, state)
			}
			wantContents(t, r, 0, states[len(states)-1])
			for _, n := range append(random.Perm(len(states)), 0, len(states)-1) {
				wantContents(t, r.Prefix(n), 0, states[n])
			}
			for n := range states {
				state := r.Prefix(n)
				write(t, state, fill(0xff, 1000), 0) // changes nobody else's
			}
			wantContents(t, r.Prefix(5), 0, states[5])
			// A state that was built before the device changed stays.
			wantContents(t, early, 0, contents)
		})
	}
}

func TestPrefixOutOfRangePanics(t *testing.T) {
	t.Parallel()
	r := device.NewRecorder(device.NewMemory("memory", 4096))
	write(t, r, fill(1, 1), 0)
	for _, n := range []int{-1, 2} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Prefix(%d) of 1 operation did not panic", n)
				}
			}()
			r.Prefix(n)
		}()
	}
}

// crashRecord has two durable writes and three pending operations.
func crashRecord(tb testing.TB) *device.Recorder {
	tb.Helper()
	r := device.NewRecorder(memoryWith(tb, fill(0xcc, 64<<10)))
	write(tb, r, fill(1, 4096), 0)      // 0
	write(tb, r, fill(2, 4096), 4096)   // 1
	flush(tb, r)                        // 2
	write(tb, r, fill(3, 8192), 0)      // 3
	write(tb, r, fill(4, 16384), 16384) // 4
	if err := r.Discard(32768, 4096); err != nil {
		tb.Fatal(err)
	} // 5
	return r
}

func TestPendingAreOperationsSinceLastFlush(t *testing.T) {
	t.Parallel()
	r := crashRecord(t)
	wants := [][]int{nil, {0}, {0, 1}, nil, {3}, {3, 4}, {3, 4, 5}}
	for at, want := range wants {
		if got := r.Pending(at); !slices.Equal(got, want) {
			t.Errorf("Pending(%d) = %v, want %v", at, got, want)
		}
	}
}

func TestReplayOfCrash(t *testing.T) {
	t.Parallel()
	r := crashRecord(t)
	// A state is written as one character a 4 KiB block: the byte that fills
	// it, or c for the original 0xcc, or a dot for a mixture.
	tests := []struct {
		crash device.Crash
		want  string
	}{
		{device.Crash{At: 0}, "cccccccccccccccc"},
		{device.Crash{At: 6}, "33cc444" + "40ccccccc"},
		{device.Crash{At: 2, Lost: []int{0}}, "c2cccccccccccccc"},
		{device.Crash{At: 2, Lost: []int{0, 1}}, "cccccccccccccccc"},
		{device.Crash{At: 3}, "12cccccccccccccc"},
		{device.Crash{At: 6, Lost: []int{3}}, "12cc444" + "40ccccccc"},
		{device.Crash{At: 6, Lost: []int{4}}, "33cccccc0ccccccc"},
		{device.Crash{At: 6, Lost: []int{5, 3, 4}}, "12cccccccccccccc"},
		{device.Crash{At: 5, Lost: []int{3}}, "12cc4444cccccccc"},
		{device.Crash{At: 5, Torn: []device.Tear{{Op: 4, Unit: 4096}}}, "33cccccccccccccc"},
		{device.Crash{At: 5, Torn: []device.Tear{{Op: 4, Unit: 4096, Kept: []int{0}}}}, "33cc4ccccccccccc"},
		{device.Crash{At: 5, Torn: []device.Tear{{Op: 4, Unit: 4096, Kept: []int{3, 1}}}}, "33ccc4c4cccccccc"},
		{device.Crash{At: 5, Torn: []device.Tear{{Op: 3, Unit: 4096, Kept: []int{1}}, {Op: 4, Unit: 8192, Kept: []int{1}}}}, "13cccc44cccccccc"},
		{device.Crash{At: 5, Lost: []int{4}, Torn: []device.Tear{{Op: 3, Unit: 512, Kept: []int{0, 1, 2, 3, 4, 5, 6, 7}}}}, "32cccccccccccccc"},
		{device.Crash{At: 5, Lost: []int{4}, Torn: []device.Tear{{Op: 3, Unit: 512, Kept: []int{7, 8}}}}, "..cccccccccccccc"},
	}
	for _, test := range tests {
		state, err := r.Replay(test.crash)
		if err != nil {
			t.Errorf("%+v: %v", test.crash, err)
			continue
		}
		if got := describeBlocks(t, state); got != test.want {
			t.Errorf("%+v: got %s, want %s", test.crash, got, test.want)
		}
	}
}

func describeBlocks(tb testing.TB, dev device.Device) string {
	tb.Helper()
	var text strings.Builder
	for off := int64(0); off < dev.Size(); off += 4096 {
		block := make([]byte, 4096)
		if _, err := dev.ReadAt(block, off); err != nil {
			tb.Fatal(err)
		}
		switch {
		case bytes.Count(block, block[:1]) != len(block):
			text.WriteByte('.')
		case block[0] == 0xcc:
			text.WriteByte('c')
		default:
			fmt.Fprint(&text, block[0])
		}
	}
	return text.String()
}

// Units are places on the device, not in the write: sectors do not move.
func TestTearOfUnalignedWrite(t *testing.T) {
	t.Parallel()
	r := device.NewRecorder(memoryWith(t, fill(0xcc, 4096)))
	write(t, r, fill(1, 1000), 400)
	op := r.Ops()[0]
	tear := device.Tear{Unit: 512, Kept: []int{0, 2}}
	if units := tear.Units(op); units != 3 {
		t.Fatalf("Units() = %d, want 3", units)
	}
	state, err := r.Replay(device.Crash{At: 1, Torn: []device.Tear{tear}})
	if err != nil {
		t.Fatal(err)
	}
	want := fill(0xcc, 4096)
	copy(want[400:512], fill(1, 112))
	copy(want[1024:1400], fill(1, 376))
	wantContents(t, state, 0, want)
}

func TestReplayRefusesImpossibleCrash(t *testing.T) {
	t.Parallel()
	r := crashRecord(t)
	for name, crash := range map[string]device.Crash{
		"before the first operation": {At: -1},
		"after the last operation":   {At: 7},
		"loss of a durable write":    {At: 6, Lost: []int{1}},
		"loss of a flush":            {At: 6, Lost: []int{2}},
		"loss of a later write":      {At: 4, Lost: []int{4}},
		"negative loss":              {At: 2, Lost: []int{-1}},
		"lost twice":                 {At: 6, Lost: []int{3, 3}},
		"lost and torn":              {At: 6, Lost: []int{3}, Torn: []device.Tear{{Op: 3, Unit: 512}}},
		"torn durable write":         {At: 6, Torn: []device.Tear{{Op: 0, Unit: 512}}},
		"torn beyond the record":     {At: 6, Torn: []device.Tear{{Op: 99, Unit: 512}}},
		"torn discard":               {At: 6, Torn: []device.Tear{{Op: 5, Unit: 512}}},
		"no unit":                    {At: 6, Torn: []device.Tear{{Op: 3}}},
		"unit beyond the write":      {At: 6, Torn: []device.Tear{{Op: 3, Unit: 4096, Kept: []int{2}}}},
		"negative part":              {At: 6, Torn: []device.Tear{{Op: 3, Unit: 4096, Kept: []int{-1}}}},
	} {
		if _, err := r.Replay(crash); err == nil {
			t.Errorf("%s: replayed", name)
		}
	}
}

func TestRecorderWithConcurrentWriters(t *testing.T) {
	t.Parallel()
	const workers, rounds = 6, 30
	dev := open(t, makeFile(t, make([]byte, 1<<20)), device.Options{Write: true})
	r := device.NewRecorder(dev)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 5))
			for round := range rounds {
				off := int64(random.IntN(1<<20 - 5000))
				if _, err := r.WriteAt(fill(byte(worker*rounds+round), 5000), off); err != nil {
					t.Error(err)
				}
				if _, err := r.ReadAt(make([]byte, 5000), off); err != nil {
					t.Error(err)
				}
				if round%10 == 0 {
					if err := r.Flush(); err != nil {
						t.Error(err)
					}
					r.Prefix(r.Len() / 2)
				}
			}
		})
	}
	group.Wait()
	got := make([]byte, 1<<20)
	if _, err := dev.ReadAt(got, 0); err != nil {
		t.Fatal(err)
	}
	wantContents(t, r.Prefix(r.Len()), 0, got)
	wantContents(t, r.Prefix(0), 0, make([]byte, 1<<20))
}

func TestPairRecorderStopsBothDevicesAtOnce(t *testing.T) {
	t.Parallel()
	r := device.NewPairRecorder(device.Pair{Meta: device.NewMemory("meta", 4096), Data: device.NewMemory("data", 4096)})
	pair := r.Pair()
	write(t, pair.Data, []byte{1}, 0) // 0
	flush(t, pair.Data)               // 1
	write(t, pair.Meta, []byte{1}, 0) // 2
	flush(t, pair.Meta)               // 3
	write(t, pair.Data, []byte{2}, 0) // 4
	write(t, pair.Meta, []byte{2}, 0) // 5
	if r.Len() != 6 {
		t.Fatalf("Len() = %d, want 6", r.Len())
	}
	wants := []struct {
		meta, data       int // operations
		metaByte, dataBy byte
	}{
		{0, 0, 0, 0}, {0, 1, 0, 1}, {0, 2, 0, 1}, {1, 2, 1, 1}, {2, 2, 1, 1}, {2, 3, 1, 2}, {3, 3, 2, 2},
	}
	for n, want := range wants {
		if meta, data := r.Cut(n); meta != want.meta || data != want.data {
			t.Errorf("Cut(%d) = %d, %d; want %d, %d", n, meta, data, want.meta, want.data)
		}
		state := r.Prefix(n)
		wantContents(t, state.Meta, 0, []byte{want.metaByte})
		wantContents(t, state.Data, 0, []byte{want.dataBy})
	}
}
