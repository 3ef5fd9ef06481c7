// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt_test

import (
	"testing"

	"scoutfs/debug/corrupt"
	"scoutfs/debug/surgery"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testtree"
)

// Kinds are for sound volumes, but must end without a panic on any.
func FuzzDamageOfDamaged(f *testing.F) {
	sample := testtree.Sample(f).Memory()
	kinds := corrupt.Kinds()
	used := writtenBlocks(f, sample.Meta)
	for i := range kinds {
		f.Add(uint16(i), uint64(i), uint16(i*7), uint16(40+i*11), uint64(i)<<56|uint64(i))
	}
	f.Fuzz(func(t *testing.T, kind uint16, seed uint64, block, off uint16, bytes uint64) {
		pair := device.Pair{Meta: device.NewOverlay("meta", sample.Meta), Data: device.NewOverlay("data", sample.Data)}
		at := used[int(block)%len(used)]*format.LargeBlockSize + int64(off)
		var u format.U64
		u.Set(bytes)
		if _, err := pair.Meta.WriteAt(u[:min(8, format.LargeBlockSize-int(off))], at); err != nil {
			t.Fatal(err)
		}
		v := surgery.Open(pair)
		if err := kinds[int(kind)%len(kinds)].Apply(t.Context(), v, seed); err != nil {
			return
		}
		if err := v.Write(); err != nil {
			t.Fatal(err)
		}
	})
}

// writtenBlocks returns the numbers of the large blocks that are not zero.
func writtenBlocks(f *testing.F, dev device.Device) []int64 {
	f.Helper()
	var used []int64
	block, zero := make([]byte, format.LargeBlockSize), make([]byte, format.LargeBlockSize)
	for n := range dev.Size() / format.LargeBlockSize {
		if _, err := dev.ReadAt(block, n*format.LargeBlockSize); err != nil {
			f.Fatal(err)
		}
		if string(block) != string(zero) {
			used = append(used, n)
		}
	}
	return used
}
