// SPDX-License-Identifier: GPL-2.0-or-later

package convert_test

import (
	"testing"

	"scoutfs/convert"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// FuzzSuper changes one super block and one quorum block of a volume in any
// way, with right and wrong checksums, and runs every job. A job that fails
// has written nothing; one that succeeds leaves supers that verify.
func FuzzSuper(f *testing.F) {
	pair := newVolume(f, 1)
	super := superBlock(f, pair.Meta)
	f.Add(super[:format.SuperUsedBytes], []byte{}, true, false)
	f.Add([]byte{}, []byte{1, 2, 3}, false, true)
	f.Add(super[:40], make([]byte, 80), true, true)
	f.Fuzz(func(t *testing.T, superBytes, quorumBytes []byte, seal, onData bool) {
		volume := newVolume(t, 1)
		target := volume.Meta
		if onData {
			target = volume.Data
		}
		overwrite(t, target, superOffset, superBytes, seal)
		overwrite(t, volume.Meta, format.QuorumBlkno<<format.SmallBlockShift, quorumBytes, seal)

		for _, job := range []struct {
			name string
			run  func(device.Pair) error
		}{
			{"version", func(p device.Pair) error {
				_, err := convert.ChangeFormatVersion(t.Context(), p, 2)
				return err
			}},
			{"quorum", func(p device.Pair) error {
				_, err := convert.ChangeQuorumConfig(t.Context(), p.Meta, slots(map[int]string{1: "10.0.0.1:1"}))
				return err
			}},
			{"data", func(p device.Pair) error {
				_, err := convert.PrepareEmptyData(t.Context(), p, false)
				return err
			}},
		} {
			rec := device.NewPairRecorder(volume)
			err := job.run(rec.Pair())
			switch {
			case err != nil && rec.Len() > 0:
				t.Fatalf("%s: %d operations, then %v", job.name, rec.Len(), err)
			case err == nil && superOf(t, rec.Meta) == nil:
				t.Fatalf("%s: the meta super does not verify", job.name)
			case err == nil && job.name != "quorum" && superOf(t, rec.Data) == nil:
				t.Fatalf("%s: the data super does not verify", job.name)
			}
		}
	})
}

func overwrite(t *testing.T, dev device.Device, off int64, b []byte, seal bool) {
	t.Helper()
	block := make([]byte, format.SmallBlockSize)
	if _, err := dev.ReadAt(block, off); err != nil {
		t.Fatal(err)
	}
	copy(block, b)
	if seal {
		format.Seal(block)
	}
	write(t, dev, block, off)
}
