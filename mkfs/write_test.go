// SPDX-License-Identifier: GPL-2.0-or-later

package mkfs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testcheck"
	"scoutfs/mkfs"
)

const (
	superOffset  = format.SuperBlkno << format.SmallBlockShift
	testMetaSize = 1040 << format.LargeBlockShift
	testDataSize = 128 << format.SmallBlockShift
)

// oldVolume is a pair with a volume of another identity, and with bytes in
// every place that a new one could overwrite, so that any change shows.
func oldVolume(t *testing.T) device.Pair {
	t.Helper()
	pair := memoryPair(testMetaSize, testDataSize)
	for _, dev := range []device.Device{pair.Meta, pair.Data} {
		if _, err := dev.WriteAt(bytes.Repeat([]byte("previous"), int(dev.Size()/8)), 0); err != nil {
			t.Fatal(err)
		}
	}
	opts := goldenOptions()
	opts.FSID = 0xdeadbeef
	opts.FormatVersion = 1
	makeVolume(t, pair, opts)
	return pair
}

func contents(t *testing.T, dev device.Device) []byte {
	t.Helper()
	all := make([]byte, dev.Size())
	if _, err := dev.ReadAt(all, 0); err != nil {
		t.Fatal(err)
	}
	return all
}

// superFSID returns the volume whose super a device carries, 0 for none.
func superFSID(t *testing.T, dev device.Device) uint64 {
	t.Helper()
	block := readBlock(t, dev, format.SuperBlkno, format.SmallBlockSize)
	if format.VerifyBlock(block, format.Want{Magic: format.MagicSuper, Blkno: format.SuperBlkno, AnySeq: true}) != nil {
		return 0
	}
	hdr, err := format.View[format.BlockHeader](block)
	if err != nil {
		t.Fatal(err)
	}
	return hdr.FSID.Get()
}

// volumes is what an interrupted run may leave.
type volumes struct {
	old, made          device.Pair
	oldBytes, newBytes []byte // touched parts
}

func newVolumes(t *testing.T, old, made device.Pair) *volumes {
	t.Helper()
	return &volumes{old, made, touched(t, old), touched(t, made)}
}

// touched returns the parts of a pair that mkfs may write, and some around
// them. TestNothingElseIsWritten looks at the rest.
func touched(t *testing.T, pair device.Pair) []byte {
	t.Helper()
	parts := contents(t, pair.Data)
	for _, large := range []struct{ blkno, count int64 }{{0, 5}, {1027, 5}} {
		part := make([]byte, large.count<<format.LargeBlockShift)
		if _, err := pair.Meta.ReadAt(part, large.blkno<<format.LargeBlockShift); err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part...)
	}
	return parts
}

// check holds a state against the promise of the package comment, and says
// which volume is there.
func (v *volumes) check(t *testing.T, state string, pair device.Pair) uint64 {
	t.Helper()
	fsid := superFSID(t, pair.Meta)
	switch fsid {
	case 0:
	case superFSID(t, v.old.Meta):
		if !bytes.Equal(touched(t, pair), v.oldBytes) {
			t.Fatalf("%s: the old super is there, but not all of the old volume", state)
		}
	case superFSID(t, v.made.Meta):
		if !bytes.Equal(touched(t, pair), v.newBytes) {
			t.Fatalf("%s: the new super is there, but not all of the new volume", state)
		}
	default:
		t.Fatalf("%s: a super with fsid %x", state, fsid)
	}
	return fsid
}

func TestInterruptedAfterAnyWrite(t *testing.T) {
	t.Parallel()
	for _, discard := range []bool{false, true} {
		t.Run(fmt.Sprintf("discard %v", discard), func(t *testing.T) {
			t.Parallel()
			rec, v := recordedRun(t, discard)
			seen := map[uint64]int{}
			for n := range rec.Len() + 1 {
				state := fmt.Sprintf("after %d of %d operations", n, rec.Len())
				pair := rec.Prefix(n)
				seen[v.check(t, state, pair)]++

				// Running it again is all the repair there is.
				if err := plan(t).Write(t.Context(), pair, mkfs.WriteOptions{Discard: discard}); err != nil {
					t.Fatal(err)
				}
				if fsid := v.check(t, state+" and another run", pair); fsid != goldenOptions().FSID {
					t.Fatalf("%s: another run left fsid %x", state, fsid)
				}
				testcheck.Clean(t, pair)
			}
			if len(seen) != 3 {
				t.Errorf("states by fsid: %v, want the old volume, none, and the new one", seen)
			}
		})
	}
}

