// SPDX-License-Identifier: GPL-2.0-or-later

package fs_test

import (
	"errors"
	"syscall"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

// TestFailingDataDevice lets the data device fail under everything that writes
// data. Nothing changes then, and no block is lost.
func TestFailingDataDevice(t *testing.T) {
	t.Parallel()
	operations := map[string]func(v *dataTree) error{
		"append": func(v *dataTree) error {
			_, err := v.Write(v.ctx, fs.ReadWrite(v.file), make([]byte, 9*blockSize), dataSize)
			return err
		},
		"copy": func(v *dataTree) error {
			_, err := v.WriteFrom(v.ctx, fs.ReadWrite(v.empty), 0, 5<<20, zeros{})
			return err
		},
		"copy over data": func(v *dataTree) error {
			_, err := v.WriteFrom(v.ctx, fs.ReadWrite(v.file), 0, 5<<20, zeros{})
			return err
		},
		"stage": func(v *dataTree) error {
			_, err := v.Stage(v.ctx, fs.ReadWrite(v.offline), dataVersion, pattern(dataSize), 0)
			return err
		},
		"stage from a reader": func(v *dataTree) error {
			return v.StageFrom(v.ctx, fs.ReadWrite(v.offline), dataVersion, fs.ByteRange{Length: dataSize}, zeros{}, nil)
		},
		"truncate": func(v *dataTree) error { return v.Truncate(v.ctx, rootCaller(), v.file, 5) },
		"new files": func(v *dataTree) error {
			_, err := v.CreateFiles(v.ctx, rootCaller(), []fs.NewFile{
				{Dir: 1, Name: "a", Data: pattern(10)}, {Dir: 1, Name: "b", Data: pattern(3 << 20)},
			})
			return err
		},
	}
	for name, do := range operations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newDataTree(t)
			failing := device.NewFaulty(v.volume.Pair.Data)
			v.Writer = fs.NewWriter(v.volume.Log, failing, v.opts)
			before := v.items(format.AllKeys())
			failing.Add(device.Fault{Op: device.OpWrite})
			is(t, do(v), syscall.EIO)
			if failing.Failed() == 0 || !sameItems(before, v.items(format.AllKeys())) {
				t.Errorf("%d requests failed, and items may have changed", failing.Failed())
			}
			failing.Clear()
			is(t, do(v), 0)
			v.check()
		})
	}
}

// TestNoDataDevice asks a Writer without a data device for data.
func TestNoDataDevice(t *testing.T) {
	t.Parallel()
	v := newDataTree(t)
	v.Writer = fs.NewWriter(v.volume.Log, nil, v.opts)
	_, err := v.Write(v.ctx, fs.ReadWrite(v.empty), []byte("x"), 0)
	isNoDataDevice(t, err)
	_, err = v.WriteFrom(v.ctx, fs.ReadWrite(v.empty), 0, 1, zeros{})
	isNoDataDevice(t, err)
	_, err = v.CreateFiles(v.ctx, rootCaller(), []fs.NewFile{{Dir: 1, Name: "x", Data: []byte("x")}})
	isNoDataDevice(t, err)
	_, err = v.ReadAt(v.ctx, v.file, make([]byte, 1), 0)
	isNoDataDevice(t, err)
	isNoDataDevice(t, v.Truncate(v.ctx, rootCaller(), v.file, 1))
	v.must(v.Truncate(v.ctx, rootCaller(), v.file, 0)) // takes no data
	v.check()
}

func isNoDataDevice(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, fs.ErrNoDataDevice) {
		t.Errorf("error is %v, want %v", err, fs.ErrNoDataDevice)
	}
}
