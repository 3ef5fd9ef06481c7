// SPDX-License-Identifier: GPL-2.0-or-later

package engine_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"scoutfs/engine"
	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/server"
	"scoutfs/internal/testimage"
	"scoutfs/internal/testimage/manifest"
)

// A volume that was recovered and merged answers as it did before: everything
// that the kernel module told of it.
func TestAnswersOfMergedVolumesAreThoseOfTheKernel(t *testing.T) {
	t.Parallel()
	for _, image := range []string{"dirty", "partmerge", "archive", "two-mounts"} {
		t.Run(image, func(t *testing.T) {
			t.Parallel()
			img := testimage.Get(t, image)
			base, err := device.OpenPair(img.Meta, img.Data, device.Options{Shared: true})
			if err != nil {
				t.Fatal(err)
			}
			pair := device.Pair{Meta: device.NewOverlay("meta", base.Meta), Data: device.NewOverlay("data", base.Data)}
			mergeVolume(t, pair)
			v, err := engine.OpenDevices(t.Context(), pair, engine.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				closeVolume(t, v)
				if err := base.Close(); err != nil {
					t.Error(err)
				}
			})
			m := manifest.Read(t, img.Manifest)
			checkVolume(t, v.Target(), m, 10)
			checkFiles(t, v.Target(), m)
		})
	}
}

// mergeVolume recovers a volume if that is necessary, merges its logs and
// compacts its search files.
func mergeVolume(t *testing.T, pair device.Pair) {
	t.Helper()
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		t.Fatal(err)
	}
	blocks := block.NewReader(pair.Meta, block.Options{FSID: super.Hdr.FSID.Get(), TotalBlocks: super.TotalMetaBlocks.Get()})
	_, err = server.Recover(t.Context(), pair, blocks, server.RecoverOptions{
		Watch:   -1,
		Answers: func(context.Context, netip.AddrPort) bool { return false },
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.Open(t.Context(), pair, blocks, server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Merge(t.Context(), nil), s.CompactSrch(t.Context(), nil), s.Close()); err != nil {
		t.Fatal(err)
	}
}