// A power failure can also lose or tear any write that was not flushed.
func TestPowerFailureAnywhere(t *testing.T) {
	t.Parallel()
	rec, v := recordedRun(t, false)
	for n := range rec.Len() + 1 {
		meta, data := rec.Cut(n)
		for metaCrash := range crashes(rec.Meta, meta) {
			for dataCrash := range crashes(rec.Data, data) {
				state := fmt.Sprintf("meta %+v data %+v", metaCrash, dataCrash)
				v.check(t, state, replayPair(t, rec, metaCrash, dataCrash))
			}
		}
	}
}

func replayPair(t *testing.T, rec *device.PairRecorder, meta, data device.Crash) device.Pair {
	t.Helper()
	metaState, err := rec.Meta.Replay(meta)
	if err != nil {
		t.Fatal(err)
	}
	dataState, err := rec.Data.Replay(data)
	if err != nil {
		t.Fatal(err)
	}
	return device.Pair{Meta: metaState, Data: dataState}
}

// crashes yields power failures after at operations: with every subset of the
// pending writes lost, and with every single one torn between two sectors.
func crashes(rec *device.Recorder, at int) func(func(device.Crash) bool) {
	return func(yield func(device.Crash) bool) {
		pending := rec.Pending(at)
		for subset := range 1 << len(pending) {
			crash := device.Crash{At: at}
			for i, op := range pending {
				if subset&(1<<i) != 0 {
					crash.Lost = append(crash.Lost, op)
				}
			}
			if !yield(crash) {
				return
			}
		}
		for _, op := range pending {
			tear := device.Tear{Op: op, Unit: 512}
			for unit := range min(tear.Units(rec.Ops()[op]), 8) {
				tear.Kept = append(tear.Kept, unit)
				if !yield(device.Crash{At: at, Torn: []device.Tear{tear}}) {
					return
				}
			}
		}
	}
}

