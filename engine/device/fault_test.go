// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"errors"
	"io/fs"
	"testing"

	"golang.org/x/sys/unix"

	"scoutfs/engine/device"
)

func TestFaultsFailTheRequestsTheyDescribe(t *testing.T) {
	t.Parallel()
	// Each step is a request on a device of 1 MiB and the error it must have.
	type step struct {
		op     device.OpKind
		off    int64
		length int
		err    error
	}
	const r, w, f, d = device.OpRead, device.OpWrite, device.OpFlush, device.OpDiscard
	tests := []struct {
		name   string
		faults []device.Fault
		steps  []step
	}{
		{"zero value fails every read", []device.Fault{{}}, []step{
			{r, 0, 1, unix.EIO}, {w, 0, 1, nil}, {f, 0, 0, nil}, {d, 0, 1, nil}, {r, 9999, 1, unix.EIO},
		}},
		{"third write", []device.Fault{{Op: w, After: 2, Count: 1, Err: unix.ENOSPC}}, []step{
			{w, 0, 1, nil}, {r, 0, 1, nil}, {w, 0, 1, nil}, {w, 0, 1, unix.ENOSPC}, {w, 0, 1, nil},
		}},
		{"all from the second flush", []device.Fault{{Op: f, After: 1}}, []step{
			{f, 0, 0, nil}, {f, 0, 0, unix.EIO}, {w, 0, 1, nil}, {f, 0, 0, unix.EIO},
		}},
		{"range", []device.Fault{{Op: r, Off: 4096, Len: 4096}}, []step{
			{r, 0, 4096, nil}, {r, 0, 4097, unix.EIO}, {r, 8191, 1, unix.EIO}, {r, 8192, 1, nil}, {r, 0, 1 << 20, unix.EIO}, {w, 4096, 1, nil},
		}},
		{"range counts only requests that touch it", []device.Fault{{Op: w, Off: 4096, Len: 1, After: 1, Count: 1}}, []step{
			{w, 0, 1, nil}, {w, 4096, 1, nil}, {w, 0, 1, nil}, {w, 4000, 200, unix.EIO}, {w, 4096, 1, nil},
		}},
		{"discard", []device.Fault{{Op: d, Count: 1, Err: errors.ErrUnsupported}}, []step{
			{d, 0, 1, errors.ErrUnsupported}, {d, 0, 1, nil},
		}},
		{"first of several decides", []device.Fault{{Op: r, Count: 1, Err: unix.ENOMEM}, {Op: r, Count: 2, Err: unix.EIO}}, []step{
			{r, 0, 1, unix.ENOMEM}, {r, 0, 1, unix.EIO}, {r, 0, 1, nil},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dev := device.NewFaulty(device.NewMemory("memory", 1<<20), test.faults...)
			failures := 0
			for i, s := range test.steps {
				var err error
				switch s.op {
				case device.OpRead:
					_, err = dev.ReadAt(make([]byte, s.length), s.off)
				case device.OpWrite:
					_, err = dev.WriteAt(make([]byte, s.length), s.off)
				case device.OpFlush:
					err = dev.Flush()
				case device.OpDiscard:
					err = dev.Discard(s.off, int64(s.length))
				}
				if !errors.Is(err, s.err) {
					t.Errorf("step %d: %s: %v, want %v", i, s.op, err, s.err)
				}
				var failure *device.Error
				if err != nil {
					failures++
					if !errors.As(err, &failure) || failure.Op != s.op || failure.Off != s.off || failure.Len != int64(s.length) {
						t.Errorf("step %d: error is %#v", i, err)
					}
				}
			}
			if dev.Failed() != failures {
				t.Errorf("Failed() = %d, want %d", dev.Failed(), failures)
			}
		})
	}
}

func TestFailedRequestChangesNothingButWhatItReports(t *testing.T) {
	t.Parallel()
	m := device.NewMemory("memory", 8192)
	dev := device.NewFaulty(m, device.Fault{Op: device.OpWrite, Count: 1}, device.Fault{Op: device.OpWrite, After: 1, Count: 1, Done: 600},
		device.Fault{Op: device.OpRead, Count: 1, Done: 1 << 20})
	if n, err := dev.WriteAt(fill(1, 4096), 0); n != 0 || err == nil {
		t.Errorf("WriteAt = %d, %v", n, err)
	}
	wantContents(t, m, 0, make([]byte, 8192))
	if n, err := dev.WriteAt(fill(1, 4096), 0); n != 600 || err == nil {
		t.Errorf("WriteAt = %d, %v", n, err)
	}
	wantContents(t, m, 0, append(fill(1, 600), make([]byte, 3496)...))
	if n, err := dev.ReadAt(make([]byte, 100), 0); n != 99 || err == nil {
		t.Errorf("ReadAt = %d, %v", n, err)
	}
}

func TestFaultsCanBeArmedAndCleared(t *testing.T) {
	t.Parallel()
	dev := device.NewFaulty(device.NewMemory("memory", 8192))
	flush(t, dev)
	dev.Add(device.Fault{Op: device.OpFlush, Err: fs.ErrClosed})
	if err := dev.Flush(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Flush: %v", err)
	}
	dev.Clear()
	flush(t, dev)
}
