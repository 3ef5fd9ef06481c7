// SPDX-License-Identifier: GPL-2.0-or-later

package convert_test

import (
	"errors"
	"testing"

	"scoutfs/convert"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/internal/testcheck"
	"scoutfs/internal/testimage"
)

// Volumes that upstream's kernel module left: whether they may be changed,
// and whether they may have a new data device.
func TestKernelVolumes(t *testing.T) {
	t.Parallel()
	inUse := func(err error) bool { return errors.As(err, new(*convert.InUseError)) }
	dataUsed := func(err error) bool { return errors.As(err, new(*convert.DataUsedError)) }
	fine := func(err error) bool { return err == nil }
	for name, want := range map[string]struct{ change, newData func(error) bool }{
		"empty-v1":   {fine, fine},
		"empty-v2":   {fine, fine},
		"basic":      {fine, dataUsed},
		"basic-v1":   {fine, dataUsed},
		"two-mounts": {fine, dataUsed},
		"dirty":      {inUse, inUse},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			meta := overlay(t, testimage.Get(t, name).Meta)
			if _, err := convert.CheckEmptyData(t.Context(), device.Pair{Meta: meta}, false); !want.newData(err) {
				t.Errorf("new data device: %v", err)
			}
			_, err := convert.ChangeQuorumConfig(t.Context(), meta, slots(map[int]string{0: "10.0.0.1:1"}))
			if !want.change(err) {
				t.Errorf("change slots: %v", err)
			}
		})
	}
}

func TestKernelVolumeIsUpgraded(t *testing.T) {
	t.Parallel()
	img := testimage.Get(t, "empty-v1")
	pair := device.Pair{Meta: overlay(t, img.Meta), Data: overlay(t, img.Data)}
	for _, want := range []uint64{1, 2} { // the second time there is nothing to do
		got, err := convert.ChangeFormatVersion(t.Context(), pair, format.MaxVersion)
		if err != nil || got.FromMeta != want || got.FromData != want {
			t.Errorf("%+v, error %v", got, err)
		}
	}
	testcheck.Clean(t, pair)
}

func overlay(t *testing.T, path string) device.Device {
	t.Helper()
	dev, err := device.Open(path, device.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	return device.NewOverlay(path, dev)
}