func plan(t *testing.T) *mkfs.Plan {
	t.Helper()
	p, err := mkfs.NewPlan(goldenOptions(), testMetaSize, testDataSize)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func recordedRun(t *testing.T, discard bool) (*device.PairRecorder, *volumes) {
	t.Helper()
	rec := device.NewPairRecorder(oldVolume(t))
	if err := plan(t).Write(t.Context(), rec.Pair(), mkfs.WriteOptions{Discard: discard}); err != nil {
		t.Fatal(err)
	}
	if n := len(rec.Meta.Pending(rec.Meta.Len())) + len(rec.Data.Pending(rec.Data.Len())); n != 0 {
		t.Fatalf("%d writes were not flushed at the end", n)
	}
	return rec, newVolumes(t, rec.Prefix(0), rec.Prefix(rec.Len()))
}

// A device that fails anywhere ends the run with its error, and the promise
// holds all the same.
func TestFailingDevice(t *testing.T) {
	t.Parallel()
	rec, v := recordedRun(t, false)
	for _, op := range []device.OpKind{device.OpRead, device.OpWrite, device.OpFlush} {
		for _, onData := range []bool{false, true} {
			for after := 0; ; after++ {
				pair := rec.Prefix(0)
				faulty := device.NewFaulty(pair.Meta, device.Fault{Op: op, After: after})
				failing := device.Pair{Meta: faulty, Data: pair.Data}
				if onData {
					faulty = device.NewFaulty(pair.Data, device.Fault{Op: op, After: after})
					failing = device.Pair{Meta: pair.Meta, Data: faulty}
				}
				state := fmt.Sprintf("%s %d of data device %v fails", op, after, onData)
				err := plan(t).Write(t.Context(), failing, mkfs.WriteOptions{})
				if faulty.Failed() == 0 {
					if err != nil || after == 0 {
						t.Fatalf("%s: nothing failed, error %v", state, err)
					}
					break
				}
				if !errors.Is(err, syscall.EIO) {
					t.Fatalf("%s: error %v", state, err)
				}
				fsid := v.check(t, state, pair)
				if op == device.OpRead && fsid != 0xdeadbeef {
					t.Fatalf("%s: the old volume is gone", state)
				}
			}
		}
	}
}

func TestCancelledBeforeTheFirstWrite(t *testing.T) {
	t.Parallel()
	rec := device.NewPairRecorder(oldVolume(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := plan(t).Write(ctx, rec.Pair(), mkfs.WriteOptions{Discard: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if rec.Len() != 0 {
		t.Errorf("%d operations", rec.Len())
	}
}

// Only the blocks of the volume change.
func TestNothingElseIsWritten(t *testing.T) {
	t.Parallel()
	_, v := recordedRun(t, false)
	for _, dev := range []struct {
		name      string
		old, made device.Device
		written   map[int64]int64 // 4 KiB blocks and how many from there
	}{
		{"meta", v.old.Meta, v.made.Meta, map[int64]int64{16: 16, 2 * 16: 32, 1028 * 16: 48}},
		{"data", v.old.Data, v.made.Data, map[int64]int64{16: 1}},
	} {
		old, made := contents(t, dev.old), contents(t, dev.made)
		ours := map[int64]bool{}
		for first, count := range dev.written {
			for i := range count {
				ours[first+i] = true
			}
		}
		for blkno := range dev.old.Size() / format.SmallBlockSize {
			off := blkno * format.SmallBlockSize
			same := bytes.Equal(old[off:off+format.SmallBlockSize], made[off:off+format.SmallBlockSize])
			if !same && !ours[blkno] {
				t.Errorf("%s: 4 KiB block %d was changed", dev.name, blkno)
			}
		}
	}
}

func TestDiscardIsOfTheVolumeOnly(t *testing.T) {
	t.Parallel()
	pair := oldVolume(t)
	opts := goldenOptions()
	opts.MaxMetaSize = testMetaSize - format.LargeBlockSize
	opts.MaxDataSize = testDataSize - format.SmallBlockSize
	p, err := mkfs.NewPlan(opts, testMetaSize, testDataSize)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.Context(), pair, mkfs.WriteOptions{Discard: true}); err != nil {
		t.Fatal(err)
	}
	meta, data := contents(t, pair.Meta), contents(t, pair.Data)
	for _, kept := range []struct {
		name  string
		bytes []byte
	}{
		{"boot area of meta", meta[:superOffset]},
		{"boot area of data", data[:superOffset]},
		{"end of meta", meta[opts.MaxMetaSize:]},
		{"end of data", data[opts.MaxDataSize:]},
	} {
		if !bytes.Equal(kept.bytes, bytes.Repeat([]byte("previous"), len(kept.bytes)/8)) {
			t.Errorf("%s was touched", kept.name)
		}
	}
	// In memory, what is discarded reads as zeros.
	for _, gone := range []struct {
		name  string
		bytes []byte
	}{
		{"free metadata", meta[firstFree<<format.LargeBlockShift : opts.MaxMetaSize]},
		{"file data", data[superOffset+format.SmallBlockSize : opts.MaxDataSize]},
	} {
		if len(bytes.Trim(gone.bytes, "\x00")) != 0 {
			t.Errorf("%s was not discarded", gone.name)
		}
	}
	if superFSID(t, pair.Meta) != opts.FSID || superFSID(t, pair.Data) != opts.FSID {
		t.Error("no volume was made")
	}
}

const firstFree = 1031

// A device that cannot discard is none of mkfs's problems.
func TestDiscardIsOptional(t *testing.T) {
	t.Parallel()
	pair := oldVolume(t)
	unable := device.NewFaulty(pair.Meta, device.Fault{Op: device.OpDiscard, Err: errors.ErrUnsupported})
	err := plan(t).Write(t.Context(), device.Pair{Meta: unable, Data: pair.Data}, mkfs.WriteOptions{Discard: true})
	if err != nil || unable.Failed() == 0 {
		t.Fatalf("error %v, %d discards", err, unable.Failed())
	}
	if superFSID(t, pair.Meta) != goldenOptions().FSID {
		t.Error("no volume was made")
	}
	broken := device.NewFaulty(pair.Data, device.Fault{Op: device.OpDiscard})
	err = plan(t).Write(t.Context(), device.Pair{Meta: pair.Meta, Data: broken}, mkfs.WriteOptions{Discard: true})
	if !errors.Is(err, syscall.EIO) {
		t.Errorf("a failed discard gave %v", err)
	}
}

func BenchmarkMakeVolume(b *testing.B) {
	for _, size := range []int64{64 << 30, 10 << 40} {
		b.Run(fmt.Sprintf("%dGiB", size>>30), func(b *testing.B) {
			dir := b.TempDir()
			meta, data := dir+"/meta", dir+"/data"
			for _, path := range []string{meta, data} {
				if err := device.CreateSparse(path, size, 0o600); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				pair, err := device.OpenPair(meta, data, device.Options{Write: true})
				if err != nil {
					b.Fatal(err)
				}
				makeVolume(b, pair, goldenOptions())
				if err := pair.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
